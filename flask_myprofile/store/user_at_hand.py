"""One query less where the host's user_loader asks by a query.

It wants the user with this e-mail address, or this token, or this key. That very user has just been read, with the
session, and is the answer.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import BindParameter, FromClause, Select, event, inspect
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
#: Of a class, what its query results in, without a row.
_results: WeakKeyDictionary[type[Any], Any] = WeakKeyDictionary()
#: And what it calls the columns of its table.
_names: WeakKeyDictionary[type[Any], dict[tuple[str, str], str]] = WeakKeyDictionary()


def has_listeners(session: Any) -> bool:
    """Whether anybody else has a say in what is asked of that session."""
    heard = session.dispatch.do_orm_execute
    return bool(heard) and (len(heard) > 1 or _answer not in heard)


def _answer(asked: Any) -> Any:
    """The result of the query, if it is that question and no other."""
    known = _at_hand.get()
    if known is None:
        return None
    known.is_asked, user = True, known.user
    if not _asks_for(asked, user, known.login_id):
        return None
    result = _results.get(type(user))
    if result is not None:
        return result.with_new_rows([(user,)])()
    frozen = asked.invoke_statement().freeze()  # once, for its form
    _results[type(user)] = frozen.with_new_rows([])
    return frozen()


def _asks_for(asked: Any, user: Any, login_id: str) -> bool:
    """Whether it selects one class by one condition, which is that a column has what this user has there."""
    statement, state = asked.statement, inspect(user)
    if not isinstance(statement, Select) or state.session is not asked.session:
        return False
    if asked.user_defined_options or "populate_existing" in asked.execution_options:
        return False
    where = _only_condition(statement, user)
    value = getattr(where, "right", None)
    if getattr(where, "operator", None) is not eq or not isinstance(value, BindParameter):
        return False
    sought, name = value.effective_value, _name_in(state.mapper, where.left)
    column = state.mapper.columns.get(name)
    if column is None or not (column.unique or column.primary_key or str(sought) == login_id):
        return False
    return _has(state, name, sought)


def _only_condition(statement: Select[Any], user: Any) -> Any:
    """That of a query for one class, which the user is of. None where there is anything else in it, but that one user
    is enough, as ``first()`` says."""
    parts: list[Any] = [
        each for each in statement.get_children() if not (isinstance(each, BindParameter) and each.value == 1)
    ]
    if len(parts) != 3:  # the class, the condition, and the table once more, which it is selected from
        return None
    sought, where, table = parts
    kind: Any = sought.entity_namespace if isinstance(sought, FromClause) else None
    is_theirs = isinstance(kind, type) and isinstance(user, kind)
    return where if is_theirs and str(table) == str(sought) else None


def _name_in(mapper: Any, column: Any) -> str:
    """What the class calls the column; empty where it is another table's."""
    names = _names.get(mapper.class_)
    if names is None:  # not looked for among the columns: to compare two of them makes an expression
        own = mapper.local_table.name
        names = {(own, each.key): name for name, each in mapper.columns.items() if each.table.name == own}
        _names[mapper.class_] = names
    return names.get((getattr(getattr(column, "table", None), "name", ""), getattr(column, "key", "")), "")


def _has(state: Any, name: str, sought: Any) -> bool:
    loaded = state.dict.get(name)
    return loaded is not None and bool(loaded == sought)
