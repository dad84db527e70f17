"""Which languages there are, and who chooses."""

from __future__ import annotations

from collections.abc import Iterator

from babel import Locale
from flask import current_app

from ..globals import current_profile
from ..i18n import flask_babel_of, offered, offered_as
from ..i18n.languages import ENGLISH, TRANSLATIONS, locale_of
from .findings import Finding, fault, note, ok


def languages() -> Iterator[Finding]:
    codes = current_profile.config.languages or ()
    if unknown := [code for code in codes if locale_of(code) is None]:
        yield fault(
            f"MYPROFILE_LANGUAGES names no languages: {', '.join(unknown)}.", 'Codes are such as "de", "pt_BR".'
        )
    files = TRANSLATIONS.glob("*/LC_MESSAGES/myprofile.mo")
    translated = [ENGLISH, *(Locale.parse(file.parent.parent.name) for file in files)]
    lacking = [str(each) for each in offered() if offered_as(str(each), translated) is None]
    if lacking:
        yield note(
            f"My Profile is not translated to {', '.join(lacking)}: its pages are in English for who chooses it.",
            "Leave it out of MYPROFILE_LANGUAGES, or translate it.",
        )
    babel = flask_babel_of(current_app)
    if babel is not None:
        own = getattr(babel.locale_selector, "__module__", "flask_myprofile").partition(".")[0] != "flask_myprofile"
        how = "by the app's locale_selector" if babel.locale_selector is not None and own else "by the user's choice"
        yield ok(f"Flask-Babel decides, {how}; {len(offered())} languages on offer.")
    elif "babel" in current_app.extensions:
        yield note("Another extension than Flask-Babel calls itself babel, and is not asked.", "Use Flask-Babel.")
    else:
        yield ok(f"Without Flask-Babel, My Profile chooses for its own pages; {len(offered())} languages on offer.")
