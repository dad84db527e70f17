"""The address that the example on the API Token tab calls."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from flask import current_app, request, url_for
from werkzeug.routing import BuildError, Map, Rule

from ..globals import OWN_BLUEPRINTS

#: What the route is often called that says who is asking: the best one to try a token with.
_WHO = ("me", "whoami", "user", "profile")
#: Of each app, the endpoints that the example may be of, the best one first: an app may have thousands of rules.
_known: WeakKeyDictionary[Map, Sequence[str]] = WeakKeyDictionary()


def example_address() -> str:
    """One of the app's own, below ``/api``, that needs no arguments; where there is none, a gap to be filled in."""
    rules = current_app.url_map
    if rules not in _known:
        _known[rules] = [rule.endpoint for rule in sorted(filter(_is_of_an_api, rules.iter_rules()), key=_rank)]
    for endpoint in _known[rules]:
        try:
            return url_for(endpoint, _external=True)
        except BuildError:  # its host or subdomain is another one
            continue
    return f"{request.url_root}…"


def _is_of_an_api(rule: Rule) -> bool:
    if "GET" not in (rule.methods or ()) or rule.arguments or rule.endpoint.partition(".")[0] in OWN_BLUEPRINTS:
        return False
    first, *rest = [part for part in rule.rule.split("/") if part] or [""]
    return first == "api" and bool(rest)


def _rank(rule: Rule) -> tuple[bool, int, str]:
    last = rule.rule.rstrip("/").rpartition("/")[2]
    return last not in _WHO, len(rule.rule), rule.rule
