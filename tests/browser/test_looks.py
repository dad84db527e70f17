"""The looks that every page is held to see what is wrong: their silence means something."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import looks


def announced_or_focused(page: Page) -> list[Any]:
    """On a page that was opened, and not sent."""
    return looks.focus(page, after_a_form=False)


HEAD = '<!doctype html><html lang="en"><title>a</title><meta name="viewport" content="width=device-width">'
WRONG = {
    looks.accessibility: '<main><h1>a</h1><p style="color: #999">pale</p><input></main>',
    looks.drawing: '<main><h1>a</h1><p style="color: #999">pale</p></main>',
    looks.scrolling_sideways: '<div class="mp"><div style="width: 500px">a</div></div>',
    looks.small_targets: '<div class="mp"><a href="/" style="display: block; width: 90px; height: 20px">a</a></div>',
    looks.clipped_text: '<div class="mp"><div style="height: 1.2em; overflow: hidden">a<br>b</div></div>',
    looks.untied_problems: '<div class="mp-summary"><a href="#myprofile">wrong</a></div><div id="myprofile">a</div>',
    looks.alike: '<ul class="mp-list"><li><a href="/1">Undo</a></li><li><a href="/2">Undo</a></li></ul>',
    announced_or_focused: '<h1 data-mp-focus tabindex="-1">a</h1>',
}


@pytest.mark.parametrize("look", WRONG, ids=lambda look: look.__name__)
def test_a_look_finds_what_it_is_for(look: looks.Look, chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    page.set_content(HEAD + WRONG[look])
    assert look(page) != []
    page.set_content(f'{HEAD}<main class="mp"><h1>a</h1><p>b</p></main>')
    assert look(page) == []
    page.close()
