"""Words, dates, languages, and what the user chose for them. Other rooms import from here."""

from .formats import app_timezone as app_timezone
from .formats import as_datetime as as_datetime
from .formats import iso_time as iso_time
from .formats import join_list as join_list
from .formats import long_date as long_date
from .formats import reader_zone as reader_zone
from .formats import short_date as short_date
from .formats import short_moment as short_moment
from .formats import time_ago as time_ago
from .languages import flask_babel_of as flask_babel_of
from .languages import native_name as native_name
from .languages import offered as offered
from .languages import offered_as as offered_as
from .languages import tag_of as tag_of
from .preferences import choose_preferences as choose_preferences
from .preferences import current_preferences as current_preferences
from .reader import automatic_language as automatic_language
from .reader import automatic_timezone_name as automatic_timezone_name
from .reader import direction as direction
from .reader import language_tag as language_tag
from .reader import locale as locale
from .reader import refresh_locale as refresh_locale
from .reader import select_for as select_for
from .translation import gettext as gettext
from .translation import lazy_gettext as lazy_gettext
from .translation import ngettext as ngettext
