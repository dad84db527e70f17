"""Which password a user has: told from the ones before and after it, without knowing it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import bindparam, inspect, select

from ..store.primary import at_this_moment
from ..store.user_keys import UserKeys
from .password_methods import Checker, Writer, is_as_written
from .user_passwords import HASHES, UserPasswords


class PasswordMarks(UserPasswords):
    """The part of :class:`~.users.Users` that tells passwords apart by their stored hashes."""

    def __init__(self, password: str | None, check: Checker | None, write: Writer | None) -> None:
        super().__init__(password, check, write)
        self._db: Any = None
        self._loaded_hashes: dict[type[Any], str] = {}
        self._hash_questions: dict[type[Any], tuple[Any, UserKeys] | None] = {}

    def key(self, user: Any) -> str:
        """See :meth:`Users.key`."""
        raise NotImplementedError

    def models(self) -> list[type[Any]]:
        """See :meth:`Users.models`."""
        raise NotImplementedError

    def password_mark(self, user: Any) -> str | None:
        """Tells the user's password from the ones before and after it, and nothing else; None where no hash of it can
        be read. A digest of the stored hash, which is salted: it needs no key, and so outlives a new one."""
        name, loaded = self._hash_column(type(user)), getattr(user, "__dict__", {})
        if name in loaded:
            return self.mark_of(user, loaded[name])
        try:
            column = self._columns_of(user).get(self._hash_name(user) or "")
            stored = self.stored_hash(user) if is_as_written(column) else None
        except Exception:  # whatever the host's user makes of it, nobody's sign-in fails for this
            return None
        return self.mark_of(user, stored)

    def mark_of(self, user: Any, stored: Any) -> str | None:
        """The same for that hash."""
        return self.mark_of_key(self.key(user), stored)

    @staticmethod
    def mark_of_key(user_key: str, stored: Any) -> str | None:
        """The same where only the key of the user is at hand."""
        # as text or bytes, and filled up with blanks or not, as the column may give it back
        content = stored.encode(errors="backslashreplace") if isinstance(stored, str) else stored
        if not isinstance(content, bytes) or not (content := content.rstrip()):
            return None
        return hashlib.sha256(b"password\x00%b\x00%b" % (user_key.encode(), content)).hexdigest()

    def has_other_password(self, user: Any, user_key: str, mark: str) -> bool:
        """Whether the hash that has been loaded with the user is of another password than that :meth:`password_mark`.
        False where none has: nothing is to be read here, which is asked at each request. But for a column that only a
        subclass has: whoever asks for the class of all users never loads it."""
        name, loaded = self._hash_column(type(user)), getattr(user, "__dict__", {})
        if name not in loaded and not self._is_of_subclass(type(user), name):
            return False
        return self.mark_of_key(user_key, getattr(user, name)) != mark

    def is_hash_loaded(self, user: Any) -> bool:
        """Whether the hash is loaded with users of that class: see :meth:`has_other_password`."""
        return bool(self._hash_column(type(user)))

    def _hash_column(self, model: type[Any]) -> str:
        """Where the hash is kept, if that is a column of the class; else empty."""
        name = self._loaded_hashes.get(model)
        if name is None:
            columns = self.password_columns() if type(self).stored_hash is UserPasswords.stored_hash else ()
            names = [column.key for column in columns if issubclass(model, column.class_)]
            name = self._loaded_hashes[model] = names[0] if names else ""
        return name

    def has_password_changed(self, user: Any, marks: Collection[str]) -> bool:
        """Whether the user has none of these :meth:`password_mark` any more, as the database has it at this moment."""
        state = inspect(user, raiseerr=False)
        if not marks or self._db is None or getattr(state, "identity", None) is None:
            return False
        with at_this_moment(self._db, state.mapper) as now:
            if (asked := self._ask_for_hash(state.mapper)) is not None:
                question, keys = asked
                row = now.execute(question, keys.values(state.identity)).first()
                return row is not None and self.mark_of(user, row[0]) not in marks
            found = now.get(state.class_, state.identity)
            return found is not None and self.password_mark(found) not in marks

    def _ask_for_hash(self, mapper: Any) -> tuple[Any, UserKeys] | None:
        """The question for the hash alone, of the user with these keys, made once; None where it takes the whole user
        to tell."""
        model = mapper.class_
        if model not in self._hash_questions:
            name, keys = self._hash_column(model), UserKeys(mapper)
            which = [column == bindparam(key) for column, key in zip(keys.columns, keys.names, strict=True)]
            self._hash_questions[model] = (select(getattr(model, name)).where(*which), keys) if name else None
        return self._hash_questions[model]

    @staticmethod
    def _is_of_subclass(model: type[Any], name: str) -> bool:
        base = inspect(model).base_mapper if name else None
        return base is not None and name not in base.column_attrs

    def password_columns(self) -> Iterator[Any]:
        """Where the hash is kept: the mapped attribute, of each class of users, or of those subclasses that have it."""
        mappers = [inspect(model, raiseerr=False) for model in self.models()]
        for mapper in [each for base in mappers if base is not None for each in base.self_and_descendants]:
            name = next((name for name in (self._password, *HASHES) if name in mapper.column_attrs), None)
            if name is None or self._password not in (None, name):
                continue
            is_inherited = mapper.inherits is not None and name in mapper.inherits.column_attrs
            if not is_inherited and is_as_written(mapper.column_attrs[name].columns[0]):
                yield getattr(mapper.class_, name)
