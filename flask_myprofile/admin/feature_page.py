"""What Feature Management shows: a switch for each tab and part, what comes of it, and who moved it last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import url_for
from markupsafe import escape

from ..account.feature_rules import DOCTOR, OPENAPI, ROOT, Change, State, wanted
from ..account.user_search import MOST_COUNTED
from ..audiences import Rule, data_of
from ..globals import current_profile
from ..i18n import ago_or_unknown, gettext, join_list, ngettext
from ..pages import layout
from ..pages.navigation import ADMIN_ENDPOINT
from ..tab import Effect, Tab
from .audience_words import rule_in_words
from .feature_form import BACK, NOTHING, SHOWN, Sent, differs, is_on

RESET_ENDPOINT, AUDIENCE_ENDPOINT = "myprofile_admin.features_reset", "myprofile_admin.features_audience"
_NO_EFFECT = Effect()
_quoted = lru_cache(1000)(quote)


class _Page(NamedTuple):
    """What all rows are made with: how each switch is and what was ``sent`` of it, what comes of it, and what is said
    of all others.

    :param whom_url: of the page where somebody chooses whom a feature is on for.
    :param in_words: of a rule; ``provenance``: of who has moved it, and when. Each is put into words once, since many
        features have the same.
    """

    sent: Sent
    states: Mapping[str, State]
    effects: Mapping[str, Effect]
    reach: str
    whom_url: str
    in_words: Callable[[Rule], str]
    provenance: Callable[[str, int, bool], str]


def show(sent: Sent = NOTHING, error: Any = "", status: int = 200) -> Any:
    """The page, with the switches as they were ``sent`` if that could not be saved."""
    features, tabs = current_profile.features, list(current_profile.tabs.values())
    version, states = features.version(), features.states()  # the version before what has it
    said = cache(rule_in_words), cache(_provenance)
    page = _Page(sent, states, effects(), _reach(), url_for(AUDIENCE_ENDPOINT), *said)
    sections = [_section(tab, page) for tab in tabs]
    rows = [row for section in sections for row in (section, *section.parts)]
    administration = [_doctor(page), _openapi(page)]
    return layout.render(
        "myprofile/admin/features.html",
        title=gettext("Feature Management"),
        error=error,
        error_at=next((row.id for row in (*rows, *administration) if row.overtaken), ""),
        status=status,
        sections=sections,
        administration=administration,
        on_count=sum(states[tab.name].on for tab in tabs),
        count=len(tabs),
        version=version,
        shown_field=SHOWN,
        shown=" ".join(row.name for row in (*rows, *administration) if row.stored),
        reset_url=url_for(RESET_ENDPOINT) if differs(states) else None,
    )


def ask(sent: Sent, asked: Mapping[str, Effect]) -> Any:
    """The question before what cannot be undone: carries what was sent, and leads back to it. Nothing is saved yet."""
    texts, fields = [*warnings(asked), *_also(sent, asked)], sent.as_fields((*sent.confirmed, *asked))
    return ask_about_features(texts, fields, url_for(ADMIN_ENDPOINT))


def ask_about_features(texts: Sequence[Any], fields: Mapping[str, str], action_url: str) -> Any:
    question = {
        "title": gettext("Save these changes?"),
        "texts": texts,
        "yes": gettext("Save"),
        "no": gettext("Cancel"),
        "danger": True,
        "action_url": action_url,
        "back_field": BACK,
        "fields": fields,
    }
    return ask_in_words(question, status=422)


def asked_about(values: Mapping[str, bool | Rule]) -> dict[str, Effect]:
    """Of the features that these take from somebody, those that are asked about, and what comes of each."""
    taken = [name for name, value in values.items() if _takes_away(current_profile.features.state(name).rule, value)]
    found = effects() if taken else {}
    return {name: found[name] for name in taken if name in found and found[name].asks}


def _takes_away(present: Rule, value: bool | Rule) -> bool:
    rule = wanted(value, present)
    return present.on and (not rule.on or (rule.audience is not None and rule.audience != present.audience))


def _also(sent: Sent, names: Collection[str]) -> Iterator[str]:
    """What else is saved with it."""
    names_of, state = labels(), current_profile.features.state
    for on, words in ((False, gettext("Turned off:")), (True, gettext("Turned on:"))):
        moved = [name for name, each in sent.values.items() if is_on(each) == on != state(name).on]
        moved = [name for name in moved if name not in names]
        if moved:
            yield f"{words} {join_list(str(names_of.get(name, name)) for name in moved)}"


def ask_in_words(question: Mapping[str, Any], status: int = 200, **more: Any) -> Any:
    heading, title = gettext("Feature Management"), question["title"]
    return layout.render(
        "myprofile/admin/confirm.html", title=title, heading=heading, confirm=question, status=status, **more
    )


def in_lines(changes: Mapping[str, Change]) -> list[str]:
    """What each of them is, and what it would be."""
    names = labels()
    return [
        f"{names.get(name, name)}: {rule_in_words(change.before)} → {rule_in_words(change.after)}"
        for name, change in changes.items()
    ]


def nothing_would_change() -> str:
    return gettext("Nothing was changed: the features are like that already.")


def warnings(asked: Mapping[str, Effect]) -> list[str]:
    """What comes of switching these off."""
    names = labels()
    return [f"{names[name]}: {effect.off}" for name, effect in asked.items()]


def effects() -> dict[str, Effect]:
    return {name: effect for tab in current_profile.tabs.values() for name, effect in tab.effects().items()}


def labels() -> dict[str, Any]:
    found: dict[str, Any] = {ROOT: gettext("My Profile"), DOCTOR: gettext("Doctor"), OPENAPI: gettext("OpenAPI")}
    for tab in current_profile.tabs.values():
        found[tab.name] = tab.label
        found |= {f"{tab.name}.{part.name}": f"{tab.label} › {part.label}" for part in tab.all_parts()}
    return found


def _reach() -> str:
    """Of a switch that says nothing else."""
    number = current_profile.users.count()
    if number is None:
        return gettext("Holds for everybody as soon as it is saved.")
    if number >= MOST_COUNTED:
        return gettext("Holds for more than %(num)s users as soon as it is saved.", num=MOST_COUNTED - 1)
    return ngettext(
        "Holds for %(num)s user as soon as it is saved.", "Holds for %(num)s users as soon as it is saved.", number
    )


def _section(tab: Tab, page: _Page) -> SimpleNamespace:
    parts = [_row(f"{tab.name}.{part.name}", page, part.label, part.hint) for part in tab.all_parts()]
    return _row(tab.name, page, tab.label, tab.meaning, icon=tab.icon, parts=parts)


def _doctor(page: _Page) -> SimpleNamespace:
    meaning = gettext("Administrators see whether this app is set up right, with names of settings and tables.")
    for_admins = page._replace(effects={}, reach="")
    return _row(DOCTOR, for_admins, gettext("Doctor"), meaning, icon="badge-check")


def _openapi(page: _Page) -> SimpleNamespace:
    meaning = gettext("Users get a description of these pages for programs: each of what they have themselves.")
    return _row(OPENAPI, page, gettext("OpenAPI"), meaning, icon="terminal")


def _row(name: str, page: _Page, label: Any, hint: Any, **shown: Any) -> SimpleNamespace:
    """No dict, in which a template looks for each name as an attribute first. What the template would say or ask more
    than once is made here: a page has dozens of them."""
    state, effect = page.states[name], page.effects.get(name, _NO_EFFECT)
    locked = f'MYPROFILE_FEATURES_PINNED = {{"{name}": {data_of(state.rule)}}}' if state.locked else ""
    on = page.sent.wants(name, state)
    said, changed = str(effect.off if state.on else effect.on), state.changed
    whom = "" if state.rule.audience is None else page.in_words(Rule(True, state.rule.audience))
    row_id, hint = "f-" + name.replace(".", "-"), escape("" if hint is None else hint)
    about = {"hint": hint, "lock": locked, "by": changed, "whom": whom, "effect": said and not locked}
    return SimpleNamespace(
        **shown,
        id=row_id,
        described=" ".join(f"{row_id}-{part}" for part, is_said in about.items() if is_said),
        name=name,
        label=escape(label),
        hint=hint,
        on=on,
        stored=state.on,
        moved=on != state.on,
        overtaken=page.sent.is_overtaken(name, state),
        locked=state.locked,
        locked_text=locked,
        changed_text=page.provenance(changed.changed_by, changed.changed_at, state.default) if changed else "",
        effect="" if state.locked else said or page.reach,
        is_own_effect=bool(said),
        asks=effect.asks and state.on,
        whom=whom,
        whom_url=None if state.locked else f"{page.whom_url}?feature={_quoted(name)}",
    )


def _provenance(name: str, changed_at: int, default: bool) -> str:
    words = {"name": name, "when": ago_or_unknown(changed_at)}
    if not name:  # the account is closed
        named = gettext("Changed %(when)s. Default: on.", **words), gettext("Changed %(when)s. Default: off.", **words)
        return named[not default]
    if default:
        return gettext("Changed by %(name)s, %(when)s. Default: on.", **words)
    return gettext("Changed by %(name)s, %(when)s. Default: off.", **words)
