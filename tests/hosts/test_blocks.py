"""A layout of the host needs one block, of whatever name; what it has in the others stays there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jinja2 import DictLoader

from tests.support.host import Host

ONE_BLOCK = "<!doctype html><html lang=en><title>Host</title><main>{% block NAME %}{% endblock %}</main>"
FULL = """<!doctype html><html lang=en><head>
<title>{% block page_title %}Host{% endblock %}</title>
{% block styles %}<link rel="stylesheet" href="/host.css">{% endblock %}</head>
<body>{% block body %}nothing{% endblock %}{% block js %}<script src="/host.js"></script>{% endblock %}</body></html>"""
NAMES = {"title": "page_title", "head": "styles", "content": "body", "scripts": "js"}


def page_in(new_host: Callable[..., Host], layout: str, blocks: dict[str, str] | None) -> str:
    def add_layout(host: Host) -> None:
        host.app.jinja_loader = DictLoader({"base.html": layout})  # type: ignore[method-assign]

    told = {"MYPROFILE_BASE_BLOCKS": blocks} if blocks else {}
    alice = new_host(after=add_layout, MYPROFILE_BASE_TEMPLATE="base.html", **told).browser()
    alice.login("alice")
    html: str = alice.get("/profile/preferences").text
    return html


@pytest.mark.parametrize(("name", "blocks"), [("main", {"content": "main"}), ("content", None)])
def test_a_layout_without_a_block_in_its_head_gets_the_stylesheet_with_the_content(
    name: str, blocks: dict[str, str] | None, new_host: Callable[..., Host]
) -> None:
    head, main = page_in(new_host, ONE_BLOCK.replace("NAME", name), blocks).split("<main>")
    assert "mp-h1" in main
    for asset in ("myprofile.css", "myprofile.js"):
        assert (head.count(asset), main.count(asset)) == (0, 1)
        assert main.index(asset) < main.index("mp-h1")


def test_the_blocks_of_a_layout_may_have_other_names(new_host: Callable[..., Host]) -> None:
    head, body = page_in(new_host, FULL, NAMES).split("<body>")
    assert "<title>Preferences – My Profile – host</title>" in head
    assert "nothing" not in body
    assert "mp-h1" in body
    for asset in ("myprofile.css", "myprofile.js"):
        assert (head.count(asset), body.count(asset)) == (1, 0)


def test_what_a_layout_has_in_its_head_and_scripts_stays_there(new_host: Callable[..., Host]) -> None:
    html = page_in(new_host, FULL, NAMES)
    assert html.count("/host.css") == 1
    assert html.count("/host.js") == 1
    assert html.index("/host.css") < html.index("myprofile.css"), "the last one wins, should they meet"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("{% block title %}{% endblock %} | Acme", "Preferences – My Profile | Acme"),
        ("Host: {% block title %}{% endblock %}", "Host: Preferences – My Profile"),
        ("{% block title %}{% endblock %}", "Preferences – My Profile – host"),
    ],
)
def test_an_app_is_named_once_in_a_title(title: str, shown: str, new_host: Callable[..., Host]) -> None:
    layout = f"<!doctype html><html lang=en><title>{title}</title><main>{{% block content %}}{{% endblock %}}</main>"
    assert f"<title>{shown}</title>" in page_in(new_host, layout, {"title": "title", "content": "content"})


def test_what_is_ours_says_its_language_and_direction_whatever_the_page_says(new_host: Callable[..., Host]) -> None:
    def add_layout(host: Host) -> None:
        menu = "{{ myprofile_user_menu() }}"
        layout = ONE_BLOCK.replace("NAME", "main").replace("<main>", f"{menu}<main>")
        host.app.jinja_loader = DictLoader({"base.html": layout})  # type: ignore[method-assign]

    told = {"MYPROFILE_BASE_TEMPLATE": "base.html", "MYPROFILE_BASE_BLOCKS": {"content": "main"}}
    alice = new_host(after=add_layout, **told).browser()
    alice.login("alice")
    alice.post("/profile/preferences", {"language": "he"})
    html = alice.get("/profile/preferences").text
    assert '<div class="mp mp-page" id="myprofile" lang="he" dir="rtl"' in html
    assert '<details class="mp mp-menu" lang="he">' in html
