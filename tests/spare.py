"""Hosts of tests that are over, for those to come: to make a host takes longer than most tests have to do with it.

One is used again only where the test that asks brings no code of its own, and only if the test before has left it as
it was made. Its database is begun anew in any case.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests.host import Host, seed
from tests.kept import Kept

#: So many are kept, those that were used last.
MOST = 24


class Spare(NamedTuple):
    """A host and how it was when it was new.

    :param database: what was in its file, if it had one.
    """

    wanted: str
    host: Host
    state: str
    database: bytes | None


#: Of an app. New routes are seen in its ``view_functions``.
_GROWS_WITH_USE = ("_got_first_request", "url_map", "error_handler_spec", "logger")
_spares: OrderedDict[str, Spare] = OrderedDict()


def wish(url: str, options: dict[str, Any]) -> str | None:
    """What a host must have been made with to do; None if only one that is made for this test will."""
    return repr((url, sorted(options.items()))) if _is_plain(options) else None


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(each) for name, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, type):
        return "<locals>" not in value.__qualname__
    return value is None or isinstance(value, str | bytes | int | float | timedelta)


def new(wanted: str, host: Host) -> Spare:
    """One that was made just now."""
    # at the first request, and at the first with a token, is done what could not be done before
    host.browser().get("/pub", headers={"Authorization": "Bearer mpt_none"})
    if ours := host.app.extensions.get("myprofile"):
        with host.app.app_context():
            ours.users.model  # noqa: B018 (is found when it is first asked for)
    host.app._got_first_request = False
    file = _file_of(host)
    return Spare(wanted, host, _state(host), file.read_bytes() if file else None)


def give_back(lent: Spare) -> None:
    lent.host.app._got_first_request = False
    _spares[lent.wanted] = lent
    if len(_spares) > MOST:
        _spares.popitem(last=False)


def take(wanted: str | None, kept: Kept) -> Spare | None:
    """One of these that nobody has changed, with a new database."""
    found = _spares.pop(wanted, None) if wanted else None
    if found is None or _state(found.host) != found.state:
        return None
    host, file = found.host, _file_of(found.host)
    if file:
        file.write_bytes(found.database or b"")
    else:
        with host.app.app_context():
            kept.make_tables(host.db)
            seed(host.db, host.User)
    return found


def _file_of(host: Host) -> Path | None:
    with host.app.app_context():
        url = host.db.engine.url
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _state(host: Host) -> str:
    """All that tests change of a host, but what its database has: settings, views, hooks, listeners, …"""
    app: Any = host.app
    app.jinja_loader, app.jinja_env  # noqa: B018 (are made when they are first asked for)
    of_app = {name: value for name, value in vars(app).items() if name not in _GROWS_WITH_USE}
    handlers = [
        (scope, error, handler)
        for scope, of_scope in app.error_handler_spec.items()
        for of_code in of_scope.values()
        for error, handler in of_code.items()
    ]
    ours = app.extensions.get("myprofile")
    objects = [*app.extensions.values(), *(vars(ours).values() if ours else ()), app.json, app.login_manager, host.User]
    parts = [sorted(vars(each).items()) for each in objects if hasattr(each, "__dict__") and "_make" not in vars(each)]
    templates = {**app.jinja_env.globals, **app.jinja_env.filters}
    with app.app_context():
        heard = [_listeners(each) for each in (host.db.engine, host.db.session())]
    return repr((of_app, parts, handlers, templates, heard))


def _listeners(target: Any) -> dict[str, int]:
    return {name: len(list(getattr(target.dispatch, name))) for name in target.dispatch._event_names}
