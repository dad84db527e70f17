"""The icons of ``myprofile/_icons.html``, each drawn once: a page has dozens, and they are the same for everybody."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from jinja2 import Environment, pass_environment
from markupsafe import Markup

_drawn: WeakKeyDictionary[Environment, dict[tuple[str, str], Markup]] = WeakKeyDictionary()


@pass_environment
def symbol(environment: Environment, name: str, cls: str = "") -> Markup:
    """``{{ mp_symbol("lock") }}``: what the macro ``icon`` of that template, or of the host's, answers."""
    known = _drawn.setdefault(environment, {})
    found = known.get((name, cls))
    if found is None:
        macros = environment.get_template("myprofile/_icons.html").module
        found = Markup(macros.icon(name, cls))  # type: ignore[attr-defined]  # noqa: S704 (a template's own)
        if not environment.auto_reload:  # else somebody is at work on it
            known[name, cls] = found
    return found
