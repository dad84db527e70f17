"""The user menu: on the host's own pages, for whoever is signed in, and never in the way of a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tests.host import Host, token_in, user_class


def links(html: str) -> list[str]:
    menu = re.search(r'<details class="mp mp-menu">.*?</details>', html, re.DOTALL)
    return re.findall(r'href="([^"]+)"', menu[0]) if menu else []


def test_a_visitor_has_no_menu_and_costs_no_query(host: Host) -> None:
    statements = host.count_statements()
    assert host.browser().get("/menu").text == "<nav></nav>"
    assert statements == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("alice", ["/profile/"]), ("admin", ["/profile/", "/profile/admin/features"])],
)
def test_everybody_finds_the_profile_and_admins_the_features(name: str, expected: list[str], host: Host) -> None:
    browser = host.browser()
    browser.login(name)
    page = browser.get("/menu").text
    assert links(page) == expected
    assert f"{name}@x.test" in page
    assert f">{name[0].upper()}T</span>" in page, "initials"


@pytest.mark.parametrize(
    ("url", "current"),
    [
        ("/menu", None),
        ("/profile/personal-information", "/profile/"),
        ("/profile/api-token/regenerate", "/profile/"),
        ("/profile/admin/features", "/profile/admin/features"),
    ],
)
def test_the_icon_changes_its_state_on_the_profile_page(url: str, current: str | None, host: Host) -> None:
    admin = host.browser()
    admin.login("admin")
    page = admin.get(url).text
    profile = current == "/profile/"
    assert ('class="mp-menu__btn" aria-current="true"' in page) == profile
    assert ("mp-avatar is-current" in page) == profile
    marked = re.findall(r'<a href="([^"]+)" aria-current="page"', page)
    assert [link for link in marked if link in ("/profile/", "/profile/admin/features")] == (
        [current] if current else []
    )


def test_its_form_signs_out_without_javascript_from_any_page(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    page = alice.get("/menu").text
    assert 'action="/profile/sign-out" method="post"' in page
    answer = alice.client.post("/profile/sign-out", data={"csrf_token": token_in(page)})
    assert answer.location == "/"
    assert not alice.is_in()
    assert host.sql("SELECT end_reason FROM myprofile_session") == [("logout",)]


def test_it_brings_its_style_on_the_hosts_pages_and_not_twice_on_ours(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    for url in ("/menu", "/profile/sessions"):
        page = alice.get(url).text
        assert page.count("myprofile.css") == page.count("myprofile.js") == 1
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]* src=)", page)


def test_a_name_that_looks_like_html_stays_a_name(host: Host) -> None:
    host.sql("UPDATE \"user\" SET first_name = '<b>\"x', last_name = '&amp;'")
    alice = host.browser()
    alice.login("alice")
    page = alice.get("/menu").text
    assert "<b>" not in page
    assert "&lt;b&gt;&#34;x &amp;amp;" in page


def with_picture(db: Any) -> type[Any]:
    user = user_class(db)
    user.avatar_url = mapped_column(String(200))
    user.__annotations__["avatar_url"] = Mapped[str | None]
    return user


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://x.test/a.png", True),
        ("/static/a.png", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("", False),
        (None, False),
    ],
)
def test_a_picture_takes_the_place_of_the_initials_if_it_can_be_one(
    address: str | None, shown: bool, new_host: Callable[..., Host]
) -> None:
    host = new_host(model=with_picture)
    host.sql('UPDATE "user" SET avatar_url = :address', address=address)
    alice = host.browser()
    alice.login("alice")
    page = alice.get("/menu").text
    assert (f'<img src="{address}" alt=""' in page) == shown
    assert (">AT</span>" in page) != shown
    assert "javascript:" not in page


def test_it_is_an_anonymous_one_for_a_browser_that_was_signed_out(host: Host) -> None:
    here, there = host.browser(), host.browser()
    here.login("alice")
    there.login("alice")
    here.post("/profile/sessions/sign-out-others")
    assert there.get("/menu").text == "<nav></nav>"
    assert links(here.get("/menu").text) == ["/profile/"]


def test_it_is_in_the_users_language(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    alice.post("/profile/preferences", {"language": "de"})
    page = alice.get("/menu").text
    assert "Mein Profil" in page
    assert "My Profile" not in page


def test_it_never_breaks_a_page_while_the_tables_are_missing(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    host.sql("DROP TABLE myprofile_feature")
    page = alice.get("/menu")
    assert page.status_code == 200
    assert links(page.text) == []
    assert "/profile/sign-out" in page.text
