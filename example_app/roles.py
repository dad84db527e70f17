"""Which roles people have: an app with a table of roles reads that."""

from __future__ import annotations

from typing import Any

#: Those who try what is new before everybody has it.
BETA_TESTERS = {"maya", "sam"}


def roles_of(user: Any) -> list[str]:
    """``MYPROFILE_ROLES``, see docs/rollout."""
    return ["beta"] if user.username in BETA_TESTERS else []
