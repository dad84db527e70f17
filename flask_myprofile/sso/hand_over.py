"""From the address that a provider's page posts to, to one of the app's where the browser is known.

A SAML provider answers by a form that its page sends to the app. That request comes from another site, so browsers send
none of the app's cookies with it (SameSite=Lax, which is the default of most): whoever signs in there gets a session
beside the one that the browser has, in the place of its cookie. A redirect later, the cookies are there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, after_this_request, current_app, redirect, request

from ..account.encryption import Undecryptable, cipher
from ..errors import SetupError
from ..globals import secret_keys

#: Seconds in which a browser follows a redirect.
GOOD_FOR = 120
_COOKIE = "myprofile_handed_over"
#: What it is encrypted for, so that a key of something else opens none.
_PURPOSE = "hand-over"
#: Browsers drop a cookie of more than 4 kB.
_LONGEST = 3_800


def hand_over(location: str, facts: Mapping[str, Any]) -> Response:
    """Go on to a view of the app's, which gets the facts by :func:`handed_over`. For the view that a provider's page
    posts to, such as a SAML assertion consumer service, once it has checked the answer: it must leave ``session``
    alone and sign nobody in.

    :param location: the view's address, in this app.
    :param facts: what JSON can hold. They are in a cookie of this browser, encrypted, for two minutes.
    :returns: the redirect, for the view to return.
    :raises SetupError: they are more than a cookie holds.
    """
    sealed = cipher(secret_keys(), _PURPOSE).encrypt(json.dumps(dict(facts)).encode()).decode()
    if len(sealed) > _LONGEST:
        raise SetupError("hand_over() takes what fits into a cookie, which is about 2,500 characters: hand over less")
    answer = redirect(location, 303)
    answer.set_cookie(_COOKIE, sealed, max_age=GOOD_FOR, **_attributes())
    answer.headers["Cache-Control"] = "no-store"
    return answer  # type: ignore[return-value]


def handed_over() -> dict[str, Any] | None:
    """What :func:`hand_over` has sent this browser here with. Once: the cookie goes with the answer.

    :returns: the facts; None: it came by itself, or too late.
    """
    sealed = request.cookies.get(_COOKIE)
    if sealed is None:
        return None

    @after_this_request
    def forget(response: Response) -> Response:
        response.delete_cookie(_COOKIE, **_attributes())
        return response

    try:
        facts = json.loads(cipher(secret_keys(), _PURPOSE).decrypt(sealed.encode(), ttl=GOOD_FOR))
    except Undecryptable:
        return None
    return dict(facts)


def _attributes() -> dict[str, Any]:
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"]) or request.is_secure
    return {"path": "/", "secure": secure, "httponly": True, "samesite": "Lax"}
