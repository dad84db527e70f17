"""Which mapped class users are of, and which of several a key belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import inspect

from ..store.primary import at_this_moment


class UserClasses:
    """The part of :class:`~.users.Users` that finds the host's user class.

    :param db: the app's ``db``; None before there is one.
    :param model: the class, where the host has named it.
    :param elsewhere: answers a class that is mapped apart from ``db.Model``, where there is none in there.
    """

    def __init__(
        self, db: Any, model: type[Any] | None, elsewhere: Callable[[], type[Any] | None] = lambda: None
    ) -> None:
        self._db = db
        self._model = model
        #: Where users are of several classes, by the names of their tables.
        self._classes: dict[str, type[Any]] = {}
        self._has_looked = False
        self._elsewhere = elsewhere

    @cached_property
    def keys_are_primary(self) -> bool:
        """See :attr:`Users.keys_are_primary`."""
        raise NotImplementedError

    @property
    def model(self) -> type[Any] | None:
        """The user class; None where the host's users are not one mapped class."""
        if self._model is None and self._db is not None and not self._classes:
            found = self._candidates()
            if len(found) == 1:
                self._model = found[0]
            elif found:  # there may be more of them later, but not fewer
                self._classes = self._by_table(found)
        return self._model

    def class_of_key(self, key: str) -> tuple[type[Any] | None, str]:
        """Of a :meth:`Users.key`, the class of the user who has it, and the primary key as text. No class where that
        cannot be told from it. Asked at each request."""
        if not self.keys_are_primary:
            return None, key
        if self._model is not None:
            return self._model, key
        if self._has_looked and not self._classes:
            return None, key
        self._has_looked = True  # in vain, perhaps: then a class is known once a user has been met
        return self._read_key(key)

    def only_class(self) -> type[Any] | None:
        """The class of all users, where :meth:`Users.key` is its primary key as text. Asked at each request."""
        if not self.keys_are_primary or (self._has_looked and self._model is None):
            return None
        self._has_looked = True
        return self.model

    def _read_key(self, key: str) -> tuple[type[Any] | None, str]:
        if self.model is not None or not self._classes:
            return self._model, key
        table, _, rest = key.partition(":")
        if table not in self._classes:
            self._classes = self._by_table(self._candidates())
        model = self._classes.get(table)
        return model, key if model is None else rest

    def _meet(self, user: Any) -> Any:
        """A host may map its users on a base of its own, which ``db.Model`` knows nothing of: the class is known once
        one of them has been seen."""
        state = inspect(user, raiseerr=False)
        is_known = self._model is not None or self._classes or self._db is None
        if not is_known and state is not None and not self._candidates():
            self._model = state.mapper.base_mapper.class_
        return state

    def _candidates(self) -> list[type[Any]]:
        wanted = ("is_authenticated", "is_active", "get_id")
        mappers = self._db.Model.registry.mappers
        found = [m.class_ for m in mappers if m.base_mapper is m and all(hasattr(m.class_, name) for name in wanted)]
        elsewhere = None if found else self._elsewhere()
        return found if elsewhere is None else [elsewhere]

    @staticmethod
    def _by_table(models: Iterable[type[Any]]) -> dict[str, type[Any]]:
        return {inspect(model).local_table.name: model for model in models}

    def classes(self) -> list[type[Any]]:
        """The class that all users are of, or their several classes; none where they are not known."""
        model = self.model  # which finds them
        return [model] if model is not None else list(self._classes.values())

    def models(self) -> list[type[Any]]:
        """The mapped classes whose objects may be users."""
        if self._model is not None:
            return [self._model]
        return self._candidates() if self._db is not None else []

    @contextmanager
    def as_stored(self, user: Any) -> Iterator[Any]:
        """The same user as the database has them at this moment; None: it has them no more. One of no mapped class is
        the host's own."""
        state = inspect(user, raiseerr=False)
        if self._db is None or getattr(state, "identity", None) is None:
            yield user
            return
        with at_this_moment(self._db, state.mapper) as now:
            yield now.get(state.class_, state.identity)
