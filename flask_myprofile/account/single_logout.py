"""Who has signed out at the identity provider is signed out here, once: which sessions that means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import NamedTuple

from ..config import DAY
from ..errors import MyProfileError
from ..store.protocols import LogoutTokenStore
from ..store.records import LogoutTokenRecord, SessionRecord
from .clock import now
from .identities import Identities, digest
from .session_events import AT_PROVIDER
from .session_registry import SessionRegistry

#: Seconds that a token is remembered beyond its end: a clock that was ahead may be put right meanwhile.
REMEMBERED = DAY


class Logout(NamedTuple):
    """Who has signed out at the provider: a person, one session of theirs there, or both. ``id`` names the message."""

    id: str
    issuer: str
    subject: str | None
    session: str | None
    issued_at: int
    expires_at: int

    def record(self) -> LogoutTokenRecord:
        whose, which = _digests(self.issuer, self.subject, self.session)
        return LogoutTokenRecord(self.id, whose, which, self.issued_at, self.expires_at)


class BadLogout(MyProfileError):
    """Not to be believed, or believed already. In words for whoever runs the provider."""


class SingleLogout:
    """Ends what a logout at the provider ends. The caller commits.

    The sign-in that is meant may be under way. So each side writes, commits, and then looks for the other: the logout
    by :meth:`remember` and :meth:`carry_out`, the sign-in by :meth:`catch_up` once its session is stored. Whichever
    commits last sees what the other has written.

    :param also: what else of the user's ends: "sessions", those by password too, and "api_token".
    """

    def __init__(
        self,
        tokens_seen: LogoutTokenStore,
        identities: Identities,
        sessions: SessionRegistry,
        revoke_api_token: Callable[[str], object],
        also: Collection[str],
    ) -> None:
        self._seen = tokens_seen
        self._identities = identities
        self._sessions = sessions
        self._revoke_api_token = revoke_api_token
        self._also = also

    def remember(self, logout: Logout) -> None:
        """Keep whom it means, for whoever signs in from now on; to be committed before :meth:`carry_out`."""
        self._seen.add_logout_token(logout.record())

    def carry_out(self, logout: Logout) -> int:
        """How many sessions ended.

        :raises BadLogout: the token was carried out already, or names a session that is somebody else's.
        """
        if not self._seen.close_logout_token(logout.id):
            raise BadLogout("used before")
        ids: dict[str, list[str]] = defaultdict(list)
        for record in self._meant(logout):
            ids[record.user_key].append(record.id)
        known = self._identities.users(logout.issuer, logout.subject) if logout.subject else ()
        return sum(self._end(user_key, ids[user_key]) for user_key in {*ids, *known})

    def end_named(self, provider: str, issuer: str, session: str) -> int:
        """End what began in that session of that provider, which nobody has signed: only that, and nothing is
        remembered of it. How many sessions ended."""
        there = [r for r in self._sessions.at_provider(session) if (r.provider, r.issuer) == (provider, issuer)]
        return sum(self._sessions.end_of_user_key(record.user_key, AT_PROVIDER, [record.id]) for record in there)

    def catch_up(self, session: SessionRecord) -> None:
        """End a session that has just been stored, where the provider has said meanwhile that it is over."""
        if session.issuer is None or (session.subject is None and session.idp_session is None):
            return
        whose, which = _digests(session.issuer, session.subject, session.idp_session)
        began = _began(session)
        if any(_means(token, whose, which, began) for token in self._seen.logout_tokens(whose, which)):
            self._end(session.user_key, [session.id])

    def _end(self, user_key: str, ids: Collection[str]) -> int:
        ended = self._sessions.end_of_user_key(user_key, AT_PROVIDER, None if "sessions" in self._also else ids)
        if "api_token" in self._also:
            self._revoke_api_token(user_key)
        return ended

    def _meant(self, logout: Logout) -> list[SessionRecord]:
        if logout.session is None:
            return [record for record in self._of_subject(logout) if _began(record) <= logout.issued_at]
        there = [r for r in self._sessions.at_provider(logout.session) if r.issuer == logout.issuer]
        if logout.subject is not None and any(record.subject != logout.subject for record in there):
            raise BadLogout("sid is a session of somebody else than sub")
        # a provider whose ID tokens have no sid: which of the person's sessions is meant cannot be told
        nameless = (r for r in self._of_subject(logout) if r.idp_session is None and _began(r) <= logout.issued_at)
        return [*there, *nameless]

    def _of_subject(self, logout: Logout) -> list[SessionRecord]:
        if logout.subject is None:
            return []
        who = (logout.issuer, logout.subject)
        users = self._identities.users(*who)
        found = (record for user_key in users for record in self._sessions.of_user_key(user_key))
        return [record for record in found if (record.issuer, record.subject) == who]

    def prune(self) -> None:
        """Forget tokens that have expired and would be refused anyway."""
        self._seen.drop_logout_tokens(now() - REMEMBERED)


def _began(session: SessionRecord) -> int:
    """When, by the provider's own clock if it has said so: it is compared with what the provider says."""
    return session.created_at if session.asserted_at is None else session.asserted_at


def _digests(issuer: str, subject: str | None, session: str | None) -> tuple[str | None, str | None]:
    """Of the person, and of their session at the provider."""
    whose = None if subject is None else digest(issuer, subject)
    return whose, None if session is None else digest(issuer, "sid", session)


def _means(token: LogoutTokenRecord, whose: str | None, which: str | None, began: int) -> bool:
    """Whether it means a session of these; the same rule as for the sessions that were stored before it came."""
    if token.which is not None and token.which == which:
        return token.whose in (None, whose)
    nameless = token.which is None or which is None
    return nameless and whose is not None and token.whose == whose and began <= token.issued_at
