"""What a user class says of an attribute: the kind of value it takes, and whether it can be written at all."""

from __future__ import annotations

import inspect as python
from typing import Any, NamedTuple

from sqlalchemy import Column, UniqueConstraint, inspect, types

from .attributes import Source

#: Of the types, the first that one is an instance of.
_KINDS: tuple[tuple[type[Any], str], ...] = (
    (types.Enum, "choice"),
    (types.Boolean, "box"),
    (types.Text, "lines"),
    (types.String, "text"),
    (types.Integer, "whole"),
    (types.Float, "number"),  # a Numeric as well, but for SQLAlchemy 2.1
    (types.Numeric, "number"),
    (types.DateTime, "moment"),
    (types.Date, "date"),
    (types.Time, "time"),
    (types.Uuid, "other"),
    (types.Interval, "other"),
)


class Attribute(NamedTuple):
    """One attribute of a class of users.

    :param kind: text, lines, choice, box, whole, number, moment, date or time; other: to be read as text; None: what it
        holds has no form that people read.
    :param type: its column's, as declared; None where it is no column.
    :param key: the mapped name of its column.
    :param is_mapped: whether it is SQLAlchemy's, and no attribute that Python alone knows.
    """

    kind: str | None = "text"
    writable: bool = True
    required: bool = False
    unique: bool = False
    is_mapped: bool = False
    type: Any = None
    key: str = ""

    @property
    def plain_type(self) -> Any:
        """What a TypeDecorator is made of."""
        return plain(self.type)

    @property
    def length(self) -> int | None:
        """In characters; None where there is no limit."""
        found = self.plain_type
        return found.length if isinstance(found, types.String) and not isinstance(found, types.Enum) else None


READ_ONLY = Attribute(writable=False)
_WITHOUT_FORM = Attribute(kind=None, is_mapped=True)


def describe(model: type[Any], source: Source) -> Attribute | None:
    """The attribute of that name, or at the end of that path; None: there is no such thing."""
    if callable(source):
        return READ_ONLY
    *path, name = source.split(".")
    for step in path:
        mapper = inspect(model, raiseerr=False)
        relation = mapper.relationships.get(step) if mapper is not None else None
        if relation is None:  # an object of the host's own, of which nothing is known
            return Attribute() if hasattr(model, step) or mapper is None else None
        if relation.uselist:
            return None
        model = relation.entity.class_
    return _attribute(model, name)


def _attribute(model: type[Any], name: str) -> Attribute | None:
    mapper = inspect(model, raiseerr=False)
    if mapper is None:
        return Attribute()
    if name in mapper.synonyms:
        return _of_synonym(model, mapper.synonyms[name])
    if name in mapper.column_attrs:
        return of_column(mapper.column_attrs[name].columns[0])._replace(key=name)
    descriptor = mapper.all_orm_descriptors.get(name)
    # members of enums, by name: whoever has none of these does not need to load their modules
    extension = getattr(getattr(descriptor, "extension_type", None), "name", None)
    if extension == "HYBRID_PROPERTY":
        return _of_hybrid(model, name, descriptor)
    if extension == "ASSOCIATION_PROXY":
        return describe(model, f"{descriptor.target_collection}.{descriptor.value_attr}") or _WITHOUT_FORM
    is_object = name in mapper.relationships or name in mapper.composites
    return _WITHOUT_FORM if is_object else _of_python(model, name)


def _of_synonym(model: type[Any], synonym: Any) -> Attribute | None:
    found, descriptor = _attribute(model, synonym.name), synonym.descriptor
    closed = isinstance(descriptor, property) and descriptor.fset is None
    return found._replace(writable=False) if found is not None and closed else found


def of_column(column: Any) -> Attribute:
    """A Column, or an expression, which the database computes."""
    if not isinstance(column, Column):
        return Attribute(kind_of(column.type), writable=False, is_mapped=True, type=column.type)
    identity, is_key = column.identity, column.primary_key  # by which everything knows the user
    return Attribute(
        kind_of(column.type),
        writable=column.computed is None and not is_key and not (identity is not None and identity.always),
        required=not column.nullable,
        unique=_is_unique(column),
        is_mapped=True,
        type=column.type,
    )


def _of_hybrid(model: type[Any], name: str, hybrid: Any) -> Attribute:
    writable = hybrid.fset is not None
    try:
        expression = getattr(model, name)
        mapped = getattr(expression, "property", None)
        columns = getattr(mapped, "columns", ())
        found = Attribute(kind_of(expression.type), type=expression.type)
        found = of_column(columns[0])._replace(key=mapped.key) if mapped is not None and columns else found
    except Exception:  # it computes in Python alone, with what no class has
        found = Attribute()
    return found._replace(writable=found.writable and writable, is_mapped=True)


def _of_python(model: type[Any], name: str) -> Attribute | None:
    found = python.getattr_static(model, name, None)
    if found is None:
        return READ_ONLY if hasattr(model, name) else None
    is_settable = found.fset is not None if isinstance(found, property) else hasattr(type(found), "__set__")
    return Attribute() if is_settable else READ_ONLY


def kind_of(column_type: Any) -> str | None:
    found = plain(column_type)
    if isinstance(found, types.Enum) and not found.enums:  # read from a database that does not say of what
        return "text"
    return next((kind for known, kind in _KINDS if isinstance(found, known)), None)


def length_of(column: Any) -> int | None:
    """How many characters it takes; None: any number, or it is none for texts."""
    return column.type.length if column is not None and isinstance(column.type, types.String) else None


def plain(column_type: Any) -> Any:
    """What a TypeDecorator is made of, at the end; SQLAlchemy's own Interval is one."""
    while isinstance(column_type, types.TypeDecorator) and not isinstance(column_type, types.Interval):
        column_type = column_type.impl_instance
    return column_type


def choices_of(enum: types.Enum) -> list[tuple[str, Any]]:
    """What an Enum is stored as -> the value that the app has for it."""
    if enum.enum_class is None:
        return [(text, text) for text in enum.enums]
    members = list(enum.enum_class)
    if len(members) != len(enum.enums):
        members = list(enum.enum_class.__members__.values())  # with its aliases
    return list(zip(enum.enums, members, strict=False))


def _is_unique(column: Any) -> bool:
    if column.unique:
        return True
    table = column.table
    rules = [each for each in getattr(table, "constraints", ()) if isinstance(each, UniqueConstraint)]
    rules += [each for each in getattr(table, "indexes", ()) if each.unique]
    return any(column.name in each.columns and len(each.columns) == 1 for each in rules)


def bound(column_type: Any, value: Any, dialect: Any) -> Any:
    """What the column's type hands to the database for it; raises whatever that type does for what it does not take."""
    process = column_type.dialect_impl(dialect).bind_processor(dialect)
    return process(value) if process is not None else value


def survives(column_type: Any, value: Any, text: str, dialect: Any) -> bool:
    """Whether ``text``, written in the place of ``value``, would be read again as that."""
    if not isinstance(column_type, types.TypeDecorator):
        return False
    impl = column_type.dialect_impl(dialect)
    try:
        written = bound(column_type, text, dialect)
        read = impl.result_processor(dialect, None)
        return bool((read(written) if read is not None else written) == value)
    except Exception:  # whatever a type of the host's makes of it
        return False
