"""Build ``flask_myprofile/data/common_passwords.txt`` from lists of leaked passwords, one password a line.

    python tools/build_blocklist.py LIST [LIST …]

What is kept is what the default policy would let pass otherwise: at least 15 code points once normalised. The file is
sorted, folded and without doubles, so that two builds from the same lists are the same.
"""

from __future__ import annotations

import gzip
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).parent.parent / "flask_myprofile" / "data" / "common_passwords.txt"
LEAST, MOST = 15, 64
#: Somebody's address, which a leak has beside passwords and which is nobody else's business.
_ADDRESS = re.compile(r"\S@\S+\.\S")


def lines(path: Path) -> Iterator[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from raw.decode("utf-8", "replace").split("\n")


def is_password(text: str) -> bool:
    """Lists of leaks have broken encodings and scraps of HTML among the passwords."""
    is_clean = text.isprintable() and "\ufffd" not in text and "&#" not in text and text == text.strip()
    return is_clean and LEAST <= len(text) <= MOST and not _ADDRESS.search(text)


def build(paths: list[Path]) -> list[str]:
    folded = (unicodedata.normalize("NFC", line.rstrip("\r")).casefold() for path in paths for line in lines(path))
    return sorted({text for text in folded if is_password(text)})


if __name__ == "__main__":
    found = build([Path(name) for name in sys.argv[1:]])
    TARGET.write_text("\n".join(found) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(found)} passwords in {TARGET}\n")
