"""The list of password rules while one types."""

from __future__ import annotations

from playwright.sync_api import expect

from flask_myprofile.account import policy
from tests.browser.gallery import SAM, Gallery
from tests.browser.visitor import Visitor


def on_the_password_tab(gallery: Gallery) -> Visitor:
    laptop = gallery.person(SAM)
    laptop.open("/profile/password")
    expect(laptop.page.locator("html")).to_have_attribute("data-mp-ready", "1")
    return laptop


def test_each_rule_is_marked_as_met_or_not_and_nothing_leaves_the_page(gallery: Gallery) -> None:
    """P08: what only the server can judge stays unmarked; an empty field marks nothing."""
    laptop = on_the_password_tab(gallery)
    laptop.requests.clear()
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
    assert laptop.requests == []


def test_the_browser_judges_letters_as_the_server_does(gallery: Gallery) -> None:
    """P08: or a rule would be ticked that the server says is broken."""
    page, kinds = on_the_password_tab(gallery).page, ["lower", "upper", "digit", "symbol"]
    rules, new = page.locator("[data-mp-rule]"), page.locator("[name=new_password]")
    rules.evaluate_all("(rules, kinds) => kinds.forEach((kind, i) => rules[i].dataset.mpRule = kind)", kinds)
    for text in ("a", "A", "É", "я", "Я", "א", "の", "ǅ", "7", "७", "²", "!", "€", "_", " ", "\u0301", "\U0001f600"):
        new.fill(text)
        said = rules.evaluate_all("rules => rules.map(rule => rule.dataset.mpState === 'ok')")[:4]
        assert dict(zip(kinds, said, strict=True)) == {kind: policy.has_kind(kind, text) for kind in kinds}, text


def test_a_button_shows_what_was_typed_and_hides_it_again(gallery: Gallery) -> None:
    """P10: also with the keyboard; and it says what it does, and to which field."""
    laptop = on_the_password_tab(gallery)
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


def test_a_password_can_be_pasted(gallery: Gallery) -> None:
    """P09"""
    laptop = on_the_password_tab(gallery)
    new, again = laptop.field("New password"), laptop.field("Confirm new password")
    laptop.page.get_by_role("button", name="Show New password").click()
    new.fill("a quiet walk in the rain")
    new.press("ControlOrMeta+a")
    new.press("ControlOrMeta+c")
    again.focus()
    again.press("ControlOrMeta+v")
    expect(again).to_have_value("a quiet walk in the rain")
