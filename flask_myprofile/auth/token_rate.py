"""How many requests an API token may make: counted by the library ``limits``, in memory or where all workers see it."""

from __future__ import annotations

import math
import time
from typing import Any

from flask import abort, current_app

from ..account.credentials import digest_of
from ..config import Config
from ..errors import SetupError, in_log
from ..responses import problem, store_is_down
from ..store.token_records import CheckedToken


class TokenRate:
    """:raises SetupError: the library is missing, or takes neither the rate nor the storage."""

    def __init__(self, config: Config) -> None:
        try:
            import limits
        except ImportError:
            raise SetupError('MYPROFILE_API_TOKEN_RATE needs limits: pip install "Flask-MyProfile[limits]"') from None
        try:
            self._rate: Any = limits.parse(str(config.api_token_rate))
        except ValueError:
            rate = config.api_token_rate
            raise SetupError(f'MYPROFILE_API_TOKEN_RATE must be such as "1000/hour", not {rate!r}') from None
        try:
            storage: Any = limits.storage.storage_from_string(config.api_token_rate_storage)
        except Exception as error:
            name = type(error).__name__
            raise SetupError(f"MYPROFILE_API_TOKEN_RATE_STORAGE is nothing that limits can use: {name}") from error
        self._limiter = limits.strategies.FixedWindowRateLimiter(storage)
        self._lets_pass = config.store_down == "allow"

    def count(self, record: CheckedToken) -> None:
        """One more request by this token; 429 where that is one too many."""
        place = _place_of(record)
        try:
            if self._limiter.hit(self._rate, "myprofile", place):
                return
            ends = self._limiter.get_window_stats(self._rate, "myprofile", place).reset_time
        except Exception as error:  # whatever the driver of the storage raises
            if self._lets_pass:
                current_app.logger.error("MyProfile cannot count the requests of API tokens: %s", in_log(error))
                return
            abort(store_is_down(error))
        wait = {"Retry-After": str(max(math.ceil(ends - time.time()), 1))}
        abort(problem(429, "throttled", "This API token has made too many requests", headers=wait))


def _place_of(record: CheckedToken) -> str:
    """The user's place that the token is in, as is the one that it has replaced, and whichever comes after it: else
    whoever regenerates a token, or revokes it and makes another one, begins anew. A key that any storage takes."""
    return digest_of(f"{record.user_key}\0{abs(record.slot)}")[:32]
