"""``flask myprofile …``"""

from __future__ import annotations

import click
from flask.cli import AppGroup

from .globals import current_profile

group = AppGroup("myprofile", help="My Profile: the user's own page.")


@group.command("create-tables")
def create_tables() -> None:
    """Create the extension's tables where they are missing. With Flask-Migrate, migrate instead."""
    current_profile.create_tables()
    click.echo("The tables of My Profile are there.")
