"""The app's settings. From the environment: ``EXAMPLE_DATABASE`` (a file or a database URL) and ``EXAMPLE_URL``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext

from . import outbox
from .roles import roles_of

DEFAULTS = {
    # cookies are shared by all ports of a machine, so another app on localhost must not use the same name
    "SESSION_COOKIE_NAME": "acme_session",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_HTTPONLY": True,
    "REMEMBER_COOKIE_SAMESITE": "Lax",
    # a page may be open for as long as one likes: a token is good for as long as the session that it belongs to
    "WTF_CSRF_TIME_LIMIT": None,
    # served over https, add SESSION_COOKIE_SECURE and REMEMBER_COOKIE_SECURE
    "MYPROFILE_APP_NAME": "Acme Analytics",
    "MYPROFILE_BASE_TEMPLATE": "base.html",
    # a part of Preferences that is tried by some before everybody has it
    "MYPROFILE_FEATURES": {"activity": True, "preferences.new_device": {"on": True, "for": {"roles": ["beta"]}}},
    "MYPROFILE_ROLES": roles_of,
    "MYPROFILE_SSO_LOGOUT": True,
    "MYPROFILE_SSO_LOGOUT_RETURN": "/",
    # what users are told of is in the outbox, /outbox
    "MYPROFILE_NOTIFY": outbox.keep,
    "MYPROFILE_EMAIL_CHANGE": "verified",
    "MYPROFILE_AVATAR": "avatar",
    # once the API Token tab is on
    "MYPROFILE_API_TOKENS": 10,
    "MYPROFILE_API_TOKEN_NETWORKS": True,
    "MYPROFILE_API_SCOPES": {
        "profile:read": lazy_gettext("See your name and email address"),
        "figures:read": lazy_gettext("Read figures"),
    },
    # as Babel writes them
    "MYPROFILE_LANGUAGES": (
        *("en", "ar", "de", "es", "fr", "he", "it", "ja", "ko", "nl", "pl", "pt_BR", "ru", "tr", "uk"),
        *("zh_Hans", "zh_Hant"),
    ),
}


def configure(app: Flask, config: Mapping[str, Any]) -> None:
    """Defaults, then the environment, then ``config``."""
    app.config.from_mapping(DEFAULTS)
    app.config["EXAMPLE_URL"] = os.environ.get("EXAMPLE_URL", "")
    app.config["MYPROFILE_EXTERNAL_URL"] = app.config["EXAMPLE_URL"] or "http://127.0.0.1:5000"
    app.config.update(config)
    instance = Path(app.instance_path)
    if "SQLALCHEMY_DATABASE_URI" not in app.config:
        app.config["SQLALCHEMY_DATABASE_URI"] = database_url(instance)
    if not app.config["SECRET_KEY"]:
        app.config["SECRET_KEY"] = secret_key(instance / "secret_key")


def database_url(instance: Path) -> str:
    """Where the data is kept: a SQLite file in the instance folder, unless the environment says otherwise."""
    wanted = os.environ.get("EXAMPLE_DATABASE") or str(instance / "acme.sqlite3")
    if "://" in wanted:
        return wanted
    path = Path(wanted).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def secret_key(path: Path) -> str:
    """The key in ``path``, made at the first start: no key in the code, and nobody is signed out by a restart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # created with its mode, so that there is no moment at which others could read it
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text()
