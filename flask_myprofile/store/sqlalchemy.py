"""The store in the host's own database, by SQLAlchemy Core through Flask-SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    update,
)

from . import FeatureRecord, Found, History, LiveSince, SessionRecord, TokenRecord
from .database import Database
from .tables import Tables


class SqlStore(Database):
    """Sessions, tokens, preferences, toggles and guesses in the host's database."""

    def __init__(self, db: SQLAlchemy, tables: Tables, *, user_model: Callable[[], Any], **ways: Any) -> None:
        super().__init__(db, **ways)
        self._tables = tables
        self._user_model = user_model
        self._find: tuple[Select[Any], Any] | None = None

    # ---- sessions

    def find_session(self, session_id: str, login_id: str | None = None) -> Found | None:
        """The session's row and, in the same query, the user's language and the user whose key ``login_id`` is.

        The user lands in the identity map of ``db.session``, so the host's user_loader finds it there and asks the
        database nothing: knowing whether a session was signed out then costs no query of its own.
        """
        if self._find is None:
            self._find = self._find_statement()
        statement, key_type = self._find
        values: dict[str, Any] = {"id": session_id}
        if key_type is not None:
            try:
                values["key"] = key_type(login_id)
            except (TypeError, ValueError):  # the login id is not the primary key: an alternative token
                values["key"] = None
        row = self._read(statement, values).unique().first()
        if row is None:
            return None
        user, record = (row[0], row[1:-1]) if key_type is not None else (None, row[:-1])
        return Found(SessionRecord._make(record), user, row[-1])

    def _find_statement(self) -> tuple[Select[Any], Any]:
        table, language, model = self._tables.session, self._tables.preference, self._user_model()
        chosen = and_(language.c.user_key == table.c.user_key, language.c.name == "language")
        joined: Any = table.outerjoin(language, chosen)
        mapper = inspect(model) if model is not None else None
        if (
            mapper is None
            or len(mapper.primary_key) != 1
            or self._db.session.get_bind(mapper=mapper) is not self.engine
        ):
            found: Any = select(*table.c, language.c.value).select_from(joined)
            return found.where(table.c.id == bindparam("id")), None
        key = mapper.primary_key[0]
        found = select(model, *table.c, language.c.value).select_from(joined)
        # names both sides: of a condition that names one, MySQL's compiler says that it joins everything to everything
        found = found.outerjoin(model, key == case((table.c.id.is_not(None), bindparam("key", type_=key.type))))
        return found.where(table.c.id == bindparam("id")), key.type.python_type

    def add_session(self, record: SessionRecord) -> bool:
        return self._insert(self._tables.session, record._asdict())

    def touch_session(self, session_id: str, at: int, ip: str, user_agent: str) -> None:
        table = self._tables.session
        with self._hurried() as execute:
            execute(
                update(table)
                .where(table.c.id == session_id, table.c.ended_at.is_(None), table.c.last_seen_at < at)
                .values(last_seen_at=at, ip=ip, user_agent=user_agent)
            )

    def rotate_session(self, record: SessionRecord, secret_hash: str, at: int, login_id: str) -> bool:
        table = self._tables.session
        with self._write() as execute:
            changed = execute(
                update(table)
                .where(table.c.id == record.id, table.c.secret_hash == record.secret_hash, table.c.ended_at.is_(None))
                .values(secret_hash=secret_hash, previous_hash=record.secret_hash, rotated_at=at, login_id=login_id)
            )
            return bool(changed.rowcount)

    def end_sessions(
        self,
        user_key: str | None,
        at: int,
        reason: str,
        *,
        only: Collection[str] | None = None,
        keep: str | None = None,
        secret_hash: str | None = None,
    ) -> list[str]:
        """End live sessions of one user, or of whoever proves a secret; the ids that ended."""
        table = self._tables.session
        which: list[Any] = [table.c.ended_at.is_(None)]
        if user_key is not None:
            which.append(table.c.user_key == user_key)
        if only is not None:
            which.append(table.c.id.in_(only))
        if keep is not None:
            which.append(table.c.id != keep)
        if secret_hash is not None:
            which.append(or_(table.c.secret_hash == secret_hash, table.c.previous_hash == secret_hash))
        with self._write() as execute:
            ids = list(execute(select(table.c.id).where(*which)).scalars())
            if ids:
                execute(update(table).where(*which).values(ended_at=at, end_reason=reason))
        return ids

    def live_sessions(
        self, user_key: str, since: LiveSince, limit: int, offset: int = 0, but: str | None = None
    ) -> Sequence[SessionRecord]:
        table = self._tables.session
        newest_first = (table.c.last_seen_at.desc(), table.c.created_at.desc(), table.c.id)
        statement = select(*table.c).where(*self._live(user_key, since)).order_by(*newest_first)
        if but is not None:
            statement = statement.where(table.c.id != but)
        return [SessionRecord._make(row) for row in self._read(statement.limit(limit).offset(offset))]

    def count_live_sessions(self, user_key: str, since: LiveSince) -> int:
        return int(
            self._read(
                select(func.count()).select_from(self._tables.session).where(*self._live(user_key, since))
            ).scalar_one()
        )

    def _live(self, user_key: str, since: LiveSince) -> list[Any]:
        table = self._tables.session
        limits: list[Any] = []
        if since.created_at is not None:
            limits.append(table.c.created_at >= since.created_at)
        if since.last_seen_at is not None:
            limits.append(table.c.last_seen_at >= since.last_seen_at)
        fresh = and_(table.c.remember_until.is_(None), *limits)
        return [
            table.c.user_key == user_key,
            table.c.ended_at.is_(None),
            or_(fresh, table.c.remember_until >= since.now),
        ]

    def owns_session(self, user_key: str, session_id: str) -> bool:
        table = self._tables.session
        found = self._read(select(table.c.id).where(table.c.id == session_id, table.c.user_key == user_key))
        return found.first() is not None

    def history(self, user_key: str, adopted: str) -> History:
        table = self._tables.session
        ended = func.max(case((table.c.end_reason != "replaced", table.c.ended_at)))
        sign_ins = func.count(case((table.c.method != adopted, 1)))
        past: Any = self._read(select(ended, sign_ins).where(table.c.user_key == user_key)).one()
        return History(past[0], bool(past[1]))

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
        table = self._tables.preference
        with self._write() as execute:
            execute(delete(table).where(table.c.user_key == user_key, table.c.name.in_(values)))
            chosen = [{"user_key": user_key, "name": n, "value": v} for n, v in values.items() if v is not None]
            if chosen:
                execute(insert(table), chosen)

    def features(self) -> dict[str, FeatureRecord]:
        return {row.name: FeatureRecord._make(row) for row in self._read(select(*self._tables.feature.c))}

    def save_features(self, values: Mapping[str, bool], changed_by: str, at: int) -> None:
        table = self._tables.feature
        with self._write() as execute:
            execute(delete(table).where(table.c.name.in_(values)))
            rows = [{"name": n, "enabled": on, "changed_by": changed_by, "changed_at": at} for n, on in values.items()]
            if rows:
                execute(insert(table), rows)

    def add_guess(self, user_key: str, guess: str, at: int, since: int) -> list[int]:
        table = self._tables.guess
        with self._write() as execute:
            execute(delete(table).where(table.c.user_key == user_key, table.c.at < since))
            execute(insert(table), {"id": guess, "user_key": user_key, "at": at})
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
