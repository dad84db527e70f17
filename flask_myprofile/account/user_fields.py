"""The fields of a host's user: what is known of each, where it is kept, and what the database has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, inspect, select

from .addresses import is_same_address
from .attributes import Source, holder_of
from .columns import Attribute, describe, of_column
from .host_code import read_to_show
from .row_lock import lock_row


class UserFields:
    """The part of :class:`~.users.Users` that knows the fields."""

    def __init__(self, fields: Mapping[str, Source]) -> None:
        self._fields = dict(fields)
        self._described: dict[type[Any], dict[str, Attribute | None]] = {}
        self._db: Any = None

    @property
    def model(self) -> type[Any] | None:
        """See :attr:`Users.model`."""
        raise NotImplementedError

    def fields_of_model(self) -> dict[str, Any]:
        """See :meth:`Users.fields_of_model`."""
        raise NotImplementedError

    def get(self, user: Any, field: str) -> Any:
        """See :meth:`Users.get`."""
        raise NotImplementedError

    def shown(self, user: Any, field: str, otherwise: Any = None) -> Any:
        """Read a field to show it, which takes no page along where the host's code cannot read it.

        :param otherwise: what to answer then; the log says which field.
        """
        return read_to_show(field, lambda: self.get(user, field), otherwise)

    def is_placed(self, field: str) -> bool:
        """Whether the host has said where it is."""
        return field in self._fields

    def describe(self, model: type[Any], field: str) -> Attribute | None:
        """What is known of a field of that class of users: the kind of its values, and whether it can be written; None:
        there is no such field."""
        known = self._described.setdefault(model, {})
        if field not in known:
            found = describe(model, self._fields.get(field, field))
            known[field] = found if found is not None or field in self._fields else self._described_elsewhere(field)
        return known[field]

    def _described_elsewhere(self, field: str) -> Attribute | None:
        """By a subclass that knows fields which the class does not have."""
        others = self.fields_of_model()
        column = others.get(field)
        return of_column(column) if column is not None else Attribute(is_mapped=True) if field in others else None

    def class_of(self, user: Any) -> type[Any]:
        """The class that the user is of, or that something which stands for a user would be of."""
        own = type(user)
        return own if self.model is None or inspect(own, raiseerr=False) is not None else self.model

    def has_place(self, user: Any, field: str) -> bool:
        """Whether there is an object to write it to: a path may end before."""
        holder, _ = self._place(user, field)
        state = inspect(holder, raiseerr=False)
        return holder is not None and (state is None or self._db is None or holder in self._db.session)

    def lock(self, user: Any, field: str) -> Any:
        """Keep everybody else from changing a field until the transaction ends; its value as it is now."""
        holder, key = self._place(user, field)
        if holder is not None:
            lock_row(holder, key)
        return self.get(user, field)

    def flush(self) -> None:
        """Send to the database what was set, so that it says at once what it thinks of that."""
        self._db.session.flush()

    def reread(self, user: Any, field: str) -> Any:
        """The value that the database has."""
        holder, _ = self._place(user, field)
        if (state := inspect(holder, raiseerr=False)) is not None and state.persistent:
            state.session.expire(holder)
        return self.get(user, field)

    def _place(self, user: Any, field: str) -> tuple[Any, str]:
        """The object that has it, and under which mapped name."""
        source = self._fields.get(field, field)
        if callable(source):
            return None, ""
        attribute = self.describe(self.class_of(user), field)
        return holder_of(user, source), (attribute.key if attribute else "") or source.rpartition(".")[2]

    def is_address_taken(self, user: Any, field: str, address: str, *, in_any_case: bool = False) -> bool:
        """Whether somebody else has this e-mail address, however theirs is written.

        :param in_any_case: also before the @, where letters of another case may be another mailbox, and hardly are.
        """
        source, state = self._fields.get(field, field), inspect(user, raiseerr=False)
        if not isinstance(source, str) or "." in source or state is None:
            return False
        column, mapper = getattr(state.class_, source), state.mapper
        others = [own != value for own, value in zip(mapper.primary_key, state.identity or (), strict=False)]
        query = select(column).where(func.lower(column) == address.lower(), *others).limit(100)
        with self._db.session.no_autoflush:
            found = self._db.session.scalars(query).all()
        return bool(found) if in_any_case else any(is_same_address(each, address) for each in found)
