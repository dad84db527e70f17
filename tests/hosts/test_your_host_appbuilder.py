"""An app of Flask-AppBuilder: the example of the page is the whole app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.your_host import JSON, NEW_PASSWORD, PASSWORD, closing, example, package

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    package("flask_appbuilder")
    monkeypatch.chdir(tmp_path)
    with closing(example("Flask-AppBuilder", 0)) as made:
        with made["app"].app_context():
            manager = made["appbuilder"].sm
            manager.add_user("ada", "Ada", "Byron", "ada@example.com", manager.find_role("Admin"), password=PASSWORD)
        yield made


class Browser:
    def __init__(self, app: Any, password: str = PASSWORD) -> None:
        self.client = app.test_client()
        self.post("/login/", {"username": "ada", "password": password}, "/login/")

    def post(self, url: str, data: dict[str, str], page: str = "/profile/preferences") -> Any:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(page).text)
        assert found or page == "/login/", "AppBuilder's own form has none where CSRFProtect is not set up"
        return self.client.post(url, data={**({"csrf_token": found[1]} if found else {}), **data})

    def is_in(self) -> bool:
        return bool(self.client.get("/users/list/").status_code == 200)


def test_its_users_have_their_profile_and_its_administrators_feature_management(names: dict[str, Any]) -> None:
    ada = Browser(names["app"])
    answer = ada.client.get("/profile/personal-information", headers=JSON)
    assert answer.json == {
        "first_name": "Ada", "last_name": "Byron", "username": "ada", "email": "ada@example.com"
    }  # fmt: skip
    assert ada.client.get("/profile/admin/features").status_code == 200
    page = ada.client.get("/profile/preferences").text
    assert "navbar" in page and "<title>Preferences – My Profile" in page, "in its own layout"
    assert page.count("myprofile.css") == 1
    assert names["app"].test_client().get("/profile/").location.startswith("/login/?next=")


def test_a_password_is_changed_for_its_own_sign_in_and_others_are_signed_out(names: dict[str, Any]) -> None:
    here, there = Browser(names["app"]), Browser(names["app"])
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert there.is_in()
    assert here.post("/profile/password", sent).status_code == 303
    assert [here.is_in(), there.is_in()] == [True, False]
    assert [Browser(names["app"], text).is_in() for text in (PASSWORD, NEW_PASSWORD)] == [False, True]


def test_sign_out_is_its_own_with_its_hook(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(
        names["appbuilder"].sm, "on_user_logout", lambda user: heard.append(user.username), raising=False
    )
    ada = Browser(names["app"])
    assert ada.post("/profile/sign-out", {}).status_code == 303
    assert not ada.is_in()
    assert heard == ["ada"]
