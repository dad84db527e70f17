"""Sets of features: what all of them are now, kept under a name and put back, as on Feature Management."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from ..account.feature_sets import MOST_SETS, NAME_LENGTH, FeatureSet
from ..account.text import printable
from ..errors import Conflict, Invalid, NotFound
from ..globals import current_profile
from ..i18n import iso_time
from ..transactions import run
from .command_group import ask, print_rows
from .features import ask_about, features_group, operator_name, save_changes

T = TypeVar("T")
_COLUMNS = ("name", "saved_by", "saved_at", "would_change")
_WHY_LEFT_OUT = {
    "unknown": "there is no such feature any more",
    "pinned": "set in the application's configuration",
    "no_roles": "for roles, and MYPROFILE_ROLES is not set",
    "unreadable": "cannot be read",
}


@features_group.group("sets")
def sets_group() -> None:
    """Keep what all features are under a name, and put it back."""


@sets_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def list_sets(as_json: bool) -> None:
    """List the sets, with how many features each would change now. Times are UTC."""
    sets, states = current_profile.features.sets, current_profile.features.states()
    rows = [
        {
            "id": found.id,
            "name": printable(found.name, 80),
            "saved_by": printable(found.changed_by, 80) or None,
            "saved_at": iso_time(found.changed_at),
            "would_change": _number(len(sets.plan(found, states).changes), as_json),
        }
        for found in sets.list()
    ]
    print_rows(rows, _COLUMNS, as_json=as_json, none="There are no sets.")


@sets_group.command("save")
@click.argument("name")
@click.option("--replace", is_flag=True, help="Also where there is a set of that name.")
def save_set(name: str, replace: bool) -> None:
    """Keep what all features are now that the configuration does not pin."""
    sets = current_profile.features.sets

    def save() -> FeatureSet:
        there = sets.named(name) if replace else None
        return sets.save(name, operator_name()) if there is None else sets.replace(there.id, operator_name())

    saved = _carried_out(save)
    click.echo(f"Saved {len(saved.rules)} features as {printable(saved.name, 80)!r}.")


@sets_group.command("put-back")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def put_set_back(name: str, yes: bool) -> None:
    """Make the features what they are in a set. What is pinned, or gone, is named and left out."""
    found, sets = _found(name), current_profile.features.sets
    plan = sets.plan(found)
    for feature, why in plan.left_out.items():
        click.echo(f"Left out {printable(feature, 80)}: {_WHY_LEFT_OUT[why]}.")
    ask_about({feature: change.after for feature, change in plan.changes.items()}, yes)
    save_changes(lambda by: sets.put_back(found.id, by))


@sets_group.command("rename")
@click.argument("name")
@click.argument("new_name")
def rename_set(name: str, new_name: str) -> None:
    """Call a set something else."""
    found = _found(name)
    renamed = _carried_out(lambda: current_profile.features.sets.rename(found.id, new_name, found.name))
    click.echo(f"The set is now called {printable(renamed, 80)!r}.")


@sets_group.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_set(name: str, yes: bool) -> None:
    """Delete a set. The features stay what they are."""
    found = _found(name)
    # no transaction stays open while an operator thinks, and its connection may be the only one
    current_profile.db.session.rollback()
    ask(f"Delete the set {printable(found.name, 80)!r}?", yes)
    _carried_out(lambda: current_profile.features.sets.delete(found.id))
    click.echo("The set is deleted.")


def _number(number: int, as_json: bool) -> int | str:
    return number if as_json else str(number)  # a table has "-" for nothing


def _found(name: str) -> FeatureSet:
    found = current_profile.features.sets.named(name)
    if found is None:
        raise click.ClickException(f"There is no set {printable(name, 80)!r}: see flask myprofile features sets list.")
    return found


def _carried_out(work: Callable[[], T]) -> T:
    said = {
        "set_exists": "There is a set of that name already: --replace puts this one in its place.",
        "too_many_sets": f"There are {MOST_SETS} sets already. Delete one first.",
        "no_such_set": "There is no such set any more.",
        "missing": "A set needs a name.",
        "long": f"The name must have {NAME_LENGTH} characters or fewer.",
        "blank": "The name has no visible character.",
        "control": "The name has a character that cannot be used.",
    }
    try:
        return run(work, current_profile.own_transaction)
    except Invalid as error:
        raise click.ClickException(said[str(error.errors["name"][0])]) from error
    except (Conflict, NotFound) as error:
        raise click.ClickException(said.get(error.code, "Somebody has changed it meanwhile.")) from error
