"""Words, dates, languages, and what the user chose for them. Other rooms import from here."""

from .formats import app_timezone as app_timezone
from .formats import as_datetime as as_datetime
from .formats import iso_time as iso_time
from .formats import join_list as join_list
from .formats import long_date as long_date
from .formats import time_ago as time_ago
from .languages import host_languages as host_languages
from .languages import native_name as native_name
from .preferences import choose_preferences as choose_preferences
from .preferences import current_preferences as current_preferences
from .preferences import locale_of as locale_of
from .translation import direction as direction
from .translation import gettext as gettext
from .translation import has_babel as has_babel
from .translation import language_tag as language_tag
from .translation import lazy_gettext as lazy_gettext
from .translation import locale as locale
from .translation import ngettext as ngettext
from .translation import refresh_locale as refresh_locale
from .translation import tag_of as tag_of
