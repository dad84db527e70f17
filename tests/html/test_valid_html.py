"""Every page is valid HTML, as the checker of the W3C has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.host import Host
from tests.live import example
from tests.pages import CONFIRMATIONS, PAGES, every_page

Check = Callable[[Path], list[str]]
RIGHT = '<!doctype html><html lang="en"><title>a</title><p id="a">b</p>'
WRONG = f'{RIGHT}<p id="a"></p><button><div>b</div></button>'


def written(pages: dict[str, str], folder: Path) -> Path:
    folder.mkdir()
    for name, html in pages.items():
        (folder / f"{re.sub('[^a-z]+', '-', name)}.html").write_text(html)
    assert len(list(folder.iterdir())) == len(pages), "no two of one name"
    return folder


def of_the_extension(language: str, new_host: Callable[..., Host]) -> dict[str, str]:
    """In its own layout."""
    admin = new_host().browser()
    admin.login("admin")
    admin.post("/profile/preferences", {"language": language})
    pages = {name: answer.text for name, answer in every_page(admin).items()}
    admin.post("/profile/admin/features", {"preferences": "off"})
    pages["with a tab off"] = admin.get("/profile/admin/features").text
    assert len(pages) > 18
    assert all(f'lang="{language}"' in html for html in pages.values())
    return {f"{language} {name}": html for name, html in pages.items()}


def of_the_example(folder: Path) -> dict[str, str]:
    """Ours within the layout of a host, and the host's own."""
    with example(folder, WTF_CSRF_ENABLED=False, MYPROFILE_FEATURES={"api_token": True}) as app:
        maya = app.test_client()
        pages = {"start": maya.get("/").text, "sign in": maya.get("/sign-in").text}
        maya.post("/sign-in", data={"identifier": "maya", "password": "maya-demo-password"})
        for path in (*PAGES, *CONFIRMATIONS, "/dashboard", "/api", "/profile/notifications"):
            pages[path] = maya.get(path.replace("user=admin", "user=maya"), follow_redirects=True).text
    assert all("Acme Analytics" in html for html in pages.values())
    return {f"example {name}": html for name, html in pages.items()}


def test_every_page_is_valid(new_host: Callable[..., Host], html_checker: Check, tmp_path: Path) -> None:
    """In one run of the checker, which takes as long to start as to read them; and it finds what is wrong."""
    pages = {"right": RIGHT, "wrong": WRONG}
    pages |= {**of_the_extension("en", new_host), **of_the_extension("he", new_host), **of_the_example(tmp_path)}
    said = html_checker(written(pages, tmp_path / "pages"))
    wrong = [message for message in said if message.startswith("wrong.html:")]
    assert any("Duplicate ID" in message for message in wrong)
    assert any("not allowed as child" in message for message in wrong)
    assert [message for message in said if message not in wrong] == []
