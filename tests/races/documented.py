"""The table of outcomes as the documentation has it: ``python -m tests.races.documented`` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.races.actions import ACTIONS
from tests.races.table import APART, TABS, Outcome, has_tabs, outcome, pairs


def table() -> str:
    """Row by row: one action, those at once with which the same comes of it, and what that is."""
    head = ["| First | Second | In two browsers | In two tabs of one |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *_rows()])


def _rows() -> Iterator[str]:
    names, stated = list(ACTIONS), set(pairs())
    for number, first in enumerate(names):
        found: dict[tuple[Outcome, Outcome | None], list[str]] = {}
        for second in [each for each in names[number:] if (first, each) in stated]:
            tabs = outcome(first, second, TABS) if has_tabs(first, second) else None
            found.setdefault((outcome(first, second, APART), tabs), []).append(ACTIONS[second].words)
        for (apart, tabs), seconds in found.items():
            words = ACTIONS[first].words
            said = "The same." if tabs == apart else tabs.sentence if tabs else ""
            yield f"| {words[0].upper()}{words[1:]} | {', '.join(seconds)} | {apart.sentence} | {said} |"


if __name__ == "__main__":
    print(table())
