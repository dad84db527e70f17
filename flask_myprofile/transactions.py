"""The unit of work of the extension's own views, and transactions of our own: how often they are tried, and what waits
for their commit."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

#: How often a transaction is tried that somebody else is in the way of, and the seconds after which no more try begins:
#: PostgreSQL takes one second to find out about a deadlock.
TRIES = 8
PATIENCE = 2.0
#: The milliseconds that are waited before the second try, at most; before each further one, twice as many.
_FIRST_WAIT = 4

T = TypeVar("T")
Write = Callable[[], object]

_after_commit: ContextVar[list[Callable[[], Any]] | None] = ContextVar("flask_myprofile_after_commit", default=None)


def after_commit(call: Callable[[], Any]) -> None:
    """Do it at the end of the transaction around this, or at once where there is none."""
    queue = _after_commit.get()
    if queue is not None:
        queue.append(call)
    else:
        call()


def is_commit_awaited() -> bool:
    """Whether :func:`after_commit` waits: the transaction around this is one of ours, and not the host's."""
    return _after_commit.get() is not None


def once_committed(session: Any, call: Callable[[], object]) -> None:
    """Do it when the transaction of this session, which is the host's, is committed; not at all if it is undone."""
    waiting = [call]

    def committed(session: Any) -> None:
        while waiting and not session.in_nested_transaction():  # of a savepoint one hears as well
            waiting.pop()()

    def undone(session: Any) -> None:
        if not session.in_nested_transaction():
            waiting.clear()

    # they stay as long as the session, from which SQLAlchemy lets nobody go who is just being told
    event.listen(session, "after_commit", committed)
    event.listen(session, "after_rollback", undone)


@contextmanager
def hold_until_committed() -> Iterator[None]:
    """What is done :func:`after_commit` waits for the end of this, and is forgotten where that is an error."""
    with _held() as calls:
        yield
    for call in calls:
        call()


@contextmanager
def _held() -> Iterator[Sequence[Callable[[], Any]]]:
    queue: list[Callable[[], Any]] = []
    token = _after_commit.set(queue)
    try:
        yield queue
    finally:
        _after_commit.reset(token)


@contextmanager
def unit_of_work(session: Any) -> Iterator[None]:
    """Commits the host's ``db.session`` at the end of a view of ours, or rolls back; then does what waited for that.

    It is tried once: the host's own code takes part in it.
    """
    with hold_until_committed():
        try:
            yield
            session.commit()
        except BaseException:
            roll_back(session)
            raise


def roll_back(session: Any) -> None:
    """Because something has gone wrong, which is what is said. Where the database cannot do that either, the connection
    is given up, and the transaction with it."""
    with suppress(SQLAlchemyError):
        session.rollback()


def run(work: Callable[[], T], transaction: Callable[[], AbstractContextManager[None]], tries: int = TRIES) -> T:
    """What ``work`` answers, done in one transaction, which is tried again while somebody else is in the way.

    ``work`` may be done more than once, but is committed once; unless the connection is lost at the commit, when nobody
    knows whether it was: it has to be such that it may then be done again.
    """
    until, wait = time.monotonic() + PATIENCE, _FIRST_WAIT
    while True:
        try:
            with _held() as calls, transaction():
                answer = work()
        except Exception as failure:
            tries -= 1
            if not tries or not getattr(failure, "passes", False) or time.monotonic() > until:
                raise
        else:
            for call in calls:
                call()
            return answer
        # by chance, so that two who were in each other's way are not so again
        time.sleep(secrets.randbelow(wait * 1000) / 1_000_000)
        wait *= 2


def tried(
    writes: Sequence[Write], transaction: Callable[[], AbstractContextManager[None]], tries: int = TRIES
) -> Exception | None:
    """Write all of them in one transaction: see :func:`run`. Why not, if that cannot be done."""
    try:
        run(lambda: [write() for write in writes], transaction, tries)
    except Exception as failure:
        return failure
    return None
