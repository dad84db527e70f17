"""One word, everywhere: what is called "password" is so in the file, the URL, the template and the docs."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from inspect import getsourcefile
from pathlib import Path

import pytest

import flask_myprofile
from flask_myprofile import DeleteMyAccount, DownloadMyData, Tab, Users
from flask_myprofile.config import settings
from flask_myprofile.tabs import BUILT_IN
from tests.support.host import Host

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "flask_myprofile"
TEMPLATES = sorted(PACKAGE.glob("templates/**/*.html")) + sorted((ROOT / "example_app").glob("templates/**/*.html"))
READY_MADE = (DownloadMyData, DeleteMyAccount)
NAMES = ["personal_information", "preferences", "password", "api_token", "sessions", "activity"]


def test_the_tabs_are_there_in_their_order() -> None:
    assert [tab.name for tab in BUILT_IN] == NAMES


@pytest.mark.parametrize("tab", (*BUILT_IN, *READY_MADE), ids=lambda tab: tab.name)
def test_a_tab_has_one_name_everywhere(tab: type[Tab], new_host: Callable[..., Host]) -> None:
    host = new_host(myprofile_options={"tabs": READY_MADE, "users": Users(delete=lambda user: None)})
    name, slug = tab.name, tab.name.replace("_", "-")
    assert tab.__module__ == f"flask_myprofile.tabs.{name}"
    assert Path(getsourcefile(tab) or "").name == f"{name}.py"
    assert tab.__name__ == name.title().replace("_", "")
    assert (PACKAGE / f"templates/myprofile/tabs/{name}.html").is_file()
    assert (ROOT / f"docs/tabs/{name}.md").is_file()
    rules = {rule.rule: rule for rule in host.app.url_map.iter_rules() if rule.endpoint == f"myprofile.{name}"}
    assert list(rules) == [f"/profile/{slug}"]
    profile = host.app.extensions["myprofile"]
    assert profile.tabs[name].__class__ is tab
    with host.app.test_request_context():
        assert isinstance(profile.features[name], bool)
    for action in tab.actions.values():
        if action.name != "save":
            (rule,) = host.app.url_map.iter_rules(f"myprofile.{name}_{action.name}")
            assert rule.rule == f"/profile/{slug}/{action.name.replace('_', '-')}"


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    documented = re.findall(r"^\| `(MYPROFILE_\w+)`", text, re.MULTILINE)
    assert sorted(documented) == sorted(key for key, _ in settings()), "each once, and none that is not there"
    for key, stated in settings():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{key}`"))
        assert stated.doc in row, f"{key}: the words of config.py"


def test_every_feature_is_documented(host: Host) -> None:
    text = (ROOT / "docs/features.md").read_text()
    known = {name for name in host.app.extensions["myprofile"].features._defaults if "." in name or name in NAMES}
    assert [name for name in sorted(known) if f"`{name}`" not in text] == []


def test_what_the_package_exports_is_documented() -> None:
    text = "".join(path.read_text() for path in (ROOT / "docs").glob("**/*.md"))
    public = [name for name in dir(flask_myprofile) if name[0].isupper() or name in {"action", "record_sso"}]
    assert [name for name in public if name not in text] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_needs_nothing_that_a_strict_policy_forbids(path: Path) -> None:
    """Content-Security-Policy without 'unsafe-inline': no style, no handler, no script of its own."""
    text = path.read_text()
    assert re.findall(r"<[^>]*\s(?:style|on[a-z]+)\s*=\s*[\"'{]", text) == []
    assert re.findall(r"<style|javascript:|srcdoc", text, re.IGNORECASE) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", text) == []
    assert re.findall(r"(?:src|href|action)=[\"'](?:https?:)?//", text) == [], "nothing from another site"


def test_the_script_needs_no_eval() -> None:
    for path in PACKAGE.glob("static/*.js"):
        assert re.findall(r"\beval\(|new Function|innerHTML|document\.write|\.style\b", path.read_text()) == [], path


def test_no_file_is_longer_than_one_reads() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PACKAGE.glob("**/*.py")}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_no_function_is_longer_than_one_reads_in_one_breath() -> None:
    functions = [
        (path.name, node)
        for path in PACKAGE.glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    long = {f"{name}: {node.name}": node.end_lineno - node.lineno + 1 for name, node in functions if node.end_lineno}
    assert {name: lines for name, lines in long.items() if lines > 40} == {}


def test_no_room_takes_a_private_name_of_another() -> None:
    """What begins with an underscore is its module's own."""
    taken = {
        f"{path.relative_to(PACKAGE)}: {alias.name}"
        for path in PACKAGE.glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
        if alias.name.startswith("_")
    }
    assert taken == set()
