"""Users out of the rows of a plain statement: what the ORM would make of them, at half of its cost.

A mapped object that nobody but SQLAlchemy has a part in loading is its columns, the key that the session knows it by,
and no more. Where anybody else has a part (a listener, a base class, something that is loaded along with it), the ORM
loads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import ColumnProperty, Mapper, RelationshipProperty, Session, make_transient_to_detached

from .user_at_hand import has_listeners

#: How a relationship is loaded that is not loaded along with its object.
_LEFT_ALONE = ("select", True, "dynamic", "write_only", "raise", "raise_on_sql")


class UserRows:
    """Of one class of users, which :func:`is_plain`."""

    def __init__(self, mapper: Mapper[Any]) -> None:
        properties = list(mapper.column_attrs)
        self.columns = [each.columns[0] for each in properties]
        self._names = [each.key for each in properties]
        self._mapper, self._manager = mapper, mapper.class_manager

    def may_bring(self, session: Session) -> bool:
        """Whether it makes no difference to anybody, at this moment."""
        heard: Any = session.dispatch
        if self._manager.dispatch.load or heard.loaded_as_persistent or has_listeners(heard.do_orm_execute):
            return False
        return not (heard.before_attach or heard.after_attach or heard.detached_to_persistent)

    def is_held(self, session: Session, identity: tuple[Any, ...]) -> bool:
        """Whether the session has that user already: then nobody else is brought in their place."""
        held = session.identity_map
        return len(held) > 0 and self._mapper.identity_key_from_primary_key(identity) in held

    def bring(self, session: Session, values: Sequence[Any]) -> Any:
        """The user of a row that is this class's ``columns``, loaded into the session."""
        user = self._manager.new_instance()
        vars(user).update(zip(self._names, values, strict=True))
        make_transient_to_detached(user)
        session.add(user)
        return user


def is_plain(mapper: Mapper[Any]) -> bool:
    """Whether an object of that class is its columns, and nothing is loaded with it or instead of it."""
    return more_than_columns(mapper) is None


def more_than_columns(mapper: Mapper[Any]) -> str | None:
    """What there is to be loaded besides or instead, in words; None: nothing."""
    if mapper.polymorphic_on is not None or mapper.inherits is not None:
        return "its class has a base or subclasses that are mapped"
    if mapper.always_refresh or not isinstance(mapper.persist_selectable, Table):
        return "it is mapped to more than a table"
    names = [each.key for each in mapper.attrs if not _is_left_alone(each)] + list(mapper.composites.keys())
    return f"{', '.join(names)}: loaded along, deferred, computed or composite" if names else None


def _is_left_alone(attribute: Any) -> bool:
    if isinstance(attribute, ColumnProperty):
        own = attribute.parent.persist_selectable.c
        return not attribute.deferred and len(attribute.columns) == 1 and attribute.columns[0] in own.values()
    return not isinstance(attribute, RelationshipProperty) or attribute.lazy in _LEFT_ALONE
