"""Finding users for an administrator, and how many there are."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import String, func, inspect, literal, or_, select, type_coerce
from sqlalchemy.exc import DataError

from .columns import bound
from .text import storable
from .user_fields import UserFields

_log = logging.getLogger(__name__)

#: What a column's type raises of a value in the row that the host's model does not know.
_NOT_READ = (TypeError, ValueError, ArithmeticError, LookupError)
#: What people sign in with, and an administrator may know them by, besides the key.
HANDLES = ("username", "email")
#: What else they may be called; the parts of a full name.
NAMES = ("name", "full_name", "display_name")
FULL_NAME = (("first_name", "given_name"), ("last_name", "family_name"))
#: Beyond that nothing is counted: a page does not wait for it.
MOST_COUNTED = 10_001
#: No key, user name or address is longer.
_LONGEST_HANDLE = 320
#: Words of what is looked for: each is one more condition.
_MOST_WORDS = 5


class UserSearch(UserFields):
    """The part of :class:`~.users.Users` that finds them."""

    def key(self, user: Any) -> str:
        """See :meth:`Users.key`."""
        raise NotImplementedError

    def load(self, key: str) -> Any | None:
        """See :meth:`Users.load`."""
        raise NotImplementedError

    def classes(self) -> list[type[Any]]:
        """See :meth:`~.user_classes.UserClasses.classes`."""
        raise NotImplementedError

    def find(self, text: str) -> Any | None:
        """The user whom an administrator means: by :meth:`key`, else by exact user name or e-mail address.

        :param text: what was typed.
        :returns: the user; None for whatever else is typed, for what two users may be known by (a user name may be
            another one's address), and for a user whom the host's model cannot read.
        """
        text = text.strip()
        if not text or len(text) > _LONGEST_HANDLE or not storable(text):
            return None
        user = self._with_key(text)
        if user is not None:
            return user
        try:
            return self._with_handle(text)
        except _NOT_READ as error:  # nor anybody else: it may be who was meant
            _log.error("A user who was looked for by name or address cannot be read: %s", type(error).__name__)
            return None

    def _with_key(self, text: str) -> Any | None:
        try:
            user = self.load(text)
        except _NOT_READ:  # "ana" for the number that user_loader expects
            return None
        except DataError:  # a number greater than the column takes, which leaves the transaction unusable
            self._db.session.rollback()
            return None
        return user if user is not None and self.key(user) == text else None

    def _with_handle(self, text: str) -> Any | None:
        """Nobody where one user is called as another one's address is written: at sign-up anybody can be."""
        people = {self.key(user): user for model in self.classes() for user in self._known_as(model, text)}
        return people.popitem()[1] if len(people) == 1 else None

    def _known_as(self, model: type[Any], text: str) -> Sequence[Any]:
        columns = {name: column for name in HANDLES if (column := self._column(model, name)[0]) is not None}
        columns = {name: column for name, column in columns.items() if self._takes(model, column, text)}
        if not columns:
            return []
        found = self._where(model, or_(*(column == text for column in columns.values())), limit=3)
        may_be_address = "email" in columns and (not found or "@" in text)
        if may_be_address and all(self.get(user, "email") != text for user in found):
            # nobody's address differs from another's by that
            found = [*found, *self._where(model, func.lower(columns["email"]) == text.lower(), limit=2)]
        return found

    def _takes(self, model: type[Any], column: Any, text: str) -> bool:
        """Whether the column's type hands the text to the database: one for addresses may refuse what is none."""
        try:
            bound(column.type, text, self._db.session.get_bind(mapper=inspect(model)).dialect)
        except Exception:  # whatever a type of the host's makes of it
            return False
        return True

    def _column(self, model: type[Any], field: str) -> tuple[Any, str | None]:
        """The column of that class of users that has the field, and the kind of its values; None: there is none."""
        source = self._fields.get(field, field)
        if not isinstance(source, str) or "." in source:
            return None, None
        attribute = self.describe(model, field)
        if attribute is None or attribute.type is None:
            return None, None
        return getattr(model, source), attribute.kind

    def _where(self, model: type[Any], *conditions: Any, limit: int) -> Sequence[Any]:
        found = self._db.session.scalars(select(model).where(*conditions).limit(limit))
        return found.unique().all()  # type: ignore[no-any-return]  # it may load a collection along with each

    def _readable(self, model: type[Any], *conditions: Any, limit: int) -> Sequence[Any]:
        """Of those, the ones whom the host's model can read: each by itself, where one breaks the list."""
        session, found = self._db.session, []
        keys = select(*inspect(model).primary_key).where(*conditions).limit(limit)
        for key in session.execute(keys).all():
            with suppress(*_NOT_READ):
                found.append(session.get(model, tuple(key)))
        return [user for user in found if user is not None]

    def search(self, text: str, limit: int) -> Sequence[Any]:
        """Users who have each word of it somewhere in their names or their e-mail address, in any case.

        :param text: what was typed.
        :param limit: how many at most.
        :returns: users, the one whom :meth:`find` finds first.
        """
        exact, words = self.find(text), text.split()[:_MOST_WORDS]
        first = [] if exact is None else [exact]
        if not words or len(text) > _LONGEST_HANDLE or not storable(text):
            return first
        found = [user for model in self.classes() for user in self._having(model, words, limit)]
        return [*first, *(user for user in found if user is not exact)][:limit]

    def _having(self, model: type[Any], words: Sequence[str], limit: int) -> Sequence[Any]:
        """Those of one class who have each of the words."""
        columns = list(self._searched(model))
        if not columns:
            return []
        conditions = [or_(*(_has(column, word) for column in columns)) for word in words]
        try:
            return self._where(model, *conditions, limit=limit)
        except _NOT_READ as error:
            _log.error("A user who is found by name or address cannot be read: %s", type(error).__name__)
            return self._readable(model, *conditions, limit=limit)

    def _searched(self, model: type[Any]) -> Iterator[Any]:
        """The columns with what somebody may be known by."""
        for field in (*HANDLES, *NAMES, *(name for pair in FULL_NAME for name in pair)):
            column, kind = self._column(model, field)
            if column is not None and kind in ("text", "lines"):
                # as text, whatever a type of the host's would make of a part of its values
                yield type_coerce(column, String())

    def count(self) -> int | None:
        """How many users there are.

        :returns: no more than 10,000; None where their class is not known.
        """
        if self.model is None:
            return None
        some = select(literal(1).label("one")).select_from(self.model).limit(MOST_COUNTED).subquery()
        number: int = self._db.session.scalar(select(func.count()).select_from(some))
        return number


def _has(column: Any, word: str) -> Any:
    """SQLite folds the case of English letters alone."""
    spelt = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    return or_(*(column.icontains(each, autoescape=True) for each in sorted(spelt)))
