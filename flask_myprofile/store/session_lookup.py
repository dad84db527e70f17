"""The query that every signed-in request asks: is this session live, and who is its user?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Select, and_, bindparam, case, inspect, literal_column, or_, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import undefer

from .database import Database
from .records import SKEW, Found, LiveSince
from .tables import Tables
from .user_keys import UserKeys


class SessionLookup(Database):
    """Finds the live session of a request, and its user in the same query.

    :param user_model: the host's user class, or None where it has not one, or its key is not its primary key.
    :param password_columns: where its password hashes are, which are looked at with each request.
    :param with_preferences: whether each page needs the user's preferences, which then come with the session.
    :param knows_model: whether the class has been found, which may be with the first user only; asked at each request.
    """

    def __init__(
        self,
        db: SQLAlchemy,
        tables: Tables,
        *,
        user_model: Callable[[], Any],
        password_columns: Callable[[], Iterable[Any]] = tuple,
        with_preferences: Callable[[], bool],
        knows_model: Callable[[], bool] = bool,
        **ways: Any,
    ) -> None:
        super().__init__(db, tables, **ways)
        self._user_model = user_model
        self._password_columns = password_columns
        self._with_preferences = with_preferences
        self._finds: dict[bool, _Find] = {}
        self._knows_model = knows_model
        self._looked: bool | None = None
        self._found_keys: UserKeys | None = None

    def find_live(self, session_id: str, login_id: str, since: LiveSince, user_key: str | None = None) -> Found | None:
        """The live session and, in the same query, the user whose key it has.

        The user lands in the identity map of ``db.session``, so the host's user_loader finds it there and asks the
        database nothing: knowing whether a session was signed out then costs no query of its own.
        """
        key = login_id if user_key is None else user_key
        keys = self._keys
        identity = keys.identity(key) if keys is not None else None
        find = self._finds.get(identity is not None)
        if find is None:
            find = self._finds[identity is not None] = self._find_statement(since, with_user=identity is not None)
        created_at, last_seen_at, now = since
        values = {
            "id": session_id,
            "login_id": login_id,
            "created_at": created_at,
            "last_seen_at": last_seen_at,
            "now": now,
        }
        if keys is not None and identity is not None:
            values.update(zip(keys.names, identity, strict=True))
        rows = self._rows(find, values)
        if not rows:
            return None
        user, first = (rows[0][0], rows[0][1:]) if find.has_user else (None, rows[0])
        whose, secret_hash, seen, mark, *chosen = first
        if user is not None and whose != key:  # not asked of the database: PostgreSQL would plan for another index
            return None
        return Found(secret_hash, seen, whose, mark, user, _preferences(rows) if chosen else None)

    def _find_statement(self, since: LiveSince, *, with_user: bool) -> _Find:
        table, model = self._tables.session, self._user_model()
        limits: Any = LiveSince._make(limit and bindparam(name) for name, limit in since._asdict().items())
        needed = [table.c.user_key, table.c.secret_hash, table.c.last_seen_at, table.c.password_mark]
        columns, source = self._and_preferences(needed, table, table.c.user_key)
        found: Any = select(*([model] if with_user else []), *columns).select_from(source)
        whose = [table.c.id == bindparam("id"), table.c.login_id == bindparam("login_id")]
        if with_user:
            found = found.join(model, and_(*self._is_key(table.c.id))).options(*self._loaded_with_it())
        return _Find(found.where(*whose, self._admitted(limits)), with_user)

    def _is_key(self, session_id: Any = None) -> list[Any]:
        """The user is the one whose key is given."""
        keys = self._keys
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

    def _loaded_with_it(self) -> list[Any]:
        """The hash of the password, also where the host's model leaves it until it is asked for."""
        return [undefer(column) for column in self._password_columns() if column.property.deferred]

    def find_user(self, user_key: str) -> tuple[Any, Mapping[str, str] | None] | None:
        """The user and their preferences in one query, for sessions that are kept elsewhere. None where there is no
        such user; and nobody where that is not for this query to say."""
        keys = self._keys
        identity = keys.identity(user_key) if keys is not None else None
        if keys is None or identity is None:
            return None, None
        rows = self._rows(self._bring, {"user_key": user_key, **dict(zip(keys.names, identity, strict=True))})
        return (rows[0][0], _preferences(rows) if len(rows[0]) > 1 else None) if rows else None

    @cached_property
    def _bring(self) -> _Find:
        model = self._user_model()
        columns, source = self._and_preferences([], inspect(model).selectable, bindparam("user_key"))
        found = select(model, *columns).select_from(source).options(*self._loaded_with_it())
        return _Find(found.where(*self._is_key()), True)

    def _and_preferences(self, columns: list[Any], source: Any, user_key: Any) -> tuple[list[Any], Any]:
        """One join for all of them: what is found then comes once for each preference."""
        if not self._with_preferences():
            return columns, source
        table = self._tables.preference
        return [*columns, table.c.name, table.c.value], source.outerjoin(table, table.c.user_key == user_key)

    @property
    def _keys(self) -> UserKeys | None:
        """The keys of the user model, where one query can ask for users and sessions; else None."""
        knows = self._knows_model()
        if self._found_keys is None and self._looked is not knows:  # the model may become known only with a user
            self._looked, self._found_keys = knows, self._look_for_keys()
        return self._found_keys

    def _look_for_keys(self) -> UserKeys | None:
        model = self._user_model()
        mapper = inspect(model) if model is not None else None
        if mapper is None or self._db.session.get_bind(mapper=mapper) is not self.engine:
            return None
        return UserKeys(mapper)

    def _rows(self, find: _Find, values: Mapping[str, Any]) -> Sequence[Any]:
        if not find.has_user:
            return self._read(find.statement, values).all()
        found = self._read_user(find.statement, values)
        try:
            return (found.unique() if find.collections else found).all()
        except InvalidRequestError:  # the model loads a collection along with each user
            find.collections = True
            return self._read_user(find.statement, values).unique().all()

    def _admitted(self, since: LiveSince) -> Any:
        """The rows that ``since.admits(…)``: one rule for the check of a request and the list."""
        table = self._tables.session
        begun = table.c.created_at - literal_column(str(SKEW)) <= since.now
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


def _preferences(rows: Sequence[Any]) -> dict[str, str]:
    return {name: value for *_, name, value in rows if name is not None}


class _Find:
    """A statement that is built once, and what is known of it."""

    def __init__(self, statement: Select[Any], has_user: bool) -> None:
        self.statement = statement.execution_options(autoflush=False)
        self.has_user = has_user
        self.collections = False
