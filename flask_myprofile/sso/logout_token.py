"""What an OpenID provider sends when somebody signs out there: is it true, and whom does it mean?

OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.6; RFC 7515 and 7519.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from ..account.single_logout import BadLogout, Logout
from .detection import stored_name
from .provider import Provider, ProviderUnknown

EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: Seconds by which the provider's clock may be ahead of ours.
SKEW = 120
#: Seconds that a token may be valid: for so long, at most, it has to be remembered.
LONGEST = 600
_TYPES = (None, "JWT", "logout+jwt")


def read(token: str, provider: Provider) -> Logout:
    """The token, if this provider has signed it for this app and nothing is wrong with it.

    :raises BadLogout: something is.
    """
    claims = _signed(token, provider)
    _check_purpose(claims, provider)
    issued_at, expires_at = _check_times(claims)
    subject, session = _name(claims, "sub"), _name(claims, "sid")
    if subject is None and session is None:
        raise BadLogout("neither sub nor sid")
    token_id = _name(claims, "jti")
    if token_id is None:
        raise BadLogout("jti is missing")
    digest = hashlib.sha256(f"{claims['iss']}\n{token_id}".encode()).hexdigest()
    return Logout(digest, stored_name(claims["iss"]) or "", subject, session, issued_at, expires_at)


def _signed(token: str, provider: Provider) -> Mapping[str, Any]:
    """What the token says, by a key that only the provider has. Nothing in the token leads to any other key."""
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
        algorithms, kid = provider.algorithms(), header.get("kid")
        if header.get("alg") not in algorithms:
            raise BadLogout("signed by an algorithm that the provider does not use")
        kind = header.get("typ")
        if not isinstance(kind, str | None) or (kind and kind.removeprefix("application/")) not in _TYPES:
            raise BadLogout("typ is not logout+jwt")
        found: dict[str, Any] = jwt.decode(token, provider.key(kid), algorithms=algorithms).claims
    except (JoseError, UnicodeEncodeError, ValueError, TypeError, RecursionError) as error:
        raise BadLogout("not signed as it must be") from error
    except ProviderUnknown as error:
        raise BadLogout("signed by an unknown key, or the provider's keys cannot be had") from error
    return found


def _check_purpose(claims: Mapping[str, Any], provider: Provider) -> None:
    if claims.get("iss") != provider.metadata()["issuer"]:
        raise BadLogout("another issuer")
    audience = claims.get("aud")
    if provider.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise BadLogout("meant for another client")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise BadLogout("events does not say that it is a logout")
    if "nonce" in claims:
        raise BadLogout("has a nonce, as an ID token does")


def _check_times(claims: Mapping[str, Any]) -> tuple[int, int]:
    now = time.time()
    issued_at, expires_at = _number(claims, "iat"), _number(claims, "exp")
    if issued_at > now + SKEW:
        raise BadLogout("iat is in the future")
    if expires_at <= now:
        raise BadLogout("expired")
    if expires_at > issued_at + LONGEST:
        raise BadLogout(f"valid for more than {LONGEST} seconds")
    return int(issued_at), int(expires_at) + 1


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise BadLogout(f"{name} is no time")
    return value


def _name(claims: Mapping[str, Any], name: str) -> str | None:
    """A name as it is stored with a session; providers that use numbers put numbers into their ID tokens as well."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise BadLogout(f"{name} is no name")
    return stored_name(value)
