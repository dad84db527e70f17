"""When tokens end: as chosen, no later than a maximum, and a while after they were replaced."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from flask_myprofile import SetupError, current_profile
from flask_myprofile.testing import wait_for_notices
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import in_each_database
from tests.tabs.test_api_tokens import SETTINGS, TAB, make, names, works

DAY = 86_400


def listed(browser: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.json(TAB).json["tokens"]
    return found


def life(token: dict[str, Any]) -> float | None:
    """In days."""
    if token["expires_at"] is None:
        return None
    made, ends = (datetime.fromisoformat(token[name].replace("Z", "+00:00")) for name in ("created_at", "expires_at"))
    return (ends - made).total_seconds() / DAY


def aged(host: Host, days: float, table: str = "myprofile_named_token") -> None:
    """As if that much time had gone by."""
    moments = ("created_at", "expires_at")
    host.sql(f"UPDATE {table} SET {', '.join(f'{m} = {m} - :gone' for m in moments)}", gone=int(days * DAY))


# ---- chosen


@pytest.mark.parametrize(
    ("sent", "days"), [({}, None), ({"lifetime": str(30 * DAY)}, 30), ({"lifetime": "never"}, None)]
)
def test_a_token_lives_as_long_as_its_user_has_chosen(
    sent: dict[str, str], days: int | None, new_host: Callable[..., Host]
) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    token = make(alice, "CI", **sent)
    assert life(listed(alice)[0]) == days
    if days:
        aged(host, days - 0.01)
        assert works(host, token["token"])
        aged(host, 0.02)
        assert not works(host, token["token"])


def test_a_day_is_good_until_its_end_where_the_user_is(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    alice.post_json("/profile/preferences", {"timezone": "Pacific/Auckland"})
    day = (datetime.now(timezone.utc) + timedelta(days=20)).date()
    make(alice, "CI", lifetime="date", until=day.isoformat())
    ends = datetime.fromisoformat(listed(alice)[0]["expires_at"].replace("Z", "+00:00"))
    assert ends.hour in (11, 12)  # midnight there
    assert abs((ends.date() - day).days) <= 1


@pytest.mark.parametrize(
    ("sent", "field", "wrong"),
    [
        ({"lifetime": "5"}, "lifetime", "Choose from the list"),
        ({"lifetime": "never"}, "lifetime", "Choose from the list"),
        ({"lifetime": "date"}, "until", "Enter a day, such as 2027-03-31"),
        ({"lifetime": "date", "until": "31.3.2027"}, "until", "Enter a day, such as 2027-03-31"),
        ({"lifetime": "date", "until": "9999-12-31"}, "until", "Enter a day, such as 2027-03-31"),
        ({"lifetime": "date", "until": "2020-01-01"}, "until", "Enter a day that is not over yet"),
        ({"lifetime": "date", "until": "2999-01-01"}, "until", "A token may go on for no longer than 90 days"),
    ],
)
def test_a_life_that_none_may_have_is_refused(
    sent: dict[str, str], field: str, wrong: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(**SETTINGS, MYPROFILE_API_TOKEN_MAX_LIFETIME=90 * DAY)
    alice = signed_in(host)
    answer = alice.post_json(f"{TAB}/create", {"name": "CI", **sent})
    assert answer.status_code == 422
    assert answer.json["errors"] == {field: [wrong]}
    assert wrong in alice.post(f"{TAB}/create", {"name": "CI", **sent}).text
    assert listed(alice) == []


def test_a_regenerated_token_lives_as_long_as_the_old_one_did(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    made = make(alice, "CI", lifetime=str(7 * DAY))
    aged(host, 3)
    assert alice.post_json(f"{TAB}/regenerate", {"id": made["id"]}).status_code == 200
    assert life(listed(alice)[0]) == 7


# ---- a maximum


@pytest.mark.parametrize(("settings", "days"), [({}, None), ({"MYPROFILE_API_TOKEN_MAX_LIFETIME": 90 * DAY}, 90)])
def test_a_token_that_does_not_end_is_regenerated_without_an_end(
    settings: dict[str, Any], days: int | None, new_host: Callable[..., Host]
) -> None:
    """Its user has chosen so: what is usual is for who has not. A maximum is for all."""
    usual = {**SETTINGS, "MYPROFILE_API_TOKEN_LIFETIME": 30 * DAY}
    host = new_host(**usual)
    made = make(signed_in(host), "CI", lifetime="never")
    alice = signed_in(new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **usual, **settings))
    assert alice.post_json(f"{TAB}/regenerate", {"id": made["id"]}).status_code == 200
    assert life(listed(alice)[0]) == days


def test_a_token_for_which_nobody_could_choose_gets_the_usual_end(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True})
    signed_in(host).post_json(f"{TAB}/regenerate")
    usual = {**SETTINGS, "MYPROFILE_API_TOKEN_LIFETIME": 30 * DAY}
    alice = signed_in(new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **usual))
    assert life(listed(alice)[0]) is None
    assert alice.post_json(f"{TAB}/regenerate").status_code == 200
    assert life(listed(alice)[0]) == 30


@in_each_database
def test_a_lowered_maximum_says_first_what_it_ends_and_then_ends_it(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    old, young = make(alice, "old"), None
    aged(host, 40)
    young = make(alice, "young", lifetime=str(365 * DAY))
    run = host.app.test_cli_runner().invoke
    said = run(args=["myprofile", "tokens", "audit", "--max-lifetime", str(30 * DAY), "--tokens", "1"]).output
    assert "1 token of 1 user would end at once." in said and "old" in said and "young" not in said
    assert "0 users would have more tokens than they may: all of them go on." in said
    two = run(args=["myprofile", "tokens", "audit", "--tokens", "1"]).output
    assert "1 user would have more tokens than they may: all of them go on." in two
    assert works(host, old["token"]) and works(host, young["token"]), "it has changed nothing"
    lowered = new_host(
        host.app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS, MYPROFILE_API_TOKEN_MAX_LIFETIME=30 * DAY
    )
    assert not works(lowered, old["token"]) and works(lowered, young["token"])
    assert life(listed(signed_in(lowered))[1]) == 30
    raised = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS)
    assert works(raised, old["token"]), "nothing was deleted"


def test_a_maximum_is_good_for_the_one_token_of_whoever_may_have_one(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True}, MYPROFILE_API_TOKEN_MAX_LIFETIME=10 * DAY)
    alice = signed_in(host)
    token = alice.post_json(f"{TAB}/regenerate").json["token"]
    assert life(alice.json(TAB).json) == 10
    aged(host, 10, "myprofile_token")
    assert not works(host, token)


def test_a_life_above_the_maximum_is_named_at_start(new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_API_TOKEN_LIFETIME is above MYPROFILE_API_TOKEN_MAX_LIFETIME"):
        new_host(MYPROFILE_API_TOKEN_LIFETIME=100, MYPROFILE_API_TOKEN_MAX_LIFETIME=99)


# ---- expired


def expired(host: Host, name: str) -> None:
    host.sql(
        "UPDATE myprofile_named_token SET created_at = created_at - :week, expires_at = expires_at - :week - 1"
        " WHERE name = :name",
        week=7 * DAY,
        name=name,
    )


@in_each_database
def test_an_expired_token_is_listed_and_stands_in_the_way_of_no_other(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    made = {name: make(alice, name, lifetime=str(7 * DAY)) for name in ("one", "two", "three")}
    assert alice.post_json(f"{TAB}/create", {"name": "four"}).status_code == 409
    expired(host, "two")
    page = alice.get(TAB).text
    assert "2 of 3" in page and page.count("mp-badge--danger") == 1
    make(alice, "four")
    assert sorted(names(alice)) == ["four", "one", "three", "two"]
    assert "3 of 3" in alice.get(TAB).text
    assert alice.post_json(f"{TAB}/create", {"name": "five"}).status_code == 409
    refused = alice.post_json(f"{TAB}/regenerate", {"id": made["two"]["id"]})
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_tokens")
    assert "as many as you may have" in alice.post(f"{TAB}/regenerate", {"id": made["two"]["id"]}).text
    alice.post_json(f"{TAB}/revoke", {"id": made["one"]["id"]})
    again = alice.post_json(f"{TAB}/regenerate", {"id": made["two"]["id"]}).json["token"]
    assert works(host, again) and works(host, made["three"]["token"])
    assert sorted(names(alice)) == ["four", "three", "two"]
    assert alice.post_json(f"{TAB}/create", {"name": "five"}).status_code == 409


def test_who_has_one_that_works_need_not_say_which_is_meant(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    make(alice, "old", lifetime=str(7 * DAY))
    expired(host, "old")
    token = make(alice, "new")["token"]
    assert alice.post_json(f"{TAB}/reveal").json["token"] == token
    told = alice.json(TAB).json
    assert [told["version"]] == [each["id"] for each in told["tokens"] if each["name"] == "new"]
    assert alice.post_json(f"{TAB}/revoke", {"id": alice.json(TAB).json["version"]}).status_code == 200
    assert names(alice) == ["old"]
    assert alice.post_json(f"{TAB}/revoke").status_code == 200, "it is the one that there is"


def test_whoever_has_made_another_does_not_get_an_old_one_back_by_a_higher_maximum(
    new_host: Callable[..., Host],
) -> None:
    url = new_host(**SETTINGS).app.config["SQLALCHEMY_DATABASE_URI"]
    one, three = {**SETTINGS, "MYPROFILE_API_TOKENS": 2}, {"MYPROFILE_API_TOKEN_MAX_LIFETIME": 10 * DAY}
    host = new_host(url, **one)
    old = [make(signed_in(host), name)["token"] for name in ("old", "older")]
    aged(host, 20)
    lowered = new_host(url, **one, **three)
    make(signed_in(lowered), "new")
    raised = new_host(url, **one)
    assert [works(raised, token) for token in old] == [False, False]
    make(signed_in(raised), "newer")


@in_each_database
def test_what_has_expired_is_kept_for_ninety_days_and_the_one_without_a_name_for_ever(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True}, MYPROFILE_API_TOKEN_LIFETIME=DAY)
    signed_in(host).post_json(f"{TAB}/regenerate")
    host = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS)
    alice = signed_in(host)
    make(alice, "a week", lifetime=str(7 * DAY))
    make(alice, "no end")
    for table in ("myprofile_named_token", "myprofile_token"):
        aged(host, 96, table)

    def prune() -> list[str]:
        assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
        return sorted(names(alice))

    assert prune() == ["", "a week", "no end"]
    aged(host, 2)
    assert prune() == ["", "no end"]


# ---- replaced, and going on


@in_each_database
def test_a_replaced_token_goes_on_for_as_long_as_was_chosen(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    made = make(alice, "CI")
    page = alice.get(f"{TAB}/regenerate?id={made['id']}").text
    assert 'name="keep"' in page and "The old token goes on working for" in page
    new = alice.post_json(f"{TAB}/regenerate", {"id": made["id"], "keep": str(DAY)}).json
    assert works(host, made["token"]) and works(host, new["token"])
    assert sorted((each["name"], each["replaced"]) for each in listed(alice)) == [("CI", False), ("CI", True)]
    text = alice.get(TAB).text
    assert "Was replaced, and goes on until" in text and "1 of 3" in text
    host.sql("UPDATE myprofile_named_token SET expires_at = expires_at - :day WHERE slot < 0", day=DAY)
    assert not works(host, made["token"]) and works(host, new["token"])
    assert names(alice) == ["CI"]
    host.sql("UPDATE myprofile_named_token SET expires_at = expires_at - :day WHERE slot < 0", day=DAY)
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert host.sql("SELECT count(*) FROM myprofile_named_token") == [(1,)]


def test_a_replaced_token_is_ended_at_will_and_by_the_next_regeneration(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    first = make(alice, "CI")
    second = alice.post_json(f"{TAB}/regenerate", {"id": first["id"], "keep": str(DAY)}).json
    assert alice.post_json(f"{TAB}/regenerate", {"id": first["id"]}).status_code == 409
    third = alice.post_json(f"{TAB}/regenerate", {"id": second["id"], "keep": str(DAY)}).json
    assert [works(host, each["token"]) for each in (first, second, third)] == [False, True, True]
    assert alice.post_json(f"{TAB}/revoke", {"id": second["id"]}).status_code == 200
    assert [works(host, each["token"]) for each in (second, third)] == [False, True]
    fourth = alice.post_json(f"{TAB}/regenerate", {"id": third["id"], "keep": str(DAY)}).json
    assert alice.post_json(f"{TAB}/revoke", {"id": fourth["id"]}).status_code == 200
    assert [works(host, each["token"]) for each in (third, fourth)] == [False, False]


@in_each_database
def test_the_token_from_before_there_were_names_goes_on_as_well(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True})
    single = signed_in(host).post_json(f"{TAB}/regenerate").json["token"]
    raised = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS)
    alice = signed_in(raised)
    for name in ("second", "third"):
        make(alice, name)
    old = listed(alice)[0]["id"]
    new = alice.post_json(f"{TAB}/regenerate", {"id": old, "keep": str(DAY)}).json["token"]
    assert works(raised, single) and works(raised, new)
    assert [each["replaced"] for each in listed(alice)].count(True) == 1
    assert alice.post_json(f"{TAB}/create", {"name": "fourth"}).status_code == 409
    assert alice.post_json(f"{TAB}/regenerate", {"id": old, "keep": str(DAY)}).status_code == 409
    raised.sql("UPDATE myprofile_token SET expires_at = expires_at - :gone", gone=3 * DAY)
    assert not works(raised, single) and works(raised, new)
    assert raised.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert raised.sql("SELECT count(*) FROM myprofile_token") == [(0,)]


@pytest.mark.parametrize("keep", ["-1", "1.5", "x", "1" * 12, str(31 * DAY)])
def test_a_while_that_is_none_is_refused(keep: str, new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    made = make(alice, "CI")
    answer = alice.post_json(f"{TAB}/regenerate", {"id": made["id"], "keep": keep})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["keep"])
    assert works(host, made["token"])


def test_a_while_is_not_longer_than_the_old_one_had(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice = signed_in(host)
    made = make(alice, "CI", lifetime=str(7 * DAY))
    aged(host, 6.5)
    alice.post_json(f"{TAB}/regenerate", {"id": made["id"], "keep": str(7 * DAY)})
    old = next(each for each in listed(alice) if each["replaced"])
    assert 6.9 < (life(old) or 0) <= 7


# ---- told before


@in_each_database
def test_users_are_told_seven_three_and_one_day_before_the_end_once_each(new_host: Callable[..., Host]) -> None:
    told: list[Any] = []
    host = new_host(**SETTINGS, MYPROFILE_NOTIFY=lambda user, notice: told.append((user.username, notice)))
    with host.app.test_request_context():
        user, tokens = host.user("alice"), current_profile.tokens
        tokens.make(user, "Nightly export", lifetime=30 * DAY)
        tokens.make(user, "no end")
    said = []
    run = host.app.test_cli_runner().invoke
    for gone in (0, 22, 1.5, 0.1, 4, 2, 0.5, 1):
        aged(host, gone)
        told.clear()
        for _ in range(2):
            assert run(args=["myprofile", "tokens", "notify", "--quiet"]).exit_code == 0
        wait_for_notices(host.app)
        said.append([notice.paragraphs[0] for name, notice in told if notice.kind == "token_ends" and name == "alice"])
    sentence = "The API token “Nightly export” of your account ends within {}."
    week, three, one = ([sentence.format(left)] for left in ("7 days", "3 days", "1 day"))
    assert said == [[], [], week, [], three, one, [], []]


@in_each_database
def test_the_user_of_the_one_token_is_told_as_well_once_each(new_host: Callable[..., Host]) -> None:
    told: list[Any] = []
    host = new_host(
        MYPROFILE_FEATURES={"api_token": True},
        MYPROFILE_API_TOKEN_LIFETIME=30 * DAY,
        MYPROFILE_NOTIFY=lambda user, notice: told.append(notice),
    )
    signed_in(host).post_json(f"{TAB}/regenerate")
    said = []
    run = host.app.test_cli_runner().invoke
    for gone in (0, 22, 1.5, 0.1, 4, 2, 0.5, 1):
        aged(host, gone, "myprofile_token")
        wait_for_notices(host.app)
        told.clear()
        for command in (["tokens", "notify", "--quiet"], ["sessions", "prune", "--quiet"], ["tokens", "notify"]):
            assert run(args=["myprofile", *command]).exit_code == 0
        wait_for_notices(host.app)
        said.append([notice.paragraphs[0] for notice in told if notice.kind == "token_ends"])
    sentence = "The API token of your account ends within {}."
    week, three, one = ([sentence.format(left)] for left in ("7 days", "3 days", "1 day"))
    assert said == [[], [], week, [], three, one, [], []]


def test_nobody_is_told_of_a_token_that_is_of_no_use(new_host: Callable[..., Host]) -> None:
    told: list[Any] = []
    settings = {
        "MYPROFILE_FEATURES": {"api_token": True},
        "MYPROFILE_API_TOKEN_LIFETIME": 30 * DAY,
        "MYPROFILE_NOTIFY": lambda user, notice: told.append(notice.kind),
    }
    host = new_host(**settings)
    alice, bob = signed_in(host), signed_in(host, "bob")
    for person in (alice, bob):
        person.post_json(f"{TAB}/regenerate")
    aged(host, 29.5, "myprofile_token")
    host.sql("UPDATE myprofile_token SET user_key = '4711' WHERE user_key = '2'")
    notify = ["myprofile", "tokens", "notify"]
    off = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **{**settings, "MYPROFILE_FEATURES": {}})
    assert off.app.test_cli_runner().invoke(args=notify).output == "Told of 0 tokens.\n"
    assert host.app.test_cli_runner().invoke(args=notify).output == "Told of 1 token.\n"


def test_without_anybody_to_tell_the_command_says_so(new_host: Callable[..., Host]) -> None:
    result = new_host(**SETTINGS).app.test_cli_runner().invoke(args=["myprofile", "tokens", "notify"])
    assert (result.exit_code, result.output) == (1, "Error: Nobody tells users anything: set MYPROFILE_NOTIFY.\n")
