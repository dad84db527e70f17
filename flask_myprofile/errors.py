"""What can go wrong, as values: a status, a code for programs and words for people."""

from __future__ import annotations

from collections.abc import Mapping

#: The one line in the log, with what the store said.
UNREADABLE = "MyProfile cannot read its data: %s"


class MyProfileError(Exception):
    """The root of every error that this extension raises by itself."""


class SetupError(MyProfileError):
    """The app is not set up as the extension needs it; the text names the setting or call to change."""


class StoreDown(MyProfileError):
    """The database or the Redis behind the extension does not answer, or its tables are missing.

    :param passes: whether somebody else was in the way, and the same transaction may succeed when it is tried again.
    """

    def __init__(self, message: object = "", *, passes: bool = False) -> None:
        super().__init__(message)
        self.passes = passes


class EventLost(StoreDown):
    """What has happened could not be written down, and its transaction takes nothing more: without that, it might."""


def in_log(failure: Exception) -> object:
    """What the log says of it: the words of a driver may quote values, those of a StoreDown do not."""
    return failure if isinstance(failure, StoreDown) else type(failure).__name__


class ReauthRequired(MyProfileError):
    """What was asked for needs a recent sign-in: the browser is sent to confirm, a program gets 403."""


class Refused(MyProfileError):
    """A request that is understood and not carried out.

    :param message: the sentence for the person (empty: the HTTP status's own words).
    :param errors: field name -> messages, for input that needs correcting.

    Answered as an HTML page or as ``application/problem+json`` (RFC 9457) with ``status`` and ``code``.
    """

    status = 400
    code = "refused"

    def __init__(
        self,
        message: object = "",
        *,
        code: str | None = None,
        errors: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.errors = {name: _as_list(texts) for name, texts in (errors or {}).items()}
        self.headers = dict(headers or {})


class Invalid(Refused):
    """Input that needs correcting: ``raise Invalid({"field": "what to do"})``. Answers 422."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Mapping[str, object], message: object = "") -> None:
        super().__init__(message, errors=errors)


class Forbidden(Refused):
    """Not for this user. Answers 403."""

    status = 403
    code = "forbidden"


class NotFound(Refused):
    """Unknown, someone else's or switched off: the answer does not tell which. Answers 404."""

    status = 404
    code = "not_found"


class Conflict(Refused):
    """Somebody else changed it meanwhile. Answers 409."""

    status = 409
    code = "conflict"


class TooLarge(Refused):
    """More was sent than is taken. Answers 413."""

    status = 413
    code = "request_entity_too_large"


class TooMany(Refused):
    """Too often. Answers 429 with ``Retry-After`` (seconds)."""

    status = 429
    code = "throttled"

    def __init__(self, retry_after: int, message: object = "") -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Failed(Refused):
    """The host's own code has made a mistake, which the log has: nothing was changed. Answers 500."""

    status = 500
    code = "not_saved"


class Unavailable(Refused):
    """Somebody who has to be asked does not answer now. Answers 503 with ``Retry-After`` (seconds)."""

    status = 503
    code = "unavailable"

    def __init__(self, retry_after: int, message: object = "") -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


def _as_list(texts: object) -> list[object]:
    return list(texts) if isinstance(texts, list | tuple) else [texts]
