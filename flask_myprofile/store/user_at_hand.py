"""One query less where the host's user_loader asks by a query.

It wants the user with this e-mail address, or this token, or this key. That very user has just been read, with the
session, and is the answer.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import BindParameter, FromClause, Select, event, inspect
from sqlalchemy.orm import object_session
from sqlalchemy.sql.operators import eq


class AtHand:
    """Within this, the host's loader is asking: for the user who is known by that login id, and has just been read."""

    def __init__(self, session: Any, user: Any, login_id: str) -> None:
        if session not in _listened_to:
            event.listen(session, "do_orm_execute", _answer)
            _listened_to.add(session)
        self.user = user
        self.login_id = login_id
        #: Whether it has asked anything.
        self.is_asked = False

    def __enter__(self) -> AtHand:
        self._token = _at_hand.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        _at_hand.reset(self._token)


#: The sessions of apps, as their hosts name them: ``db.session``.
_listened_to: WeakSet[Any] = WeakSet()
_at_hand: ContextVar[AtHand | None] = ContextVar("flask_myprofile_user_at_hand", default=None)
#: What is known of a class of users.
_classes: WeakKeyDictionary[type[Any], _UserTable] = WeakKeyDictionary()


class _UserTable:
    """Of one class of users."""

    def __init__(self, mapper: Any) -> None:
        own = mapper.local_table.name
        #: What it calls the columns of its table, and whether one user at most has a value there.
        self.names = {
            (own, each.key): (name, bool(each.unique or each.primary_key))
            for name, each in mapper.columns.items()
            if each.table.name == own
        }
        #: What a query for it results in, without a row.
        self.result: Any = None


def has_listeners(heard: Any) -> bool:
    """Whether anybody else has a say in what is asked of a session, of those who are heard before it is."""
    return bool(heard) and (len(heard) > 1 or _answer not in heard)


def _answer(asked: Any) -> Any:
    """The result of the query, if it is that question and no other."""
    known = _at_hand.get()
    if known is None:
        return None
    known.is_asked, user = True, known.user
    users = _classes.get(type(user)) or _look_at(user)
    if not _asks_for(asked, user, users, known.login_id):
        return None
    if users.result is not None:
        return users.result.with_new_rows([(user,)])()
    frozen = asked.invoke_statement().freeze()  # once, for its form
    users.result = frozen.with_new_rows([])
    return frozen()


def _look_at(user: Any) -> _UserTable:
    users = _classes[type(user)] = _UserTable(inspect(user).mapper)
    return users


def _asks_for(asked: Any, user: Any, users: _UserTable, login_id: str) -> bool:
    """Whether it selects one class by one condition, which is that a column has what this user has there."""
    statement = asked.statement
    if not isinstance(statement, Select) or object_session(user) is not asked.session:
        return False
    if asked.user_defined_options or "populate_existing" in asked.execution_options:
        return False
    where = _only_condition(statement, user)
    value = getattr(where, "right", None)
    if getattr(where, "operator", None) is not eq or not isinstance(value, BindParameter):
        return False
    column, sought = where.left, value.effective_value
    # not looked for among the columns: to compare two of them makes an expression
    place = (getattr(getattr(column, "table", None), "name", ""), getattr(column, "key", ""))
    name, is_key = users.names.get(place, ("", False))
    loaded = vars(user).get(name)
    return (is_key or str(sought) == login_id) and loaded is not None and bool(loaded == sought)


def _only_condition(statement: Select[Any], user: Any) -> Any:
    """That of a query for one class, which the user is of. None where there is anything else in it, but that one user
    is enough, as ``first()`` says."""
    parts: list[Any] = list(statement.get_children())
    if len(parts) == 4 and isinstance(parts[2], BindParameter) and parts[2].value == 1:
        del parts[2]
    if len(parts) != 3:  # the class, the condition, and the table once more, which it is selected from
        return None
    sought, where, table = parts
    kind: Any = sought.entity_namespace if isinstance(sought, FromClause) else None
    is_theirs = isinstance(kind, type) and isinstance(user, kind)
    return where if is_theirs and str(table) == str(sought) else None
