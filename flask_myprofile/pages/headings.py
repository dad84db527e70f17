"""The headings of a page: one level down in a host's layout that has an ``h1`` of its own."""

from __future__ import annotations

import re

from markupsafe import Markup

from ..globals import current_profile


def headings(html: str) -> Markup:
    """The filter ``mp_headings``: ``h2`` for ``h1`` and so on, where the host's layout has an ``h1`` of its own.

    Here and not in the templates, because it holds for those of the host, such as a custom tab's, as well.
    """
    down = current_profile.config.heading_offset
    if down:
        html = re.sub(r"(</?h)([1-5])\b", lambda tag: f"{tag[1]}{int(tag[2]) + down}", html)
    return Markup(html)  # noqa: S704 (what a template has made)
