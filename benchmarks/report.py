"""The tables, as Markdown, and the lines above them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("Flask", "Werkzeug", "Flask-Login", "Flask-SQLAlchemy", "SQLAlchemy", "Flask-Session", "psycopg", "redis")


def head() -> str:
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    return f"Python {platform.python_version()}, {os.cpu_count()} CPUs; {libraries}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


#: What was measured, by its name; of times also the middle half of the rounds.
figures: dict[str, list[float]] = {}


def note(name: str, value: float, low: float | None = None, high: float | None = None) -> None:
    """Keep it, so that a later run can be compared with this one."""
    figures[name] = [value, value if low is None else low, value if high is None else high]


def keep(file: Path) -> None:
    """Write down what was measured."""
    file.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def compare(before: Mapping[str, list[float]]) -> str:
    """What was measured now, beside what was then. A difference within the middle half of either is none."""
    rows = []
    for name, (value, low, high) in figures.items():
        if name in before:
            was, was_low, was_high = before[name]
            is_noise = was_low <= value <= was_high or low <= was <= high
            said = "within the noise" if is_noise else f"{value / was - 1:+.1%}" if was else ""
            rows.append([name, f"{was:.3f}", f"{value:.3f}", said])
    return table(("compared with the run that was kept", "then", "now", "difference"), rows)


def say(text: str) -> None:
    print(text, flush=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a row that is shorter than the head is filled up."""
    full = [[*row, *[""] * (len(heads) - len(row))] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in full) for column in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (full[0], rule, *full[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
