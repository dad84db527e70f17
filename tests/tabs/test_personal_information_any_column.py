"""Personal Information of users with columns of any kind, whatever is in them: no fault, and nothing is lost."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import mapped_column

from flask_myprofile.account.columns import kind_of
from tests.support.columns import KINDS, SENT
from tests.support.host import Browser, Host, user_class

TAB = "/profile/personal-information"
NAMES = [f"c{number}" for number in range(len(KINDS))]
SHOWN = [name for name, (kind, _) in zip(NAMES, KINDS, strict=True) if kind_of(kind) not in (None, "other")]
STORED = st.fixed_dictionaries({name: st.none() | values for name, (_, values) in zip(NAMES, KINDS, strict=True)})


def of_every_kind(db: SQLAlchemy) -> type[Any]:
    user = user_class(db)
    for name, (kind, _) in zip(NAMES, KINDS, strict=True):
        setattr(user, name, mapped_column(name, kind, nullable=True))
    return user


def bytes_of(host: Host) -> dict[str, Any]:
    """What the database has, whatever the types make of it."""
    columns = ", ".join(f"typeof({name}), CAST({name} AS BLOB)" for name in ["first_name", *NAMES])
    (row,) = host.sql(f"SELECT {columns} FROM \"user\" WHERE username = 'alice'")
    return {name: tuple(row[2 * i : 2 * i + 2]) for i, name in enumerate(["first_name", *NAMES])}


def as_a_browser_sends_it(page: str) -> dict[str, str]:
    """All of the form, as it was shown."""
    form = page.partition(f'<form action="{TAB}"')[2].partition("</form>")[0]
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and " disabled" not in tag and (" checked" in tag or 'type="checkbox"' not in tag):
            text = html.unescape(value[1]) if value else ""
            sent[name[1]] = text if 'type="hidden"' in tag else re.sub(r"[\r\n]", "", text)
    for attributes, content in re.findall(r"<textarea([^>]*)>(.*?)</textarea>", form, re.S):
        text = re.sub(r"^\r?\n", "", content)
        if " disabled" not in attributes:
            name = re.search(r'name="(\w+)"', attributes)
            assert name
            sent[name[1]] = re.sub(r"\r\n|\r|\n", "\r\n", html.unescape(text))
    for name_, content in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        options = re.findall(r"<option([^>]*)>", content)
        chosen = next((each for each in options if "selected" in each), options[0])
        value = re.search(r'value="([^"]*)"', chosen)
        sent[name_] = html.unescape(value[1]) if value else ""
    return sent


@pytest.fixture
def alice(new_host: Callable[..., Host]) -> tuple[Host, Browser]:
    host = new_host(model=of_every_kind, WTF_CSRF_ENABLED=False, MYPROFILE_PERSONAL_FIELDS=("first_name", *SHOWN))
    browser = host.browser()
    browser.login("alice")
    return host, browser


@pytest.mark.filterwarnings("ignore:Dialect sqlite.* does \\*not\\* support Decimal")
def test_no_column_is_a_fault_and_what_nobody_changed_is_byte_for_byte_what_it_was(alice: tuple[Host, Browser]) -> None:
    host, browser = alice

    @settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(STORED, st.dictionaries(st.sampled_from(SHOWN), SENT, max_size=3), st.booleans())
    def holds(stored: dict[str, Any], sent: dict[str, str], as_json: bool) -> None:
        host.change("alice", first_name="Alice", **stored)
        before = bytes_of(host)
        page, data = browser.get(TAB), browser.json(TAB)
        assert (page.status_code, data.status_code) == (200, 200)
        shown = as_a_browser_sends_it(page.text)
        answer = browser.client.post(TAB, data={**shown, "first_name": "Al"})
        assert answer.status_code == 303, answer.text
        answer = browser.client.post(TAB, json=data.json)
        assert answer.status_code == 200, answer.text
        after = bytes_of(host)
        assert {**before, "first_name": ("text", b"Al")} == {**after, "first_name": ("text", b"Al")}
        door = {"json": sent} if as_json else {"data": {**as_a_browser_sends_it(browser.get(TAB).text), **sent}}
        assert browser.client.post(TAB, **door).status_code in (200, 303, 422)
        left = {name: value for name, value in bytes_of(host).items() if name not in (*sent, "first_name")}
        assert left == {name: after[name] for name in left}
        assert browser.get(TAB).status_code == browser.json(TAB).status_code == 200

    holds()
