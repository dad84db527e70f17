"""The query that every signed-in request asks: is this session live, and who is its user?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Select, and_, bindparam, case, inspect, or_, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session, undefer

from .database import Database
from .primary import primary_of
from .records import SKEW, Checked, Found, LiveSince
from .tables import Tables
from .user_keys import UserKeys
from .user_rows import UserRows, is_plain

#: Columns of ours that come first in each row.
_WIDTH = len(Checked._fields)


class SessionLookup(Database):
    """Finds the live session of a request, and its user in the same query.

    :param user_class: of a user's key, the host's class and the key within it; no class where there is none, or its
        keys are not its primary keys.
    :param only_class: the class that all users are of; None as before, and where there are several.
    :param password_columns: where password hashes are, which are looked at with each request.
    :param with_preferences: whether each page needs the user's preferences, which then come with the session.
    """

    def __init__(
        self,
        db: SQLAlchemy,
        tables: Tables,
        *,
        user_class: Callable[[str], tuple[Any, str]],
        only_class: Callable[[], Any] = lambda: None,
        password_columns: Callable[[], Iterable[Any]] = tuple,
        with_preferences: Callable[[], bool],
        **ways: Any,
    ) -> None:
        super().__init__(db, tables, **ways)
        self._user_class = user_class
        self._only_class = only_class
        self._password_columns = password_columns
        self._with_preferences = with_preferences
        self._classes: dict[Any, UserClass] = {}

    def bring_preferences(self) -> None:
        """See :class:`~.protocols.PreferenceStore`."""
        if not self._with_preferences():
            self._with_preferences, self._classes = (lambda: True), {}  # the statements are built anew

    def find_live(self, session_id: str, login_id: str, since: LiveSince, user_key: str | None = None) -> Found | None:
        """The live session and, in the same query, the user whose key it has.

        The user lands in the identity map of ``db.session``, so the host's user_loader finds it there and asks the
        database nothing: knowing whether a session was signed out then costs no query of its own.
        """
        session, key = self._db.session(), login_id if user_key is None else user_key
        users, identity, way = self._way_to(session, key)
        find = users.finds.get(way) or self._find_statement(users, way)
        rows = self._rows(session, find, {"id": session_id, **identity})
        if not rows:
            return None
        checked = Checked._make(rows[0][:_WIDTH])
        # not asked of the database: PostgreSQL would plan for another index, and longer
        if checked.login_id != login_id or (identity and checked.user_key != key) or not since.admits(checked):
            return None
        preferences = _preferences(rows, find.width) if find.width > _WIDTH else None
        whose, _, secret_hash, mark, _, last_seen_at, _, _, method = checked
        return Found(secret_hash, last_seen_at, whose, mark, method, find.user_of(rows[0], session), preferences)

    def find_user(self, user_key: str) -> tuple[Any, Mapping[str, str] | None] | None:
        """The user and their preferences in one query, for sessions that are kept elsewhere. None where there is no
        such user; and nobody where that is not for this query to say."""
        session = self._db.session()
        users, identity, way = self._way_to(session, user_key)
        if not identity:
            return None, None
        find = users.brings.get(way) or self._bring_statement(users, way)
        rows = self._rows(session, find, {"user_key": user_key, **identity})
        if not rows:
            return None
        return find.user_of(rows[0], session), _preferences(rows, find.width) if find.width else None

    # ---- which user

    def brings_user(self, user_key: str) -> bool:
        """Whether :meth:`find_live` and :meth:`find_user` find that user with the session."""
        _, identity, _ = self._way_to(self._db.session(), user_key)
        return bool(identity)

    def _way_to(self, session: Session, user_key: str) -> tuple[UserClass, Mapping[str, Any], Way]:
        """How to come by the user of a session that has this key, and the values of their primary key."""
        model, own_key = self._user_class(user_key)
        users = self._classes.get(model) or self._look_at(model)
        identity = users.keys.identity(own_key) if users.keys is not None else None
        if users.keys is None or identity is None:
            return users, {}, Way.ALONE
        rows = users.rows
        is_cheap = rows is not None and rows.may_bring(session) and not rows.is_held(session, identity)
        return users, users.keys.values(identity), Way.ROWS if is_cheap else Way.ORM

    def _users_of(self, model: Any) -> UserClass:
        return self._classes.get(model) or self._look_at(model)

    def _look_at(self, model: Any) -> UserClass:
        mapper = inspect(model) if model is not None else None
        # of another database than ours there is no query for both
        is_here = mapper is not None and primary_of(self._db.session(), mapper) is self.engine
        users = self._classes[model] = UserClass(mapper if is_here else None)
        return users

    # ---- the statements

    def _find_statement(self, users: UserClass, way: Way) -> Find:
        table = self._tables.session
        columns, source = self._and_preferences([table.c[name] for name in Checked._fields], table, table.c.user_key)
        found = select(*columns, *users.columns(way)).select_from(source)
        if way is not Way.ALONE:
            found = found.join(users.source(way), and_(*self._is_key(users, table.c.id)))
        find = users.finds[way] = self._find(found.where(table.c.id == bindparam("id")), len(columns), users, way)
        return find

    def _bring_statement(self, users: UserClass, way: Way) -> Find:
        columns, source = self._and_preferences([], users.mapper.selectable, bindparam("user_key"))
        found = select(*columns, *users.columns(way)).select_from(source).where(*self._is_key(users))
        find = users.brings[way] = self._find(found, len(columns), users, way)
        return find

    def _find(self, statement: Select[Any], width: int, users: UserClass, way: Way) -> Find:
        if way is Way.ORM:
            statement = statement.options(*self._loaded_with_it(users.mapper.class_))
        return Find(statement, width, way, users.rows if way is Way.ROWS else None)

    def _is_key(self, users: UserClass, session_id: Any = None) -> list[Any]:
        """The user is the one whose key is given."""
        keys = users.keys
        if keys is None:
            return []
        given: list[Any] = [
            bindparam(name, type_=each.type) for name, each in zip(keys.names, keys.columns, strict=True)
        ]
        if session_id is not None and self.engine.dialect.name in ("mysql", "mariadb"):
            # names both sides: of a condition that names one, their compiler says that it joins all to everything
            given = [case((session_id.is_not(None), each)) for each in given]
        return [
            column == each for column, each in zip(keys.columns, given, strict=True)
        ]  # which PostgreSQL plans faster

    def _loaded_with_it(self, model: Any) -> list[Any]:
        """The hash of the password, also where the host's model leaves it until it is asked for."""
        columns = [column for column in self._password_columns() if issubclass(model, column.class_)]
        return [undefer(column) for column in columns if column.property.deferred]

    def _and_preferences(self, columns: list[Any], source: Any, user_key: Any) -> tuple[list[Any], Any]:
        """One join for all of them: what is found then comes once for each preference."""
        if not self._with_preferences():
            return columns, source
        table = self._tables.preference
        return [*columns, table.c.name, table.c.value], source.outerjoin(table, table.c.user_key == user_key)

    def _rows(self, session: Session, find: Find, values: Mapping[str, Any]) -> Sequence[Any]:
        if find.way is Way.ROWS:
            return self._read_along(session, find.statement, values).all()
        if find.way is Way.ALONE:
            return self._read(find.statement, values).all()
        found = self._read_user(session, find.statement, values)
        try:
            return (found.unique() if find.collections else found).all()
        except InvalidRequestError:  # the model loads a collection along with each user
            find.collections = True
            return self._read_user(session, find.statement, values).unique().all()

    def _admitted(self, since: LiveSince) -> Any:
        """The rows that ``since.admits(…)``: one rule for the check of a request and the list."""
        table = self._tables.session
        begun = table.c.created_at <= since.now + SKEW
        return and_(table.c.ended_at.is_(None), begun, self._within(since))

    def _within(self, since: LiveSince) -> Any:
        """Those of them that have not run out: what is pruned is the others."""
        table = self._tables.session
        limits: list[Any] = [table.c.remember_until.is_(None)]
        if since.created_at is not None:
            limits.append(table.c.created_at >= since.created_at)
        if since.last_seen_at is not None:
            limits.append(table.c.last_seen_at >= since.last_seen_at)
        # never NULL: its negation is what is pruned
        remembered = and_(table.c.remember_until.is_not(None), table.c.remember_until >= since.now)
        return or_(and_(*limits), remembered)


def _preferences(rows: Sequence[Any], width: int) -> dict[str, str]:
    return {row[width - 2]: row[width - 1] for row in rows if row[width - 2] is not None}


class Way(Enum):
    """How the user comes with the session: not at all, as the ORM loads one, or by the columns."""

    ALONE = 1
    ORM = 2
    ROWS = 3


class UserClass:
    """What is known of one class of users; nothing of what is no class of this database."""

    def __init__(self, mapper: Any) -> None:
        self.mapper = mapper
        self.keys = None if mapper is None else UserKeys(mapper)
        self.rows = UserRows(mapper) if mapper is not None and is_plain(mapper) else None
        self.finds: dict[Way, Find] = {}
        self.brings: dict[Way, Find] = {}
        self.tokens: dict[Way, Find] = {}
        self.named_tokens: dict[Way, Find] = {}

    def columns(self, way: Way) -> Sequence[Any]:
        if way is Way.ROWS and self.rows is not None:
            return self.rows.columns
        return [self.mapper.class_] if way is Way.ORM else []

    def source(self, way: Way) -> Any:
        return self.mapper.class_ if way is Way.ORM else self.mapper.local_table


class Find:
    """A statement that is built once, and what is known of it: columns of ours, and after so many (``width``) the
    user's."""

    def __init__(self, statement: Select[Any], width: int, way: Way, user_rows: UserRows | None) -> None:
        self.statement = statement.execution_options(autoflush=False) if way is Way.ORM else statement
        self.width = width
        self.way = way
        self.collections = False
        self._user_rows = user_rows

    def user_of(self, row: Any, session: Session) -> Any:
        if self._user_rows is not None:
            return self._user_rows.bring(session, row[self.width :])
        return row[self.width] if self.way is Way.ORM else None
