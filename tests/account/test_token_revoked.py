"""Whoever listens to ``token_changed`` hears of each API token that is revoked, once, whichever door it was done by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import DeleteMyAccount, Notice, Users, current_profile, signals
from tests.admin.test_users import URL as ADMIN
from tests.admin.test_users import signed_in
from tests.admin.test_users_tokens import token_of, works
from tests.extension.test_cli_accounts import run
from tests.notices.test_not_me_link import press
from tests.support.host import Host
from tests.support.office import Office

OWN = "/profile/api-token/revoke"
NEW = "new@x.test"


def by_its_page(host: Host, told: list[Notice]) -> None:
    alice = signed_in(host, "alice")
    version = alice.json("/profile/api-token").json["version"]
    alice.post(OWN, {"version": version})


def by_json(host: Host, told: list[Notice]) -> None:
    signed_in(host, "alice").post_json(OWN)


def by_an_administrator(host: Host, told: list[Notice]) -> None:
    signed_in(host, "admin").post_json(f"{ADMIN}/revoke-token", {"user": "alice"})


def with_everything(host: Host, told: list[Notice]) -> None:
    signed_in(host, "admin").post(f"{ADMIN}/end-everything", {"user": "alice"})


def by_forgetting(host: Host, told: list[Notice]) -> None:
    signed_in(host, "admin").post(f"{ADMIN}/forget", {"user": "1", "name": "Alice Test"})


def by_deleting_the_account(host: Host, told: list[Notice]) -> None:
    signed_in(host, "alice").post("/profile/delete-my-account", {"name": "Alice Test"})


def by_a_command(host: Host, told: list[Notice]) -> None:
    run(host, "tokens revoke alice --yes")


def by_the_command_that_offboards(host: Host, told: list[Notice]) -> None:
    run(host, "offboard alice --yes")


def by_the_command_that_forgets(host: Host, told: list[Notice]) -> None:
    run(host, "forget alice --yes")


def by_the_hosts_own_code(host: Host, told: list[Notice]) -> None:
    with host.app.test_request_context():
        assert current_profile.tokens.revoke(host.user("alice"))


def by_offboarding(host: Host, told: list[Notice]) -> None:
    with host.app.app_context():
        current_profile.offboard(host.user("alice"))


def by_a_link_in_a_mail(host: Host, told: list[Notice]) -> None:
    signed_in(host, "alice").post_json("/profile/password", {"current_password": "x"})  # nothing comes of it
    (link,) = (notice.link for notice in told if notice.kind == "token_made")
    assert link is not None
    assert press(host.browser(), link.removeprefix("https://app.test"), api_token="y").status_code == 200


def by_an_undo(host: Host, told: list[Notice]) -> None:
    alice = signed_in(host, "alice")
    alice.post("/profile/personal-information/change-email", {"new_email": NEW})
    notices = host.app.extensions["myprofile"].notices
    for kind, browser in (("confirm_email", alice), ("email_changed", host.browser())):
        assert notices.wait()
        (link,) = (notice.link for notice in told if notice.kind == kind)
        answer = press(browser, str(link).removeprefix("https://app.test"), sessions="y", api_token="y")
        assert answer.status_code in (200, 303), answer.text


def delete(user: Any) -> None:
    current_profile.db.session.delete(user)


BY_ADMIN = {by_an_administrator, with_everything}
DOORS: list[Callable[[Host, list[Notice]], None]] = [
    *(by_its_page, by_json, by_an_administrator, with_everything, by_forgetting, by_deleting_the_account),
    *(by_a_command, by_the_command_that_offboards, by_the_command_that_forgets, by_the_hosts_own_code),
    *(by_offboarding, by_a_link_in_a_mail, by_an_undo),
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_each_is_heard_once(door: Callable[[Host, list[Notice]], None], new_host: Callable[..., Host]) -> None:
    told: list[Notice] = []
    host = new_host(
        myprofile_options={"tabs": [DeleteMyAccount], "users": Users(delete=delete)},
        MYPROFILE_NOTIFY=lambda user, notice: told.append(notice),
        MYPROFILE_EXTERNAL_URL="https://app.test",
        MYPROFILE_EMAIL_CHANGE="verified",
    )
    token = token_of(host)
    assert host.app.extensions["myprofile"].notices.wait()
    heard: list[dict[str, Any]] = []
    signals.token_changed.connect(lambda app, **said: heard.append(said), host.app, weak=False)
    door(host, told)
    assert not works(host, token)
    by = {"by": str(host.user("admin").id)} if door in BY_ADMIN else {}
    assert heard == [{"user_key": "1", "action": "revoked", **by}]


def test_a_new_one_is_heard_once_as_well(host: Host) -> None:
    heard: list[dict[str, Any]] = []
    signals.token_changed.connect(lambda app, **said: heard.append(said), host.app, weak=False)
    signed_in(host, "alice").post_json("/profile/api-token/regenerate")
    token_of(host)
    assert heard == [{"user_key": "1", "action": "regenerated"}] * 2


def test_a_logout_at_the_provider_is_heard_once(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(new_host, monkeypatch, MYPROFILE_SSO_BACKCHANNEL_ALSO=("api_token",))
    office.local.post_json("/profile/api-token/regenerate")
    heard: list[str] = []
    signals.token_changed.connect(lambda app, action, **said: heard.append(action), office.host.app, weak=False)
    assert office.okta.tell(office.host, office.okta.logout_token(sub="88")).status_code == 200
    assert heard == ["revoked"]


def test_what_is_rolled_back_is_not_heard(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    token, heard = token_of(host), []
    signals.token_changed.connect(lambda app, **said: heard.append(said), host.app, weak=False)
    alice = signed_in(host, "alice")
    host.sql("ALTER TABLE myprofile_event RENAME TO elsewhere")
    assert alice.post_json(OWN).status_code == 503
    host.sql("ALTER TABLE elsewhere RENAME TO myprofile_event")
    assert heard == [] and works(host, token)
