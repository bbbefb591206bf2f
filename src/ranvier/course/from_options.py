"""A definition from plain options: in full, or as a preset with changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ranvier.course._build import build, plain, refuse_unknown
from ranvier.course.definition import Definition
from ranvier.course.library import preset
from ranvier.course.rule import ChangeRule
from ranvier.course.rules import change_rule
from ranvier.errors import DefinitionError

__all__ = ["definition_from"]

PRESET = "preset"
WORDS = ("name", "source", "note")
"""Options that change no event."""

NAMED = {ChangeRule: change_rule}
"""Parts that may be given by the name of a preset of theirs."""


def definition_from(options: Mapping[str, Any]) -> Definition:
    """Build a definition from plain options, such as a TOML or JSON file holds.

    Parameters
    ----------
    options : mapping
        Either every option by name, as `Definition.to_dict` gives them (what is left out takes its default;
        name, source and outcomes have none); or "preset" with the name of one, and the options that differ
        from it; or what `Settings.to_dict` gives, whose hash is then checked. The word "none" stands for no
        value. A rule of change may be given by its name in `CHANGE_RULES`.

    Returns
    -------
    Definition
        With the same settings hash as the one that the options came from. Of a preset with changes the name
        and the source say that it was changed, and in what, unless the options give their own.

    Raises
    ------
    DefinitionError
        When an option is unknown or has a value that is not allowed: the message names the option, the value
        and what is allowed; and when the options contradict each other or their hash.

    Notes
    -----
    Options inside a part (a table of TOML) change that part only; a list, such as the windows of the
    confirmation or the outcomes, is replaced as a whole.

    Examples
    --------
    >>> mine = definition_from({"preset": "cdw-24w", "baseline": {"scheme": "roving"}})
    >>> mine.name, mine.baseline.scheme, mine.confirmation.windows[0].days
    ('cdw-24w, changed', 'roving', 168)
    >>> definition_from({"preset": "cdw-24w", "selection": {"evens": "all"}})
    Traceback (most recent call last):
    ...
    ranvier.errors.DefinitionError: selection has no option 'evens'; it has ['events', 'proceed_from', \
'min_days_from_reference', 'merge_days', 'eligible']. Did you mean 'events'?
    >>> definition_from(mine.settings().to_dict()) == mine
    True
    """
    if not isinstance(options, Mapping):
        raise DefinitionError(f"{options!r:.80} holds no options by name; give a mapping.")
    if set(options) == {"text", "hash", "options"}:
        return _as_settled(options)
    if PRESET in options:
        return _changed(options)
    refuse_unknown(Definition, options, "the definition", more=(PRESET,))
    made: Definition = build(Definition, options, named=NAMED)
    return made


def _as_settled(settings: Mapping[str, Any]) -> Definition:
    """Take the options of a `Settings`, and refuse them when they are not those that the hash was made of."""
    made = definition_from(settings["options"])
    actual = made.settings().hash
    if actual != settings["hash"]:
        raise DefinitionError(
            f"hash is {settings['hash']!r}, but the options give {actual!r}: they were edited, or come from "
            "a version of ranvier with other options. Keep only what stands below 'options' if they are what "
            "you mean."
        )
    return made


def _changed(options: Mapping[str, Any]) -> Definition:
    """Change options of a preset."""
    word = options[PRESET]
    if not isinstance(word, str):
        raise DefinitionError(f"preset is {word!r}; it must be the name of a preset in quotes.")
    base = preset(word)
    changes = {name: value for name, value in options.items() if name != PRESET}
    refuse_unknown(Definition, changes, "the definition", more=(PRESET,))
    made: Definition = build(Definition, _merged(base, changes), named=NAMED)
    differing = [name for name in _differing(base, made) if name not in WORDS]
    if not differing:
        return made
    source = f"preset {base.name} with changed {', '.join(differing)}, after {base.source}"
    return dataclasses.replace(
        made,
        name=made.name if made.name != base.name else f"{base.name}, changed",
        source=made.source if made.source != base.source else source,
    )


def _merged(part: Any, changes: Any) -> Any:
    """Put changes over the options of a part; what is not by name replaces the whole."""
    if not isinstance(changes, Mapping) or not dataclasses.is_dataclass(part):
        return changes
    kept = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    return kept | {
        name: _merged(kept[name], value) if name in kept else value for name, value in changes.items()
    }


def _differing(base: Any, made: Any, prefix: str = "") -> list[str]:
    """Name the options in which two definitions differ."""
    if not dataclasses.is_dataclass(base):
        return [] if plain(base) == plain(made) else [prefix]
    return [
        name
        for field in dataclasses.fields(base)
        for name in _differing(
            getattr(base, field.name), getattr(made, field.name), f"{prefix}{'.' * bool(prefix)}{field.name}"
        )
    ]
