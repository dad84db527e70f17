"""Blueprints that are there on every host name of an app with ``Flask(host_matching=True)``, as they are in others."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask import Blueprint, has_request_context, request
from flask.blueprints import BlueprintSetupState

_VARIABLE = "myprofile_host"


def on_every_host(app: Any) -> dict[str, Any]:
    """What a rule of ours needs besides: a rule without a host matches none there."""
    return {"host": f"<{_VARIABLE}>"} if app.url_map.host_matching else {}


class OwnBlueprint(Blueprint):
    """One of the extension's."""

    def register(self, app: Any, options: dict[str, Any]) -> None:
        if app.url_map.host_matching:
            self.url_value_preprocessor(_without_host)
            self.url_defaults(_same_host)
        super().register(app, options)

    def make_setup_state(self, app: Any, options: dict[str, Any], first_registration: bool = False) -> Any:
        return _SetupState(self, app, options, first_registration)


class _SetupState(BlueprintSetupState):
    def add_url_rule(self, rule: str, *given: Any, **options: Any) -> None:
        super().add_url_rule(rule, *given, **{**on_every_host(self.app), **options})


def _without_host(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values is not None:
        values.pop(_VARIABLE, None)


def _same_host(endpoint: str, values: MutableMapping[str, Any]) -> None:
    if has_request_context():
        values.setdefault(_VARIABLE, request.host)
