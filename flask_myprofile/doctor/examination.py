"""Carries out the checks. One that fails is a fault itself, and keeps no other from being done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from ..account.text import printable
from ..errors import SetupError, StoreDown
from ..store.database_errors import reason
from .checks import CHECKS, Check
from .findings import FAULT, NOTE, Finding, fault

_LONGEST = 400


class Line(NamedTuple):
    """What one check has found, as it is printed and shown."""

    check: str
    level: str
    text: str
    change: str
    page: str


def examine(*, cheap: bool = False) -> list[Line]:
    """:param cheap: only the checks that ask nobody."""
    chosen = [check for check in CHECKS if not (cheap and check.asks)]
    return [
        Line(check.name, found.level, printable(found.text, _LONGEST), printable(found.change, _LONGEST), check.page)
        for check in chosen
        for found in _findings(check)
    ]


def count(lines: Iterable[Line]) -> tuple[int, int]:
    """How many faults there are, and how many notes."""
    levels = Counter(line.level for line in lines)
    return levels[FAULT], levels[NOTE]


def as_json(lines: Sequence[Line]) -> dict[str, Any]:
    faults, notes = count(lines)
    return {"faults": faults, "notes": notes, "checks": [line._asdict() for line in lines]}


def in_words(lines: Sequence[Line]) -> str:
    faults, notes = count(lines)
    return f"{faults} {'fault' if faults == 1 else 'faults'}, {notes} {'note' if notes == 1 else 'notes'}"


def _findings(check: Check) -> Iterator[Finding]:
    try:
        yield from check.examine()
    except (SetupError, StoreDown) as error:
        yield fault(str(error), "Put that right first.")
    except SQLAlchemyError as error:
        yield fault(f"The database says: {reason(error)}", "Put that right first.")
    except Exception as error:  # of the host's code; what it says may be secret
        yield fault(f"This cannot be checked: {failure(error)}.", "Mend what fails there.")


def failure(error: BaseException) -> str:
    """Which error, and where it was raised, without what it says."""
    where = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
