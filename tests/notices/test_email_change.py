"""A verified change of the e-mail address: asked for, confirmed from the new one, undone from the old one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from flask_myprofile import SetupError, current_profile, record_sso
from flask_myprofile.testing import wait_for_notices
from tests.notices.test_not_me_link import press, press_again
from tests.notices.test_notices import PHONE, signed_in, subjects
from tests.support.host import JSON, PASSWORD, Browser, Host, user_class
from tests.support.kept import everywhere, in_each_database
from tests.support.mail_server import Mailbox, link_in, text_of

URL = "/profile/personal-information"
NEW = "new@x.test"


@pytest.fixture
def verified(mailing: Callable[..., Host]) -> Callable[..., Host]:
    def make(**settings: Any) -> Host:
        given = {"MYPROFILE_EMAIL_CHANGE": "verified", "MYPROFILE_NOTIFY_NEW_DEVICES": False, **settings}
        return mailing(**given)

    return make


def ask(browser: Browser, address: str = NEW) -> Any:
    return browser.post(f"{URL}/change-email", {"new_email": address})


def last_link(host: Host, mailbox: Mailbox, to: str) -> str:
    wait_for_notices(host.app)
    return link_in([message for message in mailbox.received if message["To"] == to][-1])


def changed(host: Host, mailbox: Mailbox, browser: Browser, address: str = NEW) -> None:
    assert ask(browser, address).status_code == 303
    assert press(browser, last_link(host, mailbox, address)).status_code == 303


def address_of(host: Host, name: str = "alice") -> str:
    return str(host.user(name).email)


# ---- the way it goes


@everywhere
def test_the_address_changes_once_the_new_one_has_confirmed_it(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice = signed_in(host)
    assert ask(alice).status_code == 303
    page = alice.get(URL).text
    assert "Waiting for you to confirm" in page and NEW in page
    link = last_link(host, mailbox, NEW)
    assert "becomes <" not in alice.get(link).text and address_of(host) == "alice@x.test", "to look changes nothing"
    answer = press(alice, link)
    assert (answer.status_code, answer.location) == (303, URL)
    assert f"Your email address is {NEW} now." in alice.get(URL).text
    assert address_of(host) == NEW
    assert subjects(host, mailbox) == ["Confirm your new email address", "Your email address was changed"]
    assert mailbox.received[1]["To"] == "alice@x.test"
    assert press_again(alice, link).status_code == 404, "once"


@in_each_database
def test_the_old_address_undoes_it_without_a_sign_in(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice, thief = signed_in(host), signed_in(host, agent=PHONE)
    changed(host, mailbox, thief)
    later = signed_in(host)
    host.sql("UPDATE myprofile_session SET created_at = created_at - 100 WHERE id = :id", id=alice.session_id())
    answer = press(host.browser(), last_link(host, mailbox, "alice@x.test"), sessions="y")
    assert answer.status_code == 200 and "is alice@x.test again" in answer.text
    assert address_of(host) == "alice@x.test"
    assert (alice.is_in(), thief.is_in(), later.is_in()) == (True, False, False)


def test_the_undo_goes_back_beyond_further_changes_and_ends_what_waits(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    thief = signed_in(host)
    changed(host, mailbox, thief)
    changed(host, mailbox, thief, "third@x.test")
    ask(thief, "fourth@x.test")
    waiting = last_link(host, mailbox, "fourth@x.test")
    press(host.browser(), last_link(host, mailbox, "alice@x.test"))
    assert address_of(host) == "alice@x.test"
    assert press_again(thief, waiting).status_code == 409
    assert press_again(host.browser(), last_link(host, mailbox, NEW)).status_code == 404, "that of the change after it"
    assert address_of(host) == "alice@x.test"


def test_an_undo_ends_the_links_that_went_to_the_address_of_the_stranger_and_no_others(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    thief = signed_in(host)
    changed(host, mailbox, thief)
    thief.post_json("/profile/api-token/regenerate")
    to_thief, to_alice = last_link(host, mailbox, NEW), last_link(host, mailbox, "alice@x.test")
    assert host.browser().get(to_thief).status_code == 200, "it was good while the address was"
    (undo,) = (link_in(each) for each in mailbox.received if each["Subject"] == "Your email address was changed")
    assert press(host.browser(), undo).status_code == 200
    for answer in (host.browser().get(to_thief), press_again(host.browser(), to_thief)):
        assert answer.status_code == 404
    assert host.browser().get(to_alice).status_code == 200


@pytest.mark.parametrize("ticked", [True, False])
def test_an_undo_revokes_the_token_that_was_made_since_if_that_is_wished(
    ticked: bool, verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    thief = signed_in(host)
    changed(host, mailbox, thief)
    undo = last_link(host, mailbox, "alice@x.test")
    assert 'name="api_token"' not in host.browser().get(undo).text, "there is none"
    thief.post_json("/profile/api-token/regenerate")
    box = re.search(r'<input[^>]*name="api_token"[^>]*>', host.browser().get(undo).text)
    assert box is not None and " checked" in box[0]
    answer = press(host.browser(), undo, **({"api_token": "y"} if ticked else {}))
    assert ("Your API token has been revoked." in answer.text) is ticked
    with host.app.test_request_context():
        assert (current_profile.tokens.find(host.user("alice")) is None) is ticked


def test_an_undo_leaves_a_token_from_before_unless_it_is_ticked(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    alice.post_json("/profile/api-token/regenerate")
    host.sql("UPDATE myprofile_token SET created_at = created_at - 100")
    changed(host, mailbox, alice)
    (undo,) = (
        link_in(each)
        for each in (wait_for_notices(host.app), mailbox.received)[1]
        if each["Subject"] == "Your email address was changed"
    )
    box = re.search(r'<input[^>]*name="api_token"[^>]*>', host.browser().get(undo).text)
    assert box is not None and " checked" not in box[0]


def in_small_letters(db: Any) -> Any:
    made = user_class(db)
    event.listen(made.email, "set", lambda user, value, *rest: value.lower(), retval=True)
    return made


def test_letters_that_the_model_puts_back_are_no_change_that_got_lost(
    mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing(MYPROFILE_EMAIL_CHANGE="verified", MYPROFILE_NOTIFY_NEW_DEVICES=False, model=in_small_letters)
    changed(host, mailbox, signed_in(host), "Alice@x.test")
    assert address_of(host) == "alice@x.test"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("Only addresses of x.example"), 409, "Only addresses of x.example"),
        (KeyError("new@"), 409, "This value is not accepted."),
        (RuntimeError("no key"), 500, "This application has made a mistake. Nothing was changed."),
        (ConnectionError("down"), 503, "Nothing was changed. Try again later."),
    ],
    ids=repr,
)
def test_an_address_that_the_model_refuses_is_not_given_and_the_link_says_why(
    error: Exception, status: int, said: str, verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    def picky(db: Any) -> Any:
        made = user_class(db)

        @event.listens_for(made.email, "set")
        def refuse(user: Any, value: str, *rest: Any) -> None:
            if value == NEW:
                raise error

        return made

    host = verified(model=picky)
    alice = signed_in(host)
    assert ask(alice).status_code == 303
    link = last_link(host, mailbox, NEW)
    answer = press(alice, link)
    assert answer.status_code == status and said in answer.text and "new@" not in said
    assert address_of(host) == "alice@x.test"
    assert press(alice, link).status_code == status, "nothing is used up"


def test_who_has_no_address_yet_is_told_of_no_mail_to_it(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified(MYPROFILE_PERSONAL_EMAIL_INTRANET=True)
    host.change("alice", email="")
    alice = signed_in(host)
    ask(alice)
    link = last_link(host, mailbox, NEW)
    assert "What it is now" not in alice.get(link).text
    assert press(alice, link).status_code == 303
    assert (address_of(host), len(subjects(host, mailbox))) == (NEW, 1)


def test_the_undo_finds_an_address_that_the_model_has_written_in_small_letters(
    mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing(MYPROFILE_EMAIL_CHANGE="verified", MYPROFILE_NOTIFY_NEW_DEVICES=False, model=in_small_letters)
    thief = signed_in(host)
    changed(host, mailbox, thief, "New@x.test")
    changed(host, mailbox, thief, "Third@x.test")
    assert address_of(host) == "third@x.test"
    assert press(host.browser(), last_link(host, mailbox, "alice@x.test")).status_code == 200
    assert address_of(host) == "alice@x.test"


def test_an_undo_does_not_turn_back_what_somebody_else_has_set(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    changed(host, mailbox, signed_in(host))
    host.change("alice", email="set.by.admin@x.test")
    assert press_again(host.browser(), last_link(host, mailbox, "alice@x.test")).status_code == 409
    assert address_of(host) == "set.by.admin@x.test"


# ---- what is refused


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("bob@x.test", "already in use"),
        ("BOB@X.test", "already in use"),
        ("alice@X.TEST", "your email address already"),
        ("nonsense", "in the form name@example.com"),
        ("", "Enter your email address"),
        ("a" * 200 + "@x.test", "characters or fewer"),
    ],
)
def test_an_address_that_cannot_be_is_refused_and_kept_in_the_form(
    typed: str, said: str, verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    answer = ask(alice, typed)
    assert answer.status_code == 422
    assert said in answer.text and f'value="{typed}"' in answer.text
    wrong = alice.post_json(f"{URL}/change-email", {"new_email": typed})
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["new_email"])
    assert subjects(host, mailbox) == []


def test_it_needs_a_recent_sign_in_and_goes_on_after_it(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice = signed_in(host)
    host.sql("UPDATE myprofile_session SET created_at = created_at - 4000")
    answer = ask(alice)
    assert answer.location.startswith("/profile/confirm?form=")
    page = alice.get(answer.location).text
    assert "To change your email address, enter your password." in page
    form = re.findall(r'name="form" value="([^"]+)"', page)[0]
    alice.post("/profile/confirm", {"current_password": PASSWORD, "form": form})
    assert subjects(host, mailbox) == ["Confirm your new email address"]


def test_the_link_is_for_who_is_signed_in_to_that_account(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    link = last_link(host, mailbox, NEW)
    visitor = host.browser()
    asked = visitor.get(link)
    assert asked.status_code == 302 and asked.location.startswith("/login?next=%2Fprofile%2Fmail-link%3Ftoken%3D")
    assert press_again(visitor, link).status_code == 303
    bob = signed_in(host, "bob")
    assert bob.get(link).status_code == 403 and "for another account" in bob.get(link).text
    assert address_of(host) == "alice@x.test"
    visitor.login("alice")
    press(visitor, link)
    assert address_of(host) == NEW


def test_who_has_got_the_mail_cannot_have_the_browser_of_the_user_confirm(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    link = last_link(host, mailbox, NEW)
    sent = {"token": link.partition("token=")[2]}
    for headers in ({}, JSON):
        assert alice.client.post("/profile/mail-link", data=sent, headers=headers).status_code == 400
    from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert alice.post("/profile/mail-link", sent, headers=from_elsewhere).status_code == 403
    assert address_of(host) == "alice@x.test"
    assert press(alice, link).status_code == 303


def test_an_api_token_is_no_sign_in_by_which_an_address_is_confirmed(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice, program = signed_in(host), host.browser()
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    ask(alice)
    sent = {"token": last_link(host, mailbox, NEW).partition("token=")[2]}
    answer = program.post("/profile/mail-link", sent, headers={**JSON, "Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")
    assert address_of(host) == "alice@x.test"


def test_the_link_is_bound_to_the_address_and_to_an_hour(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    link = last_link(host, mailbox, NEW)
    host.change("alice", email="other@x.test")
    assert alice.get(link).status_code == 404 and press_again(alice, link).status_code == 409
    host.change("alice", email="alice@x.test")
    assert alice.get(link).status_code == 200
    host.sql("UPDATE myprofile_link SET expires_at = expires_at - 3601")
    assert alice.get(link).status_code == 404 and press_again(alice, link).status_code == 404


def test_a_cancelled_change_is_not_confirmed(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice = signed_in(host)
    assert alice.post(f"{URL}/cancel-email-change").status_code == 409
    ask(alice)
    link = last_link(host, mailbox, NEW)
    assert alice.post(f"{URL}/cancel-email-change").status_code == 303
    assert "Waiting for you" not in alice.get(URL).text
    assert press_again(alice, link).status_code == 409
    assert address_of(host) == "alice@x.test"


@in_each_database
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_what_was_looked_at_is_sent_again_or_cancelled_and_nothing_else(
    as_json: bool, verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    """P4: a page from before another tab asked for another address."""
    host = verified()
    alice, admin = signed_in(host), signed_in(host, "admin")
    ask(alice, "first@x.test")
    page = alice.get(URL).text
    assert page.count('<input type="hidden" name="address" value="first@x.test">') == 2
    question = admin.get("/profile/admin/sessions/cancel-email-change?user=alice").text
    assert '<input type="hidden" name="address" value="first@x.test">' in question
    host.sql("UPDATE myprofile_email_change SET asked_at = asked_at - 90, sent_at = sent_at - 90")
    ask(alice, "second@x.test")
    host.sql("UPDATE myprofile_email_change SET asked_at = asked_at - 90, sent_at = sent_at - 90")
    link = last_link(host, mailbox, "second@x.test")

    def send(browser: Browser, url: str, **sent: str) -> int:
        return int((browser.post_json if as_json else browser.post)(url, sent).status_code)

    cancel_for = "/profile/admin/sessions/cancel-email-change"
    for address in ("first@x.test", ""):
        assert send(alice, f"{URL}/resend-email", address=address) == 409
        assert send(alice, f"{URL}/cancel-email-change", address=address) == 409
        assert send(admin, cancel_for, user="alice", address=address) == 409
    assert len(subjects(host, mailbox)) == 2 and alice.get(link).status_code == 200
    assert send(alice, f"{URL}/resend-email", address="second@x.test") in (200, 303)
    assert send(admin, cancel_for, user="alice", address="second@x.test") in (200, 303)
    assert alice.get(link).status_code == 404


def test_the_link_is_sent_again_but_not_without_end(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    too_soon = alice.post_json(f"{URL}/resend-email")
    assert too_soon.status_code == 429 and 0 < int(too_soon.headers["Retry-After"]) <= 60
    codes = []
    for _ in range(6):
        host.sql("UPDATE myprofile_email_change SET sent_at = sent_at - 61, asked_at = asked_at - 61")
        codes.append(alice.post(f"{URL}/resend-email").status_code)
    assert codes == [303] * 4 + [429] * 2
    assert ask(alice, "another@x.test").status_code == 429
    assert len(subjects(host, mailbox)) == 5
    assert press(alice, link_in(mailbox.received[0])).status_code == 303, "any of them, for as long as it is good"


def test_to_ask_anew_sends_no_more_mails_to_an_address_than_to_send_again(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    assert ask(alice).status_code == 429
    alice.post(f"{URL}/cancel-email-change")
    assert ask(alice, NEW.upper()).status_code == 429
    assert len(subjects(host, mailbox)) == 1
    host.sql("UPDATE myprofile_email_change SET sent_at = sent_at - 61")
    assert ask(alice).status_code == 303


@in_each_database
def test_nobody_finds_out_by_asking_who_has_which_address(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice, bob = signed_in(host), signed_in(host, "bob")
    codes = [ask(alice, "bob@x.test" if number % 2 else "admin@x.test").status_code for number in range(12)]
    assert codes == [422] * 10 + [429] * 2
    for taken in ("bob@x.test", "nobody@x.test"):
        refused = alice.post_json(f"{URL}/change-email", {"new_email": taken})
        assert (refused.status_code, refused.json["code"]) == (429, "throttled")
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert "Too many attempts. Try again in 60 minutes" in ask(alice, "bob@x.test").text
    assert ask(bob, NEW).status_code == 303, "others are not kept from anything"
    host.sql("UPDATE myprofile_notice SET at = at - 3601 WHERE user_key = '1'")
    assert ask(alice, "bob@x.test").status_code == 422


# ---- who may


def test_the_field_is_read_only_and_the_other_fields_are_not(verified: Callable[..., Host]) -> None:
    host = verified(MYPROFILE_PERSONAL_READONLY=())
    alice = signed_in(host)
    assert alice.post(URL, {"email": NEW, "first_name": "Al", "last_name": "Test"}).status_code in (303, 422)
    assert address_of(host) == "alice@x.test"


def test_what_was_switched_off_or_is_the_providers_by_now_is_not_confirmed(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    link = last_link(host, mailbox, NEW)
    with host.app.test_request_context():
        current_profile.features.save({"personal_information.email": False}, "1")
    assert alice.get(link).status_code == 404 and press_again(alice, link).status_code == 404
    with host.app.test_request_context():
        current_profile.features.save({"personal_information.email": True}, "1")
    host.sql("UPDATE myprofile_session SET method = 'oidc'")
    assert alice.get(link).status_code == 404 and press_again(alice, link).status_code == 404
    assert address_of(host) == "alice@x.test"
    host.sql("UPDATE myprofile_session SET method = 'password'")
    assert press(alice, link).status_code == 303, "it was not used up"


def test_users_of_single_sign_on_have_the_address_of_their_provider(verified: Callable[..., Host]) -> None:
    host = verified()

    @host.app.get("/sso")
    def sso() -> str:
        import flask_login

        flask_login.login_user(host.db.session.get(host.User, 1))
        record_sso("Okta", subject="1")
        return ""

    alice = host.browser()
    alice.get("/sso")
    assert "Change your email address" not in alice.get(URL).text
    assert ask(alice).status_code == 404


@pytest.mark.parametrize("settings", [{}, {"MYPROFILE_EMAIL_CHANGE": "verified", "off": True}], ids=["unset", "off"])
def test_without_it_there_is_no_such_action(settings: dict[str, Any], mailing: Callable[..., Host]) -> None:
    if settings.pop("off", False):
        settings = {**settings, "MYPROFILE_FEATURES_PINNED": {"personal_information.email": False}}
    host = mailing(**settings)
    alice = signed_in(host)
    assert "Change your email address" not in alice.get(URL).text
    for action in ("change-email", "resend-email", "cancel-email-change"):
        sent = {"new_email": NEW} if action == "change-email" else {}
        assert alice.post(f"{URL}/{action}", sent).status_code == 404
        assert alice.post_json(f"{URL}/{action}", sent).status_code == 404


@pytest.mark.parametrize("missing", ["MYPROFILE_NOTIFY", "MYPROFILE_EXTERNAL_URL"])
def test_it_is_not_set_up_without_mail_and_links(missing: str, mailing: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match=missing):
        mailing(MYPROFILE_EMAIL_CHANGE="verified", anew=True, **{missing: None}).browser().get("/pub")


def test_it_is_not_set_up_where_no_link_can_say_the_prefix(mailing: Callable[..., Host]) -> None:
    settings: dict[str, Any] = {"MYPROFILE_URL_PREFIX": "/<tenant>/profile", "MYPROFILE_EMAIL_CHANGE": "verified"}
    with pytest.raises(SetupError, match="without a variable"):
        mailing(anew=True, **settings).browser().get("/pub")


def test_somebody_may_sign_in_by_the_address_that_changes(
    new_host: Callable[..., Host], mailbox: Mailbox, mailing: Callable[..., Host]
) -> None:
    def by_address(db: Any, user: Any, login_id: str) -> Any:
        return db.session.execute(db.select(user).filter_by(email=login_id)).scalar()

    def model(db: Any) -> Any:
        from tests.support.host import user_class

        made = user_class(db)
        made.get_id = lambda self: self.email
        return made

    host = mailing(MYPROFILE_EMAIL_CHANGE="verified", MYPROFILE_NOTIFY_NEW_DEVICES=False, model=model, load=by_address)
    alice, other = signed_in(host), signed_in(host)
    changed(host, mailbox, alice)
    assert alice.is_in() and other.is_in()


def test_a_mail_to_the_new_address_says_nothing_of_the_user(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    ask(signed_in(host))
    wait_for_notices(host.app)
    (message,) = mailbox.received
    for word in ("Firefox", "127.0.0.1", "alice", "Alice"):
        assert word not in text_of(message)


def test_a_program_hears_the_same(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    alice = signed_in(host)
    assert "message" in alice.post_json(f"{URL}/change-email", {"new_email": NEW}).json
    token = last_link(host, mailbox, NEW).partition("token=")[2]
    answer = alice.post("/profile/mail-link", {"token": token}, headers=JSON)
    assert answer.json == {"message": f"Your email address is {NEW} now."}


def test_each_step_is_in_the_activity_without_an_address(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified()
    changed(host, mailbox, signed_in(host))
    press(host.browser(), last_link(host, mailbox, "alice@x.test"))
    with host.app.test_request_context():
        events = current_profile.activity.list(host.user("alice"), topic="profile")
    assert [event.kind.partition("email_change_")[2] for event in events] == ["undone", "confirmed", "asked"]
    assert "@" not in str(events)


@pytest.mark.parametrize("action", ["change-email", "resend-email", "cancel-email-change"])
def test_no_step_is_taken_without_the_pages_own_csrf_token(
    action: str, verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    host.sql("UPDATE myprofile_email_change SET sent_at = sent_at - 61")
    sent = {"new_email": "third@x.test"} if action == "change-email" else {}
    before = host.sql("SELECT * FROM myprofile_email_change")
    assert alice.client.post(f"{URL}/{action}", data=sent).status_code == 400
    assert alice.client.post(f"{URL}/{action}", json=sent, headers=JSON).status_code == 400
    assert host.sql("SELECT * FROM myprofile_email_change") == before
    assert alice.post(f"{URL}/{action}", sent).status_code == 303


def test_a_change_that_was_sent_again_for_a_day_waits_no_longer_and_an_undo_is_good_all_its_time(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    host.sql("UPDATE myprofile_email_change SET asked_at = asked_at - 86000")
    press(alice, last_link(host, mailbox, NEW))
    undo = last_link(host, mailbox, "alice@x.test")
    later = 72 * 3600 - 60
    host.sql(f"UPDATE myprofile_email_change SET asked_at = asked_at - {later}, confirmed_at = confirmed_at - {later}")
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert press(host.browser(), undo).status_code == 200
    ask(alice, "other@x.test")
    host.sql("UPDATE myprofile_email_change SET asked_at = asked_at - 90000, sent_at = sent_at - 61")
    assert alice.post(f"{URL}/resend-email").status_code == 409


def test_what_is_of_no_use_any_more_is_pruned(verified: Callable[..., Host], mailbox: Mailbox) -> None:
    host = verified(MYPROFILE_NOTIFY_NEW_DEVICES=True)
    changed(host, mailbox, signed_in(host))
    wait_for_notices(host.app)
    for column, table in (
        *(("at", "notice"), ("at", "known_device"), ("expires_at", "link")),
        *(("asked_at", "email_change"), ("confirmed_at", "email_change")),
    ):
        assert host.sql(f"SELECT 1 FROM myprofile_{table}") or table == "notice"
        host.sql(f"UPDATE myprofile_{table} SET {column} = {column} - 36000000")
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    for table in ("notice", "known_device", "link", "email_change"):
        assert host.sql(f"SELECT * FROM myprofile_{table}") == []


def test_who_has_changed_the_address_does_not_keep_the_next_notice_from_its_user(
    verified: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = verified()
    thief = signed_in(host)
    changed(host, mailbox, thief)
    subjects(host, mailbox)
    mailbox.received.clear()
    thief.post_json("/profile/api-token/regenerate")
    assert subjects(host, mailbox) == ["A new API token was made"] * 2
    assert [message["To"] for message in mailbox.received] == [NEW, "alice@x.test"]
    assert press(host.browser(), last_link(host, mailbox, "alice@x.test")).status_code == 200
    assert not thief.is_in()
