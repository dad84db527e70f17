"""For the tests of apps that use the extension."""

from __future__ import annotations

import time
from typing import Any

from flask.testing import FlaskClient


def sign_in(client: FlaskClient, user: Any, *, fresh: bool = True) -> None:
    """Make ``client`` a browser in which ``user`` is signed in, without the app's own sign-in page.

    The session is registered at the client's next request. Each client is a browser of its own; do not push an app
    context around two of them (pytest-flask does: override its ``_push_request_context`` with an empty autouse
    fixture), or Flask up to 3.1 takes them for one.
    """
    with client.session_transaction() as session:
        for name in ("_myprofile", "_id"):
            session.pop(name, None)
        session["_user_id"] = user.get_id()
        session["_fresh"] = fresh
        session["_signed_in_by_test"] = time.time()
