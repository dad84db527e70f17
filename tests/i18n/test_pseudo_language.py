"""The pages in a language that nobody speaks: it shows what does not go through the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from babel.messages.catalog import Catalog

from example_app.accounts import DEMO_ACCOUNTS
from flask_myprofile.i18n import languages, translation
from tests.support.host import Host, token_in
from tests.support.live import example
from tests.support.spoken import check_language
from tests.support.states import answers, pages, somebody_busy
from tests.support.walks import all_tabs
from tools.translations import EXAMPLE, PACKAGE, Part, compile_to, messages, texts

ZONES = available_timezones()


def marked_to(folder: Path, part: Part) -> None:
    """Esperanto, in which every text is the English one in brackets."""
    marked = Catalog("eo")
    for message in messages(part.extracted()):
        forms = [f"⟦{text}⟧" for text in texts(message.id)]
        marked.add(message.id, forms if message.pluralizable else forms[0])
    compile_to(folder / "eo" / "LC_MESSAGES" / f"{part.domain}.mo", marked)


@pytest.fixture
def pseudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    marked_to(tmp_path, PACKAGE)
    monkeypatch.setattr(languages, "TRANSLATIONS", tmp_path)
    translation.texts_in.cache_clear()
    yield "eo"
    translation.texts_in.cache_clear()


class Unmarked(HTMLParser):
    """Collects what a person reads, or hears, that is neither in brackets nor somebody's data."""

    VOID = frozenset({"input", "meta", "link", "img", "br", "hr", "use", "path", "circle", "rect", "line"})
    DATA = frozenset({"script", "style", "time", "code", "pre", "bdi", "svg", "textarea"})
    DATA_CLASSES = frozenset({"mp-ltr", "mp-avatar"})
    SAID = ("aria-label", "title", "placeholder", "alt")
    SAID_BY_SCRIPTS = ("data-show", "data-hide", "data-done", "data-fail", "data-said", "data-some", "data-none")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.brackets = 0
        self.open: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        for name in (*self.SAID, *self.SAID_BY_SCRIPTS):
            if re.search(r"\w", values.get(name, "")) and not values[name].startswith("⟦"):
                self.found.append(f"{tag}[{name}={values[name]}]")
        if tag not in self.VOID:
            classes = set(values.get("class", "").split())
            is_foreign = "lang" in values and tag != "html"
            is_zone = tag == "option" and values.get("value") in ZONES
            is_data = tag in self.DATA or bool(classes & self.DATA_CLASSES) or is_foreign or is_zone
            self.open.append((tag, is_data))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any(is_data for _, is_data in self.open):
            return
        outside = ""
        for letter in data:
            self.brackets += (letter == "⟦") - (letter == "⟧")
            outside += letter if self.brackets == 0 else ""
        if re.search(r"[^\W\d_]", outside):
            self.found.append(data.strip())


def check_marked(answer: Any, what: str) -> None:
    if answer.mimetype == "text/html":
        check_language(answer, "eo", what)
        assert Unmarked(answer.text).found == [], what
    else:
        assert [text for text in sentences_of(answer.json) if not text.startswith("⟦")] == [], what


def sentences_of(body: Any) -> Iterator[str]:
    """What a program may show to a person."""
    yield from (body[name] for name in ("title", "detail", "message") if name in body)
    for texts_of_field in body.get("errors", {}).values():
        yield from texts_of_field


def test_every_text_of_every_page_goes_through_the_catalogue(pseudo: str, new_host: Callable[..., Host]) -> None:
    settings = {"MYPROFILE_LANGUAGES": (pseudo, "en"), "MYPROFILE_APP_NAME": "⟦Acme⟧"}
    host = new_host(**settings, myprofile_options=all_tabs())
    admin = somebody_busy(host, pseudo)
    for what, answer in (*pages(admin), *answers(host, admin)):
        if answer.status_code != 404:  # "Not Found" is the host's page, and HTTP's own word
            check_marked(answer, what)


def test_so_does_every_text_of_the_example_app(pseudo: str, tmp_path: Path) -> None:
    marked_to(tmp_path, EXAMPLE)
    names = {"Acme Analytics", "Demo SSO", *(f"{one.first_name} {one.last_name}" for one in DEMO_ACCOUNTS)}
    asked = {"Accept-Language": pseudo}
    with example(tmp_path, BABEL_TRANSLATION_DIRECTORIES=str(tmp_path), MYPROFILE_LANGUAGES=(pseudo, "en")) as app:
        maya = app.test_client()
        sent = {"csrf_token": token_in(maya.get("/sign-in").text), "identifier": "maya"}
        seen = [maya.get(url, headers=asked) for url in ("/", "/sign-in", "/demo-idp/account")]
        seen.append(maya.post("/sign-in", data=sent, headers=asked))
        assert maya.post("/sign-in", data={**sent, "password": "maya-demo-password"}).status_code == 303
        seen += [maya.get(url, headers=asked) for url in ("/dashboard", "/api", "/profile/notifications")]
        for answer in seen:
            found = [re.sub("|".join(names), "", text) for text in Unmarked(answer.text).found]
            assert [text for text in found if Unmarked(text).found] == []


def test_a_text_that_does_not_would_be_found() -> None:
    html = '<html lang="eo"><p title="Tip">⟦In <b>⟦both⟧</b> of⟧ <b>Out</b> <bdi>Ada</bdi> 3 <i lang="de">Hallo</i></p>'
    assert Unmarked(html).found == ["p[title=Tip]", "Out"]
