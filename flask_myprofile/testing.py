"""For the tests of apps that use the extension."""

from __future__ import annotations

from typing import Any

from flask import Flask, session
from flask.testing import FlaskClient
from flask_login import login_user

from .globals import current_profile


def sign_in(client: FlaskClient, user: Any, *, fresh: bool = True) -> None:
    """Make ``client`` a browser in which ``user`` is signed in, without the app's own sign-in page.

    :param client: ``app.test_client()``.
    :param user: a user that the database has.
    :param fresh: False for one whose sign-in is not recent: what matters asks for the password.

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


def wait_for_notices(app: Flask) -> None:
    """Until all that users are to be told of is told: by mail, or by the callable in ``MYPROFILE_NOTIFY``.

    :param app: the app that tells them.
    :raises TimeoutError: that takes longer than 10 seconds.
    """
    with app.app_context():
        if not current_profile.notices.wait(10):
            raise TimeoutError("MYPROFILE_NOTIFY has not told everything after 10 seconds")
