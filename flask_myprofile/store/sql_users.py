"""All that is kept of a user in the host's own database: erasing it, and whose is kept at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from operator import eq
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    inspect,
    literal,
    not_,
    or_,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from .database import Execute, in_one_transaction
from .own_transaction import commits_by_itself
from .primary import primary_of
from .records import GONE, TAG_LENGTH, gone, tag_of
from .session_lookup import SessionLookup
from .user_keys import UserKeys, key_of

_log = logging.getLogger(__name__)


class SqlUsers(SessionLookup):
    """See :class:`~.protocols.UserStore`."""

    @in_one_transaction
    def erase_user(self, user_key: str, at: int) -> None:
        with self._write() as execute:
            self._erase(execute, user_key, at)

    def erase_with(self, connection: Connection, user_key: str, at: int, *, was_there: bool) -> bool:
        """The same in a transaction of the host's, if that is one with our tables, and without harm to it.

        :param was_there: also where nothing is kept, so that old cookies are not good for who gets the key next.
        """

        def erase() -> None:
            if was_there or self._has_any(connection, user_key):
                self._erase(connection.execute, user_key, at)

        return self._write_with(connection, erase)

    def rename_with(self, connection: Connection, before: tuple[str, str | None], now: tuple[str, str | None]) -> None:
        """The user has got another key, and with it another mark of the same password."""
        (key, mark), (new_key, new_mark), session = before, now, self._tables.session

        def rename() -> None:
            if not self._has_any(connection, key):
                return
            for table in self._of_users():
                connection.execute(delete(table).where(table.c.user_key == new_key))
                connection.execute(update(table).where(table.c.user_key == key).values(user_key=new_key))
            event = self._tables.event  # the ids of a user's begin with whose they are
            own_ids = literal(tag_of(new_key)).concat(func.substr(event.c.id, TAG_LENGTH + 1))
            connection.execute(update(event).where(event.c.user_key == new_key).values(id=own_ids))
            theirs = (session.c.user_key == new_key, session.c.password_mark == mark)
            connection.execute(update(session).where(*theirs).values(password_mark=new_mark))

        self._write_with(connection, rename)

    def _write_with(self, connection: Connection, write: Callable[[], None]) -> bool:
        """In a transaction of the host's, without harm to it, if that is one with our tables. Whether it is done."""
        if connection.engine.pool is not self.engine.pool:
            return False
        try:
            with nullcontext() if commits_by_itself(connection) else connection.begin_nested():
                write()
        except SQLAlchemyError as error:  # the tables are not there yet, for one
            _log.warning("MyProfile could not write down what has become of a user: %s", type(error).__name__)
            return False
        return True

    def _has_any(self, connection: Connection, user_key: str) -> bool:
        looks = [select(literal(1)).where(exists().where(table.c.user_key == user_key)) for table in self._of_users()]
        return connection.execute(union_all(*looks)).first() is not None

    def _erase(self, execute: Callable[..., Any], user_key: str, at: int) -> None:
        """Looks first: see :meth:`Database._put`."""
        self._take_names_out(execute, user_key)
        for table in self._of_users():
            theirs = table.c.user_key == user_key
            if execute(select(literal(1)).select_from(table).where(theirs).limit(1)).first() is not None:
                execute(delete(table).where(theirs))
        self._note_gone(execute, gone(user_key), at)

    def _take_names_out(self, execute: Execute, user_key: str) -> None:
        """Of what they have saved for the app, which stays. A name that another administrator has used as well does:
        nobody knows whose each is."""
        author = self._tables.feature_author
        for name in list(execute(select(author.c.name).where(author.c.user_key == user_key)).scalars()):
            others = select(author.c.name).where(author.c.name == name, author.c.user_key != user_key)
            if execute(others.limit(1)).first() is None:
                for table in (self._tables.feature, self._tables.feature_change, self._tables.feature_set):
                    execute(update(table).where(table.c.changed_by == name).values(changed_by=""))

    def _note_gone(self, execute: Execute, name: str, at: int) -> None:
        table = self._tables.history
        if execute(select(table.c.user_key).where(table.c.user_key == name)).first() is None:
            execute(insert(table), {"user_key": name, "signed_out_at": at})
        else:
            execute(update(table).where(table.c.user_key == name).values(signed_out_at=at))

    def _of_users(self) -> list[Table]:
        """The tables that say whose a row is."""
        return [table for table in self._tables if "user_key" in table.c]

    # ---- who is gone

    @in_one_transaction
    def user_keys(self, after: str, limit: int) -> Sequence[str]:
        """The next keys of users of whom something is kept, in their order."""
        parts = []
        for table in self._of_users():
            keys = select(table.c.user_key).where(table.c.user_key > after)
            if table in (self._tables.history, self._tables.event):
                keys = keys.where(not_(table.c.user_key.startswith(GONE)))
            parts.append(select(keys.distinct().order_by(table.c.user_key).limit(limit).subquery().c.user_key))
        found = union(*parts).subquery()
        with self._write() as execute:
            return list(execute(select(found.c.user_key).order_by(found.c.user_key).limit(limit)).scalars())

    @in_one_transaction
    def missing_users(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that no user has. None of them where no user can be seen at all: then the table is
        hidden from this connection, or about to be filled."""
        missing: set[str] = set()
        by_class: dict[Any, dict[str, str]] = {}
        for key in keys:
            model, own_key = self._user_class(key)
            by_class.setdefault(model, {})[key] = own_key
        for model, theirs in by_class.items():
            if model is not None:
                missing |= self._missing_of(model, theirs)
        return missing

    def _missing_of(self, model: Any, keys: Mapping[str, str]) -> set[str]:
        reader = UserKeys(inspect(model))
        wanted = {key: identity for key, own in keys.items() if (identity := reader.identity(own)) is not None}
        if not wanted:
            return set()
        these = or_(*(and_(*map(eq, reader.columns, identity)) for identity in wanted.values()))
        with self._beside_users(model) as execute:
            found = {key_of(row) for row in execute(select(*reader.columns).where(these))}
            if not found and execute(select(*reader.columns).limit(1)).first() is None:
                return set()
        return {key for key, identity in wanted.items() if key_of(identity) not in found}

    @contextmanager
    def _beside_users(self, model: Any) -> Iterator[Execute]:
        """Where they are, not at a replica that does not know the newest yet, and not through ``db.session``, which may
        be told to leave some out."""
        bind = primary_of(self._db.session(), inspect(model))
        if bind is self.engine:
            with self._write() as execute:
                yield execute
        else:
            with bind.connect() as connection:
                yield connection.execute
