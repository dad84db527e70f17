"""What may be changed of an API token that has a name, while its text stays what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..store.token_records import TokenRecord
from . import token_networks
from .token_scopes import as_text

#: What may be changed.
FACTS = ("name", "scopes", "networks")


def changed(old: TokenRecord, changes: Mapping[str, Any]) -> TokenRecord:
    """What it is then.

    :param changes: ``name``; ``scopes``, a collection or None; ``networks``, a text or None. What is not in it stays.
    :raises ValueError: one of the networks is none.
    """
    if unknown := set(changes) - set(FACTS):
        raise TypeError(f"An API token has no {', '.join(sorted(unknown))} that could be changed")
    new = dict(changes)
    if "scopes" in new:
        new["scopes"] = as_text(new["scopes"])
    if "networks" in new:
        new["networks"] = token_networks.as_text(new["networks"] or "")
    return old._replace(**new)


def difference(old: TokenRecord, new: TokenRecord) -> list[str]:
    return [name for name in FACTS if getattr(old, name) != getattr(new, name)]


def widens(old: TokenRecord, new: TokenRecord) -> bool:
    """Whether somebody who has the text of the token can do more with it, or do it from more networks."""
    return _more_scopes(old.scopes, new.scopes) or not token_networks.are_within(new.networks, old.networks)


def _more_scopes(old: str | None, new: str | None) -> bool:
    return old is not None and (new is None or not set(new.split()) <= set(old.split()))
