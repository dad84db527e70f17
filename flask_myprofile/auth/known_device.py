"""The cookie by which a browser is known that somebody has signed in from, and those whom nobody knows are told apart.

One secret for a browser, whoever signs in there; what is stored is a digest of it with the user's key. There is none
unless users are told of new devices.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from flask import Response, after_this_request, current_app, request

from ..account.clock import now
from ..account.credentials import SECRET, new_secret
from ..account.one_time_links import DEVICE_LIFETIME
from ..globals import current_profile
from ..store.notice_records import KnownDevice


def cookie_name() -> str:
    """Apps at one address have session cookies of their own names, and so do these."""
    own = current_app.config["SESSION_COOKIE_NAME"]
    return "myprofile_known" if own == "session" else f"myprofile_known_{own}"


def sign_in_from(user_key: str, session_id: str) -> KnownDevice | None:
    """Whom this browser is, for that user; it gets its secret, or keeps it for another year. None: nobody is told."""
    if not current_profile.config.tells_of_new_devices:
        return None
    held = request.cookies.get(cookie_name(), "")
    secret = held if re.fullmatch(SECRET, held) else new_secret()
    after_this_request(lambda response: _give(response, secret))
    digest = hashlib.sha256(f"known-device\0{secret}\0{user_key}".encode(errors="surrogatepass")).hexdigest()
    return KnownDevice(digest, user_key, session_id, now())


def _give(response: Response, secret: str) -> Response:
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    session = app.session_interface
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=DEVICE_LIFETIME,
        path=session.get_cookie_path(app),
        domain=session.get_cookie_domain(app),
        secure=session.get_cookie_secure(app),
        samesite=session.get_cookie_samesite(app) or "Lax",
        partitioned=session.get_cookie_partitioned(app),
        httponly=True,
    )
    return response
