"""A request that waits for a recent sign-in: what follows the confirmation, and how a form is carried out then.

A form is kept on the server and named in the address of the page that asks. A page that was only to be read has its own
address there, and is opened again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Response, abort, after_this_request, current_app, request, url_for
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from wtforms import Form

from ..account.credentials import SECRET
from ..account.pending_forms import KEPT, SentForm
from ..auth.request_state import request_state
from ..globals import OWN_BLUEPRINTS, current_profile
from ..store.records import SessionRecord
from ..transactions import unit_of_work
from .csrf import FORMS, csrf_field
from .forms import never_kept

#: A path of this app, which begins with one slash and has nothing in it that a browser would read as another site's
#: address.
_PATH = r"/(?![/\\])[!-\[\]-~]{0,500}"
#: What may follow: a form by its name, or a path; and where one goes back to instead.
_FOLLOWS = {"form": SECRET, "next": _PATH, "back": _PATH}


class Purpose(NamedTuple):
    """What the forms of a view are for: its name; the page that they are on; their class, for a user; and what goes on
    after "To", such as "save the feature settings". ``waits``: whether they are kept until it is known who is there."""

    words: Callable[[], Any]
    page: Callable[[Mapping[str, str]], str]
    form: Callable[[Any], type[Form] | None] = lambda user: None
    deed: Any = ""
    for_admin: bool = False
    waits: bool = True


def what_follows(sent: Mapping[str, str]) -> dict[str, str]:
    """What a confirmation is asked for: ``form``, the name of one that waits, or ``next``, a page of this app; and
    ``back``, the one to be shown with "Cancel"."""
    return {name: sent[name] for name, right in _FOLLOWS.items() if name in sent and re.fullmatch(right, sent[name])}


def came_from() -> dict[str, str]:
    """Where one was, as the browser says it."""
    site, page = request.host_url, request.referrer or ""
    back = page.removeprefix(site.rstrip("/")) if page.startswith(site) else ""
    return {} if back.startswith(url_for("myprofile.confirm")) else what_follows({"back": back})


def keep(user: Any) -> dict[str, str]:
    """What is to follow the confirmation, for the address of the page that asks."""
    if request.method in ("GET", "HEAD"):
        return what_follows({"next": _own_address()})
    state, session = request_state(), current_profile.sessions.current(user)
    if session is None or not state.origin_checked or not (state.resumed or request.mimetype in FORMS):
        return {}
    purpose = purpose_of_view(request.url_rule)
    if purpose is not None and not purpose.waits:
        return {"next": purpose.page(request.form)}
    with unit_of_work(current_profile.db.session):
        kept = current_profile.pending_forms.keep(session, _sent(), _secret())
    if kept is None:
        return {"next": purpose.page(request.form)} if purpose else {}
    name, browser = kept
    after_this_request(lambda response: _give(response, browser))
    return {"form": name}


def _own_address() -> str:
    query = request.query_string.decode("latin-1")
    return url_for(request.endpoint or "", **(request.view_args or {})) + (f"?{query}" if query else "")


def _sent() -> SentForm:
    state = request_state()
    secret = never_kept(state.typed or ())
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in {csrf_field(), *secret}]
    left_out = {name for name in secret if any(request.form.getlist(name))}
    left_out |= {name for name, file in request.files.items() if file.filename}
    if state.resumed is not None:
        left_out |= set(state.resumed.left_out)
    return SentForm(request.path, request.query_string.decode("latin-1"), fields, sorted(left_out))


# ---- once it has a name


def find(session: SessionRecord | None, follows: Mapping[str, str]) -> SentForm | None:
    """The form of that name, if it waits in this session and this browser has sent it."""
    if session is None or "form" not in follows:
        return None
    return current_profile.pending_forms.find(session, follows["form"], _secret())


def take(session: SessionRecord | None, follows: Mapping[str, str]) -> SentForm | None:
    """The same, once."""
    if session is None or "form" not in follows:
        return None
    form = current_profile.pending_forms.take(session, follows["form"], _secret())
    if cookie_name() in request.cookies and not current_profile.pending_forms.any_waits(session):
        after_this_request(_take_back)
    return form


def purpose_of(form: SentForm) -> Purpose | None:
    """What it is for, unless it cannot be carried out any more."""
    try:
        return purpose_of_view(_rule(form))
    except HTTPException:
        return None


def carry_out(form: SentForm) -> Any:
    """As if it had been sent now: its CSRF token was checked when it came, and so was that of the confirmation."""
    rule = _rule(form)
    if rule.endpoint.partition(".")[0] not in OWN_BLUEPRINTS:
        abort(404)  # the app has put another page in its place
    request.url_rule, request.method = rule, "POST"
    request.path, request.query_string = form.path, form.query.encode("latin-1")
    for cached in ("args", "values", "url", "base_url", "full_path"):
        request.__dict__.pop(cached, None)
    request.__dict__["form"], request.__dict__["files"] = ImmutableMultiDict(form.fields), ImmutableMultiDict()
    request_state().resumed = form
    return current_app.view_functions[rule.endpoint]()


def _rule(form: SentForm) -> Rule:
    """:raises HTTPException: nothing takes such forms any more."""
    adapter: Any = current_app.create_url_adapter(request)
    rule, _ = adapter.match(form.path, method="POST", return_rule=True)
    return rule  # type: ignore[no-any-return]


def purpose_of_view(rule: Any) -> Purpose | None:
    """What the forms that go to this address are for."""
    found = getattr(current_app.view_functions.get(rule.endpoint), "myprofile_purpose", None) if rule else None
    return found() if callable(found) else found


# ---- the browser


def cookie_name() -> str:
    """Of the one that holds the secret of the browser that has sent a form. Apps at one address have session cookies of
    their own names."""
    own = current_app.config["SESSION_COOKIE_NAME"]
    return "myprofile_form" if own == "session" else f"myprofile_form_{own}"


def _secret() -> str | None:
    return request.cookies.get(cookie_name())


def _give(response: Response, secret: str) -> Response:
    response.set_cookie(cookie_name(), secret, max_age=KEPT, **_attributes())
    return response


def _take_back(response: Response) -> Response:
    response.delete_cookie(cookie_name(), **_attributes())
    return response


def _attributes() -> dict[str, Any]:
    """It goes wherever the session cookie does, on the extension's own pages."""
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    session = app.session_interface
    return {
        "path": url_for("myprofile.index"),
        "domain": session.get_cookie_domain(app),
        "secure": session.get_cookie_secure(app),
        "samesite": session.get_cookie_samesite(app) or "Lax",
        "partitioned": session.get_cookie_partitioned(app),
        "httponly": True,
    }
