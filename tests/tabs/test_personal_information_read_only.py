"""What stands under a field that is shown and cannot be edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.errors import SetupError
from tests.support.host import Host

URL = "/profile/personal-information"
LINK = '<a href="/directory?a=1&amp;b=2">Where to change it</a>'


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "This cannot be changed here."),
        ({"HINT": "Ask <HR>."}, "Ask &lt;HR&gt;."),
        ({"HINT": lambda: "Ask HR."}, "Ask HR."),
        ({"URL": "/directory?a=1&b=2"}, f"This cannot be changed here. {LINK}"),
        ({"HINT": "Ask HR.", "URL": "/directory?a=1&b=2"}, f"Ask HR. {LINK}"),
    ],
)
def test_it_says_that_it_cannot_be_changed_here_or_what_the_host_says(
    settings: dict[str, Any], said: str, new_host: Callable[..., Host]
) -> None:
    """Not that an administrator can: many change it elsewhere themselves."""
    host = new_host(**{f"MYPROFILE_PERSONAL_READONLY_{name}": value for name, value in settings.items()})
    alice = host.browser()
    alice.login("alice")
    page = alice.get(URL).text
    assert page.count(f'-hint">{said}</p>') == 2, "user name and address"
    assert "administrator" not in page.partition("<form")[2]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", 1])
def test_the_link_is_a_url_or_a_path(url: Any, new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_PERSONAL_READONLY_URL must be"):
        new_host(MYPROFILE_PERSONAL_READONLY_URL=url)
