"""The people who use the app: a conventional Flask-SQLAlchemy model, which is all that My Profile needs."""

from __future__ import annotations

from flask_login import UserMixin
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from .extensions import db, login_manager


class User(UserMixin, db.Model):  # type: ignore[name-defined]
    """Somebody with an account. Who signs in by SSO has no ``password_hash``."""

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str | None] = mapped_column(String(80))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    sso_subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    weekly_summary: Mapped[bool] = mapped_column(default=True)
    #: Loaded where it is asked for alone; that there is one, each page knows by its version.
    avatar: Mapped[bytes | None] = mapped_column(deferred=True)
    avatar_version: Mapped[str | None] = mapped_column(String(16))

    @property
    def is_active(self) -> bool:
        """Flask-Login's question: may this person sign in?"""
        return self.active

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def set_password(self, password: str) -> None:
        self.password_hash = generate_password_hash(password)

    def check_password(self, password: str) -> bool:
        return self.password_hash is not None and check_password_hash(self.password_hash, password)


@login_manager.user_loader
def load_user(key: str) -> User | None:
    return db.session.get(User, int(key))
