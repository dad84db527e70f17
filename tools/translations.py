"""Bring the catalogues up to date with the code: extract, update and compile, for the package and the example app.

    python tools/translations.py             # and say what is untranslated
    python tools/translations.py cs pt_PT    # begin languages

Texts that are new are empty in the ``.po`` files then: fill them in and run it again.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("gettext", "lazy_gettext", "mp_text")),
    **dict.fromkeys(("ngettext", "mp_ntext"), (1, 2)),
}


@dataclass(frozen=True)
class Part:
    """What has catalogues of its own."""

    folder: Path
    domain: str
    project: str
    version: str

    @property
    def template(self) -> Path:
        return self.folder / "translations" / f"{self.domain}.pot"

    @property
    def languages(self) -> list[str]:
        return sorted(path.parent.parent.name for path in self.template.parent.glob(f"*/LC_MESSAGES/{self.domain}.po"))

    def po(self, language: str) -> Path:
        return self.template.parent / language / "LC_MESSAGES" / f"{self.domain}.po"

    def extracted(self) -> Catalog:
        """Every text of the code, file by file."""
        comment = f"# The texts of {self.project}."
        found = Catalog(project=self.project, version=self.version, header_comment=comment, fuzzy=False)
        for _, _, text, _, context in extract_from_dir(str(self.folder), METHODS, keywords=KEYWORDS):
            found.add(text, context=context)
        return found

    def catalog(self, language: str) -> Catalog:
        """What there is of the language so far; an empty catalogue of a new one."""
        if self.po(language).exists():
            return read_po(BytesIO(self.po(language).read_bytes()), locale=language, domain=self.domain)
        return Catalog(
            language,
            self.domain,
            header_comment=f"# {Locale.parse(language).get_display_name('en')} translations for {self.project}.",
            project=self.project,
            version=self.version,
            revision_date=datetime.now(timezone.utc),
            last_translator=f"the authors of {self.project}",
            language_team=str(Locale.parse(language).get_display_name("en")),
            fuzzy=False,
        )


PACKAGE = Part(ROOT / "flask_myprofile", "myprofile", "Flask-MyProfile", "0.1")
EXAMPLE = Part(ROOT / "example_app", "messages", "Acme Analytics", "1.0")


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def texts(value: Any) -> tuple[str, ...]:
    """All the plural forms of a text, or the one that it is."""
    return (value,) if isinstance(value, str) else tuple(value)


def untranslated(catalog: Catalog) -> Iterator[str]:
    for message in messages(catalog):
        if message.fuzzy or not all(text.strip() for text in texts(message.string or "")):
            yield texts(message.id)[0]


def write(path: Path, content: BytesIO) -> None:
    """A file that says nothing new stays as it is: somebody may be at work in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != content.getvalue():
        path.write_bytes(content.getvalue())


def save(catalog: Catalog, path: Path) -> None:
    content = BytesIO()
    write_po(content, catalog, width=0, no_location=True, ignore_obsolete=True)
    write(path, content)


def compile_to(path: Path, catalog: Catalog) -> None:
    content = BytesIO()
    write_mo(content, catalog)
    write(path, content)


def save_template(template: Catalog, path: Path) -> None:
    """Its date is when the texts changed, and not when somebody looked."""
    before = read_po(BytesIO(path.read_bytes())) if path.exists() else Catalog()
    if [message.id for message in before] == [message.id for message in template]:
        template.creation_date = before.creation_date
    save(template, path)


def update(part: Part, begun: list[str]) -> dict[str, list[str]]:
    """Every catalogue of ``part``, written and compiled; each text that is missing somewhere, with the languages."""
    template = part.extracted()
    save_template(template, part.template)
    missing = defaultdict(list)
    for language in sorted({*part.languages, *begun}):
        catalog = part.catalog(language)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        save(catalog, part.po(language))
        compile_to(part.po(language).with_suffix(".mo"), catalog)
        for text in untranslated(catalog):
            missing[text].append(language)
    return missing


if __name__ == "__main__":
    for each in (PACKAGE, EXAMPLE):
        absent = update(each, sys.argv[1:])
        for text, where in absent.items():
            print(f"{each.project}, {' '.join(where)}: {text!r}")
        print(f"{each.project}: {len(absent) or 'no'} texts to translate, {len(each.languages) + 1} languages")
