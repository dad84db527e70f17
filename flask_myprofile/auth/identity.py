"""What this request has learned of its user's identity at an identity provider, before or after ``login_user()``."""

from __future__ import annotations

from collections.abc import Callable

from flask import request

from ..account.sign_in_data import SsoIdentity

_KEY = "flask_myprofile.identity"
_LISTENERS = _KEY + ".listeners"


def record_identity(identity: SsoIdentity) -> None:
    """Keep it for the sign-in of this request, and tell whoever waits for it."""
    request.environ[_KEY] = identity
    for listener in request.environ.get(_LISTENERS, ()):
        listener(identity)


def recorded_identity() -> SsoIdentity | None:
    """The identity, if one was recorded so far."""
    identity: SsoIdentity | None = request.environ.get(_KEY)
    return identity


def when_recorded(listener: Callable[[SsoIdentity], None]) -> None:
    """Be told of an identity that is recorded only after ``login_user()``."""
    request.environ.setdefault(_LISTENERS, []).append(listener)
