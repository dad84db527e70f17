# ruff: noqa: S603 (what is run is named here)
"""Tests the Python versions that are on this machine, with the lowest and the newest versions of what is depended on.

    .venv/bin/python tools/versions.py               # prints the table of docs/versions.md; some ten minutes
    .venv/bin/python tools/versions.py 3.12 -- tests/auth -x      # one Python; what follows -- goes to pytest

The lowest are those that ``pyproject.toml`` names; what these depend on in turn is as new as it may be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tomllib

ROOT = Path(__file__).parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
EXTRAS = ("argon2", "sso", "i18n", "redis", "geoip")
#: What the tests need besides; as new as it is.
TOOLS = (
    *("pytest>=8", "pytest-flask>=1.3", "pytest-xdist", "hypothesis", "playwright<1.65"),
    *("Flask-Migrate>=4.0", "Flask-Session>=0.8", "cachelib"),
)
#: What touches each of the packages that are depended on. No services: these are in every run of the tests.
TESTS = (
    *(f"tests/tabs/test_{name}.py" for name in ("sessions", "sessions_places", "password", "api_token")),
    *(f"tests/tabs/test_{name}.py" for name in ("preferences", "preferences_timezone", "personal_information")),
    *("tests/account/test_stored_passwords.py", "tests/auth/test_revocation.py"),
    *(f"tests/extension/test_{name}.py" for name in ("app_factory", "cli", "smoke")),
)
WITHOUT_SERVICES = ("-q", "-n", "2", "-k", "not postgres and not mariadb and not redis and not flask_security")
SHOWN = ("Flask", "Flask-Login", "Flask-SQLAlchemy", "SQLAlchemy", "Flask-WTF", "WTForms", "Authlib")


def interpreters(wanted: list[str]) -> Iterator[tuple[str, Path | None]]:
    """Each version with a Python of it, from the path or from pyenv, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for each in wanted:
        on_path = shutil.which(f"python{each}")
        found = [Path(on_path)] if on_path else []
        found += sorted(pyenv.glob(f"{each}.*/bin/python{each}"), reverse=True)
        yield each, next((path for path in found if _runs(path)), None)


def _runs(python: Path) -> bool:
    return subprocess.run([python, "-c", "import ssl, sqlite3"], capture_output=True, check=False).returncode == 0


def requirements(lowest: bool) -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = [line for extra in EXTRAS for line in project["optional-dependencies"][extra]]
    wanted = [*project["dependencies"], *extras]
    return [line.replace(">=", "==", 1) if lowest else line for line in wanted]


def run(python: Path, lowest: bool, pytest: list[str]) -> tuple[list[str], str]:
    """The versions that were installed, and how pytest ended."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        own = f"{folder}/bin/python"
        install = [own, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        done = subprocess.run([*install, *requirements(lowest), *TOOLS], capture_output=True, text=True, check=False)
        if done.returncode:
            return [], "cannot be installed: " + (done.stderr.strip().splitlines() or ["?"])[-1]
        ask = f"from importlib.metadata import version; print(*map(version, {SHOWN!r}))"
        installed = subprocess.run([own, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
        ended = subprocess.run([own, "-m", "pytest", *pytest], cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode:
            print(ended.stdout[-4000:], ended.stderr[-2000:], file=sys.stderr)
        return installed, (ended.stdout.strip().splitlines() or ["nothing was said"])[-1].strip("= ")


def main() -> None:
    own, _, rest = " ".join(sys.argv[1:]).partition("--")
    pytest = [*WITHOUT_SERVICES, *(rest.split() or TESTS)]
    print("| Python | Dependencies |", " | ".join(SHOWN), "| Result |", flush=True)
    print("| --- " * (len(SHOWN) + 3) + "|", flush=True)
    for name, python in interpreters(own.split() or list(VERSIONS)):
        for lowest in (True, False):
            kind = "lowest" if lowest else "newest"
            if python is None:
                print(f"| {name} | {kind} |", "| " * len(SHOWN), "not on this machine |", flush=True)
                continue
            installed, result = run(python, lowest, pytest)
            print(f"| {name} | {kind} |", " | ".join(installed or ["" for _ in SHOWN]), f"| {result} |", flush=True)


if __name__ == "__main__":
    main()
