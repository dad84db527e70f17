"""What somebody hears whose password was asked for, whichever door they came by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from ..account.password_throttle import TooManyGuesses
from ..account.passwords import HostFailed, WrongPassword
from ..account.user_passwords import CannotCheck, CannotWrite
from ..errors import Conflict, Failed, Invalid, Refused, Unavailable
from ..i18n import gettext, lazy_gettext
from ..responses import RETRY_AFTER
from .throttling import too_many

CANNOT_CHECK = "password_cannot_be_checked"
WRONG = lazy_gettext("Your current password is not correct")


@contextmanager
def answered() -> Iterator[None]:
    """Says in words what is found out about the password, and whose mistake it is."""
    try:
        yield
    except TooManyGuesses as many:
        raise too_many(many) from many
    except WrongPassword as wrong:
        raise Invalid({"current_password": WRONG}) from wrong
    except CannotCheck as unknown:
        raise Conflict(
            gettext(
                "Your current password cannot be checked here. It may well be correct. Nothing was changed. "
                "Tell your administrator."
            ),
            code=CANNOT_CHECK,
        ) from unknown
    except CannotWrite as unknown:
        raise Conflict(
            gettext(
                "Your password cannot be changed here: you could not sign in with the new one. "
                "Nothing was changed, and your current password still works. Tell your administrator."
            ),
            code="password_cannot_be_changed",
        ) from unknown
    except HostFailed as failed:
        raise _refusal_of(failed) from failed


def _refusal_of(failed: HostFailed) -> Refused:
    current_app.logger.error("MyProfile: %s; nothing was changed", failed, exc_info=failed.__cause__)
    if failed.is_down:
        sentence = gettext("Your changes could not be saved. Nothing was changed. Try again later.")
        return Unavailable(RETRY_AFTER, sentence)
    if current_app.debug and failed.__cause__ is not None:
        raise failed.__cause__
    return Failed(gettext("This application has made a mistake. Nothing was changed. Tell your administrator."))
