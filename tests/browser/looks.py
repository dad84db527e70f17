"""What is looked for on a page that a browser shows; each answers with what it found, and ``[]`` where all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Look = Callable[[Page], list[Any]]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # of the rest, one example each
}
#: Those that another theme or another width may make a difference to: what is on the page is the same.
DRAWN = {**RULES, "runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]}
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [
    `${document.documentElement.scrollWidth} px wide`,
    ...[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
        || e.getBoundingClientRect().left < -1).filter(e => !e.closest(".mp-vh")).map(e => e.className || e.tagName)]"""
#: WCAG 2.5.8 counts no link within a sentence, and nothing that is only there for screen readers.
SMALL = """least => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, textarea")]
    .filter(e => e.checkVisibility() && e.closest(".mp") && !e.closest(".mp-vh, p, .mp-summary, .mp-skip"))
    .map(e => [e, e.getBoundingClientRect(), (e.type === "checkbox" && e.labels[0] || e).getBoundingClientRect()])
    .filter(([e, own, hit]) => Math.max(hit.width, own.width) < least || Math.max(hit.height, own.height) < least)
    .map(([e, own, hit]) => `${e.className || e.tagName} ${Math.round(hit.width)}x${Math.round(hit.height)}`)"""
#: WCAG 1.4.12. A sheet made by a script, since the app's policy allows no style of another kind.
SPACED = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`p { margin-block-end: 2em !important }
        * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }`);
    document.adoptedStyleSheets.push(sheet);
}"""
CLIPPED = """() => [...document.querySelectorAll(".mp *")]
    .filter(e => e.checkVisibility() && !e.closest(".mp-vh, svg, select") && !e.matches("textarea, input, .mp-nav ul"))
    .filter(e => (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX != "visible")
        || (e.scrollHeight > e.clientHeight + 1 && getComputedStyle(e).overflowY != "visible" && e.tagName != "DIALOG"))
    .map(e => e.className || e.tagName)"""


#: B80: what is wrong is said twice, in the same words: in the summary, whose link leads there, and beside the field.
#: A switch that somebody else has moved meanwhile is not wrong; how it is now is said beside it.
UNTIED = """() => {
    const words = id => (document.getElementById(id)?.textContent || "").trim();
    const links = [...document.querySelectorAll(".mp-summary a")].map(a => [a.hash.slice(1), a.textContent.trim()])
        .filter(([id]) => !document.getElementById(id)?.matches("[role=switch]"));
    const wrong = [...document.querySelectorAll(".mp :is([aria-invalid=true], fieldset[aria-describedby*=-error])")];
    const said = wrong.map(e => [e.id, e.getAttribute("aria-describedby").split(" ").map(words).join(" ")]);
    return [...links.filter(([id, text]) => !said.some(([at, all]) => at == id && all.includes(text))),
        ...said.filter(([at]) => !links.some(([id]) => at == id))];
}"""
#: In words and description; a form is another one by what it sends.
ALIKE = """() => {
    const seen = {}, aim = e => e.href || e.form.action + new URLSearchParams(new FormData(e.form));
    const words = e => e.innerText + "|" + (e.getAttribute("aria-describedby") || "").split(" ")
        .map(id => document.getElementById(id)?.textContent || "").join(" ");
    for (const e of document.querySelectorAll(".mp-list :is(a[href], button[type=submit])"))
        if (e.checkVisibility()) (seen[words(e)] ||= new Set()).add(aim(e));
    return Object.keys(seen).filter(each => seen[each].size > 1);
}"""
#: Of its answer, what is wanted: all of it takes longer on its way than what it is about.
RUN_AXE = """rules => axe.run(rules).then(({ passes, violations }) => ({
    passes: passes.length,
    found: violations.map(({ id, nodes }) => [id, nodes.map(node => node.html.slice(0, 200))]),
}))"""


def accessibility(page: Page, rules: Any = RULES) -> list[Any]:
    if not page.evaluate("'axe' in window"):  # once for all looks at a page
        page.evaluate(AXE_SCRIPT)
    result = page.evaluate(RUN_AXE, rules)
    assert result["passes"], "it has looked"
    return list(result["found"])


def drawing(page: Page) -> list[Any]:
    """Of accessibility, what depends on theme and width."""
    return accessibility(page, DRAWN)


def scrolling_sideways(page: Page) -> list[Any]:
    return list(page.evaluate(WIDE))


def small_targets(page: Page, least: int = 24) -> list[Any]:
    return list(page.evaluate(SMALL, least))


def clipped_text(page: Page) -> list[Any]:
    """With as much space between lines, words and letters as anybody may want."""
    page.evaluate(SPACED)
    return [*page.evaluate(CLIPPED), *scrolling_sideways(page)]


def untied_problems(page: Page) -> list[Any]:
    """What the summary of what is wrong says of no field, as a link, or a field without the summary."""
    return list(page.evaluate(UNTIED))


def alike(page: Page) -> list[Any]:
    """What one cannot tell apart in a list by what is said of it, and does something else."""
    return list(page.evaluate(ALIKE))


def has_focus(page: Page) -> list[Any]:
    """After a form was sent, what it led to has the focus, and is the only thing that asks for it."""
    page.wait_for_load_state("load")  # the script has run by then
    asking = page.locator("[data-mp-focus]")
    wanted, has_it = asking.count(), page.evaluate("document.activeElement.matches('[data-mp-focus]')")
    return [] if wanted == 1 and has_it else [f"{wanted} ask for the focus, and one has it: {has_it}"]


def announced(page: Page) -> list[Any]:
    """Then one status is there to be spoken, with words in it, besides the number of what is not saved yet."""
    said = page.locator(":is([role=status], [role=alert]):visible:not([data-mp-dirty])").all_inner_texts()
    return [] if len([text for text in said if text.strip()]) == 1 else [said]


def focus(page: Page, after_a_form: bool) -> list[Any]:
    """Who has only opened a page reads it from the top, unless it says what is wrong."""
    asks = page.locator("[data-mp-focus]").count() > 0
    return [*has_focus(page), *announced(page)] if after_a_form or asks else []
