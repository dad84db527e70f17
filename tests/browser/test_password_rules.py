"""The list of password rules while one types."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from flask_myprofile.account import policy
from tests.browser.conftest import Visitor


def on_the_password_tab(visitor: Callable[..., Visitor]) -> Visitor:
    laptop = visitor()
    laptop.sign_in("sam")
    laptop.open("/profile/password")
    expect(laptop.page.locator("html")).to_have_attribute("data-mp-ready", "1")
    return laptop


def test_each_rule_is_marked_as_met_or_not_and_nothing_leaves_the_page(visitor: Callable[..., Visitor]) -> None:
    """P08: what only the server can judge stays unmarked; an empty field marks nothing."""
    laptop = on_the_password_tab(visitor)
    sent: list[str] = []
    laptop.page.on("request", lambda request: sent.append(request.url))
    current, new = laptop.field("Current password"), laptop.field("New password")

    def marks() -> list[str | None]:
        rules = laptop.page.locator("[data-mp-rule]")
        return [rules.nth(i).get_attribute("data-mp-state") for i in range(rules.count())]

    current.fill("my current password")
    assert marks() == [None] * 5
    new.fill("short")
    assert marks() == ["no", "ok", "ok", None, None]
    new.fill("my current password")
    assert marks() == ["ok", "ok", "no", None, None]
    new.fill("\U0001f600" * 15)
    assert marks() == ["ok", "ok", "ok", None, None], "code points are counted"
    new.fill("x" * 257)
    assert marks() == ["ok", "no", "ok", None, None]
    new.fill("")
    assert marks() == [None] * 5
    assert sent == []


@pytest.mark.parametrize("kind", ["lower", "upper", "digit", "symbol"])
def test_the_browser_judges_letters_as_the_server_does(kind: str, visitor: Callable[..., Visitor]) -> None:
    """P08: or a rule would be ticked that the server says is broken."""
    laptop = on_the_password_tab(visitor)
    laptop.page.locator("[data-mp-rule='differs:current_password']").evaluate(
        "(rule, kind) => { rule.dataset.mpRule = kind }", kind
    )
    rule = laptop.page.locator(f"[data-mp-rule='{kind}']")
    for text in ("a", "A", "É", "я", "Я", "א", "の", "ǅ", "7", "७", "²", "!", "€", "_", " ", "\u0301", "\U0001f600"):
        laptop.field("New password").fill(text)
        assert (rule.get_attribute("data-mp-state") == "ok") is policy.has_kind(kind, text), text


def test_a_button_shows_what_was_typed_and_hides_it_again(visitor: Callable[..., Visitor]) -> None:
    """P10: also with the keyboard; and it says what it does, and to which field."""
    laptop = on_the_password_tab(visitor)
    new = laptop.field("New password")
    new.fill("a quiet walk in the rain")
    button = laptop.page.get_by_role("button", name="Show New password")
    button.focus()
    laptop.page.keyboard.press("Enter")
    expect(new).to_have_attribute("type", "text")
    expect(new).to_have_value("a quiet walk in the rain")
    expect(laptop.field("Current password")).to_have_attribute("type", "password")
    laptop.page.get_by_role("button", name="Hide New password").click()
    expect(new).to_have_attribute("type", "password")


def test_a_password_can_be_pasted(visitor: Callable[..., Visitor]) -> None:
    """P09"""
    laptop = on_the_password_tab(visitor)
    new, again = laptop.field("New password"), laptop.field("Confirm new password")
    laptop.page.get_by_role("button", name="Show New password").click()
    new.fill("a quiet walk in the rain")
    new.press("ControlOrMeta+a")
    new.press("ControlOrMeta+c")
    again.focus()
    again.press("ControlOrMeta+v")
    expect(again).to_have_value("a quiet walk in the rain")
