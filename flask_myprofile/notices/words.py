"""What each kind of notice says, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..account.one_time_links import CONFIRM_EMAIL, NOT_ME, UNDO_EMAIL
from ..i18n import gettext, ngettext
from ..pages.email_change import CONFIRM
from ..pages.email_links import CHANGED
from .notice import News

PASSWORD_CHANGED, NEW_DEVICE = "password_changed", "new_device"
TOKEN_MADE, TOKEN_CHANGED, TOKEN_REVOKED, TOKEN_ENDS = "token_made", "token_changed", "token_revoked", "token_ends"
DATA_DOWNLOADED, ACCOUNT_DELETED = "data_downloaded", "account_deleted"


class Words(NamedTuple):
    """``link`` is what the link is called, ``link_hint`` stands below it, ``without`` in their place."""

    subject: str
    happened: str
    advice: str
    link: str
    link_hint: str
    without: str


class Kind(NamedTuple):
    """:param purpose: what its link is for: see :class:`~..account.one_time_links.OneTimeLinks`; None: it has no link.

    :param preference: the choice of users by which they do without. :param repeats: whether it is not held back.
    :param to_stranger: whether it may go to somebody else, whom nothing else is told.
    :param is_last: whether there may be no such user any more.
    """

    words: Callable[[News], Words]
    purpose: str | None = NOT_ME
    preference: str | None = None
    repeats: bool = False
    to_stranger: bool = False
    is_last: bool = False


def _of_account(subject: str, happened: str) -> Words:
    return Words(
        subject,
        happened,
        gettext("If this was you, there is nothing to do."),
        gettext("This wasn’t me"),
        gettext("The link works once, within 7 days."),
        gettext("If it was not, sign in, change your password and sign out of all other sessions."),
    )


def _password_changed(news: News) -> Words:
    return _of_account(gettext("Your password was changed"), gettext("The password of your account was changed."))


def _token_made(news: News) -> Words:
    if "token" in news.values:
        made = gettext("The API token “%(token)s” was made for your account.", token=_name_of_token(news))
        return _of_account(gettext("A new API token was made"), made)
    return _of_account(
        gettext("A new API token was made"),
        gettext("A new API token was made for your account. The one before it, if there was one, works no longer."),
    )


def _name_of_token(news: News) -> str:
    return news.values["token"] or gettext("API Token")


def _token_revoked(news: News) -> Words:
    if "token" in news.values:
        happened = gettext(
            "The API token “%(token)s” of your account was revoked. Programs that have it cannot use it any more.",
            token=_name_of_token(news),
        )
        return _of_account(gettext("An API token was revoked"), happened)
    happened = gettext("The API token of your account was revoked. Programs that have it cannot use it any more.")
    return _of_account(gettext("Your API token was revoked"), happened)


def _token_changed(news: News) -> Words:
    happened = gettext(
        "What the API token “%(token)s” of your account may do, or from where, was changed.", token=_name_of_token(news)
    )
    return _of_account(gettext("An API token was changed"), happened)


def _token_ends(news: News) -> Words:
    days = int(news.values["days"])
    if "token" in news.values:
        subject, happened = (
            gettext("An API token ends soon"),
            ngettext(
                "The API token “%(token)s” of your account ends within %(num)s day.",
                "The API token “%(token)s” of your account ends within %(num)s days.",
                days,
                token=_name_of_token(news),
            ),
        )
    else:
        subject, happened = (
            gettext("Your API token ends soon"),
            ngettext(
                "The API token of your account ends within %(num)s day.",
                "The API token of your account ends within %(num)s days.",
                days,
            ),
        )
    return Words(
        subject,
        happened,
        gettext("Is it still needed? Regenerate it on the API Token tab, and update the programs that use it."),
        "",
        "",
        "",
    )


def _new_device(news: News) -> Words:
    return _of_account(
        gettext("Sign-in from a new device"),
        gettext("Somebody has signed in to your account from a browser that was not used for that before."),
    )


def _data_downloaded(news: News) -> Words:
    return _of_account(
        gettext("Your data were downloaded"),
        gettext("Somebody who is signed in to your account has saved a file with all that is kept of it."),
    )


def _account_deleted(news: News) -> Words:
    return Words(
        gettext("Your account has been deleted"),
        gettext("Your account and all that was kept of it are deleted. This is the last mail about it."),
        gettext("If this was you, there is nothing to do."),
        "",
        "",
        gettext("If it was not, ask whoever runs the application."),
    )


def _email_changed(news: News) -> Words:
    return Words(
        gettext("Your email address was changed"),
        gettext("The email address of your account was changed from %(old)s to %(new)s.", **news.values),
        gettext("If this was you, there is nothing to do."),
        gettext("Undo the change"),
        gettext("The link works once, within 72 hours."),
        gettext("If it was not, ask whoever runs the application."),
    )


def _confirm_email(news: News) -> Words:
    return Words(
        gettext("Confirm your new email address"),
        gettext("Somebody, most likely you, wants %(new)s to be the email address of their account.", **news.values),
        gettext("If it was not you, there is nothing to do, and nothing changes."),
        gettext("Confirm"),
        gettext("The link works once, within an hour, for who is signed in to that account."),
        "",
    )


KINDS: Mapping[str, Kind] = {
    PASSWORD_CHANGED: Kind(_password_changed),
    TOKEN_MADE: Kind(_token_made),
    TOKEN_CHANGED: Kind(_token_changed),
    TOKEN_REVOKED: Kind(_token_revoked),
    TOKEN_ENDS: Kind(_token_ends, None, repeats=True),
    CHANGED: Kind(_email_changed, UNDO_EMAIL, repeats=True),
    CONFIRM: Kind(_confirm_email, CONFIRM_EMAIL, repeats=True, to_stranger=True),
    DATA_DOWNLOADED: Kind(_data_downloaded),
    ACCOUNT_DELETED: Kind(_account_deleted, None, repeats=True, is_last=True),
    NEW_DEVICE: Kind(_new_device, preference="new_device"),
}
