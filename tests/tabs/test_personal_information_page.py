"""Personal Information as a person uses it: what the page says, and what it does not stumble over."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tests.support.host import PASSWORD, Host
from tests.support.walks import everything

URL = "/profile/personal-information"
RIGHT = {"first_name": "Alicia", "last_name": "Test", "phone": "+49 30 1234"}


def inputs(html: str) -> dict[str, str]:
    """Name -> its tag, for each field of the tab's form that people see, in order."""
    form = html.partition(f'<form action="{URL}"')[2].partition("</form>")[0]
    tags = [(re.search(r'name="([^"]+)"', tag), tag) for tag in re.findall(r"<input[^>]*>", form)]
    return {name[1]: tag for name, tag in tags if name and 'type="hidden"' not in tag}


def signed_in(host: Host, name: str = "alice") -> Any:
    browser = host.browser()
    browser.login(name)
    return browser


def test_a_person_sees_edits_and_saves_what_is_theirs(host: Host) -> None:
    alice, bob = signed_in(host), host.user("bob")
    fields = inputs(alice.get(URL).text)
    assert list(fields) == ["first_name", "last_name", "email", "phone", "username"]
    assert 'value="Alice"' in fields["first_name"]
    answer = alice.post(URL, RIGHT)
    assert (answer.status_code, answer.location) == (303, URL)
    page = alice.get(URL).text
    assert "Your personal information has been saved." in page
    assert 'value="Alicia"' in inputs(page)["first_name"]
    assert "has been saved" not in alice.get(URL).text, "said once"
    saved = host.user("alice")
    assert (saved.first_name, saved.phone) == ("Alicia", "+49 30 1234")
    assert host.user("bob").first_name == bob.first_name


def test_the_browser_is_told_what_each_input_is_for(host: Host) -> None:
    fields = inputs(signed_in(host).get(URL).text)
    for name, attribute in [
        ("first_name", 'autocomplete="given-name"'),
        ("last_name", 'autocomplete="family-name"'),
        ("email", 'type="email"'),
        ("email", 'autocomplete="email"'),
        ("phone", 'type="tel"'),
        ("username", 'autocomplete="username"'),
    ]:
        assert attribute in fields[name]
    assert "(optional)" in signed_in(host).get(URL).text, "the phone number is, by its column"


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"first_name": ""}, {"first_name": "Enter your first name"}),
        ({"first_name": "  \t "}, {"first_name": "Enter your first name"}),
        ({"first_name": "", "last_name": ""}, {"first_name": "Enter your first", "last_name": "Enter your last name"}),
        ({"first_name": "x" * 41}, {"first_name": "First name must be 40 characters or fewer"}),
        ({"phone": "1" * 31}, {"phone": "Phone number must be 30 characters or fewer"}),
        ({"first_name": "\u200b\u2800"}, {"first_name": "First name has no visible character"}),
        ({"last_name": "a\x85b"}, {"last_name": "Last name has a character that cannot be used"}),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(
    sent: dict[str, str], errors: dict[str, str], host: Host
) -> None:
    alice, before = signed_in(host), everything(host)
    page, program = alice.post(URL, {**RIGHT, **sent}), alice.post_json(URL, {**RIGHT, **sent})
    assert (page.status_code, program.status_code) == (422, 422)
    assert set(program.json["errors"]) == set(errors)
    fields = inputs(page.text)
    for name, words in errors.items():
        assert words in program.json["errors"][name][0]
        assert words in page.text
        assert 'aria-invalid="true"' in fields[name]
        assert f'id="{name}-error"' in page.text
        assert f'href="#{name}"' in page.text, "the summary leads to it"
    assert "<title>Error: " in page.text
    assert 'value="+49 30 1234"' in fields["phone"] or "phone" in sent, "what was right is kept"
    assert everything(host)["user"] == before["user"]


def minimal(db: SQLAlchemy) -> type[Any]:
    class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80), unique=True)
        title: Mapped[str | None] = mapped_column(Text)
        company: Mapped[int | None]
        password_hash: Mapped[str | None] = mapped_column(String(255))
        api_secret: Mapped[str | None] = mapped_column(String(80))

        def __init__(self, username: str, **values: Any) -> None:
            super().__init__(username=username)

        def set_password(self, text: str) -> None:
            self.password_hash = text

        def check_password(self, text: str) -> bool:
            return self.password_hash == text

    return User


def test_only_the_conventional_text_fields_that_the_model_has_are_offered(new_host: Callable[..., Host]) -> None:
    host = new_host(model=minimal)
    alice = signed_in(host)
    assert alice.json(URL).json == {"title": None, "username": "alice"}
    assert alice.post(URL, {"title": "x" * 5000, "api_secret": "x", "company": "1"}).status_code == 303
    user = host.user("alice")
    assert (user.title, user.api_secret, user.company) == ("x" * 5000, None, None)


def test_without_an_editable_field_there_is_nothing_to_save(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_FIELDS=("username", "email"))
    alice = signed_in(host)
    assert ">Save</button>" not in alice.get(URL).text
    assert alice.post(URL, {"email": "x@x.test"}).status_code in (303, 422)
    assert host.user("alice").email == "alice@x.test"
    assert alice.login("alice", PASSWORD).status_code == 302
