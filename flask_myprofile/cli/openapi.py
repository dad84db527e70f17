"""What the pages take and answer, for programs."""

from __future__ import annotations

import json

import click
from flask import current_app

from .command_group import WHOM, find_user, group


@group.command("openapi")
@click.option("--user", "text", metavar=WHOM, help="Only what this user has, as it is served to them.")
def openapi(text: str | None) -> None:
    """Print the OpenAPI 3.1 document of every page and action, those that are switched off included."""
    from ..openapi.document import document  # every start of the app loads this file

    with current_app.test_request_context():
        user = find_user(text)[0] if text is not None else None
        if user is not None:  # what is on is asked for whoever is signed in
            current_app.login_manager._update_request_context_with_user(user)  # type: ignore[attr-defined]
        click.echo(json.dumps(document(user), indent=2, ensure_ascii=False))
