"""Single Sign-On: who signed in by it. Authlib is recognised by itself; :func:`record_sso` is for everything else."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import current_app, has_request_context, request, session

from ..account import text
from ..account.encryption import cipher
from ..account.sign_in_data import SsoIdentity
from ..auth.identity import record_identity
from ..auth.pending_identity import keep_for_later
from ..errors import SetupError
from ..globals import current_profile, secret_keys

_WRAPPED = "_flask_myprofile_sees_sign_ins"
_CLIENT = "authlib.integrations.flask_client"
_SEEN = "myprofile_clients"
#: What ID tokens are encrypted for, so that a key of something else opens none.
ID_TOKEN = "id-token"  # noqa: S105 (no password)
_LONGEST_ID_TOKEN = 16_384
_LONGEST_CALLBACK = 512


def record_sso(
    provider: str,
    method: str = "sso",
    *,
    subject: object = None,
    issuer: str | None = None,
    session_id: str | None = None,
    acr: str | None = None,
    auth_time: int | None = None,
) -> None:
    """Say that this request's sign-in is Single Sign-On. Call it before or after ``login_user()``.

    For SAML, LDAP and trusted headers; a sign-in through Authlib is recognised without it.

    :param provider: its name, as the Sessions tab shows it ("Okta").
    :param method: ``"sso"`` or another word for it, such as ``"saml"``. All lock the Password tab, but for
        ``"password"``: of somebody who has a password here and comes from there with it.
    :param subject: the person's id there.
    :param issuer: whose id that is.
    :param session_id: the provider's session.
    :param acr: how the provider has made sure of the person.
    :param auth_time: when it has, in seconds since the epoch.
    :raises SetupError: there is no request.
    """
    if not has_request_context():
        raise SetupError("record_sso() tells of the sign-in of a request: call it in the view that calls login_user()")
    claims = {"iss": issuer, "sub": subject, "sid": session_id, "acr": acr, "auth_time": auth_time}
    record_identity(_identity(provider, method, claims))


def _identity(provider: str, method: str, claims: Mapping[str, Any]) -> SsoIdentity:
    return SsoIdentity(
        method,
        provider=None if provider is None else str(provider)[:128],
        issuer=stored_name(claims.get("iss")),
        subject=stored_name(claims.get("sub")),
        idp_session=stored_name(claims.get("sid")),
        acr=stored_name(claims.get("acr")),
        auth_time=_stored_moment(claims.get("auth_time")),
        asserted_at=_stored_moment(claims.get("iat")),
    )


# ---- Authlib


def watch_authlib() -> None:
    """See Authlib's sign-ins, if the app uses it: it sends no signal, so its one public method is wrapped, once."""
    module = sys.modules.get(_CLIENT)
    if module is None or hasattr(module, _WRAPPED):
        return
    app_classes: list[Any] = [getattr(module, name, None) for name in ("FlaskOAuth1App", "FlaskOAuth2App")]
    if None in app_classes:
        return  # another thread is importing it at this very moment
    for app_class in app_classes:
        app_class.authorize_access_token = _recording(app_class.authorize_access_token)
    setattr(module, _WRAPPED, True)


def client(name: str) -> Any:
    """The Authlib client that the app has registered under this name, or None."""
    registered = current_app.extensions.get(_CLIENT)
    found = registered.create_client(name) if registered is not None else None
    # an app may have further registries, which Authlib does not keep: those clients are known once they were used
    return found if found is not None else current_app.extensions.get(_SEEN, {}).get(name)


def registered_names() -> list[str]:
    """The names of the Authlib clients that the app has registered so far."""
    return sorted({*_registry(), *current_app.extensions.get(_SEEN, {})})


def registered_issuer(name: str) -> str | None:
    """The ``issuer=…`` that the client was registered with; Authlib overwrites it with what the provider says."""
    _, settings = _registry().get(name, (False, {}))
    issuer: str | None = settings.get("issuer")
    return issuer


def _registry() -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(current_app.extensions.get(_CLIENT), "_registry", {})
    return found


def validated_claims(token: Any) -> Mapping[str, Any]:
    """The ID token's claims, if Authlib has validated them: then they are of a class of its own. A provider without
    ID tokens may put anything under the same name into its answer."""
    claims = token.get("userinfo") if isinstance(token, Mapping) else None
    user_info = getattr(sys.modules.get("authlib.oidc.core"), "UserInfo", ())
    return claims if isinstance(claims, user_info) and isinstance(claims, Mapping) else {}


def _recording(authorize: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(authorize)
    def authorize_access_token(client: Any, *args: Any, **kwargs: Any) -> Any:
        # the wrapper is on the class, which other apps of the process may share
        profile = current_app.extensions.get("myprofile")
        if profile is None or not profile.config.sso_authlib:
            return authorize(client, *args, **kwargs)
        asked = _question(client)
        token = authorize(client, *args, **kwargs)
        current_app.extensions.setdefault(_SEEN, {})[client.name] = client
        claims = validated_claims(token)
        id_token = _encrypted(token.get("id_token")) if claims and profile.config.sso_logout else None
        identity = _identity(client.name, "sso", claims)
        if claims:  # without, nothing could prove later that the same person is there: no way back is kept
            dated = identity.auth_time or (identity.asserted_at if _counts_undated(asked) else None)
            identity = identity._replace(callback=_callback(asked), id_token=id_token, auth_time=dated)
        record_identity(identity)
        keep_for_later(identity)
        return token

    return authorize_access_token


def _question(client: Any) -> Mapping[str, Any]:
    """What this sign-in began with: Authlib has kept it with the state."""
    try:
        return dict(client.framework.get_state_data(session, request.args.get("state")))
    except (AttributeError, TypeError, ValueError):  # OAuth 1, or no state at all
        return {}


def _callback(asked: Mapping[str, Any]) -> str | None:
    """The redirect URI of this sign-in, which is registered at the provider."""
    callback = asked.get("redirect_uri")
    return callback if isinstance(callback, str) and len(callback) <= _LONGEST_CALLBACK else None


def _counts_undated(asked: Mapping[str, Any]) -> bool:
    """Whether the sign-in was just now, of which the provider does not say when it was: see MYPROFILE_SSO_UNDATED."""
    rule = current_profile.config.sso_undated
    if rule != "asked":
        return rule == "always"
    prompts = parse_qs(urlsplit(str(asked.get("url"))).query).get("prompt", [""])
    return "login" in prompts[0].split()


def _encrypted(id_token: object) -> str | None:
    if not isinstance(id_token, str) or len(id_token) > _LONGEST_ID_TOKEN:
        return None
    return cipher(secret_keys(), ID_TOKEN).encrypt(id_token.encode()).decode()


def stored_name(value: object) -> str | None:
    """A name of a provider's as it is stored. What is too long is not cut: two people's might begin alike."""
    if value is None:
        return None
    name = str(value)
    if len(name) <= 255 and text.storable(name):
        return name
    return "sha256:" + hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()


def moment(value: object) -> float | None:
    """Seconds since the epoch, as providers write them, some with fractions. Some always say zero, which is none."""
    right = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11
    return value if right else None  # type: ignore[return-value]


def _stored_moment(value: object) -> int | None:
    found = moment(value)
    return None if found is None else int(found)
