"""Tasks that no request waits for: in their order, not without end, and done where the process ends as it should."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from threading import Event

import pytest
from flask import Flask, current_app

from flask_myprofile.notices import task_queue as module
from flask_myprofile.notices.task_queue import TaskQueue

AT_THE_END = """
import sys, time
from flask import Flask
from flask_myprofile.notices.task_queue import TaskQueue
queue = TaskQueue(Flask("app"))
queue.put(lambda: (time.sleep(0.3), sys.stdout.write("done"), sys.stdout.flush()))
"""


@pytest.fixture
def queue() -> Iterator[TaskQueue]:
    made = TaskQueue(Flask("app"))
    yield made
    assert made.wait(10)


def test_tasks_run_in_their_order_and_one_that_fails_stops_no_other(
    queue: TaskQueue, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[object] = []

    def fail() -> None:
        raise ValueError("a secret")

    assert queue.put(lambda: done.append(current_app.name))
    assert queue.put(fail)
    assert queue.put(lambda: done.append(2))
    assert queue.wait(10)
    assert done == ["app", 2]
    assert "ValueError" in caplog.text and "secret" not in caplog.text


def test_no_more_wait_than_there_is_room_for(queue: TaskQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    begun, free = Event(), Event()
    assert queue.put(lambda: (begun.set(), free.wait(10)))
    assert begun.wait(10)
    assert [queue.put(lambda: None) for _ in range(3)] == [True, True, False]
    free.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_a_thread_of_its_own(queue: TaskQueue) -> None:
    """As with a server that loads the app before it makes its workers."""
    free, (reader, writer) = Event(), os.pipe()
    queue.put(lambda: free.wait(10))
    child = os.fork()
    if not child:
        queue.put(lambda: os.write(writer, b"told"))
        os._exit(0 if queue.wait(10) else 1)
    free.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        assert told.read() == b"told"


def test_a_process_that_ends_waits_for_what_is_left_to_do() -> None:
    ended = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "done"
