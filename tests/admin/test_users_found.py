"""Whom an administrator finds: by a part of a name or an address, in any case, and no more than fit on a page."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Enum
from sqlalchemy.orm import Mapped, mapped_column

from flask_myprofile import Users, current_profile
from tests.admin.test_feature_preview import URL as PREVIEW
from tests.admin.test_users import URL, signed_in
from tests.support.host import Browser, Host, user_class
from tests.support.kept import in_each_database


@pytest.fixture
def admin(host: Host) -> Browser:
    browser: Browser = signed_in(host, "admin")
    return browser


def add(host: Host, *people: dict[str, str]) -> None:
    with host.app.app_context():
        for person in people:
            user = host.User(**{"email": f"{person['username']}@x.test", "first_name": "", "last_name": "", **person})
            user.set_password("x")
            host.db.session.add(user)
        host.db.session.commit()


def found(admin: Browser, text: str) -> list[str]:
    answer = admin.json(URL, query_string={"find": text})
    assert answer.status_code == 200
    return [each["name"] for each in answer.json["users"]]


@in_each_database
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ali", ["Alice Test"]),
        ("LICE", ["Alice Test"]),
        ("b@X.te", ["Bob Test"]),
        ("test", ["Alice Test", "Bob Test", "Admin Test"]),
        ("test ALICE", ["Alice Test"]),
        ("alice bob", []),
        ("2", ["Bob Test"]),
        ("zoË", ["Zoë O'Hara_50%"]),
        ("o'h", ["Zoë O'Hara_50%"]),
        ("_", ["Zoë O'Hara_50%"]),
        ("%", ["Zoë O'Hara_50%"]),
        ("a%e", []),
        ("/", []),
        ("\\", []),
        ("' OR 1=1 --", []),
        ("x" * 321, []),
    ],
)
def test_a_part_is_enough_in_any_case(text: str, names: list[str], host: Host) -> None:
    """And whatever is special in a pattern is what it is."""
    add(host, {"username": "zoe", "email": "zoe@y.example", "first_name": "Zoë", "last_name": "O'Hara_50%"})
    assert sorted(found(signed_in(host, "admin"), text)) == sorted(names)


def test_one_leads_to_that_user_and_several_are_listed(host: Host, admin: Browser) -> None:
    signed_in(host, "alice")
    one = admin.get(URL, query_string={"find": "alic"})
    assert (one.status_code, one.location) == (302, f"{URL}?user=1")
    several = admin.get(URL, query_string={"find": "test"})
    assert several.status_code == 200
    for key in ("1", "2", "3"):
        assert f'href="{URL}?user={key}"' in several.text
    assert "Sign out" not in several.text.partition("<main")[2].partition("</main>")[0]
    assert 'name="find" value="test"' in several.text


def test_who_is_meant_exactly_goes_first(host: Host, admin: Browser) -> None:
    add(host, {"username": "alice2"}, {"username": "xalice"})
    assert found(admin, "alice")[0] == "Alice Test"
    assert len(found(admin, "alice")) == 3


def test_no_more_are_listed_than_fit(host: Host, admin: Browser) -> None:
    add(host, *({"username": f"many{number}"} for number in range(25)))
    answer = admin.json(URL, query_string={"find": "many"}).json
    assert (len(answer["users"]), answer["more"]) == (20, True)
    statements = host.count_statements()
    page = admin.get(URL, query_string={"find": "many"}).text
    assert "There are more. Type more of the name." in page
    assert page.count(f'href="{URL}?user=') == 20
    assert all("LIMIT" in each for each in statements if " LIKE " in each)
    assert admin.json(URL, query_string={"find": "many1"}).json["more"] is False


@pytest.mark.parametrize("text", ["nobody", "a\x00b", "é" * 400, "\ud800".encode("utf-8", "surrogatepass")])
def test_nobody_is_said_in_words(text: Any, admin: Browser) -> None:
    answer = admin.get(URL, query_string={"find": text})
    assert answer.status_code == 404
    assert "Nobody has this in their name or email address." in unescape(answer.text)
    assert admin.json(URL, query_string={"find": text}).json == {"users": [], "more": False}


def test_markup_in_names_is_text(host: Host, admin: Browser) -> None:
    add(host, {"username": "m1", "first_name": "<b>Mark"}, {"username": "m2", "first_name": "<b>Up"})
    page = admin.get(URL, query_string={"find": "<b>"}).text
    assert "&lt;b&gt;Mark" in page
    assert "<b>" not in page


def with_a_type_of_its_own(db: Any) -> type[Any]:
    class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        login: Mapped[str] = mapped_column(unique=True)
        is_admin: Mapped[bool]
        password_hash: Mapped[str]

        def __init__(self, username: str, is_admin: bool, **ignored: Any) -> None:
            super().__init__(login=username, is_admin=is_admin)

        @property
        def username(self) -> str:
            return self.login

        def set_password(self, text: str) -> None:
            self.password_hash = text

        def check_password(self, text: str) -> bool:
            return self.password_hash == text

    return User


def test_a_field_that_is_elsewhere_is_searched_there(new_host: Callable[..., Host]) -> None:
    users = Users(fields={"username": "login", "email": lambda user: "x"})
    host = new_host(model=with_a_type_of_its_own, myprofile_options={"users": users})
    with host.app.app_context():
        assert [user.login for user in current_profile.users.search("LI", 5)] == ["alice"]
        assert current_profile.users.search("", 5) == []
        assert current_profile.users.count() == 3


def test_only_administrators_look_for_people(host: Host) -> None:
    alice = signed_in(host, "alice")
    for answer in (alice.get(f"{URL}?find=bob"), alice.json(f"{URL}?find=bob")):
        assert answer.status_code == 403
        assert "Bob" not in answer.text


def with_state(db: SQLAlchemy) -> type[Any]:
    user = user_class(db)
    user.state = mapped_column(Enum("new", "known", native_enum=False, length=20), default="new")
    return user


def test_who_cannot_be_read_is_not_found_and_hides_nobody(
    new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """A value in the row that the host's model does not know: no page of an administrator breaks."""
    host = new_host(model=with_state)
    admin = signed_in(host, "admin")
    host.sql("UPDATE user SET state = 'retired' WHERE username = 'bob'")
    for url in (PREVIEW, URL, f"{URL}/activity", f"{URL}/sign-out-all"):
        for whom in ("bob", "bob@x.test", "2"):
            asked = [admin.get(f"{url}?user={whom}"), admin.json(f"{url}?user={whom}")]
            if url in (PREVIEW, f"{URL}/sign-out-all"):
                asked += [admin.post(url, {"user": whom}), admin.post_json(url, {"user": whom})]
            assert {answer.status_code for answer in asked} == {404}, (url, whom)
            assert "retired" not in "".join(answer.text for answer in asked)
    with admin.client.session_transaction() as session:
        assert "_myprofile_preview" not in session
    assert [each["email"] for each in admin.json(f"{URL}?find=x.test").json["users"]] == [
        "alice@x.test",
        "admin@x.test",
    ]
    assert "cannot be read: LookupError" in caplog.text and "retired" not in caplog.text
