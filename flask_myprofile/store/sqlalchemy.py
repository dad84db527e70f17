"""The store in the host's own database, by SQLAlchemy Core through Flask-SQLAlchemy: one file a kind of data."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, or_, select, update

from .records import EVERYONE, SKEW
from .sql_features import SqlFeatures
from .sql_password_throttle import SqlPasswordThrottle
from .sql_pending_forms import SqlPendingForms
from .sql_sessions import SqlSessions
from .sql_single_sign_on import SqlSingleSignOn
from .sql_tokens import SqlTokens
from .sql_users import SqlUsers, gone


class SqlStore(SqlSessions, SqlTokens, SqlFeatures, SqlPasswordThrottle, SqlPendingForms, SqlSingleSignOn, SqlUsers):
    """Everything that is kept in the host's database; preferences, and what outlives sessions, are here."""

    # ---- what outlives sessions

    def signed_out_at(self, user_key: str) -> int | None:
        table = self._tables.history
        theirs = table.c.user_key.in_((user_key, gone(user_key), EVERYONE))
        moment: int | None = self._read(select(func.max(table.c.signed_out_at)).where(theirs)).scalar()
        return moment

    def note_sign_in(self, user_key: str) -> None:
        table = self._tables.history
        with self._write() as execute:
            known = execute(select(table.c.user_key).where(table.c.user_key == user_key)).first()
            if known is None:
                self._insert(table, {"user_key": user_key, "signed_out_at": 0})

    def note_sign_out(self, user_key: str, at: int) -> None:
        table = self._tables.history
        other = or_(table.c.signed_out_at < at, table.c.signed_out_at > at + SKEW)
        with self._write() as execute:
            known = execute(select(table.c.signed_out_at).where(table.c.user_key == user_key)).scalar()
            if known is None and self._insert(table, {"user_key": user_key, "signed_out_at": at}):
                return
            if known is None or not at <= known <= at + SKEW:
                execute(update(table).where(table.c.user_key == user_key, other).values(signed_out_at=at))

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
        table = self._tables.preference
        rows = self._read(select(table.c.name, table.c.value).where(table.c.user_key == user_key))
        return {row.name: row.value for row in rows}

    def save_preferences(self, user_key: str, values: Mapping[str, str | None]) -> None:
        """Keep what was chosen; None forgets a choice, so that nothing is stored for what was never chosen."""
        for name, value in values.items():
            self._put(
                self._tables.preference,
                {"user_key": user_key, "name": name},
                None if value is None else {"value": value},
            )

    # ---- tables

    def create_tables(self) -> None:
        """Make those of the extension's tables that are missing."""
        for table in vars(self._tables).values():
            table.create(self.engine, checkfirst=True)
