"""What an administrator saves holds in every worker from the next request on, on each database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.host import Host
from tests.support.kept import in_each_database
from tests.workers.fleet import fleet, sign_in_many

FEATURES = "/profile/admin/features"
#: What is saved of a feature, one after the other, and whether the user has it then. Nobody is in no percent.
STEPS: list[tuple[Any, bool]] = [
    (False, False),
    (True, True),
    ({"on": True, "for": {"share": 0}}, False),
    ({"on": True, "for": {"share": 100, "users": "local"}}, True),
    ({"on": True, "for": {"users": "sso"}}, False),
    ({"on": True, "for": {"until": "2020-01-01T00:00Z"}}, False),
    ({"on": True, "for": {"from": "2020-01-01T00:00Z"}}, True),
]


@in_each_database
def test_what_was_saved_holds_in_both_workers_at_the_next_request(
    new_host: Callable[..., Host], tmp_path: Path
) -> None:
    host = new_host(WTF_CSRF_ENABLED=False)
    (admin,), (alice,) = (sign_in_many(host, name, 1) for name in ("admin", "alice"))
    with fleet(host, tmp_path / "workers.log") as workers:
        wires = workers.wires(4)
        assert len({wire.worker for wire in wires}) == 2
        for number, (rule, has_it) in enumerate(STEPS * 3):
            saved = wires[number % 4].ask("POST", FEATURES, admin.cookie, {"preferences": rule})
            assert saved.status == 200, saved.body
            seen = [wire.ask("GET", "/profile/preferences", alice.cookie).status for wire in wires]
            assert seen == [200 if has_it else 404] * 4, rule
        history = json.loads(wires[0].ask("GET", f"{FEATURES}/history", admin.cookie, {}).body)["changes"]
        assert len(history) >= len(STEPS) * 3 - 1
        for wire, other in ((wires[0], wires[1]), (wires[1], wires[0])):
            last = json.loads(wire.ask("GET", f"{FEATURES}/history", admin.cookie, {}).body)["changes"][0]
            sent = {"number": str(last["number"]), "feature": "preferences"}
            codes = [each.ask("POST", f"{FEATURES}/history/undo", admin.cookie, sent).status for each in (wire, other)]
            assert codes == [200, 409], "undone once"
