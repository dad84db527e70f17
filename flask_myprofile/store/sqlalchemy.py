"""The store in the host's own database, by SQLAlchemy Core through Flask-SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from .database import Execute
from .records import EVERYONE, FeatureRecord, IdentityRecord, PendingFormRecord, TokenRecord
from .sql_sessions import SqlSessions


class SqlStore(SqlSessions):
    """Sessions, tokens, preferences, toggles and guesses in the host's database."""

    # ---- what outlives sessions

    def signed_out_at(self, user_key: str) -> int | None:
        table = self._tables.history
        theirs = table.c.user_key.in_((user_key, EVERYONE))
        moment: int | None = self._read(select(func.max(table.c.signed_out_at)).where(theirs)).scalar()
        return moment

    def note_sign_out(self, user_key: str, at: int) -> None:
        table = self._tables.history
        earlier = update(table).where(table.c.user_key == user_key, table.c.signed_out_at < at)
        with self._write() as execute:
            known = execute(select(table.c.signed_out_at).where(table.c.user_key == user_key)).scalar()
            if known is None and self._insert(table, {"user_key": user_key, "signed_out_at": at}):
                return
            if known is None or known < at:
                execute(earlier.values(signed_out_at=at))

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
                # of many uses at the same moment one writes
                .where(table.c.user_key == user_key, table.c.digest == digest)
                .where(or_(table.c.last_used_at.is_(None), table.c.last_used_at < at))
                .values(last_used_at=at, last_used_ip=ip, last_used_agent=user_agent)
            )

    def forget_ciphertexts(self) -> None:
        with self._write() as execute:
            execute(update(self._tables.token).values(ciphertext=None))

    def rewrite_ciphertexts(self, rewrite: Callable[[str], str | None], after: str, limit: int) -> str | None:
        table = self._tables.token
        batch = select(table.c.user_key, table.c.ciphertext).order_by(table.c.user_key).limit(limit)
        last = None
        with self._write() as execute:
            rows = execute(batch.where(table.c.ciphertext.is_not(None), table.c.user_key > after))
            for last, old in list(rows):
                new = rewrite(old)
                if new is not None and new != old:
                    # unless the token was regenerated, or its copy deleted, since the row was read
                    this = (table.c.user_key == last, table.c.ciphertext == old)
                    execute(update(table).where(*this).values(ciphertext=new))
        return last

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

    # ---- guesses

    def add_guess(self, user_key: str, guess: str, at: int) -> list[int]:
        with self._at_once() as execute:
            execute(insert(self._tables.guess), {"id": guess, "user_key": user_key, "at": at})
        return self._moments(self._tables.guess.c.user_key == user_key)

    def guesses(self, user_key: str, until: str) -> list[int]:
        return self._moments(*self._guesses(user_key, until))

    def forget_guess(self, user_key: str, guess: str) -> None:
        table = self._tables.guess
        with self._at_once() as execute:
            execute(delete(table).where(table.c.user_key == user_key, table.c.id == guess))

    def forget_guesses(self, user_key: str, until: str) -> None:
        table = self._tables.guess
        with self._at_once() as execute:
            # by their ids: deleting a range locks it in MySQL's databases, and whoever guesses meanwhile
            ids = list(execute(select(table.c.id).where(*self._guesses(user_key, until))).scalars())
            execute(delete(table).where(table.c.id.in_(ids)))

    def _guesses(self, user_key: str, until: str) -> tuple[Any, Any]:
        return self._tables.guess.c.user_key == user_key, self._tables.guess.c.id <= until

    def _moments(self, *which: Any) -> list[int]:
        with self._at_once() as execute:  # not within a transaction that began before others had written theirs
            return list(execute(select(self._tables.guess.c.at).where(*which)).scalars())

    @contextmanager
    def _at_once(self) -> Iterator[Execute]:
        """Committed when this ends: a request with a wrong guess in it ends in a rollback, and the guess counts."""
        with_the_view = self._own() is None and self._in_own_view()
        with nullcontext() if with_the_view else self.own_transaction(), self._write() as execute:
            yield execute
            if with_the_view:
                self._db.session.commit()

    # ---- forms that wait for their sender to confirm who they are

    def keep_pending_form(self, session_id: str, endpoint: str, fields: str, at: int) -> None:
        row = {"endpoint": endpoint, "fields": fields, "at": at}
        self._put(self._tables.interrupted, {"session_id": session_id}, row)

    def take_pending_form(self, session_id: str) -> PendingFormRecord | None:
        table = self._tables.interrupted
        which = select(table.c.endpoint, table.c.fields, table.c.at).where(table.c.session_id == session_id)
        with self._write() as execute:
            row = execute(which).first()
            # of two who take it at once, one deletes it
            mine = row is not None and execute(delete(table).where(table.c.session_id == session_id)).rowcount
        return PendingFormRecord._make(row) if row is not None and mine else None

    def drop_pending_forms(self, before: int) -> None:
        with self._write() as execute:
            execute(delete(self._tables.interrupted).where(self._tables.interrupted.c.at < before))

    # ---- Single Sign-On

    def keep_identity(self, record: IdentityRecord) -> None:
        values = record._asdict()
        key = {name: values.pop(name) for name in ("id", "user_key")}
        self._put(self._tables.identity, key, values)

    def has_identity(self, user_key: str) -> bool:
        table = self._tables.identity
        return self._read(select(table.c.id).where(table.c.user_key == user_key).limit(1)).first() is not None

    def users_with_identity(self, identity_id: str) -> list[str]:
        table = self._tables.identity
        return list(self._read(select(table.c.user_key).where(table.c.id == identity_id)).scalars())

    def forget_identities(self, provider: str) -> int:
        with self._write() as execute:
            return int(
                execute(delete(self._tables.identity).where(self._tables.identity.c.provider == provider)).rowcount
            )

    def add_logout_token(self, token_id: str, expires_at: int) -> bool:
        return self._insert(self._tables.logout_token, {"id": token_id, "expires_at": expires_at})

    def drop_logout_tokens(self, before: int) -> None:
        with self._write() as execute:
            execute(delete(self._tables.logout_token).where(self._tables.logout_token.c.expires_at < before))

    def create_tables(self) -> None:
        """Make those of the extension's tables that are missing."""
        for table in vars(self._tables).values():
            table.create(self.engine, checkfirst=True)
