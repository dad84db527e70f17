"""The links in mails about a change of an e-mail address: to the new one, to confirm; to the old one, to undo."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from flask import url_for

from ..account import email_changes
from ..account.email_changes import EMAIL
from ..account.host_code import HostFailed
from ..errors import Conflict, Invalid, NotFound
from ..globals import current_profile
from ..i18n import gettext
from ..store.notice_records import EmailChange, LinkRecord
from ..transactions import after_commit
from .email_change import may_change
from .held_user import check_saved, held_user
from .link_pages import Answer, Box, Question, is_signed_in, revoke_if_ticked, token_boxes
from .refusals import of_the_host, of_the_model

#: The kind of notice that goes to the address from before.
CHANGED = "email_changed"
_SESSIONS = "sessions"


def ask_to_confirm(link: LinkRecord, user: Any) -> Question | None:
    change = current_profile.email_changes.pending(user)
    if not may_change(user) or change is None or change.id != link.about:
        return None
    texts = [gettext("Your email address becomes %(address)s.", address=change.new_address)]
    if present := _present(user):
        texts.append(gettext("What it is now, %(address)s, gets a mail by which that can be undone.", address=present))
    return Question(gettext("Confirm your new email address"), texts, gettext("Confirm"))


def confirm(link: LinkRecord, user: Any, ticked: Collection[str]) -> Answer:
    if not may_change(user):  # any more
        raise NotFound(code="feature_off")
    user = held_user(user)
    sessions, before = current_profile.sessions, current_profile.sessions.owner(user)
    with _answered():
        change = current_profile.email_changes.confirm(user, link.about)
    sessions.follow(user, before)  # who is signed in by the address
    if (_present(user) or "") != change.old_address:  # a model may have put the letters back
        after_commit(partial(check_saved, user, {EMAIL: change.old_address}))
    if change.old_address:
        _tell(change)
    done = gettext("Your email address is %(address)s now.", address=change.new_address)
    return Answer("", [done], redirect=url_for("myprofile.personal_information"))


def ask_to_undo(link: LinkRecord, user: Any) -> Question | None:
    change = current_profile.email_changes.find(user, link.about)
    if change is None:
        return None
    label, hint = gettext("Sign out what has signed in since"), gettext("Whoever uses it has to sign in again.")
    return Question(
        gettext("Undo the change of your email address"),
        [gettext("The email address of your account becomes %(address)s again.", address=change.old_address)],
        gettext("Undo the change"),
        danger=True,
        boxes=[Box(_SESSIONS, label, hint, ticked=True), *token_boxes(user, change.asked_at)],
    )


def undo(link: LinkRecord, user: Any, ticked: Collection[str]) -> Answer:
    user = held_user(user)
    sessions, before, present = current_profile.sessions, current_profile.sessions.owner(user), _present(user)
    with _answered():
        undone = current_profile.email_changes.undo(user, link.about)
    change = undone[0]
    # what was sent to a stranger's mailbox meanwhile
    current_profile.links.drop_sent_to(link.user_key, [each.new_address for each in undone])
    sessions.follow(user, before)
    after_commit(partial(check_saved, user, {EMAIL: present}))
    done = [gettext("The email address of your account is %(address)s again.", address=change.old_address)]
    if _SESSIONS in ticked:
        _end_sessions(user, change)
    done += revoke_if_ticked(user, ticked)
    done.append(gettext("Now change your password: whoever has changed the address may know it."))
    return Answer(gettext("Done"), done, url_for("myprofile.password"), gettext("Change your password"))


def _end_sessions(user: Any, change: EmailChange) -> None:
    """The one that has asked for the change, and those that have begun since; but not the one of this browser."""
    sessions = current_profile.sessions
    here = sessions.current(user) if is_signed_in(user) else None
    for row in sessions.list(user, limit=10_000):
        is_later = row.created_at >= change.asked_at or row.id == change.session_id
        if is_later and (here is None or row.id != here.id):
            sessions.end(user, row.id, "not_me")


def _present(user: Any) -> str | None:
    return current_profile.users.get(user, EMAIL)  # type: ignore[no-any-return]


def _tell(change: EmailChange) -> None:
    values = {"old": change.old_address, "new": change.new_address}
    current_profile.notices.tell(CHANGED, change.user_key, to=change.old_address, about=change.id, values=values)


@contextmanager
def _answered() -> Iterator[None]:
    """What the rules refuse, in words."""
    try:
        yield
    except email_changes.AddressTaken as taken:
        raise Conflict(gettext("Somebody else has this email address. Nothing was changed.")) from taken
    except Invalid as refusal:
        raise Conflict(" ".join(str(text) for texts in of_the_model(refusal).values() for text in texts)) from refusal
    except HostFailed as failed:
        raise of_the_host(failed) from failed
    except email_changes.NotPending as gone:
        sentence = gettext("The email address of your account was changed otherwise meanwhile. Nothing was done now.")
        raise Conflict(sentence) from gone
