"""An API token does not outlive the session that makes it where both are ended, as in an emergency.

Who makes one was let in before, and may store it when whoever ends everything has looked for one already. So each looks
once more after the commit: whichever comes first, one of the two sees the other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from ..store.records import SessionRecord
from ..transactions import after_commit, run

#: Why a session ends together with the user's tokens. Who signs out, or signs out all others, keeps them.
WITH_TOKENS = ("admin", "disabled", "not_me", "provider")

T = TypeVar("T")
Transaction = Callable[[], AbstractContextManager[None]]


def revoke_with_sessions(revoke: Callable[[], T], transaction: Transaction) -> T:
    """For whoever has ended the sessions of a user: revoke what there is, and do so once more after the commit."""
    after_commit(partial(run, revoke, transaction))
    return revoke()


def revoke_if_ended(
    revoke: Callable[[], object],
    transaction: Transaction,
    load: Callable[[str], SessionRecord | None],
    session_id: str,
) -> bool:
    """For whoever has made a token and committed it: whether the session has ended that it was made in, and the tokens
    with it."""

    def look() -> bool:
        record = load(session_id)
        is_over = record is None or (record.ended_at is not None and record.end_reason in WITH_TOKENS)
        if is_over:
            revoke()
        return is_over

    return run(look, transaction)
