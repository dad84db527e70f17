"""``/.well-known/change-password``: where password managers send people, whatever the app calls its page."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect

from ..globals import current_profile
from ..host_matching import on_every_host
from ..openapi.operation import Operation, described
from .access import guarded
from .navigation import url_of

PATH = "/.well-known/change-password"


def register(app: Flask) -> None:
    """Give the app that address, unless it has it already."""
    if all(rule.rule != PATH for rule in app.url_map.iter_rules()):
        app.add_url_rule(PATH, "myprofile.change_password", guarded(_change_password), **on_every_host(app))


@described(get=Operation("Where the password is changed", page=False, feature="password"))
def _change_password(user: Any) -> Any:
    current_profile.features.require("password")
    return redirect(url_of(current_profile.tabs["password"]))
