"""What the sign-in page of the example app says of a sign-in that did not work, and to whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import looks
from tests.browser.visitor import Visitor

WRONG = "That did not work. Check what you typed and try again."


@pytest.mark.parametrize(
    ("typed", "cursor", "said"),
    [
        ({"identifier": "sam", "password": "a guess"}, "password", WRONG),
        ({"identifier": "sam"}, "password", "Enter your password."),
        ({}, "identifier", "Enter your email or user name."),
    ],
)
def test_what_is_wrong_is_read_out_with_the_field_that_has_the_cursor(
    typed: dict[str, str], cursor: str, said: str, visitor: Callable[..., Visitor]
) -> None:
    person: Any = visitor()
    page = person.open("/sign-in")
    expect(page.locator("[autofocus]")).to_have_count(0)
    for name, text in typed.items():
        page.locator(f"main [name={name}]").fill(text)
    page.locator("main [type=submit]").click()
    field = page.locator(f"main [name={cursor}]")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(said)
    expect(page.locator("main [name=identifier]")).to_have_value(typed.get("identifier", ""))
    assert looks.accessibility(page) == []
    assert len(re.findall("autofocus", page.content())) == 1
