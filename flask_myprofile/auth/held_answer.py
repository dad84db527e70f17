"""An answer that waits for the end of its request, when it is known whether what it acknowledges was written.

Flask hands an answer to the server, then ends the app context, and only then gives the server the body to send. So the
status and headers are kept back for that long, and where a write has failed, others are sent: 503, without the cookies
of the answer. The browser keeps what it had, and can try again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import Context
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask, Response, current_app
from werkzeug.exceptions import ServiceUnavailable

from ..responses import RETRY_AFTER, prefers_json, unavailable
from .session_cookie import restore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOLDER = "_myprofile_holder"
_REFUSED = "flask_myprofile.refused"


class Holder(Protocol):
    """Who knows when the answer may go."""

    def hold_back(self, answer: HeldAnswer) -> None:
        """Take the answer, to :meth:`~HeldAnswer.send` it at the end of the request."""
        ...

    def finish(self) -> None:
        """Do so now: somebody asks for the body earlier than servers do."""
        ...


def hold(response: Response, holder: Holder) -> Response:
    """The same response, which goes out when ``holder`` lets it."""
    if _HOLDER not in vars(response):
        # the same object: Flask puts the session's cookie into it later, and calls it by its class
        response.__class__ = _waiting(type(response))  # type: ignore[arg-type]  # each class is hashable
    vars(response)[_HOLDER] = holder
    return response


@lru_cache(maxsize=16)
def _waiting(kind: type[Response]) -> type[Response]:
    def call(self: Response, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.__class__ = kind
        return HeldAnswer(self, environ, start_response, vars(self).pop(_HOLDER))

    return type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})


class HeldAnswer:
    """What the server is given meanwhile."""

    def __init__(
        self, intended: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, holder: Holder
    ) -> None:
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._environ = environ
        self._start_response = start_response
        self._finish: Callable[[], None] | None = holder.finish
        self._head: tuple[Any, ...] = ()
        self._body = intended(environ, self._keep)
        holder.hold_back(self)

    def _keep(self, *head: Any) -> Any:
        self._head = head

    def send(self, instead_of: Mapping[str, Any] | None) -> None:
        """Let it go; or 503, for a browser whose session goes back to what it was before."""
        self._finish = None
        if instead_of is not None:
            self.close()  # nobody will see it
            # contexts of its own: those around are about to end, and know who has signed in or out
            self._body = Context().run(self._refuse, instead_of)
        self._start_response(*self._head)

    def _refuse(self, before: Mapping[str, Any]) -> Iterable[bytes]:
        """As if the app had been asked anew, and could not do it."""
        sorry = ServiceUnavailable(retry_after=RETRY_AFTER)
        if _REFUSED in self._environ:  # the app's own page for 503 has something to acknowledge
            return sorry(self._environ, self._keep)
        environ = {**self._environ, "wsgi.input": BytesIO(), "CONTENT_LENGTH": "0", _REFUSED: True}
        environ.pop("werkzeug.debug.preserve_context", None)
        try:
            with self._app.request_context(environ):
                restore(before)
                said = unavailable() if prefers_json() else self._app.handle_user_exception(sorry)
                return self._app.finalize_request(said, from_error_handler=True)(environ, self._keep)
        except Exception:
            self._app.logger.exception("MyProfile: the app's own page for 503 failed")
            return sorry(environ, self._keep)

    def __iter__(self) -> Iterator[bytes]:
        if self._finish is not None:
            self._finish()
        return iter(self._body)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
