"""P05: passwords that many people use are refused, though they are long enough."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_myprofile.account.blocklist import PACKAGED, Blocklist
from flask_myprofile.errors import SetupError
from tests.support.host import NEW_PASSWORD, PASSWORD, Host

COMMON = ["Many people use this password, so it is guessed first. Choose another one"]
LINES = PACKAGED.read_text(encoding="utf-8").splitlines()


def refusal(host: Host, new: str) -> Any:
    alice = host.browser()
    alice.login("alice")
    answer = alice.post_json("/profile/password", {"current_password": PASSWORD, "new_password": new})
    return answer.json["errors"]["new_password"] if answer.status_code == 422 else answer.status_code


def test_the_packaged_list_has_3000_passwords_that_are_long_enough() -> None:
    assert len(LINES) == len(set(LINES)) >= 3000
    assert all(15 <= len(line) <= 64 for line in LINES)
    assert sorted(LINES) == LINES, "so that two versions can be compared"


def test_any_of_them_is_refused_in_whatever_case(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    for new in random.Random(5).sample(LINES, 50):
        for typed in (new, new.upper()):
            sent = {"current_password": PASSWORD, "new_password": typed}
            answer = alice.post_json("/profile/password", sent)
            assert answer.status_code == 422
            assert COMMON[0] in answer.json["errors"]["new_password"], typed


def test_only_the_whole_password_counts(host: Host) -> None:
    """P05: "123456789012345" is on the list, and a phrase that has it is not."""
    assert refusal(host, "123456789012345") == COMMON
    assert refusal(host, "123456789012345 and a walk in the rain") == 200


def test_a_host_may_have_a_list_of_its_own(new_host: Callable[..., Host], tmp_path: Path) -> None:
    """P05: whole lines, after NFC and without regard to case; with a byte order mark, or from Windows, as well."""
    own = tmp_path / "own.txt"
    own.write_bytes("\ufeffA Quiet Walk In The Rain\r\nman\u0303ana por la man\u0303ana\r\n\r\n".encode())
    host = new_host(MYPROFILE_PASSWORD_BLOCKLIST=str(own))
    assert refusal(host, NEW_PASSWORD) == COMMON
    assert refusal(host, "MAÑANA POR LA MAÑANA") == COMMON
    assert refusal(host, "123456789012345") == 200, "instead of the packaged list"


def test_a_list_that_is_not_there_stops_the_app(new_host: Callable[..., Host], tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_PASSWORD_BLOCKLIST"):
        new_host(MYPROFILE_PASSWORD_BLOCKLIST=str(tmp_path / "missing.txt"))


def test_the_list_is_read_when_it_is_asked_for() -> None:
    blocklist = Blocklist()
    assert "_passwords" not in vars(blocklist)
    assert "123456789012345" in blocklist
    assert "_passwords" in vars(blocklist)
