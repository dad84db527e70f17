"""Actions that take files: how much may come, and that whoever sends more is told so."""

from __future__ import annotations

from collections.abc import Callable

from flask import request

from ..errors import TooLarge
from ..i18n import gettext

#: Of what is too large, so many times the limit is read and thrown away.
_PATIENCE = 10
_CHUNK = 64 * 1024


def allow(max_body: int | Callable[[], int]) -> None:
    """So much of what files come in. Whatever else is sent is held in memory, and each of its fields is looked at: a
    few megabytes of these take half a minute."""
    if request.mimetype != "multipart/form-data":
        return
    request.max_content_length = max_body() if callable(max_body) else max_body


def too_large() -> TooLarge:
    return TooLarge(gettext("This file is too large. Nothing was changed. Choose a smaller one."))


def let_it_come(limit: int) -> None:
    """A browser that is still sending when it is answered says that the connection was broken, and shows no answer. So
    the rest is read, and kept nowhere."""
    left = request.content_length or 0
    was_read = "stream" in vars(request) or "form" in vars(request)
    if was_read or left > _PATIENCE * limit:
        return
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(_CHUNK, left))):
        left -= len(chunk)
