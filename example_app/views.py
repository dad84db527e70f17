"""The app's own pages, and its API."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from werkzeug.exceptions import Unauthorized

from flask_myprofile import token_scope

from .accounts import DEMO_ACCOUNTS
from .idp import account_url

pages = Blueprint("pages", __name__)
api = Blueprint("api", __name__, url_prefix="/api")

#: Not written into the template, where they would be formatted once, in the language of the first reader.
FIGURES = {"visitors": 48_210, "sign_ups": 1_284, "returning": 0.38, "revenue": 86_400}

#: page, visitors, share of all visitors, change since last week
TOP_PAGES = (
    ("/pricing", 12_840, 0.266, 0.082),
    ("/", 11_205, 0.232, 0.014),
    ("/docs/quick-start", 8_310, 0.172, 0.121),
    ("/blog/five-charts", 4_975, 0.103, -0.037),
)


@pages.get("/")
def start() -> ResponseReturnValue:
    return render_template("start.html", accounts=DEMO_ACCOUNTS)


@pages.get("/dashboard")
@login_required
def dashboard() -> ResponseReturnValue:
    return render_template("dashboard.html", figures=FIGURES, top_pages=TOP_PAGES, provider_url=account_url())


@pages.get("/api")
@login_required
def api_help() -> ResponseReturnValue:
    return render_template("api.html")


@api.get("/me")
@login_required
@token_scope("profile:read")
def me() -> ResponseReturnValue:
    """Open to a signed-in browser and, once the API Token tab is on, to ``Authorization: Bearer <token>``."""
    return {"name": current_user.name, "email": current_user.email}


@api.get("/figures")
@login_required
@token_scope("figures:read")
def figures() -> ResponseReturnValue:
    return dict(FIGURES)


@api.errorhandler(Unauthorized)
def unauthorized(error: Unauthorized) -> ResponseReturnValue:
    if error.response is not None:
        return error  # whoever raised it had more to say
    return {"error": "Sign in, or send a valid API token."}, 401, {"WWW-Authenticate": "Bearer"}
