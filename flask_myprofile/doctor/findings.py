"""What a check answers. Nothing secret is ever in it: no key, no password, no hash, no URL that has one."""

from __future__ import annotations

from typing import NamedTuple

OK, NOTE, FAULT = "ok", "note", "fault"


class Finding(NamedTuple):
    """:param change: what to change; empty where all is well."""

    level: str
    text: str
    change: str = ""


def ok(text: str) -> Finding:
    return Finding(OK, text)


def note(text: str, change: str) -> Finding:
    """Something that works, and that one had better know."""
    return Finding(NOTE, text, change)


def fault(text: str, change: str) -> Finding:
    """Something that does not work, or is not safe."""
    return Finding(FAULT, text, change)
