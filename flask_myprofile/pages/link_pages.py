"""What the page of a link in a mail asks, and what it answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import flask_login

from ..account.tokens_of_sessions import revoke_with_sessions
from ..auth.bearer import token_authenticated
from ..globals import current_profile
from ..i18n import gettext


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


# ---- the API token, which is a way in as a session is

#: The box, called as the feature.
REVOKE_BOX = "api_token"


def token_boxes(user: Any, since: int | None) -> list[Box]:
    """Whether to revoke it, if there is one: ticked for one that whoever it was may have made, since then."""
    is_on = current_profile.features.is_on(REVOKE_BOX, user=user)
    tokens = current_profile.tokens.list(user) if is_on else []
    if not tokens:
        return []
    is_later = since is None or any(token.created_at >= since for token in tokens)
    label = gettext("Revoke your API token") if len(tokens) < 2 else gettext("Revoke all your API tokens")
    return [Box(REVOKE_BOX, label, gettext("Integrations using it will stop working."), ticked=is_later)]


def revoke_if_ticked(user: Any, ticked: Collection[str]) -> list[str]:
    """What was done, in words."""
    offered = current_profile.features.is_on(REVOKE_BOX, user=user)
    if not offered or REVOKE_BOX not in ticked:
        return []
    revoke = current_profile.tokens.revoke
    done = revoke_with_sessions(lambda: revoke(user), current_profile.own_transaction)
    return [gettext("Your API token has been revoked.")] if done else []
