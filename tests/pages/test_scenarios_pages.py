"""The pages below a path and behind a proxy, the way out on each of them, and what they put into cookies."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, flash
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

import flask_myprofile
from tests.support.devices import set_cookies, sign_out
from tests.support.host import JSON, Browser, Host, token_in
from tests.support.walks import PAGES, busy, walked_host

BELOW = "/suite/app"


def behind_a_proxy(app: Flask, db: SQLAlchemy) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]


def through_it(browser: Browser) -> Browser:
    """The proxy takes the path off, and says so."""
    browser.client.environ_base.update(
        HTTP_X_FORWARDED_PREFIX=BELOW,
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="apps.example",
        HTTP_REFERER="https://apps.example/suite/app/",
    )
    return browser


def addresses(html: str) -> list[str]:
    """Where a page leads to, sends to and loads from."""
    return re.findall(r'\b(?:href|src|action|formaction|data-mp-[a-z-]*url)="([^"]*)"', html)


def stays_below(address: str) -> bool:
    return address.startswith((f"{BELOW}/", f"https://apps.example{BELOW}/", "#", "?"))


@pytest.fixture
def proxied(new_host: Callable[..., Host]) -> Host:
    return walked_host(new_host, before=behind_a_proxy)


@pytest.mark.parametrize("url", PAGES)
def test_below_a_path_every_address_stays_there(url: str, new_host: Callable[..., Host]) -> None:
    """B79: links, forms, scripts, pictures and redirects."""
    host = walked_host(new_host, url, before=behind_a_proxy)
    busy(host)
    here = through_it(host.browser())
    here.login("admin")
    page = here.get(url)
    if page.status_code == 302:
        assert stays_below(page.location)
        return
    assert page.status_code == 200
    found = addresses(page.text)
    assert len(found) > 5
    assert [address for address in found if not stays_below(address)] == []
    for address in found:
        if "/static/" in address:
            with here.get(address.removeprefix(BELOW)) as asset:
                assert asset.status_code == 200


def test_below_a_path_every_answer_leads_back_there(proxied: Host) -> None:
    """B79: after a save, a sign-out, a refusal; and a deleted cookie is the one that was set."""
    here, other = through_it(proxied.browser()), through_it(proxied.browser())
    here.login("alice")
    signed_in = other.login("alice", remember=True)
    for url, sent in (
        ("/profile/personal-information", {"first_name": "A", "last_name": "T"}),
        ("/profile/preferences", {"language": "de"}),
        ("/profile/sessions/sign-out", {"id": other.session_id()}),
        ("/profile/sessions/sign-out-others", {}),
    ):
        answer = here.post(url, sent)
        assert answer.status_code == 303, url
        assert stays_below(answer.location), answer.location
    refused = other.get("/profile/sessions")
    assert refused.location.startswith(f"{BELOW}/login?next=%2Fsuite%2Fapp%2Fprofile%2Fsessions")
    for name in ("remember_token", "myprofile_device"):
        given, deleted = set_cookies(signed_in, name)[-1], set_cookies(refused, name)[-1]
        assert "Path=/" in given.split("; ")
        assert "Path=/" in deleted.split("; ")
        assert other.cookie(name) is None
    left = here.post("/profile/sign-out")
    assert stays_below(left.location)


def test_scripts_and_styles_name_no_address_of_the_site() -> None:
    """B79: what they load or send to, they find on the page."""
    static = Path(flask_myprofile.__file__).parent / "static"
    for file in (*static.glob("*.js"), *static.glob("*.css")):
        text = file.read_text("utf-8")
        assert not re.findall(r"""(?:fetch\(|url\(|href\s*=|action\s*=|src\s*=)\s*["'`]?/\w""", text), file.name


@pytest.mark.parametrize("url", PAGES)
def test_every_page_has_a_way_out(url: str, new_host: Callable[..., Host]) -> None:
    """S17: a button, and a POST that another site cannot make."""
    browser = busy(walked_host(new_host, url))
    page = browser.get(url, follow_redirects=True)
    assert page.status_code == 200
    form = re.search(r'<form[^>]*action="/profile/sign-out"[^>]*>.*?</form>', page.text, re.DOTALL)
    assert form
    assert 'method="post"' in form[0].lower()
    assert "<button" in form[0]
    assert browser.client.post("/profile/sign-out").status_code == 400, "not without the token"
    assert browser.client.post("/profile/sign-out", data={"csrf_token": token_in(form[0])}).status_code == 303
    assert not browser.is_in()


def test_no_cookie_is_larger_than_browsers_keep(new_host: Callable[..., Host]) -> None:
    """S19: the longest name, messages that nobody has read, a language and a remembered device."""

    def flashing(host: Host) -> None:
        @host.app.get("/flash")
        def say() -> str:
            flash("Something that the host has to say, and that takes it a whole line. " * 2)
            return "said"

    host = new_host(after=flashing)
    alice, other = host.browser(), host.browser()
    other.login("alice")
    answers: list[Any] = [alice.login("alice", remember=True)]
    answers.append(alice.post("/profile/personal-information", {"first_name": "🦊" * 40, "last_name": "ß" * 40}))
    answers.append(alice.post("/profile/preferences", {"language": "de"}))
    answers += [alice.get("/flash") for _ in range(5)]
    answers.append(alice.post("/profile/sessions/sign-out-others"))
    answers.append(alice.get("/profile/sessions", headers=JSON))
    answers.append(sign_out(alice, alice))
    cookies = [header for answer in answers for header in answer.headers.getlist("Set-Cookie")]
    assert len(cookies) > 10
    assert max(map(len, cookies)) < 4096
