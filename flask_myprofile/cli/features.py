"""Which features are on, and for whom: as Feature Management, for whoever has a shell and scripts."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timezone
from typing import Any

import click

from ..account.feature_rules import Change
from ..account.text import printable
from ..admin.feature_changes import carry_out, log
from ..admin.feature_form import feature_names, is_of_roles
from ..admin.feature_transfer import document, rules_in
from ..audiences import KEYS, IllFormed, Rule, audience_data, data_of, in_english, rule_of, rule_or_off
from ..errors import Conflict, Invalid, NotFound
from ..globals import current_profile
from ..i18n import iso_time, writing_to
from ..i18n.languages import ENGLISH
from ..transactions import run
from .command_group import ask, group, print_rows

_COLUMNS = ("feature", "on", "for", "locked", "changed_by", "changed_at")
_HISTORY_COLUMNS = ("number", "at", "by", "feature", "before", "after", "set")


@group.group("features")
def features_group() -> None:
    """See and change which features are on, and for whom."""


@features_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def list_features(as_json: bool) -> None:
    """List all features, with whom they are on for. Times are UTC."""
    rows = [_described(name, as_json) for name in feature_names()]
    print_rows(rows, _COLUMNS, as_json=as_json, none="There are no features.")


@features_group.command("set")
@click.argument("name")
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.option("--everyone", is_flag=True, help="On for everyone; without it, for those for whom it is on already.")
@click.option("--users", type=click.Choice(["local", "sso"]), help="For users with a password, or of Single Sign-On.")
@click.option("--role", "roles", multiple=True, help="For who has this role, or one of several.")
@click.option("--share", type=float, help="For so many percent of people.")
@click.option("--from", "since", metavar="MOMENT", help="From then on, such as 2026-12-01T00:00Z.")
@click.option("--until", metavar="MOMENT", help="Until then.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def set_feature(name: str, switch: str, everyone: bool, yes: bool, **given: Any) -> None:
    """Switch a feature on or off, and say for whom it is on: all that is given must hold."""
    _known(name)
    values = (given["since"], given["until"], given["share"], list(given["roles"]) or None, given["users"])
    whom = {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}
    if everyone and whom:
        raise click.UsageError("--everyone goes with none of the others.")
    rule: bool | Rule = switch == "on"
    if everyone or whom:
        rule = _rule({"on": switch == "on", "for": whom})
    ask_about({name: rule}, yes)
    save_changes(lambda by: current_profile.features.change({name: rule}, by))


@features_group.command("unset")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def unset_features(names: tuple[str, ...], yes: bool) -> None:
    """Take administrators' choices back, so that the configuration decides again."""
    for name in names:
        _known(name)
    ask_about({name: current_profile.features.state(name).default_rule for name in names}, yes)
    save_changes(lambda by: current_profile.features.unset(names, by))


@features_group.command("export")
def export() -> None:
    """Print all features that the configuration does not pin, for `features import` here or in another app."""
    click.echo(json.dumps(document(), indent=2))


@features_group.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--yes", is_flag=True, help="Do not ask.")
def import_features(file: Any, yes: bool) -> None:
    """Save the features of a FILE that `features export` has written; - reads from standard input. All, or none."""
    try:
        rules = rules_in(json.load(file))
    except (ValueError, RecursionError) as error:
        raise click.ClickException("This is no export of features.") from error
    except Invalid as error:
        lines = (f"{printable(name, 80)}: {text}" for name, texts in error.errors.items() for text in _each(texts))
        raise click.ClickException("\n".join(lines)) from error
    ask_about(rules, yes)
    save_changes(lambda by: current_profile.features.change(rules, by))


def _each(texts: Any) -> Sequence[Any]:
    return texts if isinstance(texts, list | tuple) else [texts]


@features_group.command("history")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def history(limit: int, as_json: bool) -> None:
    """List who has changed which feature, the newest first. Times are UTC."""
    rows = [
        {
            "number": change.number,
            "at": iso_time(change.changed_at),
            "by": printable(change.changed_by, 80) or None,
            "feature": change.name,
            "before": _kept(change.before, as_json),
            "after": _kept(change.after, as_json),
            "set": change.set_name and printable(change.set_name, 80),
        }
        for change in current_profile.features.history(limit=limit)
    ]
    print_rows(rows, _HISTORY_COLUMNS, as_json=as_json, none="Nothing was changed.")


@features_group.command("undo")
@click.argument("number", type=click.IntRange(1, 10**18))
@click.argument("name", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def undo(number: int, name: str | None, yes: bool) -> None:
    """Undo a change, by its NUMBER in the history: of the feature NAME, or of all that were saved at once.

    Refused where one was changed since.
    """
    known, rules = feature_names(), {}
    for change in current_profile.features.changes_of(number, name):
        if change.name in known:
            default = current_profile.features.state(change.name).default_rule
            rules[change.name] = default if change.before is None else rule_or_off(change.before)
    ask_about(rules, yes)
    save_changes(lambda by: current_profile.features.undo(number, name, by))


def _known(name: str) -> None:
    if name not in feature_names():
        raise click.ClickException(f"There is no feature {printable(name, 80)!r}: see flask myprofile features list.")


def _rule(data: Any) -> Rule:
    try:
        rule = rule_of(data)
    except IllFormed as error:
        raise click.ClickException(f"{error}.") from error
    if is_of_roles(rule):
        raise click.ClickException(f"It {in_english('no_roles', '')}.")
    return rule


def ask_about(values: Mapping[str, bool | Rule], yes: bool) -> None:
    """What is asked on the page as well, because not all of it can be undone."""
    from ..admin.feature_page import asked_about, warnings  # with the pages, which a command seldom needs

    with writing_to(ENGLISH, timezone.utc):  # as all that a command says, whatever the app's readers read
        said = [] if yes else warnings(asked_about(values))
    # no transaction stays open while an operator thinks, and its connection may be the only one
    current_profile.db.session.rollback()
    for line in said:
        click.echo(line)
    if said:
        ask("Save it?", yes)


def save_changes(work: Callable[[str], Mapping[str, Change]]) -> None:
    def both() -> Mapping[str, Change]:
        changes = work(operator_name())
        carry_out(changes, None)
        return changes

    try:
        changes = run(both, current_profile.own_transaction)
    except NotFound as error:
        what = "set any more" if error.code == "no_such_set" else "change"
        raise click.ClickException(f"There is no such {what}.") from error
    except Conflict as error:
        said = {
            "feature_locked": f"Set in the application's configuration: {error.message}.",
            "changed_since": "The feature has been changed since.",
        }
        raise click.ClickException(said.get(str(error.code), "Somebody has changed it meanwhile.")) from error
    log(changes, None)
    for name, change in changes.items():
        click.echo(f"{name}: {in_line(change.before)} -> {in_line(change.after)}")
    if not changes:
        click.echo("Nothing was changed.")


def operator_name() -> str:
    """As Feature Management shows it."""
    try:
        name = printable(getpass.getuser(), 80)
    except (KeyError, OSError):  # a user that the system has no name for
        name = "operator"
    return f"{name} (command line)"


def _described(name: str, as_json: bool) -> dict[str, Any]:
    state = current_profile.features.state(name)
    audience = None if state.rule.audience is None else audience_data(state.rule.audience)
    return {
        "feature": name,
        "on": state.on if as_json else "on" if state.on else "off",
        "for": audience if as_json or audience is None else _in_line(audience),
        "locked": state.locked if as_json else "locked" if state.locked else None,
        "changed_by": state.changed and (printable(state.changed.changed_by, 80) or None),
        "changed_at": state.changed and iso_time(state.changed.changed_at),
    }


def _kept(text: str | None, as_json: bool) -> Any:
    rule = None if text is None else rule_or_off(text)
    if as_json:
        return None if rule is None else data_of(rule)
    return "default" if rule is None else in_line(rule)


def in_line(rule: Rule) -> str:
    switch = "on" if rule.on else "off"
    return switch if rule.audience is None else f"{switch} ({_in_line(audience_data(rule.audience))})"


def _in_line(audience: Mapping[str, Any]) -> str:
    parts = ((key, "/".join(value) if isinstance(value, list) else value) for key, value in audience.items())
    return printable(", ".join(f"{key} {value}" for key, value in parts), 200)
