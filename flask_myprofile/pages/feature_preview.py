"""A preview of somebody's features, on pages: what is said of it, and that nothing is changed meanwhile."""

from __future__ import annotations

from types import SimpleNamespace

from flask import request

from ..account.text import printable
from ..auth.feature_preview import current_preview, has_ended_by_itself
from ..errors import Forbidden
from ..globals import SIGN_OUT
from ..i18n import gettext
from .own_urls import own_url
from .uploads import let_it_come

END_ENDPOINT = "myprofile_admin.features_preview_end"
#: In the place of the CSRF token, in forms of pages that are drawn meanwhile: they change nothing, once it is over
#: either.
NO_TOKEN = "preview"  # noqa: S105
#: Bytes of a body that a page shows what was typed of; of more, some files, the rest is read so that there is a page.
_LARGE = 1024 * 1024
_READS = ("GET", "HEAD", "OPTIONS")
_MAY = frozenset({END_ENDPOINT, SIGN_OUT})
#: What a provider's answer confirms is written, and a form that waits for it carried out.
_WRITES = frozenset({"myprofile_sso.confirmed"})


def about_preview() -> SimpleNamespace | None:
    """What templates get; None: there is none.

    :raises StoreDown: nobody can say.
    """
    preview = current_preview()
    return None if preview is None else SimpleNamespace(name=preview.name, end_url=own_url(END_ENDPOINT))


def refuse_changes() -> None:
    """What is sent meanwhile to a page of ours changes nothing, but ends the preview or the session.

    :raises Forbidden: it would.
    """
    if (request.method in _READS and request.endpoint not in _WRITES) or request.endpoint in _MAY:
        return
    if (preview := current_preview()) is not None:
        if (request.content_length or 0) > _LARGE:
            let_it_come(_LARGE)
        said = gettext(
            "You preview the features of %(name)s. End the preview before you change anything.",
            name=printable(preview.name, 255),  # marks of direction in it would turn the sentence
        )
        raise Forbidden(said, code="previewing")


def refuse_form_of_preview(token: str | None) -> None:
    """:raises Forbidden: the form is of a page that was opened in a preview, which is over."""
    if token == NO_TOKEN:
        said = gettext("This page was opened in a preview. Open it again to change anything.")
        raise Forbidden(said, code="previewing")


def why_over() -> str:
    return gettext("The preview has ended. You see your own features again.")


def told_that_it_is_over() -> str:
    """Where it has ended by itself, the words for it, once."""
    return why_over() if has_ended_by_itself() else ""
