"""What signs somebody in can be ended, whatever is switched off."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from flask_myprofile import cli, current_profile
from tests.devices import change_password, live
from tests.host import Browser, Host

TOKEN = "/profile/api-token"
MAKE, REVOKE = f"{TOKEN}/regenerate", f"{TOKEN}/revoke"
SWITCHES = "/profile/admin/features"
WAYS = ["FEATURES", "FEATURES_PINNED", "admin"]


def host_without(new_host: Callable[..., Host], way: str, *off: str) -> Host:
    """A host where these are off, though its user has a token that is in use already."""
    features, pinned = {"api_token": True}, dict[str, bool]()
    if way == "FEATURES":
        features |= dict.fromkeys(off, False)
    if way == "FEATURES_PINNED":
        pinned = dict.fromkeys(off, False)
    host = new_host(MYPROFILE_FEATURES=features, MYPROFILE_FEATURES_PINNED=pinned)
    if way == "admin":
        admin = host.browser()
        admin.login("admin")
        assert admin.post_json(SWITCHES, dict.fromkeys(off, False)).status_code == 200
    return host


def leaked(host: Host) -> str:
    with host.app.test_request_context():
        return current_profile.tokens.regenerate(host.user("alice"))


def works(host: Host, token: str) -> bool:
    answer = host.browser().get("/api", headers={"Authorization": f"Bearer {token}"})
    return bool(answer.status_code == 200)


def alice_of(host: Host) -> Browser:
    browser = host.browser()
    browser.login("alice")
    return browser


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_a_token_is_revoked_though_making_one_is_switched_off(
    as_json: bool, way: str, new_host: Callable[..., Host]
) -> None:
    host = host_without(new_host, way, "api_token.regenerate", "api_token.copy")
    token, alice = leaked(host), alice_of(host)
    assert works(host, token)
    page = alice.get(TOKEN).text
    assert REVOKE in page
    assert MAKE not in page
    assert [alice.get(MAKE).status_code, alice.post(MAKE).status_code, alice.post_json(MAKE).status_code] == [404] * 3
    if as_json:
        version = alice.json(TOKEN).json["version"]
        assert alice.post_json(REVOKE, {"version": version}).status_code == 200
    else:
        question = alice.get(REVOKE).text
        assert "You can generate another one" not in question, "which is not so"
        assert "Only an administrator can let you have another one." in question
        sent = {"version": re.search(r'name="version" value="([^"]+)"', question)[1]}  # type: ignore[index]
        assert alice.post(REVOKE, sent).location == TOKEN
    assert not works(host, token)
    assert "You have no API token" in alice.get(TOKEN).text
    assert REVOKE not in alice.get(TOKEN).text


def test_where_a_token_cannot_be_revoked_none_works(new_host: Callable[..., Host]) -> None:
    """The tab is off: so are all tokens, until it is on again with its Revoke."""
    host = host_without(new_host, "admin", "api_token")
    token, alice = leaked(host), alice_of(host)
    assert not works(host, token)
    assert alice.post(REVOKE).status_code == 404


def test_an_administrator_reads_what_switching_it_off_leaves(host: Host) -> None:
    admin = host.browser()
    admin.login("admin")
    assert "Off: they can still revoke the one that they have." in admin.get(SWITCHES).text
    assert "api_token.revoke" not in admin.json(SWITCHES).json["features"], "there is no switch for it"


@pytest.mark.parametrize("way", WAYS)
def test_with_both_ways_to_sign_out_others_switched_off_there_are_others(
    way: str, new_host: Callable[..., Host]
) -> None:
    """This very session always; another one by a change of the password, by an administrator, by the operator."""
    host = host_without(new_host, way, "sessions.sign_out", "sessions.sign_out_others")
    ways: list[Callable[[Browser, Browser], object]] = [
        lambda here, there: there.post("/profile/sign-out"),
        lambda here, there: there.post("/logout"),
        lambda here, there: admin.post("/profile/admin/sessions/sign-out", {"user": "alice", "id": there.session_id()}),
        lambda here, there: operator.invoke(cli.group, ["sessions", "end", "--user", "alice", "--all", "--yes"]),
    ]
    admin, operator = host.browser(), host.app.test_cli_runner()
    admin.login("admin")
    for end in ways:
        here, there = alice_of(host), alice_of(host)
        assert here.post("/profile/sessions/sign-out", {"id": there.session_id()}).status_code == 404
        end(here, there)
        assert not there.is_in()
    here, there = alice_of(host), alice_of(host)
    assert change_password(here).status_code == 303
    assert [here.is_in(), there.is_in(), live(host)] == [True, False, 1]
