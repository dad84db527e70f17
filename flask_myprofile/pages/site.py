"""Where the app is for people outside: the links in mails, which nobody who sends a request can turn elsewhere."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import current_app, has_request_context, request
from werkzeug.routing import BuildError

from ..globals import current_profile


class Site(NamedTuple):
    """What the links begin with."""

    scheme: str
    host: str
    path: str

    def address_of(self, endpoint: str, **values: Any) -> str | None:
        """The URL of a page of ours; None where it needs more than that, as below a prefix with a variable."""
        urls: Any = current_app.url_map.bind(self.host, self.path or "/", url_scheme=self.scheme)
        if current_app.url_map.host_matching:
            values["myprofile_host"] = self.host
        try:
            return str(urls.build(endpoint, values, force_external=True))
        except BuildError:
            return None


def site() -> Site | None:
    """By ``MYPROFILE_EXTERNAL_URL``, else by ``SERVER_NAME``, else as the request has it, if ``TRUSTED_HOSTS`` vouches
    for that. None: whoever has sent the request may have made it up."""
    config, given = current_app.config, current_profile.config.external_url
    if given is not None:
        parts = urlsplit(given)
        return Site(parts.scheme, parts.netloc, parts.path.rstrip("/"))
    here = _here() if has_request_context() else None
    if (name := config["SERVER_NAME"]) is not None:
        known = Site(config["PREFERRED_URL_SCHEME"], name, config["APPLICATION_ROOT"].rstrip("/"))
        return here if here is not None and here.host == name else known
    return here if config.get("TRUSTED_HOSTS") else None


def _here() -> Site:
    return Site(request.scheme, request.host, request.root_path.rstrip("/"))


def has_site() -> bool:
    """Whether links can be made at all."""
    config = current_app.config
    return bool(current_profile.config.external_url or config["SERVER_NAME"] or config.get("TRUSTED_HOSTS"))
