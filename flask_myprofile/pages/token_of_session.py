"""What a session does whose token is made while somebody ends both."""

from __future__ import annotations

from typing import Any

from ..account.tokens_of_sessions import revoke_if_ended
from ..errors import Forbidden
from ..globals import current_profile
from ..i18n import gettext
from ..transactions import after_commit


def end_with_session(user: Any, token: str) -> None:
    """The token that this request has just made, if the session has ended when both are committed.

    :raises Forbidden: it has, after the commit: the token works no more, and is not shown.
    """
    tokens, sessions = current_profile.tokens, current_profile.sessions
    session, version = sessions.current(user), tokens.version(tokens.of_text(user, token))
    if session is None:  # a key of the host's own
        return

    def look() -> None:
        own, session_id = current_profile.own_transaction, session.id
        if revoke_if_ended(lambda: tokens.revoke(user, version), own, sessions.load, session_id):
            raise Forbidden(gettext("Sign in to continue."), code="sign_in_again")

    after_commit(look)
