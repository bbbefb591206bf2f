"""Read the options of a definition from a TOML or JSON file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from typing import Any

from ranvier.errors import InputError
from ranvier.io._files import existing_file, text_of

__all__ = ["read_definition"]

ENDINGS = (".toml", ".json")


def read_definition(path: str | os.PathLike[str]) -> dict[str, Any]:
    r"""Give the options that a TOML or JSON file describes, for `ranvier.course.definition_from`.

    Parameters
    ----------
    path : path
        A file that ends in .toml or .json. What `ranvier course` wrote, settings.json or printed with
        ``--json``, may be given as it is.

    Returns
    -------
    dict
        Names to values as they stand in the file; the settings alone when the file holds more.

    Raises
    ------
    InputError
        When the file is not there, has another ending, is not valid TOML or JSON, or names an option twice.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "definition.toml"
    >>> _ = path.write_text('preset = "cdw-24w"\n[baseline]\nscheme = "roving"\n')
    >>> read_definition(path)
    {'preset': 'cdw-24w', 'baseline': {'scheme': 'roving'}}
    """
    file = existing_file(path, "a definition as a .toml or .json file")
    ending = file.suffix.casefold()
    if ending not in ENDINGS:
        raise InputError(f"{file.name} is no definition; give a file that ends in .toml or .json.")
    text = text_of(file)
    try:
        content = tomllib.loads(text) if ending == ".toml" else json.loads(text, **STRICT)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{file.name} is not valid {ending[1:].upper()}: {error}.") from error
    except InputError as error:
        raise InputError(f"{file.name}: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{file.name} holds no options by name; see the page on definition files.")
    settings = content.get("settings")
    return settings if isinstance(settings, dict) else content


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """Refuse a name that stands twice in one object; Python would keep the last."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{twice!r} is given twice; keep one.")
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise InputError(f"{word} is no number; leave the option out where there is no limit.")


STRICT: dict[str, Any] = {"object_pairs_hook": _once, "parse_constant": _no_number}
