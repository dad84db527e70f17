"""One query less where the host's user_loader asks by a query.

It wants the user with this e-mail address, or this token, or this key. That very user has just been read, with the
session, and is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Select, event, inspect
from sqlalchemy.sql.operators import eq


class AtHand:
    """The user, and the login id that the host's loader has been given."""

    def __init__(self, user: Any, login_id: str) -> None:
        self.user = user
        self.login_id = login_id
        #: Whether it has asked anything.
        self.is_asked = False


_at_hand: ContextVar[AtHand | None] = ContextVar("flask_myprofile_user_at_hand", default=None)
#: Of a class, what its query results in, without a row.
_results: WeakKeyDictionary[type[Any], Any] = WeakKeyDictionary()
#: And what it calls the columns of its table.
_names: WeakKeyDictionary[type[Any], dict[tuple[str, str], str]] = WeakKeyDictionary()


@contextmanager
def at_hand(session: Any, user: Any, login_id: str) -> Iterator[AtHand]:
    """Within this, the loader is asking."""
    if not event.contains(session, "do_orm_execute", _answer):
        event.listen(session, "do_orm_execute", _answer)
    known = AtHand(user, login_id)
    token = _at_hand.set(known)
    try:
        yield known
    finally:
        _at_hand.reset(token)


def has_listeners(session: Any) -> bool:
    """Whether anybody else has a say in what is asked of that session."""
    return any(listener is not _answer for listener in session.dispatch.do_orm_execute)


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
    where: Any = statement.whereclause
    value = getattr(where, "right", None)
    if getattr(where, "operator", None) is not eq or not isinstance(value, BindParameter):
        return False
    sought, name = value.effective_value, _name_in(state.mapper, where.left)
    column = state.mapper.columns.get(name)
    if column is None or not (column.unique or column.primary_key or str(sought) == login_id):
        return False
    return _has(state, name, sought) and _is_plain(statement, user)


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


def _is_plain(statement: Select[Any], user: Any) -> bool:
    """With nothing else in it but that it is enough to find one, as ``first()`` says."""
    described = statement.column_descriptions
    if len(described) != 1 or not isinstance(described[0]["expr"], type) or not isinstance(user, described[0]["expr"]):
        return False
    table, where, *others = statement.get_children()
    # the table once more, which it is selected from
    left = [each for each in others if not (isinstance(each, BindParameter) and each.value == 1)]
    return where is statement.whereclause and len(left) == 1 and str(left[0]) == str(table)
