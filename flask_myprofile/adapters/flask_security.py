"""Flask-Security-Too. It makes something else of a password before it is hashed, which its hash does not tell."""

from __future__ import annotations

from typing import Any

from flask_security import UserMixin, verify_password
from flask_security.changeable import change_user_password, send_password_changed_notice

from ..account.password_methods import Method
from ..transactions import after_commit
from .adapter import Adapter


def recognise(app: Any) -> Adapter | None:
    return FlaskSecurity(app)


class FlaskSecurity(Adapter):
    def __init__(self, app: Any) -> None:
        self._app = app

    @property
    def sign_out(self) -> str:
        return f"{self._app.config.get('SECURITY_BLUEPRINT_NAME')}.logout"

    def password_methods(self, user: Any) -> tuple[Method, Method] | None:
        if not isinstance(user, UserMixin):
            return None
        log, normalize = self._app.logger, self._app.extensions["security"].password_util.normalize

        def check(text: str) -> Any:
            return verify_password(normalize(text), user.password or "")

        def write(text: str) -> None:
            change_user_password(user, normalize(text), notify=False, autologin=False)
            after_commit(tell)

        def tell() -> None:
            try:
                send_password_changed_notice(user)
            except Exception:  # it has been changed, whoever hears of it; without a mail extension nobody does
                log.exception("MyProfile: Flask-Security could not mail that a password was changed")

        return Method("Flask-Security's verify_password()", check), Method("its change_user_password()", write)
