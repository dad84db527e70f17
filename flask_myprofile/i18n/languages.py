"""Which languages there are, and what each is called in itself."""

from __future__ import annotations

from babel import Locale
from flask import current_app

from .translation import TRANSLATIONS, has_babel, tag_of


def native_name(which: Locale) -> str:
    """The language's name in itself: "Deutsch", "français" with a capital, as a list entry has it."""
    key = "_".join(filter(None, (which.language, which.script, which.territory)))
    name = which.languages.get(key) or which.get_display_name() or str(which)
    # Georgian capitals are another style of the script, not an initial
    return name if which.language == "ka" else name[:1].upper() + name[1:]


def host_languages() -> list[str]:
    """Codes of the languages that the app itself, or else this package, is translated to."""
    if not has_babel():
        return []
    own = {tag_of(found) for found in current_app.extensions["babel"].instance.list_translations()}
    if len(own) < 2:
        own |= {
            "en",
            *(tag_of(Locale.parse(p.parent.parent.name)) for p in TRANSLATIONS.glob("*/LC_MESSAGES/myprofile.mo")),
        }
    return sorted(own)
