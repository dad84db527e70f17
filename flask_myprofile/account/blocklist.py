"""Passwords that are guessed first, because many people choose them."""

from __future__ import annotations

import unicodedata
from functools import cached_property
from pathlib import Path

from ..errors import SetupError

PACKAGED = Path(__file__).parent.parent / "data" / "common_passwords.txt"


class Blocklist:
    """The lines of a file, each a whole password. Read when the first password is looked up.

    :param path: a text file in UTF-8 (default: the packaged one).
    :raises SetupError: there is no such file.
    """

    def __init__(self, path: str | None = None) -> None:
        self._path = Path(path) if path else PACKAGED
        if not self._path.is_file():
            raise SetupError(f"MYPROFILE_PASSWORD_BLOCKLIST: there is no file {path!r}")

    def __contains__(self, text: str) -> bool:
        return _folded(text) in self._passwords

    @cached_property
    def _passwords(self) -> frozenset[str]:
        lines = self._path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
        return frozenset(_folded(line.rstrip("\r")) for line in lines if line.strip())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
