"""The user menu on the host's pages: whose it is, where it leads, and that it never breaks the page it is on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_login
import pytest
from babel.support import LazyProxy
from flask import render_template_string

from flask_myprofile import Users
from flask_myprofile.errors import SetupError
from tests.support.host import Host, signed_in

MENU = "<nav>{{ myprofile_user_menu() }}</nav>"
ADMIN = ("/profile/admin/features", "/profile/admin/sessions")


def menu_of(html: str) -> str:
    found = re.search(r'<details class="mp mp-menu"[^>]*>.*?</details>', html, re.S)
    assert found, "no user menu"
    return found[0]


def links(html: str) -> dict[str, bool]:
    """Where the menu leads -> whether that is said to be the current page."""
    tags = re.findall(r'<a href="([^"]+)"([^>]*)>', menu_of(html))
    return {url: 'aria-current="page"' in rest for url, rest in tags}


def avatar(html: str) -> str:
    found = re.search(r'<span class="mp-avatar[^>]*>(.*?)</span>', menu_of(html), re.S)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("first", "last", "initials"),
    [
        ("Alice", "Test", "AT"),
        ("anna maria", "von der Heide", "AH"),
        ("Alice", "", "A"),
        ("", "", "A"),
        ("élodie", "ølsen", "ÉØ"),
        ("小林", "", "小"),
        ("<b>", '"x', "&lt;&#34;"),
        ("  ", " ", "A"),
    ],
)
def test_without_a_picture_the_menu_shows_initials(first: str, last: str, initials: str, host: Host) -> None:
    """Of the first and the last word of the name, whatever the script; without a name, of the user name."""
    host.sql("UPDATE user SET first_name = :first, last_name = :last WHERE id = 1", first=first, last=last)
    assert avatar(signed_in(host).get("/menu").text) == initials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://pictures.test/a.png?s=1&x=2", True),
        ("http://pictures.test/a.png", True),
        ("/static/a.png", True),
        ("javascript:alert(1)", False),
        ("data:image/svg+xml,<svg onload=alert(1)>", False),
        (" javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("a.png", False),
        ("", False),
    ],
)
def test_a_picture_is_shown_only_from_an_address_that_pictures_have(
    address: str, shown: bool, new_host: Callable[..., Host]
) -> None:
    host = new_host(myprofile_options={"users": Users(fields={"avatar_url": lambda user: address})})
    for url in ("/menu", "/profile/personal-information"):
        page = signed_in(host).get(url).text
        if shown:
            assert f'<img src="{address.replace("&", "&amp;")}"' in avatar(page)
            assert 'referrerpolicy="no-referrer"' in avatar(page), "who looks at it is nobody's business"
        else:
            assert avatar(page) == "AT"
            assert not address.strip() or address.strip() not in page


def test_the_menu_has_a_link_for_admins_only_and_a_way_out_for_all(host: Host) -> None:
    for name, expected in (("alice", ["/profile/"]), ("admin", ["/profile/", *ADMIN])):
        browser = signed_in(host, name)
        html = browser.get("/menu").text
        assert list(links(html)) == expected
        assert f"{name}@x.test" in menu_of(html)
        assert f"Account menu for {name.capitalize()} Test" in menu_of(html)
        token = re.search(r'name="csrf_token" value="([^"]+)"', menu_of(html))
        assert token
        assert 'action="/profile/sign-out"' in menu_of(html)
        assert browser.client.post("/profile/sign-out", data={"csrf_token": token[1]}).status_code == 303
        assert not browser.is_in()
        assert browser.get("/menu").text == "<nav></nav>"


@pytest.mark.parametrize(
    ("url", "current"),
    [
        ("/menu", None),
        ("/profile/personal-information", "/profile/"),
        ("/profile/sessions", "/profile/"),
        ("/profile/api-token/regenerate", "/profile/"),
        ("/profile/admin/features", "/profile/admin/features"),
    ],
)
def test_the_menu_says_which_page_one_is_on(url: str, current: str | None, host: Host) -> None:
    html = signed_in(host, "admin").get(url).text
    assert [link for link, here in links(html).items() if here] == ([current] if current else [])
    button = re.search(r"<summary[^>]*>.*?</summary>", menu_of(html), re.S)
    assert button
    on_profile = current == "/profile/"
    assert ('aria-current="true"' in button[0]) is on_profile, "the icon changes on the profile's pages"
    assert ("is-current" in button[0]) is on_profile


@pytest.mark.parametrize("gone", ["myprofile_feature", "every table"])
def test_the_menu_breaks_no_page_where_tables_are_missing(gone: str, new_host: Callable[..., Host]) -> None:
    """B02: on an error page above all. Without toggles it has no links, but the way out is there."""

    def after(host: Host) -> None:
        host.app.register_error_handler(503, lambda error: (render_template_string("down" + MENU), 503))

    host = new_host(after=after)
    admin, tables = signed_in(host, "admin"), ("feature", "token", "preference", "guess", "session")
    for table in tables if gone == "every table" else ["feature"]:
        host.sql(f"DROP TABLE myprofile_{table}")
    answer = admin.get("/menu")
    if gone == "every table":
        assert (answer.status_code, answer.text) == (200, "<nav></nav>"), "nobody is known to be signed in"
        assert (admin.get("/page").status_code, admin.get("/page").text) == (503, "down<nav></nav>")
    else:
        assert answer.status_code == 200
        assert links(answer.text) == {}
        assert 'action="/profile/sign-out"' in menu_of(answer.text)
        page = admin.get("/profile/sessions")
        assert page.status_code == 503
        assert links(page.text) == {}


def test_the_menu_brings_its_style_and_script_to_pages_of_the_host(new_host: Callable[..., Host]) -> None:
    """And not twice to pages of the extension, which have them already."""
    host = new_host()
    alice = signed_in(host)
    assets = r'(?:href|src)="(/profile/static/myprofile\.(?:css|js)\?v=\w+)"'
    for url in ("/menu", "/profile/preferences"):
        found = re.findall(assets, alice.get(url).text)
        assert len(found) == len(set(found)) == 2, url
        for asset in found:
            with alice.get(asset) as answer:
                assert answer.status_code == 200
    assert " defer" in alice.get("/menu").text
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", alice.get("/menu").text), "strict CSP"


def test_a_layout_of_the_host_with_the_menu_serves_both_kinds_of_page(
    new_host: Callable[..., Host], tmp_path: Path
) -> None:
    layout = "<html><head>{% block head %}{% endblock %}</head><body>" + MENU + "{% block content %}{% endblock %}"
    (tmp_path / "base.html").write_text(layout)

    def after(host: Host) -> None:
        host.app.template_folder = str(tmp_path)

        @host.app.get("/own")
        @flask_login.login_required
        def own() -> str:
            return render_template_string('{% extends "base.html" %}{% block content %}own{% endblock %}')

    blocks = {"head": "head", "content": "content"}
    host = new_host(after=after, MYPROFILE_BASE_TEMPLATE="base.html", MYPROFILE_BASE_BLOCKS=blocks)
    alice = signed_in(host)
    for url in ("/own", "/profile/preferences"):
        html = alice.get(url).text
        assert html.count("mp-menu__panel") == 1
        assert html.count("myprofile.css") == 1
        assert html.count("myprofile.js") == 1
    assert links(alice.get("/own").text) == {"/profile/": False}
    assert links(alice.get("/profile/preferences").text) == {"/profile/": True}


@pytest.mark.parametrize("url", ["/profile/preferences", "/profile/admin/features", "/profile/no-such-page"])
def test_an_error_page_of_the_host_at_an_address_of_ours_has_a_menu_with_its_style(
    url: str, new_host: Callable[..., Host]
) -> None:
    """It is a page of the host's: nothing but the menu brings the style, and it is not the profile's page."""

    def after(host: Host) -> None:
        for status in (403, 404):
            host.app.register_error_handler(status, lambda error: (render_template_string(MENU), error.code))

    alice = signed_in(new_host(after=after, MYPROFILE_FEATURES_PINNED={"preferences": False}))
    answer = alice.get(url)
    assert answer.status_code in (403, 404)
    assert answer.text.count("myprofile.css") == answer.text.count("myprofile.js") == 1
    assert links(answer.text) == {"/profile/": False}
    assert "is-current" not in menu_of(answer.text)


# ---- the host's own entries


def entries(html: str) -> list[tuple[str, str]]:
    """(URL, label) of what is in the menu's list."""
    return re.findall(r'<li><a href="([^"]+)"[^>]*><svg.*?</svg>(.*?)</a></li>', menu_of(html), re.S)


def test_entries_of_the_host_come_after_ours_and_before_the_way_out(new_host: Callable[..., Host]) -> None:
    """By endpoint, path or URL; a label may be lazy, and is text."""
    items = [(LazyProxy(str, "Read <this>"), "page"), ("Help", "/help?a=1&b=2"), ("Shop", "https://shop.test/")]
    admin = signed_in(new_host(MYPROFILE_MENU_ITEMS=items), "admin")
    for url in ("/menu", "/profile/preferences"):
        html = admin.get(url).text
        assert entries(html) == [
            ("/profile/", "My Profile"),
            ("/profile/admin/features", "Feature Management"),
            ("/profile/admin/sessions", "Users"),
            ("/page", "Read &lt;this&gt;"),
            ("/help?a=1&amp;b=2", "Help"),
            ("https://shop.test/", "Shop"),
        ]
        assert menu_of(html).index("https://shop.test/") < menu_of(html).index('action="/profile/sign-out"')


@pytest.mark.parametrize("target", ["menu", "/menu", "http://localhost/menu"])
def test_an_entry_of_the_host_says_when_one_is_on_its_page(target: str, new_host: Callable[..., Host]) -> None:
    items = (("Menu", target), ("Page", "page"), ("Elsewhere", "https://elsewhere.test/menu"))
    alice = signed_in(new_host(MYPROFILE_MENU_ITEMS=items))
    here = links(alice.get("/menu?a=1").text)
    assert [url.removeprefix("http://localhost") for url, current in here.items() if current] == ["/menu"]
    assert [url for url, current in links(alice.get("/profile/sessions").text).items() if current] == ["/profile/"]


def test_entries_of_the_host_may_depend_on_the_user(new_host: Callable[..., Host]) -> None:
    def items(user: Any) -> Iterator[tuple[str, str]]:
        if user.is_admin:
            yield "Reports", "/reports"

    host = new_host(MYPROFILE_MENU_ITEMS=items)
    assert "/reports" in links(signed_in(host, "admin").get("/menu").text)
    assert "/reports" not in links(signed_in(host).get("/menu").text)


def test_an_entry_that_leads_nowhere_is_left_out_and_the_log_says_so_once(
    new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """A script is no address, and an endpoint with arguments has none."""
    items = (("Gone", "nowhere.to_be_found"), ("Page", "page"), ("File", "myprofile.static"), ("Bad", "javascript:x"))
    alice = signed_in(new_host(MYPROFILE_MENU_ITEMS=items))
    for _ in range(2):
        answer = alice.get("/menu")
        assert answer.status_code == 200
        assert list(links(answer.text)) == ["/profile/", "/page"]
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [text.count("MYPROFILE_MENU_ITEMS") for text in said] == [1, 1, 1]
    assert "nowhere.to_be_found" in said[0]


@pytest.mark.parametrize("answer", [1 / 2, [("one",)], [("Label", None)], None, [("Bad", "http://[")]])
def test_whatever_the_host_answers_for_its_entries_breaks_no_page(
    answer: Any, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    alice = signed_in(new_host(MYPROFILE_MENU_ITEMS=lambda user: answer))
    shown = alice.get("/menu")
    assert shown.status_code == 200
    assert list(links(shown.text)) == ["/profile/"]
    assert "MYPROFILE_MENU_ITEMS failed" in caplog.text


@pytest.mark.parametrize("items", ["page", [("Page",)], [("Page", "")], [("Page", print)], {"Page": "page"}])
def test_entries_that_are_none_stop_the_app(items: Any, new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_MENU_ITEMS must be a tuple of"):
        new_host(MYPROFILE_MENU_ITEMS=items)


def test_the_menu_is_empty_for_visitors_and_costs_them_nothing(host: Host) -> None:
    statements = host.count_statements()
    answer = host.browser().get("/menu")
    assert (answer.text, statements) == ("<nav></nav>", [])
    assert "Set-Cookie" not in answer.headers
