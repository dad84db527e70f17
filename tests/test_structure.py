"""One word, everywhere: what is called "password" is so in the file, the URL, the template and the docs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from inspect import getsourcefile
from pathlib import Path
from typing import Any

import pytest

import flask_myprofile
from flask_myprofile import Tab
from flask_myprofile.config import settings
from flask_myprofile.tabs import BUILT_IN
from tests.host import Host

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "flask_myprofile"
TEMPLATES = sorted(PACKAGE.glob("templates/**/*.html")) + sorted((ROOT / "example_app").glob("templates/**/*.html"))
NAMES = ["personal_information", "preferences", "password", "api_token", "sessions"]
PAGES = [
    *(f"/profile/{name.replace('_', '-')}" for name in NAMES),
    "/profile/admin/features",
    "/profile/admin/sessions?user=admin",
]
CONFIRMATIONS = [
    "/profile/api-token/regenerate",
    "/profile/api-token/revoke",
    "/profile/sessions/sign-out-others",
    "/profile/admin/sessions/sign-out-all?user=admin",
]


def test_the_five_tabs_are_there_in_their_order() -> None:
    assert [tab.name for tab in BUILT_IN] == NAMES


@pytest.mark.parametrize("tab", BUILT_IN, ids=lambda tab: tab.name)
def test_a_tab_has_one_name_everywhere(tab: type[Tab], host: Host) -> None:
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
    for key, field in settings():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{key}`"))
        assert field.metadata["doc"] in row, f"{key}: the words of config.py"


def test_every_feature_is_documented(host: Host) -> None:
    text = (ROOT / "docs/features.md").read_text()
    known = {name for name in host.app.extensions["myprofile"].features._defaults if "." in name or name in NAMES}
    assert [name for name in sorted(known) if f"`{name}`" not in text] == []


def test_what_the_package_exports_is_documented() -> None:
    text = "".join(path.read_text() for path in (ROOT / "docs").glob("**/*.md"))
    public = [name for name in vars(flask_myprofile) if name[0].isupper() or name in {"action", "record_sso"}]
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
    assert {name: lines for name, lines in long.items() if lines > 310} == {}


# ---- what every page has to have


class Reader(HTMLParser):
    """What a page says of itself: its ids, and what refers to them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.refers: list[tuple[str, str]] = []
        self.tags: Counter[str] = Counter()
        self.root: dict[str, str | None] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        found = dict(attrs)
        if tag == "html":
            self.root = found
        if found.get("id"):
            self.ids.append(str(found["id"]))
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.refers += [(name, word) for word in (found.get(name) or "").split()]
        href = found.get("href") or ""
        if href.startswith("#"):
            self.refers.append(("href", href[1:]))


@pytest.fixture(params=["own layout", "host's layout"])
def admin_at(request: pytest.FixtureRequest, new_host: Callable[..., Host]) -> Iterator[Any]:
    """A browser of the administrator's, in the extension's own layout and in a small one of the host's."""
    from jinja2 import DictLoader

    layout = (
        '<!doctype html><html lang="en"><title>{% block title %}{% endblock %}</title>{% block head %}{% endblock %}'
        "{{ myprofile_user_menu() }}{% block content %}{% endblock %}</html>"
    )

    def own_layout(host: Host) -> None:
        host.app.jinja_loader = DictLoader({"host.html": layout})

    hosts = request.param == "host's layout"
    options = {"after": own_layout, "MYPROFILE_BASE_TEMPLATE": "host.html"} if hosts else {}
    browser = new_host(**options).browser()
    browser.login("admin")
    yield browser


def test_every_page_holds_together(admin_at: Any) -> None:
    """One heading, unique ids, and no label, description or link that leads nowhere; also where something is wrong."""
    answers = {path: admin_at.get(path) for path in PAGES}
    wrong = {"first_name": "", "last_name": "x" * 99, "language": "tlh", "current_password": "", "new_password": "a"}
    answers |= {f"{path} corrected": admin_at.post(path, wrong) for path in PAGES[:3]}
    answers["token"] = admin_at.post("/profile/api-token/regenerate")
    answers["api-token again"] = admin_at.get("/profile/api-token")
    answers |= {path: admin_at.get(path) for path in CONFIRMATIONS}
    for name, answer in answers.items():
        assert answer.status_code == (422 if "corrected" in name else 200), name
        page = Reader(answer.text)
        assert page.tags["h1"] == 1, name
        assert page.tags["title"] == 1, name
        assert page.root.get("lang") == "en", name
        assert [i for i, times in Counter(page.ids).items() if times > 1] == [], name
        # the layout of the host has no "myprofile" to jump to but ours
        assert [ref for ref in page.refers if ref[1] not in page.ids] == [], name
        assert answer.headers["Cache-Control"] == "no-store", name
