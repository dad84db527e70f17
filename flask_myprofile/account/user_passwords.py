"""The password of a host's user: who checks it, who writes it, and how it is hashed where the model does not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from operator import eq
from typing import Any

from sqlalchemy import LargeBinary, inspect

from ..errors import MyProfileError
from . import hash_formats, hashing
from .attributes import read_attribute
from .columns import length_of
from .password_methods import Checker, Method, Writer, own_checker, own_writer
from .row_lock import lock_row

#: What the attribute with the hash may be called.
HASHES = ("password_hash", "hashed_password", "pw_hash", "_password", "password")
_MAP = "MyProfile(users=Users(check_password=…, set_password=…))"
_log = logging.getLogger(__name__)


class CannotCheck(MyProfileError):
    """Nobody here can tell whether a text is the password: its hash is of a format that is not known here, or whoever
    checks does not take it. No word on the text."""


class CannotWrite(MyProfileError):
    """Nobody here can set the password so that whoever checks it knows it. Nothing has been changed."""


class UserPasswords:
    """The part of :class:`~.users.Users` that reads and writes passwords."""

    _hash_method = hashing.SCRYPT

    def __init__(
        self, password: str | None, check_password: Checker | None = None, set_password: Writer | None = None
    ) -> None:
        self._password = password
        self._checker, self._writer = check_password, set_password
        self._of_library: Callable[[Any], tuple[Method, Method] | None] = lambda user: None

    def fields_of_model(self) -> dict[str, Any]:
        """See :meth:`Users.fields_of_model`."""
        raise NotImplementedError

    def max_length(self, field: str) -> int | None:
        """See :meth:`Users.max_length`."""
        raise NotImplementedError

    def update(self, user: Any, values: Mapping[str, Any]) -> None:
        """See :meth:`Users.update`."""
        raise NotImplementedError

    # ---- is it this one

    def has_password(self, user: Any) -> bool:
        """Whether there is a usable local password. "!" and "*" mark a hash that was made unusable.

        :param user: whose.
        :returns: whether there is one.
        """
        checks_itself = self._own_check(user) is not None
        if self._hash_name(user) is None:
            return checks_itself
        # a model that checks by itself knows its own format
        return (hash_formats.is_usable if checks_itself else hash_formats.is_hash)(self.stored_hash(user))

    def can_check_password(self, user: Any) -> bool:
        """Whether anybody here can tell that a text is this user's password."""
        overridden = type(self).check_password is not UserPasswords.check_password
        return overridden or self._check_of(user) is not None

    def check_password(self, user: Any, text: str) -> bool:
        """Whether ``text`` is the current password. A login view may ask it as well: it knows argon2id, and the same
        letters however a keyboard composes them.

        :param user: whose.
        :param text: what was typed.
        :returns: False also where nobody can tell, with a line in the log.
        """
        try:
            return self._is_password(user, text)
        except CannotCheck:
            return False

    def is_password(self, user: Any, text: str) -> bool:
        """Whether ``text`` is the current password: by the callable or method of the host's, else by the stored hash.

        :raises CannotCheck: nobody here can tell.
        """
        if type(self).check_password is not UserPasswords.check_password:
            return self.check_password(user, text)
        return self._is_password(user, text)

    def _is_password(self, user: Any, text: str) -> bool:
        if not self.has_password(user):
            if self._own_check(user) is None:
                hashing.spend(text, self._hash_method)
            return False
        check = self._check_of(user)
        if check is None:
            self.log_unreadable(user)
            raise CannotCheck
        try:
            return hashing.matches(check.call, text)
        except hashing.CheckRefused as refused:
            self.log_unreadable(user, f"{check.name} raises {refused}")
            raise CannotCheck from None  # what was raised may quote the hash

    def log_unreadable(self, user: Any, why: str = "nobody here knows that format") -> None:
        """Tell the operator what is to be mapped, and nothing of the hash."""
        kind = hash_formats.describe(self.stored_hash(user))
        _log.error("MyProfile cannot check a password, %s: %s. Map who checks and who writes it: %s", kind, why, _MAP)

    def _own_check(self, user: Any) -> Method | None:
        """By the host: the callable that is mapped, the model's method, or that of a library which is known here."""
        if self._checker is not None:
            return Method("Users(check_password=…)", partial(self._checker, user))
        if (method := own_checker(user)) is not None:
            return method
        library = self._of_library(user)
        return library[0] if library else None

    def _check_of(self, user: Any) -> Method | None:
        if (own := self._own_check(user)) is not None:
            return own
        stored = self.stored_hash(user)
        if hash_formats.compares_itself(stored):
            return Method(f"{type(stored).__name__} in {self._hash_name(user)}", partial(eq, stored))
        if hash_formats.is_readable(stored):
            return Method(f"the hash in {self._hash_name(user)}", partial(hashing.verify, stored))
        return None

    # ---- let it be that one

    def set_password(self, user: Any, text: str) -> None:
        """Write a new password: by whoever checks it. The caller commits.

        It does not look whether the password is known then: :meth:`~.Passwords.store` does.

        :param user: whose.
        :param text: the new password.
        :raises ValueError: the host's own hash does not take it.
        :raises CannotWrite: nobody here can.
        """
        write = self._write_of(user)
        if write is None:
            checker = self._check_of(user)
            _log.error(
                "MyProfile has changed no password: %s checks it, and nobody is known who sets it. Give %s a method "
                "set_password(text), or map %s",
                checker.name if checker else "nobody known here",
                type(user).__name__,
                _MAP,
            )
            raise CannotWrite
        normal, own = hashing.normalized(text), self._own_check(user)
        write.call(normal)
        if normal != text and own is not None and not own.call(text):
            write.call(text)  # the host does not normalise: its login must know these very keystrokes

    def log_not_proved(self, user: Any) -> None:
        """Tell the operator whose writing is not known to whom."""
        write, check = self._write_of(user), self._check_of(user)
        _log.error(
            "MyProfile has changed no password: what %s writes is not known to %s afterwards. Map both: %s",
            write.name if write else "Users.set_password()",
            check.name if check else "Users.check_password()",
            _MAP,
        )

    def _write_of(self, user: Any) -> Method | None:
        """In this order: the callable that is mapped, the model's ``set_password``, its ``password`` property, a
        library that is known here, and the column of the hash."""
        if self._writer is not None:
            return Method("Users(set_password=…)", partial(self._writer, user))
        if (method := own_writer(user, hash_name=self._hash_name(user))) is not None:
            return method
        library = self._of_library(user) if self._checker is None and own_checker(user) is None else None
        return library[1] if library is not None else self._column_of(user)

    def _column_of(self, user: Any) -> Method | None:
        """The column that makes its hash itself; else our hash, in the place of one that is read here or of none."""
        name, stored = self._hash_name(user), self.stored_hash(user)
        if name is None or self._checker is not None:
            return None
        if hash_formats.compares_itself(stored):
            return Method(f"the column {name}", lambda text: self.update(user, {name: text}))
        replaces_another = own_checker(user) is not None or hash_formats.is_hash(stored)
        if replaces_another and not hash_formats.is_readable(stored):
            return None
        return Method(f"a hash in {name}", lambda text: self.put_hash(user, self._new_hash(user, name, text)))

    def _new_hash(self, user: Any, name: str, text: str) -> str:
        method = hashing.follower(self.stored_hash(user), self._hash_method)
        return hashing.make(text, method, self._room(user, name))

    def put_hash(self, user: Any, made: str) -> None:
        """Store a hash where the one before is, as text or as bytes."""
        name = self._hash_name(user) or ""
        column = self._columns_of(user).get(name)
        in_bytes = isinstance(self.stored_hash(user), bytes) or isinstance(getattr(column, "type", None), LargeBinary)
        self.update(user, {name: made.encode() if in_bytes else made})

    def upgrade_password(self, user: Any, text: str) -> Any:
        """Hash the current password anew where its hash is weaker than a new one. A model's own format stays.

        Returns the hash that was there before; None where it stays.
        """
        name, stored = self._hash_name(user), self.stored_hash(user)
        if name is None or self._own_check(user) is not None or own_writer(user, hash_name=name) is not None:
            return None
        if not hash_formats.is_readable(stored):
            return None
        normal = hashing.normalized(text)
        method = hashing.follower(stored, self._hash_method)
        outdated = hashing.is_outdated(stored, method, self._room(user, name))
        if not outdated and (normal == text or hashing.verify(stored, normal)):
            return None
        # whoever has found the text right may have looked at another hash, and making one takes a while: it takes the
        # place of one of this very text, or of none
        if hashing.matches(partial(hashing.verify, stored), text):
            made = self._new_hash(user, name, normal)
            if self.lock_password(user) == stored:
                self.put_hash(user, made)
                return stored
        return None

    def lock_password(self, user: Any) -> Any:
        """Keep everybody else from changing the password until the transaction ends; its hash as it is now, whatever
        has been read before. None: it is not known here, only :meth:`check_password` can tell."""
        path, _, attribute = (self._hash_name(user) or "").rpartition(".")
        lock_row(read_attribute(user, path) if path else user, attribute)
        return self.stored_hash(user)

    def max_bytes(self, user: Any) -> int | None:
        """The most bytes in UTF-8 that the hash of this user tells apart; None: no limit."""
        if self._of_library(user) is not None:  # it hashes what is longer before
            return None
        return hashing.BCRYPT_BYTES if hash_formats.is_bcrypt(self.stored_hash(user)) else None

    # ---- where it is

    def hash_with(self, method: str) -> None:
        """Called once per app by the extension: how passwords are hashed for models that do not do so themselves."""
        if method == hashing.ARGON2ID:
            hashing.argon2id()  # better found out now than at the first change
            self._hash_method = hashing.ARGON2ID

    def ask_library(self, methods: Callable[[Any], tuple[Method, Method] | None]) -> None:
        """Called once per app by the extension: who checks and who writes passwords of this user, where a library
        that it knows does."""
        self._of_library = methods

    def _hash_name(self, user: Any) -> str | None:
        if self._password:
            return self._password
        mapped = self._columns_of(user)
        return next((name for name in HASHES if name in mapped or (not mapped and name in vars(user))), None)

    def _columns_of(self, user: Any) -> dict[str, Any]:
        """The fields of the model, and those of the user's own class: it may be one of several, or have more."""
        mapper = inspect(type(user), raiseerr=False)
        own = {each.key: each.columns[0] for each in mapper.column_attrs} if mapper is not None else {}
        return own | self.fields_of_model()

    def _room(self, user: Any, name: str) -> int | None:
        """How many characters a hash may have there."""
        known = self.max_length(name)
        return known if known is not None else length_of(self._columns_of(user).get(name))

    def stored_hash(self, user: Any) -> Any:
        """What the password is compared with.

        :param user: whose.
        :returns: the hash; None: it is not known here.
        """
        name = self._hash_name(user)
        return read_attribute(user, name) if name else None
