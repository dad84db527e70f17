"""The unit of work of the extension's own views, and what waits for its commit."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

#: How often a write is tried that somebody else is in the way of, and the seconds after which no more try begins.
TRIES = 3
PATIENCE = 1.0

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


@contextmanager
def hold_until_committed() -> Iterator[None]:
    """What is done :func:`after_commit` waits for the end of this, and is forgotten where that is an error."""
    queue: list[Callable[[], Any]] = []
    token = _after_commit.set(queue)
    try:
        yield
    finally:
        _after_commit.reset(token)
    for call in queue:
        call()


@contextmanager
def unit_of_work(session: Any) -> Iterator[None]:
    """Commits the host's ``db.session`` at the end of a view of ours, or rolls back; then does what waited for that."""
    with hold_until_committed():
        try:
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise


def tried(
    writes: Sequence[Write], transaction: Callable[[], AbstractContextManager[None]], tries: int = TRIES
) -> Exception | None:
    """Write all of them in one transaction; why not, if that cannot be done."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with hold_until_committed(), transaction():
                for write in writes:
                    write()
            return None
        except Exception as failure:
            tries -= 1
            if not tries or not getattr(failure, "passes", False) or time.monotonic() > until:
                return failure
        time.sleep(secrets.randbelow(50) / 1000)  # so that two who were in each other's way are not so again
