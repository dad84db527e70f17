"""Extensions that have users, a sign-in and a sign-out of their own: what they say goes where the host says nothing.

One file each, imported only where the extension is there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .adapter import Adapter as Adapter

#: What they leave in ``app.extensions`` -> the file here.
_KNOWN = {"appbuilder": "flask_appbuilder", "security": "flask_security"}
_NOTHING = Adapter()


def adapter_of(app: Any) -> Adapter:
    """Of the one that the app has by now. It may be set up after My Profile."""
    for name, file in _KNOWN.items():
        if name in app.extensions:
            try:
                module = import_module(f".{file}", __name__)
            except ImportError:  # another extension of that name
                continue
            found: Adapter | None = module.recognise(app)
            if found is not None:
                return found
    return _NOTHING


def let_sign_in(app: Any) -> None:
    """Tell Flask-Login where people sign in, where Flask-AppBuilder has told it "login", which is no endpoint."""
    manager, endpoint = getattr(app, "login_manager", None), adapter_of(app).sign_in
    if endpoint is not None and manager is not None and manager.login_view not in app.view_functions:
        manager.login_view = endpoint if manager.login_view == "login" else manager.login_view
