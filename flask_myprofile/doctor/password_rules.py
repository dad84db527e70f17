"""What a new password has to be, and where that is not what NIST SP 800-63B-4 asks for."""

from __future__ import annotations

from collections.abc import Iterator

from ..globals import current_profile
from .findings import Finding, note, ok

#: Characters, for a password that nothing else is asked beside.
_LEAST = 15


def password_rules() -> Iterator[Finding]:
    config = current_profile.config
    breaches = "not looked up among those of breaches" if config.password_breach_check is None else "looked up"
    if config.password_min_length < _LEAST:
        yield note(
            f"New passwords need {config.password_min_length} characters; without a second factor, {_LEAST} are asked.",
            f"MYPROFILE_PASSWORD_MIN_LENGTH = {_LEAST}, unless there is a second factor.",
        )
    if config.password_require:
        yield note(
            f"New passwords must have {', '.join(config.password_require)}, which makes them no harder to guess.",
            "Leave MYPROFILE_PASSWORD_REQUIRE empty, unless a rule of others demands it.",
        )
    yield ok(f"New passwords have at least {config.password_min_length} characters, and are {breaches}.")
