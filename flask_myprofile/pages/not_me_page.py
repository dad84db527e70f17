"""The page of “This wasn’t me”: what was done, what comes now, and what may be skipped."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request, url_for

from ..errors import NotFound
from ..globals import current_profile
from ..i18n import gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import FLAG, OPTIONAL_TEXT, TEXT, record, rows
from ..responses import prefers_json
from . import layout
from .not_me import STEPS, Step, is_offered, steps, url_of_path
from .session_rows import as_rows

_STEPS = record(steps=rows(record(step={"enum": list(STEPS)}, done=FLAG, url=OPTIONAL_TEXT)))


@described(
    get=Operation(
        "What there is to do about a session of a stranger",
        answer=_STEPS,
        query={"id": TEXT, "after": {"enum": list(STEPS)}},
        is_there=is_offered,
    )
)
def view(user: Any) -> Any:
    if not is_offered(user):
        raise NotFound(code="feature_off")
    session_id = request.args.get("id", "")
    if not session_id:
        return redirect(url_for("myprofile.sessions"))
    record, current = current_profile.sessions.find(user, session_id), current_profile.sessions.current(user)
    if record is None or (current is not None and record.id == current.id):
        raise NotFound(code="no_such_session")
    found = steps(user, record)
    if not found:
        raise NotFound(code="feature_off")
    if prefers_json():
        return jsonify(steps=[{"step": step.name, "done": bool(step.done), "url": step.url} for step in found])
    (row,) = as_rows([record], current, current_profile.features["sessions.address"])
    return layout.render(
        "myprofile/not_me.html",
        title=gettext("This wasn’t me"),
        tab=current_profile.tabs["sessions"],
        row=row,
        steps=_with_states(found, record.id),
    )


def _with_states(found: list[Step], session_id: str) -> list[dict[str, Any]]:
    """Each step with how far it is, and the address at which it is passed by. One step at most comes now."""
    order, after = list(STEPS), request.args.get("after", "")
    passed = order.index(after) if after in order else -1
    rows, now_is_known = [], False
    for step in found:
        if step.done:
            state = "done"
        elif order.index(step.name) <= passed:
            state = "skipped"
        else:
            state = "later" if now_is_known else "now"
            now_is_known = True
        rows.append({"step": step, "state": state, "skip_url": url_of_path(session_id, step.name)})
    return rows
