"""The stylesheet and the script: their URLs change with their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import current_app, request, url_for

from ..host_matching import OwnBlueprint
from .own_urls import kept

_ASSETS = ("myprofile.css", "myprofile.js")
_YEAR = 31_536_000


class PagesBlueprint(OwnBlueprint):
    """Browsers keep its stylesheet and script for as long as their URLs hold, unless the host has a rule of its own."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        age = super().get_send_file_max_age(filename)
        if age is not None or current_app.debug or filename not in _ASSETS:
            return age
        # of this very file: while a new version is rolled out, its URLs are asked of the old one too
        return _YEAR if request.args.get("v") == hash_of(filename) else None


@cache
def hash_of(name: str) -> str:
    return hashlib.sha256((Path(__file__).parent.parent / "static" / name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """A static file's URL changes with its content, so that browsers may keep it."""
    return kept(name, lambda: url_for("myprofile.static", filename=name, v=hash_of(name)))
