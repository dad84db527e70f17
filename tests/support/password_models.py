"""User models as people write them, each with its own way to keep a password."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, NamedTuple

import flask_login
import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import LargeBinary, String
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, synonym
from sqlalchemy.types import TypeDecorator
from werkzeug.security import check_password_hash, generate_password_hash

from tests.support.host import HASH, PASSWORD


class Person(flask_login.UserMixin):
    """All that a user of the bench has, but for the password."""

    @declared_attr
    def id(cls) -> Mapped[int]:
        return mapped_column(primary_key=True)

    username: Mapped[str] = mapped_column(String(80), unique=True)
    email: Mapped[str] = mapped_column(String(120))
    first_name: Mapped[str] = mapped_column(String(40))
    last_name: Mapped[str] = mapped_column(String(40))
    is_admin: Mapped[bool] = mapped_column(default=False)


class Model(NamedTuple):
    """A user class, and how its sign-in page knows a password, which need not be a method of the class."""

    make: Callable[[SQLAlchemy], type[Any]]
    knows: Callable[[Any, str], bool]
    #: What the app stores for a new user.
    stored: dict[str, Any] = {"password": PASSWORD}

    def host(self, new_host: Callable[..., Any], **options: Any) -> Any:
        def make_tables(db: SQLAlchemy) -> None:
            db.create_all()
            user = next(mapper.class_ for mapper in db.Model.registry.mappers if hasattr(mapper.class_, "get_id"))
            for name in ("alice", "bob"):
                person = {"username": name, "email": f"{name}@x.test", "first_name": name, "last_name": "Test"}
                db.session.add(user(**person, **self.stored))
            db.session.commit()

        return new_host(model=self.make, make_tables=make_tables, **options)


def _hashed(user: Any, text: str) -> None:
    user.password_hash = generate_password_hash(text, HASH)


def _verified(user: Any, text: str) -> bool:
    return check_password_hash(user.password_hash, text)


def _unreadable(user: Any) -> Any:
    raise AttributeError("password is not readable")


def with_property(db: SQLAlchemy) -> type[Any]:
    """Flasky's, the most copied one."""

    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        password_hash: Mapped[str] = mapped_column(String(255))
        password = property(_unreadable, _hashed)
        verify_password = _verified

    return User


def with_hybrid(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        password_hash: Mapped[str] = mapped_column(String(255))
        verify_password = _verified

        @hybrid_property
        def password(self) -> str:
            return self.password_hash

        @password.inplace.setter
        def _set(self, text: str) -> None:
            _hashed(self, text)

    return User


def with_synonym(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        _password: Mapped[str] = mapped_column("password", String(255))
        password = synonym(
            "_password",
            descriptor=property(
                lambda self: self._password,
                lambda self, text: setattr(self, "_password", generate_password_hash(text, HASH)),
            ),
        )

        def check_password(self, text: str) -> bool:
            return check_password_hash(self._password, text)

    return User


def _bcrypt() -> Any:
    return pytest.importorskip("flask_bcrypt").Bcrypt()


def with_bcrypt_property(db: SQLAlchemy) -> type[Any]:
    """Flasky's with Flask-Bcrypt."""

    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        password_hash: Mapped[str] = mapped_column(String(60))

        @property
        def password(self) -> str:
            raise AttributeError("password is not readable")

        @password.setter
        def password(self, text: str) -> None:
            self.password_hash = _bcrypt().generate_password_hash(text, 4).decode()

        def verify_password(self, text: str) -> bool:
            return bool(_bcrypt().check_password_hash(self.password_hash, text))

    return User


def with_bare_bcrypt(column: Any) -> Callable[[SQLAlchemy], type[Any]]:
    """A column, and Flask-Bcrypt in the views."""

    def make(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            hashed_password: Mapped[Any] = mapped_column(column)

            def __init__(self, password: str, **values: Any) -> None:
                made = _bcrypt().generate_password_hash(password, 4)
                super().__init__(hashed_password=made if column is LargeBinary else made.decode(), **values)

        return User

    return make


def with_bytes(db: SQLAlchemy) -> type[Any]:
    """Our own hash, in a column for bytes."""

    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        password_hash: Mapped[bytes] = mapped_column(LargeBinary)

        def __init__(self, password: str, **values: Any) -> None:
            super().__init__(password_hash=generate_password_hash(password, HASH).encode(), **values)

    return User


def with_check_alone(db: SQLAlchemy) -> type[Any]:
    """A hash that is also read here, checked by the class and set by nothing of it."""

    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        password_hash: Mapped[str] = mapped_column(String(255))
        check_password = _verified

        def __init__(self, password: str, **values: Any) -> None:
            super().__init__(password_hash=generate_password_hash(password, HASH), **values)

    return User


class Secret:
    """Knows its password when it is compared with it, as SQLAlchemy-Utils' ``Password`` does."""

    def __init__(self, stored: str) -> None:
        self.stored = stored

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and check_password_hash(self.stored, other)

    __hash__ = None  # type: ignore[assignment]


class SecretType(TypeDecorator[Any]):
    impl = String(255)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value.stored if isinstance(value, Secret) else generate_password_hash(value, HASH)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return Secret(value)


def with_type(column: Callable[[], Any]) -> Callable[[SQLAlchemy], type[Any]]:
    def make(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            password: Mapped[Any] = mapped_column(column())

        return User

    return make


def _utils_type() -> Any:
    return pytest.importorskip("sqlalchemy_utils").PasswordType(schemes=["pbkdf2_sha512"], pbkdf2_sha512__rounds=1)


MODELS: dict[str, Model] = {
    "password property and verify_password": Model(with_property, _verified),
    "hybrid property": Model(with_hybrid, _verified),
    "synonym with a descriptor": Model(with_synonym, lambda user, text: user.check_password(text)),
    "Flask-Bcrypt in the class": Model(with_bcrypt_property, lambda user, text: user.verify_password(text)),
    "Flask-Bcrypt in the views": Model(
        with_bare_bcrypt(String(60)), lambda user, text: _bcrypt().check_password_hash(user.hashed_password, text)
    ),
    "Flask-Bcrypt in the views, bytes": Model(
        with_bare_bcrypt(LargeBinary), lambda user, text: _bcrypt().check_password_hash(user.hashed_password, text)
    ),
    "Werkzeug, bytes": Model(
        with_bytes, lambda user, text: check_password_hash(user.password_hash.decode(), text)
    ),
    "a check and no setter": Model(with_check_alone, _verified),
    "an object that compares itself": Model(with_type(SecretType), lambda user, text: user.password == text),
    "SQLAlchemy-Utils": Model(with_type(_utils_type), lambda user, text: user.password == text),
}  # fmt: skip


# ---- what is not as it should be


def own_format(text: str) -> str:
    """A format of the host's own that is read by nobody else."""
    return "$own-pbkdf2$" + hmac.new(b"pepper", text.encode(), hashlib.sha256).hexdigest()


def with_own_format(setter: Callable[[Any, str], None] | None) -> Callable[[SQLAlchemy], type[Any]]:
    """Its check knows one format."""

    def make(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            password_hash: Mapped[str] = mapped_column(String(255))
            if setter is not None:
                set_password = setter

            def __init__(self, password: str, **values: Any) -> None:
                super().__init__(password_hash=own_format(password), **values)

            def verify_password(self, text: str) -> bool:
                return self.password_hash == own_format(text)

        return User

    return make


def _lost(user: Any, text: str) -> None:
    """Sets something that is kept nowhere."""
    user.secret = own_format(text)


def with_strict_check(db: SQLAlchemy) -> type[Any]:
    """Its check reads Werkzeug's hashes, as ours does, but the column cuts what is stored."""

    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        password_hash: Mapped[str] = mapped_column(Cut(255))

        def __init__(self, password: str, **values: Any) -> None:
            super().__init__(password_hash=generate_password_hash(password, HASH), **values)

        set_password, check_password = _hashed_at_length, _verified

    return User


class Cut(TypeDecorator[str]):
    """MySQL without its strict mode."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value and value[:110]


def _hashed_at_length(user: Any, text: str) -> None:
    user.password_hash = generate_password_hash(text, "scrypt:1024:8:1")


def _verified_by_itself(user: Any, text: str) -> bool:
    return bool(user.verify_password(text))


#: The model, and who is named in the log.
BROKEN: dict[str, tuple[Model, str]] = {
    "nothing sets it": (Model(with_own_format(None), _verified_by_itself), "User.verify_password()"),
    "another format": (Model(with_own_format(_hashed), _verified_by_itself), "User.set_password()"),
    "kept nowhere": (Model(with_own_format(_lost), _verified_by_itself), "User.set_password()"),
    "cut by the column": (Model(with_strict_check, _verified), "User.set_password()"),
}
