"""What custom tabs can rely on while a form of theirs waits for a recent sign-in: what is kept of it, what is said of
it, and that nothing becomes a form that was none."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import request
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import FieldList, Form, FormField, PasswordField, StringField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import PasswordInput

from flask_myprofile import Confirm, Done, Tab, action, current_profile
from flask_myprofile.store.records import PendingFormRecord
from tests.support.devices import asked_who
from tests.support.host import PASSWORD, Browser, Host, token_in

CONFIRM, VAULT = "/profile/confirm", "/profile/vault"

#: What the actions of the tabs were given.
given: list[dict[str, Any]] = []


class Inner(Form):
    pin = PasswordField()
    word = StringField()


class VaultForm(FlaskForm):
    password = StringField("What the field is called tells nothing", validators=[InputRequired()])
    pin = PasswordField("Pin")
    code = StringField("Code", widget=PasswordInput())
    scan = FileField("Scan")
    inner = FormField(Inner)
    many = FieldList(PasswordField())


def refuses_to_make_a_form(tab: Tab, user: Any) -> type[FlaskForm]:
    current_profile.sessions.require_fresh(user)
    return VaultForm


class Vault(Tab):
    name = "vault"
    label = "Vault"
    template = "myprofile/tabs/_form.html"

    @action(VaultForm, fresh=True)
    def save(self, user: Any, form: VaultForm) -> Done:
        given.append(form.data)
        return Done("Saved.", redirect=request.full_path)

    @action(label="Pay the bill", fresh=True)
    def pay(self, user: Any) -> str:
        given.append({"path": request.path, "page": request.args.get("page"), "values": request.values.to_dict()})
        return "Paid."

    @action(confirm=Confirm("Burn <everything>?", "", "Yes", "No"), fresh=True)
    def burn(self, user: Any) -> str:
        given.append({})
        return "Burnt."

    @action(fresh=True)
    def shake_it(self, user: Any) -> str:
        given.append({})
        return "Shaken."

    @action(refuses_to_make_a_form)
    def odd(self, user: Any, form: VaultForm) -> str:
        given.append(form.data)
        return "Odd."


class SafeForm(FlaskForm):
    word = StringField(validators=[InputRequired()])
    pin = PasswordField()


class Safe(Tab):
    """Asks for a recent sign-in while it shows itself."""

    name = "safe"
    label = "Safe"
    template = "myprofile/tabs/_form.html"

    def values(self, user: Any) -> dict[str, Any]:
        current_profile.sessions.require_fresh(user)
        return {"word": "open sesame"}

    @action(SafeForm)
    def save(self, user: Any, form: SafeForm) -> str:
        given.append(form.data)
        return "Saved."


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    given.clear()
    return new_host(myprofile_options={"tabs": [Vault, Safe]})


def stale(host: Host) -> Browser:
    alice = host.browser()
    alice.login("alice")
    host.rows.age(created_at=1860)
    return alice


def confirm(browser: Browser, carried: dict[str, str]) -> Any:
    return browser.post(CONFIRM, {"current_password": PASSWORD, **carried})


def kept(host: Host, browser: Browser, carried: dict[str, str]) -> Any:
    """What can be read of the form by whoever may."""
    with host.app.app_context():
        (session,) = current_profile.sessions.list(host.user("alice"))
        secret = browser.cookie_of_profile("myprofile_form")
        return current_profile.pending_forms.find(session, carried["form"], secret)


# ---- what is kept


def test_a_secret_is_told_by_its_field_and_not_by_its_name(host: Host) -> None:
    """P12: passwords of any name are never kept, and a field that merely is called so is."""
    alice = stale(host)
    sent = {
        "password": "a word",
        **dict.fromkeys(("pin", "code", "inner-pin", "many-0", "many-1"), "canary"),
        "inner-word": "another",
        "scan": (io.BytesIO(b"canary"), "scan.png"),
    }
    carried = asked_who(alice.post(VAULT, sent, content_type="multipart/form-data"))
    form = kept(host, alice, carried)
    assert [tuple(field) for field in form.fields] == [("password", "a word"), ("inner-word", "another")]
    assert form.left_out == ["code", "inner-pin", "many-0", "many-1", "pin", "scan"]


def test_a_feature_that_is_called_password_is_kept(host: Host) -> None:
    """P12: it was dropped as if it were one, and left on."""
    admin = host.browser()
    admin.login("admin")
    host.rows.age(created_at=1860)
    carried = asked_who(admin.post("/profile/admin/features", {"password": "off"}))
    assert confirm(admin, carried).location == "/profile/admin/features"
    assert admin.get("/profile/password").status_code == 404


def test_a_form_that_had_a_secret_in_it_is_shown_again_and_not_carried_out_without(host: Host) -> None:
    """An optional one would be lost, and the answer would say that all was saved."""
    alice = stale(host)
    carried = asked_who(alice.post(VAULT, {"password": "a word", "pin": "1234", "inner-word": "another"}))
    answer = confirm(alice, carried)
    assert answer.status_code == 422
    assert "Enter this again: it is not kept while you confirm who you are" in answer.text
    assert 'value="a word"' in answer.text
    assert "1234" not in answer.text
    assert given == []
    sent = {"csrf_token": token_in(answer.text), "password": "a word", "pin": "1234"}
    assert alice.client.post(VAULT, data=sent).status_code == 303
    assert given[0]["pin"] == "1234"


def test_a_form_whose_secrets_were_empty_is_carried_out(host: Host) -> None:
    alice = stale(host)
    sent = {"password": "a word", "pin": "", "scan": (io.BytesIO(b""), "")}
    carried = asked_who(alice.post(VAULT, sent, content_type="multipart/form-data"))
    assert confirm(alice, carried).status_code == 303
    assert given[0]["password"] == "a word"


def test_a_form_that_was_carried_on_is_read_as_if_it_had_been_sent_there(host: Host) -> None:
    alice = stale(host)
    carried = asked_who(alice.post(f"{VAULT}/pay?page=2", {"amount": "3"}))
    assert confirm(alice, carried).location == VAULT
    assert given == [{"path": f"{VAULT}/pay", "page": "2", "values": {"page": "2", "amount": "3"}}]
    host.rows.age(rotated_at=1860)
    carried = asked_who(alice.post(f"{VAULT}?q=%C3%A9", {"password": "x"}))
    assert confirm(alice, carried).location == f"{VAULT}?q=%C3%A9"


def test_its_validation_is_that_of_its_page(host: Host) -> None:
    alice = stale(host)
    carried = asked_who(alice.post(VAULT, {"password": "x"}))
    VaultForm.password.kwargs["validators"].append(never)
    try:
        answer = confirm(alice, carried)
    finally:
        VaultForm.password.kwargs["validators"].remove(never)
    assert answer.status_code == 422
    assert "not today" in answer.text
    assert given == []


def never(form: Form, field: Any) -> None:
    raise ValidationError("not today")


def test_a_tab_that_is_gone_is_not_found(host: Host, new_host: Callable[..., Host]) -> None:
    alice = stale(host)
    carried = asked_who(alice.post(VAULT, {"password": "x"}))
    without = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], after=with_a_page_in_its_place)
    there = without.browser()
    there.set_cookie("session", str(alice.cookie("session")))
    there.client.set_cookie("myprofile_form", str(alice.cookie_of_profile("myprofile_form")), path="/profile/")
    page = there.get(CONFIRM, query_string=carried)
    assert "For your security, enter your password to continue." in page.text
    assert confirm(there, carried).status_code == 404


def with_a_page_in_its_place(host: Host) -> None:
    @host.app.route(VAULT, methods=["GET", "POST"])
    def vault() -> str:
        return "the app's own"


# ---- what it is for, in words


@pytest.mark.parametrize(
    ("url", "sent", "words"),
    [
        (VAULT, {"password": "x"}, "To continue with “Vault”"),
        (f"{VAULT}/pay", {}, "To continue with “Pay the bill”"),
        (f"{VAULT}/burn", {}, "To continue with “Burn &lt;everything&gt;?”"),
        (f"{VAULT}/shake-it", {}, "To continue with “Shake it”"),
        ("/profile/api-token/regenerate", {"version": ""}, "To regenerate your API token"),
        ("/profile/api-token/reveal", {}, "To see your API token"),
        ("/profile/sessions/sign-out", {"id": "x"}, "To sign out another session"),
        ("/profile/sessions/sign-out-others", {}, "To sign out all other sessions"),
    ],
)
def test_the_page_that_asks_says_what_for(url: str, sent: dict[str, str], words: str, host: Host) -> None:
    alice = stale(host)
    answer = alice.post(url, sent)
    page = alice.get(answer.location).text
    assert f"{words}, enter your password." in page
    asked_who(answer)
    refused = alice.post(CONFIRM, {"current_password": "wrong", **asked_who(answer)})
    assert f"{words}, enter your password." in refused.text
    assert words not in alice.get(CONFIRM).text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/profile/admin/features", "To save the feature settings"),
        ("/profile/admin/features/reset", "To reset all features"),
        ("/profile/admin/sessions/sign-out", "To sign a user out of one session"),
        ("/profile/admin/sessions/sign-out-all", "To sign a user out of all sessions"),
    ],
)
def test_the_administrators_pages_say_what_for_as_well(url: str, words: str, host: Host) -> None:
    admin = host.browser()
    admin.login("admin")
    host.rows.age(created_at=1860)
    answer = admin.post(url, {"preferences": "off"} if url.endswith("features") else {"user": "bob", "id": "x"})
    assert f"{words}, enter your password." in (page := admin.get(answer.location).text)
    assert 'aria-label="Administration"' in page, "and keep their frame"
    back = admin.post(CONFIRM, {"cancel": "1", **asked_who(answer)})
    assert back.location.startswith("/profile/admin/")
    assert "Nothing was changed." in admin.get(back.location).text


def test_cancel_leads_to_where_one_was(host: Host) -> None:
    """Also where no form waits; and to no other site."""
    alice = stale(host)
    own = {"Referer": "http://localhost/profile/preferences?zones=all"}
    page = alice.get("/profile/confirm?next=/profile/safe", headers=own).text
    cancel = '<a class="mp-btn" href="/profile/preferences?zones=all">Cancel</a>'
    assert cancel in page
    again = alice.post(CONFIRM, {"current_password": "wrong", "back": "/profile/preferences?zones=all"}, headers=own)
    assert cancel in again.text
    for elsewhere in ("https://evil.test/x", "http://localhost//evil.test", "http://localhost.evil.test/", "junk"):
        assert 'href="/profile/">Cancel</a>' in alice.get(CONFIRM, headers={"Referer": elsewhere}).text


def test_a_form_within_a_form_is_corrected_as_any(host: Host) -> None:
    """WTForms lets nobody set the errors of such a field; it was an error 500."""
    alice = host.browser()
    alice.login("alice")
    answer = alice.post(VAULT, {"password": "", "inner-word": "typed"})
    assert answer.status_code == 422
    assert "This field is required." in answer.text
    assert 'value="typed"' in answer.text
    assert list(alice.post_json(VAULT, {"password": ""}).json["errors"]) == ["password"]


# ---- a page is not a form


def test_a_page_that_asks_while_it_is_shown_is_opened_again_and_nothing_is_sent(host: Host) -> None:
    """P10: it was carried on as a POST with an empty form."""
    alice = stale(host)
    address = "/profile/safe?page=2&q=%C3%A9"
    answer = alice.get(address)
    carried = asked_who(answer)
    assert carried == {"next": address}
    assert host.sql("SELECT 1 FROM myprofile_pending_form") == []
    assert not answer.headers.getlist("Set-Cookie")
    page = alice.get(answer.location)
    assert f'name="next" value="{carried["next"].replace("&", "&amp;")}"' in page.text
    assert "mp-reauth-cancel" not in page.text
    done = confirm(alice, carried)
    assert (done.status_code, done.location) == (303, address)
    assert alice.get(done.location).status_code == 200
    assert given == []


def test_a_program_is_told_where_to_confirm_before_it_reads_such_a_page(host: Host) -> None:
    alice = stale(host)
    answer = alice.json("/profile/safe")
    assert (answer.status_code, answer.json["code"], answer.json["confirm_url"]) == (403, "reauth_required", CONFIRM)


def test_an_app_below_a_path_comes_back_to_its_page(host: Host) -> None:
    alice = stale(host)
    answer = alice.get("/profile/safe", environ_overrides={"SCRIPT_NAME": "/app"})
    assert answer.location == "/app/profile/confirm?next=/app/profile/safe"


def test_a_form_that_such_a_page_refuses_is_kept_once_its_csrf_token_was_checked(host: Host) -> None:
    alice = stale(host)
    carried = asked_who(alice.post("/profile/safe", {"pin": "canary", "word": ""}))
    form = kept(host, alice, carried)
    assert [tuple(field) for field in form.fields] == [("word", "")]
    answer = confirm(alice, carried)
    assert answer.status_code == 422
    assert given == []


@pytest.mark.parametrize("token", [None, "junk"])
def test_a_form_without_a_right_csrf_token_is_never_kept(token: str | None, host: Host) -> None:
    """P10: neither by a factory of forms that asks before anything is checked, nor by a page."""
    alice = stale(host)
    sent = {"word": "x", "password": "x", **({"csrf_token": token} if token else {})}
    assert asked_who(alice.client.post(f"{VAULT}/odd", data=sent)) == {}
    for url in (VAULT, f"{VAULT}/pay", "/profile/safe"):
        assert alice.client.post(url, data=sent).status_code == 400
    assert host.sql("SELECT 1 FROM myprofile_pending_form") == []
    assert given == []


def test_a_request_that_is_no_form_is_not_kept(host: Host) -> None:
    """Whoever prefers HTML and sends JSON, or nothing."""
    alice = stale(host)
    headers = {"Accept": "text/html", "X-CSRFToken": alice.csrf()}
    assert asked_who(alice.client.post(f"{VAULT}/pay", json={}, headers=headers)) == {}
    assert asked_who(alice.client.post(f"{VAULT}/pay", headers=headers)) == {}
    assert host.sql("SELECT 1 FROM myprofile_pending_form") == []


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        " //evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\x19////evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "https://evil.example\\@good.test",
        "profile",
        "",
        "/" + "x" * 501,
    ],
)
def test_no_other_address_follows_a_confirmation(address: str, host: Host) -> None:
    """K28"""
    alice = stale(host)
    assert 'name="next"' not in alice.get(CONFIRM, query_string={"next": address}).text
    assert confirm(alice, {"next": address}).location == "/profile/"


def test_a_view_of_the_app_is_come_back_to(host: Host) -> None:
    alice = stale(host)
    assert confirm(alice, {"next": "/page?a=1"}).location == "/page?a=1"


def test_a_record_of_a_form_says_nothing_of_what_is_in_it() -> None:
    assert set(PendingFormRecord._fields) == {"id", "session_id", "user_key", "ciphertext", "at"}
