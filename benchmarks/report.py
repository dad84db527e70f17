"""The tables, as Markdown, and the lines above them."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

_LIBRARIES = ("Flask", "Werkzeug", "Flask-Login", "Flask-SQLAlchemy", "SQLAlchemy", "Flask-Session", "psycopg", "redis")


def head() -> str:
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    return f"Python {platform.python_version()}, {os.cpu_count()} CPUs; {libraries}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def say(text: str) -> None:
    print(text, flush=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a row that is shorter than the head is filled up."""
    full = [[*row, *[""] * (len(heads) - len(row))] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in full) for column in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (full[0], rule, *full[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
