"""Writes that wait until the request is over: they need no second connection, and touch nothing of the host's.

Bookkeeping fails no page. What an answer acknowledges is a promise, and the answer waits for it: see
:mod:`.held_answer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Response, current_app, g
from flask.globals import request_ctx

from ..account.activity import without_events
from ..errors import EventLost, in_log
from ..globals import current_profile
from ..transactions import TRIES, Write, tried
from .held_answer import HeldAnswer, hold

#: In ``g``: the writes that wait for the end of the app context.
_WAITING = "_myprofile_deferred"


class DeferredWrites:
    """Those of one app context."""

    def __init__(self) -> None:
        self._bookkeeping: list[tuple[Write, int]] = []
        self._promises: list[Write] = []
        #: The session of the browser as it was before what is promised.
        self._before: Mapping[str, Any] = {}
        self._answer: HeldAnswer | None = None
        self._failed = False
        self._done = False
        self._app: Any = current_app._get_current_object()  # type: ignore[attr-defined]

    @property
    def are_kept(self) -> bool:
        return self._done and not self._failed

    @property
    def may_be_added_to(self) -> bool:
        return not self._done and self._app is current_app._get_current_object()  # type: ignore[attr-defined]

    def note(self, write: Write, tries: int) -> None:
        self._bookkeeping.append((write, tries))

    def promise(self, write: Write, before: Mapping[str, Any]) -> None:
        """Promises are kept together, or none of them is.

        :param before: what the session of the browser goes back to where they are not.
        """
        self._before = self._before if self._promises else before
        self._promises.append(write)

    def settle(self, response: Response) -> Response:
        """The answer, which goes out once it is known whether what it acknowledges is written."""
        if context_outlives_request():  # write at once, or a test would not see what it has done
            g.pop(_WAITING, None)
            self.write()
        return hold(response, self) if self._promises else response

    def hold_back(self, answer: HeldAnswer) -> None:
        self._answer = answer
        if self._done:
            self.finish()

    def finish(self) -> None:
        """Write, and let go the answer that waits for it."""
        self.write()
        if self._answer is not None:
            self._answer.send(instead_of=self._before if self._failed else None)
            self._answer = None

    def write(self) -> None:
        if self._done:
            return
        self._done = True
        if self._promises and (failure := self._keep_promises()) is not None:
            self._failed = True
            _log("MyProfile could not store what became of a session, and has not said that it did: %s", failure)
        for write, tries in self._bookkeeping:
            if (failure := tried([write], current_profile.own_transaction, tries)) is not None:
                _log("MyProfile could not write down a session's activity: %s", failure)

    def _keep_promises(self) -> Exception | None:
        failure = tried(self._promises, current_profile.own_transaction, TRIES)
        if isinstance(failure, EventLost):  # which no answer acknowledges
            _log("MyProfile could not write down that somebody has signed in: %s", failure)
            with without_events():
                failure = tried(self._promises, current_profile.own_transaction, TRIES)
        return failure


def deferred_writes() -> DeferredWrites:
    """Those of the current app context."""
    waiting: DeferredWrites | None = g.get(_WAITING)
    if waiting is None:
        waiting = DeferredWrites()
        setattr(g, _WAITING, waiting)
    return waiting


def write_after_context(error: BaseException | None) -> None:
    waiting: DeferredWrites | None = g._get_current_object().pop(_WAITING, None)
    if waiting is not None:
        waiting.write()
        # a host that listens to our signals may have used it again since Flask-SQLAlchemy ended it
        current_profile.db.session.remove()
        waiting.finish()


def _log(line: str, failure: Exception) -> None:
    current_app.logger.error(line, in_log(failure))


def own_transaction_if_context_is_shared() -> AbstractContextManager[None]:
    """Where an app context goes on over several requests, ``db.session`` may still see the database as it was before
    the last one (MariaDB's repeatable reads): look again on a connection of our own."""
    return current_profile.own_transaction() if context_outlives_request() else nullcontext()


def context_outlives_request() -> bool:
    """Whether a surrounding ``with app.app_context()`` goes on after this request (Flask <= 3.1 lets them share it)."""
    tokens = getattr(request_ctx, "_cv_tokens", None)
    return tokens is not None and len(tokens) > 0 and tokens[-1][1] is None
