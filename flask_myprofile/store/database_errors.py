"""What databases say when something goes wrong, and what that means for us."""

from __future__ import annotations

from enum import Enum

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError


class _Way(Enum):
    """How another transaction was in the way: at the same rows, so that this one is undone; or for too long."""

    CLASH, BUSY = 1, 2


#: What passes when the same transaction is tried again, by SQLSTATE and by the numbers of MySQL and MariaDB, which say
#: HY000 of most. From: PostgreSQL, "Serialization Failure Handling" and appendix A; MariaDB, "Error Codes"; MySQL,
#: "Server Error Message Reference"; Galera, "Certification-Based Replication".
_PASSING: dict[str | int, _Way] = {
    "40001": _Way.CLASH,  # serialization_failure; CockroachDB and YugabyteDB say so too
    "40P01": _Way.CLASH,  # deadlock_detected
    "55P03": _Way.BUSY,  # lock_not_available: lock_timeout is over
    1020: _Way.CLASH,  # ER_CHECKREAD: the row has changed since it was read (innodb_snapshot_isolation)
    1205: _Way.BUSY,  # ER_LOCK_WAIT_TIMEOUT
    1213: _Way.CLASH,  # ER_LOCK_DEADLOCK; in Galera, that another node was faster, at COMMIT too
    3101: _Way.CLASH,  # ER_TRANSACTION_ROLLBACK_DURING_COMMIT: the same in Group Replication
}
#: By the same: a value that is there already; a CHECK, for which MySQL's drivers have no class of their own; a table or
#: a column that is not there.
_DUPLICATES = ("23505", 1062)
_REFUSED = (3819, 4025)
_MISSING = ("42P01", "42703", 1146, 1054)


def passes(error: SQLAlchemyError) -> bool:
    """Whether it is worth trying the same transaction again at once: another one was in the way, or the connection was
    lost, which is replaced."""
    return (
        bool(getattr(error, "connection_invalidated", False))
        or not _codes(error).isdisjoint(_PASSING)
        or _sqlite_says(error, " is locked")
    )


def is_clash(error: BaseException) -> bool:
    """Whether the database has undone a transaction because another one was at the same rows: nothing is broken."""
    return any(_PASSING.get(code) is _Way.CLASH for code in _codes(error))


def broken_rule(error: DBAPIError) -> str | None:
    """Of the table's rules, which one the database has found broken: "unique" or "other"; None: it is not about one."""
    codes = _codes(error)
    if not codes.isdisjoint(_DUPLICATES) or "UNIQUE constraint failed" in str(error.orig):
        return "unique"
    return "other" if isinstance(error, IntegrityError) or not codes.isdisjoint(_REFUSED) else None


def reason(error: SQLAlchemyError) -> str:
    """What the driver said, without the statement and its values, which may be secrets; and what may help."""
    said = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
    if _codes(error).isdisjoint(_MISSING) and not _sqlite_says(error, "no such ", "has no column"):
        return said
    return f"{said}. To make tables that are missing, run `flask myprofile create-tables` or your migrations."


def _sqlite_says(error: BaseException, *words: str) -> bool:
    """SQLite has one number for most of its errors."""
    said = getattr(error, "orig", None)
    return type(said).__module__ == "sqlite3" and any(each in str(said) for each in words)


def _codes(error: BaseException) -> set[str | int]:
    """Also of the driver's error behind one of ours."""
    said = getattr(error, "orig", None) or getattr(error.__cause__, "orig", None)
    codes = (getattr(said, "sqlstate", None), getattr(said, "pgcode", None), *getattr(said, "args", ())[:1])
    return {code for code in codes if isinstance(code, str | int)}
