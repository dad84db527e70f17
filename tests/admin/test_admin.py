"""What goes beyond test_feature_management.py: a save on Feature Management that cannot be, and the one after it."""

from __future__ import annotations

import re

from tests.support.host import Browser, Host, token_in

URL = "/profile/admin/features"


def admin_of(host: Host, name: str = "admin") -> Browser:
    browser = host.browser()
    browser.login(name)
    return browser


def choices(host: Host) -> dict[str, bool]:
    return {name: bool(on) for name, on in host.sql("SELECT name, enabled FROM myprofile_feature")}


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


def test_a_change_that_cannot_be_stored_changes_nothing(host: Host) -> None:
    admin = admin_of(host)
    token = admin.csrf()
    host.sql("CREATE TRIGGER refuse BEFORE INSERT ON myprofile_feature BEGIN SELECT RAISE(ABORT, 'full'); END")
    answer = admin.client.post(URL, data={"csrf_token": token, "password": "off"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert choices(host) == {}
