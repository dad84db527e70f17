"""``MyProfile(app)``: checks the host, builds the app's one :class:`Profile` and registers everything."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, cast

from flask import Flask, appcontext_pushed, has_request_context, request

from . import admin as admin_pages
from . import bearer, cli, page, pages, preferences, sso_pages, well_known
from .account.guesses import Guesses
from .account.identities import Identities
from .account.interrupted import InterruptedRequests
from .account.passwords import Passwords
from .account.places import find_places
from .account.preferences import Preferences
from .account.sessions import Sessions
from .account.single_logout import SingleLogout
from .account.tokens import Tokens
from .account.users import Users
from .config import Config
from .end_session import end_session_url
from .errors import SetupError
from .features import Features
from .globals import EXTENSION, OWN_BLUEPRINTS, Profile, secret_keys
from .guard import Guard
from .sign_in import SignIn
from .signals import announce, session_ended, token_changed
from .store import SessionStore
from .store.sqlalchemy import SqlStore
from .store.tables import declare
from .tab import Tab
from .tabs import BUILT_IN
from .visit import current_record


class MyProfile:
    """Gives the users of a Flask app a My Profile page.

    :param app: an app with Flask-SQLAlchemy and Flask-Login, which may also be set up later than this.
    :param db: its ``SQLAlchemy()`` object (default: the one the app was set up with).
    :param user_model: the user class (default: the mapped class with Flask-Login's methods).
    :param users: how the host's users are read and written, see :class:`Users`.
    :param tabs: classes of further tabs, shown after the built-in ones.
    :param admin: callable(user) -> whether they may open Feature Management; goes before ``MYPROFILE_ADMIN``.
    :raises SetupError: the app or its ``MYPROFILE_*`` settings are not as they must be.

    Keeps nothing of an app on itself: one object may serve several apps.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        db: Any = None,
        user_model: type[Any] | None = None,
        users: Users | None = None,
        tabs: Sequence[type[Tab]] = (),
        admin: Callable[[Any], bool] | None = None,
    ) -> None:
        self._db = db
        self._user_model = user_model
        self._users = users
        self._tabs = tuple(tabs)
        self._admin = admin
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set the extension up on ``app``; see the class."""
        if EXTENSION in app.extensions:
            raise SetupError(f"MyProfile is set up on {app.name!r} already: call MyProfile(app) or init_app(app) once")
        config = Config.read(app.config)
        if isinstance(config.session_place, str):
            find_places(config.session_place, [], "en")  # opens the file: better found out now than on a page
        tabs = _instances((*BUILT_IN, *self._tabs))
        _Setup(app, config, self._db, self._users, self._user_model).build(tabs, self._admin)
        app.register_blueprint(pages.blueprint(config.url_prefix, tabs.values()))
        app.register_blueprint(admin_pages.blueprint(config.url_prefix))
        app.register_blueprint(sso_pages.blueprint(config.url_prefix))
        well_known.register(app)
        app.add_template_global(page.user_menu, "myprofile_user_menu")
        app.add_template_filter(page.headings, "mp_headings")
        app.jinja_env.globals["current_preferences"] = preferences.current_preferences
        app.cli.add_command(cli.group)


class _Setup:
    """Builds one app's Profile. What the host may set up later (db, models, login) is asked for only when needed."""

    def __init__(self, app: Flask, config: Config, db: Any, users: Users | None, user_model: type[Any] | None) -> None:
        self._app = app
        self._config = config
        self._db = db
        self._user_model = user_model
        self._users = copy.copy(users) if users is not None else Users()

    def build(self, tabs: dict[str, Tab], admin: Callable[[Any], bool] | None) -> None:
        app, config, users = self._app, self._config, self._users
        store = _Later(self._make_store)
        features = Features(config, store)
        _declare_features(features, tabs)
        sessions = Sessions(
            self._session_store(store),
            store,
            users,
            config,
            current=current_record,
            renew=lambda user, record: sign_in.renew(user, record),  # noqa: PLW0108 (made below)
            ended=_announce_end,
        )
        identities = Identities(store)
        sign_in = SignIn(config, sessions, users, identities)
        tokens = self._tokens(store, features)
        app.extensions[EXTENSION] = Profile(
            config=config,
            users=users,
            features=features,
            sessions=sessions,
            passwords=Passwords(users, sessions, identities, Guesses(store, users), config),
            tokens=tokens,
            preferences=Preferences(store, users),
            interrupted=InterruptedRequests(store),
            identities=identities,
            single_logout=self._single_logout(store, identities, sessions),
            tabs=tabs,
            is_admin=self._admin_check(admin),
            db=_Later(self._database),
            apart=lambda: store.apart(),  # noqa: PLW0108
            end_session_url=end_session_url,
            create_tables=lambda: store.create_tables(),  # noqa: PLW0108 (the store is made later)
        )
        self._listen(sessions, tokens, sign_in)
        self._attach_when_ready()

    def _tokens(self, store: Any, features: Features) -> Tokens:
        return Tokens(
            store,
            self._users,
            self._config,
            keys=secret_keys,
            may_copy=lambda: features["api_token.copy"],
            is_on=lambda: features["api_token"],
        )

    def _single_logout(self, store: Any, identities: Identities, sessions: Sessions) -> SingleLogout:
        also = self._config.sso_backchannel_also
        return SingleLogout(store, identities, sessions, lambda user_key: _revoke(store, user_key), also)

    def _listen(self, sessions: Sessions, tokens: Tokens, sign_in: SignIn) -> None:
        app, config, users = self._app, self._config, self._users
        token_sign_in = bearer.BearerSignIn(config, tokens)
        guard = Guard(config, sessions, users, sign_in, token_sign_in, self._meet_host)
        bearer.register(app, token_sign_in)
        sign_in.connect(app)
        guard.connect(app)
        app.extensions[EXTENSION + "_receivers"] = (guard, sign_in)  # signals hold their receivers weakly

    # ---- what the host may set up later

    def _attach_when_ready(self) -> None:
        """Put the tables into the host's metadata now if there is one, else as soon as an app context finds one."""
        self._users.attach(_Later(self._database), self._user_model, self._load_by_login_id)
        if self._has_database():
            self._tables()
            return

        def on_context(app: Flask, **extra: Any) -> None:
            if self._has_database():
                self._tables()
                appcontext_pushed.disconnect(on_context, app)

        appcontext_pushed.connect(on_context, self._app, weak=False)

    def _meet_host(self) -> None:
        """What the host may have set up later than this extension, and has by its first request."""
        app: Any = self._app
        if not hasattr(app, "login_manager"):
            raise SetupError(f"Flask-MyProfile needs Flask-Login: call LoginManager(app) for {app.name!r}")
        preferences.select_for(app)
        csrf = app.extensions.get("csrf")
        for name in OWN_BLUEPRINTS if csrf is not None else ():
            csrf.exempt(app.blueprints[name])  # they check for themselves, in HTML and in JSON, with or without it

    def _load_by_login_id(self, login_id: str) -> Any:
        """By the host's user_loader, whenever it was given."""
        load = self._app.login_manager._user_callback  # type: ignore[attr-defined]
        return load(login_id) if load else None

    def _has_database(self) -> bool:
        return self._db is not None or "sqlalchemy" in self._app.extensions

    def _database(self) -> Any:
        db = self._db or self._app.extensions.get("sqlalchemy")
        if db is None:
            raise SetupError(f"Flask-MyProfile needs Flask-SQLAlchemy: call SQLAlchemy(app) for {self._app.name!r}")
        return db

    def _tables(self) -> Any:
        bind = self._config.bind_key
        metadatas = self._database().metadatas
        if bind not in metadatas:
            raise SetupError(f"MYPROFILE_BIND_KEY = {bind!r} is not one of SQLALCHEMY_BINDS")
        return declare(metadatas[bind], self._config.table_prefix, self._config.table_schema)

    def _make_store(self) -> SqlStore:
        return SqlStore(
            self._database(),
            self._tables(),
            bind_key=self._config.bind_key,
            in_own_view=_in_own_view,
            user_model=lambda: self._users.model,
            with_preferences=lambda: "babel" in self._app.extensions,
            survive_errors=self._config.store_down == "allow",
        )

    def _session_store(self, store: Any) -> SessionStore:
        config, url = self._config, self._config.session_store
        if url == "sqlalchemy":
            return cast(SessionStore, store)
        try:
            from .store.redis import RedisSessions  # an optional dependency
        except ImportError as error:
            raise SetupError('MYPROFILE_SESSION_STORE needs redis-py: pip install "Flask-MyProfile[redis]"') from error
        return RedisSessions.at(
            url,
            prefix=config.table_prefix,
            find_user=lambda login_id, user_key: store.find_user(login_id, user_key),  # noqa: PLW0108 (made later)
            lifetime=config.session_lifetime,
            idle=config.session_idle,
            keep_ended=config.session_keep_ended,
        )

    def _admin_check(self, given: Callable[[Any], bool] | None) -> Callable[[Any], bool]:
        rule, app = given or self._config.admin, self._app

        def is_admin(user: Any) -> bool:
            try:
                return (rule(user) if callable(rule) else getattr(user, rule, False)) is True
            except Exception:  # whoever cannot be told to be an admin is none
                app.logger.exception("MYPROFILE_ADMIN failed; access denied")
                return False

        return is_admin


class _Later:
    """Stands for an object that is made when it is first used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.__dict__["_make"] = make

    def __getattr__(self, name: str) -> Any:
        known = self.__dict__
        if "_made" not in known:
            known["_made"] = known["_make"]()
        return getattr(known["_made"], name)


#: Endpoints and URLs of the extension that are no tabs.
_TAKEN = ("static", "admin", "sso", "sign_out", "confirm", "index", "my_profile")


def _instances(classes: Sequence[type[Tab]]) -> dict[str, Tab]:
    tabs: dict[str, Tab] = {}
    for tab_class in classes:
        if not (isinstance(tab_class, type) and issubclass(tab_class, Tab)):
            raise SetupError(f"MyProfile(tabs=…) takes Tab classes, not {tab_class!r}")
        if tab_class.name in tabs or tab_class.name in _TAKEN:
            raise SetupError(f"{tab_class.__name__}.name = {tab_class.name!r} is taken: choose another name")
        tabs[tab_class.name] = tab_class()
    return tabs


def _declare_features(features: Features, tabs: dict[str, Tab]) -> None:
    for tab in tabs.values():
        parts = {} if tab.open_parts else {f"{tab.name}.{part.name}": part.default for part in tab.all_parts()}
        features.declare({tab.name: tab.on_by_default, **parts}, tab.name if tab.open_parts else None)
    features.check_names()


def _announce_end(user_key: str, session_ids: Sequence[str], reason: str, by: str | None) -> None:
    announce(session_ended, user_key=user_key, session_ids=list(session_ids), reason=reason, by=by)


def _revoke(store: Any, user_key: str) -> None:
    if store.delete_token(user_key):
        announce(token_changed, user_key=user_key, action="revoked")


def _in_own_view() -> bool:
    return has_request_context() and request.blueprint in OWN_BLUEPRINTS
