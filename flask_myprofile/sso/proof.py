"""Whether an ID token proves that the same person has just signed in at the provider, and why it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..i18n import gettext
from ..store.records import SessionRecord
from .detection import moment, stored_name

#: Seconds: a sign-in of so long before the question is as good as one after it. Zero is refused by some providers,
#: others ask for ever then, and some let pass without it whom they have asked five minutes ago.
MAX_AGE = 60
#: Seconds by which moments differ that are rounded, on two sides.
_ROUNDED = 2
#: Seconds by which the clocks of the provider's own machines may differ.
_SKEW = 60


class Doubt(NamedTuple):
    """Why it is no proof: for the log, and in a sentence for the person."""

    reason: str
    sentence: Callable[[str], str]


def doubt(claims: Mapping[str, Any], record: SessionRecord, client_id: str, passed: int) -> Doubt | None:
    """None: it is one.

    :param claims: of the ID token, which Authlib has validated.
    :param passed: the seconds since the provider was asked, by our clock. How old the sign-in was when the token was
        made is told by the provider's clock alone, so that the two may show different times.
    """
    return _doubt_who(claims, record, client_id) or _doubt_when(claims, passed)


def _doubt_who(claims: Mapping[str, Any], record: SessionRecord, client_id: str) -> Doubt | None:
    if not claims:
        return _NO_TOKEN
    audience = claims.get("aud")  # which Authlib does not compare
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        return _ANOTHER_AUDIENCE
    if stored_name(claims.get("iss")) != record.issuer:
        return _ANOTHER_ISSUER
    return None if stored_name(claims.get("sub")) == record.subject else _ANOTHER_PERSON


def _doubt_when(claims: Mapping[str, Any], passed: int) -> Doubt | None:
    signed_in_at, issued_at = moment(claims.get("auth_time")), moment(claims.get("iat"))
    if signed_in_at is None or issued_at is None:
        return UNDATED
    age = issued_at - signed_in_at
    if age < -_SKEW:
        return _IN_THE_FUTURE
    return _NOT_ASKED if age > max(passed, 0) + MAX_AGE + _ROUNDED else None


def _unchecked(provider: str) -> str:
    return gettext("The answer of %(provider)s proves nothing. Nothing has been changed.", provider=provider)


def _somebody_else(provider: str) -> str:
    return gettext("Somebody else has signed in at %(provider)s. Nothing has been changed.", provider=provider)


def _undated(provider: str) -> str:
    return gettext("%(provider)s does not say when you signed in there. Nothing has been changed.", provider=provider)


def _not_asked(provider: str) -> str:
    return gettext(
        "%(provider)s has not asked you to sign in. Sign out here and there, and sign in again.", provider=provider
    )


_NO_TOKEN = Doubt("the answer has no ID token", _unchecked)
_ANOTHER_AUDIENCE = Doubt("aud is another client", _unchecked)
_ANOTHER_ISSUER = Doubt("iss is not that of the sign-in", _unchecked)
_ANOTHER_PERSON = Doubt("sub is somebody else than the user who is signed in", _somebody_else)
_IN_THE_FUTURE = Doubt("auth_time is later than iat", _unchecked)
_NOT_ASKED = Doubt("auth_time is before the question, so the provider has asked nobody", _not_asked)
UNDATED = Doubt("the ID token has no auth_time: have the provider say it, or see MYPROFILE_SSO_UNDATED", _undated)
