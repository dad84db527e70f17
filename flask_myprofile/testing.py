"""For the tests of apps that use the extension."""

from __future__ import annotations

from typing import Any

from flask import session
from flask.testing import FlaskClient
from flask_login import login_user

from .globals import current_profile


def sign_in(client: FlaskClient, user: Any, *, fresh: bool = True) -> None:
    """Make ``client`` a browser in which ``user`` is signed in, without the app's own sign-in page.

    Each client is a browser of its own. Do not push an app context around two of them (pytest-flask does: override its
    ``_push_request_context`` with an empty autouse fixture), or Flask up to 3.1 takes them for one.
    """
    with client.application.test_request_context(environ_base=client.environ_base):
        users = current_profile.users
        login_user(users.load(users.key(user)) or user, fresh=fresh, force=True)  # with the password that is stored now
        signed_in = dict(session)
    # the session is stored when that context ends, and the cookie names it
    with client.session_transaction() as kept:
        kept.clear()
        kept.update(signed_in)
