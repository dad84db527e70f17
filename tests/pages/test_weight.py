"""What a page weighs on its way, and what a browser has to ask for again."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

import flask_myprofile
from flask_myprofile.pages import assets as files
from tests.browser.gallery import DEVICES
from tests.support.host import Host
from tests.support.pages import CONFIRMATIONS, PAGES

STATIC = Path(flask_myprofile.__file__).parent / "static"
ASSET = re.compile(r'(?:href|src)="(/profile/static/[^"]+)"')
KB = 1024


def weight(content: bytes) -> int:
    return len(gzip.compress(content, 9))


@pytest.mark.parametrize(("name", "limit"), [("myprofile.css", 8 * KB), ("myprofile.js", 3.75 * KB)])
def test_the_stylesheet_and_the_script_stay_small(name: str, limit: float) -> None:
    assert weight((STATIC / name).read_bytes()) <= limit


def test_a_page_stays_small_and_brings_two_files(host: Host) -> None:
    admin = host.browser()
    for browser in (*(host.browser() for _ in range(20)), admin):
        browser.login("admin")
    admin.post_json("/profile/api-token/regenerate")
    for path in (*PAGES, *CONFIRMATIONS):
        answer = admin.get(path)
        assert answer.status_code == 200, path
        assert weight(answer.data) <= 6 * KB, path
        assert len(ASSET.findall(answer.text)) == 2, path
        assert not re.search(r"<img|@font-face|@import|<iframe", answer.text), path


def test_the_list_stays_small_however_many_sessions_there_are(host: Host) -> None:
    """Each of another moment, from another address and of another device."""
    alice = host.browser()
    alice.login("alice")
    (stored,) = host.rows.all()
    for number in range(54):
        random = Random(number)
        moment = stored.created_at - random.randrange(40 * 86_400)
        changed = {"secret_hash": f"{number:064x}", "remember_until": stored.created_at + random.randrange(10**7)}
        changed |= {"user_agent": random.choice(DEVICES), "ip": f"203.0.113.{random.randrange(255)}"}
        host.rows.add(
            stored._replace(id=f"{random.getrandbits(96):024x}", created_at=moment, last_seen_at=moment + 99, **changed)
        )
    assert weight(alice.get("/profile/sessions").data) <= 6 * KB


def test_nothing_is_fetched_by_the_stylesheet() -> None:
    assert "url(" not in (STATIC / "myprofile.css").read_text("utf-8")


def assets(host: Host) -> list[str]:
    alice = host.browser()
    alice.login("alice")
    return ASSET.findall(alice.get("/profile/preferences").text)


def kept_for(host: Host, url: str) -> int | None:
    with host.browser().get(url) as answer:
        assert answer.status_code == 200
        return answer.cache_control.max_age


def test_a_browser_keeps_the_files_until_their_content_changes(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version comes with new processes."""
    host = new_host(anew=True)
    before = assets(host)
    assert [kept_for(host, url) for url in before] == [31_536_000] * 2
    monkeypatch.setattr(files, "hash_of", lambda name: "another")
    assert not set(assets(new_host(anew=True))) & set(before)


def test_a_file_of_another_version_is_not_kept_under_its_name(host: Host) -> None:
    """While a new version is rolled out, the old one may be asked for the new one's files."""
    for name in ("myprofile.css", "myprofile.js"):
        for query in ("?v=0123456789ab", "?v=", ""):
            assert kept_for(host, f"/profile/static/{name}{query}") is None


def test_the_hosts_own_rule_for_static_files_holds(host: Host) -> None:
    host.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    assert [kept_for(host, url) for url in assets(host)] == [60] * 2


def test_whoever_works_on_the_files_sees_them_at_once(host: Host) -> None:
    host.app.debug = True
    assert [kept_for(host, url) for url in assets(host)] == [None] * 2
