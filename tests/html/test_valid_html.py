"""Every page is valid HTML, as the checker of the W3C has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.host import Host
from tests.live import example
from tests.pages import CONFIRMATIONS, PAGES, every_page

Check = Callable[[Path], list[str]]
LAYOUT = '<!doctype html><html lang="en"><title>a</title>'


def written(pages: dict[str, str], folder: Path) -> Path:
    for name, html in pages.items():
        (folder / f"{re.sub('[^a-z]+', '-', name)}.html").write_text(html)
    return folder


def test_the_checker_finds_what_is_wrong(html_checker: Check, tmp_path: Path) -> None:
    wrong = f'{LAYOUT}<p id="a"></p><p id="a"></p><button><div>b</div></button>'
    said = html_checker(written({"right": f"{LAYOUT}<p>b</p>", "wrong": wrong}, tmp_path))
    assert any("Duplicate ID" in message for message in said)
    assert any("not allowed as child" in message for message in said)
    assert not any(message.startswith("right") for message in said)


@pytest.mark.parametrize("language", ["en", "he"])
def test_every_page_is_valid(language: str, new_host: Callable[..., Host], html_checker: Check, tmp_path: Path) -> None:
    """In the extension's own layout."""
    folder = tmp_path / "pages"
    folder.mkdir()
    admin = new_host().browser()
    admin.login("admin")
    admin.post("/profile/preferences", {"language": language})
    pages = {name: answer.text for name, answer in every_page(admin).items()}
    admin.post("/profile/admin/features", {"preferences": "off"})
    pages["with a tab off"] = admin.get("/profile/admin/features").text
    assert len(pages) > 18
    assert all(f'lang="{language}"' in html for html in pages.values())
    assert html_checker(written(pages, folder)) == []


def test_the_pages_of_the_example_are_valid(html_checker: Check, tmp_path: Path) -> None:
    """Ours within the layout of a host, and the host's own."""
    folder = tmp_path / "pages"
    folder.mkdir()
    with example(tmp_path, WTF_CSRF_ENABLED=False, MYPROFILE_FEATURES={"api_token": True}) as app:
        maya = app.test_client()
        pages = {"start": maya.get("/").text, "sign in": maya.get("/sign-in").text}
        maya.post("/sign-in", data={"identifier": "maya", "password": "maya-demo-password"})
        for path in (*PAGES, *CONFIRMATIONS, "/dashboard", "/api", "/profile/notifications"):
            pages[path] = maya.get(path.replace("user=admin", "user=maya"), follow_redirects=True).text
    assert all("Acme Analytics" in html for html in pages.values())
    assert html_checker(written(pages, folder)) == []
