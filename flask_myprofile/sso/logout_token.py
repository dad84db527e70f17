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
from .provider import Provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: Seconds by which the provider's clock may be ahead of ours.
SKEW = 120
#: Seconds after which a token is good no more, whatever it says itself: for so long it has to be remembered. Some
#: providers' are valid for a day, and others' say nothing, which the standard asks for only since its final text.
LONGEST = 600
_TYPES = (None, "JWT", "logout+jwt")


def read(token: str, provider: Provider) -> Logout:
    """The token, if this provider has signed it for this app and nothing is wrong with it.

    :raises BadLogout: something is.
    :raises ProviderUnknown: that cannot be known now.
    """
    claims = _signed(token, provider)
    _check_purpose(claims, provider)
    issued_at, good_until = _check_times(claims)
    subject, session = _name(claims, "sub"), _name(claims, "sid")
    if subject is None and session is None:
        raise BadLogout("neither sub nor sid")
    token_id = _name(claims, "jti")
    if token_id is None:
        raise BadLogout("jti is missing")
    digest = hashlib.sha256(f"{claims['iss']}\n{token_id}".encode()).hexdigest()
    return Logout(digest, stored_name(claims["iss"]) or "", subject, session, issued_at, good_until)


def _signed(token: str, provider: Provider) -> Mapping[str, Any]:
    """What the token says, by a key that only the provider has. Nothing in the token leads to any other key."""
    arrived_at = time.monotonic()
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, UnicodeEncodeError, ValueError, TypeError, RecursionError) as error:
        raise BadLogout("it is no JWT") from error
    if not isinstance(header, dict):
        raise BadLogout("it is no JWT")
    algorithms, kid = provider.algorithms(), header.get("kid")
    if header.get("alg") not in algorithms:
        raise BadLogout(f"signed by an algorithm that the provider does not use; it uses {', '.join(algorithms)}")
    kind = header.get("typ")
    if not isinstance(kind, str | None) or (kind and kind.removeprefix("application/")) not in _TYPES:
        raise BadLogout("typ is not logout+jwt")
    if (key := provider.key(kid, arrived_at)) is None:
        raise BadLogout("signed by a key that the provider does not have" if kid else "it does not say by which key")
    try:
        found: dict[str, Any] = jwt.decode(token, key, algorithms=algorithms).claims
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadLogout(f"the signature is not right ({type(error).__name__})") from error
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
    """When it was issued, and until when it is good, which is when it may be forgotten."""
    now = time.time()
    issued_at = _number(claims, "iat")
    longest = issued_at + LONGEST
    expires_at = longest if claims.get("exp") is None else min(_number(claims, "exp"), longest)
    if issued_at > now + SKEW:
        raise BadLogout("iat is in the future")
    if longest <= now:
        raise BadLogout(f"iat is more than {LONGEST} seconds ago")
    if expires_at <= now:
        raise BadLogout("expired")
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
