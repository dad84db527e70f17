"""What 10,000 visitors of one day sent, and what their browsers said by other means, from npm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.services import Missing

PACKAGES = Path(__file__).parent / "node_modules"
#: Shorter and longer side of the screens of iPads, as CSS counts.
IPADS = {
    *((744, 1133), (768, 1024), (810, 1080), (820, 1180), (834, 1112)),
    *((834, 1194), (834, 1210), (1024, 1366), (1032, 1376)),
}


class Visitor(NamedTuple):
    """``kind`` is what ``navigator.platform`` and the screen say: no parser of agents had a hand in it."""

    agent: str
    kind: str | None


@contextmanager
def installed() -> Iterator[list[Visitor]]:
    if not (PACKAGES / "user-agents").is_dir() or not (PACKAGES / "top-user-agents").is_dir():
        raise Missing("tests/account/node_modules not found: ./dev setup makes it with npm")
    rows = json.loads((PACKAGES / "user-agents/dist/user-agents.json").read_text("utf-8"))
    often = json.loads((PACKAGES / "top-user-agents/src/index.json").read_text("utf-8"))
    yield [Visitor(row["userAgent"], _kind(row)) for row in rows] + [Visitor(agent, None) for agent in often]


def _kind(row: dict[str, Any]) -> str | None:
    """None where it cannot be told: a robot's screen is a square, and it is on Linux whatever it says."""
    platform, screen = row["platform"], tuple(sorted((row["screenWidth"], row["screenHeight"])))
    if platform == "MacIntel":
        return None if screen[0] == screen[1] else "tablet" if screen in IPADS else "computer"
    if platform.startswith("Linux a"):
        return "phone" if screen[0] < 600 else "tablet"
    return {"iPhone": "phone", "iPad": "tablet", "Win32": "computer"}.get(platform)
