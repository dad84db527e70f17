"""What an administrator ends of an account besides what signs in: a change of the e-mail address, and all of it."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import StringField

from ..account.email_changes import OtherPending
from ..errors import Conflict, Invalid, NotFound, Refused
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..pages import typed_name
from ..pages.email_change import is_verified
from ..pages.refusals import lost_race
from ..responses import prefers_json
from .user_actions import Ended, Question, WhoseForm, ask, ends, log, name_of, perform, purpose, show_question
from .users import own_session, refuse

CANCEL_EMAIL_CHANGE = purpose(
    lambda: gettext("Cancel the change"), lazy_gettext("cancel the change of a user’s email address")
)
FORGET = purpose(lambda: gettext("Erase"), lazy_gettext("erase what is kept of a user"))
_FORGET_ENDPOINT = "sessions_forget"


class ChangeForm(WhoseForm):
    address = StringField()


class ForgetForm(WhoseForm):
    name = StringField()

    def check(self, user: Any) -> None:
        typed = typed_name.form_of(user)(formdata=None, data={"name": self.name.data}, meta={"csrf": False})
        if not typed.validate():
            raise Invalid({"name": typed["name"].errors})


@ends("Cancel the change of the email address of a user", ChangeForm, is_there=lambda admin: is_verified())
def cancel_email_change(admin: Any) -> Any:
    """Cancel the change that waits to be confirmed; a GET asks first."""
    if not is_verified():
        raise NotFound(code="feature_off")
    if request.method == "POST":
        return perform(admin, ChangeForm, _cancel_email_change)
    return ask(admin, "sessions_cancel_email_change", _about_email_change, gettext("Cancel the change"))


@ends("Erase what is kept of a user", ForgetForm)
def forget(admin: Any) -> Any:
    """Erase all that is kept of a user; a GET asks for their name."""
    if request.method == "POST":
        return perform(admin, ForgetForm, _forget, _ask_again)
    return ask(admin, _FORGET_ENDPOINT, _about_forgetting, gettext("Erase"))


# ---- what ends


def _cancel_email_change(admin: Any, user: Any, form: ChangeForm) -> Ended:
    try:
        cancelled = current_profile.email_changes.cancel(user, admin, form.condition("address"))
    except OtherPending as other:
        raise lost_race() from other
    if not cancelled:
        raise Conflict(gettext("There is no change of the email address that waits to be confirmed."))
    log(admin, "cancelled the change of the e-mail address of", user)
    return Ended(gettext("The email address of %(name)s stays what it is.", name=name_of(user)))


def _forget(admin: Any, user: Any, form: ForgetForm) -> Ended:
    own, message = own_session(admin, user), gettext("All that was kept of %(name)s is erased.", name=name_of(user))
    log(admin, "erased what was kept of", user)
    current_profile.forget(user, by=admin)
    return Ended(message, own is not None)


# ---- what is asked first


def _about_email_change(admin: Any, user: Any) -> Question | None:
    change = current_profile.email_changes.pending(user)
    if change is None:
        return None
    title = gettext("Cancel the change of the email address of %(name)s?", name=name_of(user))
    texts = [gettext("The link that was sent to %(address)s does nothing then.", address=change.new_address)]
    return Question(title, texts, {"address": change.new_address})


def _about_forgetting(admin: Any, user: Any) -> Question:
    texts = [
        gettext("Sessions, API token, preferences, sign-ins by Single Sign On and activity are erased for good."),
        gettext("The account itself stays: whoever runs the application deletes it."),
    ]
    form = typed_name.form_of(user)(formdata=None, meta={"csrf": False})
    return Question(gettext("Erase all that is kept of %(name)s?", name=name_of(user)), texts, form=form)


def _ask_again(refusal: Refused, typed: str, admin: Any, user: Any) -> Any:
    if prefers_json() or user is None or not isinstance(refusal, Invalid):
        return refuse(refusal, typed, admin, user)
    form: FlaskForm = typed_name.form_of(user)(formdata=request.form, meta={"csrf": False})
    form.validate()
    question = _about_forgetting(admin, user)._replace(form=form)
    return show_question(user, _FORGET_ENDPOINT, question, gettext("Erase"), refusal)
