"""For how long a token is made, and how long one goes on that is replaced: what there is to choose."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectField, ValidationError

from ..account.clock import now
from ..account.token_ends import MOST_KEPT
from ..config import DAY
from ..errors import Invalid
from ..globals import current_profile
from ..i18n import gettext, ngettext, reader_zone
from ..tab import Tab
from .column_fields import Line, option
from .token_facts import are_a_list

NEVER, DATE = "never", "date"
_HOUR = 3600
_LIVES = (7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY)
_KEPT = (_HOUR, DAY, 7 * DAY, MOST_KEPT)


def in_words(seconds: int) -> str:
    if seconds % DAY == 0:
        return ngettext("%(num)s day", "%(num)s days", seconds // DAY)
    if seconds % _HOUR == 0:
        return ngettext("%(num)s hour", "%(num)s hours", seconds // _HOUR)
    return ngettext("%(num)s second", "%(num)s seconds", seconds)


def life_fields() -> dict[str, Any]:
    usual, most = current_profile.config.api_token_lifetime, current_profile.config.api_token_max_lifetime
    lives = sorted(each for each in {*_LIVES, usual, most} if each and (not most or each <= most))
    words = {str(each): in_words(each) for each in lives} | {DATE: gettext("Until the day below")}
    words |= {} if most else {NEVER: gettext("It does not end")}

    def check_life(form: Any, field: SelectField) -> None:
        if field.data not in words:
            raise ValidationError(gettext("Choose from the list"))

    def check_day(form: Any, field: Line) -> None:
        if form["lifetime"].data == DATE:
            until_day(field.data)

    return {
        "lifetime": SelectField(
            gettext("Ends after"),
            [check_life],
            choices=[option(*each) for each in words.items()],
            default=str(usual or most or NEVER),
            validate_choice=False,
        ),
        "until": Line(
            gettext("Last day"), [check_day], description=_last_day_hint(), render_kw={"type": "date", "dir": "ltr"}
        ),
    }


def _last_day_hint() -> str:
    return gettext("Needed only for “Until the day below”. The token works until the end of that day.")


def until_day(typed: str | None) -> int:
    """Seconds from now to the end of that day, where the user is.

    :raises ValidationError: it is no day, or one that is over, or later than a token may end.
    """
    try:
        day = date.fromisoformat((typed or "").strip())
        end = datetime.combine(day + timedelta(days=1), time(), reader_zone()).timestamp()
    except (ValueError, OverflowError):
        raise ValidationError(gettext("Enter a day, such as 2027-03-31")) from None
    seconds, most = int(end) - now(), current_profile.config.api_token_max_lifetime
    if seconds <= 0:
        raise ValidationError(gettext("Enter a day that is not over yet"))
    if most is not None and seconds > most + DAY:
        raise ValidationError(gettext("A token may go on for no longer than %(time)s", time=in_words(most)))
    return seconds


def lifetime_of(form: Any) -> int:
    """What was chosen, in seconds; 0: no end."""
    chosen = form["lifetime"].data
    return 0 if chosen == NEVER else until_day(form["until"].data) if chosen == DATE else int(chosen)


def keep_form(tab: Tab, user: Any) -> FlaskForm | None:
    """How long the one that is replaced goes on: asked where there may be several."""
    records = current_profile.tokens.list(user)
    if not records or not are_a_list(records):
        return None
    choices = [option("0", gettext("It stops working at once")), *(option(str(each), in_words(each)) for each in _KEPT)]
    label = gettext("The old token goes on working for")
    fields = {"keep": SelectField(label, choices=choices, default="0", validate_choice=False)}
    return type("KeepForm", (FlaskForm,), fields)(formdata=None, meta={"csrf": False})


def kept_for(typed: str | None) -> int:
    """The same as it was sent, in seconds.

    :raises Invalid: it is no number of seconds, or too many.
    """
    if typed is None or typed == "":
        return 0
    if not typed.isdecimal() or len(typed) > 9 or int(typed) > MOST_KEPT:
        raise Invalid({"keep": gettext("A number of seconds from 0 to %(most)s", most=MOST_KEPT)})
    return int(typed)
