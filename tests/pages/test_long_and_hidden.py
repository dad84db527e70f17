"""What is too long, or has a character that no text has, is refused before anything is computed from it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import email_validator
import flask_login
import pytest
from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.datastructures import MultiDict

from flask_myprofile.account import text
from flask_myprofile.testing import sign_in
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.walks import CHANGING, TAKES_FIELDS, busy, everything, right_for, walked_host

TAB = "/profile/personal-information"


def endless(db: Any) -> type[Any]:
    """Columns that take any number of characters."""

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80), unique=True)
        email: Mapped[str] = mapped_column(Text)
        first_name: Mapped[str] = mapped_column(Text)
        company: Mapped[str | None] = mapped_column(String)
        password_hash: Mapped[str | None] = mapped_column(Text)

        def __init__(self, last_name: str, is_admin: bool, **values: Any) -> None:
            super().__init__(**values)

        def set_password(self, text: str) -> None:
            self.password_hash = text

        def check_password(self, text: str) -> bool:
            return self.password_hash == text

    return User


@pytest.fixture
def endless_host(new_host: Callable[..., Host]) -> Host:
    return new_host(model=endless, MYPROFILE_PERSONAL_READONLY=["username"])


def alice_of(host: Host) -> Browser:
    browser = host.browser()
    sign_in(browser.client, host.user("alice"))
    return browser


def timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    """The answer, and the seconds of CPU that it took: without a search of the whole heap for garbage, which takes
    seconds when many tests have run."""
    gc.disable()
    try:
        began = time.thread_time()
        return ask(), time.thread_time() - began
    finally:
        gc.enable()


def save(browser: Browser, as_json: bool, **values: str) -> Any:
    sent = {"email": "alice@x.test", "first_name": "Alice", "company": "", **values}
    return browser.post_json(TAB, sent) if as_json else browser.post(TAB, sent)


@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
@pytest.mark.parametrize(("field", "most"), [("email", 320), ("first_name", 5000), ("company", 5000)])
def test_a_field_whose_column_takes_any_length_takes_a_sane_one(
    field: str, most: int, as_json: bool, endless_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, before = alice_of(endless_host), everything(endless_host)

    def compute(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("computed from what is too long")

    monkeypatch.setattr(email_validator, "validate_email", compute)
    for length in (most + 1, 15_000):
        answer = save(alice, as_json, **{field: "a" * (length - 7) + "@x.test"})
        assert answer.status_code == 422
        assert f"must be {most} characters or fewer" in answer.text
    assert everything(endless_host) == before


def test_an_address_of_60_kilobytes_costs_no_second(endless_host: Host) -> None:
    alice = alice_of(endless_host)
    answer, seconds = timed(lambda: save(alice, True, email="a." * 30_000 + "@x.test"))
    assert answer.status_code == 422
    assert seconds < 0.5


def test_what_is_stored_already_is_long_enough(endless_host: Host) -> None:
    """By an import, or before there was a limit: saving another field does not ask for it to be cut."""
    long = "a" * 6_000
    endless_host.change("alice", first_name=long, email=long + "@x.test")
    assert (
        save(alice_of(endless_host), True, first_name=long, email=long + "@x.test", company="Acme").status_code == 200
    )
    assert endless_host.user("alice").company == "Acme"


@pytest.mark.parametrize("url", [*CHANGING, "/profile/personal-information"])
def test_no_field_of_60_kilobytes_takes_long_or_is_a_fault(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    fields, token = right_for(url, here) or {"version": ""}, here.csrf()
    for name in fields:
        for filling in ("a", "a.", "e\u0301", " ", "@", "\u0627\u0644", "/"):
            long = (filling * 60_000).encode()[:60_000].decode(errors="ignore")
            sent = {**fields, name: long}
            ask = partial(here.client.post, url, json=sent, headers={**JSON, "X-CSRFToken": token})
            answer, seconds = timed(ask)
            assert seconds < 1.5, (name, filling)  # one hash of a password is within
            assert answer.status_code in (200, 401, 403, 404, 409, 413, 422, 429), (name, filling)


# ---- hidden characters


@pytest.mark.parametrize("url", [url for url in TAKES_FIELDS if url != "/profile/admin/features"])
@pytest.mark.parametrize("hidden", ["a\0b", "\0"])
def test_a_hidden_character_is_seen_in_every_value_of_a_field(
    hidden: str, url: str, new_host: Callable[..., Host]
) -> None:
    """The first of two as well as the last: WTForms takes the first, and some field of a custom form all."""
    host = walked_host(new_host, url)
    here = busy(host)
    fields, before = right_for(url, here), everything(host)
    for name, value in fields.items():
        for twice in ([value, hidden], [hidden, value], [value, hidden, value]):
            rest = [(other, kept) for other, kept in fields.items() if other != name]
            sent = MultiDict([*rest, *((name, each) for each in twice), ("csrf_token", here.csrf())])
            answer = here.client.post(url, data=sent, headers=JSON)
            assert (answer.status_code, list(answer.json["errors"])) == (422, [name])
        for nested in ([value, hidden], [[hidden]], {"is": hidden}, hidden):
            assert here.post_json(url, {**fields, name: nested}).status_code == 422
    assert everything(host) == before


def test_a_password_with_a_hidden_character_in_its_second_value_costs_no_guess(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    sent = MultiDict([("current_password", PASSWORD), ("current_password", "a\0b"), ("csrf_token", alice.csrf())])
    assert alice.client.post("/profile/password", data=sent).status_code == 422
    assert host.sql("SELECT count(*) FROM myprofile_guess") == [(0,)]


# ---- the log


@pytest.mark.parametrize("forged", ["%0A", "%0D%0A", "%E2%80%A8", "%1B[2J", "%00"])
def test_a_path_forges_no_line_of_the_log(
    forged: str, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the prefix has a variable, a path says what it likes."""

    def before(app: Any, db: Any) -> None:
        @app.url_value_preprocessor
        def take(endpoint: str | None, values: dict[str, Any] | None) -> None:
            (values or {}).pop("tenant", None)

        @app.url_defaults
        def give(endpoint: str, values: dict[str, Any]) -> None:
            if app.url_map.is_endpoint_expecting(endpoint, "tenant"):
                values.setdefault("tenant", "acme")

    host = new_host(before=before, MYPROFILE_URL_PREFIX="/<tenant>/profile")
    alice = host.browser()
    alice.login("alice")
    answer = alice.get(f"/acme{forged}ERROR in app: everything is lost/profile/admin/features", headers=JSON)
    assert answer.status_code == 403
    lines = [record.getMessage() for record in caplog.records if record.name == host.app.name]
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert lines == [line for line in lines if text.printable(line, 1000) == line]
