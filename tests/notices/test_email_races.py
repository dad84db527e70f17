"""Few rounds of each race; ``python -m tests.notices`` has many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.notices.races import Bench
from tests.support.host import Host
from tests.support.kept import in_each_database
from tests.support.rounds import rounds


@in_each_database
def test_of_two_who_confirm_one_address_one_has_it_and_an_undo_has_the_last_word(new_host: Callable[..., Host]) -> None:
    told: dict[str, Any] = {}
    host = new_host(
        MYPROFILE_NOTIFY=lambda user, notice: told.update({notice.to: notice}),
        MYPROFILE_EXTERNAL_URL="https://app.example",
        MYPROFILE_NOTIFY_NEW_DEVICES=False,
        MYPROFILE_EMAIL_CHANGE="verified",
    )
    bench = Bench(host, told)
    for number in range(rounds(4)):
        bench.two_confirm_one_address(number)
        bench.confirm_against_undo(number)
