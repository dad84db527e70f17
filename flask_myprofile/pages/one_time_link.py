"""The page that a link in a mail leads to. It asks: programs that look at mails follow their links, and send no form.

Whoever has the link is who has the mailbox, signed in or not; its secret stands for the CSRF token as well, unless the
link is for who is signed in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import flask_login
from flask import jsonify, make_response, redirect, request, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField

from ..account.feature_rules import ROOT
from ..account.one_time_links import CONFIRM_EMAIL, NOT_ME, UNDO_EMAIL
from ..errors import Conflict, Forbidden, NotFound
from ..globals import current_profile
from ..i18n import gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import MESSAGE, TEXT
from ..responses import prefers_json
from ..store.notice_records import LinkRecord
from ..transactions import unit_of_work
from . import email_links, layout, not_me_link
from .access import check_signed_in
from .csrf import check_origin
from .forms import fill
from .link_pages import Answer, Question, is_signed_in


class Purpose(NamedTuple):
    """``ask``: what the page asks about; None: nothing is left to do. ``act``: what is done, in one transaction with
    the end of the link, given the names of the boxes that are ticked. ``needs_sign_in``: the mailbox, which may be a
    stranger's by a slip of the pen, is not enough.
    """

    ask: Callable[[LinkRecord, Any], Question | None]
    act: Callable[[LinkRecord, Any, Collection[str]], Answer]
    needs_sign_in: bool = False


PURPOSES: Mapping[str, Purpose] = {
    NOT_ME: Purpose(not_me_link.ask, not_me_link.act),
    CONFIRM_EMAIL: Purpose(email_links.ask_to_confirm, email_links.confirm, needs_sign_in=True),
    UNDO_EMAIL: Purpose(email_links.ask_to_undo, email_links.undo),
}


class LinkForm(FlaskForm):
    """What the pages of all purposes send: the secret, and which boxes are ticked."""

    token = StringField()
    everywhere, api_token, sessions = BooleanField(), BooleanField(), BooleanField()


@described(
    get=Operation("What a link in a mail asks", query={"token": TEXT}, feature=ROOT, for_visitors=True),
    post=Operation("Do what a link in a mail asks", answer=MESSAGE, form=LinkForm, feature=ROOT, for_visitors=True),
)
def view() -> Any:
    if not current_profile.features.may_be_on(ROOT):
        raise NotFound(code="feature_off")
    form = fill(LinkForm, {}) if request.method == "POST" else None
    secret = request.args.get("token", "") if form is None else form["token"].data or ""
    record = current_profile.links.find(secret)
    user = current_profile.users.load(record.user_key) if record is not None else None
    if record is None or user is None or not current_profile.users.is_active(user):
        return _too_late()
    current_profile.features.for_user(user).require(ROOT)
    purpose = PURPOSES[record.purpose]
    if purpose.needs_sign_in:
        if not is_signed_in(user):
            return _of_another(secret)
        check_origin()  # who has got the mail may be somebody else, and have made a page that sends it
    if form is not None:
        return _carry_out(purpose, secret, user, [box.name for box in form if box.name != "token" and box.data])
    question = purpose.ask(record, user)
    return _too_late() if question is None else _ask(purpose, question, secret)


def _ask(purpose: Purpose, question: Question, secret: str) -> Any:
    return _page(title=question.title, question=question, token=secret, needs_sign_in=purpose.needs_sign_in)


def _carry_out(purpose: Purpose, secret: str, user: Any, ticked: Collection[str]) -> Any:
    try:
        with unit_of_work(current_profile.db.session):
            taken = current_profile.links.take(secret)
            answer = purpose.act(taken, user, ticked) if taken is not None else None
    except Conflict as conflict:
        if prefers_json():
            raise
        title = gettext("This has changed meanwhile")
        return _page(title=title, answer=Answer(title, [str(conflict.message)]), status=conflict.status)
    if answer is not None and _has_ended_here(user):  # after the commit: it is no sign-out of the user's own
        flask_login.logout_user()
    return _too_late() if answer is None else _answered(answer)


def _has_ended_here(user: Any) -> bool:
    """Whether this browser's own session is over by now: a page with its menu and tabs would lead nowhere."""
    current = current_profile.sessions.current(user) if is_signed_in(user) else None
    record = current_profile.sessions.find(user, current.id) if current is not None else None
    return record is not None and record.ended_at is not None


def _of_another(secret: str) -> Any:
    """Nobody is signed in, or somebody else is."""
    if request.method == "POST" and not prefers_json():
        return redirect(url_for("myprofile.mail_link", token=secret), 303)
    if (unauthorized := check_signed_in()) is not None:
        return unauthorized
    title = gettext("This link is for another account")
    texts = [gettext("Sign out, and sign in to the account that it was sent for. Then open the link again.")]
    if prefers_json():
        raise Forbidden(" ".join([title, *texts]))
    return _page(title=title, answer=Answer(title, texts), status=403)


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
    given = {"question": None, **context}
    shown = make_response(layout.render("myprofile/mail_link.html", title=title, status=status, **given))
    shown.headers["Referrer-Policy"] = "no-referrer"  # the address has the secret
    return shown
