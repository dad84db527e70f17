"""The store in the host's own database, by SQLAlchemy Core through Flask-SQLAlchemy: one file a kind of data."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreDown
from .database import in_one_transaction
from .database_errors import reason
from .records import EVERYONE, SKEW, gone
from .sql_email_changes import SqlEmailChanges
from .sql_events import SqlEvents
from .sql_feature_sets import SqlFeatureSets
from .sql_overdue import SqlOverdue
from .sql_password_throttle import SqlPasswordThrottle
from .sql_pending_forms import SqlPendingForms
from .sql_sessions import SqlSessions
from .sql_sign_ins import SqlSignIns
from .sql_single_sign_on import SqlSingleSignOn
from .sql_tokens import SqlTokens
from .sql_users import SqlUsers

if TYPE_CHECKING:
    from .table_changes import TableChanges

#: How to ask for the time, in seconds since the epoch.
_CLOCKS = {
    "sqlite": "SELECT strftime('%s', 'now')",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "mysql": "SELECT unix_timestamp(sysdate(3))",
    "mariadb": "SELECT unix_timestamp(sysdate(3))",
}


class SqlStore(
    SqlSessions,
    SqlTokens,
    SqlFeatureSets,
    SqlPasswordThrottle,
    SqlPendingForms,
    SqlSingleSignOn,
    SqlSignIns,
    SqlEmailChanges,
    SqlEvents,
    SqlOverdue,
    SqlUsers,
):
    """Everything that is kept in the host's database; preferences, and what outlives sessions, are here."""

    # ---- what outlives sessions

    def signed_out_at(self, user_key: str) -> int | None:
        table = self._tables.history
        theirs = table.c.user_key.in_((user_key, gone(user_key), EVERYONE))
        moment: int | None = self._read(select(func.max(table.c.signed_out_at)).where(theirs)).scalar()
        return moment

    @in_one_transaction
    def note_sign_out(self, user_key: str, at: int) -> None:
        table = self._tables.history
        other = or_(table.c.signed_out_at < at, table.c.signed_out_at > at + SKEW)
        with self._write() as execute:
            known = execute(select(table.c.signed_out_at).where(table.c.user_key == user_key)).scalar()
            if known is None and self._insert(table, {"user_key": user_key, "signed_out_at": at}):
                return
            if known is None or not at <= known <= at + SKEW:
                execute(update(table).where(table.c.user_key == user_key, other).values(signed_out_at=at))

    @in_one_transaction
    def put_sign_outs_right(self, user_key: str, at: int) -> None:
        table = self._tables.history
        wrong = (table.c.user_key.in_((user_key, EVERYONE)), table.c.signed_out_at > at + SKEW)
        with self._write() as execute:
            if execute(select(table.c.user_key).where(*wrong)).first() is not None:
                execute(update(table).where(*wrong).values(signed_out_at=at))

    def note_rehash(self, user_key: str, old_mark: str, new_mark: str) -> None:
        with self._joined():
            self._put(self._tables.rehash, {"user_key": user_key}, {"old_mark": old_mark, "new_mark": new_mark})

    def last_rehash(self, user_key: str) -> tuple[str, str] | None:
        table = self._tables.rehash
        row = self._read(select(table.c.old_mark, table.c.new_mark).where(table.c.user_key == user_key)).first()
        return (row.old_mark, row.new_mark) if row else None

    # ---- preferences

    def preferences(self, user_key: str) -> dict[str, str]:
        return {row.name: row.value for row in self._read(self._preferences_of, {"of": user_key})}

    @cached_property
    def _preferences_of(self) -> Select[Any]:
        table = self._tables.preference
        return select(table.c.name, table.c.value).where(table.c.user_key == bindparam("of"))

    @in_one_transaction
    def save_preferences(self, user_key: str, values: Mapping[str, str | None]) -> None:
        """Keep what was chosen; None forgets a choice, so that nothing is stored for what was never chosen."""
        for name, value in values.items():
            self._put(
                self._tables.preference,
                {"user_key": user_key, "name": name},
                None if value is None else {"value": value},
            )

    def count_preferences(self, most: int) -> dict[str, int]:
        some = select(self._tables.preference.c.name).limit(most).subquery()
        counted: Any = self._read(select(some.c.name, func.count()).group_by(some.c.name))
        return dict(counted.all())

    # ---- whether it works

    @property
    def technology(self) -> str:
        return self.engine.dialect.name

    def clock(self) -> float | None:
        """The time of the database, in seconds since the epoch; None where it is not known how to ask."""
        question = _CLOCKS.get(self.engine.dialect.name)
        if question is None:
            return None
        with self.own_transaction():
            return float(self._read(text(question)).scalar_one())

    def try_writing(self) -> None:
        """Write something, and take it back."""
        table, key = self._tables.preference, secrets.token_hex(12)
        try:
            with self.engine.connect() as connection:
                connection.execute(insert(table), {"user_key": f"nobody-{key}", "name": "doctor", "value": ""})
                connection.execute(delete(table).where(table.c.user_key == f"nobody-{key}"))  # not all tables roll back
                connection.rollback()
        except SQLAlchemyError as error:
            raise StoreDown(reason(error)) from error

    # ---- tables

    def create_tables(self, *, dry_run: bool = False) -> TableChanges:
        """Make the extension's tables, or bring those of an older version up to date."""
        from .table_changes import bring_up_to_date  # seldom asked for

        return bring_up_to_date(self.engine, list(self._tables), dry_run=dry_run)
