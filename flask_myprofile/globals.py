"""``current_profile``: what the extension knows of the current app, as ``current_app`` is the app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import flask_login
from flask import current_app, has_app_context, request
from werkzeug.local import LocalProxy
from werkzeug.routing import BuildError

from .account.activity import Activity
from .account.admin_check import AdminCheck
from .account.avatars import Avatars
from .account.email_changes import EmailChanges
from .account.erasure import Erasure
from .account.identities import Identities
from .account.offboarding import Offboarded, Offboarding
from .account.one_time_links import OneTimeLinks
from .account.passwords import Passwords
from .account.pending_forms import PendingForms
from .account.preferences import Preferences
from .account.sessions import Sessions
from .account.single_logout import SingleLogout
from .account.token_scopes import ActingToken
from .account.tokens import Tokens
from .account.users import Users
from .config import Config
from .errors import SetupError
from .features import Features
from .tab import Tab

if TYPE_CHECKING:
    from .store.table_changes import TableChanges

EXTENSION = "myprofile"
#: Where templates and static files are found.
PACKAGE = __name__.rpartition(".")[0]
#: The blueprints whose views are the extension's own, and commit for themselves.
OWN_BLUEPRINTS = ("myprofile", "myprofile_admin", "myprofile_sso")
#: Nothing on their pages needs more in a body, unless a file is sent.
MAX_BODY = 64 * 1024
SIGN_OUT = "myprofile.sign_out"
#: What a ``before_request`` of the host's lets through whoever it stops: the user menu's style and script, Sign out,
#: and the provider that tells of a logout.
ESSENTIAL_ENDPOINTS = frozenset(
    {
        *("myprofile.static", SIGN_OUT),
        *("myprofile_sso.backchannel_logout", "myprofile_sso.frontchannel_logout"),
    }
)


@dataclass(eq=False, repr=False)
class Profile:
    """All that belongs to one app. Reached through ``current_profile``."""

    config: Config
    users: Users
    features: Features
    sessions: Sessions
    activity: Activity
    passwords: Passwords
    tokens: Tokens
    preferences: Preferences
    pending_forms: PendingForms
    identities: Identities
    single_logout: SingleLogout
    erasure: Erasure
    links: OneTimeLinks
    email_changes: EmailChanges
    avatars: Avatars
    tabs: Mapping[str, Tab]
    is_admin: AdminCheck
    db: Any
    #: ``create_tables(dry_run=False)`` makes the tables, or brings those of an older version up to date. It answers
    #: what was ``added`` and what was ``left_alone``; with ``dry_run`` it only says what it would add.
    create_tables: Callable[..., TableChanges]
    #: Where things are kept: the app's database and, if sessions are in another store, that.
    stores: tuple[Any, ...]
    own_transaction: Callable[[], AbstractContextManager[None]]
    #: See :class:`flask_myprofile.notices.notices.Notices`.
    notices: Any
    #: See :mod:`flask_myprofile.sso.end_session`.
    end_session_url: Callable[[], str | None]
    #: See :mod:`flask_myprofile.pages.personal_data`.
    export: Callable[[Any], dict[str, Any]]
    #: See :mod:`flask_myprofile.auth.token_scopes`.
    acting_token: Callable[[], ActingToken | None]

    @property
    def token(self) -> ActingToken | None:
        """The API token that this request is made by: its ``name`` and ``scopes``, and whether it ``has()`` one.

        :returns: None where the user signed in otherwise, and where nobody did.
        """
        return self.acting_token()

    def can_change_password(self, user: Any) -> bool:
        """Whether this user may change a local password: not with Single Sign-On. Ask it in your own reset flow.

        :param user: any user.
        :returns: whether they may.
        """
        return self.passwords.can_change(user)

    def forget(self, user: Any, by: Any = None) -> None:
        """Erase all that is kept of this user, in one transaction: sessions, API token, preferences, identities at
        providers, forms that wait, guesses at the password and activity. For an account that is closed.

        :param user: the user or, of one who is deleted already, the :meth:`Users.key`.
        :param by: the administrator who asks for it.
        :raises StoreDown: nothing was erased.
        """
        self.erasure.forget(user, by)

    def offboard(self, user: Any, by: Any = None) -> Offboarded:
        """End all that lets this user in, in one transaction: sessions, API token, links in mails, a change of the
        e-mail address and forms that wait. Sessions in Redis end first. What is kept of them stays; ``forget()`` erases
        it.

        They may sign in again where you let them: deactivate the account before.

        :param user: any user.
        :param by: the administrator who asks for it.
        :returns: what has ended: ``sessions``, how many there were, and ``had_token``.
        :raises StoreDown: nothing has ended but sessions in Redis; do it again.
        """
        parts = (self.sessions, self.tokens, self.links, self.email_changes, self.activity, self.users)
        is_one = len(self.stores) == 1
        offboarding = Offboarding(*parts, in_one_transaction=is_one, own_transaction=self.own_transaction)
        return offboarding.offboard(user, by)


def profile_of_app() -> Profile:
    """What :data:`current_profile` stands for: for code that runs with each request and asks it for several things."""
    try:
        profile: Profile = current_app._get_current_object().extensions[EXTENSION]  # type: ignore[attr-defined]
    except KeyError:
        raise SetupError(f"This app has no My Profile: call MyProfile(app) for {current_app.name!r}") from None
    return profile


current_profile: Profile = LocalProxy(profile_of_app)  # type: ignore[assignment]


def are_this_apps(users: Users) -> bool:
    """Whether these are the users of the current app: several may share one ``db``, some without the extension."""
    profile = current_app.extensions.get(EXTENSION) if has_app_context() else None
    return profile is not None and profile.users is users


def login_page() -> str | None:
    """The URL of the host's login view for this part of the app, if it has one that has a URL."""
    login_manager: Any = current_app.login_manager  # type: ignore[attr-defined]
    view = login_manager.blueprint_login_views.get(request.blueprint, login_manager.login_view)
    try:
        return str(flask_login.login_url(view)) if view else None
    except BuildError:  # it names an endpoint that there is not, or one that needs more than this address says
        return None


def is_login_view() -> bool:
    """Whether this request is to a view where the host signs people in by itself."""
    manager: Any = current_app.login_manager  # type: ignore[attr-defined]
    views = {manager.login_view, *manager.blueprint_login_views.values()} - {None}
    here = request.script_root + request.path
    return request.endpoint in views or here in {urlsplit(view).path for view in views}


def after_sign_out() -> str:
    """Where a browser goes that has signed out: the host's login view, or its start page where it has none."""
    return login_page() or request.script_root + "/"


def secret_keys() -> list[bytes]:
    """The app's key, and then those that it has replaced (``SECRET_KEY_FALLBACKS``)."""
    keys = [current_app.secret_key, *(current_app.config.get("SECRET_KEY_FALLBACKS") or ())]
    return [key if isinstance(key, bytes) else key.encode() for key in keys if key]
