"""What there is to say in the place of a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..account.password_methods import Method


class Adapter:
    """Says nothing. An extension that has something to say overrides it."""

    @property
    def user_model(self) -> type[Any] | None:
        """The user class, where it is mapped apart from ``db.Model``."""
        return None

    @property
    def sign_in(self) -> str | None:
        """The endpoint where people sign in."""
        return None

    @property
    def sign_out(self) -> str | None:
        """The endpoint that signs them out."""
        return None

    @property
    def is_admin(self) -> Callable[[Any], bool] | None:
        """Who may open Feature Management."""
        return None

    def is_sso(self, user: Any) -> bool | None:
        """Whether no user has a password here; None: the session decides."""
        return None

    def password_methods(self, user: Any) -> tuple[Method, Method] | None:
        """Who checks and who writes this user's password."""
        return None

    #: The template that the pages extend.
    layout: str | None = None

    def template_context(self) -> Mapping[str, Any]:
        """What the extension's own layout needs."""
        return {}

    @property
    def languages(self) -> Sequence[str]:
        """Codes of those that people may choose."""
        return ()

    def selects_language(self, selector: Any) -> bool:
        """Whether this ``locale_selector`` of Flask-Babel's is its own, and not the host's."""
        return False
