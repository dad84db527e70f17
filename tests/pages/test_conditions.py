"""A body that is there is read: a condition that cannot be read never counts as none, and nothing is carried out."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from flask_myprofile import Confirm, Tab, action
from flask_myprofile.errors import Conflict, SetupError
from tests.support.devices import asked_who, pass_time
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.walks import busy, everything

TOKEN = "/profile/api-token"
MAKE, SHOW, REVOKE = f"{TOKEN}/regenerate", f"{TOKEN}/reveal", f"{TOKEN}/revoke"
OTHERS, OUT, PAIR = "/profile/sessions/sign-out-others", "/profile/sign-out", "/profile/devices/unpair"
FEATURES = "/profile/admin/features"
RESET = f"{FEATURES}/reset"
#: Actions without a form, and the one that has no fields of its own.
WITHOUT_FORM = [MAKE, SHOW, REVOKE, OTHERS, OUT, PAIR, RESET]
CONDITIONAL = [MAKE, REVOKE, PAIR, RESET, FEATURES]
HTML = {"Accept": "text/html"}
FORM = "application/x-www-form-urlencoded"
PROBLEM = "application/problem+json"


class Devices(Tab):
    """A custom tab whose action is for what was looked at."""

    name = "devices"
    label = "Devices"

    def values(self, user: Any) -> dict[str, Any]:
        return {"paired": user.phone}

    @action(
        confirm=Confirm("Unpair?", "It has to be paired again.", "Unpair", "Keep", lambda tab, user: tab.values(user)),
        condition=["paired"],
    )
    def unpair(self, user: Any, paired: str | None = None) -> str:
        if paired not in (None, user.phone):
            raise Conflict("Another device is paired by now.")
        user.phone = None
        return f"Unpaired {paired}."


@pytest.fixture
def busy_host(new_host: Callable[..., Host]) -> Host:
    host = new_host(myprofile_options={"tabs": [Devices]})
    host.change("admin", phone="robot 7")
    return host


def name_of(url: str) -> str:
    return "paired" if url == PAIR else "version"


def sent(here: Browser, url: str, body: bytes | str, kind: str | None, accept: dict[str, str]) -> Any:
    headers = {**accept, "X-CSRFToken": here.csrf()}
    return here.client.post(url, data=body, content_type=kind, headers=headers)


# ---- JSON

UNREADABLE = ['{"version": "', "{", "[", '{"version" "x"}', "[]", '["version"]', '"version"', "1", "null", "nonsense"]


@pytest.mark.parametrize("url", [*WITHOUT_FORM, FEATURES])
def test_json_that_is_no_object_is_refused(url: str, busy_host: Host) -> None:
    here = busy(busy_host)
    before = everything(busy_host)
    for body in UNREADABLE:
        for accept in (JSON, HTML):
            answer = sent(here, url, body, "application/json", accept)
            assert answer.status_code == 400, body
            if accept is JSON:
                assert (answer.mimetype, answer.json["code"]) == (PROBLEM, "bad_request")
                assert answer.json["title"] == "The body must be a JSON object."
            elif url != OUT:  # which has no page of its own
                assert "The body must be a JSON object." in answer.text
    assert everything(busy_host) == before
    assert here.is_in()


@pytest.mark.parametrize("url", WITHOUT_FORM)
def test_a_member_that_an_action_does_not_know_is_refused(url: str, busy_host: Host) -> None:
    """It may be a condition that is misspelt."""
    here = busy(busy_host)
    before, name = everything(busy_host), name_of(url)
    for member in (name.capitalize(), f"{name} ", f"{name}s", "confirm", "", "csrf_token", "a\0b"):
        answer = here.post_json(url, {member: "x"})
        assert answer.status_code == (400 if "\0" in member else 422), member
        assert answer.mimetype == PROBLEM
        assert "\0" in member or list(answer.json["errors"]) == [member]
    assert everything(busy_host) == before
    assert here.is_in()


@pytest.mark.parametrize("url", CONDITIONAL)
@pytest.mark.parametrize("value", [123, 0, 1.5, True, False, None, [], ["x"], [["a\0b"]], {}, {"is": "x"}, "a\0b"])
def test_a_condition_that_is_no_text_is_refused(value: Any, url: str, busy_host: Host) -> None:
    here = busy(busy_host)
    before, name = everything(busy_host), name_of(url)
    answer = here.post_json(url, {name: value})
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)
    assert list(answer.json["errors"]) == [name]
    assert everything(busy_host) == before


@pytest.mark.parametrize("url", [MAKE, SHOW, REVOKE, OTHERS, PAIR, RESET])
@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_no_body_and_an_empty_object_ask_for_nothing_in_particular(body: bytes, url: str, busy_host: Host) -> None:
    """A call without a condition is as good as ever."""
    here = busy(busy_host)
    for kind in ("application/json", "application/json; charset=utf-8" if body else None):
        assert sent(here, url, body, kind, JSON).status_code == 200, kind


@pytest.mark.parametrize("url", CONDITIONAL)
def test_what_is_not_so_any_more_is_a_conflict_and_what_is_so_is_done(url: str, busy_host: Host) -> None:
    here, before = busy(busy_host), everything(busy_host)
    pages = {PAIR: "/profile/devices", RESET: FEATURES, FEATURES: FEATURES}
    now = here.json(pages.get(url, TOKEN)).json[name_of(url)]
    for old in ("of another day", "", "x" * 60_000):
        assert here.post_json(url, {name_of(url): old}).status_code == 409, old[:20]
    assert everything(busy_host) == before
    assert here.post_json(url, {name_of(url): now}).status_code == 200


# ---- forms


@pytest.mark.parametrize("url", CONDITIONAL)
@pytest.mark.parametrize("accept", [JSON, HTML], ids=["JSON", "HTML"])
def test_a_condition_that_is_sent_twice_is_refused(accept: dict[str, str], url: str, busy_host: Host) -> None:
    """Whichever of the two is right, and if they are the same."""
    here, name = busy(busy_host), name_of(url)
    before = everything(busy_host)
    for values in (("x", "y"), ("x", "x"), ("", "")):
        body = MultiDict([(name, value) for value in values])
        answer = here.client.post(url, data=body, headers={**accept, "X-CSRFToken": here.csrf()})
        assert answer.status_code == 422
        assert "This must be sent once" in answer.text
    assert everything(busy_host) == before


@pytest.mark.parametrize("url", CONDITIONAL)
def test_a_file_is_no_condition(url: str, busy_host: Host) -> None:
    here, name = busy(busy_host), name_of(url)
    before = everything(busy_host)
    for accept in (JSON, HTML):
        files: dict[str, Any] = {name: (io.BytesIO(b"x"), "a.txt")}
        answer = here.client.post(url, data=files, headers={**accept, "X-CSRFToken": here.csrf()})
        assert answer.status_code == 422
        assert "This must be a text" in answer.text
    assert everything(busy_host) == before


@pytest.mark.parametrize("url", [MAKE, REVOKE, PAIR, RESET])
def test_a_program_that_sends_a_form_is_held_to_its_names_as_well(url: str, busy_host: Host) -> None:
    """Such as JSON without the content type that says so, which a form takes for one long name."""
    here, name = busy(busy_host), name_of(url)
    before = everything(busy_host)
    for body in (f"{name.capitalize()}=x", f'{{"{name}": "x"}}', "confirm=yes"):
        answer = sent(here, url, body, FORM, JSON)
        assert (answer.status_code, answer.mimetype) == (422, PROBLEM), body
    assert everything(busy_host) == before


@pytest.mark.parametrize("url", [*WITHOUT_FORM, FEATURES])
def test_a_form_of_which_nothing_can_be_read_is_refused(url: str, busy_host: Host) -> None:
    here, before = busy(busy_host), everything(busy_host)
    part = '--b\r\nContent-Disposition: form-data; name="version"\r\n\r\nx'
    for kind, body in (
        ("multipart/form-data; boundary=b", part),
        ("multipart/form-data", part),
        ("multipart/form-data; boundary=c", part + "\r\n--b--\r\n"),
        (FORM, "&&&"),
    ):
        for accept in (JSON, HTML):
            answer = sent(here, url, body, kind, accept)
            assert answer.status_code == 400, (kind, body)
        assert answer.mimetype == "text/html"
    environ: dict[str, Any] = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "CONTENT_TYPE": ""}
    answer = here.client.post(
        url,
        input_stream=io.BytesIO(b'{"version": "x"}'),
        headers={**JSON, "X-CSRFToken": here.csrf(), "Transfer-Encoding": "chunked"},
        environ_overrides=environ,
    )
    assert answer.status_code == 400, "in chunks, and without a word of what it is"
    assert everything(busy_host) == before
    assert here.is_in()


def test_a_form_that_cannot_be_read_unticks_no_box(busy_host: Host) -> None:
    """A form of nothing but boxes is one without fields where none is ticked."""
    here = busy(busy_host)
    part = b'--b\r\nContent-Disposition: form-data; name="sign_out_others"\r\n\r\ny'
    answer = sent(here, "/profile/password", part, "multipart/form-data; boundary=b", JSON)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")


@pytest.mark.parametrize("url", [REVOKE, PAIR, OTHERS, RESET])
def test_a_browser_sends_what_is_on_the_page(url: str, busy_host: Host) -> None:
    """The name of a button, a field of a template of the host's: they are nobody's condition. And an empty FormData."""
    here = busy(busy_host)
    assert here.post(url, {"button": "yes", "Version": "x"}).status_code == 303
    empty = sent(here, url, "--xyz--\r\n", "multipart/form-data; boundary=xyz", HTML)
    assert empty.status_code == 303


# ---- actions of a custom tab


def test_a_custom_action_is_handed_the_condition_that_its_confirmation_sends_along(busy_host: Host) -> None:
    here = busy(busy_host)
    assert 'name="paired" value="robot 7"' in here.get(PAIR).text
    assert here.post_json(PAIR, {"paired": "robot 7"}).json == {"message": "Unpaired robot 7."}
    busy_host.change("admin", phone="robot 8")
    late = here.post(PAIR, {"paired": "robot 7"})
    assert late.status_code == 409
    assert "Another device is paired by now." in late.text
    assert here.post_json(PAIR).json == {"message": "Unpaired None."}


def test_a_condition_is_kept_while_its_sender_confirms_who_they_are(
    busy_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is read when the form goes on: there is a body then that is not its own."""
    here = busy(busy_host)
    version = here.json(TOKEN).json["version"]
    pass_time(monkeypatch, 3600)
    done = confirm(here, here.post(MAKE, {"version": version}))
    assert done.status_code == 200
    assert "Your new API token" in done.text
    pass_time(monkeypatch, 3600)
    assert "Your API token" in confirm(here, here.post(SHOW)).text
    pass_time(monkeypatch, 3600)
    assert confirm(here, here.post(MAKE, {"version": version})).status_code == 409


def confirm(browser: Browser, asked: Any) -> Any:
    """Go on with what the page that asks who is there was opened for."""
    return browser.post("/profile/confirm", {**asked_who(asked), "current_password": PASSWORD})


def test_an_action_that_does_not_take_its_condition_is_found_out_at_once() -> None:
    with pytest.raises(SetupError, match="must take version"):

        class Forgets(Tab):
            name = label = "forgets"

            @action(condition=["version"])
            def wipe(self, user: Any) -> str:
                return "Wiped."

    with pytest.raises(SetupError, match="no form of its own"):

        class Both(Tab):
            name = label = "both"

            @action(lambda tab, user: None, condition=["version"])
            def wipe(self, user: Any, form: Any, version: str) -> str:
                return "Wiped."


@pytest.mark.parametrize("name", ["version", "csrf_token"])
def test_no_tab_is_called_as_a_field_of_feature_management(name: str, new_host: Callable[..., Host]) -> None:
    tab = type("Tab_", (Tab,), {"name": name, "label": name})
    with pytest.raises(SetupError, match="is taken"):
        new_host(myprofile_options={"tabs": [tab]})
