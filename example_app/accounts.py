"""The demo accounts, and the first start that writes them into an empty database."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import lazy_gettext
from sqlalchemy import select

from .extensions import db
from .idp import ALEX
from .models import User


class Account(NamedTuple):
    """What the start page shows of a demo account. It is public, so its password is no secret."""

    username: str
    password: str | None
    role: str
    first_name: str
    last_name: str
    title: str
    is_admin: bool = False

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@acme.example".lower()


DEMO_ACCOUNTS = (
    Account("maya", "maya-demo-password", lazy_gettext("Administrator"), "Maya", "Okafor", "Head of Data", True),
    Account("sam", "sam-demo-password", lazy_gettext("User"), "Sam", "Rivera", "Data Analyst"),
    Account("alex", None, lazy_gettext("User with Single Sign On"), "Alex", "Kim", "Marketing Manager"),
)


def seed() -> None:
    """The demo accounts, where there is nobody yet."""
    if db.session.scalar(select(User.id).limit(1)) is not None:
        return
    for account in DEMO_ACCOUNTS:
        user = User(
            username=account.username,
            email=account.email,
            first_name=account.first_name,
            last_name=account.last_name,
            title=account.title,
            is_admin=account.is_admin,
        )
        if account.password:
            user.set_password(account.password)
        else:
            user.sso_subject = ALEX.sub
        db.session.add(user)
    db.session.commit()
