"""What an administrator has moved on Feature Management outlives a save that could not be; so does what others did."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest

from tests.admin.test_feature_effects import admin_of, moved
from tests.support.host import Browser, Host, token_in
from tests.support.kept import in_each_database

URL = "/profile/admin/features"
STALE = "This page was opened before you signed in"
MEANWHILE = "Somebody changed these settings while you were editing."


def sent_by_a_browser(page: str) -> dict[str, list[str]]:
    """The form, with every switch as it stands on the page."""
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page.partition(f'action="{URL}"')[2]):
        found = {name: unescape(value) for name, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        if found["type"] != "checkbox" or (" checked" in tag and " disabled" not in tag):
            sent.setdefault(found["name"], []).append(found["value"])
    return sent


def off(page: str, *names: str) -> dict[str, list[str]]:
    return {**sent_by_a_browser(page), **{name: ["off"] for name in names}}


def marked(page: str) -> list[str]:
    """Whose labels are marked as changed by somebody else, and by whom."""
    rows = page.split('<div class="mp-feature')[1:]
    return [re.search(r'for="f-([^"]+)"', row)[1] for row in rows if "Changed meanwhile" in row]  # type: ignore[index]


def choices(host: Host) -> dict[str, bool]:
    return {name: bool(on) for name, on in host.sql("SELECT name, enabled FROM myprofile_feature")}


def test_after_somebody_elses_change_both_are_on_the_page(host: Host) -> None:
    """What was sent is kept, what they changed is shown as it is and marked with who did it; saved again, both hold."""
    late, first = admin_of(host), admin_of(host)
    page = late.get(URL).text
    assert first.post(URL, {"sessions": "off", "preferences": "off"}).status_code == 303
    answer = late.client.post(URL, data=off(page, "password", "preferences"))
    assert answer.status_code == 409
    assert MEANWHILE in answer.text
    assert moved(answer.text) == {"password": False}, "of both wanted the same, nothing is left to save"
    assert marked(answer.text) == ["preferences", "sessions"]
    assert answer.text.count("Changed by Admin Test, just now.") == 2
    assert late.client.post(URL, data=sent_by_a_browser(answer.text)).status_code == 303
    assert choices(host) == {"password": False, "preferences": False, "sessions": False}
    assert "Feature settings saved. 1 change." in late.get(URL).text


@in_each_database
def test_a_form_that_comes_twice_is_no_mistake(host: Host) -> None:
    """Nothing keeps back a second click where no script runs: it is answered as the first."""
    admin = admin_of(host)
    sent = off(admin.get(URL).text, "password", "sessions.rename")
    for _ in range(2):
        assert admin.client.post(URL, data=sent).status_code == 303
        assert "Feature settings saved. 2 changes." in admin.get(URL).text
    person, page = "/profile/personal-information", admin.get("/profile/personal-information").text
    form = page.partition(f'action="{person}"')[2].partition("</form>")[0]
    typed = {name: unescape(value) for name, value in re.findall(r'name="([^"]+)"[^>]* value="([^"]*)"', form)}
    for _ in range(2):
        assert admin.client.post(person, data={**typed, "first_name": "Ada"}).status_code == 303
        assert "Your personal information has been saved." in admin.get(person).text


def test_a_switch_that_somebody_moved_and_back_is_not_marked(host: Host) -> None:
    late, first = admin_of(host), admin_of(host)
    page = late.get(URL).text
    for on in (False, True):
        first.post_json(URL, {"sessions": on})
    answer = late.client.post(URL, data=off(page, "sessions"))
    assert answer.status_code == 409
    assert marked(answer.text) == []
    assert moved(answer.text) == {"sessions": False}


def test_after_a_page_of_another_sign_in_the_switches_are_as_they_were_left(host: Host) -> None:
    """400: what is sent with a token that does not count is not saved, and not lost either."""
    admin, other = admin_of(host), admin_of(host)
    page = admin.get(URL).text
    other.post(URL, {"sessions": "off"})
    sent = {**off(page, "password"), "csrf_token": ["of another session"]}
    answer = admin.client.post(URL, data=sent)
    assert answer.status_code == 400
    assert STALE in answer.text
    assert moved(answer.text) == {"password": False}
    assert marked(answer.text) == ["sessions"]
    assert choices(host) == {"sessions": False}
    assert admin.client.post(URL, data=sent_by_a_browser(answer.text)).status_code == 303
    assert choices(host) == {"password": False, "sessions": False}


def test_what_another_site_has_sent_is_not_kept(host: Host) -> None:
    admin = admin_of(host)
    sent = off(admin.get(URL).text, "password")
    answer = admin.client.post(URL, data=sent, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert moved(answer.text) == {}
    assert choices(host) == {}


@pytest.mark.parametrize("wrong", [{"nonsense": "off"}, {"sessions": "perhaps"}, {"version": "\x00"}])
def test_one_wrong_value_loses_nothing_of_the_rest(wrong: dict[str, str], host: Host) -> None:
    admin = admin_of(host)
    answer = admin.client.post(URL, data={**off(admin.get(URL).text, "password"), **wrong})
    assert answer.status_code == 422
    assert moved(answer.text) == {"password": False}


def test_what_is_locked_since_is_shown_as_it_is(new_host: Callable[..., Host]) -> None:
    """The configuration has the last word, whatever was sent."""
    admin = admin_of(new_host(MYPROFILE_FEATURES_PINNED={"password": True}))
    answer = admin.client.post(URL, data=off(admin.get(URL).text, "password", "sessions"))
    assert answer.status_code == 409
    assert "configuration: password" in answer.text
    assert moved(answer.text) == {"sessions": False}


def test_a_form_that_does_not_say_what_it_showed_is_kept_as_it_is(host: Host) -> None:
    admin = admin_of(host)
    other = admin_of(host)
    version = admin.json(URL).json["version"]
    other.post(URL, {"sessions": "off"})
    answer = admin.post(URL, {"sessions": "on", "password": "off", "version": version})
    assert answer.status_code == 409
    assert moved(answer.text) == {"sessions": True, "password": False}
    assert token_in(answer.text)


def test_nothing_is_green_where_nothing_was_changed(host: Host) -> None:
    """Here, and on the tabs that are saved as they are."""
    admin: Browser = admin_of(host)
    for url in (URL, "/profile/personal-information", "/profile/preferences"):
        page = admin.get(url).text
        form = page.partition(f'action="{url}"')[2].partition("</form>")[0]
        sent = dict(re.findall(r'name="([^"]+)"[^>]* value="([^"]*)"', form))
        if url == URL:
            sent = sent_by_a_browser(page)  # type: ignore[assignment]
        for name in ("language", "timezone", "zones"):  # a list, a list, and a button
            sent.pop(name, None)
        assert admin.client.post(url, data={"theme": "", **sent} if "preferences" in url else sent).status_code == 303
        said = admin.get(url).text
        assert "Nothing was changed." in said, url
        assert "mp-note--success" not in said
        assert "mp-note--info mp-status" in said
