"""Other packages that keep people signed in, with the same page: what they cost beside this one."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from .host import columns_of, make_host, name_of
from .places import NotAvailable
from .variants import FLASK_SESSION_SQL, Variant


def make_peer(app: Flask, variant: Variant) -> tuple[SQLAlchemy, Any]:
    """Its database and its class of users.

    :raises NotAvailable: the package is not installed.
    """
    try:
        return _flask_session(app, variant) if variant == FLASK_SESSION_SQL else _flask_security(app)
    except ImportError as error:
        raise NotAvailable(str(error)) from error


def _flask_session(app: Flask, variant: Variant) -> tuple[SQLAlchemy, Any]:
    """Flask's sessions in the app's own database. Without a refresh of the row at each request."""
    from flask_session import Session

    db, user = make_host(app, variant)
    app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=db, SESSION_REFRESH_EACH_REQUEST=False)
    with app.app_context():
        Session(app)
    return db, user


def _flask_security(app: Flask) -> tuple[SQLAlchemy, Any]:
    """By the session. It can sign everybody out at once, and knows no list of sessions."""
    import flask_security
    from flask_security.models import fsqla_v3

    app.config.update(SECURITY_PASSWORD_SALT="s" * 20, WTF_CSRF_ENABLED=False)
    db = SQLAlchemy(app)
    fsqla_v3.FsModels.set_db_info(db, user_table_name="secured_user", role_table_name="secured_role")

    class Role(db.Model, fsqla_v3.FsRoleMixin):  # type: ignore[name-defined,misc]
        __tablename__ = "secured_role"

    class User(db.Model, fsqla_v3.FsUserMixin):  # type: ignore[name-defined,misc]
        __tablename__ = "secured_user"

        def __init__(self, **given: Any) -> None:
            number = given["id"]
            email = columns_of(number)["email"]
            super().__init__(id=number, email=email, active=True, fs_uniquifier=f"{number:064}", password="-")  # noqa: S106

        @property
        def name(self) -> str:
            return name_of(self.id)

    flask_security.Security(app, flask_security.SQLAlchemyUserDatastore(db, User, Role))

    @app.get("/")
    @flask_security.auth_required("session")
    def page() -> str:
        return str(flask_security.current_user.name)

    @app.post("/login/<int:number>")
    def login(number: int) -> str:
        found = db.session.get(User, number)
        flask_security.login_user(found)
        return str(found.name)

    return db, User
