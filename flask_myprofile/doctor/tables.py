"""Whether the tables are those of this version."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app

from ..globals import current_profile
from .findings import Finding, fault, ok


def tables() -> Iterator[Finding]:
    changes = current_profile.create_tables(dry_run=True)
    migrates = "migrate" in current_app.extensions
    add = "flask db migrate, then flask db upgrade" if migrates else "flask myprofile create-tables"
    for words in changes.added:
        yield fault(f"Missing: {words}.", add)
    for words in changes.left_alone:
        yield fault(f"{words}.", "Change it by a migration or by hand.")
    if not changes.added and not changes.left_alone:
        yield ok("The tables are those of this version.")
