"""Single Sign-On: who signed in by it. Authlib is recognised by itself; :func:`record_sso` is for everything else."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import current_app, has_request_context, request

from .errors import SetupError

_KEY = "flask_myprofile.identity"
_WRAPPED = "_flask_myprofile_sees_sign_ins"
_CLIENT = "authlib.integrations.flask_client"


class Identity(NamedTuple):
    """Who the identity provider says this is. Named by issuer and subject, never by an e-mail address."""

    method: str = "sso"
    provider: str | None = None
    issuer: str | None = None
    subject: str | None = None
    idp_session: str | None = None


def record_sso(
    provider: str,
    method: str = "sso",
    *,
    subject: object = None,
    issuer: str | None = None,
    session_id: str | None = None,
) -> None:
    """Say that this request's sign-in is Single Sign-On. Call it before or after ``login_user()``.

    For SAML, LDAP and trusted headers; a sign-in through Authlib is recognised without it.

    :param provider: its name, as the Sessions tab shows it ("Okta").
    :param method: ``"sso"``, which also locks the Password tab.
    :param subject: the person's id there; :param issuer: whose id that is; :param session_id: the provider's session.
    :raises SetupError: there is no request.
    """
    if not has_request_context():
        raise SetupError("record_sso() tells of the sign-in of a request: call it in the view that calls login_user()")
    identity = Identity(method, _cut(provider, 128), _cut(issuer), _cut(subject), _cut(session_id))
    request.environ[_KEY] = identity
    for listener in request.environ.get(_KEY + ".listeners", ()):
        listener(identity)


def recorded() -> Identity | None:
    """What this request has learned of its user's identity."""
    identity: Identity | None = request.environ.get(_KEY)
    return identity


def when_recorded(listener: Callable[[Identity], None]) -> None:
    """Be told of an identity that is recorded only after ``login_user()``."""
    request.environ.setdefault(_KEY + ".listeners", []).append(listener)


def watch() -> None:
    """See Authlib's sign-ins, if the app uses it: it sends no signal, so its one public method is wrapped, once."""
    module = sys.modules.get(_CLIENT)
    if module is None or hasattr(module, _WRAPPED):
        return
    for name in ("FlaskOAuth1App", "FlaskOAuth2App"):
        app_class = getattr(module, name)
        app_class.authorize_access_token = _noting(app_class.authorize_access_token)
    setattr(module, _WRAPPED, True)


def _noting(authorize: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(authorize)
    def authorize_access_token(client: Any, *args: Any, **kwargs: Any) -> Any:
        token = authorize(client, *args, **kwargs)
        # the wrapper is on the class, which other apps of the process may share
        profile = current_app.extensions.get("myprofile")
        if profile is None or not profile.config.sso_authlib:
            return token
        claims = _claims(token)
        record_sso(client.name, subject=claims.get("sub"), issuer=claims.get("iss"), session_id=claims.get("sid"))
        return token

    return authorize_access_token


def _claims(token: Any) -> Mapping[str, Any]:
    """The ID token's claims, which Authlib puts there only once it has validated them."""
    claims = token.get("userinfo") if isinstance(token, Mapping) else None
    return claims if isinstance(claims, Mapping) else {}


def _cut(value: object, length: int = 255) -> str | None:
    return None if value is None else str(value)[:length]
