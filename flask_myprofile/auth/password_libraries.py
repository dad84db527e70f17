"""Flask's libraries that check and write the passwords of a host's users in a way of their own: recognised, and asked.

Both make something else of a password before it is hashed, which its hash does not tell.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from ..account.hash_formats import is_bcrypt
from ..account.password_methods import Method
from ..account.users import Users
from ..transactions import after_commit


def methods_of(app: Flask, users: Users, user: Any) -> tuple[Method, Method] | None:
    """Who checks and who writes this user's password; None: neither library does."""
    if "security" in app.extensions and (methods := _flask_security(app, user)) is not None:
        return methods
    if app.config.get("BCRYPT_HANDLE_LONG_PASSWORDS") and is_bcrypt(users.stored_hash(user)):
        return _flask_bcrypt(app, users, user)
    return None


def _flask_security(app: Flask, user: Any) -> tuple[Method, Method] | None:
    try:
        from flask_security import UserMixin, verify_password
        from flask_security.changeable import change_user_password, send_password_changed_notice
    except ImportError:  # another extension of that name
        return None
    if not isinstance(user, UserMixin):
        return None
    normalize = app.extensions["security"].password_util.normalize

    def check(text: str) -> Any:
        return verify_password(normalize(text), user.password or "")

    def write(text: str) -> None:
        change_user_password(user, normalize(text), notify=False, autologin=False)
        after_commit(tell)

    def tell() -> None:
        try:
            send_password_changed_notice(user)
        except Exception:  # it has been changed, whoever hears of it; without a mail extension nobody does
            app.logger.exception("MyProfile: Flask-Security could not mail that a password was changed")

    return Method("Flask-Security's verify_password()", check), Method("its change_user_password()", write)


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
