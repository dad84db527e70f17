"""When somebody leaves: all that lets them in ends, and what is kept of them stays."""

from __future__ import annotations

from typing import Any, NamedTuple

from .activity import Activity
from .email_changes import EmailChanges
from .events import OFFBOARDED
from .one_time_links import OneTimeLinks
from .sessions import Sessions
from .tokens import Tokens
from .tokens_of_sessions import Transaction, revoke_with_sessions
from .users import Users

#: Why their sessions ended.
REASON = "disabled"


class Offboarded(NamedTuple):
    """What has ended: how many sessions, and how many API tokens; whether there was any."""

    sessions: int
    had_token: bool
    tokens: int = 0


class Offboarding:
    """:param in_one_transaction: whether sessions are kept with the rest. Those that are kept elsewhere end first."""

    def __init__(
        self,
        sessions: Sessions,
        tokens: Tokens,
        links: OneTimeLinks,
        email_changes: EmailChanges,
        activity: Activity,
        users: Users,
        *,
        in_one_transaction: bool,
        own_transaction: Transaction,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._links = links
        self._email_changes = email_changes
        self._activity = activity
        self._users = users
        self._in_one_transaction = in_one_transaction
        self._own_transaction = own_transaction

    def offboard(self, user: Any, by: Any = None) -> Offboarded:
        if not self._in_one_transaction:
            ended = self._end_sessions(user, by)
            return _done(ended, self._activity.in_one(lambda: self._end_rest(user, by)))
        return self._activity.in_one(lambda: _done(self._end_sessions(user, by), self._end_rest(user, by)))

    def _end_sessions(self, user: Any, by: Any) -> int:
        """And with them the forms that wait."""
        return self._sessions.end_all(user, REASON, by)

    def _end_rest(self, user: Any, by: Any) -> int:
        key, revoke = self._users.key(user), self._tokens.revoke_all
        tokens = revoke_with_sessions(lambda: revoke(key, by=by), self._own_transaction)
        self._email_changes.end_pending(user)
        self._links.drop_all(key)
        self._activity.note(OFFBOARDED, user, by=by)
        return tokens


def _done(sessions: int, tokens: int) -> Offboarded:
    return Offboarded(sessions, tokens > 0, tokens)
