"""The buttons of the browser and of the impatient: Back after signing out, and everything clicked twice."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.visitor import Visitor

NEW_PASSWORD = "seven quiet swans on a lake"


def test_back_after_signing_out_shows_nothing_of_the_person(visitor: Callable[..., Visitor]) -> None:
    sam = visitor()
    page = sam.sign_in("sam")
    sam.open("/profile/personal-information")
    sam.open_tab("Sessions")
    sam.open_tab("Password")
    page.locator(".mp-menu summary").click()
    page.locator(".mp-menu__out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    for _ in range(3):
        page.go_back()
        page.wait_for_url("**/sign-in?next=*")
        assert "Rivera" not in page.content()
        assert "sam.rivera" not in page.content()


def test_back_onto_a_form_that_was_refused_sends_nothing_again(visitor: Callable[..., Visitor]) -> None:
    sam = visitor()
    page = sam.sign_in("sam")
    sam.open("/profile/personal-information")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("First name").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("First name").fill("Samuel")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="has been saved")).to_be_focused()
    assert len(sent) == 2
    page.go_back()
    expect(page.get_by_label("First name")).to_have_value("Samuel")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert len(sent) == 2


def test_a_wrong_password_is_no_further_guess_when_its_page_is_loaded_again(visitor: Callable[..., Visitor]) -> None:
    sam = visitor()
    page = sam.sign_in("sam")
    sam.open("/profile/password")
    for guess in range(6):
        page.locator("[name=current_password]").fill(f"not this one {guess}")
        for name in ("new", "confirm"):
            page.locator(f"[name={name}_password]").fill(NEW_PASSWORD)
        with page.expect_navigation():
            page.get_by_role("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts.")
    answer = page.reload()
    assert answer and (answer.status, answer.request.method) == (200, "GET")


def test_a_form_sent_twice_has_one_effect_and_is_no_mistake(visitor: Callable[..., Visitor]) -> None:
    sam, other = visitor(), visitor()
    other.sign_in("sam")
    page = sam.sign_in("sam")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    sam.open("/profile/personal-information")
    page.get_by_label("Phone number").fill("+49 30 1")
    page.get_by_role("button", name="Save").dblclick()
    expect(page.get_by_role("status").filter(has_text="has been saved")).to_be_focused()
    assert len(sent) == 1
    sam.open("/profile/sessions")
    page.get_by_role("link", name="Sign out all others").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Sign out all others").dblclick()
    expect(page.get_by_role("status").filter(has_text="Signed out of 1 other session.")).to_be_focused()
    assert len(sent) == 2


def test_without_scripts_twice_is_no_mistake_either(visitor: Callable[..., Visitor]) -> None:
    """Nothing keeps the second request back then; it finds done what it asks for."""
    sam, other = visitor(java_script_enabled=False), visitor()
    other.sign_in("sam")
    page = sam.sign_in("sam")
    for path, button, end in (
        ("/profile/personal-information", "Save", "/profile/personal-information"),
        ("/profile/sessions/sign-out-others", "Sign out all others", "/profile/sessions"),
    ):
        sam.open(path)
        page.get_by_role("main").get_by_role("button", name=button).dblclick()
        page.wait_for_url(f"**{end}")
        expect(page.get_by_role("heading", name="My Profile", level=1)).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_page_that_comes_back_can_be_sent_again(visitor: Callable[..., Visitor]) -> None:
    """The guard against a second click is of one visit to the page."""
    sam = visitor()
    page = sam.sign_in("sam")
    sam.open("/profile/personal-information")
    for phone in ("+49 30 1", "+49 30 2"):
        page.get_by_label("Phone number").fill(phone)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").filter(has_text="has been saved")).to_be_visible()
    page.go_back()
    page.get_by_label("Phone number").fill("+49 30 3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="has been saved")).to_be_visible()
    expect(page.get_by_label("Phone number")).to_have_value("+49 30 3")


def test_after_the_stop_button_save_works_again(visitor: Callable[..., Visitor]) -> None:
    """Nothing tells a page of it; so a second click counts again after a few seconds."""
    sam = visitor()
    page = sam.sign_in("sam")
    page.add_init_script(
        "const wait = setTimeout; window.setTimeout = (call, ms, ...of) => wait(call, ms / 500, ...of)"
    )
    sam.open("/profile/personal-information")
    page.get_by_label("Phone number").fill("+49 30 1")
    busy = page.get_by_role("button", name="Save").evaluate("""async button => {
        button.click();
        window.stop();
        const found = [button.form.ariaBusy];
        await new Promise(resolve => setTimeout(resolve, 6000));
        found.push(button.form.ariaBusy);
        button.click();
        return found;
    }""")
    assert busy == ["true", None]
    expect(page.get_by_role("status").filter(has_text="has been saved")).to_be_visible()
    expect(page.get_by_label("Phone number")).to_have_value("+49 30 1")


def test_tabs_that_were_open_meanwhile_lose_nothing_that_was_typed(visitor: Callable[..., Visitor]) -> None:
    """B73: a changed password makes their forms stale; they come back with what was typed, and are taken then."""
    sam = visitor()
    sam.sign_in("sam")
    first = sam.open("/profile/personal-information")
    second, third = sam.context.new_page(), sam.context.new_page()
    second.goto(f"{sam.site}/profile/preferences")
    third.goto(f"{sam.site}/profile/password")
    first.get_by_label("Job title").fill("Lead Analyst")
    second.get_by_label("Language").select_option("de")
    for name, text in (("current", "sam-demo-password"), ("new", NEW_PASSWORD), ("confirm", NEW_PASSWORD)):
        third.locator(f"[name={name}_password]").fill(text)
    third.locator("main").get_by_role("button", name="Save").click()
    expect(third.get_by_role("status").filter(has_text="has been changed")).to_be_visible()
    for page in (first, second):
        page.get_by_role("main").get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_have_text(re.compile("This page was opened before you signed in as Sam"))
        page.get_by_role("main").get_by_role("button", name="Save").click()
        expect(page.locator(".mp-status")).to_be_visible()
    expect(first.get_by_label("Job title")).to_have_value("Lead Analyst")
    expect(second.locator("html")).to_have_attribute("lang", "de")
