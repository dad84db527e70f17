"""One query less where a login id is no primary key.

Such a host's user_loader asks ``db.session`` for the user with this e-mail address, or this token. That very user has
just been read, with the session, and is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Select, event, inspect
from sqlalchemy.sql.operators import eq

#: The user, and the login id that the host's loader has been given.
_at_hand: ContextVar[tuple[Any, str] | None] = ContextVar("flask_myprofile_user_at_hand", default=None)
#: Of a class, what its query results in, without a row.
_results: WeakKeyDictionary[type[Any], Any] = WeakKeyDictionary()


@contextmanager
def at_hand(session: Any, user: Any, login_id: str) -> Iterator[None]:
    """Within this, the loader is asking."""
    if not event.contains(session, "do_orm_execute", _answer):
        event.listen(session, "do_orm_execute", _answer)
    token = _at_hand.set((user, login_id))
    try:
        yield
    finally:
        _at_hand.reset(token)


def _answer(asked: Any) -> Any:
    """The result of the query, if it is that question and no other."""
    known = _at_hand.get()
    if known is None or not _asks_for(asked, *known):
        return None
    user = known[0]
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
    where: Any = statement.whereclause
    value = getattr(where, "right", None)
    if getattr(where, "operator", None) is not eq or not isinstance(value, BindParameter):
        return False
    sought, column = value.effective_value, state.mapper.columns.get(_name_in(state.mapper, where.left))
    if column is None or not (column.unique or column.primary_key or str(sought) == login_id):
        return False
    return _has(state, column, sought) and _is_plain(statement, user)


def _name_in(mapper: Any, column: Any) -> str:
    """What the class calls the column; empty where it is another table's."""
    own = mapper.local_table.c.get(getattr(column, "key", None) or "")
    is_own = own is not None and getattr(column, "table", None) is not None and column.table.name == own.table.name
    return mapper.get_property_by_column(own).key if is_own and own in mapper.columns.values() else ""


def _has(state: Any, column: Any, sought: Any) -> bool:
    loaded = state.dict.get(state.mapper.get_property_by_column(column).key)
    return loaded is not None and bool(loaded == sought)


def _is_plain(statement: Select[Any], user: Any) -> bool:
    """With nothing else in it but that it is enough to find one, as ``first()`` says."""
    described = statement.column_descriptions
    if len(described) != 1 or not isinstance(described[0]["expr"], type) or not isinstance(user, described[0]["expr"]):
        return False
    table, where, *others = statement.get_children()
    # the table once more, which it is selected from
    left = [each for each in others if not (isinstance(each, BindParameter) and each.value == 1)]
    return where is statement.whereclause and len(left) == 1 and str(left[0]) == str(table)
