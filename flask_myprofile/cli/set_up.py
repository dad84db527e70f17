"""The tables, and whether the app is set up right."""

from __future__ import annotations

import click

from ..globals import current_profile
from .command_group import group


@group.command("create-tables")
@click.option("--dry-run", is_flag=True, help="Change nothing: say what would be added.")
def create_tables(dry_run: bool) -> None:
    """Create the extension's tables, or add what a newer version has. With Flask-Migrate, migrate instead."""
    changes = current_profile.create_tables(dry_run=dry_run)
    for words in changes.added:
        click.echo(f"{'Would add' if dry_run else 'Added'} {words}.")
    for words in changes.left_alone:
        click.echo(f"Left alone: {words}.", err=True)
    if changes.left_alone:
        raise click.ClickException("Change what was left alone by a migration or by hand.")
    if not (dry_run and changes.added):
        click.echo("The tables of My Profile are up to date.")


@group.command("doctor")
@click.option("--json", "for_programs", is_flag=True, help="For programs: one JSON object.")
def doctor(for_programs: bool) -> None:
    """Check whether this app is set up as My Profile needs it. Changes nothing."""
    from ..doctor.command import report  # slow, and every start of the app loads this file

    report(for_programs)
