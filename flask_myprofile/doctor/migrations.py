"""Whether all migrations have been carried out, where the app has Flask-Migrate."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app

from ..globals import current_profile
from .findings import Finding, fault, note, ok


def migrations() -> Iterator[Finding]:
    known = current_app.extensions.get("migrate")
    if known is None:
        yield ok("The app has no Flask-Migrate.")
        return
    from alembic.migration import MigrationContext  # optional, as Flask-Migrate is
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        scripts = ScriptDirectory.from_config(known.migrate.get_config())
        wanted = set(scripts.get_heads())
    except CommandError:
        yield note("Flask-Migrate has no migrations yet.", "flask db init, then flask db migrate")
        return
    with current_profile.db.engine.connect() as connection:
        there = set(MigrationContext.configure(connection).get_current_heads())
    if there == wanted:
        yield ok("All migrations have been carried out.")
    else:
        yield fault("Migrations are pending.", "flask db upgrade")
