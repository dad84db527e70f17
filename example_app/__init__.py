"""Acme Analytics: a small app with My Profile in it. Start it with ``flask --app example_app run``.

How the extension comes in is all in :func:`create_app`; the other files are what any app has anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from flask import Flask, current_app, request
from flask_babel import get_locale
from werkzeug.datastructures import LanguageAccept

from flask_myprofile import DeleteMyAccount, DownloadMyData, MyProfile, Users, preferred_language

from . import accounts, auth, closing, errors, headers, idp, outbox, settings, sso, views
from .extensions import babel, csrf, db, login_manager
from .notifications import Notifications

#: Browsers say where one lives, and in these places one reads a language that has another name.
READ_IN = {"zh_CN": "zh_Hans", "zh_SG": "zh_Hans", "zh_HK": "zh_Hant", "zh_TW": "zh_Hant", "pt_PT": "pt_BR"}


def language_of_visitor() -> str | None:
    """What was chosen in My Profile, else the first language of ours that the browser asks for."""
    if (chosen := preferred_language()) is not None:
        return chosen
    ours = [*current_app.config["MYPROFILE_LANGUAGES"], *READ_IN]
    for wish in islice(request.accept_languages, 10):  # of all at once, "en" would come before "de-AT"
        if (asked := LanguageAccept([wish]).best_match(ours)) is not None:
            return READ_IN.get(asked, asked)
    return None


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The app; ``config`` wins over every setting of its own."""
    app = Flask(__name__)
    settings.configure(app, config or {})

    db.init_app(app)
    login_manager.init_app(app)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=language_of_visitor)
    MyProfile(
        app,
        users=Users(delete=closing.delete),
        tabs=[Notifications, DownloadMyData, DeleteMyAccount],
    )

    app.jinja_env.globals["get_locale"] = get_locale  # base.html states the language and its direction
    for part in (views.pages, views.api, auth.bp, sso.bp, idp.bp, outbox.bp):
        app.register_blueprint(part)
    errors.init_app(app)
    headers.init_app(app)
    idp.init_app(app)
    outbox.init_app(app)
    with app.app_context():
        db.create_all()  # the extension's tables are among them
        accounts.seed()
    return app
