"""The scopes of API tokens in words."""

from __future__ import annotations

from ..globals import current_profile


def words_of(scope: str) -> str:
    """As the app says it; the scope itself where it has none any more."""
    words = current_profile.config.api_scopes.get(scope, scope)
    return str(words() if callable(words) else words)


def words_for(scopes: str | None) -> list[str] | None:
    """Those of a token, in the app's order; None where it is not limited."""
    if scopes is None:
        return None
    kept = set(scopes.split())
    return [words_of(scope) for scope in current_profile.config.api_scopes if scope in kept]
