"""What Feature Management says of a switch before it is moved: whom it concerns, and what cannot be undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from flask_myprofile import Effect, Part, Tab, current_profile
from flask_myprofile.account import preferences, tokens, user_search
from flask_myprofile.tabs import api_token
from tests.pages.test_pending_forms import confirm, stale
from tests.support.devices import asked_who, pass_time
from tests.support.host import Browser, Host, token_in
from tests.support.kept import in_each_database

URL = "/profile/admin/features"
QUESTION = "Save these changes?"


def admin_of(host: Host) -> Browser:
    browser = host.browser()
    browser.login("admin")
    return browser


def make_tokens(host: Host, *names: str) -> None:
    with host.app.test_request_context():
        for name in names:
            current_profile.tokens.regenerate(host.user(name))
            host.db.session.commit()


def effect_of(page: str, feature: str) -> str:
    """What is said beside the switch when it is moved."""
    found = re.search(rf'<p class="mp-effect[^>]* id="f-{feature.replace(".", "-")}-effect">(.*?)</p>', page, re.S)
    return unescape(re.sub(r"<svg.*?</svg>|<[^>]*>", "", found[1])).strip() if found else ""


def hidden(page: str) -> dict[str, str]:
    """The fields of the question."""
    form = page.partition("data-mp-confirm")[2]
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)}


def is_on(host: Host, feature: str) -> bool:
    with host.app.test_request_context():
        return current_profile.features[feature]


# ---- said beside the switch


@in_each_database
def test_it_says_how_many_people_have_a_token_and_use_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tokens(host, "alice", "bob", "admin")
    host.sql("UPDATE myprofile_token SET last_used_at = created_at WHERE user_key <> '1'")
    host.sql("UPDATE myprofile_token SET expires_at = 1 WHERE user_key = '3'")
    host.sql("UPDATE myprofile_token SET ciphertext = NULL WHERE user_key = '2'")
    admin = admin_of(host)
    page = admin.get(URL).text
    said = "Every token stops working at once. 2 users have a token; used in the last 30 days: 1."
    assert effect_of(page, "api_token") == f"Switched off: {said}"
    copies = "2 tokens cannot be copied any more, for good. They go on working."
    assert effect_of(page, "api_token.copy") == f"Switched off: {copies}"
    admin.post_json(URL, {"api_token": False})
    assert effect_of(admin.get(URL).text, "api_token").startswith("Switched on: Tokens from before work again at once.")
    pass_time(monkeypatch, 31 * 86_400)
    later = admin_of(host)
    assert "2 users have a token; used in the last 30 days: 0." in effect_of(later.get(URL).text, "api_token")


@in_each_database
def test_it_says_how_many_people_keep_what_they_have_chosen(host: Host) -> None:
    for name in ("alice", "bob"):
        browser = host.browser()
        browser.login(name)
        browser.post_json("/profile/preferences", {"theme": "dark"})
    page = admin_of(host).get(URL).text
    kept = "2 users have made a choice and keep it. Nobody can make another one."
    assert effect_of(page, "preferences.theme") == f"Switched off: {kept}"
    assert effect_of(page, "preferences.language") == "Holds for 3 users as soon as it is saved."


def test_every_switch_says_what_it_is_and_whom_it_concerns(host: Host) -> None:
    page = admin_of(host).get(URL).text
    names = re.findall(r'role="switch" id="f-([^"]+)"', page)
    assert len(names) > 15
    assert [name for name in names if f'id="f-{name}-hint"' not in page] == []
    assert [name for name in names if name not in ("doctor", "openapi") and not effect_of(page, name)] == []
    assert page.count("Users see it, and cannot change it here.") == 2, "user name and address"
    assert "Users see and change it." in page


def test_a_locked_switch_says_nothing_of_being_moved(new_host: Callable[..., Host]) -> None:
    page = admin_of(new_host(MYPROFILE_FEATURES_PINNED={"password": True})).get(URL).text
    assert effect_of(page, "password") == ""


def test_a_tab_of_the_hosts_says_what_comes_of_its_switches(new_host: Callable[..., Host]) -> None:
    class Alarms(Tab):
        name = "alarms"
        label = "Alarms"
        parts = (Part("night", "At night"),)

        def effects(self) -> dict[str, Effect]:
            return {"alarms": Effect("<b>Silence</b>", asks=True), "alarms.night": Effect("Quiet nights")}

    host = new_host(myprofile_options={"tabs": [Alarms]})
    admin = admin_of(host)
    page = admin.get(URL).text
    assert effect_of(page, "alarms.night") == "Switched off: Quiet nights"
    assert "<b>Silence" not in page
    assert QUESTION in admin.post(URL, {"alarms": "off"}).text
    assert admin.post(URL, {"alarms.night": "off"}).status_code == 303
    assert admin.post(URL, {"alarms": "off", "_confirmed": "alarms"}).status_code == 303


# ---- what it costs


@in_each_database
def test_no_more_is_counted_than_a_page_waits_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many users there are: three statements, each of which stops early."""
    for module in (preferences, tokens, user_search, api_token):
        monkeypatch.setattr(module, "MOST_COUNTED", 3)
    monkeypatch.setattr("flask_myprofile.admin.feature_page.MOST_COUNTED", 3)
    make_tokens(host, "alice", "bob", "admin")
    host.sql("INSERT INTO myprofile_token (user_key, digest, hint, created_at) VALUES ('9', 'x', 'x', 1)")
    admin = admin_of(host)
    seen = host.count_statements()
    page = admin.get(URL).text
    assert "More than 2 users have a token." in effect_of(page, "api_token")
    assert effect_of(page, "sessions.rename") == "Holds for more than 2 users as soon as it is saved."
    counting = [each for each in seen if "count(" in each.lower() or "sum(" in each.lower()]
    assert len(counting) == 3
    assert all("LIMIT" in each for each in counting)
    assert len(seen) <= len(counting) + 4, "besides: who is there, in which session, the version and what has it"


@in_each_database
def test_who_is_asked_first_costs_one_count_of_each(host: Host) -> None:
    make_tokens(host, "alice")
    admin = admin_of(host)
    token = admin.csrf()
    seen = host.count_statements()
    assert QUESTION in admin.client.post(URL, data={"csrf_token": token, "api_token": "off"}).text
    assert len([each for each in seen if "sum(" in each.lower()]) == 1


# ---- one question before what cannot be undone


@pytest.mark.parametrize("feature", ["api_token", "api_token.copy"])
def test_what_cannot_be_undone_is_asked_before_it_is_saved(feature: str, host: Host) -> None:
    make_tokens(host, "alice")
    admin = admin_of(host)
    answer = admin.post(URL, {feature: "off", "preferences": "off"})
    assert answer.status_code == 422
    assert QUESTION in answer.text
    assert "1 user has a token" in answer.text or "1 token cannot be copied any more" in answer.text
    assert is_on(host, feature)
    assert is_on(host, "preferences"), "all of it or nothing"
    sent = hidden(answer.text)
    assert admin.client.post(URL, data=sent).status_code == 303
    assert not is_on(host, feature)
    assert not is_on(host, "preferences")
    copies = host.sql("SELECT ciphertext FROM myprofile_token")
    assert [each is None for (each,) in copies] == [feature == "api_token.copy"]


def test_each_is_asked_once_and_all_of_them_together(host: Host) -> None:
    make_tokens(host, "alice")
    admin = admin_of(host)
    first = admin.post(URL, {"api_token": "off", "_confirmed": "api_token.copy"}).text
    assert QUESTION in first
    both = admin.post(URL, {"api_token": "off", "api_token.copy": "off"}).text
    assert "API Token: Every token" in both
    assert "API Token › Copy: 1 token" in both
    assert admin.client.post(URL, data={**hidden(first), "api_token.copy": "off"}).status_code == 303


def test_the_question_names_all_that_is_saved(host: Host) -> None:
    make_tokens(host, "alice")
    asked = admin_of(host).post(URL, {"api_token": "off", "password": "off", "sessions": ["off", "on"]}).text
    assert "API Token: Every token" in asked
    assert "Turned off: Password<" in asked
    assert "Sessions" not in asked.partition(QUESTION)[2].partition("</form>")[0], "it is on already"


def test_where_nobody_loses_anything_nobody_is_asked(host: Host) -> None:
    admin = admin_of(host)
    assert admin.post(URL, {"api_token": "off", "api_token.copy": "off", "password": "off"}).status_code == 303
    make_tokens(host, "alice")
    assert admin.post(URL, {"api_token": "off"}).status_code == 303, "it is off already"
    assert admin.post(URL, {"api_token": "on", "api_token.copy": "on"}).status_code == 303


def test_a_program_is_not_asked(host: Host) -> None:
    make_tokens(host, "alice")
    assert admin_of(host).post_json(URL, {"api_token": False}).json["changes"] == {"api_token": False}


def test_who_goes_back_from_the_question_finds_the_switches_as_they_were_left(host: Host) -> None:
    make_tokens(host, "alice")
    admin = admin_of(host)
    page = admin.get(URL).text
    shown = re.search(r'name="_shown" value="([^"]*)"', page)[1]  # type: ignore[index]
    asked = admin.post(URL, {"api_token": "off", "password": "off", "sessions": ["off", "on"], "_shown": shown})
    back = admin.client.post(URL, data={**hidden(asked.text), "_back": "1"})
    assert back.status_code == 200
    assert moved(back.text) == {"api_token": False, "password": False}
    assert is_on(host, "password")
    assert "There is a problem" not in back.text


def moved(page: str) -> dict[str, bool]:
    """The switches that are not saved as they stand."""
    tags = re.findall(r'<input class="mp-switch"[^>]*data-mp-moved[^>]*>', page)
    return {re.search(r'name="([^"]+)"', tag)[1]: " checked" in tag for tag in tags}  # type: ignore[index]


def test_the_question_and_a_recent_sign_in_lose_nothing(host: Host) -> None:
    """In a row: asked about the tokens, then who is there; then all of it is saved, and said."""
    make_tokens(host, "alice")
    admin = stale(host, "admin")
    asked = admin.post(URL, {"api_token": "off", "password": "off", "sessions.rename": "off"})
    answer = confirm(admin, asked_who(admin.client.post(URL, data=hidden(asked.text))))
    assert answer.location == URL
    assert "Feature settings saved. 3 changes." in admin.get(URL).text
    assert [is_on(host, name) for name in ("api_token", "password", "sessions.rename")] == [False] * 3


def test_a_question_about_a_page_that_is_out_of_date_is_not_asked(host: Host) -> None:
    make_tokens(host, "alice")
    admin, other = admin_of(host), admin_of(host)
    version = admin.json(URL).json["version"]
    other.post_json(URL, {"preferences": False})
    answer = admin.post(URL, {"api_token": "off", "version": version})
    assert answer.status_code == 409
    assert QUESTION not in answer.text
    assert moved(answer.text) == {"api_token": False}


def test_a_reset_says_what_it_costs(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": False})
    admin = admin_of(host)
    admin.post_json(URL, {"api_token": True})
    make_tokens(host, "alice")
    page = admin.get(f"{URL}/reset").text
    assert "API Token: Every token stops working at once. 1 user has a token" in page
    assert "<h1" in page
    assert "User sessions</h1>" not in page


def test_what_is_no_question_of_ours_confirms_nothing(host: Host) -> None:
    make_tokens(host, "alice")
    admin = admin_of(host)
    for value in ("", "yes", "api_token_copy", "x" * 9000, "\x00", '"><script>'):
        answer: Any = admin.post(URL, {"api_token": "off", "_confirmed": value, "_shown": value})
        assert answer.status_code == 422, value
        assert "<script>" not in answer.text
        assert token_in(answer.text)
    assert admin.post_json(URL, {"_confirmed": "api_token", "api_token": False}).status_code == 422
    assert is_on(host, "api_token")


def test_a_pinned_feature_is_described_by_what_the_page_says_of_it(new_host: Callable[..., Host]) -> None:
    """What a switch would do is not said where nobody can move it."""
    page = admin_of(new_host(MYPROFILE_FEATURES_PINNED={"sessions": True})).get(URL).text
    described = re.search(r'<input[^>]*id="f-sessions"[^>]*aria-describedby="([^"]+)"', page)
    assert described is not None
    assert "f-sessions-lock" in described[1]
    assert all(f'id="{each}"' in page for each in described[1].split()), described[1]
