"""What a column's value is in JSON, as JSON Schema: for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..account.columns import Attribute, choices_of

#: As :func:`.column_values.json_value` says them; a decimal number is a text, which loses nothing.
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "lines": {"type": ["string", "null"]},
    "choice": {"type": ["string", "null"]},
    "box": {"type": ["boolean", "null"]},
    "whole": {"type": ["integer", "null"]},
    "number": {"type": ["number", "string", "null"]},
    "date": {"type": ["string", "null"]},
    "time": {"type": ["string", "null"]},
    "moment": {"type": ["string", "null"]},
}


def schema_of(attribute: Attribute, label: object) -> dict[str, Any]:
    """Of what is no plain column, or has a type of the host's own, nothing is known but what it is called."""
    is_plain = attribute.is_mapped and attribute.type is not None and attribute.plain_type is attribute.type
    found = dict(_TYPES.get(attribute.kind or "", {})) if is_plain else {}
    if is_plain and attribute.kind == "choice":
        found["examples"] = [code for code, _ in choices_of(attribute.plain_type)]
    return {"title": str(label), **found}
