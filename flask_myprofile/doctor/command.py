"""``flask myprofile doctor``: a line a finding, and exit code 1 where something is at fault."""

from __future__ import annotations

import json

import click

from .examination import Line, as_json, examine, in_words
from .findings import FAULT, NOTE, OK

_COLOURS = {OK: "green", NOTE: "yellow", FAULT: "red"}


def report(for_programs: bool) -> None:
    """Print it.

    :param for_programs: as JSON.
    :raises SystemExit: something is at fault.
    """
    lines = examine()
    if for_programs:
        click.echo(json.dumps(as_json(lines), indent=2))
    else:
        for line in lines:
            click.echo(_printed(line))
        click.echo(f"MyProfile: {in_words(lines)}.")
    if any(line.level == FAULT for line in lines):
        raise SystemExit(1)


def _printed(line: Line) -> str:
    level = click.style(f"{line.level:<5}", fg=_COLOURS[line.level])
    advice = f" -> {line.change} (docs: {line.page})" if line.change else ""
    return f"{level}  {line.check}: {line.text}{advice}"
