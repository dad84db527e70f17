"""The document of whoever is signed in, which says nothing of what they do not have."""

from __future__ import annotations

from typing import Any

from flask import jsonify

from ..account.feature_rules import OPENAPI
from ..globals import current_profile
from .operation import Operation, described
from .schemas import ANYTHING


@described(get=Operation("This document", answer=ANYTHING, page=False, feature=OPENAPI))
def view(user: Any) -> Any:
    from .document import document  # seldom asked for

    current_profile.features.require(OPENAPI)
    answer = jsonify(document(user))
    answer.add_etag()
    return answer
