"""The settings of notices and of the verified change of an e-mail address; :class:`.config.Config` has them as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import setting_checks as checks
from .setting_checks import setting as _setting


class NoticeSettings:
    notify: str | Callable[[Any, Any], object] | None = _setting(
        None,
        checks.optional(checks.mail_or_callable),
        'Who tells users what has happened to their account: `"mail"`, by Flask-Mailman, or a callable(user, notice). '
        "Unset: nobody.",
    )
    notify_new_devices: bool = _setting(
        True, checks.switch, "Tell of a sign-in from a browser that the user has not signed in from before."
    )
    notify_interval: int = _setting(
        300,
        checks.number(0),
        "Seconds in which one session, or one device that signs in, causes no more than one notice of a kind.",
    )
    external_url: str | None = _setting(
        None,
        checks.optional(checks.site),
        "What the links in mails begin with, such as `https://app.example.com`. Unset: `SERVER_NAME`, or the host of "
        "the request where `TRUSTED_HOSTS` says which those are. With none of them, mails have no links.",
    )

    email_change: str | None = _setting(
        None,
        checks.optional(checks.one_of("verified")),
        'How users change the field `email`: `"verified"`, by a link that is sent to the new address. Unset: as '
        "`MYPROFILE_PERSONAL_READONLY` has it.",
    )

    @property
    def tells_of_new_devices(self) -> bool:
        return self.notify is not None and self.notify_new_devices

    def clashes_of_notices(self) -> list[str]:
        if self.email_change and self.notify is None:
            return ["MYPROFILE_EMAIL_CHANGE needs MYPROFILE_NOTIFY, by which its links are sent"]
        return []
