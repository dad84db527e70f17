"""Notices as mail, by Flask-Mailman."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from babel import Locale
from flask import current_app

from ..errors import SetupError
from ..globals import current_profile
from .notice import Notice

#: The seconds before each further try.
WAITS: tuple[float, ...] = (2.0, 10.0)
#: Seconds after which a server that says nothing is given up, unless ``MAIL_TIMEOUT`` says when.
_TIMEOUT = 20.0


def check() -> None:
    """:raises SetupError: the app has no Flask-Mailman."""
    try:
        import flask_mailman  # noqa: F401 (an optional dependency)
    except ImportError as error:
        raise SetupError(
            'MYPROFILE_NOTIFY = "mail" needs Flask-Mailman: pip install "Flask-MyProfile[mail]"'
        ) from error
    if "mailman" not in current_app.extensions:
        raise SetupError(f'MYPROFILE_NOTIFY = "mail" needs Flask-Mailman: call Mail(app) for {current_app.name!r}')


def send(notice: Notice) -> None:
    """Send it; again after a while where the server cannot be reached, or says that this may help."""
    if not notice.to:
        return
    for wait in (*WAITS, None):
        try:
            _send(_message(notice))
        except OSError as error:
            if wait is None or not _may_pass(error):
                raise
            time.sleep(wait)
        else:
            return


def _send(message: Any) -> None:
    try:
        message.send()
    finally:
        with suppress(OSError):
            message.connection.close()  # Flask-Mailman leaves it open where the server refuses


def _message(notice: Notice) -> Any:
    from flask_mailman import EmailMultiAlternatives

    text, html = (_drawn(notice, suffix) for suffix in ("txt", "html"))
    connection = current_app.extensions["mailman"].get_connection()
    if getattr(connection, "timeout", 0) is None:
        connection.timeout = _TIMEOUT
    headers = {"Auto-Submitted": "auto-generated"}  # so that no absence is answered to it (RFC 3834)
    to = [str(notice.to)]
    message = EmailMultiAlternatives(notice.subject, text, to=to, headers=headers, connection=connection)
    message.attach_alternative(html, "text/html")
    return message


def _drawn(notice: Notice, suffix: str) -> str:
    """By the host's template of this name, if it has one. Its context processors are not asked: no request is here."""
    template = current_app.jinja_env.get_template(f"myprofile/mail/notice.{suffix}")
    locale = Locale.parse(notice.language)
    return template.render(
        notice=notice,
        app_name=current_profile.config.app_name or current_app.name,
        lang=notice.language.replace("_", "-"),
        dir=locale.text_direction,
    )


def _may_pass(error: OSError) -> bool:
    """Whether it is of a kind that passes: 5xx is for good."""
    import smtplib  # slow, and loaded by whoever has sent a mail

    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code < 500 for code, _ in error.recipients.values())
    return not (isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500)
