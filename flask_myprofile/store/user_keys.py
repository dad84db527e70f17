"""The key of a user: the primary key as text, whatever its columns are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import Integer, Uuid, cast

#: Where a UUID is a type of its own, and no text that is written otherwise.
_HAS_UUID = ("postgresql", "cockroachdb")


def key_of(identity: Iterable[Any]) -> str:
    """The text for a primary key. Of several columns it is not those run together, or two people might have one."""
    parts = [str(part) for part in identity]
    return parts[0] if len(parts) == 1 else "/".join(quote(part, safe="") for part in parts)


class UserKeys:
    """Reads the keys of one mapped class."""

    def __init__(self, mapper: Any) -> None:
        self.columns: Sequence[Any] = mapper.primary_key
        self._types = [_python_type(column) for column in self.columns]
        self._only = self._types[0] if len(self._types) == 1 else None
        #: What the parts of a key are called in a statement.
        self.names = [f"key_{place}" for place in range(len(self.columns))]

    def is_told_in_sql(self, dialect: str) -> bool:
        """Whether SQL can say what the text is as a primary key, such that the index of that is of use."""
        kind = self.columns[0].type if len(self.columns) == 1 else None
        return isinstance(kind, Integer) or (isinstance(kind, Uuid) and dialect in _HAS_UUID)

    def in_sql(self, key: Any) -> Any:
        """What the text in that column is as a primary key."""
        return cast(key, self.columns[0].type)

    def values(self, identity: Sequence[Any]) -> dict[str, Any]:
        """That primary key, for a statement."""
        return dict(zip(self.names, identity, strict=True))

    def identity(self, key: str) -> tuple[Any, ...] | None:
        """The primary key that this is the text for; None where it is none of this class."""
        try:
            if self._only is not None:
                return (self._only(key),)
            parts = [unquote(part) for part in key.split("/")]
            return tuple(read(part) for read, part in zip(self._types, parts, strict=True))
        except (TypeError, ValueError, ArithmeticError):
            return None


def _python_type(column: Any) -> Any:
    try:
        return column.type.python_type
    except NotImplementedError:  # a type of the host's own, which does not say
        return _unknown


def _unknown(part: str) -> Any:
    raise TypeError
