"""What is kept of notices and of changed e-mail addresses. Times as in :mod:`.records`."""

# without postponed annotations: a NamedTuple compiles each text of them, at every start
from typing import NamedTuple


class LinkRecord(NamedTuple):
    """A link in a mail, which is good once. ``id`` is a digest of its secret, ``about`` the session or the change that
    it is about, if any, and ``sent_to`` a digest of the address that the mail went to."""

    id: str
    user_key: str
    purpose: str
    about: str | None
    expires_at: int
    sent_to: str | None = None


class KnownDevice(NamedTuple):
    """That a user has signed in from a browser. ``id`` is a digest of the browser's secret and the user's key,
    ``session_id`` the session that they began there first, and ``at`` when that was, or when it was seen again."""

    id: str
    user_key: str
    session_id: str
    at: int


class EmailChange(NamedTuple):
    """That a user wants another e-mail address, or has got it.

    :param session_id: the session that has asked for it. :param claim: a digest of the new address once it is
        confirmed, which no other row may have then; before that, the ``id``.
    :param state: ``PENDING``, ``CONFIRMED`` or ``OVER``.
    """

    id: str
    user_key: str
    session_id: str | None
    old_address: str
    new_address: str
    claim: str
    state: str
    asked_at: int
    sent_at: int
    times_sent: int
    confirmed_at: int | None


PENDING, CONFIRMED, OVER = "pending", "confirmed", "over"
