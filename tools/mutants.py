"""Do the tests bite? Small faults are put into a copy of the package, one at a time, and for each some test must fail.

    .venv/bin/python tools/mutants.py                 60 faults, the same each time
    .venv/bin/python tools/mutants.py --seed 7 --number 20 --only auth/guard.py

Prints each fault that no test has noticed. Outside CI: it takes about twenty minutes on two cores.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "flask_myprofile"
#: What decides who gets in and what holds, and the tests that are nearest to it: tried first, then all of them.
TARGETS = {
    "auth/guard.py": "tests/auth",
    "auth/session_fallbacks.py": "tests/auth",
    "auth/owner_check.py": "tests/auth",
    "auth/answer_cookies.py": "tests/auth",
    "auth/sign_in.py": "tests/auth",
    "auth/remember_me.py": "tests/auth",
    "auth/bearer.py": "tests/auth",
    "account/session_registry.py": "tests/auth",
    "account/sessions.py": "tests/account",
    "account/tokens.py": "tests/tabs",
    "account/passwords.py": "tests/tabs",
    "account/user_passwords.py": "tests/account",
    "account/password_throttle.py": "tests/account",
    "account/pending_forms.py": "tests/pages",
    "account/single_logout.py": "tests/sso",
    "features.py": "tests/admin",
    "pages/access.py": "tests/pages",
    "pages/csrf.py": "tests/pages",
    "sso/detection.py": "tests/sso",
    "sso/logout_token.py": "tests/sso",
    "sso/step_up.py": "tests/sso",
}
_SWAPS: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: ">=",
    ast.LtE: ">",
    ast.Gt: "<=",
    ast.GtE: "<",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_COPIED = ("flask_myprofile", "tests", "example_app", "tools", "docs", "benchmarks", "pyproject.toml", "README.md")


class Mutant(NamedTuple):
    """``new`` in the place of ``old``, which stands at ``offset`` of the file."""

    file: str
    line: int
    offset: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {_short(self.old)}  ->  {_short(self.new)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) < 90 else line[:87] + "…"


def mutants_of(file: str) -> Iterator[Mutant]:
    """Every fault that this tool knows how to put into the file."""
    source = (PACKAGE / file).read_text(encoding="utf-8")
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    raw = source.encode()
    for node in ast.walk(ast.parse(source)):
        if not hasattr(node, "lineno"):
            continue
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        old = raw[begin:end].decode()
        for new in _instead_of(node, source):
            if new != old:
                yield Mutant(file, node.lineno, begin, old, new)


def _instead_of(node: ast.AST, source: str) -> Iterator[str]:
    def text(part: ast.AST) -> str:
        return ast.get_source_segment(source, part) or ""

    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield f"{text(left)} {_SWAPS[type(op)]} {text(right)}"
        case ast.BoolOp(op=op, values=values):
            word = " or " if isinstance(op, ast.And) else " and "
            yield "(" + word.join(f"({text(value)})" for value in values) + ")"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"bool({text(operand)})"
        case ast.IfExp(test=_, body=body, orelse=orelse):
            yield f"({text(orelse)})"
            yield f"({text(body)})"
        case ast.Return(value=ast.Constant(value=bool(value))):
            yield f"return {not value}"
        case ast.Expr(value=ast.Call()):
            yield "pass"
        case ast.Raise():
            yield "pass"


def chosen(number: int, seed: int, only: str | None) -> list[Mutant]:
    """So many faults, spread over the files, the same ones for the same seed."""
    pick = random.Random(seed)  # noqa: S311 (nothing secret)
    files = [name for name in TARGETS if only in (None, name) and (PACKAGE / name).exists()]
    piles = {name: pick.sample(found := list(mutants_of(name)), len(found)) for name in files}
    taken: list[Mutant] = []
    while len(taken) < number and any(piles.values()):
        taken += [pile.pop() for pile in piles.values() if pile]
    return taken[:number]


def copy_tree(target: Path) -> None:
    for name in _COPIED:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(
                origin, target / name, symlinks=True, ignore=shutil.ignore_patterns("_build", "__pycache__")
            )
        else:
            shutil.copy(origin, target / name)


def is_noticed(mutant: Mutant, tree: Path, services: bool) -> bool:
    """Whether a test fails with this fault in it."""
    path = tree / "flask_myprofile" / mutant.file
    sound = path.read_bytes()
    broken = sound[: mutant.offset] + mutant.new.encode() + sound[mutant.offset + len(mutant.old.encode()) :]
    path.write_bytes(broken)
    try:
        return any(_fails(tree, tests, services) for tests in (TARGETS[mutant.file], "tests"))
    finally:
        path.write_bytes(sound)


def _fails(tree: Path, tests: str, services: bool) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", tests]
    if not services:
        command += ["-k", "not postgres and not mariadb and not redis", "--ignore=tests/browser"]
        command += ["--ignore=tests/oidc", "--ignore=tests/html", "--ignore=tests/hosts"]
    environ = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=tree, env=environ, capture_output=True, check=False)  # noqa: S603 (no input)
    return ended.returncode != 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--only", choices=TARGETS, help="one file")
    parser.add_argument("--services", action="store_true", help="with the databases, browsers and providers as well")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="mp-mutants-") as folder, ThreadPoolExecutor(given.jobs) as pool:
        trees: Queue[Path] = Queue()
        for number in range(given.jobs):
            trees.put(Path(folder) / str(number))
            copy_tree(Path(folder) / str(number))
        if _fails(Path(folder) / "0", "tests/auth", given.services):
            print("The tests fail without any fault: nothing can be said.")
            return 2

        def attempt(mutant: Mutant) -> None:
            tree = trees.get()
            try:
                noticed = is_noticed(mutant, tree, given.services)
            finally:
                trees.put(tree)
            print("noticed " if noticed else "SURVIVED", mutant, flush=True)
            if not noticed:
                survivors.append(mutant)

        mutants = chosen(given.number, given.seed, given.only)
        list(pool.map(attempt, mutants))
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} faults noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
