"""Definitions as plain values and back, with the name of the option in every error."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any

from ranvier.errors import DefinitionError, RanvierError, suggest

__all__ = ["build", "hints", "plain", "refuse_unknown"]

NONE = "none"
"""TOML has no null; this word stands for it where an option may be without a value."""

NUMBERS = {"int": int, "float": float}
KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word in quotes"}


@functools.cache
def hints(kind: Any) -> dict[str, Any]:
    """Give the options of a part with their types."""
    return typing.get_type_hints(kind)


def plain(value: Any, kind: Any = None) -> Any:
    """Turn dataclasses and tuples into dicts and lists; equal definitions give the same numbers.

    A threshold of 1 and one of 1.0 are equal, so that both become what the option is declared as.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        types_of = hints(type(value))
        return {
            part.name: plain(getattr(value, part.name), types_of[part.name])
            for part in dataclasses.fields(value)
        }
    if isinstance(value, tuple | list):
        inner = typing.get_args(_given(kind))
        return [plain(item, inner[0] if inner else None) for item in value]
    declared = _given(kind)
    if declared in (int, float) and not isinstance(value, bool | str) and value is not None:
        return declared(value) if declared(value) == value else value
    return value


def _given(kind: Any) -> Any:
    """Give the type of an option that may also be left without a value."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return next(part for part in typing.get_args(kind) if part is not type(None))
    return kind


def build(kind: Any, value: Any, path: str = "", *, named: Mapping[Any, Any] | None = None) -> Any:
    """Turn plain values back into a part, by the types of its options.

    Parameters
    ----------
    kind : type
        What is built.
    value : object
        The plain value.
    path : str
        Name of the option, for errors.
    named : mapping, optional
        From a part to the function that gives one of its presets by name.

    Returns
    -------
    object
        The part.
    """
    wanted = _given(kind)
    if wanted is not kind and (value is None or value == NONE):
        return None
    if isinstance(value, str) and named and wanted in named:
        return _told(path, lambda: named[wanted](value))
    if typing.get_origin(wanted) is tuple:
        return _tuple(wanted, value, path, named)
    if dataclasses.is_dataclass(wanted):
        return value if isinstance(value, wanted) else _part(wanted, value, path, named)  # type: ignore[arg-type]
    return _scalar(wanted, value, path, optional=wanted is not kind)


def _part(kind: Any, value: Any, path: str, named: Mapping[Any, Any] | None) -> Any:
    """Build one part from its options by name."""
    if not isinstance(value, Mapping):
        raise DefinitionError(
            f"{path or kind.__name__} is {value!r}; give the options of a {kind.__name__} by name: "
            f"{list(hints(kind))}."
        )
    refuse_unknown(kind, value, path)
    missing = [
        part.name
        for part in dataclasses.fields(kind)
        if part.default is dataclasses.MISSING
        and part.default_factory is dataclasses.MISSING
        and part.name not in value
    ]
    if missing:
        raise DefinitionError(f"{path or kind.__name__} lacks the options {missing}, which have no default.")
    at = f"{path}." if path else ""
    options = {
        name: build(hints(kind)[name], item, f"{at}{name}", named=named) for name, item in value.items()
    }
    return _told(path, lambda: kind(**options))


def refuse_unknown(kind: Any, names: Any, path: str = "", *, more: tuple[str, ...] = ()) -> None:
    """Refuse an option that a part does not have."""
    known = [*more, *hints(kind)]
    for name in names:
        if name not in known:
            close = suggest(str(name), known)
            hint = f" Did you mean {close!r}?" if close else ""
            place = path or kind.__name__
            raise DefinitionError(f"{place} has no option {name!r}; it has {known}.{hint}")


def _told(path: str, make: Any) -> Any:
    """Put the name of the option before what a part says about its values."""
    try:
        return make()
    except RanvierError as error:
        raise DefinitionError(f"{path}: {error}" if path else str(error)) from error


def _tuple(kind: Any, value: Any, path: str, named: Mapping[Any, Any] | None) -> tuple[Any, ...]:
    """Build the items of a list; a list of fixed length must have it."""
    inner = typing.get_args(kind)
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise DefinitionError(f"{path} is {value!r}; it must be a list.")
    if inner[-1] is not Ellipsis and len(value) != len(inner):
        raise DefinitionError(f"{path} is {value!r}; it must be a list of {len(inner)} numbers.")
    return tuple(build(inner[0], item, f"{path}[{place}]", named=named) for place, item in enumerate(value))


def _scalar(kind: Any, value: Any, path: str, *, optional: bool) -> Any:
    """Take a number, a word or a truth value; anything else is refused, not converted."""
    whole = isinstance(value, float) and value.is_integer() and kind is int
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = (number and (whole or isinstance(value, int) or kind is float)) if kind in (int, float) else (
        isinstance(value, kind)
    )  # fmt: skip
    if not fits:
        also = f", or {NONE!r}" if optional else ""
        raise DefinitionError(f"{path} is {value!r}; it must be {KINDS[kind]}{also}.")
    return kind(value)
