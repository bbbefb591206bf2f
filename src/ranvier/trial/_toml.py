"""Build frozen dataclasses from the content of a TOML file."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from ranvier.errors import DefinitionError, InputError, suggest

__all__ = ["build", "convert"]


def build(cls: type, content: Any, where: str) -> Any:
    """Build a frozen dataclass from a mapping, refusing unknown, missing and wrongly typed keys."""
    if not isinstance(content, Mapping):
        raise InputError(f"{where}: {content!r} is not a table of keys and values.")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in content:
        if key not in fields:
            close = suggest(str(key), fields)
            hint = f" Did you mean {close!r}?" if close else ""
            raise InputError(f"{where}: unknown key {key!r}; known keys are {sorted(fields)}.{hint}")
    absent = dataclasses.MISSING
    missing = [
        name
        for name, field in fields.items()
        if field.default is absent and field.default_factory is absent and name not in content
    ]
    missing += [name for name in getattr(cls, "written", ()) if name not in content]
    if missing:
        raise InputError(f"{where}: {missing} must be set.")
    hints = typing.get_type_hints(cls)
    values = {key: convert(value, hints[key], f"{where}, {key}") for key, value in content.items()}
    try:
        return cls(**values)
    except (InputError, DefinitionError) as error:
        if isinstance(error, InputError) and where in str(error):
            raise
        raise InputError(f"{where}: {error}") from error


def convert(value: Any, hint: Any, where: str) -> Any:
    """Convert one value of a TOML file to the type its field names."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise InputError(f"{where}: {value!r} must be a list.")
        item = typing.get_args(hint)[0]
        return tuple(convert(part, item, f"{where} {number}") for number, part in enumerate(value, start=1))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        names = {str: "text", int: "a whole number", bool: "true or false", float: "a number"}
        raise InputError(f"{where}: {value!r} must be {names.get(hint, hint)}.")
    return value
