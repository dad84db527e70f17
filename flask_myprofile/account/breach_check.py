"""Passwords that are known from breaches, asked of a service which does not learn the password."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from .text import printable

#: callable(the first five hexadecimal digits of a SHA-1) -> the rest of every hash known with that beginning,
#: as a text or as lines, each with ":" and a count after it or without.
Lookup = Callable[[str], "str | Iterable[str]"]

SECONDS = 2.0
_PREFIX = 5
_MOST_BYTES = 1_000_000
_log = logging.getLogger(__name__)


class Breaches:
    """Asks whether a password is known. Five hexadecimal digits leave, which thousands of passwords share.

    A service that fails, is slow or answers nonsense stops nobody: the password is taken, and the log says so.

    :param source: a callable, or the URL of a range service, which the five digits are put after.
    """

    def __init__(self, source: str | Lookup) -> None:
        self._look_up: Lookup = source if callable(source) else _range_service(source)

    def __contains__(self, text: str) -> bool:
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()
        return digest[_PREFIX:] in self._known(digest[:_PREFIX])

    def _known(self, prefix: str) -> set[str]:
        found: set[str] = set()
        failed: list[Exception] = []

        def ask() -> None:
            try:
                found.update(_suffixes(self._look_up(prefix)))
            except Exception as error:  # whatever a service or a host's callable does, a password can be changed
                failed.append(error)

        # a thread, because neither a slow name server nor an answer that drips heeds a socket's time limit
        asking = Thread(target=ask, daemon=True)
        asking.start()
        asking.join(SECONDS)
        if failed or asking.is_alive():
            reason = f"no answer in {SECONDS:g} seconds"
            if failed:  # in the words of the service, among others
                reason = printable(f"{type(failed[0]).__name__}: {failed[0]}", 200)
            _log.warning("MyProfile could not check a new password for breaches, and took it: %s", reason)
            return set()
        return found


def _suffixes(answer: str | Iterable[str]) -> set[str]:
    lines = answer.splitlines() if isinstance(answer, str) else answer
    parts = (line.strip().upper().partition(":") for line in lines)
    # a count of 0 is padding, which hides how many there are
    return {suffix for suffix, _, count in parts if suffix and count.strip() != "0"}


def _range_service(url: str) -> Lookup:
    def look_up(prefix: str) -> str:
        headers = {"User-Agent": "Flask-MyProfile", "Add-Padding": "true"}
        # the setting takes http and https alone
        request = Request(url.rstrip("/") + "/" + prefix, headers=headers)  # noqa: S310
        try:
            with urlopen(request, timeout=SECONDS) as response:  # noqa: S310
                body: bytes = response.read(_MOST_BYTES + 1)
        except HTTPError as error:
            error.close()  # it is an answer as well, with a connection
            raise
        if len(body) > _MOST_BYTES:
            raise ValueError(f"an answer of more than {_MOST_BYTES} bytes")
        return body.decode("ascii", "replace")

    return look_up
