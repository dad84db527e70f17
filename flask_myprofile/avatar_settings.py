"""The settings of the profile picture; :class:`.config.Config` has them as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import setting_checks as checks
from .setting_checks import setting as _setting


class AvatarSettings:
    avatar: str | tuple[Callable[[Any], Any], Callable[[Any, bytes | None], Any]] | None = _setting(
        None,
        checks.optional(checks.column_or_pair),
        "Where users' pictures are kept: the name of a `LargeBinary` column, or `(get, set)`: get(user) answers bytes, "
        "a URL or None, and set(user, bytes or None) stores it. Unset: nobody can upload one.",
    )
    avatar_version: str | Callable[[Any], Any] | None = _setting(
        None,
        checks.optional(checks.text_or_callable),
        "What tells a picture from the one before without loading it: an attribute of the user, or a callable(user); "
        "None there: no picture. Unset: the column's name and `_version`; with callables, get(user) is asked.",
    )
    avatar_max_bytes: int = _setting(10_000_000, checks.number(1_000), "Bytes of a picture that is uploaded, at most.")
    avatar_max_pixels: int = _setting(
        25_000_000,
        checks.number(10_000),
        "Pixels of a picture that is uploaded, at most. Each takes up to 16 bytes of memory while it is read; a "
        "process reads one picture at a time.",
    )

    def clashes_of_avatar(self) -> list[str]:
        if self.avatar_version is not None and self.avatar is None:
            return ["MYPROFILE_AVATAR_VERSION needs MYPROFILE_AVATAR, whose version it is"]
        return []
