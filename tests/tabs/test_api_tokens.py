"""Several API tokens: made, listed, replaced and ended, each for itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.errors import Conflict
from tests.support.at_once import at_once
from tests.support.host import JSON, Browser, Host, signed_in
from tests.support.kept import in_each_database

TAB = "/profile/api-token"
SETTINGS: dict[str, Any] = {"MYPROFILE_FEATURES": {"api_token": True, "activity": True}, "MYPROFILE_API_TOKENS": 3}


@pytest.fixture
def several(new_host: Callable[..., Host]) -> Host:
    return new_host(**SETTINGS)


def make(browser: Browser, name: str, **more: Any) -> dict[str, Any]:
    answer = browser.post_json(f"{TAB}/create", {"name": name, **more})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json
    return made


def works(host: Host, token: str) -> bool:
    return bool(host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 200)


def names(browser: Browser) -> list[str]:
    return [each["name"] for each in browser.json(TAB).json["tokens"]]


@in_each_database
def test_each_token_works_and_ends_for_itself(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    made = {name: make(alice, name) for name in ("CI", "Nightly export", "Zoë’s laptop 🚀")}
    assert names(alice) == list(made)
    assert all(works(host, each["token"]) for each in made.values())
    assert alice.post_json(f"{TAB}/revoke", {"id": made["CI"]["id"]}).status_code == 200
    assert not works(host, made["CI"]["token"])
    again = alice.post_json(f"{TAB}/regenerate", {"id": made["Nightly export"]["id"]}).json
    assert not works(host, made["Nightly export"]["token"])
    assert works(host, again["token"]) and works(host, made["Zoë’s laptop 🚀"]["token"])
    assert sorted(names(alice)) == ["Nightly export", "Zoë’s laptop 🚀"]


@in_each_database
def test_nobody_has_more_than_the_limit(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    ids = [make(alice, str(number))["id"] for number in range(3)]
    refused = alice.post_json(f"{TAB}/create", {"name": "one more"})
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_tokens")
    assert alice.post_json(f"{TAB}/regenerate", {"id": ids[1]}).status_code == 200
    assert alice.post_json(f"{TAB}/revoke", {"id": ids[0]}).status_code == 200
    make(alice, "in its place")
    make(signed_in(host, "bob"), "of somebody else")
    assert len(names(alice)) == 3


def test_a_token_of_somebody_else_or_of_nobody_is_not_there(several: Host) -> None:
    alice, bob = signed_in(several), signed_in(several, "bob")
    theirs = make(bob, "Bob’s")
    answers = [
        alice.post_json(f"{TAB}/{action}", {"id": id_})
        for action in ("revoke", "regenerate", "reveal")
        for id_ in (theirs["id"], "0" * 16, "", "'; --")
    ]
    assert {(each.status_code, each.json["code"]) for each in answers} == {(404, "no_such_token")}
    assert alice.get(f"{TAB}/revoke?id={theirs['id']}").status_code == 404
    assert works(several, theirs["token"])


def test_which_one_has_to_be_said_once_there_are_two(several: Host) -> None:
    alice = signed_in(several)
    first = alice.post_json(f"{TAB}/regenerate").json["token"]
    second = alice.post_json(f"{TAB}/regenerate").json["token"]
    assert not works(several, first) and works(several, second)
    make(alice, "another")
    for action in ("revoke", "regenerate", "reveal"):
        refused = alice.post_json(f"{TAB}/{action}")
        assert (refused.status_code, refused.json["errors"]) == (422, {"id": ["Say which token"]}), action
    assert works(several, second)


def test_a_confirmation_is_good_for_the_token_that_it_was_about(several: Host) -> None:
    alice = signed_in(several)
    made = make(alice, "CI")
    make(alice, "another")
    question = alice.get(f"{TAB}/regenerate?id={made['id']}").text
    assert "CI" in question and f'value="{made["id"]}"' in question
    assert alice.post_json(f"{TAB}/regenerate", {"version": made["id"]}).status_code == 200
    late = alice.post(f"{TAB}/regenerate", {"version": made["id"]})
    assert late.status_code == 409
    assert alice.post(f"{TAB}/revoke", {"version": made["id"]}).status_code == 409
    assert len(names(alice)) == 2


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("", "Say what the token is for"),
        ("   ", "Say what the token is for"),
        ("x" * 65, "Token name must be 64 characters or fewer"),
        ("a\u202eb", "Token name has a character that cannot be used. Type it again"),
    ],
)
def test_a_name_that_is_none_is_refused_and_kept_in_the_form(name: str, wrong: str, several: Host) -> None:
    alice = signed_in(several)
    assert alice.post_json(f"{TAB}/create", {"name": name}).json["errors"] == {"name": [wrong]}
    page = alice.post(f"{TAB}/create", {"name": name})
    assert page.status_code == 422
    assert wrong in page.text and 'aria-invalid="true"' in page.text
    assert alice.json(TAB).json["tokens"] == []


def test_a_form_that_is_sent_twice_makes_one_token(several: Host) -> None:
    """As by a page that is loaded again, or a button pressed twice, without scripts. From an older page it is asked
    about once more."""
    alice = signed_in(several)
    older = {"name": "another", "list_version": version_in(alice.get(TAB).text)}
    sent = {"name": "CI", "list_version": older["list_version"]}
    assert alice.post(f"{TAB}/create", sent).status_code == 200
    again = alice.post(f"{TAB}/create", sent)
    assert again.status_code == 409 and "This was done already" in again.text
    assert names(alice) == ["CI"]
    late = alice.post(f"{TAB}/create", older)
    assert late.status_code == 409 and 'value="another"' in late.text
    assert alice.post(f"{TAB}/create", {**older, "list_version": version_in(late.text)}).status_code == 200
    assert names(alice) == ["CI", "another"]


def version_in(page: str) -> str:
    found = re.search(r'name="list_version" value="(\w+)"', page)
    assert found
    return found[1]


@in_each_database
def test_of_two_who_were_shown_the_same_tokens_one_makes_another(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)

    def make() -> str:
        with host.app.test_request_context():
            user, tokens = host.user("alice"), current_profile.tokens
            version = tokens.list_version(tokens.list(user))
            shown.wait(30)
            try:
                tokens.make(user, "CI", beside=version)
                host.db.session.commit()
            except Conflict as error:
                return error.code
            return "made"

    for number in range(1, 3):
        shown = Barrier(2)
        assert sorted(at_once(make, make)) == ["made", "token_changed"]
        with host.app.test_request_context():
            assert len(current_profile.tokens.list(host.user("alice"))) == number


def test_the_page_shows_each_and_the_secret_of_none(several: Host) -> None:
    alice = signed_in(several)
    made = [make(alice, name) for name in ("<b>CI</b>", "Export")]
    page = alice.get(TAB).text
    assert "&lt;b&gt;CI&lt;/b&gt;" in page and "Export" in page and "2 of 3" in page
    assert not any(each["token"] in page for each in made)
    shown = alice.post(f"{TAB}/reveal", {"id": made[1]["id"]})
    assert made[1]["token"] in shown.text and made[0]["token"] not in shown.text
    assert shown.headers["Cache-Control"] == "no-store"


def test_all_are_revoked_at_once(several: Host) -> None:
    alice = signed_in(several)
    tokens = [make(alice, str(number))["token"] for number in range(3)]
    assert "3 tokens stop working" in alice.get(f"{TAB}/revoke-all").text
    assert alice.post_json(f"{TAB}/revoke-all").json == {"message": "3 API tokens have been revoked."}
    assert not any(works(several, token) for token in tokens)
    kinds = [(each["kind"], each["details"]) for each in alice.json("/profile/activity").json["events"]][:3]
    assert sorted(kinds, key=str) == [("token.revoked", {"token": str(number)}) for number in range(3)]


# ---- the limit is raised, and lowered again


@in_each_database
def test_tokens_go_on_when_the_limit_is_raised_and_lowered_again(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True})
    url = host.app.config["SQLALCHEMY_DATABASE_URI"]
    single = signed_in(host).post_json(f"{TAB}/regenerate").json["token"]

    raised = new_host(url, **SETTINGS)
    alice = signed_in(raised)
    assert works(raised, single)
    assert names(alice) == [""]
    made = [make(alice, "second"), make(alice, "third")]
    assert alice.post_json(f"{TAB}/create", {"name": "fourth"}).status_code == 409

    lowered = new_host(url, MYPROFILE_FEATURES={"api_token": True})
    alice = signed_in(lowered)
    assert all(works(lowered, token) for token in (single, *(each["token"] for each in made)))
    assert names(alice) == ["", "second", "third"]
    assert alice.post_json(f"{TAB}/create", {"name": "fourth"}).status_code == 404
    again = alice.post_json(f"{TAB}/regenerate", {"id": made[0]["id"]}).json["token"]
    assert works(lowered, again) and not works(lowered, made[0]["token"])
    assert alice.post_json(f"{TAB}/revoke-all").status_code == 200
    assert set(alice.json(TAB).json) == {
        *("hint", "created_at", "last_used_at", "last_used_ip", "last_used_agent", "expires_at", "version")
    }


@in_each_database
def test_the_token_from_before_gets_a_place_among_the_others_when_it_is_regenerated(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True})
    single = signed_in(host).post_json(f"{TAB}/regenerate").json["token"]
    raised = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS)
    alice = signed_in(raised)
    for name in ("second", "third"):
        make(alice, name)
    old = alice.json(TAB).json["tokens"][0]["id"]
    new = alice.post_json(f"{TAB}/regenerate", {"id": old}).json["token"]
    assert works(raised, new) and not works(raised, single)
    assert len(names(alice)) == 3
    assert raised.sql("SELECT count(*) FROM myprofile_token") == [(0,)]
    assert alice.post_json(f"{TAB}/create", {"name": "fourth"}).status_code == 409


def test_with_the_default_nothing_is_kept_where_names_are(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True})
    alice = signed_in(host)
    for _ in range(2):
        assert alice.post_json(f"{TAB}/regenerate").status_code == 200
    assert host.sql("SELECT count(*) FROM myprofile_named_token") == [(0,)]
    assert alice.post_json(f"{TAB}/create", {"name": "x"}).json["code"] == "feature_off"
    assert alice.post(f"{TAB}/create", {"name": "x"}).status_code == 404


# ---- other doors


def test_a_request_with_one_of_many_is_one_statement(new_host: Callable[..., Host]) -> None:
    host = new_host(**{**SETTINGS, "MYPROFILE_API_TOKENS": 50})
    with host.app.test_request_context():
        token = [current_profile.tokens.make(host.user("alice"), f"{n} " + "long " * 12) for n in range(50)][-1]
    assert works(host, token)  # writes down that it was used
    statements = host.count_statements()
    assert works(host, token)
    assert len(statements) == 1


@in_each_database
def test_every_way_that_ends_what_lets_somebody_in_ends_all_of_them(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)

    def three() -> list[str]:
        with host.app.test_request_context():
            return [current_profile.tokens.make(host.user("alice"), str(number)) for number in range(3)]

    def offboard() -> None:
        with host.app.app_context():
            ended = current_profile.offboard(host.db.session.get(host.User, 1))
            assert (ended.had_token, ended.tokens) == (True, 3)

    def forget() -> None:
        with host.app.app_context():
            current_profile.forget("1")

    def command() -> None:
        result = host.app.test_cli_runner().invoke(args=["myprofile", "tokens", "revoke", "alice", "--yes"])
        assert result.output == "Revoked 3 tokens.\n"

    def administrator() -> None:
        admin = signed_in(host, "admin")
        assert "Revoke all" in admin.get("/profile/admin/sessions?user=1").text
        assert admin.post_json("/profile/admin/sessions/end-everything", {"user": "alice"}).status_code == 200

    for end in (offboard, command, administrator, forget):
        tokens = three()
        assert works(host, tokens[0])
        end()
        assert not any(works(host, token) for token in tokens), end.__name__


def test_an_administrator_and_an_operator_end_one_of_them(several: Host) -> None:
    alice, admin = signed_in(several), signed_in(several, "admin")
    made = [make(alice, name) for name in ("CI", "Export", "Backup")]
    page = admin.json("/profile/admin/sessions?user=alice").json
    assert [each["name"] for each in page["tokens"]] == ["CI", "Export", "Backup"]
    question = admin.get(f"/profile/admin/sessions/revoke-token?user=1&version={made[0]['id']}").text
    assert "CI" in question
    ended = admin.post_json("/profile/admin/sessions/revoke-token", {"user": "alice", "version": made[0]["id"]})
    assert ended.status_code == 200
    runner = several.app.test_cli_runner()
    shown = runner.invoke(args=["myprofile", "tokens", "show", "alice"]).output
    assert "Export" in shown and made[1]["id"] in shown and made[1]["token"] not in shown
    one = runner.invoke(args=["myprofile", "tokens", "revoke", "alice", "--id", made[1]["id"], "--yes"])
    assert one.output == "Revoked 1 token.\n"
    assert [works(several, each["token"]) for each in made] == [False, False, True]


def test_in_python_a_second_regeneration_of_the_same_is_refused(several: Host) -> None:
    with several.app.test_request_context():
        user, tokens = several.user("alice"), current_profile.tokens
        tokens.make(user, "CI")
        tokens.make(user, "Export")
        seen = tokens.version(tokens.list(user)[0])
        tokens.regenerate(user, seen)
        with pytest.raises(Conflict):
            tokens.regenerate(user, seen)
        with pytest.raises(Conflict) as told:
            tokens.regenerate(user)
        assert told.value.code == "several_tokens"
        assert len(tokens.list(user)) == 2


def test_export_and_headers_tell_of_each(several: Host) -> None:
    alice = signed_in(several)
    make(alice, "CI")
    with several.app.test_request_context(headers=JSON):
        found = current_profile.export(several.user("alice"))
    assert [each["name"] for each in found["api_tokens"]] == ["CI"]
