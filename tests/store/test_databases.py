"""The same person, the same clicks, on each database."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.flow import check_my_profile_works
from tests.support.host import Host


def test_my_profile_works_on_each_database(database_url: str, new_host: Callable[..., Host]) -> None:
    check_my_profile_works(new_host(database_url, MYPROFILE_LANGUAGES=("en", "de")))


def test_what_differs_only_in_case_is_different(database_url: str, new_host: Callable[..., Host]) -> None:
    """MySQL's usual collations take "A" for "a": a key or a digest must not be found by another one."""
    host = new_host(database_url)
    alice = host.browser()
    alice.login("alice")
    found = alice.session_id()
    assert found.upper() != found
    assert alice.post("/profile/sessions/sign-out", {"id": found.upper()}).status_code == 404
    assert alice.is_in()


def test_words_of_any_script_come_back_as_they_were(database_url: str, new_host: Callable[..., Host]) -> None:
    host = new_host(database_url)
    alice = host.browser()
    alice.login("alice")
    for name in ("Žofie", "李小龍", "🦊 Ada", "O'Brien \\ %s"):
        sent = {"first_name": name, "last_name": "Test"}
        assert alice.post("/profile/personal-information", sent).status_code == 303, name
        assert alice.json("/profile/personal-information").json["first_name"] == name


def test_one_connection_is_enough(database_url: str, new_host: Callable[..., Host]) -> None:
    """B45: nothing of ours holds a second connection, or keeps one after the answer."""
    host = new_host(database_url, SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 1, "max_overflow": 0, "pool_timeout": 2})
    for _ in range(3):
        alice = host.browser()
        alice.login("alice", remember=True)
        alice.restart()
        assert alice.is_in()
        assert len(alice.sessions()) > 0
        assert alice.post("/profile/personal-information", {"first_name": "A", "last_name": "T"}).status_code == 303
        assert alice.post_json("/profile/api-token/regenerate").status_code == 200
    with host.app.app_context():
        assert host.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
