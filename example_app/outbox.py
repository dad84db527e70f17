"""The mails that this app would send: kept in memory, and shown to everybody, as the passwords are."""

from __future__ import annotations

from collections import deque
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue

from flask_myprofile import Notice

bp = Blueprint("outbox", __name__)

#: The last mails; a restart forgets them.
MOST = 30


def init_app(app: Flask) -> None:
    app.extensions["acme_outbox"] = deque(maxlen=MOST)


def keep(user: Any, notice: Notice) -> None:
    """``MYPROFILE_NOTIFY``: an app with a mail server has ``"mail"`` there, see docs/notices."""
    current_app.extensions["acme_outbox"].appendleft(notice)


@bp.get("/outbox")
def mails() -> ResponseReturnValue:
    return render_template("outbox.html", mails=list(current_app.extensions["acme_outbox"]), here=here)


def here(link: str) -> str:
    """Without the host, which may be another one than the demo is looked at: it is whichever port was free."""
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"
