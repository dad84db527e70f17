"""The page that a link in a mail leads to. It asks: programs that look at mails follow their links, and send no form.

Whoever has the link is who has the mailbox, signed in or not; its secret stands for the CSRF token as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import jsonify, make_response, redirect, request

from ..account.one_time_links import NOT_ME
from ..errors import NotFound
from ..features import ROOT
from ..globals import current_profile
from ..i18n import gettext
from ..responses import prefers_json
from ..store.records import LinkRecord
from ..transactions import unit_of_work
from . import layout, not_me_link
from .link_pages import Answer, Question


class Purpose(NamedTuple):
    """``ask``: what the page asks about. ``act``: what is done, in one transaction with the end of the link."""

    ask: Callable[[LinkRecord, Any], Question]
    act: Callable[[LinkRecord, Any], Answer]


PURPOSES: Mapping[str, Purpose] = {NOT_ME: Purpose(not_me_link.ask, not_me_link.act)}


def view() -> Any:
    current_profile.features.require(ROOT)
    secret = request.values.get("token", "")
    record = current_profile.links.find(secret)
    user = current_profile.users.load(record.user_key) if record is not None else None
    if record is None or user is None or not current_profile.users.is_active(user):
        return _too_late()
    purpose = PURPOSES[record.purpose]
    if request.method != "POST":
        question = purpose.ask(record, user)
        return _page(title=question.title, question=question, token=secret)
    with unit_of_work(current_profile.db.session):
        taken = current_profile.links.take(secret)
        answer = purpose.act(record, user) if taken is not None else None
    return _too_late() if answer is None else _answered(answer)


def _answered(answer: Answer) -> Any:
    if prefers_json():
        return jsonify(message=" ".join(map(str, answer.texts)))
    if answer.redirect is not None:
        layout.remember_message(" ".join(map(str, answer.texts)))
        return redirect(answer.redirect, 303)
    return _page(title=answer.title, answer=answer)


def _too_late() -> Any:
    if prefers_json():
        raise NotFound(code="link_used_or_too_old")
    texts: Sequence[str] = [gettext("It was used already, or it is too old. Nothing was changed.")]
    title = gettext("This link does not work any more")
    return _page(title=title, answer=Answer(title, texts), status=404)


def _page(title: Any, status: int = 200, **context: Any) -> Any:
    shown = make_response(layout.render("myprofile/mail_link.html", title=title, status=status, **context))
    shown.headers["Referrer-Policy"] = "no-referrer"  # the address has the secret
    return shown
