"""The seam to the host's user: which object it is, what it is called and how it keeps its password."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import inspect

from ..errors import Invalid, SetupError
from ..store.user_keys import UserKeys, key_of
from .attributes import Source, holder_of, read_attribute
from .columns import length_of
from .held_objects import held_in
from .host_code import SPEAKING, check_refuses, read_to_show
from .password_marks import PasswordMarks
from .password_methods import Checker, Writer, own_writer
from .user_classes import UserClasses
from .user_fields import UserFields
from .user_passwords import UserPasswords
from .user_search import FULL_NAME, HANDLES, NAMES, UserSearch

_NOT_HELD = (
    "MyProfile saves nothing for user %r: user_loader gave a %s.%s, and db.session has no such user. Let user_loader "
    "return what db.session.get() does, or tell MyProfile(users=…) which user that is: Users.held()"
)
#: For a host that lets people delete their account.
NO_DELETE = (
    "nobody has said how an account is deleted: give MyProfile(users=Users(delete=…)) a callable(user) that deletes "
    "the user by db.session, or closes the account in your way"
)
_log = logging.getLogger(__name__)
#: Answers a :class:`flask_myprofile.adapters.Adapter`.
Adapted = Callable[[], Any]


class Users(UserClasses, UserSearch, PasswordMarks):
    """How the extension reads and writes the host's users; the defaults fit a conventional Flask-SQLAlchemy model.

    :param model: the user class; unset: the mapped class that has Flask-Login's methods.
    :param fields: field name -> attribute, dotted path ("profile.phone") or, for reading only, a callable(user).
    :param is_sso: attribute or callable(user) that decides whether Single Sign-On manages the account; unset: decided
        by how the current session signed in.
    :param password: attribute or dotted path of the password hash (Werkzeug's format, argon2's or bcrypt's).
    :param check_password: callable(user, text) -> whether it is the password; goes before the model's own method.
    :param set_password: callable(user, text) that stores a new one; goes before the model's own method.
    :param display_name: attribute, path or callable(user) -> the name shown in the menu.
    :param delete: callable(user) that deletes the account, or closes it in your way: see :meth:`delete`.

    Subclass it for anything else: every method is part of the contract.
    """

    def __init__(
        self,
        model: type[Any] | None = None,
        *,
        fields: Mapping[str, Source] | None = None,
        is_sso: Source | None = None,
        password: str | None = None,
        display_name: Source | None = None,
        check_password: Checker | None = None,
        set_password: Writer | None = None,
        delete: Callable[[Any], object] | None = None,
    ) -> None:
        self._is_sso = is_sso
        self._delete = delete
        UserFields.__init__(self, fields or {})
        PasswordMarks.__init__(self, password, check_password, set_password)
        UserClasses.__init__(self, None, model)
        self._display_name = display_name
        self._host_loader: Callable[[str], Any] | None = None
        self._adapter: Adapted | None = None

    def attach(self, db: Any, model: type[Any] | None, host_loader: Callable[[str], Any], adapter: Adapted) -> None:
        """Called once per app by the extension: the app's ``db``, its Flask-Login user_loader, and what an extension
        with users of its own says of them."""
        UserClasses.__init__(self, db, model or self._model, lambda: adapter().user_model)
        self._host_loader, self._adapter = host_loader, adapter
        self._described = {}
        self._loaded_hashes, self._hash_questions = {}, {}

    # ---- which user

    def key(self, user: Any) -> str:
        """The user's stable id as text, whatever the type of the primary key.

        :param user: any user.
        :returns: what signals carry and the tables have as ``user_key``.
        """
        state = self._meet(user)
        if state is None:  # not a mapped class
            return str(user.get_id())
        return self.key_with(state.mapper, state.identity or state.mapper.primary_key_from_instance(user))

    def key_with(self, mapper: Any, identity: Sequence[Any]) -> str:
        """The same of a user of that class whose primary key this is."""
        # two user classes may both have a number 1
        return (
            key_of(identity) if self.model is not None else f"{mapper.base_mapper.local_table.name}:{key_of(identity)}"
        )

    def load(self, key: str) -> Any | None:
        """Find a user by key.

        :param key: as :meth:`key` answers it.
        :returns: the user, or None.
        """
        model, own_key = self._read_key(key)
        if model is not None:
            return self._get(model, own_key)
        found = self._by_login_id(key)
        return found if found is not None and self.key(found) == key else None

    def _get(self, model: type[Any], key: str) -> Any | None:
        identity = UserKeys(inspect(model)).identity(key)
        return None if identity is None else self._db.session.get(model, identity)

    @cached_property
    def keys_are_primary(self) -> bool:
        """Whether :meth:`key` is the primary key as text: whoever replaces it need not keep to that."""
        return type(self).key is Users.key and type(self).load is Users.load

    def held(self, user: Any) -> Any | None:
        """The same user as ``db.session`` has it, whatever the host's user_loader gave: one from a cache, from another
        session, or something that stands for one.

        Costs nothing for a user that it has. Users of no mapped class are the host's to keep, and stay as they are.

        :param user: what the user_loader gave.
        :returns: the user that is written to; None: ``db.session`` has no such user.
        """
        if self._db is None:
            return user
        if inspect(user, raiseerr=False) is None:
            return user if self.model is None else self._stood_for(user)
        return held_in(self._db.session(), user)

    def log_not_held(self, user: Any) -> None:
        """Tell the operator why nothing was saved."""
        _log.error(_NOT_HELD, self.key(user), type(user).__module__, type(user).__qualname__)

    def _stood_for(self, user: Any) -> Any | None:
        found, login_id = self.load(self.key(user)), user.get_id()
        # what looks like a key may be another user's
        return found if str(getattr(found, "get_id", lambda: login_id)()) == str(login_id) else None

    def as_kept(self, user: Any) -> Any:
        """The user whose password is looked at once it is written. Of a user of no mapped class that has nothing of its
        own to write it with, that is the one whom the host loads next."""
        overridden = type(self).set_password is not UserPasswords.set_password
        if inspect(user, raiseerr=False) is not None or self._writer or overridden or own_writer(user, hash_name=None):
            return user
        return self.load_by_login_id(user.get_id()) or user

    def load_by_login_id(self, login_id: str) -> Any | None:
        """The user whom the host's own user_loader finds for what ``get_id()`` answered.

        :param login_id: that.
        :returns: the user, or None.
        """
        return self._host_loader(login_id) if self._host_loader else None

    def _by_login_id(self, login_id: str) -> Any | None:
        try:
            return self.load_by_login_id(login_id)
        except (TypeError, ValueError, ArithmeticError, LookupError):  # written as another host would
            return None

    def is_login_id_of(self, login_id: str, user_key: str) -> bool:
        """Whether the host's own user_loader finds the user of that :meth:`key` for it."""
        found = self._by_login_id(login_id)
        return found is not None and self.key(found) == user_key

    def is_handle(self, field: str) -> bool:
        """Whether people are known by this field, user name or e-mail address, whatever it is called."""
        source = self._fields.get(field, field)
        return field in HANDLES or source in [self._fields.get(name, name) for name in HANDLES]

    def is_active(self, user: Any) -> bool:
        """Whether the account may be used: the user's ``is_active``, and True where there is none.

        :param user: any user.
        :returns: False: sessions and API tokens of theirs are refused.
        """
        return bool(getattr(user, "is_active", True))

    # ---- what is known of the user

    def fields_of_model(self) -> dict[str, Any]:
        """The fields that there are.

        :returns: field -> its column, None where it is not a plain column.
        """
        known: dict[str, Any] = dict.fromkeys(self._fields)
        if self.model is not None:
            mapper = inspect(self.model)
            known |= {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs}
        return known

    def max_length(self, field: str) -> int | None:
        """How long a field may be.

        :param field: its name.
        :returns: the length of its column, in characters; None where there is no limit.
        """
        return length_of(self.fields_of_model().get(field))

    def get(self, user: Any, field: str) -> Any:
        """Read a field.

        :param user: whose.
        :param field: its name.
        :returns: its value; None where the user has no such thing.
        """
        return read_attribute(user, self._fields.get(field, field))

    def update(self, user: Any, values: Mapping[str, Any]) -> None:
        """Set fields. The caller has checked that each may be written; the caller commits.

        :param user: whose, as :meth:`held` answers them.
        :param values: field -> new value.
        :raises Invalid: the model refuses some, with its reasons.
        :raises HostFailed: its code is broken.
        """
        refused: dict[str, object] = {}
        for field, value in values.items():
            source = self._fields.get(field, field)
            if callable(source):
                raise SetupError(
                    f"Users(fields={{{field!r}: …}}) is a callable, which can be read only: name an attribute or path"
                )
            try:
                setattr(holder_of(user, source), source.rpartition(".")[2], value)
            except (ValueError, AssertionError) as error:  # as @validates and the setters of properties refuse
                refused[field] = str(error)
            except SPEAKING:
                raise
            except Exception as error:
                check_refuses(f"the field {field}", error)
                _log.info("MyProfile: the field %s did not take a value: %s", field, type(error).__name__)
                refused[field] = ""  # words for developers
        if refused:
            raise Invalid(refused)

    def delete(self, user: Any) -> None:
        """Delete the account, or close it in your way: ``Users(delete=…)``. The caller commits, and erases what the
        extension keeps.

        :param user: whose, as :meth:`held` answers them.
        :raises Refused: it stays, and why.
        :raises SetupError: nobody has said how.
        """
        if self._delete is None:
            raise SetupError(NO_DELETE)
        self._delete(user)

    @property
    def can_delete(self) -> bool:
        """Whether the host has said how."""
        return self._delete is not None or type(self).delete is not Users.delete

    def display_name(self, user: Any) -> str:
        """The name to greet the user by: full name, else user name, else e-mail address.

        :param user: any user.
        :returns: the name; the key where there is none.
        """
        if (source := self._display_name) is not None:
            return str(read_to_show("the name", lambda: read_attribute(user, source), self.key(user)) or "")
        for field in NAMES:
            name = _name(self.shown(user, field))
            # "Alice None" is put together of a name and one that is empty, unless it is stored so
            if name and ("None" not in name.split() or field in self.fields_of_model()):
                return name
        parts = [_name(self.shown(user, first)) or _name(self.shown(user, other)) for first, other in FULL_NAME]
        return " ".join(part for part in parts if part) or str(
            self.shown(user, "username") or self.shown(user, "email") or self.key(user)
        )

    def is_sso(self, user: Any) -> bool | None:
        """Whether Single Sign-On manages the account.

        :param user: any user.
        :returns: None: not for the user to say, ask the session.
        """
        if self._is_sso is None:
            return self._adapter().is_sso(user) if self._adapter is not None else None
        return bool(read_attribute(user, self._is_sso))


def _name(value: Any) -> str:
    return str(value or "").strip()
