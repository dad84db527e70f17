"""A choice that a program does not name is not taken back: somebody may be making it at the same moment."""

from __future__ import annotations

import pytest

from flask_myprofile import i18n
from tests.host import Host
from tests.kept import in_each_database
from tests.meanwhile import meanwhile

TAB = "/profile/preferences"


@in_each_database
@pytest.mark.parametrize("before", [{}, {"language": "fr", "timezone": "Europe/Paris"}], ids=["nothing", "chosen"])
def test_two_programs_that_choose_different_things_at_once_have_both_chosen(
    before: dict[str, str], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, elsewhere = host.browser(), host.browser()
    for browser in (alice, elsewhere):
        browser.login("alice")
    alice.post_json(TAB, before or {"theme": "dark"})
    other = meanwhile(
        monkeypatch, i18n, "choose_preferences", lambda: elsewhere.post_json(TAB, {"timezone": "Asia/Tokyo"})
    )
    assert alice.post_json(TAB, {"language": "de"}).status_code == 200
    assert other[0].status_code == 200
    chosen = alice.json(TAB).json
    assert (chosen["language"], chosen["timezone"]) == ("de", "Asia/Tokyo")
