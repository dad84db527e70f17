"""Canaries: secrets that are easily known again go through every page and every mistake, and come out nowhere."""

from __future__ import annotations

import pickle
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import request
from flask.testing import FlaskClient

from flask_myprofile import current_profile, record_sso
from flask_myprofile.account.credentials import Credential
from flask_myprofile.account.passwords import WrongPassword
from flask_myprofile.account.policy import PolicyBroken
from flask_myprofile.auth.request_state import request_state, state_of
from flask_myprofile.auth.sign_in import KEY
from tests.support.host import JSON, Browser, Host
from tests.support.kept import first_everywhere
from tests.support.trouble import failing, sessions_gone
from tests.support.walks import CHANGING, READABLE, URLS, right_for, send, walked_host

CURRENT, NEW, WRONG = (f"canary-{kind}-goes-for-a-walk" for kind in ("current", "new", "wrong"))
SECRET_KEY = "canary-key-signs-the-cookies"
TAB, CONFIRM, FEATURES = "/profile/password", "/profile/confirm", "/profile/admin/features"
MAKE, SHOW = "/profile/api-token/regenerate", "/profile/api-token/reveal"
TRIO = {"current_password": CURRENT, "new_password": NEW, "confirm_password": NEW}
TOKEN = re.compile(r"mpt_[0-9A-Za-z]{49}")
#: Each kind of secret, and the only cookie that carries it.
CARRIED_BY = {"session": "session", "device": "myprofile_device", "remember": "remember_token"}


class Watch:
    """All that a host has answered and thought of its browsers, and the secrets that it has handed out."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.visits: list[str] = []
        self.secrets: dict[str, set[str]] = defaultdict(set)
        self.secrets.update(password={CURRENT, NEW, WRONG}, key={SECRET_KEY})

    def over(self, host: Host) -> None:
        watch = self

        class Client(FlaskClient):
            def open(self, *args: Any, **kwargs: Any) -> Any:
                answer = super().open(*args, **kwargs)
                watch.note(host, answer)
                return answer

        host.app.test_client_class = Client
        host.app.after_request(lambda response: self.visits.append(repr(state_of(request))) or response)

    def note(self, host: Host, answer: Any) -> None:
        self.answers.append(answer)
        self.secrets["token"].update(token[4:] for token in TOKEN.findall(answer.text))
        for name, value in set_cookies(answer):
            if name == "myprofile_device" and value:
                self.secrets["device"].add(value.rpartition(".")[2])
            if name == "remember_token" and value:
                self.secrets["remember"].add(value.rpartition("|")[2])
            if name == "session" and (secret := opened(host, value).get(KEY)):
                self.secrets["session"].add(secret.rpartition(".")[2])

    def found_in(self, text: str, *but: str) -> set[str]:
        """The kinds of secrets that a text tells."""
        kinds = [kind for kind in self.secrets if kind not in but]
        return {kind for kind in kinds if any(secret in text for secret in self.secrets[kind])}

    def leaks(self, host: Host) -> list[tuple[str, set[str]]]:
        """(which answer, the kinds of secrets that it should not have told)"""
        found = []
        for answer in self.answers:
            where = f"{answer.request.method} {answer.request.path} {answer.status_code}"
            makes = answer.status_code == 200 and answer.request.path in (MAKE, SHOW)
            found.append((where, self.found_in(answer.text, *(["token"] if makes else []))))
            rest = [value for name, value in answer.headers if name != "Set-Cookie"]
            found.append((f"{where} headers", self.found_in("\n".join(rest))))
            for name, value in set_cookies(answer):
                text = str(opened(host, value)) if name == "session" else value
                own = [kind for kind, cookie in CARRIED_BY.items() if cookie == name]
                found.append((f"{where} cookie {name}", self.found_in(text, *own)))
        return [(where, kinds) for where, kinds in found if kinds]


def set_cookies(answer: Any) -> list[tuple[str, str]]:
    pairs = [header.partition(";")[0].partition("=") for header in answer.headers.getlist("Set-Cookie")]
    return [(name, value.strip('"')) for name, _, value in pairs]


def opened(host: Host, value: str) -> dict[str, Any]:
    """What a session's cookie says to anybody who holds it."""
    serializer: Any = host.app.session_interface.get_signing_serializer(host.app)  # type: ignore[attr-defined]
    return dict(serializer.loads(value)) if value else {}


def with_sso(host: Host) -> None:
    @host.app.post("/saml")
    def saml() -> str:
        record_sso("Corp SAML", subject="7")
        flask_login.login_user(host.db.session.get(host.User, 1))
        return "in"


def set_passwords(host: Host) -> None:
    with host.app.app_context():
        for user in host.db.session.execute(host.db.select(host.User)).scalars():
            user.set_password(CURRENT)
        host.db.session.commit()


def signed_in(host: Host, name: str = "alice") -> Browser:
    browser = host.browser()
    browser.login(name, CURRENT, remember=True)
    return browser


# ---- the walk


def reads_everything(host: Host, as_json: bool) -> None:
    signed_in(host).post_json(MAKE)
    for browser in (signed_in(host), signed_in(host, "admin"), host.browser()):
        for url in READABLE:
            browser.get(url, headers=JSON if as_json else {})


def does_everything(host: Host, as_json: bool) -> None:
    """Each action without a CSRF token, with a wrong one and with a right one."""
    for url in sorted({*CHANGING} - {"/profile/delete-my-account"}):  # who has none can do nothing else
        here = signed_in(host, "admin")
        signed_in(host, "admin")
        right = right_for(url, here)
        sent = {name: TRIO.get(name, value) for name, value in right.items()}
        for token in (None, WRONG, here.csrf()):
            send(here, url, sent, as_json, token)
        set_passwords(host)


def makes_mistakes(host: Host, as_json: bool) -> None:
    alice = signed_in(host)
    mistakes = [
        {"current_password": WRONG},
        {"current_password": ""},
        {"new_password": CURRENT},
        {"new_password": WRONG[:14]},
        {"new_password": NEW * 20},
        {"new_password": NEW + "\x00"},
        {"new_password": NEW * 10_000},
        {"confirm_password": WRONG},
        {"unknown": WRONG},
        *[{"current_password": WRONG}] * 6,
    ]
    for wrong in mistakes:
        send(alice, TAB, {**TRIO, **wrong}, as_json, alice.csrf())
    headers = {**(JSON if as_json else {}), "X-CSRFToken": alice.csrf()}
    alice.client.post(TAB, data=str(TRIO), content_type="text/plain", headers=headers)
    host.sql("DELETE FROM myprofile_guess")
    set_passwords(host)
    alice, admin = signed_in(host), signed_in(host, "admin")
    send(admin, FEATURES, {"version": WRONG, "password": "off"}, as_json, admin.csrf())
    send(alice, MAKE, {"version": WRONG}, as_json, alice.csrf())
    sso = host.browser()
    sso.post("/saml")
    send(sso, TAB, TRIO, as_json, sso.csrf())
    send(admin, FEATURES, {"password": "off"}, as_json, admin.csrf())
    send(alice, TAB, TRIO, as_json, alice.csrf())
    send(admin, FEATURES, {"password": "on"}, as_json, admin.csrf())


def comes_back_late(host: Host, as_json: bool) -> None:
    """Who is asked who they are: with a form waiting in which somebody has typed the password."""
    alice = signed_in(host)
    host.rows.age(created_at=31 * 60)
    for url in (MAKE, SHOW, "/profile/sessions/sign-out-others"):
        send(alice, url, {} if as_json else TRIO, as_json, alice.csrf())
    for typed in ("", WRONG, CURRENT):
        alice.get(CONFIRM, headers=JSON if as_json else {})
        send(alice, CONFIRM, {"current_password": typed}, as_json, alice.csrf())


def uses_a_token(host: Host, as_json: bool) -> None:
    token = str(signed_in(host).post_json(MAKE).json["token"])
    accept = JSON if as_json else {}
    for sent in (token, token[:-1] + "!", f"{token} {WRONG}"):
        for url in ("/api", TAB, MAKE):
            host.browser().client.post(url, data=TRIO, headers={**accept, "Authorization": f"Bearer {sent}"})


def meets_trouble(host: Host, as_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's own hash fails, then the database, then where sessions are kept."""
    alice = signed_in(host)
    token = alice.csrf()

    def broken(user: Any, text: str) -> None:
        raise RuntimeError("the directory does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(host.User, "set_password", broken)
        send(alice, TAB, TRIO, as_json, token)
    for trouble in (failing, sessions_gone):
        heal = trouble(host)
        for url in URLS:
            alice.get(url, headers=JSON if as_json else {})
            send(alice, url, TRIO, as_json, token)
        heal()


@first_everywhere("as_json", [False, True])
def test_no_secret_comes_out_anywhere(
    as_json: bool, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P22, T02, T03, T11: of passwords, tokens, keys and what cookies carry; in no answer but the one that makes the
    token, no header but the cookie's own, no log, no repr, no table and no key of Redis."""
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", "sqlalchemy.engine")  # every statement, what is sent with it and the rows of its answer
    host, watch = walked_host(new_host, SECRET_KEY=SECRET_KEY, after=with_sso), Watch()
    watch.over(host)
    set_passwords(host)
    for part in (reads_everything, does_everything, makes_mistakes, comes_back_late, uses_a_token):
        part(host, as_json)
    meets_trouble(host, as_json, monkeypatch)
    assert {answer.request.path for answer in watch.answers} >= {url.partition("?")[0] for url in URLS}
    statuses = {200, 302, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503, *([] if as_json else [303])}
    assert {answer.status_code for answer in watch.answers} >= statuses
    assert all(len(watch.secrets[kind]) > 1 for kind in ("session", "device", "remember", "token"))
    assert watch.leaks(host) == []
    assert "INSERT INTO myprofile_token" in caplog.text
    assert watch.found_in(caplog.text) == set()
    assert watch.found_in("\n".join(watch.visits)) == set()
    assert watch.found_in(host.rows.text()) == set()


@pytest.mark.parametrize("kind", ["password", "key", "session", "device", "remember", "token"])
def test_a_secret_that_came_out_would_be_found(kind: str, new_host: Callable[..., Host]) -> None:
    """The watch itself: in a page, in a header and in what a session's cookie says."""

    def with_leak(host: Host) -> None:
        @host.app.get("/leak")
        def leak() -> Any:
            secret = next(iter(watch.secrets[kind]))
            return secret, {"X-Leak": secret, "Set-Cookie": f"other={secret}"}

    host, watch = new_host(SECRET_KEY=SECRET_KEY, after=with_leak), Watch()
    watch.over(host)
    set_passwords(host)
    signed_in(host).post_json(MAKE)
    assert watch.leaks(host) == []
    host.browser().get("/leak")
    assert [where for where, kinds in watch.leaks(host) if kind in kinds] == [
        "GET /leak 200",
        "GET /leak 200 headers",
        "GET /leak 200 cookie other",
    ]


def test_nothing_that_can_be_printed_or_pickled_has_a_secret(new_host: Callable[..., Host]) -> None:
    """T11"""
    host, watch = new_host(SECRET_KEY=SECRET_KEY), Watch()
    watch.over(host)
    set_passwords(host)
    alice = signed_in(host)
    alice.post_json(MAKE)
    cookies = {name: alice.cookie(name) for name in ("session", "remember_token", "myprofile_device")}
    with host.app.test_request_context(headers={"Cookie": "; ".join(f"{name}={it}" for name, it in cookies.items())}):
        user = flask_login.current_user._get_current_object()
        records = [current_profile.sessions.current(user), current_profile.tokens.find(user)]
        profile = host.app.extensions["myprofile"]
        device = Credential.parse(cookies["myprofile_device"])
        assert device is not None
        visit = request_state()
        visit.device = visit.restored = device
        shown: list[Any] = [*records, visit, device, device.of_session(), profile, *vars(profile).values()]
        for problem in (WrongPassword, PolicyBroken):
            with pytest.raises(problem) as refused:
                current_profile.passwords.check(user, WRONG if problem is WrongPassword else CURRENT, WRONG[:14])
            shown.append(refused.value)
        texts = [text(each) for each in shown for text in (repr, str)] + [f"{each}" for each in shown]
        texts += [repr(pickle.dumps(each)) for each in records]
    assert None not in records
    assert [text for text in texts if watch.found_in(text)] == []
