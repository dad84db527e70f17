"""JSON Schema, as OpenAPI 3.1 has it, of what the pages answer; small parts that tabs put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
OPTIONAL_TEXT: Schema = {"type": ["string", "null"]}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
#: ISO 8601 in UTC.
MOMENT: Schema = {"type": ["string", "null"], "format": "date-time", "examples": ["2026-11-29T08:30:00Z"]}
#: Of what nothing more is known.
ANYTHING: Schema = {"type": "object"}


def record(**properties: Schema) -> Schema:
    """An object that has all of these, and may come to have others."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def optional(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def rows(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def by_name(schema: Schema) -> Schema:
    """An object whose keys are names that only the app knows."""
    return {"type": "object", "additionalProperties": schema}


#: What an action says where it has nothing else to answer.
MESSAGE = record(message=TEXT)
