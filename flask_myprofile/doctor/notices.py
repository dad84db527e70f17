"""Whether users are told what happens to their account, and whether the links in that can be made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app

from ..globals import current_profile
from ..pages.site import has_site
from .findings import Finding, fault, note, ok


def notices() -> Iterator[Finding]:
    config = current_profile.config
    if config.notify is None:
        yield ok("MYPROFILE_NOTIFY is unset: nobody is told what happens to their account.")
        return
    current_profile.notices.check()
    how = "by mail" if config.notify == "mail" else "by a callable of the app"
    yield ok(f"Users are told what happens to their account, {how}.")
    if not has_site():
        yield fault(
            "The links in notices cannot be made: whoever sends a request could say which host they lead to.",
            'Set MYPROFILE_EXTERNAL_URL, such as "https://app.example.com", or SERVER_NAME, or TRUSTED_HOSTS.',
        )
    models = current_profile.users.models()
    if models and not any(current_profile.users.describe(model, "email") for model in models):
        yield fault("The users have no field called email to send notices to.", 'Users(fields={"email": …})')
    if config.email_change and (several := [each.__name__ for each in models if not _is_unique(each)]):
        yield note(
            f"Two accounts may have one email address where your app writes it: the column of {', '.join(several)} is "
            "not unique.",
            "mapped_column(…, unique=True), and a migration.",
        )
    if config.notify == "mail" and getattr(current_app.extensions.get("mailman"), "default_sender", "") is None:
        yield note("MAIL_DEFAULT_SENDER is unset: mail servers may refuse notices.", "Set MAIL_DEFAULT_SENDER.")


def _is_unique(model: type[Any]) -> bool:
    attribute = current_profile.users.describe(model, "email")
    return attribute is None or attribute.unique
