"""Feature Management: who may open it, and what saving it changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.host import Browser, Host, token_in
from tests.walks import everything

URL = "/profile/admin/features"


def admin_of(host: Host, name: str = "admin") -> Browser:
    browser = host.browser()
    browser.login(name)
    return browser


def choices(host: Host) -> dict[str, bool]:
    return {name: bool(on) for name, on in host.sql("SELECT name, enabled FROM myprofile_feature")}


# ---- who may


def test_an_ordinary_user_can_neither_see_nor_save_it(host: Host) -> None:
    """K13"""
    alice = admin_of(host, "alice")
    before = everything(host)
    answers = [alice.get(URL), alice.post(URL, {"password": "off"})]
    programs = [alice.json(URL), alice.post_json(URL, {"password": False})]
    assert [answer.status_code for answer in (*answers, *programs)] == [403] * 4
    assert [program.json["code"] for program in programs] == ["not_admin"] * 2
    assert everything(host) == before


def test_by_default_nobody_is_an_admin(new_host: Callable[..., Host]) -> None:
    """A03: a host whose users have no such attribute has said nothing."""
    host = new_host(MYPROFILE_ADMIN="is_boss")
    for name in ("alice", "admin"):
        assert admin_of(host, name).get(URL).status_code == 403


@pytest.mark.parametrize("value", [1, "yes", "True", None, [True]])
def test_only_true_is_true(value: Any, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ADMIN=lambda user: value)
    assert admin_of(host).get(URL).status_code == 403


def test_a_rule_that_fails_lets_nobody_in_and_says_so_in_the_log(new_host: Callable[..., Host], caplog: Any) -> None:
    """A03"""

    def rule(user: Any) -> bool:
        raise RuntimeError("the directory does not answer")

    host = new_host(MYPROFILE_ADMIN=rule)
    admin = admin_of(host)
    assert admin.get(URL).status_code == 403
    assert admin.post(URL, {"password": "off"}).status_code == 403
    assert "access denied" in caplog.text
    assert admin.get("/profile/sessions").status_code == 200, "the rest of the page goes on"
    assert choices(host) == {}


def test_who_is_no_longer_an_admin_is_none_at_the_next_click(host: Host) -> None:
    admin = admin_of(host)
    assert admin.get(URL).status_code == 200
    host.sql('UPDATE "user" SET is_admin = :no', no=False)
    assert admin.post(URL, {"password": "off"}).status_code == 403
    assert choices(host) == {}


# ---- the page


def form_of(html: str) -> dict[str, str]:
    """What a browser would send: for each switch "off" and, where it is on, "on" after it."""
    form = html.partition(f'<form action="{URL}"')[2]
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        checked = 'type="checkbox"' not in tag or " checked" in tag
        if name and value and checked and " disabled" not in tag:
            sent[name[1]] = value[1]
    return sent


def test_the_page_sends_back_what_it_shows(host: Host) -> None:
    """Saving the form untouched changes nothing; each switch is in it."""
    admin = admin_of(host)
    sent = form_of(admin.get(URL).text)
    names = set(admin.json(URL).json["features"]) - {"my_profile"}
    assert set(sent) == names | {"csrf_token", "version"}
    assert admin.client.post(URL, data=sent).status_code == 303
    assert choices(host) == {}
    assert "Feature settings saved. 0 changes." in admin.get(URL).text


def test_a_switch_that_is_turned_is_saved_with_who_and_when(host: Host) -> None:
    admin = admin_of(host)
    sent = {**form_of(admin.get(URL).text), "password": "off", "api_token": "off"}
    assert admin.client.post(URL, data=sent).location == URL
    page = admin.get(URL).text
    assert "Feature settings saved. 2 changes." in page
    assert "Changed by Admin Test, just now. Default: on." in page
    assert choices(host) == {"password": False, "api_token": False}
    assert admin.post(URL, {"password": "on"}).status_code == 303
    assert choices(host)["password"] is True
    assert "1 change." in admin.get(URL).text


def test_only_what_was_sent_is_changed(host: Host) -> None:
    """A form without a switch, as an older page or a program sends it, leaves that feature alone."""
    admin = admin_of(host)
    admin.post(URL, {"preferences": "off"})
    assert admin.post(URL, {"password": "off"}).status_code == 303
    assert admin.post_json(URL, {"sessions.sign_out": False}).json["changes"] == {"sessions.sign_out": False}
    assert choices(host) == {"preferences": False, "password": False, "sessions.sign_out": False}
    assert admin.post(URL).status_code == 303
    assert admin.post_json(URL, {}).json["changes"] == {}
    assert len(choices(host)) == 3


@pytest.mark.parametrize(
    ("values", "on"),
    [(["off", "on"], True), (["off"], False), (["on"], True), (["on", "off"], False), ("true", True), ("0", False)],
)
def test_of_a_hidden_off_and_a_ticked_box_the_last_counts(values: Any, on: bool, host: Host) -> None:
    admin = admin_of(host)
    admin.post(URL, {"password": values})
    assert (admin.get("/profile/password").status_code == 200) == on


# ---- what is not saved


def test_who_saves_second_is_told_and_changes_nothing(host: Host) -> None:
    first, second = admin_of(host), admin_of(host)
    sent = form_of(second.get(URL).text)
    assert first.post(URL, {"preferences": "off"}).status_code == 303
    answer = second.client.post(URL, data={**sent, "password": "off"})
    assert answer.status_code == 409
    assert "Somebody changed these settings while you were editing." in answer.text
    assert choices(host) == {"preferences": False}
    again = {**form_of(answer.text), "password": "off", "csrf_token": token_in(answer.text)}
    assert second.client.post(URL, data=again).status_code == 303, "the page shown then is the present one"
    assert choices(host) == {"preferences": False, "password": False}


@pytest.mark.parametrize("unknown", ["no_such", "password.no_such", "version2", "my_profile.password", "PASSWORD", ""])
def test_an_unknown_name_is_refused_with_everything_beside_it(unknown: str, host: Host) -> None:
    admin = admin_of(host)
    assert admin.post(URL, {"password": "off", unknown: "off"}).status_code == 422
    answer = admin.post_json(URL, {"password": False, unknown: False})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [unknown])
    assert choices(host) == {}


@pytest.mark.parametrize("value", ["maybe", 2, None, [], ["on"], {"on": True}, "ON!"])
def test_a_switch_is_on_or_off_and_nothing_else(value: Any, host: Host) -> None:
    admin = admin_of(host)
    answer = admin.post_json(URL, {"password": value, "preferences": False})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["password"])
    assert choices(host) == {}


def test_what_the_configuration_fixes_is_locked(new_host: Callable[..., Host]) -> None:
    """A09: shown with its line of configuration, without a switch that sends anything, and 409 for whoever tries."""
    host = new_host(MYPROFILE_FEATURES_PINNED={"password": False, "sessions.sign_out": True})
    admin = admin_of(host)
    page = admin.get(URL).text
    assert page.count("</svg>Locked</span>") == 2
    assert "MYPROFILE_FEATURES_PINNED = {&#34;password&#34;: False}" in page
    assert {"password", "sessions.sign_out"}.isdisjoint(form_of(page))
    assert admin.client.post(URL, data=form_of(page)).status_code == 303
    for sent in ({"password": "on"}, {"sessions.sign_out": "off", "preferences": "off"}):
        assert admin.post(URL, sent).status_code == 409
        answer = admin.post_json(URL, {name: value == "on" for name, value in sent.items()})
        assert (answer.status_code, answer.json["code"]) == (409, "feature_locked")
        assert next(iter(sent)) in answer.json["title"]
    assert choices(host) == {}
    assert admin.post_json(URL, {"password": False}).status_code == 200, "that is how it is"


def test_a_change_that_cannot_be_stored_changes_nothing(host: Host) -> None:
    admin = admin_of(host)
    token = admin.csrf()
    host.sql("CREATE TRIGGER refuse BEFORE INSERT ON myprofile_feature BEGIN SELECT RAISE(ABORT, 'full'); END")
    answer = admin.client.post(URL, data={"csrf_token": token, "password": "off"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert choices(host) == {}


def test_hosts_hear_of_a_change_after_it_is_stored(host: Host) -> None:
    from flask_myprofile.signals import features_changed

    heard: list[Any] = []

    def listen(app: Any, **data: Any) -> None:
        heard.append((data["changes"], choices(host)))

    features_changed.connect(listen, host.app)
    admin = admin_of(host)
    admin.post(URL, {"password": "off"})
    admin.post(URL, {"password": "off"})
    admin.post(URL, {"no_such": "off"})
    assert heard == [({"password": False}, {"password": False})]
