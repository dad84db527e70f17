"""Flask-AppBuilder. Its users are mapped apart from ``db.Model``, and its layout needs what its own views give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_appbuilder import AppBuilder
from flask_appbuilder.const import AUTH_DB
from werkzeug.security import check_password_hash, generate_password_hash

from ..account.password_methods import Method
from .adapter import Adapter


def recognise(app: Any) -> Adapter | None:
    found = app.extensions["appbuilder"]
    return FlaskAppBuilder(app, found) if isinstance(found, AppBuilder) else None


class FlaskAppBuilder(Adapter):
    def __init__(self, app: Any, appbuilder: Any) -> None:
        self._app, self._appbuilder = app, appbuilder
        self._manager = appbuilder.sm

    @property
    def user_model(self) -> type[Any]:
        model: type[Any] = self._manager.user_model
        return model

    @property
    def sign_in(self) -> str | None:
        return self._endpoint("login")

    @property
    def sign_out(self) -> str | None:
        return self._endpoint("logout")

    def _endpoint(self, method: str) -> str | None:
        """Of its view for the sign-in by ``AUTH_TYPE``; none with ``FAB_ADD_SECURITY_VIEWS = False``."""
        view = self._manager.auth_view
        return f"{view.endpoint}.{method}" if view is not None else None

    @property
    def is_admin(self) -> Callable[[Any], bool]:
        return lambda user: self._manager.auth_role_admin in [role.name for role in self._manager.get_user_roles(user)]

    def is_sso(self, user: Any) -> bool | None:
        return None if self._manager.auth_type == AUTH_DB else True

    def password_methods(self, user: Any) -> tuple[Method, Method] | None:
        if not isinstance(user, self.user_model):
            return None

        def check(text: str) -> bool:
            return user.password is not None and check_password_hash(user.password, text)

        def write(text: str) -> None:  # as its reset_password(), which commits
            method = self._app.config.get("FAB_PASSWORD_HASH_METHOD", "scrypt")
            salt_length = self._app.config.get("FAB_PASSWORD_HASH_SALT_LENGTH", 16)
            user.password = generate_password_hash(text, method, salt_length)

        return Method("Flask-AppBuilder's sign-in", check), Method("a hash as Flask-AppBuilder's", write)

    layout = "myprofile/adapters/appbuilder.html"

    def template_context(self) -> Mapping[str, Any]:
        return {"appbuilder": self._appbuilder, "base_template": self._appbuilder.base_template}

    @property
    def languages(self) -> Sequence[str]:
        named = self._appbuilder.bm.languages
        return tuple(named) if len(named) > 1 else ()

    def selects_language(self, selector: Any) -> bool:
        return bool(selector == self._appbuilder.bm.get_locale)
