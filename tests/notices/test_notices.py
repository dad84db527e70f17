"""What users are told of: once, after the commit, in their language, with links that work."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import flask
import pytest
from jinja2 import DictLoader

from flask_myprofile import Notice, SetupError, current_profile
from flask_myprofile.notices import mail
from flask_myprofile.testing import wait_for_notices
from tests.admin.test_users_tokens import REVOKE, version_of
from tests.support.host import JSON, NEW_PASSWORD, PASSWORD, Browser, Host, make_host
from tests.support.mail_server import Mailbox, html_of, link_in, silent_server, text_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1"


def new_password(browser: Browser, old: str = PASSWORD, new: str = NEW_PASSWORD) -> Any:
    form = {"current_password": old, "new_password": new, "confirm_password": new}
    return browser.post("/profile/password", form)


def signed_in(host: Host, name: str = "alice", agent: str = FIREFOX) -> Browser:
    browser = host.browser()
    browser.client.environ_base["HTTP_USER_AGENT"] = agent
    assert browser.login(name).status_code == 302
    return browser


def forge(browser: Browser, name: str) -> None:
    """Make a new token by a request that says to be for that host."""
    headers = {**JSON, "X-CSRFToken": browser.csrf(), "Host": name}
    here = "app.example" if browser.client.application.config["SERVER_NAME"] else "localhost"
    browser.client.set_cookie("session", browser.client.get_cookie("session", here).value, domain=name)  # type: ignore[union-attr]
    assert browser.client.post("/profile/api-token/regenerate", json={}, headers=headers).status_code == 200


def subjects(host: Host, mailbox: Mailbox) -> list[str]:
    wait_for_notices(host.app)
    return [str(message["Subject"]) for message in mailbox.received]


# ---- what is told


def test_each_change_is_told_once_to_its_user_alone(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing()
    alice = signed_in(host)
    assert new_password(alice).status_code == 303
    assert alice.post_json("/profile/api-token/regenerate").status_code == 200
    assert alice.post_json("/profile/api-token/revoke").status_code == 200
    signed_in(host, "bob")
    told = ["Your password was changed", "A new API token was made", "Your API token was revoked"]
    assert subjects(host, mailbox) == told
    assert {message["To"] for message in mailbox.received} == {"alice@x.test"}
    assert {message["Auto-Submitted"] for message in mailbox.received} == {"auto-generated"}


def test_a_notice_says_when_and_from_where_and_has_a_link(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing()
    new_password(signed_in(host))
    subjects(host, mailbox)
    (message,) = mailbox.received
    for text in (text_of(message), html_of(message)):
        assert "Firefox on Linux" in text and "127.0.0.1" in text and "(UTC)" in text
        assert re.search(r"https://app\.example/profile/mail-link\?token=[\w-]{43}", text)
    assert NEW_PASSWORD not in message.as_string()


def test_what_was_refused_or_rolled_back_is_not_told(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing()
    assert new_password(signed_in(host), old="a wrong one").status_code == 422
    assert subjects(host, mailbox) == []


def test_the_same_session_causes_no_second_notice_of_a_kind(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing(MYPROFILE_NOTIFY_NEW_DEVICES=False)
    here, there = signed_in(host), signed_in(host)
    for browser in (here, here, there):
        assert browser.post_json("/profile/api-token/regenerate").status_code == 200
    assert subjects(host, mailbox) == ["A new API token was made"] * 2, "one of each session"
    host.sql("UPDATE myprofile_notice SET at = at - 301")
    here.post_json("/profile/api-token/regenerate")
    assert len(subjects(host, mailbox)) == 3


def test_what_an_administrator_does_is_told_without_their_browser(
    mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing()
    signed_in(host).post_json("/profile/api-token/regenerate")
    subjects(host, mailbox)
    admin = signed_in(host, "admin", PHONE)
    sent = {"user": "1", "version": version_of(admin)}
    assert admin.post(REVOKE, sent).status_code == 303
    subjects(host, mailbox)
    message = text_of(mailbox.received[-1])
    assert mailbox.received[-1]["Subject"] == "Your API token was revoked"
    assert "An administrator" in message and "iPhone" not in message and "127.0.0.1" not in message


def test_a_notice_is_in_the_users_language_and_zone(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing(MYPROFILE_LANGUAGES=("en", "ar", "de"))
    alice = signed_in(host)
    alice.post("/profile/preferences", {"language": "ar", "timezone": "Asia/Tokyo"})
    new_password(alice)
    subjects(host, mailbox)
    (message,) = mailbox.received
    assert '<html lang="ar" dir="rtl">' in html_of(message)
    assert "(JST)" in text_of(message)


def test_a_host_may_tell_by_itself_and_replace_the_words(new_host: Callable[..., Host]) -> None:
    told: list[tuple[str, Notice]] = []
    host = new_host(
        MYPROFILE_NOTIFY=lambda user, notice: told.append((user.username, notice)),
        MYPROFILE_EXTERNAL_URL="https://app.example/below",
    )
    new_password(signed_in(host))
    wait_for_notices(host.app)
    ((name, notice),) = told
    assert (name, notice.kind, notice.to, notice.device) == ("alice", "password_changed", "alice@x.test", FIREFOX_NAME)
    assert (notice.link or "").startswith("https://app.example/below/profile/mail-link?token=")
    assert "token=" not in repr(notice)


FIREFOX_NAME = "Firefox on Linux"


def test_a_host_may_have_templates_of_its_own_for_the_mail(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing(anew=True)
    own = {"myprofile/mail/notice.txt": "{{ app_name }} says: {{ notice.subject }} ({{ notice.facts|length }})"}
    host.app.jinja_loader = DictLoader(own)  # type: ignore[method-assign]
    host.app.context_processor(lambda: {"name": flask.request.path})  # which there is none of
    new_password(signed_in(host))
    subjects(host, mailbox)
    assert text_of(mailbox.received[0]).strip() == "host says: Your password was changed (3)"
    assert "<h1>Your password was changed</h1>" in html_of(mailbox.received[0])


def test_a_database_in_memory_which_has_one_connection_is_left_alone_meanwhile() -> None:
    told: list[str] = []
    host = make_host("sqlite://", MYPROFILE_NOTIFY=lambda user, notice: told.append(notice.kind))
    try:
        new_password(signed_in(host))
        assert told == ["password_changed"], "at the end of the request"
    finally:
        host.close()


# ---- nobody waits for it


def make_a_token(browser: Browser) -> float:
    """The seconds that the thread of the request has worked; how busy the machine is does not count."""
    headers = {**JSON, "X-CSRFToken": browser.csrf()}
    began = time.thread_time()
    assert browser.client.post("/profile/api-token/regenerate", json={}, headers=headers).status_code == 200
    return time.thread_time() - began


@pytest.mark.parametrize("trouble", ["down", "silent", "slow", "refuses"])
def test_no_request_waits_for_the_mail_server(
    trouble: str, mailing: Callable[..., Host], mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    with silent_server() as silent:
        settings = {
            "down": {"MAIL_PORT": 9},
            "silent": {"MAIL_PORT": silent, "MAIL_TIMEOUT": 0.5},
            "slow": {},
            "refuses": {},
        }[trouble]
        mailbox.reply = "550 No" if trouble == "refuses" else None
        (mailbox.gate.clear if trouble == "slow" else mailbox.gate.set)()
        host = mailing(MYPROFILE_NOTIFY_NEW_DEVICES=False, **settings)
        make_a_token(signed_in(host))
        still_waits = not host.app.extensions["myprofile"].notices.wait(0)
        mailbox.gate.set()
        wait_for_notices(host.app)
    assert still_waits or trouble in ("down", "refuses"), "the answer was there before the mail was sent"
    assert len(mailbox.received) == (1 if trouble == "slow" else 0)
    assert caplog.text.count("could not tell user '1' of token_made") == (0 if trouble == "slow" else 1)


def test_a_request_has_next_to_nothing_to_do_for_a_notice(mailing: Callable[..., Host]) -> None:
    def least(host: Host) -> float:
        alice = signed_in(host)
        times = []
        for _ in range(9):
            times.append(make_a_token(alice))
            wait_for_notices(host.app)
        return min(times)

    assert least(mailing(MYPROFILE_NOTIFY_INTERVAL=0)) < least(mailing(MYPROFILE_NOTIFY=None)) + 0.01


def test_a_server_that_comes_back_gets_the_mail(
    mailing: Callable[..., Host], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = mailing()
    mailbox.reply = "451 Try again later"
    monkeypatch.setattr(mail.time, "sleep", lambda seconds: setattr(mailbox, "reply", None))
    new_password(signed_in(host))
    assert subjects(host, mailbox) == ["Your password was changed"]


def test_what_the_hosts_callable_raises_fails_no_request(
    new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(user: Any, notice: Notice) -> None:
        raise ValueError("no broker")

    host = new_host(MYPROFILE_NOTIFY=fail)
    assert new_password(signed_in(host)).status_code == 303
    wait_for_notices(host.app)
    assert "ValueError: no broker" in caplog.text


# ---- links


def test_links_are_never_made_of_a_forged_host(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing(MYPROFILE_EXTERNAL_URL=None)
    alice = signed_in(host)
    forge(alice, "evil.example")
    subjects(host, mailbox)
    assert "http" not in mailbox.received[0].as_string()
    assert "sign in, change your password" in text_of(mailbox.received[0])


@pytest.mark.parametrize(
    ("settings", "base"),
    [
        ({"MYPROFILE_EXTERNAL_URL": "https://app.example/below/"}, "https://app.example/below"),
        ({"SERVER_NAME": "app.example"}, "http://app.example"),
        ({"TRUSTED_HOSTS": ["localhost"]}, "http://localhost"),
    ],
)
def test_links_begin_with_what_the_host_says(
    settings: dict[str, Any], base: str, mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing(**{"MYPROFILE_EXTERNAL_URL": None, **settings})
    forge(signed_in(host), "localhost" if "TRUSTED_HOSTS" in settings else "evil.example")
    subjects(host, mailbox)
    assert f"{base}/profile/mail-link?token=" in text_of(mailbox.received[0])


def test_mail_without_flask_mailman_stops_the_app_at_its_first_request(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_NOTIFY="mail", anew=True)
    with pytest.raises(SetupError, match=r"call Mail\(app\)"):
        host.browser().get("/pub")


def test_the_link_is_stored_as_a_digest(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing()
    new_password(signed_in(host))
    subjects(host, mailbox)
    secret = link_in(mailbox.received[0]).partition("token=")[2]
    kept = host.sql("SELECT * FROM myprofile_link")
    assert len(kept) == 1 and secret not in str(kept)


@pytest.mark.parametrize("commits", [True, False])
def test_a_password_that_a_host_resets_is_told_once_the_host_has_committed_it(
    commits: bool, mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing()

    @host.app.post("/reset")
    def reset() -> str:
        session = host.db.session
        current_profile.passwords.store(session.get(host.User, 1), NEW_PASSWORD)
        with session.begin_nested():  # of which no transaction is committed
            session.get(host.User, 2).phone = "1"
        assert host.app.extensions["myprofile"].notices.wait() and mailbox.received == []
        (session.commit if commits else session.rollback)()
        return ""

    assert host.browser().post("/reset").status_code == 200
    assert subjects(host, mailbox) == (["Your password was changed"] if commits else [])


def test_what_an_operator_revokes_is_told(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing(MYPROFILE_ACTIVITY_KEEP=0)
    signed_in(host).post_json("/profile/api-token/regenerate")
    with host.app.app_context():
        current_profile.tokens.revoke(host.user("alice"))
    assert subjects(host, mailbox) == ["A new API token was made", "Your API token was revoked"]
    assert "Firefox" not in text_of(mailbox.received[1])
