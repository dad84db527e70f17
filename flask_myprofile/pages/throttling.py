"""What somebody hears who guesses at a password, whichever door they do it at."""

from __future__ import annotations

from flask import abort, redirect

from ..account.password_throttle import TooManyGuesses
from ..errors import TooMany
from ..globals import after_sign_out
from ..i18n import gettext, ngettext
from ..responses import prefers_json
from .sign_out import sign_out
from .signed_out import say_elsewhere, sign_in_problem


def too_many(many: TooManyGuesses) -> TooMany:
    """The refusal of a guess too many, with the time to wait.

    After too many in a row this does not return: the session ends, and its browser is sent to the sign-in page.
    """
    if many.end_session:
        _end_session()
    return TooMany(many.retry_after, too_many_attempts(many.retry_after))


def too_many_attempts(seconds: int) -> str:
    return ngettext(
        "Too many attempts. Try again in %(num)s minute",
        "Too many attempts. Try again in %(num)s minutes",
        -(-seconds // 60),
    )


def _end_session() -> None:
    sentence = gettext("You have been signed out: the password was wrong too many times.")
    sign_out()
    if prefers_json():
        abort(sign_in_problem("signed_out", sentence))
    say_elsewhere(sentence)
    abort(redirect(after_sign_out(), 303))
