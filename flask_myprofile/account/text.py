"""What people type: which characters a text field takes."""

from __future__ import annotations

import re
import unicodedata

#: Marks that turn the reading direction of whatever stands beside them.
_DIRECTION = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Categories of what nobody types in a name: controls, lone surrogates, separators of lines and paragraphs.
_CONTROL = ("Cc", "Cs", "Zl", "Zp")
#: Letters by their category, blank by their looks.
_BLANK = set("\u2800\u3164\u115f\u1160\uffa0")


def clean(text: str) -> str:
    """Without blanks at the ends and runs of blanks within; else as typed (a Persian ZWNJ and an emoji's ZWJ stay)."""
    return re.sub(r"[^\S\r\n]{2,}|\t", " ", text).strip()


def problem(text: str) -> str | None:
    """``"control"``: a character that no name has; ``"blank"``: nothing to see; None: fine."""
    if any(c in _DIRECTION or unicodedata.category(c) in _CONTROL for c in text):
        return "control"
    if text and all(c in _BLANK or c.isspace() or unicodedata.category(c) in ("Cf", "Mn") for c in text):
        return "blank"
    return None


def printable(text: str, length: int) -> str:
    """A header's text as it may be stored and shown: no control characters, not longer than ``length``."""
    text = text[: length * 2]
    if not text.isprintable():
        text = "".join(c for c in text if c not in _DIRECTION and unicodedata.category(c) not in _CONTROL)
    return text[:length]


def storable(text: str) -> bool:
    """Whether every database and every hash takes the text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any(0xD800 <= ord(character) <= 0xDFFF for character in text)
