"""The store in the host's own database, by SQLAlchemy Core through Flask-SQLAlchemy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update

from . import FeatureRecord, TokenRecord
from .sql_sessions import SqlSessions


class SqlStore(SqlSessions):
    """Sessions, tokens, preferences, toggles and guesses in the host's database."""

    # ---- API tokens: one row a user

    def find_token(self, user_key: str) -> TokenRecord | None:
        return self._token(self._tables.token.c.user_key == user_key)

    def find_token_by_digest(self, digest: str) -> TokenRecord | None:
        return self._token(self._tables.token.c.digest == digest)

    def _token(self, which: Any) -> TokenRecord | None:
        row = self._read(select(*self._tables.token.c).where(which)).first()
        return TokenRecord._make(row) if row else None

    def replace_token(self, record: TokenRecord) -> bool:
        """Put ``record`` in the place of the version before it; False where somebody else was faster."""
        table = self._tables.token
        if record.version == 1:
            return self._insert(table, record._asdict())
        with self._write() as execute:
            changed = execute(
                update(table)
                .where(table.c.user_key == record.user_key, table.c.version == record.version - 1)
                .values(**record._asdict())
            )
            return bool(changed.rowcount)

    def delete_token(self, user_key: str) -> bool:
        with self._write() as execute:
            return bool(execute(delete(self._tables.token).where(self._tables.token.c.user_key == user_key)).rowcount)

    def touch_token(self, user_key: str, digest: str, at: int, ip: str, user_agent: str) -> None:
        table = self._tables.token
        with self._hurried() as execute:
            execute(
                update(table)
                .where(table.c.user_key == user_key, table.c.digest == digest)
                .values(last_used_at=at, last_used_ip=ip, last_used_agent=user_agent)
            )

    def forget_ciphertexts(self) -> None:
        with self._write() as execute:
            execute(update(self._tables.token).values(ciphertext=None))

    # ---- preferences and toggles

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

    def features(self) -> dict[str, FeatureRecord]:
        return {row.name: FeatureRecord._make(row) for row in self._read(select(*self._tables.feature.c))}

    def save_features(self, values: Mapping[str, bool], changed_by: str, at: int) -> None:
        for name, on in values.items():
            row = {"enabled": on, "changed_by": changed_by, "changed_at": at}
            self._put(self._tables.feature, {"name": name}, row)

    def add_guess(self, user_key: str, guess: str, at: int, since: int) -> list[int]:
        table = self._tables.guess
        with self._write() as execute:
            execute(insert(table), {"id": guess, "user_key": user_key, "at": at})
            old = list(execute(select(table.c.id).where(table.c.user_key == user_key, table.c.at < since)).scalars())
            if old:
                execute(delete(table).where(table.c.id.in_(old)))
            if self._in_own_view():  # a wrong guess ends in a rollback, and has to count all the same
                self._db.session.commit()
        return list(self._read(select(table.c.at).where(table.c.user_key == user_key, table.c.at >= since)).scalars())

    def forget_guess(self, user_key: str, guess: str) -> None:
        table = self._tables.guess
        with self._write() as execute:
            execute(delete(table).where(table.c.user_key == user_key, table.c.id == guess))

    def create_tables(self) -> None:
        """Make those of the extension's tables that are missing."""
        for table in vars(self._tables).values():
            table.create(self.engine, checkfirst=True)
