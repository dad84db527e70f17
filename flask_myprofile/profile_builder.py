"""Builds what belongs to one app. What the host may set up later is asked for when it is needed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from click import get_current_context
from flask import Flask, appcontext_pushed, has_request_context, request

from . import pages
from .account.activity import Activity
from .account.admin_check import AdminCheck
from .account.avatars import Avatars
from .account.email_changes import EmailChanges
from .account.erasure import Erasure
from .account.events import PROVIDER
from .account.feature_people import FeaturePeople
from .account.identities import Identities
from .account.one_time_links import OneTimeLinks
from .account.password_throttle import PasswordThrottle
from .account.passwords import Passwords
from .account.pending_forms import PendingForms
from .account.preferences import Preferences
from .account.session_registry import SessionRegistry
from .account.sessions import Sessions
from .account.single_logout import SingleLogout
from .account.token_copies import TokenCopies
from .account.tokens import Tokens
from .account.tokens_of_sessions import revoke_with_sessions
from .account.users import Users
from .adapters import adapter_of, let_sign_in
from .auth import bearer
from .auth.feature_preview import previewed_user, whose_features
from .auth.guard import Guard
from .auth.owner_check import OwnerCheck
from .auth.password_libraries import methods_of
from .auth.password_watch import PasswordWatch
from .auth.remember_me import login_id_of
from .auth.request_state import current_method, current_origin, current_record, is_superseded, keep_session
from .auth.sign_in import SignIn
from .auth.user_loader import host_loader
from .auth.user_watch import UserWatch
from .config import Config
from .errors import SetupError
from .features import Features
from .globals import EXTENSION, OWN_BLUEPRINTS, Profile, current_profile, secret_keys
from .i18n import flask_babel_of, select_for
from .lazy import Lazy
from .notices.nobody import notices_of
from .pages.access import unrouted
from .pages.sign_out import host_rule
from .setting_checks import check_models
from .signals import announce, announce_event, session_ended, token_changed
from .sso import step_up
from .sso.end_session import end_session_url
from .store.session_store import SessionStore, session_store_at
from .store.sqlalchemy import SqlStore
from .store.tables import declare
from .tab import Tab


class ProfileBuilder:
    """Builds one app's Profile. What the host may set up later (db, models, login) is asked for only when needed."""

    def __init__(self, app: Flask, config: Config, db: Any, users: Users | None, user_model: type[Any] | None) -> None:
        self._app = app
        self._config = config
        self._db = db
        self._user_model = user_model
        self._users = copy.copy(users) if users is not None else Users()

    def build(self, tabs: dict[str, Tab], admin: Callable[[Any], bool] | None) -> None:
        app, config, users, store = self._app, self._config, self._users, Lazy(self._make_store)
        features, pending_forms = self._features(store, tabs), PendingForms(store, secret_keys)
        session_store, identities = session_store_at(config.session_store, store, config), Identities(store)
        activity = Activity(store, users, config, origin=current_origin, tell=announce_event)
        registry = self._registry(store, session_store, pending_forms, activity)
        single_logout = self._single_logout(store, identities, registry)
        self._passwords = PasswordWatch(users, registry.follow_user)
        erasure, throttle = self._erasure(store, session_store, activity), PasswordThrottle(store, users, activity)
        sign_in = SignIn(registry, users, identities, single_logout, self._passwords)
        sessions = self._sessions(store, session_store, registry, sign_in)
        profile = app.extensions[EXTENSION] = Profile(
            config=config,
            users=users,
            features=features,
            sessions=sessions,
            activity=activity,
            passwords=Passwords(users, sessions, identities, throttle, activity, store, config),
            tokens=self._tokens(store, features, activity),
            preferences=Preferences(store, users),
            pending_forms=pending_forms,
            identities=identities,
            single_logout=single_logout,
            erasure=erasure,
            links=OneTimeLinks(store),
            email_changes=EmailChanges(store, users, activity),
            avatars=Avatars(users, config, activity),
            tabs=tabs,
            is_admin=self._admin_check(admin),
            db=Lazy(self._database),
            stores=(store,) if config.session_store == "sqlalchemy" else (store, session_store),
            own_transaction=lambda: store.own_transaction(),  # noqa: PLW0108
            notices=notices_of(app, config.notify),
            end_session_url=end_session_url,
            export=lambda user: pages.personal_data.export(user),  # noqa: PLW0108 (loaded when it is asked for)
            acting_token=bearer.acting_token,
            create_tables=lambda **how: store.create_tables(**how),  # noqa: PLW0108 (the store is made later)
        )
        self._listen(registry, profile.tokens, sign_in, erasure)
        self._attach_when_ready()

    def _features(self, store: Any, tabs: dict[str, Tab]) -> Features:
        def is_sso(user: Any) -> bool:
            return bool(self._app.extensions[EXTENSION].passwords.is_sso(user))

        people = FeaturePeople(self._users.key, self._config.roles, is_sso, previewed_user, whose_features)
        features = Features(self._config, store, people)
        features.declare_tabs(tabs.values())
        features.check_names()
        return features

    def _registry(
        self, store: Any, session_store: SessionStore, pending_forms: PendingForms, activity: Activity
    ) -> SessionRegistry:
        return SessionRegistry(
            session_store,
            store,
            pending_forms,
            self._users,
            self._config,
            activity,
            lambda: store.own_transaction(),  # noqa: PLW0108 (the store is made later)
            _announce_end,
        )

    def _sessions(
        self, store: Any, session_store: SessionStore, registry: SessionRegistry, sign_in: SignIn
    ) -> Sessions:
        return Sessions(
            registry,
            session_store,
            store,
            self._users,
            self._config,
            login_id_of=login_id_of,
            current=current_record,
            current_method=current_method,
            is_superseded=is_superseded,
            renew=sign_in.renew,
            keep=keep_session,
        )

    def _tokens(self, store: Any, features: Features, activity: Activity) -> Tokens:
        return Tokens(
            store,
            self._users,
            self._config,
            activity,
            copies=TokenCopies(store, secret_keys, features),
            features=features,
        )

    def _single_logout(self, store: Any, identities: Identities, sessions: SessionRegistry) -> SingleLogout:
        return SingleLogout(store, identities, sessions, _revoke, self._config.sso_backchannel_also)

    def _erasure(self, store: Any, session_store: SessionStore, activity: Activity) -> Erasure:
        return Erasure(
            store,
            None if session_store is store else session_store,
            self._users,
            activity,
            lambda: store.own_transaction(),  # noqa: PLW0108 (the store is made later)
            _announce_end,
            _announce_revoked,
        )

    def _listen(self, sessions: SessionRegistry, tokens: Tokens, sign_in: SignIn, erasure: Erasure) -> None:
        app, config, users = self._app, self._config, self._users
        self._watch = UserWatch(users, erasure)
        token_sign_in = bearer.BearerSignIn(config, tokens)
        guard = Guard(
            config,
            sessions,
            users,
            OwnerCheck(sessions, users, erasure.forget_if_gone),
            sign_in,
            token_sign_in,
            first_request=self._before_first_request,
            before_request=step_up.watch_and_take_over if config.sso_authlib else step_up.take_over,
            unrouted=unrouted,
        )
        bearer.register(app, token_sign_in)
        sign_in.connect(app)
        guard.connect(app)
        app.extensions[EXTENSION + "_receivers"] = (self, guard, sign_in)  # signals hold their receivers weakly

    # ---- what the host may set up later

    def _attach_when_ready(self) -> None:
        """Put the tables into the host's metadata now if there is one, else as soon as an app context finds one."""
        self._users.ask_library(lambda user: methods_of(self._app, self._users, user))
        self._users.attach(
            Lazy(self._database), self._user_model, self._load_by_login_id, lambda: adapter_of(self._app)
        )
        if self._has_database():
            self._tables()
        appcontext_pushed.connect(self._on_context, self._app)

    def _on_context(self, app: Flask, **extra: Any) -> None:
        if not self._has_database():
            return
        try:
            self._tables()
        except SetupError:
            if get_current_context(silent=True) is None:  # Flask cannot answer a request that fails here
                return  # the first one is told
            raise  # a command is: it makes tables, or a migration
        let_sign_in(app)
        if self._watch.connect():  # the models may be there later than the database
            appcontext_pushed.disconnect(self._on_context)

    def _before_first_request(self) -> None:
        """What the host may have set up later than this extension, and has by its first request."""
        app: Any = self._app
        if not hasattr(app, "login_manager"):
            raise SetupError(f"Flask-MyProfile needs Flask-Login: call LoginManager(app) for {app.name!r}")
        let_sign_in(app)
        host_rule(app)
        select_for(app)
        app.extensions[EXTENSION].notices.check()
        if self._has_database():
            self._tables()
            check_models(self._users, app.extensions[EXTENSION].tabs.values())
            self._passwords.connect(self._database().session)
            self._watch.connect()
            appcontext_pushed.disconnect(self._on_context)
        csrf = app.extensions.get("csrf")
        for name in OWN_BLUEPRINTS if csrf is not None else ():
            csrf.exempt(app.blueprints[name])  # they check for themselves, in HTML and in JSON, with or without it

    def _load_by_login_id(self, login_id: str) -> Any:
        """By the host's user_loader, whenever it was given."""
        load = host_loader(self._app.login_manager)  # type: ignore[attr-defined]
        return load(login_id) if load else None

    def _has_database(self) -> bool:
        return self._db is not None or "sqlalchemy" in self._app.extensions

    def _database(self) -> Any:
        db = self._db or self._app.extensions.get("sqlalchemy")
        if db is None:
            raise SetupError(f"Flask-MyProfile needs Flask-SQLAlchemy: call SQLAlchemy(app) for {self._app.name!r}")
        if not hasattr(db, "metadatas"):
            raise SetupError(f"Flask-MyProfile needs Flask-SQLAlchemy, and cannot work with {type(db).__module__}")
        return db

    def _tables(self) -> Any:
        bind, metadatas = self._config.bind_key, self._database().metadatas
        if bind not in metadatas:
            raise SetupError(f"MYPROFILE_BIND_KEY = {bind!r} is not one of SQLALCHEMY_BINDS")
        return declare(metadatas[bind], self._config.table_prefix, self._config.table_schema)

    def _make_store(self) -> SqlStore:
        return SqlStore(
            self._database(),
            self._tables(),
            bind_key=self._config.bind_key,
            in_own_view=_in_own_view,
            user_class=self._users.class_of_key,
            only_class=self._users.only_class,
            password_columns=self._users.password_columns,
            with_preferences=lambda: flask_babel_of(self._app) is not None,
            survive_errors=self._config.store_down == "allow",
        )

    def _admin_check(self, given: Callable[[Any], bool] | None) -> AdminCheck:
        if given is not None or "MYPROFILE_ADMIN" in self._app.config:
            return AdminCheck(given or self._config.admin, self._app.logger)
        return AdminCheck(self._config.admin, self._app.logger, lambda: adapter_of(self._app).is_admin)


def _announce_end(user_key: str, session_ids: Sequence[str], reason: str, by: str | None) -> None:
    announce(session_ended, user_key=user_key, session_ids=list(session_ids), reason=reason, by=by)


def _revoke(user_key: str) -> None:
    """Somebody has signed out at the provider."""
    revoke = current_profile.tokens.revoke_all
    revoke_with_sessions(lambda: revoke(user_key, actor=PROVIDER), current_profile.own_transaction)


def _announce_revoked(user_key: str) -> None:
    announce(token_changed, user_key=user_key, action="revoked")


def _in_own_view() -> bool:
    return has_request_context() and request.blueprint in OWN_BLUEPRINTS
