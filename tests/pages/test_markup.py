"""What every page has to have: read from its HTML, without a browser."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import DictLoader

from tests.support.host import Browser, Host
from tests.support.pages import every_page

#: What browsers and password managers fill in by.
FILLED_IN = {
    "first_name": "given-name",
    "last_name": "family-name",
    "username": "username",
    "email": "email",
    "phone": "tel",
    "current_password": "current-password",
    "new_password": "new-password",
    "confirm_password": "new-password",
}
FORBIDDEN = re.compile(
    r"<[^>]*\s(?:style|on[a-z]+|srcdoc)\s*=|<(?:style|iframe|object)|javascript:|\bdata:", re.IGNORECASE
)


class Reader(HTMLParser):
    """What a page says of itself: its ids, and what refers to them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.refers: list[tuple[str, str]] = []
        self.tags: Counter[str] = Counter()
        self.root: dict[str, str | None] = {}
        self.fields: list[dict[str, str | None]] = []
        self.summary = re.findall(r'href="#([^"]+)"', _summary_of(html))
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        found = dict(attrs)
        if tag == "html":
            self.root = found
        if tag in {"input", "select", "textarea"}:
            self.fields.append(found)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.refers += [(name, word) for word in (found.get(name) or "").split()]
        href = found.get("href") or ""
        if href.startswith("#"):
            self.refers.append(("href", href[1:]))


def _summary_of(html: str) -> str:
    return html.partition("mp-summary-title")[2].partition("</ul>")[0]


@pytest.fixture(params=["own layout", "host's layout"])
def admin_at(request: pytest.FixtureRequest, new_host: Callable[..., Host]) -> Iterator[Any]:
    """A browser of the administrator's, in the extension's own layout and in a small one of the host's."""
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


def test_every_page_holds_together(admin_at: Browser) -> None:
    """One heading, unique ids, and no label, description or link that leads nowhere; also where something is wrong."""
    for name, answer in every_page(admin_at).items():
        assert answer.status_code == (422 if "corrected" in name else 200), name
        page = Reader(answer.text)
        assert page.tags["h1"] == 1, name
        assert page.tags["title"] == 1, name
        assert page.root.get("lang") == "en", name
        assert [i for i, times in Counter(page.ids).items() if times > 1] == [], name
        # the layout of the host has no "myprofile" to jump to but ours
        assert [ref for ref in page.refers if ref[1] not in page.ids] == [], name
        assert answer.headers["Cache-Control"] == "no-store", name


def test_no_page_has_what_a_strict_policy_forbids(admin_at: Browser) -> None:
    """B31: nothing inline, no picture within the page, and nothing from another site."""
    for name, answer in every_page(admin_at).items():
        assert FORBIDDEN.findall(answer.text) == [], name
        assert re.findall(r"<script(?![^>]*\ssrc=)", answer.text) == [], name
        assert re.findall(r'(?:src|href|action)="(?!/(?!/)|[?#])[^"]*"', answer.text) == [], name


def test_browsers_and_password_managers_know_what_belongs_where(admin_at: Browser) -> None:
    """B80: also whose password it is, which is in the form though nobody has to read it."""
    seen = set()
    for name, answer in every_page(admin_at).items():
        for field in Reader(answer.text).fields:
            wanted = FILLED_IN.get(str(field.get("name")))
            if wanted:
                assert field.get("autocomplete") == wanted, (name, field)
                seen.add(field["name"])
        if 'type="password"' in answer.text:
            form = re.search(r'<form[^>]*>(?:(?!</form>).)*type="password".*?</form>', answer.text, re.DOTALL)
            assert form
            assert re.search(r'name="username" value="admin" autocomplete="username"', form[0]), name
    assert seen == {*FILLED_IN}


def test_exactly_the_fields_that_are_wrong_say_so(admin_at: Browser) -> None:
    """B80: by aria-invalid and a description; and the summary links to them, with the same words."""
    for name, answer in every_page(admin_at).items():
        page = Reader(answer.text)
        wrong = {field["id"] for field in page.fields if field.get("aria-invalid")}
        described = {field["id"] for field in page.fields if "-error" in (field.get("aria-describedby") or "")}
        assert wrong == described, name
        assert wrong == set(page.summary), name
        assert bool(wrong) is ("corrected" in name), name
        assert answer.text.count('role="alert"') == int("corrected" in name), name
        says_something = "corrected" in name or name in ("saved", "token", "who is there")
        assert answer.text.count("data-mp-focus") == int(says_something), name
        title = re.search(r"<title>\s*(.*?)\s*</title>", answer.text, re.DOTALL)
        assert title
        assert title[1].startswith("Error: ") is ("corrected" in name), name
        for field in page.summary if wrong else ():
            said = re.search(rf'href="#{field}">([^<]+)</a>', answer.text)
            assert said
            assert f"</span>{said[1]}</span>" in answer.text, name


def test_two_buttons_of_one_name_say_what_each_is_for(admin_at: Browser, request: pytest.FixtureRequest) -> None:
    """B80: each "Sign out" of a list names the session that it ends."""
    other = Browser(admin_at.client.application.test_client())
    other.login("admin")
    for path in ("/profile/sessions", "/profile/admin/sessions?user=admin"):
        html = admin_at.get(path).text
        described = re.findall(r'<button[^>]*aria-describedby="([^"]+)">Sign out[^<]*</button>', html)
        assert len(described) == len(set(described)) == 2, path
        assert len(re.findall(r'<button class="mp-btn[^>]*>Sign out[^<]*</button>', html)) == 2, path
