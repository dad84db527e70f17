"""Whether "Sign out", and the pages beside it, are where the extension has put them."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from ..globals import OWN_BLUEPRINTS, current_profile
from .findings import Finding, fault, ok


def sign_out() -> Iterator[Finding]:
    taken = []
    for rule in current_app.url_map.iter_rules():
        is_ours = rule.endpoint.partition(".")[0] in OWN_BLUEPRINTS and not rule.arguments
        if is_ours and (other := _instead_of(rule)) is not None:
            taken.append(f"{rule.rule} is {other}")
    if taken:
        yield fault(
            f"Views of the app are where pages of My Profile should be: {', '.join(sorted(set(taken)))}.",
            "Move the view, or My Profile: MYPROFILE_URL_PREFIX.",
        )
    else:
        yield ok(f"POST {current_profile.config.url_prefix}/sign-out signs out.")


def _instead_of(rule: Rule) -> str | None:
    """The endpoint that answers in the place of this one."""
    known = current_app.url_map
    if known.host_matching:
        return None
    adapter = known.bind("localhost", subdomain=rule.subdomain or known.default_subdomain)
    try:
        endpoint, _ = adapter.match(rule.rule, method="GET" if "GET" in (rule.methods or ()) else "POST")
    except HTTPException as error:
        return f"answered by {error.code}"
    return None if endpoint == rule.endpoint else str(endpoint)
