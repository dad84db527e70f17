"""“This wasn’t me” in a mail: ends the session that it is about, and goes on to the others, the password and the token.

Who is signed in goes on along the path of :mod:`.not_me`; who is not may have all of it ended here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import url_for

from ..globals import current_profile
from ..i18n import gettext, ngettext
from ..store.notice_records import LinkRecord
from ..store.records import SessionRecord
from .link_pages import Answer, Box, Question, is_signed_in, revoke_if_ticked, token_boxes
from .not_me import url_of_path
from .session_rows import as_rows, name_of

_EVERYWHERE = "everywhere"


def ask(link: LinkRecord, user: Any) -> Question:
    session = _session_of(link, user)
    row = None
    if session is not None:
        (row,) = as_rows([session], None, current_profile.features.is_on("sessions.address", user=user))
    return Question(
        gettext("This wasn’t me"),
        [gettext("A few steps keep a stranger out. This is the first one.")],
        _yes(session),
        danger=True,
        row=row,
        boxes=[] if _goes_on_here(session, user) else _boxes(user, session),
    )


def _yes(session: SessionRecord | None) -> str:
    if session is None or session.ended_at is not None:
        return gettext("Continue")
    return gettext("Sign out of %(name)s", name=name_of(session))


def _session_of(link: LinkRecord, user: Any) -> SessionRecord | None:
    return current_profile.sessions.find(user, link.about) if link.about else None


def _goes_on_here(session: SessionRecord | None, user: Any) -> bool:
    """Whether this browser is signed in as the user, by another session than that."""
    current = current_profile.sessions.current(user) if is_signed_in(user) else None
    return current is not None and session is not None and current.id != session.id


def _boxes(user: Any, session: SessionRecord | None) -> list[Box]:
    features, boxes = current_profile.features.for_user(user), []
    if features["sessions.sign_out_others"]:
        hint = ngettext(
            "%(num)s session will have to sign in again the next time it is used.",
            "%(num)s sessions will have to sign in again the next time they are used.",
            current_profile.sessions.count(user),
        )
        boxes.append(Box(_EVERYWHERE, gettext("Sign out everywhere"), hint, ticked=True))
    return boxes + token_boxes(user, None if session is None else session.created_at)


def act(link: LinkRecord, user: Any, ticked: Collection[str]) -> Answer:
    session, sessions = _session_of(link, user), current_profile.sessions
    done = []
    if session is not None:
        sessions.end(user, session.id, "not_me")
        current_profile.links.forget_device_of(link.user_key, session.id)
        done.append(gettext("Signed out of %(name)s.", name=name_of(session)))
        if _goes_on_here(session, user):
            return Answer("", done, redirect=url_of_path(session.id))
    chosen = {box.name for box in _boxes(user, session)}.intersection(ticked)
    if _EVERYWHERE in chosen:
        ended = sessions.end_all(user, "not_me")
        if ended or not done:
            done.append(ngettext("%(num)s session was signed out.", "%(num)s sessions were signed out.", ended))
    done += revoke_if_ticked(user, chosen)
    return _what_is_left(user, done)


def _what_is_left(user: Any, done: list[str]) -> Answer:
    title = gettext("Now change your password") if _has_password(user) else gettext("Done")
    if not _has_password(user):
        return Answer(title, done)
    advice = gettext("Sign in to change it. If it does not work any more, ask for a new one where you sign in.")
    return Answer(title, [*done, advice], url_for("myprofile.password"), gettext("Change your password"))


def _has_password(user: Any) -> bool:
    users = current_profile.users
    may = current_profile.features.is_on("password", user=user)
    return may and users.has_password(user) and not users.is_sso(user)
