"""How a refusal is answered: as the host's error page, or as ``application/problem+json``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, Response, abort, current_app
from werkzeug.exceptions import HTTPException

from ..account.host_code import HostFailed
from ..errors import Conflict, Failed, Invalid, NotFound, Refused, Unavailable
from ..i18n import gettext
from ..responses import RETRY_AFTER, prefers_json, problem


def connect(app: Flask) -> None:
    """What :meth:`.Features.require` raises in a view of the host's is answered like the host's own ``abort(404)``."""
    app.register_error_handler(NotFound, _as_of_the_host)


def _as_of_the_host(refusal: NotFound) -> Any:
    try:
        return refused(refusal)
    except HTTPException as error:
        return current_app.handle_user_exception(error)


def lost_race() -> Conflict:
    """For whoever was at the same rows as somebody else, and later."""
    return Conflict(gettext("Somebody has changed this at the same moment. Look at it before you try again."))


def of_the_model(refusal: Invalid) -> dict[str, list[object]]:
    """What the host's model refuses, by field: in its words, and in ours where it has none."""
    unspoken = gettext("This value is not accepted.")
    return {name: [text or unspoken for text in texts] for name, texts in refusal.errors.items()}


def of_the_host(failed: HostFailed) -> Refused:
    """Whose mistake it is, and that nothing was changed; what the code raised is in the log."""
    current_app.logger.error("MyProfile: %s; nothing was changed", failed, exc_info=failed.__cause__)
    if failed.is_down:
        sentence = gettext("Your changes could not be saved. Nothing was changed. Try again later.")
        return Unavailable(RETRY_AFTER, sentence)
    if current_app.debug and failed.__cause__ is not None:
        raise failed.__cause__
    return Failed(gettext("This application has made a mistake. Nothing was changed. Tell your administrator."))


def problem_of(refusal: Refused, errors: Mapping[str, Sequence[object]] | None = None) -> Response:
    """A refusal for a program. ``errors``: instead of its own, where a form has found some as well."""
    found = refusal.errors if errors is None else errors
    title = refusal.message or (gettext("Correct what is marked and send it again.") if found else "")
    return problem(refusal.status, refusal.code, title, errors=found, headers=refusal.headers)


def refused(refusal: Refused) -> Response:
    """A refusal outside any tab: JSON, or the host's own error page."""
    if prefers_json():
        return problem_of(refusal)
    if isinstance(refusal, NotFound):
        abort(404, str(refusal.message) or None)
    description = str(refusal.message) or None
    try:
        abort(refusal.status, description)
    except HTTPException as error:
        if refusal.headers:
            error.get_headers = _with_headers(error.get_headers, refusal.headers)  # type: ignore[method-assign]
        raise


def _with_headers(get_headers: Callable[..., Any], more: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: [*get_headers(*args, **kwargs), *more.items()]


def http_problem(error: HTTPException) -> Response:
    code = error.name.lower().replace(" ", "_")
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if error.code == 503:
        headers.setdefault("Retry-After", str(RETRY_AFTER))
    return problem(error.code or 500, code, error.name, headers=headers)
