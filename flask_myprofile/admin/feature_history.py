"""Who has changed which feature, and when: a page at a time, and each change can be undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

from flask import jsonify, redirect, request, url_for

from ..account.text import storable
from ..audiences import Rule, data_of, kept_rule, rule_or_off
from ..errors import Conflict, Invalid, NotFound, Refused
from ..globals import current_profile
from ..i18n import as_datetime, gettext, iso_time, lazy_gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import ANYTHING, OPTIONAL_TEXT, TEXT, record, rows
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.forms import read_condition
from ..pages.navigation import ADMIN_ENDPOINT
from ..pages.pending_form import Purpose
from ..pages.refusals import problem_of
from ..responses import prefers_json
from ..store.feature_records import FeatureChange, text_of_choice
from . import feature_page
from .audience_words import rule_in_words
from .feature_changes import CHANGED, as_json, commit

#: Changes on a page, and in one answer of JSON.
ROWS = 50
_ENDPOINT, _UNDO_ENDPOINT = "myprofile_admin.features_history", "myprofile_admin.features_undo"
#: More than a database counts to.
_LONGEST_NUMBER = 18

UNDO = Purpose(
    lambda: gettext("Undo this change"),
    lambda sent: url_for(_ENDPOINT),
    deed=lazy_gettext("undo a change of the features"),
    for_admin=True,
)


@described(
    get=Operation(
        "What was changed of the features",
        answer=record(changes=rows(ANYTHING), next=OPTIONAL_TEXT),
        query={"before": TEXT},
    )
)
def view(user: Any) -> Any:
    return _page()


_WHICH: Any = {**ANYTHING, "properties": {"number": TEXT, "feature": TEXT}, "additionalProperties": False}


@described(
    get=Operation("Undo a change of the features?", query={"number": TEXT, "feature": TEXT}),
    post=Operation("Undo a change of the features", answer=CHANGED, body=_WHICH),
)
def undo(user: Any) -> Any:
    """Take back one change, or all that were saved at once; a GET asks first."""
    if request.method == "POST":
        return _undo(user)
    if not request.args.get("number"):
        return redirect(url_for(_ENDPOINT))
    found = _found(request.args)
    if not _can_all_be_undone(found, _present(), feature_page.labels()):
        return _refuse(_too_late())
    title = gettext("Undo this change?") if request.args.get("feature") else gettext("Undo all of these changes?")
    restored = {name: rule for change in found for name, rule in _restored(change).items()}
    question = {
        "title": title,
        "texts": [*feature_page.warnings(feature_page.asked_about(restored)), *map(_sentence, found)],
        "yes": gettext("Undo this change") if request.args.get("feature") else gettext("Undo all of it"),
        "no": gettext("Cancel"),
        "danger": True,
        "action_url": url_for(_UNDO_ENDPOINT),
        "back_url": url_for(_ENDPOINT),
        "fields": {name: request.args[name] for name in ("number", "feature") if request.args.get(name)},
    }
    return feature_page.ask_in_words(question)


def _sentence(change: FeatureChange) -> str:
    label = feature_page.labels().get(change.name, change.name)
    return f"{label}: {rule_in_words(_rule(change.after))} → {rule_in_words(_rule(change.before))}"


def _restored(change: FeatureChange) -> Mapping[str, bool | Rule]:
    state = current_profile.features.state(change.name)
    rule = _rule(change.before)
    return {change.name: state.default_rule if rule is None else rule}


def _undo(user: Any) -> Any:
    try:
        check_origin()
        sent = read_condition(["number", "feature"])
        number, name = _found(sent)[0].number, sent.get("feature") or None
        current_profile.sessions.require_fresh(user)
        changes = commit(user, lambda author: current_profile.features.undo(number, name, author))
    except Refused as refusal:
        return _refuse(_too_late() if refusal.code == "changed_since" else refusal)
    said = gettext("The change is undone.") if name else gettext("The changes are undone.")
    if prefers_json():
        return jsonify(message=said, **as_json(changes))
    layout.remember_message(said)
    return redirect(url_for(_ENDPOINT), 303)


def _found(sent: Mapping[str, str]) -> Sequence[FeatureChange]:
    """Without a feature, all that were saved at once.

    :raises NotFound: there is no such change, or its feature is gone.
    """
    number, name = sent.get("number", ""), sent.get("feature") or None
    labels = feature_page.labels()
    found = current_profile.features.changes_of(_number(number), name)
    found = [each for each in found if each.name in labels]
    if not found:
        raise NotFound(gettext("There is no such change."), code="no_such_change")
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else -1


def _too_late() -> Conflict:
    sentence = gettext("This feature has been changed since. Nothing was undone.")
    return Conflict(sentence, code="changed_since")


def _refuse(refusal: Refused) -> Any:
    if prefers_json():
        return problem_of(refusal)
    if isinstance(refusal, Conflict | Invalid):
        texts = [str(text) for texts in refusal.errors.values() for text in texts]
        return _page(refusal.message or " ".join(texts), refusal.status)
    raise refusal


# ---- the page


def _page(error: Any = "", status: int = 200) -> Any:
    before = request.args.get("before", "")
    found = current_profile.features.history(_cursor(before) if before else None, ROWS + 1)
    changes, more = found[:ROWS], len(found) > ROWS
    following = f"{changes[-1].number}.{changes[-1].name}" if more else None
    rows = _rows(changes)
    if prefers_json():
        return jsonify(changes=[_as_json(each, row) for each, row in zip(changes, rows, strict=True)], next=following)
    return layout.render(
        "myprofile/admin/feature_history.html",
        title=gettext("Changes of features"),
        error=error,
        status=status,
        rows=rows,
        back_url=url_for(ADMIN_ENDPOINT),
        first_url=url_for(_ENDPOINT) if before else None,
        more_url=url_for(_ENDPOINT, before=following) if following else None,
    )


def _cursor(text: str) -> tuple[int, str]:
    """:raises NotFound: there is no such page."""
    number, _, name = text.partition(".")
    if _number(number) < 0 or len(name) > 128 or not storable(name):
        raise NotFound(gettext("There is no such list."), code="no_such_list")
    return _number(number), name


def _rows(changes: Sequence[FeatureChange]) -> list[dict[str, Any]]:
    labels, present = feature_page.labels(), _present()
    rows = []
    for number, group in groupby(changes, lambda each: each.number):
        members = list(group)
        all_url = _undo_url(members, present, labels, number) if len(members) > 1 else None
        for each in members:
            heads = each is members[0] and (len(members) > 1 or each.set_name is not None)
            rows.append(
                {
                    "label": labels.get(each.name, each.name),
                    "before": rule_in_words(_rule(each.before)),
                    "after": rule_in_words(_rule(each.after)),
                    "by": each.changed_by or gettext("An administrator"),
                    "at": as_datetime(each.changed_at),
                    "undo_url": _undo_url([each], present, labels, number, each.name),
                    "together": _together(each) if heads else "",
                    "undo_all_url": all_url if heads else None,
                }
            )
    return rows


def _undo_url(
    changes: Sequence[FeatureChange],
    present: Mapping[str, str | None],
    labels: Collection[str],
    number: int,
    feature: str | None = None,
) -> str | None:
    if not _can_all_be_undone(changes, present, labels):
        return None
    return url_for(_UNDO_ENDPOINT, number=number, feature=feature)


def _together(change: FeatureChange) -> str:
    """What stands above those that were saved at once."""
    if change.set_name is None:
        return gettext("Changed together")
    return gettext("The set “%(name)s” was put back", name=change.set_name)


def _present() -> Mapping[str, str | None]:
    """Of each feature that an administrator has chosen something for, as the history writes it."""
    return {name: text_of_choice(choice) for name, choice in current_profile.features.choices().items()}


def _can_all_be_undone(
    changes: Sequence[FeatureChange], present: Mapping[str, str | None], labels: Collection[str]
) -> bool:
    """Not where a feature is something else by now, or was that before as well, or is gone or pinned."""
    state = current_profile.features.state
    return all(
        each.name in labels and not state(each.name).locked and present.get(each.name) == each.after != each.before
        for each in changes
    )


def _rule(text: str | None) -> Rule | None:
    """None: no choice. What cannot be read is off, as it was and would be again."""
    return None if text is None else rule_or_off(text)


def _data(text: str | None) -> Any:
    rule = None if text is None else kept_rule(text)
    return None if rule is None else data_of(rule)


def _as_json(change: FeatureChange, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": change.number,
        "feature": change.name,
        "by": change.changed_by or None,
        "at": iso_time(change.changed_at),
        "before": _data(change.before),
        "after": _data(change.after),
        "set": change.set_name,
        "can_be_undone": row["undo_url"] is not None,
    }
