"""A thousand features of the host's own, and what administrators have chosen of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import flask_login
from flask import Flask, abort
from sqlalchemy import insert

from flask_myprofile import Part, Tab, current_profile

#: A tab is a feature as well.
_TABS, _PARTS = 20, 49
#: What is stored of each: nothing, on for everyone, on for one of 20 audiences, on for one of 20 that have every
#: condition. Whoever visits is in all of them, so that nothing is left out of the check.
SWITCHED, FOR_SOME, FOR_SOME_BY_ALL = "switched", "for some", "for some, by every condition"
_ROLES = [f"role-{number}" for number in range(5)]
_KINDS: list[Mapping[str, Any]] = [
    *({"users": "local", "until": f"21{number:02}-01-01T00:00:00Z"} for number in range(4)),
    *({"roles": [role, "nobody"]} for role in _ROLES[:4]),
    *({"share": 100 - number / 100, "users": "local"} for number in range(4)),
    *({"from": f"20{number:02}-01-01T00:00:00Z"} for number in range(10, 14)),
    *({"until": f"21{number:02}-01-01T00:00:00Z"} for number in range(10, 14)),
]
_BY_ALL: list[Mapping[str, Any]] = [
    {
        "users": "local",
        "roles": [_ROLES[number % 5], "nobody"],
        "share": 100,
        "from": f"20{number:02}-01-01T00:00:00Z",
        "until": f"21{number:02}-01-01T00:00:00Z",
    }
    for number in range(20)
]
AUDIENCES = {FOR_SOME: _KINDS, FOR_SOME_BY_ALL: _BY_ALL}


def tabs() -> list[type[Tab]]:
    parts = [Part(f"part_{number}", f"Part {number}") for number in range(_PARTS)]
    return [
        type(f"Area{number}", (Tab,), {"name": f"area_{number}", "label": f"Area {number}", "parts": parts})
        for number in range(_TABS)
    ]


def roles_of(user: Any) -> list[str]:
    return _ROLES


def add_views(app: Flask) -> None:
    """One asks for one feature, the other for twenty, of a tab each."""

    @app.get("/feature")
    @flask_login.login_required
    def one() -> str:
        return _answer(1)

    @app.get("/features")
    @flask_login.login_required
    def twenty() -> str:
        return _answer(_TABS)


def _answer(number: int) -> str:
    features = current_profile.features
    if not all(features[f"area_{each}.part_7"] for each in range(number)):
        abort(404)
    return str(flask_login.current_user.username)


def fill(stored: str) -> None:
    """In an app context: what administrators have chosen."""
    features, session = current_profile.features, current_profile.db.session
    tables = features._store._tables
    session.execute(tables.feature.delete())
    session.execute(tables.feature_audience.delete())
    names, for_some = features.names() if stored else [], AUDIENCES.get(stored)
    if names:
        chosen = {"enabled": for_some is None, "changed_by": "Ann", "changed_at": 1_700_000_000}
        session.execute(insert(tables.feature), [{"name": name, **chosen} for name in names])
    if for_some is not None:
        texts = [json.dumps({"on": True, "for": each}, separators=(",", ":")) for each in for_some]
        rows = [{"name": name, "audience": texts[at % len(texts)]} for at, name in enumerate(names)]
        session.execute(insert(tables.feature_audience), rows)
    session.commit()
