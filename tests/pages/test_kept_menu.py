"""The user menu of a host's page is drawn once and kept: nobody ever sees in it what is another's, or was so before."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask, before_render_template, g, request
from jinja2 import DictLoader
from markupsafe import Markup

from tests.pages.test_user_menu import links, menu_of
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import Kept

TEMPLATE = "myprofile/_user_menu.html"


def token(browser: Browser, url: str = "/menu") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', menu_of(browser.get(url).text))
    assert found
    return found[1]


def drawn(host: Host) -> list[str]:
    """The menus that the template draws from now on."""
    seen: list[str] = []

    def note(app: Flask, template: Any, **rest: Any) -> None:
        if template.name == TEMPLATE:
            seen.append(template.name)

    host.app.extensions["test_drawn"] = note  # signals hold receivers weakly
    before_render_template.connect(note, host.app)
    return seen


def test_it_is_drawn_once_for_all_and_has_the_name_of_each(host: Host) -> None:
    alice, bob = signed_in(host), signed_in(host, "bob")
    alice.get("/menu")
    menus = drawn(host)
    for _ in range(2):
        for browser, name in ((alice, "Alice"), (bob, "Bob")):
            html = menu_of(browser.get("/menu").text)
            assert f"<bdi>{name} Test</bdi>" in html
            assert f"Account menu for {name} Test" in html
            assert f"{name.lower()}@x.test" in html
            assert "".join(re.findall("Alice|Bob", html)) == name * 2
    assert menus == []


def test_it_is_as_the_template_draws_it(host: Host) -> None:
    """But for what each request has anew: names that HTML has to be told apart from, a picture, an administrator."""
    for name in ("alice", "admin"):
        host.change(name, first_name='<b>"', last_name="&amp;")
        browser = signed_in(host, name)
        browser.get("/menu")
        kept = browser.get("/menu").text
        host.app.jinja_env.auto_reload = True
        anew = browser.get("/menu").text
        host.app.jinja_env.auto_reload = False
        assert re.sub('name="csrf_token" value="[^"]+"', "", kept) == re.sub(
            'name="csrf_token" value="[^"]+"', "", anew
        )
        assert "&lt;b&gt;&#34; &amp;amp;" in kept


def test_markup_of_the_host_is_another_label_than_a_text_of_the_same_characters(new_host: Callable[..., Host]) -> None:
    label = "<b>Team</b>"
    host = new_host(MYPROFILE_MENU_ITEMS=lambda user: [(Markup(label) if user.username == "alice" else label, "/team")])
    alice, bob = signed_in(host), signed_in(host, "bob")
    for _ in range(2):
        assert label in menu_of(alice.get("/menu").text)
        assert label not in menu_of(bob.get("/menu").text)


def test_who_is_renamed_is_called_so_at_once(host: Host) -> None:
    alice = signed_in(host)
    assert "Alice Test" in alice.get("/menu").text
    host.sql("UPDATE user SET first_name = 'Alicia', email = 'new@x.test' WHERE id = 1")
    html = alice.get("/menu").text
    assert "Alicia Test" in html
    assert "new@x.test" in html
    host.sql("UPDATE user SET first_name = '', last_name = '', email = 'alice' WHERE id = 1")
    assert "@" not in menu_of(alice.get("/menu").text), "no line of its own for the address that is the name"


def test_each_reads_it_in_the_language_that_they_have_by_now(host: Host) -> None:
    alice, bob = signed_in(host), signed_in(host, "bob")
    assert "Sign out" in alice.get("/menu").text
    assert alice.post("/profile/preferences", {"language": "de"}).status_code == 303
    for _ in range(2):
        assert 'lang="de"' in alice.get("/menu").text
        assert "Abmelden" in alice.get("/menu").text
        assert "Sign out" in bob.get("/menu").text
    assert alice.post("/profile/preferences", {"language": "ar"}).status_code == 303
    assert 'lang="ar"' in menu_of(alice.get("/menu").text)


def test_what_is_switched_by_another_worker_is_in_it_at_once(kept: Kept, new_host: Callable[..., Host]) -> None:
    url = kept.new_database()
    here, there = new_host(url), new_host(url)
    alice, admin = signed_in(here), signed_in(there, "admin")
    assert links(alice.get("/menu").text) == {"/profile/": False}
    for on, expected in ((False, {}), (True, {"/profile/": False}), (False, {})):
        answer = admin.post_json("/profile/admin/features", {"my_profile": on})
        assert answer.status_code == 200, answer.text
        assert links(alice.get("/menu").text) == expected


def test_who_becomes_an_administrator_or_is_none_any_more_has_the_links_of_that(host: Host) -> None:
    alice = signed_in(host)
    for is_admin in (False, True, False):
        host.change("alice", is_admin=is_admin)
        assert ("/profile/admin/features" in links(alice.get("/menu").text)) is is_admin


def test_each_browser_has_a_csrf_token_of_its_own_and_signs_out_with_it(host: Host) -> None:
    browsers = [signed_in(host), signed_in(host), signed_in(host, "bob")]
    sent = [token(each) for each in browsers]
    assert len(set(sent)) == 3
    answers = [each.client.post("/profile/sign-out", data={"csrf_token": sent[0]}) for each in browsers[1:]]
    assert [answer.status_code for answer in answers] == [400, 400], "another's token is none"
    answers = [
        each.client.post("/profile/sign-out", data={"csrf_token": it}) for each, it in zip(browsers, sent, strict=True)
    ]
    assert [answer.status_code for answer in answers] == [303, 303, 303]


def test_its_addresses_are_those_of_where_the_app_is_reached(host: Host) -> None:
    alice = signed_in(host)
    for root in ("", "/one", "/two", ""):
        html = alice.get("/menu", environ_overrides={"SCRIPT_NAME": root}).text
        assert links(html) == {f"{root}/profile/": False}
        assert f'action="{root}/profile/sign-out"' in html
        assert f'href="{root}/profile/static/myprofile.css' in html


def test_its_addresses_are_those_that_the_host_has_for_this_request(new_host: Callable[..., Host]) -> None:
    """By ``url_defaults``, as apps of several tenants have them."""

    def before(app: Flask, db: Any) -> None:
        @app.url_defaults
        def give(endpoint: str, values: dict[str, Any]) -> None:
            if app.url_map.is_endpoint_expecting(endpoint, "tenant"):
                values.setdefault("tenant", request.args["tenant"])

        @app.url_value_preprocessor
        def take(endpoint: str | None, values: dict[str, Any] | None) -> None:
            (values or {}).pop("tenant", None)

    alice = signed_in(new_host(before=before, MYPROFILE_URL_PREFIX="/<tenant>/profile"))
    for tenant in ("one", "two", "one"):
        assert links(alice.get(f"/menu?tenant={tenant}").text) == {f"/{tenant}/profile/": False}


def test_a_menu_of_the_host_is_drawn_anew_each_time(new_host: Callable[..., Host]) -> None:
    """What else is in it is the host's affair."""

    def before(app: Flask, db: Any) -> None:
        app.jinja_loader = DictLoader({TEMPLATE: "{{ mp.user.name }} {{ number }}"})  # type: ignore[misc]
        app.context_processor(lambda: {"number": g.number})
        app.before_request(lambda: setattr(g, "number", secrets.token_hex(4)))

    alice = signed_in(new_host(before=before))
    answers = [alice.get("/menu").text for _ in range(3)]
    assert all("Alice Test" in answer for answer in answers)
    assert len(set(answers)) == 3


def test_in_the_layout_of_ours_it_is_drawn_once_as_well(host: Host) -> None:
    browsers = {name: signed_in(host, name.lower()) for name in ("Alice", "Bob")}
    for page in ("/profile/password", "/profile/sessions"):
        browsers["Alice"].get(page)
    template, times = host.app.jinja_env.get_template(TEMPLATE), []
    draw = template.root_render_func
    template.root_render_func = lambda context: (times.append(1), draw(context))[1]  # type: ignore[method-assign,func-returns-value]
    for name, browser in browsers.items():
        for page in ("/profile/password", "/profile/sessions"):
            html = menu_of(browser.get(page).text)
            assert "".join(re.findall("Alice|Bob", html)) == name * 2
            assert f"{name.lower()}@x.test" in html
            assert links(html) == {"/profile/": True}
    assert times == []


def test_entries_that_differ_from_user_to_user_are_those_of_each(new_host: Callable[..., Host]) -> None:
    def items(user: Any) -> list[tuple[str, str]]:
        return [(f"Things of {user.username}", f"/things/{user.id}")]

    host = new_host(MYPROFILE_MENU_ITEMS=items)
    browsers = {name: signed_in(host, name) for name in ("alice", "bob")}
    for _ in range(2):
        for name, browser in browsers.items():
            html = menu_of(browser.get("/menu").text)
            assert re.findall(r"Things of (\w+)", html) == [name]


def test_it_asks_for_the_features_and_for_nothing_else(new_host: Callable[..., Host]) -> None:
    """The language that it is in comes with the check of the session, once a menu has been drawn."""
    host = new_host(babel=False)
    alice = signed_in(host)
    alice.get("/menu")
    statements = host.count_statements()
    alice.get("/page")
    check = list(statements)
    assert len(check) == 1
    statements.clear()
    html = alice.get("/menu").text
    assert statements[:1] == check
    assert ["myprofile_feature" in each for each in statements[1:]] == [True]
    assert alice.post("/profile/preferences", {"language": "de"}).status_code == 303
    assert ("Sign out" in html, "Abmelden" in alice.get("/menu").text) == (True, True)
