"""What the page of a link in a mail asks, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import flask_login

from ..auth.bearer import token_authenticated
from ..globals import current_profile


class Box(NamedTuple):
    """Something else that may be done at once."""

    name: str
    label: str
    hint: str
    ticked: bool


class Question(NamedTuple):
    """:param row: the session that it is about, as :func:`.session_rows.as_rows` has it."""

    title: str
    texts: Sequence[str]
    yes: str
    danger: bool = False
    row: Mapping[str, Any] | None = None
    boxes: Sequence[Box] = ()


class Answer(NamedTuple):
    """What was done. :param redirect: where the browser goes on to; else the page has a link, ``next_url``."""

    title: str
    texts: Sequence[str]
    next_url: str | None = None
    next_text: str = ""
    redirect: str | None = None


def is_signed_in(user: Any) -> bool:
    """Whether this browser is, as that user; a program with an API token is not."""
    here = flask_login.current_user
    is_in = bool(here and here.is_authenticated) and not token_authenticated()
    return is_in and current_profile.users.key(here) == current_profile.users.key(user)
