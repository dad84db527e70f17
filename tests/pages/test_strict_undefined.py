"""Hosts whose templates may name nothing that is not there, with ``StrictUndefined`` of Jinja's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from jinja2 import StrictUndefined

from tests.support.host import Host, signed_in
from tests.support.walks import CHANGING, OF_SEVERAL, PAGES, busy, right_for, send, walked_host


def strict(app: Flask, db: Any) -> None:
    app.jinja_env.undefined = StrictUndefined


@pytest.mark.parametrize("url", ["", OF_SEVERAL[0]], ids=["one-token", "several-tokens"])
def test_each_page_is_drawn(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url, before=strict)
    for browser in (busy(host), signed_in(host, "bob")):
        found = {page: browser.get(page).status_code for page in PAGES}
        assert not {page for page, status in found.items() if status >= 500}
    admin = signed_in(host, "admin")
    queries = ("find=test", "find=nobody", "user=1")
    assert [admin.get(f"/profile/admin/sessions?{each}").status_code for each in queries] == [200, 404, 200]


@pytest.mark.parametrize("url", CHANGING)
def test_each_answer_of_a_form_is_drawn(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url, before=strict)
    browser = busy(host)
    right = right_for(url, browser)
    for sent in ({}, right):
        answer = send(browser, url, sent, as_json=False, token=browser.csrf())
        assert answer.status_code < 500


def test_the_page_of_a_link_is_drawn(new_host: Callable[..., Host]) -> None:
    host = new_host(before=strict, MYPROFILE_NOTIFY=lambda user, notice: None, SERVER_NAME="localhost")
    page = host.browser().get("/profile/mail-link?token=used")
    assert (page.status_code, "does not work any more" in page.text) == (404, True)
