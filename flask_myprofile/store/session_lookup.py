"""The query that every signed-in request asks: is this session live, and who is its user?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Select, and_, bindparam, case, inspect, literal_column, or_, select
from sqlalchemy.exc import InvalidRequestError

from .database import Database
from .records import SKEW, Found, LiveSince
from .tables import Tables


class SessionLookup(Database):
    """Finds the live session of a request, and its user in the same query.

    :param user_model: the host's user class, or None where it has not one.
    :param with_preferences: whether each page needs the user's preferences, which then come with the session.
    """

    def __init__(
        self,
        db: SQLAlchemy,
        tables: Tables,
        *,
        user_model: Callable[[], Any],
        with_preferences: Callable[[], bool],
        **ways: Any,
    ) -> None:
        super().__init__(db, **ways)
        self._tables = tables
        self._user_model = user_model
        self._with_preferences = with_preferences
        self._find: _Find | None = None

    def find_live(self, session_id: str, login_id: str, since: LiveSince) -> Found | None:
        """The live session and, in the same query, the user whose key ``login_id`` is.

        The user lands in the identity map of ``db.session``, so the host's user_loader finds it there and asks the
        database nothing: knowing whether a session was signed out then costs no query of its own.
        """
        find = self._find
        if find is None:
            find = self._find = self._find_statement(since)
        created_at, last_seen_at, now = since
        values = {
            "id": session_id,
            "login_id": login_id,
            "key": find.key(login_id),
            "created_at": created_at,
            "last_seen_at": last_seen_at,
            "now": now,
        }
        rows = self._rows(find, values)
        if not rows:
            return None
        user, (secret_hash, seen, *chosen) = (rows[0][0], rows[0][1:]) if find.has_user else (None, rows[0])
        return Found(secret_hash, seen, user, _preferences(rows) if chosen else None)

    def _find_statement(self, since: LiveSince) -> _Find:
        table, model, key = self._tables.session, self._user_model(), self._user_key
        limits: Any = LiveSince._make(limit and bindparam(name) for name, limit in since._asdict().items())
        columns, source = self._and_preferences([table.c.secret_hash, table.c.last_seen_at], table, table.c.user_key)
        found: Any = select(*([model] if key is not None else []), *columns).select_from(source)
        if key is not None:
            found = found.join(model, self._is_key(key, table.c.id))
        whose = (table.c.id == bindparam("id"), table.c.login_id == bindparam("login_id"))
        return _Find(found.where(*whose, self._admitted(limits)), key)

    def _is_key(self, key: Any, session_id: Any) -> Any:
        given: Any = bindparam("key", type_=key.type)
        if self.engine.dialect.name in ("mysql", "mariadb"):
            # names both sides: of a condition that names one, their compiler says that it joins all to everything
            return key == case((session_id.is_not(None), given))
        return key == given  # which PostgreSQL plans faster, and it plans at every request

    def find_user(self, login_id: str, user_key: str) -> tuple[Any, Mapping[str, str] | None]:
        """The user and their preferences in one query, for sessions that are kept elsewhere."""
        bring = self._bring
        rows = self._rows(bring, {"key": bring.key(login_id), "user_key": user_key}) if bring is not None else ()
        if not rows:
            return None, None
        return rows[0][0], _preferences(rows) if len(rows[0]) > 1 else None

    @cached_property
    def _bring(self) -> _Find | None:
        model, key = self._user_model(), self._user_key
        if key is None:
            return None
        columns, source = self._and_preferences([], inspect(model).selectable, bindparam("user_key"))
        return _Find(select(model, *columns).select_from(source).where(key == bindparam("key", type_=key.type)), key)

    def _and_preferences(self, columns: list[Any], source: Any, user_key: Any) -> tuple[list[Any], Any]:
        """One join for all of them: what is found then comes once for each preference."""
        if not self._with_preferences():
            return columns, source
        table = self._tables.preference
        return [*columns, table.c.name, table.c.value], source.outerjoin(table, table.c.user_key == user_key)

    @cached_property
    def _user_key(self) -> Any:
        """The user model's primary key, where one query can ask for users and sessions; else None."""
        model = self._user_model()
        mapper = inspect(model) if model is not None else None
        if mapper is None or len(mapper.primary_key) != 1:
            return None
        return mapper.primary_key[0] if self._db.session.get_bind(mapper=mapper) is self.engine else None

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

    def __init__(self, statement: Select[Any], key: Any) -> None:
        self.statement = statement.execution_options(autoflush=False)
        self.has_user = key is not None
        self.collections = False
        self._key_type = key.type.python_type if key is not None else None

    def key(self, login_id: str) -> Any:
        """The login id as a primary key; None where it is an alternative token."""
        if self._key_type is None:
            return None
        try:
            return self._key_type(login_id)
        except (TypeError, ValueError):
            return None
