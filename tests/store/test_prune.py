"""Pruning deletes what is over, in short transactions, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from flask_myprofile import cli, current_profile
from flask_myprofile.account import pruning
from tests.support.host import Host
from tests.support.kept import in_each_database


def many_rows(host: Host, number: int, **columns: object) -> None:
    """Copies of Alice's one row, with other ids and these values."""
    (row,) = host.sql("SELECT * FROM myprofile_session")
    with host.app.app_context():
        table = host.db.metadata.tables["myprofile_session"]
        first = row._asdict() | columns
        with host.db.engine.begin() as connection:
            connection.execute(table.insert(), [first | {"id": f"{n:024x}"} for n in range(number)])


@in_each_database
def test_two_that_prune_at_once_delete_each_row_once_and_no_live_one(host: Host) -> None:
    """S21: in batches of a thousand rows."""
    alice = host.browser()
    alice.login("alice")
    many_rows(host, 3500, ended_at=1, end_reason="logout")
    sizes: list[int] = []
    with host.app.app_context():
        event.listen(
            host.db.engine,
            "after_cursor_execute",
            lambda c, cursor, sql, *_: sizes.append(cursor.rowcount) if sql.startswith("DELETE") else None,
        )

    def prune(_: int) -> int:
        with host.app.app_context():
            return current_profile.sessions.prune()

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(prune, range(2)))
    assert sum(counts) == sum(sizes) == 3500
    assert max(sizes) <= 1000
    assert alice.is_in()


def test_the_command_says_how_many_rows_there_were_unless_it_is_to_be_quiet(host: Host) -> None:
    host.browser().login("alice")
    many_rows(host, 3, ended_at=1, end_reason="logout")
    operator = host.app.test_cli_runner()
    for command, said in (["prune"], "Deleted 3 rows.\n"), (["prune"], "Deleted 0 rows.\n"), (["prune", "--quiet"], ""):
        assert operator.invoke(cli.group, ["sessions", *command]).output == said


def test_a_large_table_with_little_to_delete_is_looked_at_in_steps(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one batch would look at all of it."""
    alice = host.browser()
    alice.login("alice")
    many_rows(host, 95, user_key="9")
    host.sql(f"UPDATE myprofile_session SET ended_at = 1, end_reason = 'logout' WHERE id IN ('{3:024x}', '{77:024x}')")
    monkeypatch.setattr(pruning, "FIRST", 2)
    monkeypatch.setattr(pruning, "next_limit", lambda limit, took: limit)
    seen: list[int] = []
    with host.app.app_context():
        assert current_profile.sessions.prune(seen.append) == sum(seen) == 2
    assert len(seen) == 5, "of 96 rows, each has looked at 21 at most"
    assert host.sql("SELECT count(*) FROM myprofile_session")[0][0] == 94
    assert alice.is_in()


def test_a_batch_is_as_large_as_the_database_is_quick() -> None:
    sizes = [pruning.FIRST]
    for took in (9.9, 9.9, 9.9, 9.9, 9.9, 0.03, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001):
        sizes.append(pruning.next_limit(sizes[-1], took))
    assert sizes == [100, 50, 25, 25, 25, 25, 25, 50, 100, 200, 400, 800, 1000]


@in_each_database
def test_the_history_of_features_goes_with_time_and_the_features_stay(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "FIRST", 2)
    admin = host.browser()
    admin.login("admin")
    for on in (False, True, False, True, False):
        admin.post_json("/profile/admin/features", {"sessions": on, "password": on})
    operator = host.app.test_cli_runner()
    operator.invoke(cli.group, ["sessions", "prune"])
    assert len(host.sql("SELECT * FROM myprofile_feature_change")) == 10, "they are new"
    (last,) = host.sql("SELECT MAX(number) AS number FROM myprofile_feature_change")
    host.sql(
        "UPDATE myprofile_feature_change SET changed_at = changed_at - 91 * 86400 WHERE number < :n", n=last.number
    )
    operator.invoke(cli.group, ["sessions", "prune"])
    assert {row.number for row in host.sql("SELECT number FROM myprofile_feature_change")} == {last.number}
    assert len(host.sql("SELECT * FROM myprofile_feature")) == 2
    host.sql("UPDATE myprofile_feature_change SET changed_at = 1")
    operator.invoke(cli.group, ["sessions", "prune"])
    admin.post_json("/profile/admin/features", {"sessions": True})
    (change,) = host.sql("SELECT number FROM myprofile_feature_change")
    assert change.number == last.number + 1, "no number comes again"
