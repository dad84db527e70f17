"""What somebody hears whose password was asked for, whichever door they came by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..account.host_code import HostFailed
from ..account.password_throttle import TooManyGuesses
from ..account.passwords import WrongPassword
from ..account.user_passwords import CannotCheck, CannotWrite
from ..errors import Conflict, Invalid
from ..i18n import gettext, lazy_gettext
from .refusals import of_the_host
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
        raise of_the_host(failed) from failed
