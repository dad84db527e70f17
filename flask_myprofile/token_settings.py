"""The settings of API tokens; :class:`.config.Config` has them as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import setting_checks as checks
from .setting_checks import setting as _setting


@dataclass(frozen=True)
class TokenSettings:
    api_token_prefix: str = _setting("mpt_", checks.token_prefix, "What every API token begins with.")
    api_token_lifetime: int | None = _setting(
        None, checks.optional(checks.number(60)), "Seconds an API token is valid; unset: until it is replaced."
    )
    api_tokens: int = _setting(
        1,
        checks.number(1, 100),
        "API tokens a user may have. From 2 on each has a name, and the tab is a list; those there are go on working.",
    )
    api_scopes: Mapping[str, Any] = _setting(
        {},
        checks.scopes,
        'What a token may be limited to, such as `{"reports:read": "Read reports"}`: the words for each, or a '
        "callable() that gives them. With scopes, tokens have names also where a user may have one only.",
    )

    @property
    def names_tokens(self) -> bool:
        """Whether tokens are a list, each with a name: as soon as there is anything to tell them apart by."""
        return self.api_tokens > 1 or bool(self.api_scopes)
