"""What ``flask myprofile doctor`` says, as a page; off unless it is switched on."""

from __future__ import annotations

from typing import Any

from flask import jsonify

from ..account.feature_rules import DOCTOR
from ..doctor.findings import FAULT, NOTE, OK
from ..errors import NotFound
from ..globals import current_profile
from ..i18n import gettext, ngettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import ANYTHING, COUNT, record, rows
from ..pages import layout
from ..responses import prefers_json


@described(
    get=Operation(
        "Whether the app is set up right",
        answer=record(faults=COUNT, notes=COUNT, checks=rows(ANYTHING)),
        feature=DOCTOR,
    )
)
def view(admin: Any) -> Any:
    from ..doctor.examination import as_json, count, examine  # slow, and seldom asked for

    if not current_profile.features[DOCTOR]:
        raise NotFound(code="feature_off")
    # the checks have connections of their own, and the pool may have but one
    current_profile.db.session.rollback()
    lines = examine()
    if prefers_json():
        return jsonify(as_json(lines))
    faults, notes = count(lines)
    return layout.render(
        "myprofile/admin/doctor.html",
        title=gettext("Doctor"),
        lines=sorted(lines, key=lambda line: (FAULT, NOTE, OK).index(line.level)),
        words={FAULT: gettext("Fault"), NOTE: gettext("Note"), OK: gettext("In order")},
        counts=[
            ngettext("%(num)s fault", "%(num)s faults", faults),
            ngettext("%(num)s note", "%(num)s notes", notes),
        ],
    )
