"""Identities at providers and logout tokens, in the host's own database."""

from __future__ import annotations

from sqlalchemy import delete, false, func, or_, select, update

from .database import Database, in_one_transaction
from .records import IdentityRecord, LogoutTokenRecord

#: Rows that one statement deletes at most.
_BATCH = 500


class SqlSingleSignOn(Database):
    """See :class:`~.protocols.IdentityStore` and :class:`~.protocols.LogoutTokenStore`."""

    @in_one_transaction
    def keep_identity(self, record: IdentityRecord) -> None:
        values = record._asdict()
        key = {name: values.pop(name) for name in ("id", "user_key")}
        self._put(self._tables.identity, key, values)

    def has_identity(self, user_key: str) -> bool:
        table = self._tables.identity
        return self._read(select(table.c.id).where(table.c.user_key == user_key).limit(1)).first() is not None

    def identities_of(self, user_key: str) -> list[IdentityRecord]:
        table = self._tables.identity
        columns = [table.c[name] for name in IdentityRecord._fields]
        theirs = select(*columns).where(table.c.user_key == user_key)
        last = func.coalesce(table.c.noted_at, 0).desc()
        return [IdentityRecord._make(row) for row in self._read(theirs.order_by(last, table.c.id))]

    def users_with_identity(self, identity_id: str) -> list[str]:
        table = self._tables.identity
        return list(self._read(select(table.c.user_key).where(table.c.id == identity_id)).scalars())

    def callbacks(self, provider: str) -> list[str]:
        """The redirect URIs with which people have signed in there, a few of them."""
        table = self._tables.session
        query = select(table.c.callback).where(table.c.provider == provider, table.c.callback.is_not(None))
        with self.own_transaction():
            return list(self._read(query.distinct().limit(5)).scalars())

    @in_one_transaction
    def forget_identities(self, provider: str) -> int:
        with self._write() as execute:
            return int(
                execute(delete(self._tables.identity).where(self._tables.identity.c.provider == provider)).rowcount
            )

    def crowded_identities(self, keep: int) -> list[tuple[str, str | None, int]]:
        table = self._tables.identity
        whose = (table.c.user_key, table.c.provider)
        found = self._read(select(*whose, func.count()).group_by(*whose).having(func.count() > keep))
        return [(row.user_key, row.provider, row[-1]) for row in found]

    @in_one_transaction
    def drop_identities(self, user_key: str, provider: str | None, keep: int) -> int:
        table = self._tables.identity
        there = (table.c.user_key == user_key, table.c.provider == provider)  # None: IS NULL
        last = func.coalesce(table.c.noted_at, 0).desc()
        dropped = 0
        with self._write() as execute:
            query = select(table.c.id).where(*there).order_by(last, table.c.id).offset(keep).limit(_BATCH)
            while ids := list(execute(query).scalars()):
                execute(delete(table).where(*there, table.c.id.in_(ids)))
                dropped += len(ids)
        return dropped

    @in_one_transaction
    def add_logout_token(self, record: LogoutTokenRecord) -> None:
        self._insert(self._tables.logout_token, {**record._asdict(), "carried_out": False})

    @in_one_transaction
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

    @in_one_transaction
    def drop_logout_tokens(self, before: int) -> None:
        with self._write() as execute:
            execute(delete(self._tables.logout_token).where(self._tables.logout_token.c.expires_at < before))
