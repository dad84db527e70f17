"""Who has signed out at the identity provider is signed out here, once: which sessions that means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import NamedTuple

from ..errors import MyProfileError
from ..store.protocols import LogoutTokenStore
from ..store.records import SessionRecord
from .clock import now
from .identities import Identities
from .session_registry import SessionRegistry

#: Why a session ended.
REASON = "provider"


class Logout(NamedTuple):
    """Who has signed out at the provider: a person, one session of theirs there, or both. ``id`` names the message."""

    id: str
    issuer: str
    subject: str | None
    session: str | None
    issued_at: int
    expires_at: int


class BadLogout(MyProfileError):
    """Not to be believed, or believed already. In words for whoever runs the provider."""


class SingleLogout:
    """Ends what a logout at the provider ends. The caller commits.

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

    def carry_out(self, logout: Logout) -> int:
        """How many sessions ended.

        :raises BadLogout: the token was carried out already, or names a session that is somebody else's.
        """
        if not self._seen.add_logout_token(logout.id, logout.expires_at):
            raise BadLogout("used before")
        ids: dict[str, list[str]] = defaultdict(list)
        for record in self._meant(logout):
            ids[record.user_key].append(record.id)
        known = self._identities.users(logout.issuer, logout.subject) if logout.subject else ()
        ended = 0
        for user_key in {*ids, *known}:
            only = None if "sessions" in self._also else ids[user_key]
            ended += self._sessions.end_of_user_key(user_key, REASON, only)
            if "api_token" in self._also:
                self._revoke_api_token(user_key)
        return ended

    def _meant(self, logout: Logout) -> list[SessionRecord]:
        if logout.session is None:
            return [record for record in self._of_subject(logout) if record.created_at <= logout.issued_at]
        there = [r for r in self._sessions.at_provider(logout.session) if r.issuer == logout.issuer]
        if logout.subject is not None and any(record.subject != logout.subject for record in there):
            raise BadLogout("sid is a session of somebody else than sub")
        # a provider whose ID tokens have no sid: which of the person's sessions is meant cannot be told
        nameless = (r for r in self._of_subject(logout) if r.idp_session is None and r.created_at <= logout.issued_at)
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
        self._seen.drop_logout_tokens(now())
