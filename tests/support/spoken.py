"""What a page says in a language, and how it states which language that is."""

from __future__ import annotations

import re
from typing import Any

from tests.i18n.test_translations import catalog
from tools.translations import PACKAGE, Part, texts

RIGHT_TO_LEFT = ("ar", "he")


def said(language: str, text: str, part: Part = PACKAGE, **values: Any) -> str:
    own = text if language == "en" else texts(catalog(part, language).get(text).string)[0]  # type: ignore[union-attr]
    return own % values if values else own


def check_language(answer: Any, tag: str, what: str) -> None:
    """``lang`` as BCP 47 has it, and the direction that goes with it."""
    found = re.search(r"<html[^>]*>", answer.text)
    assert found, what
    assert f'lang="{tag}"' in found[0], what
    assert f'dir="{"rtl" if tag[:2] in RIGHT_TO_LEFT else "ltr"}"' in found[0], what
