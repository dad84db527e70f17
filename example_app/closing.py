"""Closing an account: what the tab *Delete my account* leaves to the app."""

from __future__ import annotations

from flask_babel import gettext
from sqlalchemy import func, select

from flask_myprofile import Conflict

from .extensions import db
from .models import User


def delete(user: User) -> None:
    """My Profile erases what it keeps, and commits both."""
    others = select(func.count()).where(User.is_admin, User.active, User.id != user.id)
    if user.is_admin and not db.session.scalar(others):
        raise Conflict(gettext("You are the only administrator. Make somebody else one first."))
    db.session.delete(user)
