"""What the token of a request may do."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class ActingToken(NamedTuple):
    """The API token that a request is made by: ``current_profile.token``.

    :param id: what it is called in JSON and by ``regenerate()`` and ``revoke()``.
    :param name: what its user calls it.
    :param scopes: what it is limited to, as far as ``MYPROFILE_API_SCOPES`` still has it; None: it may do everything
        that its user may.
    """

    id: str
    name: str
    scopes: frozenset[str] | None

    def has(self, *scopes: str) -> bool:
        """Whether it may do that.

        :param scopes: names of ``MYPROFILE_API_SCOPES``.
        :returns: True where it has all of them, or is not limited.
        """
        return self.scopes is None or self.scopes.issuperset(scopes)


def as_text(scopes: Collection[str] | None) -> str | None:
    """As it is kept: each once, in one order."""
    return None if scopes is None else " ".join(sorted(set(scopes)))


def granted(kept: str | None, configured: Collection[str]) -> frozenset[str] | None:
    """The scopes of a token: one that the app has no more lets nobody do anything, and does not set its token free."""
    return None if kept is None else frozenset(kept.split()) & frozenset(configured)
