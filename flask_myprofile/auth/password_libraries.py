"""Flask's libraries that check and write the passwords of a host's users in a way of their own: recognised, and asked.

They make something else of a password before it is hashed, which its hash does not tell.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from ..account.hash_formats import is_bcrypt
from ..account.password_methods import Method
from ..account.users import Users
from ..adapters import adapter_of


def methods_of(app: Flask, users: Users, user: Any) -> tuple[Method, Method] | None:
    """Who checks and who writes this user's password; None: no library does."""
    if (methods := adapter_of(app).password_methods(user)) is not None:
        return methods
    if app.config.get("BCRYPT_HANDLE_LONG_PASSWORDS") and is_bcrypt(users.stored_hash(user)):
        return _flask_bcrypt(app, users, user)
    return None


def _flask_bcrypt(app: Flask, users: Users, user: Any) -> tuple[Method, Method] | None:
    try:
        from flask_bcrypt import Bcrypt
    except ImportError:
        return None
    bcrypt = Bcrypt(app)

    def check(text: str) -> Any:
        return bcrypt.check_password_hash(users.stored_hash(user), text)

    def write(text: str) -> None:
        users.put_hash(user, bcrypt.generate_password_hash(text).decode())

    return Method("Flask-Bcrypt", check), Method("Flask-Bcrypt", write)
