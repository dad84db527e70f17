"""The document: made from the rules of the app, each time that it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timezone
from pkgutil import resolve_name
from typing import Any

from flask import current_app, request
from werkzeug.routing import Rule

from ..account.sample_user import sample_user
from ..auth.session_cookie import csrf_field
from ..globals import OWN_BLUEPRINTS, PACKAGE, current_profile
from ..i18n import writing_to
from ..i18n.languages import ENGLISH
from . import form_schemas, problems, tabs
from .operation import Operation, is_described, operation_of
from .schemas import ANYTHING, TEXT, Schema

_JSON, _HTML = "application/json", "text/html"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_ADMIN, _PROVIDER = "myprofile_admin", "myprofile_sso"
_VARIABLE = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
#: Tags of what belongs to no tab.
_TAGS = {
    "myprofile": ("my_profile", "What belongs to no tab."),
    _ADMIN: ("administration", "For administrators."),
    _PROVIDER: ("single_sign_on", "For identity providers."),
}
#: For browsers alone.
_REDIRECTS = {
    "302": ("Elsewhere", "A browser that has to sign in first, or to look elsewhere."),
    "303": ("Done", "A browser whose form was carried out, or that has to confirm first who it is."),
}
_ABOUT = (
    "The pages of My Profile, which answer JSON to requests that prefer `application/json` to `text/html`. "
    "They are for signed-in browsers: what changes something needs the session's cookie and its CSRF token, and an API "
    "token is refused. A field that is not sent keeps its value."
)


def document(user: Any = None) -> dict[str, Any]:
    """OpenAPI 3.1 of the pages and actions that a user has.

    :param user: theirs; None: of all that there is, whatever is switched off.
    :returns: what JSON takes.
    """
    with writing_to(ENGLISH, timezone.utc):  # programmers read it, whatever its user reads
        paths, used = _paths(user)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": f"{current_profile.config.app_name or current_app.name}: My Profile",
                "version": resolve_name(f"{PACKAGE}:__version__"),
                "description": _ABOUT,
            },
            "servers": [{"url": request.script_root or "/"}],
            "tags": [tag for tag in _tags() if tag["name"] in used],
            "paths": paths,
            "components": {
                "schemas": {"Problem": problems.SCHEMA},
                "responses": _redirects() | problems.responses(),
                "securitySchemes": _security_schemes(user),
            },
        }


def _paths(user: Any) -> tuple[dict[str, Any], set[str]]:
    """The paths, and the tags that are used in them."""
    paths: dict[str, Any] = {}
    used, of_tabs = set(), tabs.endpoints()
    whose = user if user is not None else _nobody()
    for rule in _rules():
        own = of_tabs.get(rule.endpoint)
        tag = own[0].name if own is not None else _TAGS[rule.endpoint.partition(".")[0]][0]
        for method in _methods(rule):
            found = _operation(rule, own, method, whose, everything=user is None)
            if found is not None:
                paths.setdefault(_VARIABLE.sub(r"{\1}", rule.rule), {})[method.lower()] = {
                    "operationId": f"{method.lower()}_{_name(rule)}",
                    "tags": [tag],
                    **_described(rule, method, found),
                }
                used.add(tag)
    return paths, used


def _nobody() -> Any:
    models = current_profile.users.models()
    return sample_user(models[0]) if models else None


def _rules() -> Iterator[Rule]:
    for rule in current_app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in OWN_BLUEPRINTS and not rule.endpoint.endswith(".static"):
            yield rule


def _methods(rule: Rule) -> list[str]:
    return [method for method in ("GET", "POST") if method in (rule.methods or ())]


def _name(rule: Rule) -> str:
    blueprint, _, name = rule.endpoint.partition(".")
    prefix = {_ADMIN: "admin_", _PROVIDER: "sso_"}.get(blueprint, "")
    return f"{prefix}{name}"


# ---- what there is


def _operation(rule: Rule, own: tabs.Own | None, method: str, user: Any, *, everything: bool) -> Operation | None:
    """None: it is not there, or not for this user."""
    if own is not None:
        return tabs.operation(*own, method, user) if everything or tabs.has(*own, method, user) else None
    view = current_app.view_functions[rule.endpoint]
    found = operation_of(view, method) if is_described(view) else _unknown(rule, method)
    if found is None or everything:
        return found
    is_on = found.feature is None or current_profile.features[found.feature]
    is_theirs = rule.endpoint.partition(".")[0] != _ADMIN or current_profile.is_admin(user)
    if not is_on or not is_theirs or found.for_providers:
        return None
    return found if found.is_there is None or found.is_there(user) else None


def _unknown(rule: Rule, method: str) -> Operation:
    words = _name(rule).replace("_", " ").capitalize()
    return Operation(summary=words, answer=ANYTHING, body=ANYTHING if method == "POST" else None)


def _tags() -> Iterator[dict[str, str]]:
    for tab in current_profile.tabs.values():
        yield {"name": tab.name, "description": f"{tab.label}. {tab.summary}".strip()}
    for name, description in _TAGS.values():
        yield {"name": name, "description": description}


# ---- how it is said


def _described(rule: Rule, method: str, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {"summary": operation.summary}
    if operation.description:
        found["description"] = operation.description
    if parameters := [*_path_parameters(rule), *_parameters(method, operation)]:
        found["parameters"] = parameters
    if method == "POST":
        found["requestBody"] = _request_body(operation)
    found["responses"] = dict(operation.responses) if operation.responses else _responses(method, operation)
    found["security"] = _security(method, operation)
    return found


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    names = [name for name in _VARIABLE.findall(rule.rule) if name in rule.arguments]
    return [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]


def _parameters(method: str, operation: Operation) -> list[dict[str, Any]]:
    found = [{"name": name, "in": "query", "schema": dict(schema)} for name, schema in operation.query.items()]
    if method == "POST" and operation.has_version:
        text = "The ETag of what was looked at: a field that has changed since is not changed, and answered with 409."
        found.append({"name": "If-Match", "in": "header", "description": text, "schema": TEXT})
    return found


def _request_body(operation: Operation) -> dict[str, Any]:
    further = {csrf_field(): {**TEXT, "description": "Instead of the header."}}
    if operation.form is not None:
        needs_all = operation.needs_all
        sent = form_schemas.as_sent(operation.form, needs_all=needs_all, further=further)
        json: Schema = form_schemas.as_json(operation.form, needs_all=needs_all)
    else:
        json = operation.body or {**ANYTHING, "additionalProperties": False}
        properties = {**json.get("properties", {}), **further}
        sent = {name: value for name, value in json.items() if name != "additionalProperties"}
        sent = {**sent, "properties": properties}
    by_format = {**({_JSON: json} if operation.takes_json else {}), **dict.fromkeys(_FORMS, sent)}
    content = {name: {"schema": schema} for name, schema in by_format.items()}
    needs_body = operation.form is not None or bool(json.get("required"))
    return {"content": content} | ({"required": True} if needs_body else {})


def _responses(method: str, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if content := _content(operation):
        found["200"] = {"description": operation.summary, "content": content}
        if method == "GET" and operation.has_version:
            found["200"]["headers"] = {"ETag": {"schema": TEXT}}
    elsewhere = {status: {"$ref": f"#/components/responses/{name}"} for status, (name, _) in _REDIRECTS.items()}
    return found | elsewhere | problems.references(problems.OF_POST if method == "POST" else problems.OF_GET)


def _redirects() -> dict[str, Any]:
    headers = {"Location": {"schema": TEXT}}
    return {name: {"description": words, "headers": headers} for name, words in _REDIRECTS.values()}


def _content(operation: Operation) -> dict[str, Any]:
    json = {_JSON: {"schema": dict(operation.answer)}} if operation.answer is not None else {}
    return {**json, **({_HTML: {"schema": TEXT}} if operation.page else {})}


# ---- who may


def _security(method: str, operation: Operation) -> list[Mapping[str, Any]]:
    csrf: dict[str, list[str]] = {"csrf": []} if method == "POST" and _has_csrf() else {}
    signed_in = {"session": [], **csrf}
    if operation.for_providers:
        return []
    return [{}, signed_in] if operation.for_visitors else [signed_in]


def _security_schemes(user: Any) -> dict[str, Any]:
    config = current_app.config
    found: dict[str, Any] = {
        "session": {"type": "apiKey", "in": "cookie", "name": config["SESSION_COOKIE_NAME"]},
    }
    if _has_csrf():
        headers = config.get("WTF_CSRF_HEADERS") or ["X-CSRFToken"]
        text = f"The token of Flask-WTF for this session; a form may have it in its field `{csrf_field()}` instead."
        found["csrf"] = {"type": "apiKey", "in": "header", "name": headers[0], "description": text}
    if user is None or current_profile.features["api_token"]:
        text = "Signs in on the application's own API. These pages answer it with 403, `insufficient_scope`."
        found["api_token"] = {"type": "http", "scheme": "bearer", "description": text}
    return found


def _has_csrf() -> bool:
    return bool(current_app.config.get("WTF_CSRF_ENABLED", True))
