"""Whether forms of other sites are refused."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app

from .findings import Finding, fault, note, ok


def csrf() -> Iterator[Finding]:
    config = current_app.config
    if not config.get("WTF_CSRF_ENABLED", True):
        yield fault(
            "WTF_CSRF_ENABLED is off: other sites can send the forms of this app and of My Profile.",
            "Leave it on, but in tests.",
        )
    elif "csrf" not in current_app.extensions:
        yield note(
            "The app has no CSRFProtect. My Profile checks its own forms, each FlaskForm itself; nobody the others.",
            "Call CSRFProtect(app) of Flask-WTF, unless all forms of the app are checked, sign-in included.",
        )
    elif not config.get("WTF_CSRF_CHECK_DEFAULT", True):
        yield note(
            "WTF_CSRF_CHECK_DEFAULT is off: CSRFProtect checks what the app asks it to, and My Profile its own forms.",
            "Call csrf.protect() in all other views that change something.",
        )
    else:
        yield ok("CSRFProtect checks the app's forms, and My Profile its own.")
