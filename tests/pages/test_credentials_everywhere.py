"""Passwords and tokens: what is known to hold on SQLite holds in the other databases; and what no other file asks."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click import Command, Context, Group

from flask_myprofile import current_profile
from flask_myprofile.account.token_text import _checksum as token_checksum
from flask_myprofile.cli import group
from tests.account import test_hashing as test_password_hashing
from tests.account import test_password_throttle as test_guesses
from tests.auth import test_bearer
from tests.pages import test_recent_sign_in
from tests.support.devices import asked_who, pass_time
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.kept import Kept, in_each_database, in_these
from tests.support.walks import CHANGING, right_for
from tests.tabs import test_api_token, test_password, test_password_page

TAB = "/profile/password"
MAKE, SHOW = "/profile/api-token/regenerate", "/profile/api-token/reveal"

#: Faults that others have had with passwords and tokens, as the tests of each page have them.
SCENARIOS: dict[str, list[Callable[..., None]]] = {
    "B05": [test_password.test_a_change_renews_this_session_and_ends_all_others],
    "B10": [
        test_recent_sign_in.test_what_was_typed_is_carried_out_once_the_password_is_given,
        test_recent_sign_in.test_what_is_not_the_address_needs_no_password,
        test_recent_sign_in.test_a_wrong_password_does_nothing_and_keeps_what_was_sent,
    ],
    "B16": [
        test_guesses.test_the_sixth_guess_is_not_heard_even_if_it_is_right_at_any_door,
        test_guesses.test_guesses_are_heard_again_after_the_window_and_the_right_one_forgets_the_wrong_ones,
        test_guesses.test_right_passwords_are_never_counted,
        test_guesses.test_nobody_uses_up_the_guesses_of_another,
        test_recent_sign_in.test_the_twentieth_wrong_password_in_a_row_ends_the_session,
    ],
    "B17": [
        test_bearer.test_a_program_with_a_token_is_signed_in_and_leaves_no_trace,
        test_bearer.test_without_a_token_csrf_is_checked_as_ever,
        test_bearer.test_next_to_a_cookie_the_token_alone_counts,
        test_bearer.test_an_invalid_token_is_not_made_good_by_a_cookie,
        test_bearer.test_garbage_costs_no_query,
    ],
    "B26": [
        test_password_hashing.test_more_than_72_bytes_are_refused_where_the_hash_is_of_bcrypt,
        test_password_hashing.test_a_hasher_that_refuses_is_a_mistake_to_correct_and_no_error,
    ],
    "B29": [
        test_api_token.test_where_copying_is_off_a_token_is_only_a_digest_and_shown_once,
        test_api_token.test_switching_copying_off_deletes_what_could_be_copied,
        test_api_token.test_a_ciphertext_in_another_users_row_is_refused,
        test_api_token.test_a_token_expires_after_its_lifetime,
        test_api_token.test_the_last_use_is_written_at_most_once_a_minute,
    ],
    "B30": [test_api_token.test_a_token_that_may_be_copied_is_shown_again_by_a_post_only],
    "B43": [
        test_api_token.test_a_program_that_says_what_it_replaces_replaces_nothing_else,
        test_api_token.test_a_tab_that_is_switched_off_refuses_tokens_and_on_again_takes_them,
    ],
    "B56": [
        test_password.test_the_password_is_exactly_what_was_typed,
        test_password.test_what_is_typed_twice_must_be_the_same,
    ],
    "B70": [
        test_password_hashing.test_letters_are_the_same_however_a_keyboard_composes_them,
        test_password_hashing.test_a_hash_of_the_raw_form_is_known_and_replaced,
        test_password_hashing.test_the_same_keystrokes_open_the_hosts_login,
    ],
    "B71": [
        test_password.test_every_broken_rule_is_named_with_its_number_at_once,
        test_password.test_letters_and_digits_of_every_script_count,
    ],
    "B82": [test_password.test_a_wrong_current_password_is_a_mistake_and_no_end_of_the_session],
    "B92": [
        test_password.test_odd_and_endless_passwords_are_refused_and_nothing_is_hashed,
        test_password_page.test_who_has_no_usable_hash_cannot_set_a_password,
    ],
}

plain_host = test_password_hashing.plain_host
bcrypt_host = test_password_hashing.bcrypt_host
looked_at = test_guesses.looked_at


def first_case(scenario: Callable[..., None]) -> dict[str, Any]:
    """The parameters of its first run: the others are other words of a person, and told apart before any is stored."""
    case: dict[str, Any] = {}
    for mark in getattr(scenario, "pytestmark", []):
        names = [name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else mark.args[0]
        first = next(iter(mark.args[1]))
        case |= zip(names, first if len(names) > 1 else [first], strict=True)
    return case


CASES = [
    pytest.param(scenario, first_case(scenario), id=f"{fault}-{scenario.__name__}")
    for fault, scenarios in SCENARIOS.items()
    for scenario in scenarios
]


@pytest.mark.usefixtures("kept")
@in_these("postgres", "mariadb")
@pytest.mark.parametrize(("scenario", "case"), CASES)
def test_the_scenario_holds_in_the_other_databases(
    scenario: Callable[..., None], case: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    check_scenario = scenario  # the assertions are its own
    wanted = [name for name in inspect.signature(scenario).parameters if name not in case]
    check_scenario(**case, **{name: request.getfixturevalue(name) for name in wanted})


def test_every_fault_of_passwords_and_tokens_is_there() -> None:
    named = {*SCENARIOS, "B83"}
    assert named == {f"B{number:02}" for number in (5, 10, 16, 17, 26, 29, 30, 43, 56, 70, 71, 82, 83, 92)}
    assert len(CASES) > 25


# ---- two workers, one database


def signed_in(host: Host, name: str = "alice", password: str = PASSWORD) -> Browser:
    browser = host.browser()
    assert browser.login(name, password).location == "/page"
    return browser


def change(browser: Browser, current: str, new: str) -> Any:
    return browser.post_json(TAB, {"current_password": current, "new_password": new})


@in_each_database
def test_a_replaced_token_is_dead_at_once_for_every_worker(kept: Kept, new_host: Callable[..., Host]) -> None:
    """B43: also where both have just used it."""
    url = kept.new_database()
    workers = [new_host(url), new_host(url)]
    alice = signed_in(workers[0])
    first = test_api_token.made(alice)
    assert [test_api_token.call(each, first).status_code for each in workers] == [200, 200]
    second = test_api_token.made(alice)
    assert [test_api_token.call(each, first).status_code for each in workers] == [401, 401]
    assert [test_api_token.call(each, second).status_code for each in workers] == [200, 200]


@in_each_database
def test_guesses_are_counted_over_a_restart_and_for_all_workers(kept: Kept, new_host: Callable[..., Host]) -> None:
    """P17, B16"""
    url = kept.new_database()
    before, after = new_host(url), new_host(url)
    alice = signed_in(before)
    assert [change(alice, "wrong", NEW_PASSWORD).status_code for _ in range(5)] == [422] * 5
    assert change(signed_in(after), PASSWORD, NEW_PASSWORD).status_code == 429


@in_each_database
def test_letter_case_matters_in_every_credential(host: Host) -> None:
    """B83: MariaDB's usual collation compares without case."""
    alice = signed_in(host)
    token = test_api_token.made(alice)
    with host.app.test_request_context():
        tokens, prefix = current_profile.tokens, token[:4]
        swapped = token[4:-6].swapcase()
        other_case = prefix + swapped + token_checksum(swapped, named=False)
        assert tokens.looks_like_one(other_case), "so the database is asked"
        assert tokens.verify(token) is not None
        assert tokens.verify(other_case) is None
    session_id = alice.session_id()
    assert session_id.upper() != session_id
    other = alice.copy("session")
    with other.client.session_transaction() as kept:
        key = next(name for name, value in kept.items() if str(value).startswith(session_id))
        kept[key] = kept[key].replace(session_id, session_id.upper())
    assert not other.is_in()
    assert alice.is_in()


# ---- what the pages of passwords and tokens must do besides


def password_inputs(page: str) -> dict[str, str]:
    found = re.findall(r'<input[^>]* id="(\w+_password)"[^>]*>', page)
    return {name: html.unescape(re.findall(rf'<input[^>]* id="{name}"[^>]*>', page)[0]) for name in found}


def test_a_password_manager_knows_each_field_and_whose_password_it_is(host: Host) -> None:
    """P09"""
    page = signed_in(host).get(TAB).text
    kinds = {name: re.findall(r'autocomplete="([^"]*)"', text) for name, text in password_inputs(page).items()}
    assert kinds == {
        "current_password": ["current-password"],
        "new_password": ["new-password"],
        "confirm_password": ["new-password"],
    }
    assert re.search(r'<input[^>]* value="alice" autocomplete="username"', page)


def test_nothing_keeps_anybody_from_pasting(host: Host) -> None:
    """P09"""
    alice = signed_in(host)
    page = alice.get(TAB).text
    with alice.get("/profile/static/myprofile.js") as script:
        assert not re.search(r"""["'](paste|beforeinput|drop)["']""", script.text)
    assert not re.search(r'\son(paste|copy|drop)=|autocomplete="off"', page)


def test_each_password_is_hidden_and_has_a_button_that_shows_it(host: Host) -> None:
    """P10"""
    page = signed_in(host).get(TAB).text
    inputs = password_inputs(page)
    assert len(inputs) == 3
    for name, text in inputs.items():
        assert 'type="password"' in text
        (button,) = re.findall(rf'<button[^>]* data-mp-reveal="{name}"[^>]*>', page)
        assert 'type="button"' in button, "which saves nothing"
        assert "tabindex" not in button, "and is reached with the keyboard"


def test_an_old_password_may_come_back_and_none_expires(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """P16"""
    alice = signed_in(host)
    assert change(alice, PASSWORD, NEW_PASSWORD).status_code == 200
    assert change(alice, NEW_PASSWORD, PASSWORD).status_code == 200
    pass_time(monkeypatch, 10 * 365 * 86_400)
    later = signed_in(host)
    assert later.is_in()
    assert later.get("/profile/personal-information").status_code == 200, "and nobody is sent to change it"


@pytest.mark.parametrize(
    "new", ["passwordpassword", "123456789012345", "qwertyuiopasdfgh", "alice2026!!!!!!!!", "aaaaaaaaaaaaaaa"]
)
def test_what_everybody_would_guess_is_refused(new: str, host: Host) -> None:
    """K20"""
    alice = signed_in(host)
    answer = change(alice, PASSWORD, new)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"new_password"}
    assert host.user("alice").check_password(PASSWORD)


def test_no_administrator_picks_a_password_for_somebody(host: Host) -> None:
    """P24: whatever a form says besides; only the own one is ever changed."""
    stored = host.user("alice").password_hash
    alice = {"user": "alice", "username": "alice", "user_id": "1", "user_key": "1", "password": NEW_PASSWORD}
    for url in (url for url in CHANGING if "notes" not in url):
        admin = signed_in(host, "admin")
        signed_in(host, "admin")
        typed = {"new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD, "current_password": PASSWORD}
        admin.post(url, {**right_for(url, admin), **typed, **alice})
        if url == TAB:
            assert change(admin, NEW_PASSWORD, PASSWORD).status_code == 200
    assert host.user("alice").password_hash == stored


def commands_of(command: Command) -> Iterator[Command]:
    yield command
    context = Context(command)
    for name in command.list_commands(context) if isinstance(command, Group) else ():
        found = command.get_command(context, name)
        assert found
        yield from commands_of(found)


def test_no_command_takes_or_prints_a_password(host: Host) -> None:
    """P24"""
    every = list(commands_of(group))
    assert len(every) > 5
    names = [parameter.name or "" for command in every for parameter in command.params]
    assert not [name for name in names if "password" in name or "secret" in name]
    signed_in(host)
    for arguments in (["sessions", "list", "--user", "alice", "--json"], ["tokens", "rekey"], ["sessions", "prune"]):
        result = host.app.test_cli_runner().invoke(args=["myprofile", *arguments])
        assert result.exit_code == 0
        assert str(host.user("alice").password_hash) not in result.output


@pytest.mark.parametrize("url", [MAKE, SHOW])
def test_a_token_is_made_and_shown_after_a_recent_sign_in_only(url: str, host: Host) -> None:
    """T04, T05"""
    token = test_api_token.made(signed_in(host))
    alice = test_recent_sign_in.stale(host)
    before = host.sql("SELECT digest FROM myprofile_token")
    page, problem = alice.post(url), alice.post_json(url)
    assert asked_who(page)
    assert (problem.status_code, problem.json["code"]) == (403, "reauth_required")
    assert token not in page.text + problem.text
    assert host.sql("SELECT digest FROM myprofile_token") == before
    assert alice.post_json("/profile/confirm", {"current_password": PASSWORD}).status_code == 200
    assert (alice.post_json(url).json["token"] == token) is (url == SHOW)
