"""``./dev`` installs what its verb needs, once. Stand-ins for Python and npm write down what they are asked for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from signal import SIGKILL

import pytest

ROOT = Path(__file__).parent.parent.parent

PYTHON = """#!/bin/sh
echo "$*" >> calls
case "$*" in
    "-m venv"*) for last; do :; done; mkdir -p "$last/bin" && cp "$0" "$last/bin/python" ;;
    *install*) [ ! -e interrupted ] || kill -KILL 0; echo "no such index"; [ ! -e offline ] ;;
esac
"""
NPM = """#!/bin/sh
echo "npm $*" >> calls
mkdir "$3/node_modules"
"""
#: Who is not root installs no packages of the system.
ID = """#!/bin/sh
echo 1000
"""


class Clone:
    """A folder with ``dev`` in it, and what was done there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "dev", folder)
        (folder / "pyproject.toml").write_text("[project]")
        (folder / "tests/oidc").mkdir(parents=True)
        (folder / "tests/oidc/package.json").write_text("{}")
        self.stand_in("python", PYTHON)
        self.stand_in("id", ID)
        self.stand_in("npm", NPM)

    def stand_in(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def dev(self, *words: str) -> subprocess.CompletedProcess[str]:
        stand_ins = self.folder / "bin"
        env = {**os.environ, "PYTHON": str(stand_ins / "python"), "PATH": f"{stand_ins}:{os.environ['PATH']}"}
        command = [self.folder / "dev", *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, start_new_session=True)

    def calls(self) -> list[str]:
        """What the stand-ins were asked for since the last question."""
        calls = self.folder / "calls"
        asked = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return asked

    def made(self) -> list[str]:
        """What was made since: the environment, the app's packages, the tests' packages."""
        parts = {
            "-m venv": "venv",
            "install -e .[sso,i18n,images]": "app",
            "install --compile -e . --group dev": "tests",
            "npm install --prefix tests/oidc": "npm",
            "install -r tests/providers/requirements.txt": "providers",
        }
        return [part for call in self.calls() for words, part in parts.items() if words in call]


#: Starts the app where there are no modules but those that are asked for.
START = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1:]))
from example_app import create_app
print(create_app().test_client().get("/").status)
"""


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.mark.parametrize("words", [(), ("dance",)], ids=["no verb", "unknown verb"])
def test_without_a_verb_it_says_which_there_are(clone: Clone, words: tuple[str, ...]) -> None:
    answer = clone.dev(*words)
    assert answer.returncode == 2
    assert all(f"./dev {verb}" in answer.stderr for verb in ("run", "test", "setup"))
    assert clone.calls() == []


def test_run_installs_what_the_app_needs_and_starts_it(clone: Clone) -> None:
    answer = clone.dev("run", "--port", "5050")
    assert answer.returncode == 0, answer.stderr
    asked = clone.calls()
    assert not [call for call in asked if "--group" in call]
    assert asked[-1] == "-m flask --app example_app run --port 5050"


def test_what_run_installs_is_enough_for_the_app(tmp_path: Path) -> None:
    """Here everything is installed; in a new clone a setting of the app that needs one extra more ends its start."""
    found = re.search(r"-e '\.\[([\w,]+)]'", (ROOT / "dev").read_text())
    assert found
    extras = re.compile(r"extra == ['\"](\w+)")
    missing = set()
    for line in requires("Flask-MyProfile") or ():
        extra = extras.search(line)
        if extra and extra[1] not in found[1].split(","):
            missing.add(re.split(r"[^\w-]", line)[0].lower())
    modules = [name for name, by in packages_distributions().items() if missing & {each.lower() for each in by}]
    assert {"redis", "limits"} <= set(modules)
    command = [sys.executable, "-c", START, *modules]
    env = {**os.environ, "EXAMPLE_DATABASE": str(tmp_path / "acme.sqlite3")}
    answer = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.stdout == "200 OK\n", answer.stderr


def test_what_pip_says_is_left_out_when_it_has_done_its_work(clone: Clone) -> None:
    answer = clone.dev("run")
    assert "Installing" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""


def test_what_is_there_is_not_installed_again(clone: Clone) -> None:
    clone.dev("run")
    assert clone.made() == ["venv", "app"]
    clone.dev("run")
    assert clone.made() == []
    clone.dev("test")
    assert clone.made() == ["tests", "npm"]
    for verb in ("run", "test", "setup"):
        assert clone.dev(verb).returncode == 0
        assert clone.made() == [], verb


def test_other_requirements_are_installed_beside_what_is_there(clone: Clone) -> None:
    clone.dev("run")
    (clone.folder / "pyproject.toml").write_text("[project] # changed")
    clone.calls()
    clone.dev("run")
    assert clone.made() == ["app"]


def test_another_list_of_what_the_app_needs_is_installed(clone: Clone) -> None:
    clone.dev("run")
    script = clone.folder / "dev"
    script.write_text(script.read_text() + "# changed")
    clone.calls()
    clone.dev("run")
    assert clone.made() == ["app"]


def test_an_installation_that_fails_says_why_and_leaves_what_was_there(clone: Clone) -> None:
    clone.dev("run")
    (clone.folder / "offline").touch()
    answer = clone.dev("test")
    assert answer.returncode == 1
    assert "no such index" in answer.stderr
    clone.calls()
    assert clone.dev("run").returncode == 0
    assert clone.made() == []
    (clone.folder / "offline").unlink()
    assert clone.dev("test").returncode == 0
    assert clone.made() == ["tests", "npm"]


def test_an_installation_that_was_interrupted_is_begun_anew(clone: Clone) -> None:
    (clone.folder / "interrupted").touch()
    assert clone.dev("run").returncode == -SIGKILL
    half = clone.folder / ".venv" / "half a package"
    half.touch()
    (clone.folder / "interrupted").unlink()
    clone.calls()
    assert clone.dev("run").returncode == 0
    assert clone.made() == ["venv", "app"]
    assert not half.exists()


def test_an_environment_whose_python_has_gone_is_made_anew(clone: Clone) -> None:
    clone.dev("run")
    (clone.folder / ".venv/bin/python").unlink()
    clone.calls()
    assert clone.dev("run").returncode == 0
    assert clone.made() == ["venv", "app"]


def test_an_environment_of_somebody_else_is_kept(clone: Clone) -> None:
    clone.dev("run")
    (clone.folder / ".venv/stamp").unlink()
    theirs = clone.folder / ".venv" / "theirs"
    theirs.touch()
    clone.calls()
    clone.dev("run")
    assert clone.made() == ["app"]
    assert theirs.exists()


def test_programs_that_the_tests_ask_have_an_environment_of_their_own(clone: Clone) -> None:
    """Installed once, again when others are wanted; and where it fails, the other tests run all the same."""
    clone.dev("setup")
    wanted = clone.folder / "tests/providers/requirements.txt"
    wanted.parent.mkdir()
    wanted.write_text("canaille")
    clone.calls()
    for made in (["venv", "providers"], []):
        assert clone.dev("setup").returncode == 0
        assert clone.made() == made
    assert (wanted.parent / ".venv/bin/python").exists()
