"""No answer is a 5xx, or one that the document has not: on every route, as each kind of user.

``python -m tests.openapi --examples 100`` does the same for longer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.openapi.walker import KINDS, Walker, document_of, operations, walk, walked

#: Operations are dealt out, so that several processors have some each.
PARTS = 4
EXAMPLES = 3


@pytest.mark.parametrize("part", range(PARTS))
def test_every_answer_is_one_that_the_document_has(part: int, tmp_path: Path) -> None:
    with walked(tmp_path) as app:
        walkers = [Walker(app, kind) for kind in KINDS]
        found = operations(app, document_of(app))[part::PARTS]
        assert len(found) > 12
        for operation in found:
            walk(operation, walkers, EXAMPLES)
        assert all(walker.requests > len(found) for walker in walkers)
