"""P23: whatever stands in the password column, nobody gets in by it and nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.security import generate_password_hash

from flask_myprofile import Users
from tests.host import HASH


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a missing hash costs is asked elsewhere."""
    monkeypatch.setattr(Users, "_hash_method", HASH)


class Plain:
    """A user whose class leaves the hashing to the extension."""

    def __init__(self, password_hash: Any) -> None:
        self.password_hash = password_hash


class Own(Plain):
    """A user whose class hashes by itself, in a format of its own."""

    def check_password(self, text: str) -> bool:
        return bool(self.password_hash == f"own:{text}")


@pytest.mark.parametrize("stored", [None, "", "!", "*", "!scrypt:1:1:1$salt$hash", "text", "md9$salt$hash", "a$b$c", 5])
def test_an_unusable_hash_matches_nothing_and_raises_nothing(stored: Any) -> None:
    users = Users(password="password_hash")
    assert not users.check_password(Plain(stored), "")
    assert not users.check_password(Plain(stored), str(stored))


@pytest.mark.parametrize("stored", [None, "", "!", "*"])
def test_a_marked_or_missing_hash_is_no_local_password_even_for_a_class_that_checks_itself(stored: Any) -> None:
    assert not Users(password="password_hash").has_password(Own(stored))


def test_a_class_that_checks_itself_may_keep_its_hash_in_any_format() -> None:
    users = Users(password="password_hash")
    assert users.has_password(Own("own:secret"))
    assert users.check_password(Own("own:secret"), "secret")
    assert not users.check_password(Own("own:secret"), "other")


def test_a_class_that_only_checks_is_asked_though_no_column_is_known() -> None:
    class Remote:
        def verify_password(self, text: str) -> bool:
            return text == "known elsewhere"

    assert Users().has_password(Remote())
    assert Users().check_password(Remote(), "known elsewhere")
    assert not Users().check_password(Remote(), "guess")


def test_a_werkzeug_hash_is_checked() -> None:
    user = Plain(generate_password_hash("a quiet walk", HASH))
    users = Users(password="password_hash")
    assert users.has_password(user)
    assert users.check_password(user, "a quiet walk")
    assert not users.check_password(user, "a quiet wal")
