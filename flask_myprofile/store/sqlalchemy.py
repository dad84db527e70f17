"""The store in the host's own database, by SQLAlchemy Core through Flask-SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import delete, false, func, insert, not_, or_, select, update

from .database import Execute
from .records import (
    EVERYONE,
    SKEW,
    FeatureRecord,
    IdentityRecord,
    LogoutTokenRecord,
    PendingFormRecord,
    TokenRecord,
)
from .sql_sessions import SqlSessions

#: What has one version for all of its rows.
_FEATURES = "features"


class SqlStore(SqlSessions):
    """Sessions, tokens, preferences, toggles and guesses in the host's database."""

    # ---- what outlives sessions

    def signed_out_at(self, user_key: str) -> int | None:
        table = self._tables.history
        theirs = table.c.user_key.in_((user_key, EVERYONE))
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

    # ---- API tokens: one row a user

    def find_token(self, user_key: str) -> TokenRecord | None:
        return self._token(self._tables.token.c.user_key == user_key)

    def find_token_by_digest(self, digest: str) -> TokenRecord | None:
        return self._token(self._tables.token.c.digest == digest)

    def _token(self, which: Any) -> TokenRecord | None:
        row = self._read(select(*self._tables.token.c).where(which)).first()
        return TokenRecord._make(row) if row else None

    def replace_token(self, record: TokenRecord, digest: str | None) -> bool:
        if digest is None:
            return self._insert(self._tables.token, record._asdict())
        replacing = update(self._tables.token).where(*self._this_token(record.user_key, digest))
        with self._write() as execute:
            return bool(execute(replacing.values(**record._asdict())).rowcount)

    def delete_token(self, user_key: str, digest: str | None = None) -> bool:
        with self._write() as execute:
            return bool(execute(delete(self._tables.token).where(*self._this_token(user_key, digest))).rowcount)

    def _this_token(self, user_key: str, digest: str | None) -> list[Any]:
        table = self._tables.token
        return [table.c.user_key == user_key, *([] if digest is None else [table.c.digest == digest])]

    def touch_token(self, user_key: str, digest: str, at: int, ip: str, user_agent: str) -> None:
        table = self._tables.token
        with self._hurried() as execute:
            execute(
                update(table)
                # of many uses at the same moment one writes
                .where(table.c.user_key == user_key, table.c.digest == digest)
                .where(or_(table.c.last_used_at.is_(None), not_(table.c.last_used_at.between(at, at + SKEW))))
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

    def features_version(self) -> int:
        return int(self._read(self._features_version).scalar() or 0)

    def save_features(
        self,
        values: Callable[[int, Mapping[str, FeatureRecord]], Mapping[str, bool]],
        changed_by: str,
        at: int,
    ) -> None:
        table, number = self._tables.feature, self._tables.version.c.number
        with self._write() as execute:
            version = self._hold_features(execute)
            # locking, too: it reads what is there now, whatever this transaction has seen before
            rows = execute(select(*table.c).with_for_update())
            changes = values(version, {row.name: FeatureRecord._make(row) for row in rows})
            for name, on in changes.items():
                self._put(table, {"name": name}, {"enabled": on, "changed_by": changed_by, "changed_at": at})
            if changes:
                execute(update(self._tables.version).where(self._is_features).values(number=number + 1))

    def _hold_features(self, execute: Execute) -> int:
        """Keep everybody else from saving features until the transaction ends; their version."""
        table = self._tables.version
        # looks first, for the same reason as _put()
        if execute(self._features_version).scalar() is None:
            self._insert(table, {"name": _FEATURES, "number": 0})
        # SQLite knows no FOR UPDATE: whoever has written is alone there
        execute(update(table).where(self._is_features).values(number=table.c.number))
        return int(execute(self._features_version.with_for_update()).scalar_one())

    @property
    def _is_features(self) -> Any:
        return self._tables.version.c.name == _FEATURES

    @property
    def _features_version(self) -> Any:
        return select(self._tables.version.c.number).where(self._is_features)

    # ---- guesses

    def add_guess(self, user_key: str, guess: str, at: int) -> list[int]:
        with self._at_once() as execute:
            execute(insert(self._tables.guess), {"id": guess, "user_key": user_key, "at": at})
        return self._moments(self._tables.guess.c.user_key == user_key)

    def put_guesses_right(self, user_key: str, at: int) -> list[int]:
        table = self._tables.guess
        with self._at_once() as execute:
            # by their ids, as in forget_guesses()
            ids = list(execute(select(table.c.id).where(table.c.user_key == user_key, table.c.at > at)).scalars())
            execute(update(table).where(table.c.id.in_(ids)).values(at=at - 1))
        return self._moments(table.c.user_key == user_key)

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
        """By name or, of those that were put right, whose names are not, by the second."""
        table, second = self._tables.guess, int(until[:16], 16) // 10**9
        return table.c.user_key == user_key, or_(table.c.id <= until, table.c.at < second)

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

    def add_pending_form(self, record: PendingFormRecord) -> None:
        with self._write() as execute:
            execute(insert(self._tables.pending_form), record._asdict())

    def pending_form(self, form_id: str) -> PendingFormRecord | None:
        table = self._tables.pending_form
        row = self._read(select(*table.c).where(table.c.id == form_id)).first()
        return PendingFormRecord._make(row) if row else None

    def pending_forms(self, *, user_key: str | None = None, session_id: str | None = None) -> list[PendingFormRecord]:
        table = self._tables.pending_form
        statement = select(*table.c).order_by(table.c.at.desc())
        if user_key is not None:
            statement = statement.where(table.c.user_key == user_key)
        if session_id is not None:
            statement = statement.where(table.c.session_id == session_id)
        with self._write() as execute:  # where no view is, there may be no transaction to read in
            return [PendingFormRecord._make(row) for row in execute(statement)]

    def drop_pending_forms(self, ids: Collection[str]) -> int:
        table = self._tables.pending_form
        with self._write() as execute:
            return int(execute(delete(table).where(table.c.id.in_(ids))).rowcount)

    def drop_all_pending_forms(self, but_between: tuple[int, int] | None = None) -> None:
        table = self._tables.pending_form
        which = [not_(table.c.at.between(*but_between))] if but_between else []
        with self._write() as execute:
            execute(delete(table).where(*which))

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

    def add_logout_token(self, record: LogoutTokenRecord) -> None:
        self._insert(self._tables.logout_token, {**record._asdict(), "carried_out": False})

    def close_logout_token(self, token_id: str) -> bool:
        table = self._tables.logout_token
        open_ = (table.c.id == token_id, table.c.carried_out == false())
        with self._write() as execute:
            return bool(execute(update(table).where(*open_).values(carried_out=True)).rowcount)

    def logout_tokens(self, whose: str | None, which: str | None) -> list[LogoutTokenRecord]:
        table = self._tables.logout_token
        columns = [table.c[name] for name in LogoutTokenRecord._fields]
        named = [table.c[name] == digest for name, digest in (("whose", whose), ("which", which)) if digest is not None]
        return [LogoutTokenRecord._make(row) for row in self._read(select(*columns).where(or_(false(), *named)))]

    def drop_logout_tokens(self, before: int) -> None:
        with self._write() as execute:
            execute(delete(self._tables.logout_token).where(self._tables.logout_token.c.expires_at < before))

    def create_tables(self) -> None:
        """Make those of the extension's tables that are missing."""
        for table in vars(self._tables).values():
            table.create(self.engine, checkfirst=True)
