"""Whether what the extension keeps can be read and written."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import StoreDown
from ..globals import current_profile
from .findings import Finding, fault, ok


def stores() -> Iterator[Finding]:
    for store in current_profile.stores:
        try:
            store.try_writing()
        except StoreDown as error:
            yield fault(
                f"{store.technology} cannot be written to: {error}", "See that it runs, and what it allows the app."
            )
        else:
            yield ok(f"{store.technology} can be read and written.")
