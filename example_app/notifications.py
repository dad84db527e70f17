"""A tab of the app's own on My Profile."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField

from flask_myprofile import Tab, action

from .models import User


class NotificationsForm(FlaskForm):
    weekly_summary = BooleanField(lazy_gettext("Send me a summary every Monday"))


class Notifications(Tab):
    name = "notifications"
    label = lazy_gettext("Notifications")
    summary = lazy_gettext("What we send to your email address.")
    meaning = lazy_gettext("Lets people choose which emails they get.")
    icon = "bell"

    def values(self, user: User) -> dict[str, Any]:
        return {"weekly_summary": user.weekly_summary}

    @action(NotificationsForm)
    def save(self, user: User, form: NotificationsForm) -> str:
        user.weekly_summary = form.weekly_summary.data
        return str(gettext("Your notifications have been saved."))
