"""Sessions from before the extension was installed: whether a signed-in browser without one of ours may get one."""

from __future__ import annotations

from ..store.protocols import HistoryStore
from ..store.records import SKEW, LiveSince


def is_trusted(
    history: HistoryStore, user_key: str, since: LiveSince, *, remembered: bool, signed_at: int | None
) -> bool:
    """A session cookie is if it was signed (``signed_at``) after the user's last sign-out of anything: an older one
    could be among those signed out, and one from the future could be from before it. It must be within the limits, too,
    which a row that is pruned no longer tells.
    A remember-me cookie has no age, and is the same on every device: it is only while the user has neither signed out
    of anything nor signed in anew, which would have given a device cookie.
    """
    signed_out_at = history.signed_out_at(user_key)
    if remembered:
        return signed_out_at is None
    if signed_at is None:
        return not signed_out_at
    earliest = max(signed_out_at or 0, (since.created_at or 0) - 1, (since.last_seen_at or 0) - 1)
    return earliest < signed_at <= since.now + SKEW
