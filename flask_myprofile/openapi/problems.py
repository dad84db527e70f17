"""Every refusal that a page or an action may answer: RFC 9457 for programs, a page for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .schemas import Schema

PROBLEM = "application/problem+json"
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


class Refusal(NamedTuple):
    """:param codes: those that are known of My Profile's own; a tab of the app may have further ones."""

    name: str
    description: str
    codes: tuple[str, ...]
    headers: Mapping[str, Any] = {}
    example: Mapping[str, Any] = {}


REFUSALS: Mapping[int, Refusal] = {
    400: Refusal(
        "BadRequest",
        "The CSRF token is missing or of another session, or the body cannot be read.",
        ("csrf", "bad_request"),
    ),
    401: Refusal(
        "Unauthorized",
        "Nobody is signed in, or the API token in the Authorization header is not valid.",
        ("login_required", "signed_out", "invalid_token", "unauthorized"),
        {"WWW-Authenticate": {"schema": {"type": "string"}}},
        {"title": "Sign in to continue.", "login_url": "/login?next=%2Fprofile%2Fsessions"},
    ),
    403: Refusal(
        "Forbidden",
        "Not for this user, not from another site, not with an API token, or not without a recent sign-in: "
        "`reauth_required` says at `confirm_url` where the password is confirmed.",
        (
            *("reauth_required", "sign_in_again", "step_up_failed", "sso_managed", "not_admin", "previewing"),
            *("insufficient_scope", "address_not_allowed", "cross_site", "forbidden"),
        ),
        {"WWW-Authenticate": {"schema": {"type": "string"}}},
        {"title": "Confirm your password to continue.", "confirm_url": "/profile/confirm"},
    ),
    404: Refusal(
        "NotFound",
        "Switched off, unknown, or somebody else's: the answer does not tell which.",
        (
            *("feature_off", "no_such_session", "no_such_user", "no_such_token", "not_copyable", "no_such_list"),
            *("no_such_feature", "no_such_change", "no_such_set", "no_picture"),
            *("link_used_or_too_old", "not_found"),
        ),
    ),
    405: Refusal(
        "MethodNotAllowed",
        "Another method than those of this address.",
        ("method_not_allowed",),
        {"Allow": {"schema": {"type": "string"}}},
    ),
    409: Refusal(
        "Conflict",
        "Changed elsewhere meanwhile, or it cannot be done as things are; `errors` says what fields are now.",
        (
            *("conflict", "token_changed", "password_changed", "password_cannot_be_checked"),
            *(
                "password_cannot_be_changed",
                "user_not_in_session",
                "feature_locked",
                "sign_in_renewed",
                "several_tokens",
                "changed_since",
                "too_many_tokens",
                "token_unnamed",
                "set_exists",
                "set_renamed",
                "too_many_sets",
            ),
        ),
    ),
    413: Refusal("TooLarge", "More than 64 kB.", ("request_entity_too_large",)),
    415: Refusal("UnsupportedMediaType", "Neither a form nor JSON.", ("unsupported_media_type",)),
    422: Refusal(
        "Invalid",
        "Input to correct, each field with its messages in `errors`.",
        ("invalid",),
        example={
            "title": "Correct what is marked and send it again.",
            "errors": {"first_name": ["Enter your first name"]},
        },
    ),
    429: Refusal("TooMany", "Tried too often.", ("throttled", "too_many_requests"), _RETRY),
    503: Refusal(
        "Unavailable",
        "The database or an identity provider does not answer, or what was sent could not be saved now.",
        ("unavailable", "not_saved", "service_unavailable"),
        _RETRY,
    ),
}
#: What every GET may answer, and what every POST may.
OF_GET = (401, 403, 404, 405, 503)
OF_POST = tuple(REFUSALS)

#: Members besides these may come.
SCHEMA: Schema = {
    "type": "object",
    "title": "Problem details (RFC 9457)",
    "properties": {
        "title": {"type": "string", "description": "A sentence for the person, in their language."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"type": "string", "description": "What it is, for programs."},
        "errors": {
            "type": "object",
            "description": "Field -> what to correct in it.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "login_url": {"type": ["string", "null"], "description": "With 401: where people sign in."},
        "confirm_url": {"type": "string", "description": "With `reauth_required`: where the password is confirmed."},
    },
    "required": ["title", "status", "code"],
}


def responses() -> dict[str, Any]:
    """For ``components/responses``."""
    return {refusal.name: _response(status, refusal) for status, refusal in REFUSALS.items()}


def references(statuses: tuple[int, ...]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{REFUSALS[status].name}"} for status in statuses}


def _response(status: int, refusal: Refusal) -> dict[str, Any]:
    code = {"anyOf": [{"enum": list(refusal.codes)}, {"type": "string"}]}
    this = {"type": "object", "properties": {"status": {"const": status}, "code": code}}
    title = refusal.description.split(":")[0]
    example = {"title": title, **refusal.example, "status": status, "code": refusal.codes[0]}
    found: dict[str, Any] = {
        "description": refusal.description,
        "content": {
            PROBLEM: {"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, this]}, "example": example},
            "text/html": {"schema": {"type": "string"}},
        },
    }
    return found | ({"headers": dict(refusal.headers)} if refusal.headers else {})
