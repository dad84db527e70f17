"""Points of a request at which it can be stopped, until somebody lets it go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest import mock

from flask_myprofile.account.session_registry import SessionRegistry
from flask_myprofile.account.user_passwords import UserPasswords
from flask_myprofile.sso import logout_token
from flask_myprofile.store.redis import RedisSessions
from flask_myprofile.store.sqlalchemy import SqlStore

#: The session was found live; the password, the provider's word or the logout token was right.
CHECKED = "checked"
#: What was asked for is about to be written.
WRITES = "about to write"
#: It is written, and about to be committed.
COMMITS = "about to commit"
#: It is committed, and not answered.
COMMITTED = "committed"
POINTS = (CHECKED, WRITES, COMMITS, COMMITTED)
#: Seconds after which a request that has not come on is taken to wait for the other one, or to have failed.
BLOCKED, FAILED = 0.15, 30

#: What writes that which a page acknowledges.
_WRITING = {
    SqlStore: (
        *("add_far_from", "add_session", "rotate_session", "end_sessions"),
        *("replace_token", "delete_token", "save_features", "add_feature_set", "add_logout_token"),
    ),
    RedisSessions: ("add_session", "rotate_session", "end_sessions"),
    UserPasswords: ("set_password",),
}


class Stop:
    """One request's: where it is to be stopped, whether it has come there, and whether it may go on."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._writes = False

    def come_by(self, point: str) -> None:
        self._writes = self._writes or point == WRITES
        if point in (COMMITS, COMMITTED) and not self._writes:
            return  # of something else: that a password was right is committed before
        if point == self.point and not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(FAILED), "nobody lets it go on"


_of_thread = threading.local()


def come_by(point: str) -> None:
    stop: Stop | None = getattr(_of_thread, "stop", None)
    if stop is not None:
        stop.come_by(point)


class Running:
    """A request in a thread of its own."""

    def __init__(self, ask: Callable[[], Any], point: str | None = None) -> None:
        self.stop = Stop(point) if point else None
        self._ask, self._answer = ask, []
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        _of_thread.stop = self.stop
        try:
            self._answer.append(self._ask())
        except BaseException as error:
            self._failed.append(error)
        if self.stop is not None:
            self.stop.reached.set()

    def waits_at_its_point(self) -> bool:
        """Wait until it has come there; False: it is done, and has not come by."""
        assert self.stop is not None
        assert self.stop.reached.wait(FAILED), "it neither comes by nor ends"
        return self._thread.is_alive() and not self._answer and not self._failed

    def is_done(self, within: float) -> bool:
        self._thread.join(within)
        return not self._thread.is_alive()

    def answer(self) -> Any:
        if self.stop is not None:
            self.stop.go_on.set()
        assert self.is_done(FAILED), "it does not end"
        if self._failed:
            raise self._failed[0]
        return self._answer[0]


def at_once(first: Callable[[], Any], second: Callable[[], Any], point: str) -> tuple[Any, Any]:
    """The first is stopped at the point, and the second has its turn there; both answers.

    Where the second has to wait for the first, that goes on.
    """
    stopped = Running(first, point)
    assert stopped.waits_at_its_point(), f"the first one is done, and was never {point}"
    other = Running(second)
    other.is_done(BLOCKED)
    return stopped.answer(), other.answer()


@contextmanager
def watched(engine: Any) -> Iterator[None]:
    """Within this, requests come by the points."""
    with ExitStack() as patches:

        def patch(owner: Any, name: str, before: str = "", after: str = "") -> None:
            function = getattr(owner, name)

            @wraps(function)
            def passing(*args: Any, **kwargs: Any) -> Any:
                if before:
                    come_by(before)
                result = function(*args, **kwargs)
                if after and result:
                    come_by(after)
                return result

            patches.enter_context(mock.patch.object(owner, name, passing))

        for owner, names in _WRITING.items():
            for name in names:
                patch(owner, name, before=WRITES)
        patch(UserPasswords, "check_password", after=CHECKED)
        patch(SessionRegistry, "find", after=CHECKED)
        patch(logout_token, "read", after=CHECKED)
        commit = engine.dialect.do_commit

        def committing(connection: Any) -> None:
            come_by(COMMITS)
            commit(connection)
            come_by(COMMITTED)

        patches.enter_context(mock.patch.object(engine.dialect, "do_commit", committing))
        yield
