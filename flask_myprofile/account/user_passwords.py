"""The password of a host's user: who checks it, who writes it, and how it is hashed where the model does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..errors import SetupError
from . import hashing
from .attributes import read_attribute
from .row_lock import lock_row

#: What the attribute with the hash may be called.
HASHES = ("password_hash", "hashed_password", "pw_hash", "_password", "password")
_CHECKS = ("check_password", "verify_password")


class UserPasswords:
    """The part of :class:`~.users.Users` that reads and writes passwords."""

    _hash_method = hashing.SCRYPT

    def __init__(self, password: str | None) -> None:
        self._password = password

    def fields_of_model(self) -> dict[str, Any]:
        """See :meth:`Users.fields_of_model`."""
        raise NotImplementedError

    def max_length(self, field: str) -> int | None:
        """See :meth:`Users.max_length`."""
        raise NotImplementedError

    def update(self, user: Any, values: Mapping[str, Any]) -> None:
        """See :meth:`Users.update`."""
        raise NotImplementedError

    def has_password(self, user: Any) -> bool:
        """Whether there is a usable local password. "!" and "*" mark a hash that was made unusable."""
        name = self._hash_name(user)
        if name is None:
            return self._own_check(user) is not None
        stored = read_attribute(user, name)
        if not isinstance(stored, str | bytes) or not stored or stored[:1] in ("!", "*", b"!", b"*"):
            return False
        # a model that checks by itself knows its own format
        return self._own_check(user) is not None or (isinstance(stored, str) and stored.count("$") >= 2)

    def check_password(self, user: Any, text: str) -> bool:
        """Whether ``text`` is the current password: by the model's own method, else by its hash.

        A login view may ask it as well: it knows argon2id, and the same letters however a keyboard composes them.
        """
        own_check = self._own_check(user)
        if not self.has_password(user):
            if own_check is None:
                hashing.spend(text, self._hash_method)
            return False
        return hashing.matches(own_check or partial(hashing.verify, self.stored_hash(user)), text)

    @staticmethod
    def _own_check(user: Any) -> Callable[[str], Any] | None:
        found = (getattr(user, name, None) for name in _CHECKS)
        return next((method for method in found if callable(method)), None)

    def set_password(self, user: Any, text: str) -> None:
        """Store a new password: by the model's ``set_password``, else as a hash in its column. The caller commits.

        :raises ValueError: the model's own hash does not take it.
        """
        if callable(method := getattr(user, "set_password", None)):
            normal = hashing.normalized(text)
            method(normal)
            if normal != text and (own_check := self._own_check(user)) is not None and not own_check(text):
                method(text)  # the host does not normalise: its login must know these very keystrokes
            return
        name = self._hash_name(user)
        if name is None:
            raise SetupError(
                f"{type(user).__name__} has neither set_password() nor a column such as password_hash: "
                "name it with MyProfile(users=Users(password=…))"
            )
        self.update(user, {name: hashing.make(hashing.normalized(text), self._method_for(user), self.max_length(name))})

    def upgrade_password(self, user: Any, text: str) -> Any:
        """Hash the current password anew where its hash is weaker than a new one. A model's own format stays.

        Returns the hash that was there before; None where it stays.
        """
        name = self._hash_name(user)
        if name is None or self._own_check(user) is not None or callable(getattr(user, "set_password", None)):
            return None
        stored, normal = self.stored_hash(user), hashing.normalized(text)
        outdated = hashing.is_outdated(stored, self._method_for(user), self.max_length(name))
        if not outdated and (normal == text or hashing.verify(stored, normal)):
            return None
        # whoever has found the text right may have looked at another hash, and making one takes a while: it takes the
        # place of one of this very text, or of none
        if hashing.matches(partial(hashing.verify, stored), text):
            new = hashing.make(normal, self._method_for(user), self.max_length(name))
            if self.lock_password(user) == stored:
                self.update(user, {name: new})
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
        return 72 if hashing.is_bcrypt(self.stored_hash(user)) else None

    def hash_with(self, method: str) -> None:
        """Called once per app by the extension: how passwords are hashed for models that do not do so themselves."""
        if method == hashing.ARGON2ID:
            hashing.argon2id()  # better found out now than at the first change
            self._hash_method = hashing.ARGON2ID

    def _method_for(self, user: Any) -> str:
        """A hash by argon2 is followed by another: the host's login knows it."""
        return hashing.ARGON2ID if hashing.is_argon2(self.stored_hash(user)) else self._hash_method

    def _hash_name(self, user: Any) -> str | None:
        if self._password:
            return self._password
        mapped = self.fields_of_model()
        return next((name for name in HASHES if name in mapped or (not mapped and name in vars(user))), None)

    def stored_hash(self, user: Any) -> Any:
        """What the password is compared with; None: it is not known here."""
        name = self._hash_name(user)
        return read_attribute(user, name) if name else None
