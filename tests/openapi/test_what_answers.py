"""The document lists what answers, and nothing else: with everything on, and with each feature off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flask_myprofile import DeleteMyAccount, DownloadMyData, Users, current_profile
from flask_myprofile.openapi.document import document
from tests.support.host import JSON, Browser, Host
from tests.support.pictures import with_pictures
from tests.support.walks import Notes

#: Whatever an app may have besides.
ALL: dict[str, Any] = {
    "model": with_pictures,
    "MYPROFILE_AVATAR": "avatar",
    "MYPROFILE_API_TOKENS": 3,
    "MYPROFILE_API_SCOPES": {"read": "Read"},
    "MYPROFILE_EMAIL_CHANGE": "verified",
    "MYPROFILE_NOTIFY": lambda user, notice: None,
    "MYPROFILE_EXTERNAL_URL": "https://app.test",
    "myprofile_options": {
        "tabs": [Notes, DownloadMyData, DeleteMyAccount],
        "users": Users(delete=lambda user: None),
    },
}
OFF = {(404, "feature_off"), (404, "not_found"), (403, "not_admin"), (405, "method_not_allowed")}
Pair = tuple[str, str]


def listed(host: Host, name: str) -> set[Pair]:
    with host.app.test_request_context():
        user = host.db.session.execute(host.db.select(host.User).filter_by(username=name)).scalar_one()
        host.app.login_manager._update_request_context_with_user(user)  # type: ignore[attr-defined]
        return {(path, method) for path, item in document(user)["paths"].items() for method in item}


def everything(host: Host) -> list[Pair]:
    with host.app.test_request_context():
        paths = document()["paths"]
    return [(path, method) for path, item in paths.items() for method in item if "{" not in path]


def answers(browser: Browser, pairs: list[Pair]) -> set[Pair]:
    """Where there is something. What is sent cannot be read, so that nothing is done."""
    headers = {**JSON, "X-CSRFToken": browser.csrf(), "Content-Type": "application/json"}
    found = set()
    for path, method in pairs:
        if method == "get":
            answer = browser.client.get(path, headers=JSON)
        else:
            answer = browser.client.post(path, data="[", headers=headers)
        code = answer.json.get("code", "") if answer.mimetype == "application/problem+json" else ""
        assert answer.status_code < 500 and answer.status_code != 401, (path, answer.text)
        if (answer.status_code, code) not in OFF:
            found.add((path, method))
    return found


def features(host: Host) -> Iterator[str | None]:
    yield None
    admin = host.browser()
    admin.login("admin")
    yield from admin.json("/profile/admin/features").json["features"]


def switch(host: Host, name: str | None, on: bool) -> None:
    if name is None:
        return
    with host.app.test_request_context():
        current_profile.features.save({name: on}, "somebody")
        host.db.session.commit()


#: For programs of providers, and what waits for the answer of one.
NOT_ASKED = {("/profile/sso/confirmed", "get")}


@pytest.mark.parametrize("settings", [{}, ALL], ids=["usual", "all"])
@pytest.mark.parametrize("name", ["alice", "admin"])
def test_what_is_listed_is_what_answers(name: str, settings: dict[str, Any], new_host: Callable[..., Host]) -> None:
    host = new_host(**settings)
    browser = host.browser()
    browser.login(name)
    pairs = [each for each in everything(host) if each not in NOT_ASKED]
    wrong = {}
    for feature in features(host):
        switch(host, feature, on=False)
        there, said = answers(browser, pairs), listed(host, name)
        if there != said:
            wrong[feature] = {"not listed": sorted(there - said), "does not answer": sorted(said - there)}
        switch(host, feature, on=True)
    assert wrong == {}
