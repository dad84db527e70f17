"""The URLs of our own pages, each made once for where the app is: a page has a dozen of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request, url_for
from flask.globals import request_ctx

from ..globals import EXTENSION, OWN_BLUEPRINTS

#: What a URL depends on, besides its endpoint: below which path the app is, and by which name it was reached.
Place = tuple[Any, ...]
_KEPT = EXTENSION + "_urls"
#: In the request: those of where it is, which does not change within one.
_HERE = "_flask_myprofile_urls"
#: Places of one app. The name comes with the request, so there may be any number of them.
_MOST = 256


def own_url(endpoint: str) -> str:
    """``url_for()`` of an endpoint of ours that needs no values."""
    return kept(endpoint, lambda: url_for(endpoint))


def kept(name: str, make: Callable[[], str]) -> str:
    """The URL of that name as it was made here first."""
    asked: Any
    try:  # a page has dozens
        asked = vars(request._get_current_object())  # type: ignore[attr-defined]
    except RuntimeError:  # there is no request
        return make()
    urls: dict[str, str] | None = asked.get(_HERE)
    if urls is None:
        here = place()
        if here is None:
            return make()
        urls = asked[_HERE] = _urls_at(here)
    found = urls.get(name)
    if found is None:
        found = urls[name] = make()
    return found


def _urls_at(here: Place) -> dict[str, str]:
    places: dict[Place, dict[str, str]] = current_app.extensions.setdefault(_KEPT, {})
    urls = places.get(here)
    if urls is None:
        if len(places) >= _MOST:
            places.clear()
        urls = places[here] = {}
    return urls


def place() -> Place | None:
    """Where the app is; None where the URLs of one place may differ all the same: by a ``url_defaults`` function of the
    host's, by its own ``url_for()``, or outside a request."""
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    adapter = request_ctx.url_adapter if request_ctx else None
    given = app.url_default_functions
    if adapter is None or type(app).url_for is not Flask.url_for or (given and any(map(given.get, _SCOPES))):
        return None
    return adapter.script_name, adapter.server_name, adapter.subdomain, adapter.url_scheme


_SCOPES = (None, *OWN_BLUEPRINTS)
