"""What people do with their own account, at a browser: they take their data along, and they go."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from example_app.extensions import db
from tests.browser.visitor import Visitor, close
from tests.support.live import example, serving

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def download(page: Page) -> dict[str, object]:
    with page.expect_download() as saving:
        page.get_by_role("main").get_by_role("button", name="Download").click()
    assert re.fullmatch(r"my-data-\d{4}-\d\d-\d\d\.json", saving.value.suggested_filename)
    found: dict[str, object] = json.loads(Path(saving.value.path()).read_text(encoding="utf-8"))
    return found


@SCRIPTS
def test_somebody_saves_their_data_is_told_and_sees_it_in_the_activity(
    scripts: bool, visitor: Callable[..., Visitor]
) -> None:
    sam = visitor(java_script_enabled=scripts)
    page = sam.sign_in("sam")
    sam.open("/profile/")
    sam.open_tab("Download my data")
    data = download(page)
    assert data["user"] == {
        "key": "2",
        "name": "Sam Rivera",
        "email": "sam.rivera@acme.example",
        "avatar": None,
    }
    expect(page.get_by_role("heading", name="Download my data", level=2)).to_be_visible()
    sam.open_tab("Activity")
    expect(page.get_by_text("Data of the account downloaded")).to_be_visible()
    sam.open_mail("sam.rivera@acme.example")
    expect(page.get_by_role("heading", name="This wasn’t me")).to_be_visible()


@SCRIPTS
def test_somebody_deletes_their_account_on_one_browser_and_is_out_on_both(
    scripts: bool, visitor: Callable[..., Visitor]
) -> None:
    phone, sam = visitor(), visitor(java_script_enabled=scripts)
    phone.sign_in("sam")
    page = sam.sign_in("sam")
    sam.open("/profile/")
    sam.open_tab("Delete my account")
    expect(page.get_by_role("link", name="Download your data first")).to_be_visible()
    name, button = page.get_by_label("Type Sam Rivera to go on"), page.get_by_role("button", name="Delete my account")
    name.fill("Sam")
    button.click()
    expect(page.locator(".mp-summary")).to_contain_text("This is not the name. Type Sam Rivera")
    name.fill("sam rivera")
    button.click()
    expect(page.get_by_role("status")).to_have_text("Your account has been deleted.")
    expect(page).to_have_title(re.compile("^Your account has been deleted."))
    expect(page.locator(".mp-menu")).to_have_count(0)
    for each in (sam, phone):
        each.open("/profile/")
        expect(each.page).to_have_url(f"{sam.site}/sign-in?next=%2Fprofile%2F")
    page.get_by_label("Email or user name").fill("sam")
    page.get_by_label("Password").fill("sam-demo-password")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    sam.open("/outbox")
    expect(page.locator("main section", has_text="This is the last mail about it.")).to_have_count(1)


@SCRIPTS
def test_whoever_signs_in_by_single_sign_on_says_so_there_once_more(
    scripts: bool, chromium: Browser, tmp_path: Path
) -> None:
    """A sign-in of two hours ago is not enough, and what was typed is carried out on the way back."""
    with example(tmp_path) as app, serving(app) as site:
        alex = Visitor(chromium.new_context(java_script_enabled=scripts), site)
        page = alex.sign_in_by_sso()
        with app.app_context():
            rows = db.metadata.tables["myprofile_session"]
            db.session.execute(db.update(rows).values(created_at=rows.c.created_at - 7200))
            db.session.commit()
        alex.open("/profile/download-my-data")
        page.get_by_role("main").get_by_role("button", name="Download").click()
        page.get_by_role("button", name="Continue with Demo SSO").click()
        page.get_by_role("button", name="Continue as Alex Kim").click()
        expect(page.get_by_role("status")).to_contain_text("Your sign-in is confirmed.")
        assert download(page)["app"] == {}
        with app.app_context():
            db.session.execute(db.update(rows).values(rotated_at=rows.c.rotated_at - 7200))
            db.session.commit()
        alex.open("/profile/delete-my-account")
        page.get_by_label("Type Alex Kim to go on").fill("Alex Kim")
        page.get_by_role("button", name="Delete my account").click()
        expect(page.get_by_text("To delete your account")).to_be_visible()
        page.get_by_role("button", name="Continue with Demo SSO").click()
        page.get_by_role("button", name="Continue as Alex Kim").click()
        expect(page.get_by_role("status")).to_have_text("Your account has been deleted.")
        alex.open("/sign-in")
        page.get_by_role("link", name="Sign in with Demo SSO").click()
        page.get_by_role("button", name="Continue as Alex Kim").click()
        expect(page.get_by_text("Your Demo SSO account has no access to this app.")).to_be_visible()
        close([alex])


def test_the_only_administrator_stays(visitor: Callable[..., Visitor]) -> None:
    maya = visitor()
    page = maya.sign_in("maya")
    maya.open("/profile/delete-my-account")
    page.get_by_label("Type Maya Okafor to go on").fill("Maya Okafor")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.locator(".mp-summary")).to_contain_text("You are the only administrator.")
    expect(page.get_by_label("Type Maya Okafor to go on")).to_have_value("Maya Okafor")
