"""What this request has learned of its user's identity at an identity provider, before or after ``login_user()``."""

from __future__ import annotations

from collections.abc import Callable

from flask import request

from ..account.sign_in_data import SsoIdentity

_KEY = "flask_myprofile.identity"
_WHOSE = _KEY + ".whose"
_LISTENER = _KEY + ".listener"


def record_identity(identity: SsoIdentity) -> None:
    """Keep it for the sign-in of this request, and tell whoever has signed in last."""
    request.environ[_KEY] = identity
    request.environ.pop(_WHOSE, None)
    if (listener := request.environ.get(_LISTENER)) is not None:
        listener(identity)


def take_identity(user_key: str) -> bool:
    """Whether what is recorded is the identity of this user, who signs in: it is that of whoever does so first. Who
    signs in after them in the same request, such as the one whom a supporter looks after, is somebody else."""
    return bool(request.environ.setdefault(_WHOSE, user_key) == user_key)


def recorded_identity() -> SsoIdentity | None:
    """The identity, if one was recorded so far."""
    identity: SsoIdentity | None = request.environ.get(_KEY)
    return identity


def when_recorded(listener: Callable[[SsoIdentity], None]) -> None:
    """Be told of an identity that is recorded only after ``login_user()``."""
    request.environ[_LISTENER] = listener
