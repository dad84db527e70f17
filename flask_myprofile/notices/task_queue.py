"""Tasks that no request waits for: a thread for an app, as long as there are any."""

from __future__ import annotations

import atexit
import os
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from weakref import WeakSet

from flask import Flask

Task = Callable[[], object]

#: Tasks that may wait in one process. What is more is not done, and the log has it.
MOST = 1000
#: Seconds that a process which ends waits for what is not done yet.
AT_THE_END = 5.0


class TaskQueue:
    """Runs tasks one after the other, each in an app context of its own. What one raises is logged."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.begin_anew()
        _queues.add(self)

    def begin_anew(self) -> None:
        """Also in a process that was forked, which has no thread and perhaps a lock that somebody held."""
        self._waiting: deque[Task] = deque()
        self._changed = Condition()
        self._is_running = False

    def put(self, task: Task) -> bool:
        """Have it run soon; False where too much waits already."""
        with self._changed:
            if len(self._waiting) >= MOST:
                return False
            self._waiting.append(task)
            if self._is_running:
                return True
            self._is_running = True
        try:
            Thread(target=self._run, name="myprofile-notices", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is about to end
            with self._changed:
                self._is_running = False
                self._waiting.clear()
            return False
        return True

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                with self._app.app_context():
                    task()
            except Exception as error:  # of the host's code, and what it says may be secret
                self._app.logger.error("MyProfile could not tell a user something: %s", type(error).__name__)

    def _next(self) -> Task | None:
        with self._changed:
            if self._waiting:
                return self._waiting.popleft()
            self._is_running = False
            self._changed.notify_all()
            return None

    def wait(self, seconds: float) -> bool:
        """Until nothing is left to do; False where that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_running, seconds)


#: Those of this process.
_queues: WeakSet[TaskQueue] = WeakSet()


def _finish() -> None:
    for queue in list(_queues):
        queue.wait(AT_THE_END)


def _in_child() -> None:
    for queue in list(_queues):
        queue.begin_anew()


atexit.register(_finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
