"""Where nobody tells users what has happened, which is what an app without ``MYPROFILE_NOTIFY`` has chosen."""

from __future__ import annotations

from typing import Any

from flask import Flask


class Nobody:
    """Takes the place of :class:`.notices.Notices`, which is loaded by whoever tells users."""

    def check(self) -> None:
        """There is nothing to check."""

    def tell(self, kind: str, user_key: str, **more: Any) -> None:
        """To nobody."""

    def wait(self, seconds: float = 0) -> bool:
        """Everything is told."""
        return True


def notices_of(app: Flask, notify: Any) -> Any:
    """The notices of an app; ``notify``: who tells its users, or None."""
    if notify is None:
        return Nobody()
    from .notices import Notices  # slow: with what it says

    return Notices(app, notify)
