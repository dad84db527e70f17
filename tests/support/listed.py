"""Lists that say which tests hold what: read from a file, and each test in them looked up."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path
from typing import Any


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def function_of(node: str) -> tuple[Any, Any]:
    """The module and the function that a test's address stands for."""
    file, _, name = node.partition("::")
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    return module, getattr(module, name)
