"""What came later than the rules for confirmations, secrets and conditions keeps them as well: a change of the e-mail
address by each of its steps, and pages of links. Only a host that asks for them has these, so no walk meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.notices.test_email_change import NEW, URL, address_of, ask, changed, last_link, verified
from tests.notices.test_not_me_link import press, press_again, secret_in
from tests.notices.test_notices import signed_in, subjects
from tests.support.devices import change_password
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.kept import everywhere, in_each_database
from tests.support.mail_server import Mailbox
from tests.support.refusing import IMPATIENT, locked, read_only
from tests.support.walks import everything

__all__ = ["verified"]

Verified = Callable[..., Host]
LINK = "/profile/mail-link"
CANCEL_FOR = "/profile/admin/sessions/cancel-email-change"
#: Each step, and what a right form of it has.
STEPS: dict[str, dict[str, str]] = {
    f"{URL}/change-email": {"new_email": "other@x.test"},
    f"{URL}/resend-email": {},
    f"{URL}/cancel-email-change": {},
    CANCEL_FOR: {"user": "admin"},
    LINK: {},
}


def waiting(host: Host, mailbox: Mailbox) -> tuple[Browser, str]:
    """An administrator whose own change waits, long enough to be sent again, and the link to confirm it."""
    here = signed_in(host, "admin")
    assert ask(here).status_code == 303
    link = last_link(host, mailbox, NEW)
    host.sql("UPDATE myprofile_email_change SET sent_at = sent_at - 61")
    mailbox.received.clear()
    return here, link


def right(url: str, link: str) -> dict[str, str]:
    return {"token": secret_in(link)} if url == LINK else STEPS[url]


def send(browser: Browser, url: str, sent: dict[str, str], as_json: bool, token: str | None = None) -> Any:
    token = token if token is not None else browser.csrf()
    if as_json:
        return browser.client.post(url, json=sent, headers={**JSON, "X-CSRFToken": token})
    return browser.client.post(url, data={**sent, "csrf_token": token})


both = pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])


# ---- P2


@everywhere
def test_a_copy_from_before_a_new_secret_takes_no_step(verified: Verified, mailbox: Mailbox) -> None:
    host = verified()
    here, link = waiting(host, mailbox)
    old = here.copy("session")
    assert change_password(here).status_code == 303
    subjects(host, mailbox)
    token, before = old.csrf(), everything(host)
    for url in STEPS:
        for as_json in (False, True):
            assert send(old, url, right(url, link), as_json, token).status_code == 409, (url, as_json)
    assert everything(host) == before
    assert send(here, LINK, right(LINK, link), as_json=False).status_code == 303


# ---- P3


@in_each_database
def test_a_step_that_is_not_stored_is_not_said_and_no_mail_goes_out(verified: Verified, mailbox: Mailbox) -> None:
    host = verified()
    here, link = waiting(host, mailbox)
    token, before = here.csrf(), everything(host)
    with read_only(host):
        for url in STEPS:
            for as_json in (False, True):
                assert send(here, url, right(url, link), as_json, token).status_code == 503, (url, as_json)
        assert subjects(host, mailbox) == []
    assert everything(host) == before
    assert send(here, LINK, right(LINK, link), as_json=False).status_code == 303, "the link is good still"


@in_each_database
@both
def test_an_undo_and_this_was_not_me_that_are_not_stored_are_not_said(
    as_json: bool, verified: Verified, mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    changed(host, mailbox, alice)
    undo = last_link(host, mailbox, "alice@x.test")
    assert change_password(alice).status_code == 303
    not_me = last_link(host, mailbox, NEW)
    before = everything(host)
    for link in (undo, not_me):
        with read_only(host):
            assert send(host.browser(), LINK, right(LINK, link), as_json, "").status_code == 503
        assert everything(host) == before
    assert alice.is_in()
    assert press(host.browser(), not_me).status_code == 200 and not alice.is_in()
    assert press(host.browser(), undo).status_code == 200
    assert address_of(host) == "alice@x.test"


def test_while_sqlite_is_locked_neither(verified: Verified, mailbox: Mailbox) -> None:
    host = verified(**IMPATIENT)
    here, link = waiting(host, mailbox)
    token, before = here.csrf(), everything(host)
    for url in STEPS:
        with locked(host):
            assert send(here, url, right(url, link), True, token).status_code == 503
    assert everything(host) == before
    assert subjects(host, mailbox) == []


# ---- P6


@both
@pytest.mark.parametrize("url", STEPS)
def test_a_page_of_the_user_before_takes_no_step_for_the_newcomer(
    url: str, as_json: bool, verified: Verified, mailbox: Mailbox
) -> None:
    host = verified()
    _, link = waiting(host, mailbox)
    browser = signed_in(host)
    token = browser.csrf()
    browser.login("admin")
    before = everything(host)
    assert send(browser, url, right(url, link), as_json, token).status_code == 400
    assert everything(host) == before


# ---- P7


UNREADABLE = (b'{"address": "', b"[]", b"null", b'"x"', b"nonsense")


@pytest.mark.parametrize("url", STEPS)
def test_a_body_that_cannot_be_read_or_says_something_else_takes_no_step(
    url: str, verified: Verified, mailbox: Mailbox
) -> None:
    host = verified()
    here, link = waiting(host, mailbox)
    headers, before = {**JSON, "X-CSRFToken": here.csrf()}, everything(host)
    for body in UNREADABLE:
        answer = here.client.post(url, data=body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json["code"]) == (400, "bad_request"), body
    for more in ({"Address": NEW}, {"address": 1}, {"address": [NEW]}, {"address": {"is": NEW}}, {"address": "a\0b"}):
        answer = here.client.post(url, json={**right(url, link), **more}, headers=headers)
        assert answer.status_code == 422, more
    for multipart in ("multipart/form-data; boundary=x", "text/plain"):
        answer = here.client.post(url, data=b"address=somewhere@x.test", content_type=multipart, headers=headers)
        assert answer.status_code in (400, 415), multipart
    assert everything(host) == before


# ---- P13


def test_all_forms_have_the_token_of_a_host_that_calls_it_something_else(verified: Verified, mailbox: Mailbox) -> None:
    host = verified(WTF_CSRF_FIELD_NAME="xsrf")
    here = host.browser()
    sent = {"username": "admin", "password": PASSWORD}
    assert here.client.post("/login", data={**sent, "xsrf": here.csrf()}).status_code == 302

    def token_of(page: str, action: str) -> str:
        html = here.get(page).text
        assert 'name="csrf_token"' not in html
        (form,) = re.findall(rf'<form action="{re.escape(action)}".*?</form>', html, re.S)[:1]
        (token,) = re.findall(r'name="xsrf"[^>]* value="([^"]+)"', form)
        return str(token)

    def step(page: str, action: str, **fields: str) -> int:
        return int(here.client.post(action, data={**fields, "xsrf": token_of(page, action)}).status_code)

    assert step(URL, f"{URL}/change-email", new_email=NEW) == 303
    host.sql("UPDATE myprofile_email_change SET sent_at = sent_at - 61")
    assert step(URL, f"{URL}/resend-email", address=NEW) == 303
    assert step(f"{CANCEL_FOR}?user=admin", CANCEL_FOR, user="admin", address=NEW) == 303
    host.sql("UPDATE myprofile_email_change SET sent_at = sent_at - 61")
    assert step(URL, f"{URL}/change-email", new_email=NEW) == 303
    assert step(URL, f"{URL}/cancel-email-change", address=NEW) == 303
    host.sql("UPDATE myprofile_email_change SET sent_at = sent_at - 61")
    assert step(URL, f"{URL}/change-email", new_email=NEW) == 303
    link = last_link(host, mailbox, NEW)
    assert step(link, LINK, token=secret_in(link)) == 303
    assert address_of(host, "admin") == NEW
    host.rows.age(created_at=1860, rotated_at=1860)
    form = here.client.post(f"{URL}/change-email", data={"new_email": "x@x.test", "xsrf": here.csrf()}).location
    assert step(form, "/profile/confirm", current_password=PASSWORD, form=form.partition("form=")[2][:43]) == 303
    for page in ("/profile/admin/sessions?user=alice", "/profile/admin/sessions/end-everything?user=alice"):
        for html in re.findall(r'<form [^>]*method="post".*?</form>', here.get(page).text, re.S):
            assert 'name="xsrf"' in html and 'name="csrf_token"' not in html
    assert press_again(here, link).status_code == 404
