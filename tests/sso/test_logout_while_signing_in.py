"""A logout at the provider and the sign-in that it means arrive at the same time: in whichever order, nobody is in."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from flask import request

from flask_myprofile.account.single_logout import SingleLogout
from flask_myprofile.signals import session_ended, session_started
from tests.sso.test_step_up import Stale
from tests.support.devices import live, sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import everywhere
from tests.support.office import check_done, check_refused
from tests.support.providers import Provider, serve, with_providers
from tests.support.refusing import read_only
from tests.support.trouble import renamed

NewHost = Callable[..., Host]

#: What a logout token may name: alice's sid, herself or both; and herself where ID tokens have no sid.
NAMED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sid": ({"sub": "88", "sid": "s1"}, {"sid": "s1"}),
    "sub": ({"sub": "88", "sid": "s1"}, {"sub": "88"}),
    "both": ({"sub": "88", "sid": "s1"}, {"sub": "88", "sid": "s1"}),
    "both, and no sid in ID tokens": ({"sub": "88"}, {"sub": "88", "sid": "s1"}),
}
named = pytest.mark.parametrize("how", NAMED)


class Meeting:
    """A host, a provider, and moments of a request at which something else happens."""

    def __init__(self, new_host: NewHost, monkeypatch: pytest.MonkeyPatch, how: str = "sub", **settings: Any) -> None:
        claims, self.token = NAMED[how]
        self.okta = Provider("Okta", claims=dict(claims), discovered=True)
        serve(monkeypatch, self.okta)
        self._monkeypatch = monkeypatch
        self._waiting: list[Callable[[], Any]] = []
        self.host = new_host(**with_providers(self.okta), **settings)
        # after the host's own functions, and before our writes
        self.host.app.teardown_appcontext_funcs.insert(1, lambda error: self._now())
        self.host.app.before_request_funcs.setdefault(None, []).append(self._look)
        self._came_back = False
        self.alice = self.host.browser()

    def _look(self) -> None:
        self._came_back = "code" in request.args

    def _now(self) -> None:
        # not yet at the end of the request that sends the browser to the provider
        while self._waiting and self._came_back:
            self._waiting.pop()()

    def before_it_is_stored(self, do: Callable[[], Any]) -> None:
        self._waiting.append(lambda: elsewhere(do))

    def before(self, method: str, do: Callable[[], Any]) -> None:
        """Before that step of :class:`SingleLogout`, once."""
        step = getattr(SingleLogout, method)

        def interrupted(*args: Any) -> Any:
            self._monkeypatch.setattr(SingleLogout, method, step)
            elsewhere(do)
            return step(*args)

        self._monkeypatch.setattr(SingleLogout, method, interrupted)

    def tell(self, **claims: Any) -> Any:
        return self.okta.tell(self.host, **{**self.token, **claims})

    def sign_in(self, browser: Browser | None = None) -> Any:
        answer = self.okta.sign_in(browser or self.alice)
        assert answer.location == "/page"
        return answer


def elsewhere(do: Callable[[], Any]) -> None:
    """In a thread of its own, as another worker would; it is done when this returns."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            do()
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert not failed, failed


@everywhere
@named
def test_a_token_that_arrives_while_its_sign_in_is_being_answered_ends_it(
    how: str, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(new_host, monkeypatch, how)
    told: list[str] = []
    started = lambda app, **said: told.append("started")  # noqa: E731
    ended = lambda app, reason, **said: told.append(reason)  # noqa: E731
    with session_started.connected_to(started, meeting.host.app), session_ended.connected_to(ended, meeting.host.app):
        meeting.before_it_is_stored(lambda: check_done(meeting.tell()))
        meeting.sign_in()
    assert told == ["started", "provider"]
    assert live(meeting.host) == 0
    assert sent_to_login(meeting.alice)


@everywhere
@named
def test_a_token_that_arrives_when_its_sign_in_is_stored_and_has_not_looked_ends_it(
    how: str, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(new_host, monkeypatch, how)
    meeting.before("catch_up", lambda: check_done(meeting.tell()))
    meeting.sign_in()
    assert live(meeting.host) == 0
    assert sent_to_login(meeting.alice)


@everywhere
@named
@pytest.mark.parametrize("step", ["remember", "carry_out"])
def test_a_sign_in_between_two_steps_of_its_logout_is_ended(
    step: str, how: str, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(new_host, monkeypatch, how)
    meeting.okta.claims["iat"] = int(time.time())  # of an ID token that was there before the logout
    meeting.before(step, meeting.sign_in)
    check_done(meeting.tell())
    assert live(meeting.host) == 0
    assert sent_to_login(meeting.alice)


@everywhere
@named
def test_a_token_that_arrives_just_before_ends_the_sign_in_that_it_means(
    how: str, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider has given its ID token out, and took it back before it was here."""
    meeting = Meeting(new_host, monkeypatch, how)
    meeting.okta.claims["iat"] = int(time.time()) - 5
    check_done(meeting.tell(iat=int(time.time()) - 3))
    meeting.sign_in()
    assert sent_to_login(meeting.alice)
    assert live(meeting.host) == 0


def test_a_token_that_was_long_under_way_ends_a_sign_in_that_was_answered_slowly(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By our clock the session began after the logout; by the provider's, which counts, before it."""
    meeting = Meeting(new_host, monkeypatch)
    meeting.okta.claims["iat"] = int(time.time()) - 5
    meeting.sign_in()
    assert meeting.alice.is_in()
    check_done(meeting.tell(iat=int(time.time()) - 3))
    assert sent_to_login(meeting.alice)


@everywhere
def test_whoever_signs_in_again_after_a_logout_is_in(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting(new_host, monkeypatch)
    meeting.sign_in()
    check_done(meeting.tell(iat=int(time.time()) - 1))
    check_done(meeting.tell(sub=None, sid="s1"))
    assert sent_to_login(meeting.alice)
    meeting.okta.claims["sid"] = "s2"
    meeting.sign_in()
    assert meeting.alice.is_in()
    assert live(meeting.host) == 1


@everywhere
def test_a_token_means_nobody_but_whom_it_names(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting(new_host, monkeypatch)
    for claims in ({"sub": "somebody else"}, {"sub": "88", "sid": "another"}, {"sub": "somebody else", "sid": "s1"}):
        assert meeting.tell(**claims).status_code in (200, 400)
    meeting.sign_in()
    assert meeting.alice.is_in()
    meeting.alice.post("/logout")
    meeting.alice.login("alice")
    assert meeting.alice.is_in(), "a password is no sign-in at a provider"


@everywhere
def test_a_token_for_the_provider_session_of_a_confirmation_ends_what_it_confirmed(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who confirms has another session at the provider from then on."""
    stale = Stale(new_host, monkeypatch)
    asked = stale.go_there()
    check_done(stale.okta.tell(stale.host, sid="s9"))
    assert stale.alice.is_in()
    stale.come_back(asked, sid="s9")
    assert sent_to_login(stale.alice)
    assert stale.other.is_in()


@pytest.mark.parametrize("also", [(), ("sessions",), ("api_token",)])
def test_what_else_ends_ends_also_where_the_sign_in_was_late(
    also: tuple[str, ...], new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(new_host, monkeypatch, MYPROFILE_SSO_BACKCHANNEL_ALSO=also)
    local = meeting.host.browser()
    local.login("alice")
    bearer = {"Authorization": "Bearer " + local.post_json("/profile/api-token/regenerate").json["token"]}
    meeting.before_it_is_stored(lambda: check_done(meeting.tell()))  # nobody knew then that alice is 88
    meeting.sign_in()
    assert sent_to_login(meeting.alice)
    assert local.is_in() is (also != ("sessions",))
    answer = meeting.host.app.test_client().get("/page", headers=bearer)
    assert (answer.status_code == 200) is (also != ("api_token",))


# ---- trouble


@everywhere
def test_a_token_that_was_remembered_and_not_carried_out_may_come_again(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker was killed between the two, or the database went away."""
    meeting = Meeting(new_host, monkeypatch)
    meeting.sign_in()
    token = meeting.okta.logout_token(sub="88")
    carry_out = SingleLogout.carry_out
    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patched:
        patched.setattr(SingleLogout, "carry_out", killed)
        meeting.okta.tell(meeting.host, token)
    assert SingleLogout.carry_out is carry_out
    assert meeting.alice.is_in()
    check_done(meeting.okta.tell(meeting.host, token))
    assert sent_to_login(meeting.alice)
    check_refused(meeting.okta.tell(meeting.host, token))


def killed(*args: Any) -> None:
    raise KeyboardInterrupt


@everywhere
def test_a_token_is_not_answered_as_done_where_nothing_can_be_written(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(new_host, monkeypatch)
    meeting.sign_in()
    token = meeting.okta.logout_token(sub="88")
    with read_only(meeting.host):
        assert meeting.okta.tell(meeting.host, token).status_code == 503
    assert meeting.alice.is_in()
    check_done(meeting.okta.tell(meeting.host, token))
    assert sent_to_login(meeting.alice)


@everywhere
def test_a_sign_in_that_cannot_ask_for_logouts_is_not_said(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting(new_host, monkeypatch)
    undo = renamed("logout_token")(meeting.host)
    assert meeting.okta.sign_in(meeting.alice).status_code == 503
    undo()
    assert sent_to_login(meeting.alice)
    meeting.sign_in()
    assert meeting.alice.is_in()


def test_it_costs_one_statement_at_a_sign_in_at_a_provider_and_none_at_others(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(new_host, monkeypatch)
    statements = meeting.host.count_statements()
    meeting.sign_in()
    assert [text.split()[0] for text in statements if "myprofile_logout_token" in text] == ["SELECT"]
    meeting.host.browser().login("alice")
    assert sum("myprofile_logout_token" in text for text in statements) == 1
