"""Feature Management: who may open it, what a save changes, and how an admin is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column

from flask_myprofile.account.feature_rules import FeatureRules
from flask_myprofile.signals import features_changed
from tests.support.devices import pass_time
from tests.support.host import Browser, Host, signed_in, token_in, user_class
from tests.support.walks import everything

URL = "/profile/admin/features"


def states(browser: Browser) -> dict[str, bool]:
    return {name: state["on"] for name, state in browser.json(URL).json["features"].items()}


def rows(host: Host) -> dict[str, bool]:
    return {name: bool(on) for name, on in host.sql("SELECT name, enabled FROM myprofile_feature")}


def as_a_browser_sends(page: str) -> dict[str, list[str]]:
    """The form of the page, as it is when nothing is clicked."""
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page.partition('action="/profile/admin/features"')[2]):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if found["type"] != "checkbox" or (" checked" in tag and " disabled" not in tag):
            sent.setdefault(found["name"], []).append(found["value"])
    return sent


# ---- who may


def refused(host: Host, name: str) -> bool:
    """Whether everything is closed to this user, and nothing that is sent is done."""
    browser, before = signed_in(host, name), rows(host)
    answers = [
        *(browser.get(URL), browser.json(URL), browser.client.head(URL)),
        *(browser.post(URL, {"preferences": "off"}), browser.post_json(URL, {"preferences": False})),
    ]
    link = URL in browser.get("/menu").text or URL in browser.get("/profile/sessions").text
    codes = {answer.status_code for answer in answers}
    assert codes in ({403}, {200, 303}), "never a part of it"
    assert link is (codes != {403})
    if codes == {403}:
        assert answers[1].json["code"] == answers[4].json["code"] == "not_admin"
        assert answers[4].mimetype == "application/problem+json"
        assert rows(host) == before
    return codes == {403}


def test_who_is_no_admin_can_neither_see_nor_change_a_feature(host: Host) -> None:
    """K13"""
    before = everything(host)["myprofile_feature"]
    assert refused(host, "alice")
    assert everything(host)["myprofile_feature"] == before
    assert not refused(host, "admin")


def without_the_attribute(db: Any) -> type[Any]:
    class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(unique=True)
        password_hash: Mapped[str]

        def __init__(self, username: str, **ignored: Any) -> None:
            super().__init__(username=username)

        def set_password(self, text: str) -> None:
            self.password_hash = text

        def check_password(self, text: str) -> bool:
            return self.password_hash == text

    return User


@pytest.mark.parametrize("settings", [{"model": without_the_attribute}, {"MYPROFILE_ADMIN": "is_superuser"}])
def test_nobody_is_an_admin_where_users_have_no_such_attribute(
    settings: dict[str, Any], new_host: Callable[..., Host]
) -> None:
    """A03: closed until the host says who may."""
    host = new_host(**settings)
    assert refused(host, "admin")
    assert refused(host, "alice")


@pytest.mark.parametrize("value", [2, -1, 0, 1.0, "yes", "False", object(), [1], SimpleNamespace(), None, False, len])
def test_only_true_or_1_makes_an_admin(
    value: Any, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """A text that says "False", a role or a method that somebody forgot to call is no permission; the log says why."""
    host = new_host(MYPROFILE_ADMIN=lambda user: value)
    assert refused(host, "admin")
    assert refused(host, "admin")
    said = [record.getMessage() for record in caplog.records if "has to be True or False" in record.getMessage()]
    assert len(said) == (0 if value in (0, None) else 1)


@pytest.mark.parametrize("value", [1, True, lambda user: True, lambda user: 1], ids=["1", "True", "method", "method 1"])
def test_a_number_and_a_method_may_say_who_is_an_admin(value: Any, new_host: Callable[..., Host]) -> None:
    """An Integer column of an old database; ``def is_boss(self)``."""

    def model(db: Any) -> type[Any]:
        user = user_class(db)
        user.is_boss = value
        return user

    assert not refused(new_host(MYPROFILE_ADMIN="is_boss", model=model), "admin")


@pytest.mark.parametrize(
    ("value", "is_one"),
    [(1, True), (lambda user: True, True), (lambda user: 1, True)]
    + [(value, False) for value in (0, 2, "1", "yes", lambda user: "yes", lambda user: None, lambda user, org: True)],
)
def test_an_attribute_says_so_by_1_and_a_method_by_its_answer(
    value: Any, is_one: bool, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of integers, and a method as people write it: with one, nobody was an administrator."""
    host = new_host(MYPROFILE_ADMIN="says_so")
    monkeypatch.setattr(host.User, "says_so", value, raising=False)
    assert refused(host, "alice") is not is_one


@pytest.mark.parametrize("way", ["MyProfile(admin=…)", "MYPROFILE_ADMIN callable", "attribute", "property"])
def test_the_host_says_who_is_an_admin(way: str, new_host: Callable[..., Host]) -> None:
    def chosen(user: Any) -> bool:
        return bool(user.username == "alice")

    def model(db: Any) -> type[Any]:
        user = user_class(db)
        user.is_boss = property(chosen)
        return user

    options: dict[str, dict[str, Any]] = {
        "MyProfile(admin=…)": {"myprofile_options": {"admin": chosen}, "MYPROFILE_ADMIN": "is_admin"},
        "MYPROFILE_ADMIN callable": {"MYPROFILE_ADMIN": chosen},
        "attribute": {"MYPROFILE_ADMIN": "active"},
        "property": {"MYPROFILE_ADMIN": "is_boss", "model": model},
    }
    host = new_host(**options[way])
    assert not refused(host, "alice")
    assert refused(host, "admin") is (way != "attribute")


@pytest.mark.parametrize("keyword", [True, False])
def test_a_check_that_fails_lets_nobody_in(
    keyword: bool, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """A03: 403, not 500, and a line in the log that says why."""

    def broken(user: Any) -> bool:
        raise RuntimeError("the directory does not answer")

    host = new_host(**({"myprofile_options": {"admin": broken}} if keyword else {"MYPROFILE_ADMIN": broken}))
    assert refused(host, "admin")
    assert "the directory does not answer" in caplog.text
    assert signed_in(host, "admin").get("/profile/sessions").status_code == 200


def test_an_admin_who_is_one_no_more_is_refused_at_once(host: Host) -> None:
    admin = signed_in(host, "admin")
    page = admin.get(URL).text
    host.sql("UPDATE user SET is_admin = 0")
    sent = {"csrf_token": token_in(page), "preferences": "off"}
    assert admin.client.post(URL, data=sent).status_code == 403
    assert rows(host) == {}


# ---- saving


def test_a_save_changes_only_what_was_sent(host: Host) -> None:
    admin = signed_in(host, "admin")
    before = states(admin)
    assert admin.post(URL, {"preferences": "off"}).status_code == 303
    assert states(admin) == {**before, "preferences": False}
    assert admin.post_json(URL, {"sessions.sign_out": False, "password": True}).json["changes"] == {
        "sessions.sign_out": False
    }
    assert states(admin) == {**before, "preferences": False, "sessions.sign_out": False}
    assert admin.post_json(URL, {}).json["changes"] == {}
    assert rows(host) == {"preferences": False, "sessions.sign_out": False}
    assert admin.post_json(URL, {"preferences": True}).json["changes"] == {"preferences": True}
    assert states(admin) == {**before, "sessions.sign_out": False}


def test_the_page_asks_once_of_each_feature_how_it_is(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of it is said in several places: the switch, how many tabs are on, whether there is anything to reset."""
    asked: Counter[str] = Counter()
    state_in = FeatureRules.state_in
    monkeypatch.setattr(
        FeatureRules, "state_in", lambda rules, name, records: (asked.update([name]), state_in(rules, name, records))[1]
    )
    assert signed_in(host, "admin").get(URL).status_code == 200
    assert set(asked.values()) == {1}


def test_the_page_saved_as_it_is_changes_nothing(new_host: Callable[..., Host]) -> None:
    """Whatever is on, off or locked: a switch sends "off" and, if it is on, "on" behind it."""
    host = new_host(
        MYPROFILE_FEATURES={"api_token": True, "sessions": False}, MYPROFILE_FEATURES_PINNED={"password": False}
    )
    admin = signed_in(host, "admin")
    before, sent = states(admin), as_a_browser_sends(admin.get(URL).text)
    assert sent["preferences"] == ["off", "on"]
    assert sent["sessions"] == ["off"]
    assert "password" not in sent, "locked"
    assert set(before) - set(sent) == {"my_profile", "password"}
    assert admin.client.post(URL, data=sent).status_code == 303
    assert (states(admin), rows(host)) == (before, {})
    page = admin.get(URL).text
    assert "Nothing was changed." in page
    assert "mp-note--success" not in page, "nothing is green where nothing was done"
    again = as_a_browser_sends(admin.get(URL).text)
    admin.client.post(URL, data={**again, "preferences": ["off"], "sessions": ["off", "on"]})
    assert states(admin) == {**before, "preferences": False, "sessions": True}
    assert "Feature settings saved. 2 changes." in admin.get(URL).text
    assert "Feature settings saved" not in admin.get(URL).text, "said once"


@pytest.mark.parametrize("order", [["off", "on"], ["on", "off"]])
def test_of_two_values_for_a_switch_the_last_counts(order: list[str], host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post(URL, {"preferences": order})
    assert states(admin)["preferences"] is (order[-1] == "on")


@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "off") for name in ("passwort", "sessions.copy", "PASSWORD", "personal_information.password_hash")),
        *(("preferences", value) for value in ("maybe", "2", "null", "offf")),
    ],
)
def test_an_unknown_feature_or_value_is_refused_and_nothing_saved(
    name: str, value: str, as_json: bool, host: Host
) -> None:
    admin = signed_in(host, "admin")
    sent = {"sessions": "off", name: value}
    answer = admin.post_json(URL, sent) if as_json else admin.post(URL, sent)
    assert answer.status_code == 422
    if as_json:
        assert list(answer.json["errors"]) == [name]
    else:
        sentence = "There is no such feature" if value == "off" else "This must be true or false"
        assert sentence in answer.text
        assert 'role="alert"' in answer.text
    assert rows(host) == {}


@pytest.mark.parametrize("value", [None, 1, 0, [], {}, ["off"], 1.0])
def test_json_says_true_or_false(value: Any, host: Host) -> None:
    admin = signed_in(host, "admin")
    answer = admin.post_json(URL, {"preferences": value})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["preferences"])
    assert rows(host) == {}


@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_what_the_configuration_pins_is_locked(as_json: bool, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"password": False, "api_token": True})
    admin = signed_in(host, "admin")
    sent = {"password": "on", "preferences": "off"}
    answer = admin.post_json(URL, sent) if as_json else admin.post(URL, sent)
    assert answer.status_code == 409
    assert "configuration: password" in answer.text
    assert not as_json or answer.json["code"] == "feature_locked"
    assert rows(host) == {}, "all of it or nothing"
    page, feature = admin.get(URL).text, admin.json(URL).json["features"]["password"]
    assert feature == {"on": False, "locked": True, "default": True}
    assert re.search(r'id="f-password"[^>]* disabled', page)
    assert "MYPROFILE_FEATURES_PINNED = {&#34;password&#34;: False}" in page
    assert admin.post_json(URL, {"password": False, "preferences": False}).json["changes"] == {"preferences": False}


def test_who_saves_a_page_that_somebody_changed_meanwhile_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """409: with two admins at it, the second would undo what the first did without having seen it."""
    admin, other = signed_in(host, "admin"), signed_in(host, "admin")
    page = as_a_browser_sends(admin.get(URL).text)
    for change in ({"password": False}, {"password": True}, {"password": False}):
        pass_time(monkeypatch, 1)
        assert other.post_json(URL, change).status_code == 200
    late = admin.client.post(URL, data={**page, "preferences": ["off"]})
    assert late.status_code == 409
    assert '<a href="#f-password">Somebody changed these settings while you were editing.' in late.text
    assert rows(host) == {"password": False}
    fresh = as_a_browser_sends(late.text)
    assert fresh["password"] == ["off"], "the answer shows them as they are now"
    assert admin.client.post(URL, data={**fresh, "preferences": ["off"]}).status_code == 303
    assert rows(host) == {"password": False, "preferences": False}


def test_listeners_hear_what_really_changed_and_who_did_it(host: Host) -> None:
    heard: list[dict[str, Any]] = []

    def listen(sender: Any, **data: Any) -> None:
        heard.append({**data, "stored": rows(host)})

    admin = signed_in(host, "admin")
    with features_changed.connected_to(listen, sender=host.app):
        admin.post_json(URL, {"preferences": False, "password": True})
        admin.post_json(URL, {"preferences": False})
        admin.post_json(URL, {"nonsense": False})
        signed_in(host, "alice").post_json(URL, {"preferences": True})
    changed = {"preferences": False}
    assert heard == [{"user_key": "3", "changes": changed, "stored": changed}], "after the commit"


def test_the_log_says_who_switched_what(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    signed_in(host, "admin").post_json(URL, {"preferences": False, "password": True})
    said = [record.getMessage() for record in caplog.records if "switched" in record.getMessage()]
    assert said == ["MyProfile: administrator '3' switched preferences off"]


def test_the_page_says_who_changed_a_feature_and_when(host: Host) -> None:
    admin = signed_in(host, "admin")
    assert "Changed by" not in admin.get(URL).text
    admin.post_json(URL, {"preferences": False, "api_token": False})
    host.sql("UPDATE myprofile_feature SET changed_at = changed_at - 7200")
    page = admin.get(URL).text
    assert re.findall(r"Changed by [^<]*", page) == ["Changed by Admin Test, 2 hours ago. Default: on."] * 2


# ---- back to the defaults


def test_everything_can_be_given_its_default_again(new_host: Callable[..., Host]) -> None:
    """What is pinned stays, it is asked first, and who did it is shown."""
    host = new_host(MYPROFILE_FEATURES={"preferences": False}, MYPROFILE_FEATURES_PINNED={"password": False})
    admin = signed_in(host, "admin")
    before = states(admin)
    reset = URL + "/reset"
    assert reset not in admin.get(URL).text, "nothing differs"
    assert admin.get(reset).location == URL
    admin.post_json(URL, {"sessions": False, "preferences": True, "personal_information.phone": False})
    assert f'href="{reset}"' in admin.get(URL).text
    page = admin.get(reset)
    assert "Reset all features to their defaults?" in page.text
    assert states(admin) != before, "a GET does nothing"
    done = admin.post(reset, {"version": re.search(r'name="version" value="([^"]*)"', page.text)[1]})  # type: ignore[index]
    assert (done.status_code, done.location) == (303, URL)
    assert "Feature settings saved. 3 changes." in admin.get(URL).text
    assert states(admin) == before
    assert "Changed by Admin Test" in admin.get(URL).text


def test_a_reset_of_a_page_that_is_out_of_date_is_not_carried_out(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(URL, {"sessions": False})
    page = admin.get(URL + "/reset").text
    admin.post_json(URL, {"preferences": False})
    answer = admin.post(URL + "/reset", {"version": re.search(r'name="version" value="([^"]*)"', page)[1]})  # type: ignore[index]
    assert answer.status_code == 409
    assert not states(admin)["sessions"]


def test_only_administrators_reset_features(host: Host) -> None:
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    admin.post_json(URL, {"sessions": False})
    assert alice.post(URL + "/reset").status_code == 403
    assert alice.get(URL + "/reset").status_code == 403
    assert not states(admin)["sessions"]
    assert admin.post_json(URL + "/reset").json["changes"] == {"sessions": True}
