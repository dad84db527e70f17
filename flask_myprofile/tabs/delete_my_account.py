"""Delete my account: the account goes, and all that is kept of it. For a host that adds it, and says how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import flask_login
from flask import url_for
from flask_wtf import FlaskForm

from ..account.users import NO_DELETE
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..notices.words import ACCOUNT_DELETED
from ..pages import typed_name
from ..pages.held_user import held_user
from ..tab import Done, Tab, action
from ..transactions import after_commit

DELETED = "myprofile/tabs/delete_my_account_done.html"
#: The tab that a file is saved on first, if the host has added it.
_DOWNLOAD = "download_my_data"


def _form(tab: Tab, user: Any) -> type[FlaskForm]:
    return typed_name.form_of(user)


class DeleteMyAccount(Tab):
    """A tab that a host adds: ``MyProfile(app, users=Users(delete=…), tabs=[DeleteMyAccount])``.

    A subclass may say what else goes, and what does not: ``also_deleted`` and ``stays``.
    """

    name = "delete_my_account"
    label = lazy_gettext("Delete my account")
    summary = lazy_gettext("Your account and all that is kept of it, for good.")
    meaning = lazy_gettext("Users delete their own account.")
    icon = "trash-2"
    #: Sentences: what of the host's goes with the account, and what has to stay.
    also_deleted: ClassVar[Sequence[Any]] = ()
    stays: ClassVar[Sequence[Any]] = ()

    def mistakes(self) -> list[str]:
        return [] if current_profile.users.can_delete else [f"{type(self).__name__}: {NO_DELETE}"]

    def context(self, user: Any) -> dict[str, Any]:
        can_download = _DOWNLOAD in current_profile.tabs and current_profile.features[_DOWNLOAD]
        return {
            "also_deleted": self.also_deleted,
            "stays": self.stays,
            "download_url": url_for(f"myprofile.{_DOWNLOAD}") if can_download else None,
        }

    @action(_form, fresh=True, purpose=lazy_gettext("delete your account"))
    def save(self, user: Any, form: Any) -> Done:
        user, said = held_user(user), gettext("Your account has been deleted.")
        key, address = current_profile.users.key(user), current_profile.users.shown(user, "email") or None
        if address:  # in the language that was chosen until now
            current_profile.notices.tell(ACCOUNT_DELETED, key, to=address)
        current_profile.erasure.delete(user)
        after_commit(flask_login.logout_user)
        return Done(said, template=DELETED)
