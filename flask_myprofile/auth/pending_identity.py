"""An identity that waits for its sign-in: between the answer of a provider and ``login_user()`` may be a page of the
host's that welcomes somebody, asks them to accept its terms, or for a second factor.

It waits in the browser's session, which nobody else has and nobody can write into.
"""

from __future__ import annotations

from typing import Any

from flask import Response, after_this_request, session

from ..account.clock import is_recent, now
from ..account.sign_in_data import SsoIdentity
from ..globals import is_login_view
from . import session_cookie

#: What begins like our key goes at every sign-in and sign-out: it is good for the next one alone.
_KEY = session_cookie.KEY + "_identity"
#: Seconds.
LIFETIME = 15 * 60
#: Characters of an encrypted ID token. Most sessions are cookies of 4 kB; without it, sign-out is still known at the
#: provider, which may ask first.
_LONGEST_ID_TOKEN = 2_000


def keep_for_later(identity: SsoIdentity) -> None:
    """For the sign-in that follows in a later request, if none has come when this one is answered."""

    @after_this_request
    def keep(response: Response) -> Response:
        if "_user_id" not in session:  # else it was this one's, or of somebody who connects another account
            if len(identity.id_token or "") > _LONGEST_ID_TOKEN:
                session[_KEY] = [now(), *identity._replace(id_token=None)]
            else:
                session[_KEY] = [now(), *identity]
        return response


def pending_identity() -> SsoIdentity | None:
    """Whom a provider has just named, if that is who signs in now: not in the view of a local sign-in."""
    # a host may have emptied the session since it came
    kept: Any = session.get(_KEY) or session_cookie.as_it_came().get(_KEY)
    if not kept or not is_recent(kept[0], LIFETIME) or is_login_view():
        return None
    return SsoIdentity._make(kept[1:])
