"""Password: what a new one must be, who may have one, and what a change ends."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import redirect
from sqlalchemy import event

from flask_myprofile import record_sso
from flask_myprofile.signals import password_changed, session_ended
from tests.support.devices import pass_time, secret_of, sent_to_login
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host

TAB = "/profile/password"
SENTENCE = "Your account uses Single Sign On (SSO). Password is managed by your organization."


def signed_in(host: Host, name: str = "alice", **kwargs: Any) -> Browser:
    browser = host.browser()
    assert browser.login(name, **kwargs).location == "/page"
    return browser


def fields(new: str, current: str = PASSWORD, confirm: str | None = None) -> dict[str, str]:
    twice = new if confirm is None else confirm
    return {"current_password": current, "new_password": new, "confirm_password": twice}


def errors_of(page: str) -> dict[str, list[str]]:
    """Field -> what the page says beside it, as a person reads it."""
    found: dict[str, list[str]] = {}
    for name, text in re.findall(r'<p class="mp-error" id="(\w+)-error\d*">.*?Error: </span>(.*?)</span>', page):
        found.setdefault(name, []).append(html.unescape(text))
    return found


def refused(browser: Browser, sent: dict[str, str]) -> dict[str, list[str]]:
    """Neither the form nor JSON is taken, and both say the same; what they say, by field."""
    page, problem = browser.post(TAB, sent), browser.post_json(TAB, sent)
    assert (page.status_code, problem.status_code) == (422, 422)
    assert problem.mimetype == "application/problem+json"
    said: dict[str, list[str]] = problem.json["errors"]
    assert errors_of(page.text) == said
    assert re.findall(r'<input[^>]* type="password" value="([^"]*)"', page.text) == [""] * 3, "nothing is echoed"
    return said


# ---- what a change ends, and what it does not


def test_a_change_renews_this_session_and_ends_all_others(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """B05, run 1: requests under way have half a minute; a stolen copy is worth nothing after it, used or not."""
    here, remembered, plain = (signed_in(host, remember=remember) for remember in (True, True, False))
    bob = signed_in(host, "bob")
    saved = remembered.copy("remember_token", "myprofile_device")
    used, unused, old_device = here.copy(), here.copy(), here.copy("remember_token", "myprofile_device")
    secret, session_id, token = secret_of(host, here), here.session_id(), here.csrf()
    heard: list[Any] = []
    with password_changed.connected_to(lambda app, **data: heard.append(data), host.app):
        answer = here.post(TAB, fields(NEW_PASSWORD))
    assert (answer.status_code, answer.location) == (303, TAB)
    assert heard == [{"user_key": str(host.user("alice").id)}]
    assert "Your password has been changed. 2 other sessions were signed out." in here.get(TAB).text
    assert secret_of(host, here) != secret
    assert here.session_id() == session_id, "the same row"
    assert here.client.post(TAB, data={"csrf_token": token}).status_code == 400, "forms of before are stale"
    assert [sent_to_login(each) for each in (remembered, plain, saved)] == [True] * 3
    assert used.is_in(), "within the half minute"
    pass_time(monkeypatch, 31)
    assert [sent_to_login(each) for each in (used, unused, old_device)] == [True] * 3
    here.restart()
    assert [here.is_in(), bob.is_in()] == [True, True], "still remembered"


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
@pytest.mark.parametrize("hook", ["before_flush", "before_commit"])
def test_a_failing_save_hook_signs_nobody_out(hook: str, as_json: bool, host: Host) -> None:
    """B05, run 2: an error page, the old password is valid, and all are in with the cookies they have."""
    browsers = [signed_in(host, remember=True) for _ in range(3)]
    copies = [each.copy("remember_token", "myprofile_device") for each in browsers]
    before, heard = host.sql("SELECT * FROM myprofile_session ORDER BY id"), []

    def note(app: Any, **data: Any) -> None:
        heard.append(data)

    def broken(session: Any, *_: Any) -> None:
        if hook == "before_commit" or session.dirty:
            raise RuntimeError("the directory does not answer")

    event.listen(host.db.session, hook, broken)
    try:
        with password_changed.connected_to(note, host.app), session_ended.connected_to(note, host.app):
            sent = fields(NEW_PASSWORD)
            answer = browsers[0].post_json(TAB, sent) if as_json else browsers[0].post(TAB, sent)
    finally:
        event.remove(host.db.session, hook, broken)
    assert answer.status_code == 503
    said = answer.json["title"] if as_json else answer.text
    assert "Your changes could not be saved. Nothing was changed." in said
    assert NEW_PASSWORD not in answer.text
    assert heard == []
    assert host.sql("SELECT * FROM myprofile_session ORDER BY id") == before
    assert all(each.is_in() for each in (*browsers, *copies))
    assert host.browser().login("alice", NEW_PASSWORD).status_code == 422
    assert signed_in(host).is_in()


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_a_wrong_current_password_is_a_mistake_and_no_end_of_the_session(as_json: bool, host: Host) -> None:
    """B82: 422 beside its field, never 401 nor a redirect; what else is wrong is said with it."""
    alice, other = signed_in(host), signed_in(host)
    secret, sent = secret_of(host, alice), fields("short", current="something else", confirm="no")
    answer = (alice.post_json if as_json else alice.post)(TAB, sent)
    assert answer.status_code == 422
    said = answer.json["errors"] if as_json else errors_of(answer.text)
    assert said == {
        "current_password": ["Your current password is not correct"],
        "new_password": ["Your new password must have at least 15 characters"],
        "confirm_password": ["Enter the same new password twice"],
    }
    assert not any(value in answer.text for value in ("something else", 'value="short"', 'value="no"'))
    assert [alice.is_in(), other.is_in()] == [True, True]
    assert secret_of(host, alice) == secret
    assert host.user("alice").check_password(PASSWORD)


# ---- Single Sign-On


def test_who_signed_in_by_sso_cannot_set_a_password(new_host: Callable[..., Host]) -> None:
    """B41: not even where the database still has an old one, and whatever is sent."""

    def add_view(host: Host) -> None:
        @host.app.post("/saml")
        def saml() -> Any:
            record_sso("Corp SAML", subject="7")
            flask_login.login_user(host.db.session.get(host.User, 1))
            return redirect("/page")

    host = new_host(after=add_view)
    alice, stored = host.browser(), host.user("alice").password_hash
    alice.post("/saml")
    page = alice.get(TAB)
    assert re.findall(r"<p>([^<]*Single Sign On[^<]*)</p>", page.text) == [SENTENCE]
    assert 'type="password"' not in page.text
    assert alice.json(TAB).json["reason"] == SENTENCE
    for sent in (fields(NEW_PASSWORD), fields("x"), {}):
        form, program = alice.post(TAB, sent), alice.post_json(TAB, sent)
        assert (form.status_code, program.status_code) == (403, 403)
        assert SENTENCE in form.text
        assert (program.json["title"], program.json["code"]) == (SENTENCE, "sso_managed")
    assert host.user("alice").password_hash == stored
    assert alice.is_in()
    assert host.browser().login("alice", NEW_PASSWORD).status_code == 422


# ---- the policy


@pytest.mark.parametrize(
    "new",
    [
        "  two  spaces inside \t\u00a0",
        *("x" * 15, "x" * 64, "y" * 128, "z" * 256),
        "\U0001f600" * 256,
        "e\u0301 stays as it was typed",
        '<script>alert("15")</script>%00&amp;',
    ],
    ids=lambda new: f"{len(new)} {new[:12]!a}",
)
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_the_password_is_exactly_what_was_typed(new: str, as_json: bool, host: Host) -> None:
    """B56, B92: not stripped, cut, folded or decoded; and it is the current one for the next change."""
    alice = signed_in(host)
    answer = alice.post_json(TAB, fields(new)) if as_json else alice.post(TAB, fields(new))
    assert answer.status_code == (200 if as_json else 303)
    assert signed_in(host, password=new).is_in()
    for other in {new.strip(), new[:-1], new.replace("  ", " "), PASSWORD} - {new}:
        assert host.browser().login("alice", other).status_code == 422
    assert alice.post(TAB, fields(NEW_PASSWORD, current=new)).status_code == 303


@pytest.mark.parametrize("confirm", [NEW_PASSWORD + " ", "", NEW_PASSWORD.upper()])
def test_what_is_typed_twice_must_be_the_same(confirm: str, host: Host) -> None:
    """B56: a blank at the end makes a difference."""
    said = refused(signed_in(host), fields(NEW_PASSWORD, confirm=confirm))
    assert said == {"confirm_password": ["Enter the same new password twice"]}


def test_a_program_need_not_type_twice_but_a_form_must(host: Host) -> None:
    alice, sent = signed_in(host), fields(NEW_PASSWORD)
    del sent["confirm_password"]
    answer = alice.post(TAB, sent)
    assert answer.status_code == 422
    assert errors_of(answer.text) == {"confirm_password": ["Enter the same new password twice"]}
    assert host.user("alice").check_password(PASSWORD)
    assert alice.post_json(TAB, sent).json == {"message": "Your password has been changed."}
    assert host.user("alice").check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("sent", "status", "field", "words"),
    [
        (fields("x" * 257), 422, "new_password", "at most 256 characters"),
        (fields("x" * 1000), 422, "new_password", "at most 256 characters"),
        (fields("x" * 14), 422, "new_password", "at least 15 characters"),
        (fields("\U0001f600" * 14), 422, "new_password", "at least 15 characters"),
        (fields(NEW_PASSWORD, current="x" * 1000), 422, "current_password", "not correct"),
        (fields("a quiet \x00 walk in the rain"), 422, "new_password", "cannot be used"),
        (fields(NEW_PASSWORD, current=PASSWORD + "\x00"), 422, "current_password", "cannot be used"),
        (fields("x" * 1_000_000), 413, "", ""),
        (fields(NEW_PASSWORD, current="x" * 1_000_000), 413, "", ""),
    ],
    ids=range(9),
)
def test_odd_and_endless_passwords_are_refused_and_nothing_is_hashed(
    sent: dict[str, str], status: int, field: str, words: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B92: never 500, and no hash of a megabyte is ever computed."""
    alice, stored = signed_in(host), host.user("alice").password_hash
    hashed: list[int] = []
    check = host.User.check_password

    def noting(user: Any, text: str) -> bool:
        hashed.append(len(text))
        return bool(check(user, text))

    monkeypatch.setattr(host.User, "check_password", noting)
    form, program = alice.post(TAB, sent), alice.post_json(TAB, sent)
    assert (form.status_code, program.status_code) == (status, status)
    if field:
        assert words in " ".join(errors_of(form.text)[field])
        assert words in " ".join(program.json["errors"][field])
    assert all(length <= 256 for length in hashed)
    assert host.user("alice").password_hash == stored
    assert alice.is_in()


def test_every_broken_rule_is_named_with_its_number_at_once(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PASSWORD_MIN_LENGTH=20, MYPROFILE_PASSWORD_REQUIRE=("lower", "upper", "digit", "symbol"))
    with host.app.app_context():
        short: Any = host.db.session.get(host.User, 1)
        short.set_password("    ")
        host.db.session.commit()
    alice = signed_in(host, password="    ")
    assert refused(alice, fields("    ", current="    ", confirm="x")) == {
        "new_password": [
            "Your new password must have at least 20 characters, at least one lower-case letter, "
            "at least one capital letter, at least one number, and at least one symbol",
            "Choose a password that is different from your current one",
        ],
        "confirm_password": ["Enter the same new password twice"],
    }
    clauses = "at least 20 characters, at least one capital letter, at least one number, and at least one symbol"
    assert refused(alice, fields("alice", current="    "))["new_password"] == [
        f"Your new password must have {clauses}",
        "Your password must not be your name, your email address or the name of this service",
    ]
    page = alice.get(TAB).text
    assert all(told in page for told in ("At least 20 characters", "At most 256 characters", "one capital letter"))
    said = {"current_password": ["Enter your current password"], "new_password": ["Enter a new password"]}
    assert refused(alice, fields("", current="")) == said
    assert refused(alice, fields("", confirm="x")) == {"new_password": ["Enter a new password"]}


@pytest.mark.parametrize(("current", "wrong"), [("", "Enter your current password"), ("x", "not correct")])
def test_a_new_password_is_neither_compared_nor_sent_anywhere_before_the_current_one_is_proved(
    current: str, wrong: str, new_host: Callable[..., Host]
) -> None:
    """Its other faults are said all the same."""
    asked: list[str] = []

    def service(digits: str) -> str:
        asked.append(digits)
        return ""

    alice = signed_in(new_host(MYPROFILE_PASSWORD_BREACH_CHECK=service))
    said = refused(alice, fields("x" * 15, current=current, confirm="y"))
    assert sorted(said) == ["confirm_password", "current_password"]
    assert wrong in said["current_password"][0]
    said = refused(alice, fields("x", current=current))
    assert said["new_password"] == ["Your new password must have at least 15 characters"]
    assert asked == []


@pytest.mark.parametrize(
    ("new", "missing"),
    [
        ("Тихая прогулка 5!", []),
        ("Ήσυχος περίπατος ٣€", []),
        ("静かな雨の中の散歩をする人 ७。", []),
        ("טיול שקט בגשם עם כלב 5!", []),
        ("тихая прогулка 5!", ["at least one capital letter"]),
        ("ТИХАЯ ПРОГУЛКА 5!", ["at least one lower-case letter"]),
        ("Тихая прогулка под дождём", ["at least one number", "at least one symbol"]),
    ],
)
def test_letters_and_digits_of_every_script_count(new: str, missing: list[str], new_host: Callable[..., Host]) -> None:
    """A script without capitals has letters that count as both, or nobody could write a password in it."""
    host = new_host(MYPROFILE_PASSWORD_REQUIRE=("lower", "upper", "digit", "symbol"))
    alice = signed_in(host)
    if missing:
        assert refused(alice, fields(new))["new_password"] == ["Your new password must have " + " and ".join(missing)]
    else:
        assert alice.post(TAB, fields(new)).status_code == 303
        assert signed_in(host, password=new).is_in()


@pytest.mark.parametrize(
    "new",
    ["alicealicealice", "Alice-Test-1234567", "ALICE@X.TEST 2024!!", "Acme Portal 123456", "acmeportalAcmePortal"],
)
def test_a_word_of_the_context_alone_is_no_password(new: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PASSWORD_CONTEXT=("Acme Portal",))
    alice = signed_in(host)
    whole = "Your password must not be your name, your email address or the name of this service"
    assert refused(alice, fields(new)) == {"new_password": [whole]}
    assert alice.post(TAB, fields(f"{new}, walked in the rain")).status_code == 303, "within a phrase it is fine"
