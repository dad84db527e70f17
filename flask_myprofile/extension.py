"""``MyProfile(app)``: builds the app's one :class:`Profile` and registers everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Flask

from . import cli
from .account.feature_rules import DOCTOR, OPENAPI
from .account.users import Users
from .admin.blueprint import blueprint as admin_blueprint
from .config import Config
from .doctor import log_line
from .errors import SetupError
from .globals import EXTENSION
from .i18n import current_preferences
from .pages import change_password_url, error_page, refusals, signed_out
from .pages.access import guarded
from .pages.blueprint import blueprint as pages_blueprint
from .pages.blueprint import view_of
from .pages.headings import headings
from .pages.symbols import symbol
from .pages.user_menu import user_menu
from .profile_builder import ProfileBuilder
from .sso.routes import blueprint as sso_blueprint
from .tab import Tab
from .tabs import BUILT_IN


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
        _check_arguments(user_model, users, tabs, admin)
        self._db = db
        self._user_model = user_model
        self._users = users
        self._tabs = tuple(tabs)
        self._admin = admin
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set the extension up on an app, as in an app factory.

        :param app: see the class.
        :raises SetupError: see the class.
        """
        if EXTENSION in app.extensions:
            raise SetupError(f"MyProfile is set up on {app.name!r} already: call MyProfile(app) or init_app(app) once")
        config = Config.read(app.config)
        if isinstance(config.session_place, str):
            from .account.places import find_places  # for who has a database of places

            find_places(config.session_place, [], "en")  # opens the file: better found out now than on a page
        tabs = _instances((*BUILT_IN, *self._tabs))
        ProfileBuilder(app, config, self._db, self._users, self._user_model).build(tabs, self._admin)
        prefix = config.url_prefix
        sso = sso_blueprint(prefix, guarded(view_of("confirmed")))
        has_pictures = config.avatar is not None
        pages = pages_blueprint(prefix, tabs.values(), with_links=config.notify is not None, with_pictures=has_pictures)
        for blueprint in (pages, admin_blueprint(prefix), sso):
            error_page.connect(blueprint)
            app.register_blueprint(blueprint)
        change_password_url.register(app)
        signed_out.connect(app)
        refusals.connect(app)
        app.add_template_global(user_menu, "myprofile_user_menu")
        app.add_template_global(symbol, "mp_symbol")
        app.add_template_filter(headings, "mp_headings")
        app.jinja_env.globals["current_preferences"] = current_preferences
        app.cli.add_command(cli.group)
        log_line.connect(app)


def _check_arguments(user_model: Any, users: Any, tabs: Any, admin: Any) -> None:
    """Better found out where it is written than in the depth of a request."""
    for name, value, is_right, takes in (
        ("user_model", user_model, user_model is None or isinstance(user_model, type), "the user class"),
        ("users", users, users is None or isinstance(users, Users), 'an object such as Users(password="pw")'),
        ("tabs", tabs, isinstance(tabs, Iterable) and not isinstance(tabs, str), "Tab classes in a list"),
        (
            "admin",
            admin,
            admin is None or callable(admin),
            "a callable(user); MYPROFILE_ADMIN names an attribute",
        ),
    ):
        if not is_right:
            raise SetupError(f"MyProfile({name}=…) takes {takes}, not {value!r}")


#: Endpoints and URLs of the extension that are no tabs, and fields that are no features.
_TAKEN = (
    "static",
    "admin",
    DOCTOR,
    OPENAPI,
    "sso",
    "sign_out",
    "confirm",
    "index",
    "link",
    "mail_link",
    "sessions_not_me",
    "personal_information_picture",
    "change_password",
    "my_profile",
    "version",
    "csrf_token",
)


def _instances(classes: Sequence[type[Tab]]) -> dict[str, Tab]:
    tabs: dict[str, Tab] = {}
    for tab_class in classes:
        if not (isinstance(tab_class, type) and issubclass(tab_class, Tab)):
            raise SetupError(f"MyProfile(tabs=…) takes Tab classes, not {tab_class!r}")
        if tab_class.name in tabs or tab_class.name in _TAKEN:
            raise SetupError(f"{tab_class.__name__}.name = {tab_class.name!r} is taken: choose another name")
        tabs[tab_class.name] = tab_class()
    return tabs
