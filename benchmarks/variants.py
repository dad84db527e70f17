"""What is compared: the rows of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .features import FOR_SOME, FOR_SOME_BY_ALL, SWITCHED

#: Requests that are no GET with the cookie of somebody who is signed in.
SIGN_IN, TOKEN_REQUEST, VISITOR = "sign-in", "token request", "visitor"


@dataclass(frozen=True)
class Variant:
    """One row of the tables.

    :param floor: the same without what the row is about: the extension, or its menu.
    :param extension: whether the app has the extension (default: where there is a floor).
    :param login_id: what ``get_id()`` answers, and how the user_loader finds its user: "key" (``db.session.get``),
        "select" (the key, by a query of its own) or "token" (another column, by a query).
    :param flask_session: the session is kept in Redis by Flask-Session, not in Flask's signed cookie.
    :param time_flies: every look at the clock finds a second gone, so each request is due to write down its activity.
    :param peer: another package is measured, for comparison.
    :param tokens: API tokens with names that each user has, where they may have several.
    :param features: the app has a thousand features more, and what administrators have chosen of each: see
        :mod:`.features`; "" is nothing. None: it has none.
    :param asks: the path that is asked for, or one of :data:`SIGN_IN`, :data:`TOKEN_REQUEST` and :data:`VISITOR`.
    """

    key: str
    title: str
    floor: Variant | None = None
    extension: bool | None = None
    login: bool = True
    two_user_models: bool = False
    login_id: str = "key"
    flask_session: bool = False
    redis_store: bool = False
    babel: bool = False
    time_flies: bool = False
    peer: bool = False
    asks: str = "/"
    tokens: int = 0
    features: str | None = None

    @property
    def has_extension(self) -> bool:
        return self.floor is not None if self.extension is None else self.extension


A1 = Variant("a1", "**A1**: Flask-Login + Flask-SQLAlchemy")
KNOWN = Variant("known", "A1 + extension", A1)
UNKNOWN = Variant("unknown", "A1 + extension, user model not known", A1, two_user_models=True)
REDIS_STORE = Variant("redis-store", "A1 + extension, its sessions in Redis", A1, redis_store=True)
_FLASK_SESSION = Variant("flask-session", "A1 + Flask-Session (Redis)", flask_session=True)
_SELECTS = Variant("selects-alone", "A1, its user_loader selects", login_id="select")
_TOKEN = Variant("token-alone", "A1, `get_id()` is an alternative token", login_id="token")
_BABEL = Variant("babel-alone", "A1 + Flask-Babel", babel=True)

#: An authenticated GET of a small view.
REQUESTS: Sequence[Variant] = (
    Variant("bare", "bare Flask, no login", login=False),
    A1,
    KNOWN,
    _BABEL,
    Variant("babel", "A1 + Flask-Babel + extension", _BABEL, babel=True),
    UNKNOWN,
    _SELECTS,
    Variant("selects", "A1 + extension, user_loader selects", _SELECTS, login_id="select"),
    _TOKEN,
    Variant("token", "A1 + extension, alternative token", _TOKEN, login_id="token"),
    REDIS_STORE,
    Variant("touch", "A1 + extension, activity written on each request", A1, time_flies=True),
    _FLASK_SESSION,
    Variant("flask-session-known", "A1 + Flask-Session (Redis) + extension", _FLASK_SESSION, flask_session=True),
)

_PUBLIC = Variant("public-alone", "A1, a page that asks for nobody", asks=VISITOR)
_SIGNS_IN = Variant("sign-in-alone", "A1, signing in", asks=SIGN_IN)
_BEARER = Variant("bearer-alone", "A1, a token that request_loader looks up", asks=TOKEN_REQUEST)
_NO_MENU = Variant("no-menu", "A1 + extension, a page from a template", extension=True, asks="/page")
SIGNED_IN = Variant("sign-in", "A1 + extension, signing in", _SIGNS_IN, asks=SIGN_IN)
BEARER = Variant("bearer", "A1 + extension, an API token", _BEARER, asks=TOKEN_REQUEST)
#: Of whoever may have several.
NAMED = (
    Variant("bearer-one", "A1 + extension, an API token with a name", _BEARER, asks=TOKEN_REQUEST, tokens=1),
    Variant("bearer-fifty", "… one of 50 of its user", _BEARER, asks=TOKEN_REQUEST, tokens=50),
)
MENU = Variant("menu", "… with the user menu", _NO_MENU, asks="/menu")


def _page(name: str) -> Variant:
    return Variant(name.rpartition("/")[2], f"`/profile/{name}`", extension=True, asks=f"/profile/{name}")


SESSIONS_TAB = _page("sessions")


def _of_a_thousand(path: str, key: str, title: str) -> Sequence[Variant]:
    """Each beside what it costs while administrators have chosen nothing."""
    unset = Variant(f"{key}-unset", title, extension=True, asks=path, features="")
    chosen = (
        ("switched", "… each switched by an administrator", SWITCHED),
        ("for-some", "… each for one of 20 audiences", FOR_SOME),
        ("by-all", "… each for one of 20 audiences that have every condition", FOR_SOME_BY_ALL),
    )
    others = [Variant(f"{key}-{which}", said, unset, asks=path, features=what) for which, said, what in chosen]
    return unset, *others


#: A thousand features.
THOUSAND = (
    *_of_a_thousand("/", "none", "1,000 features, a view that asks for none"),
    *_of_a_thousand("/feature", "one", "1,000 features, a view that asks for one"),
    *_of_a_thousand("/features", "twenty", "1,000 features, a view that asks for twenty"),
    *_of_a_thousand("/menu", "menu-of", "1,000 features, a page with the user menu"),
)

#: What else people do, and the pages of the extension.
OTHERS: Sequence[Variant] = (
    _PUBLIC,
    Variant("public", "A1 + extension, a page that asks for nobody", _PUBLIC, asks=VISITOR),
    _SIGNS_IN,
    SIGNED_IN,
    _BEARER,
    BEARER,
    *NAMED,
    _NO_MENU,
    MENU,
    *(map(_page, ("personal-information", "preferences", "password", "api-token"))),
    SESSIONS_TAB,
    _page("admin/features"),
)
VARIANTS = (*REQUESTS, *OTHERS, *THOUSAND)
#: Those that take turns in one database: of a user's tokens, and of what is chosen of features, each needs its own.
TIMED = tuple(each for each in VARIANTS if not each.tokens and each.features is None)

FLASK_SECURITY = Variant("flask-security", "Flask-Security, by the session", peer=True)
FLASK_SESSION_SQL = Variant("flask-session-sql", "A1 + Flask-Session (SQLAlchemy), without refresh", peer=True)
#: Other packages, where they are installed.
PEERS: Sequence[Variant] = (
    FLASK_SECURITY,
    Variant("flask-security-sign-in", "Flask-Security, signing in", peer=True, asks=SIGN_IN),
    FLASK_SESSION_SQL,
)
