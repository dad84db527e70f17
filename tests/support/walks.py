"""Every route of the extension, found in ``url_map``: the tests that walk cover a new one without naming it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from sqlalchemy import inspect
from sqlalchemy.orm import DeclarativeBase, object_session
from wtforms import StringField

from flask_myprofile import Confirm, DeleteMyAccount, DownloadMyData, MyProfile, Tab, Users, action
from flask_myprofile.tabs import BUILT_IN
from tests.support.host import JSON, PASSWORD, Browser, Host

CSRF = ("none", "junk", "of another session")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class NotesForm(FlaskForm):
    text = StringField("Text")


class Notes(Tab):
    """A custom tab whose author thought of nothing: the rules of the house hold for it all the same."""

    name = "notes"
    label = "Notes"

    def values(self, user: Any) -> dict[str, Any]:
        return {"text": user.phone}

    @action(NotesForm)
    def save(self, user: Any, form: NotesForm) -> str:
        user.phone = form.text.data[:30]
        return "Saved."

    @action(confirm=Confirm("Wipe your notes?", "They are gone then.", "Wipe", "Keep"))
    def wipe(self, user: Any) -> str:
        user.phone = "wiped"
        return "Wiped."


def _delete(user: Any) -> None:
    object_session(user).delete(user)  # type: ignore[union-attr]


def all_tabs(*own: type[Tab]) -> dict[str, Any]:
    """The options of a host that adds what we have for it to add, and tabs of its own."""
    return {"tabs": [*own, DownloadMyData, DeleteMyAccount], "users": Users(delete=_delete)}


def walked_host(new_host: Callable[..., Host], url: str = "", **options: Any) -> Host:
    """A host with all tabs, and a custom one. Its users may have several API tokens if the URL is about those."""
    several = {"MYPROFILE_API_TOKENS": 3} if url in OF_SEVERAL else {}
    return new_host(**{"myprofile_options": all_tabs(Notes), **several, **options})


def _routes() -> list[tuple[str, str, frozenset[str]]]:
    """(endpoint, URL, methods) of everything that is ours, but static files."""
    app = Flask("walked")
    app.config.update(SECRET_KEY="walk", SQLALCHEMY_DATABASE_URI="sqlite://")
    SQLAlchemy(app, model_class=type("Base", (DeclarativeBase,), {}))
    LoginManager(app)
    MyProfile(app, **all_tabs(Notes))
    ours = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("myprofile")]
    return [
        (rule.endpoint, url, frozenset(rule.methods or ()))
        for rule in ours
        if not rule.endpoint.endswith(".static")
        for url in (rule.rule, *(each for each in OF_SEVERAL if each == f"{rule.rule}{_SEVERAL}"))
    ]


_SEVERAL = "?of=several"
#: Of somebody who may have several API tokens. Some pages are there for others as well, with other words.
OF_SEVERAL = [
    *(f"/profile/api-token/{action}" for action in ("create", "change", "revoke-all")),
    *(f"/profile/api-token{page}{_SEVERAL}" for page in ("", "/regenerate", "/reveal", "/revoke")),
]


#: What a provider asks for, without a signed-in browser: see test_backchannel_logout.py, test_frontchannel_logout.py.
FOR_PROVIDERS = {"myprofile_sso.backchannel_logout", "myprofile_sso.frontchannel_logout"}
ROUTES = [route for route in _routes() if route[0] not in FOR_PROVIDERS]
URLS = sorted({url for _, url, _ in ROUTES})
#: Without the answer of a provider that it waits for, there is nothing to read: see test_step_up.py.
ANSWERS = {"/profile/sso/confirmed"}
#: Actions that are off unless an app asks for them, whatever method asks: see test_email_change.py in tests/notices,
#: and test_avatar.py in tests/tabs.
OFF = {
    "/profile/admin/sessions/cancel-email-change",
    *(f"/profile/personal-information/{action}" for action in ("change-email", "resend-email", "cancel-email-change")),
    *(f"/profile/personal-information/{action}" for action in ("avatar", "remove-avatar")),
}
READABLE = sorted(url for _, url, methods in ROUTES if "GET" in methods and url not in ANSWERS | OFF)
#: Read by programs or kept on a disk: nothing of a page is in them, and they are in no reader's language.
FILES = {"/profile/admin/features/export", "/profile/openapi.json"}
PAGES = [url for url in READABLE if url not in FILES]
#: URLs that do something when they are posted to: actions, and tabs that can be saved.
_READ_ONLY = {
    f"/profile/{tab.name.replace('_', '-')}{query}"
    for tab in (*BUILT_IN, Notes, DownloadMyData)
    if "save" not in tab.actions
    for query in ("", _SEVERAL)
}
#: Not changed by these walks.
ASKED_FOR = OFF | {
    # takes a document, or needs a change that was made: see test_feature_transfer.py, test_feature_history.py
    *("/profile/admin/features/import", "/profile/admin/features/history/undo"),
    # need a set: see test_feature_sets.py
    *(f"/profile/admin/features/sets/{action}" for action in ("put-back", "rename", "replace", "delete")),
    # ends what has to have begun: see test_feature_preview_mode.py
    "/profile/admin/features/preview/end",
}
CHANGING = sorted(url for _, url, methods in ROUTES if methods & set(UNSAFE) and url not in _READ_ONLY | ASKED_FOR)

#: Of these, those that answer with what there is to see or to keep, and not with a redirect.
SHOW = {
    *(f"/profile/api-token/{action}{query}" for action in ("regenerate", "reveal") for query in ("", _SEVERAL)),
    *("/profile/api-token/create", "/profile/delete-my-account", "/profile/download-my-data/download"),
}

#: What a right form of each URL has, so that nothing but the thing under test can be what is wrong with it.
RIGHT: dict[str, dict[str, str]] = {
    "/profile/personal-information": {"first_name": "Changed", "last_name": "Changed", "phone": "1"},
    "/profile/preferences": {"language": "de"},
    "/profile/password": {
        "current_password": PASSWORD,
        "new_password": "a quiet walk in the rain",
        "confirm_password": "a quiet walk in the rain",
    },
    "/profile/admin/features": {"preferences": "off"},
    "/profile/admin/features/audience": {"feature": "preferences", "share": "10"},
    "/profile/admin/features/sets": {"name": "Before the launch"},
    "/profile/admin/features/preview": {"user": "alice"},
    "/profile/notes": {"text": "changed"},
    "/profile/delete-my-account": {"name": "Admin Test"},
    "/profile/api-token/create": {"name": "Build"},
    "/profile/api-token/change": {"name": "Changed"},
}


#: Where the form of a URL is, if that needs more than the URL.
FORM_AT = {
    "/profile/admin/features/audience": "/profile/admin/features/audience?feature=preferences",
    "/profile/admin/features/preview": "/profile/admin/features/preview?user=alice",
    "/profile/api-token/create": "/profile/api-token",
}

#: What a right form has besides the ``id`` of a session that is not this one.
OF_A_SESSION: dict[str, dict[str, str]] = {
    "/profile/sessions/sign-out": {},
    "/profile/sessions/rename": {"name": "changed"},
    "/profile/admin/sessions/sign-out": {"user": "admin"},
}
#: What somebody is asked on the way to something else.
OF_ONESELF = {"/profile/confirm": {"current_password": PASSWORD}}
OF_A_USER = {
    f"/profile/admin/sessions/{action}": {"user": "admin"}
    for action in ("sign-out-all", "revoke-token", "end-everything")
} | {"/profile/admin/sessions/forget": {"user": "admin", "name": "Admin Test"}}
TAKES_FIELDS = [*RIGHT, *OF_A_SESSION, *OF_A_USER, *OF_ONESELF]


def right_for(url: str, browser: Browser) -> dict[str, str]:
    """What a form of this page has when it is filled in right."""
    if url.removesuffix(_SEVERAL) == "/profile/api-token/regenerate":
        return {"version": browser.json("/profile/api-token").json["version"]}
    if url in OF_A_SESSION:
        return {**OF_A_SESSION[url], "id": next(row["id"] for row in browser.sessions() if not row["current"])}
    return OF_A_USER.get(url) or OF_ONESELF.get(url) or RIGHT.get(url, {})


def everything(host: Host) -> dict[str, list[Any]]:
    """All rows of all tables: two of these are equal only if nothing was changed."""
    with host.app.app_context():
        engine = host.db.engine
        names = inspect(engine).get_table_names()
    quote = engine.dialect.identifier_preparer.quote
    return {name: sorted(map(str, host.sql(f"SELECT * FROM {quote(name)}"))) for name in names}


def with_token(browser: Browser, kind: str, other: Browser) -> str | None:
    """A CSRF token that must not count."""
    return {"none": None, "junk": "Ijk4Yzg.junk.x", "of another session": other.csrf()}[kind]


def send(browser: Browser, url: str, sent: dict[str, str], as_json: bool, token: str | None) -> Any:
    if as_json:
        return browser.client.post(url, json=sent, headers={**JSON, **({"X-CSRFToken": token} if token else {})})
    return browser.client.post(url, data={**sent, **({"csrf_token": token} if token else {})})


def busy(host: Host, *, admin: bool = True) -> Browser:
    """A browser of somebody who has something to lose by every action: other sessions and an API token."""
    name = "admin" if admin else "alice"
    here, there = host.browser(), host.browser()
    here.login(name)
    there.login(name)
    host.rows.age(there.session_id(), last_seen_at=31 * 86_400)
    here.post_json("/profile/api-token/regenerate")
    if admin:
        here.post_json("/profile/admin/features", {"preferences.theme": False})
    return here
