"""What every request of somebody who is signed in goes through is short, and stands together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import flask_myprofile
from tests.support.host import Host

PACKAGE = str(Path(flask_myprofile.__file__).parent)
#: Lines of ours that an ordinary request may go through, and those of them in the room that knows of requests. It is
#: 137 and 59 on Python 3.11; each version counts a little differently what stands on several lines.
MOST, MOST_IN_ROOM = 160, 75
#: And one that asks for nobody: 26, and a few more in an app that has been sent an API token.
MOST_OF_NOBODY = 40
#: What an ordinary request does not come to.
RARE = {"auth/session_fallbacks.py", "auth/owner_check.py"}


@contextmanager
def lines_gone_through() -> Iterator[set[tuple[str, int]]]:
    lines: set[tuple[str, int]] = set()

    def trace(frame: FrameType, kind: str, given: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if kind == "line":
            lines.add((frame.f_code.co_filename.removeprefix(PACKAGE).lstrip("/"), frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


def test_an_ordinary_request_goes_through_few_lines_and_most_of_them_are_the_guards(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    assert alice.is_in()  # what is made once is made
    with lines_gone_through() as lines:
        assert alice.is_in()
    rooms = [name.partition("/")[0] for name, _ in lines]
    assert len(lines) <= MOST
    assert rooms.count("auth") <= MOST_IN_ROOM
    assert not {name for name, _ in lines} & {*RARE, "auth/answer_cookies.py"}


def test_a_request_that_asks_for_nobody_goes_through_three_hooks_and_no_more(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    alice.get("/pub")
    with lines_gone_through() as lines:
        alice.get("/pub")
    assert len(lines) <= MOST_OF_NOBODY
    assert {name.partition("/")[0] for name, _ in lines} <= {"auth", "sso"}
    assert not {name for name, _ in lines} & RARE
