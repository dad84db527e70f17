"""The recipes, each in the app of Getting started."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from jinja2 import ChoiceLoader, DictLoader
from playwright.sync_api import Browser

from tests.hosts.your_host import JSON, NEW_PASSWORD, PASSWORD, Ada, closing, run
from tests.support.devices import pass_time
from tests.support.live import serving

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "recipes.md").read_text(encoding="utf-8")
Recipe = Callable[[str], dict[str, Any]]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert found, title
    return found[1]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recipe]:
    """The names of the app with a recipe in it. One that calls MyProfile() does so in the place of the app."""
    monkeypatch.chdir(tmp_path)
    whole = blocks((DOCS / "getting-started.md").read_text(encoding="utf-8"), "python")[0]
    begun, ended = whole.split("MyProfile(app)\n", 1)
    with ExitStack() as stack:

        def made(title: str) -> dict[str, Any]:
            (code,) = blocks(section(title), "python")
            before, after = (code, "") if "MyProfile(app" in code else ("MyProfile(app)\n", code)
            return stack.enter_context(closing(run(f"{begun}{before}\n{ended}\n{after}")))

        yield made


def test_every_recipe_has_a_test() -> None:
    wanted = set(re.findall(r"^## (.+)$", PAGE, re.M)) - {"Notices, and a verified address", "In your tests"}
    assert wanted == set(re.findall(r'recipe\("(.+?)"\)', Path(__file__).read_text(encoding="utf-8")))


def test_an_account_is_closed_after_a_question(recipe: Recipe) -> None:
    names = recipe("Close an account")
    templates = DictLoader({"myprofile/tabs/account.html": blocks(section("Close an account"), "jinja")[0]})
    names["app"].jinja_loader = ChoiceLoader([templates, names["app"].jinja_loader])
    ada, other = Ada(names), Ada(names)
    assert 'href="/profile/account/close"' in ada.get("/profile/account").text
    assert "This cannot be undone." in ada.get("/profile/account/close").text
    assert ada.post("/profile/account/close").location == "/login"
    assert not ada.is_in() and not other.is_in()
    with names["app"].app_context():
        assert names["db"].session.get(names["User"], 1) is None


def test_a_tab_has_a_table_of_its_own(recipe: Recipe) -> None:
    ada = Ada(recipe("A tab with a table of its own"))
    assert ada.post("/profile/topics", {"topics": ["news", "security"]}).status_code == 303
    assert ada.get("/profile/topics", headers=JSON).json == {"topics": ["news", "security"]}
    assert ada.get("/profile/topics").text.count(" checked") == 2
    assert ada.post_json("/profile/topics", {"topics": ["gossip"]}).status_code == 422
    assert ada.post_json("/profile/topics", {"topics": []}).status_code == 200
    assert ada.get("/profile/topics", headers=JSON).json == {"topics": []}
    assert ada.post_json("/profile/topics", {"topics": ["offers"]}).status_code == 200
    assert ada.post("/profile/topics").status_code == 303, "all boxes without a tick"
    assert ada.get("/profile/topics", headers=JSON).json == {"topics": []}


def test_a_link_sets_a_new_password_once(recipe: Recipe) -> None:
    names = recipe("A forgotten password")
    names["url_for"] = __import__("flask").url_for
    ada = Ada(names)
    with names["app"].test_request_context():
        link = names["reset_link"](names["db"].session.get(names["User"], 1))
    stranger = names["app"].test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get(link).text)
    assert found
    assert "At least 15" in stranger.post(link, data={"csrf_token": found[1], "password": "short"}).text
    assert stranger.post(link, data={"csrf_token": found[1], "password": NEW_PASSWORD}).location == "/login"
    assert stranger.get(link).status_code == 404
    assert not ada.is_in()
    with names["app"].app_context():
        hashed = names["db"].session.get(names["User"], 1).password_hash
    assert names["check_password_hash"](hashed, NEW_PASSWORD) and not names["check_password_hash"](hashed, PASSWORD)


def test_a_suspended_account_is_out(recipe: Recipe) -> None:
    names = recipe("A suspended account")
    ada = Ada(names)
    with names["app"].app_context():
        assert names["suspend"](names["db"].session.get(names["User"], 1)) == 1
    assert not ada.is_in()
    assert Ada(names).is_in(), "and would get in again, but for is_active"
    names["User"].is_active = property(lambda user: getattr(user, "active", False))
    assert not ada.is_in()


def test_a_picture_is_in_the_menu(recipe: Recipe) -> None:
    assert 'src="/static/avatars/1.png"' in Ada(recipe("A picture")).get("/").text


def test_a_view_asks_for_a_recent_sign_in(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = Ada(recipe("A recent sign-in for a view of yours"))
    assert ada.get("/export").json == {"username": "ada"}
    pass_time(monkeypatch, 3600)
    confirm = ada.get("/export").location
    assert 'name="next" value="/export"' in ada.get(confirm).text
    sent = {"csrf_token": ada.token(confirm), "current_password": PASSWORD, "next": "/export"}
    assert ada.client.post("/profile/confirm", data=sent).location == "/export"
    assert ada.get("/export").status_code == 200


def test_a_front_end_signs_another_browser_out(recipe: Recipe, chromium: Browser) -> None:
    names = recipe("A front end of your own")
    (script,) = blocks(section("A front end of your own"), "javascript")
    other = Ada(names)
    with serving(names["app"]) as site, chromium.new_context(base_url=site) as context:
        page = context.new_page()
        page.goto("/login")
        page.fill("[name=username]", "ada")
        page.fill("[name=password]", PASSWORD)
        page.click("button")
        page.wait_for_url(f"{site}/")
        assert page.evaluate(f"async () => {{ {script} return message; }}")
    assert not other.is_in()
