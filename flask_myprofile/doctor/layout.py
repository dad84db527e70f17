"""Whether the host's layout has the blocks that the pages fill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import current_app
from jinja2 import TemplateNotFound, TemplateSyntaxError, nodes

from ..adapters import adapter_of
from ..globals import current_profile
from .findings import Finding, fault, note, ok

_MENU = "myprofile_user_menu"


def layout() -> Iterator[Finding]:
    base, blocks = current_profile.config.base_template, current_profile.config.base_blocks
    if base is None:
        yield ok(f"The pages are in {adapter_of(current_app).layout or 'a layout of their own'}.")
        return
    try:
        trees = list(_chain(base))
    except TemplateNotFound as error:
        yield fault(f"There is no template {error.name}.", "Name the app's layout: MYPROFILE_BASE_TEMPLATE.")
        return
    except TemplateSyntaxError as error:
        yield fault(f"{error.name}, line {error.lineno}, is no template.", "Mend it.")
        return
    there = {block.name for tree in trees for block in tree.find_all(nodes.Block)}
    yield from _of_blocks(base, blocks, there)
    if not any(map(_may_have_menu, trees)):
        yield note(f"{base} does not show the user menu.", f"Put {{{{ {_MENU}() }}}} into its navigation bar.")


def _of_blocks(base: str, blocks: Mapping[str, str], there: set[str]) -> Iterator[Finding]:
    needed = [theirs for ours, theirs in blocks.items() if ours != "scripts"]  # which is for pages of the host's
    lacking = [name for name in needed if name not in there]
    if blocks["content"] in lacking:
        yield fault(
            f"{base} has no block {blocks['content']}, so that the pages are empty.",
            "Say which block it has for that: MYPROFILE_BASE_BLOCKS.",
        )
    elif lacking:
        yield note(
            f"{base} has no block {', '.join(lacking)}.",
            "Say which blocks it has, and leave out those that it lacks: MYPROFILE_BASE_BLOCKS.",
        )
    elif unused := {"title", "head"} & there - {*blocks} - {*blocks.values()}:
        yield note(
            f"{base} has the block {', '.join(sorted(unused))}, which MYPROFILE_BASE_BLOCKS leaves out.",
            "Name all that the layout has: it takes the place of the default.",
        )
    else:
        yield ok(f"{base} has the blocks {', '.join(sorted(set(needed)))}.")
    if "title" not in blocks and "title" not in there:
        yield note(
            f"{base} has no block for the title, so that all pages have one title.",
            "Put one into it, <title>{% block title %}…{% endblock %}</title>, and name it in MYPROFILE_BASE_BLOCKS.",
        )


def _chain(name: str | None) -> Iterator[Any]:
    """The template, and those that it extends."""
    environment, seen = current_app.jinja_env, set()
    while name is not None and name not in seen:
        seen.add(name)
        loader: Any = environment.loader
        tree = environment.parse(loader.get_source(environment, name)[0], name)
        yield tree
        extends = tree.find(nodes.Extends)
        name = getattr(extends.template, "value", None) if extends is not None else None


def _may_have_menu(tree: Any) -> bool:
    """Whether it calls the menu, or what it includes may do so."""
    elsewhere = tree.find((nodes.Include, nodes.Import, nodes.FromImport)) is not None
    return elsewhere or any(name.name == _MENU for name in tree.find_all(nodes.Name))
