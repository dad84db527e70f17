"""The settings of API tokens; :class:`.config.Config` has them as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import setting_checks as checks
from .setting_checks import setting as _setting


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

    api_token_max_lifetime: int | None = _setting(
        None,
        checks.optional(checks.number(60)),
        "Seconds after which any API token ends, whatever was chosen for it and whenever it was made; unset: none has "
        "to. See `flask myprofile tokens audit` before you set or lower it.",
    )

    api_token_networks: bool = _setting(
        False,
        checks.switch,
        "Let users say from which networks a token may be used, where tokens have names. The address is the one that "
        "your ProxyFix lets through.",
    )
    api_token_rate: str | None = _setting(
        None,
        checks.optional(checks.text),
        'Requests that one API token may make, such as `"1000/hour"`, as the library limits writes it; unset: any '
        'number. Needs `pip install "Flask-MyProfile[limits]"`.',
    )
    api_token_rate_storage: str = _setting(
        "memory://",
        checks.text,
        "Where those are counted: a URL of the library limits, such as `redis://…` for several workers. In memory, "
        "each worker counts for itself.",
        secret=True,
    )

    @property
    def names_tokens(self) -> bool:
        """Whether tokens are a list, each with a name: as soon as there is anything to tell them apart by."""
        return self.api_tokens > 1 or bool(self.api_scopes)

    def clashes_of_tokens(self) -> list[str]:
        usual, most = self.api_token_lifetime, self.api_token_max_lifetime
        if usual and most and usual > most:
            return ["MYPROFILE_API_TOKEN_LIFETIME is above MYPROFILE_API_TOKEN_MAX_LIFETIME"]
        return []
