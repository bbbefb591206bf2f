"""Every combination of some options of a definition, and the words that tell definitions apart."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ranvier.course.definition import Definition
from ranvier.course.parts import Around, Outcome, Window
from ranvier.course.rule import ChangeRule
from ranvier.course.thresholds import EDSS_RULES
from ranvier.errors import DefinitionError, InputError, require_choice, suggest

__all__ = ["Grid", "grid", "label", "varied"]

WORDS = ("name", "source", "note")
"""Fields of a definition that change no event."""

RULE = "rule"
"""The option that stands for the thresholds of the one outcome."""


class Grid(tuple[Definition, ...]):
    """The definitions of a grid in order, and the combinations that contradict themselves.

    Parameters
    ----------
    definitions : iterable of Definition
        The definitions.

    Attributes
    ----------
    skipped : tuple of (str, str)
        Name and reason of each combination that was left out.
    """

    skipped: tuple[tuple[str, str], ...] = ()


def grid(base: Definition, options: Mapping[str, Sequence[Any]]) -> Grid:
    """Give one definition for every combination of the listed options.

    Parameters
    ----------
    base : Definition
        What holds wherever no option says otherwise.
    options : mapping of str to sequence
        Names to the values to try. A name is the path of an option, such as "baseline.scheme" or
        "relapses.free.event"; a whole part, such as "relapses.free"; or "rule", the thresholds of the one
        outcome: "A" to "D" (`EDSS_RULES`), a ChangeRule, or a pair of them (worsening, improvement). One
        Window stands for a tuple of one.

    Returns
    -------
    Grid
        A tuple of definitions in the order of the options, the last changing fastest; each is named after
        the base and its values. `skipped` lists the combinations that contradict themselves, with the reason.

    Raises
    ------
    InputError
        When an option is unknown or given twice, or has no value.
    DefinitionError
        When a value is not allowed in any combination, or the base is no definition.

    Examples
    --------
    >>> from ranvier.course.library import CDW_12W
    >>> tried = grid(CDW_12W, {"baseline.scheme": ["fixed", "roving"], "rule": ["A", "B"]})
    >>> [definition.name for definition in tried][:2]
    ['cdw-12w; scheme=fixed; rule=A', 'cdw-12w; scheme=fixed; rule=B']
    >>> tried = grid(
    ...     CDW_12W,
    ...     {"baseline.scheme": ["fixed", "roving"], "baseline.sub_threshold": ["none", "any"]},
    ... )
    >>> len(tried), tried.skipped[0][1]
    (3, 'a fixed baseline cannot move after changes below the threshold.')
    """
    if not isinstance(base, Definition):
        raise DefinitionError(f"{base!r} is no definition; give a course.Definition.")
    _check(base, options)
    shorts = _shorts(list(options))
    labels = {path: _labels(values) for path, values in options.items()}
    kept: list[Definition] = []
    refused: list[tuple[dict[str, int], str, str]] = []
    worked: set[tuple[str, int]] = set()
    for places in itertools.product(*(range(len(values)) for values in options.values())):
        chosen = dict(zip(options, places, strict=True))
        words = [f"{shorts[path]}={labels[path][place]}" for path, place in chosen.items()]
        name = "; ".join([base.name, *words])
        tree: dict[str, Any] = {}
        try:
            for path, place in chosen.items():
                _plant(tree, path, options[path][place], base)
            kept.append(_grown(base, tree | {"name": name}))
        except (DefinitionError, InputError) as error:
            refused.append((chosen, name, str(error)))
        else:
            worked.update(chosen.items())
    for path, values in options.items():
        for place, value in enumerate(values):
            if (path, place) not in worked:
                why = next(reason for chosen, _, reason in refused if chosen[path] == place)
                raise DefinitionError(f"{path} = {value!r} fits no combination: {why}")
    made = Grid(kept)
    made.skipped = tuple((name, reason) for _, name, reason in refused)
    return made


def _check(base: Definition, options: Mapping[str, Sequence[Any]]) -> None:
    """Refuse options that do not exist, have no values, or hold one another."""
    known = [RULE, *_paths(base)]
    for path, values in options.items():
        if path not in known:
            tails = {tail.rsplit(".", 1)[-1]: tail for tail in reversed(known)}
            close = suggest(path, known) or tails.get(suggest(path, tails) or "")
            hint = f" Did you mean {close!r}?" if close else ""
            raise InputError(f"unknown option {path!r}; use one of {known}.{hint}")
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise InputError(f"option {path!r} has the values {values!r}; give a list of one or more.")
        if any(values[place] in values[:place] for place in range(1, len(values))):
            raise InputError(f"option {path!r} lists a value twice: {[label(value) for value in values]}.")
    for one, two in itertools.permutations(options, 2):
        if f"{two}.".startswith(f"{one}.") or {one, two} == {RULE, "outcomes"}:
            raise InputError(f"option {two!r} lies in {one!r}; give one of the two.")


def _paths(part: Any, prefix: str = "") -> Iterator[str]:
    """Name every option of a definition, parts before what they hold."""
    for field in dataclasses.fields(part):
        if prefix or field.name not in WORDS:
            path = f"{prefix}{field.name}"
            yield path
            value = getattr(part, field.name)
            if dataclasses.is_dataclass(value):
                yield from _paths(value, f"{path}.")


def _shorts(paths: list[str]) -> dict[str, str]:
    """Give the last word of each path, or the whole path where two end alike."""
    tails = [path.rsplit(".", 1)[-1] for path in paths]
    return {path: tail if tails.count(tail) == 1 else path for path, tail in zip(paths, tails, strict=True)}


def _plant(tree: dict[str, Any], path: str, value: Any, base: Definition) -> None:
    """Put one value in its place in the tree of changes."""
    if path == RULE:
        path, value = "outcomes", _outcomes(base, value)
    if isinstance(value, Window) and path == "confirmation.windows":
        value = (value,)
    *parts, last = path.split(".")
    for part in parts:
        tree = tree.setdefault(part, {})
    tree[last] = value


def _outcomes(base: Definition, value: Any) -> tuple[Outcome, ...]:
    """Give the outcome of the base other thresholds."""
    if len(base.outcomes) != 1:
        raise DefinitionError(f"definition {base.name!r} has several outcomes; vary 'outcomes', not 'rule'.")
    if isinstance(value, str):
        require_choice("rule", value, EDSS_RULES)
        value = EDSS_RULES[value]
    worse, better = value if isinstance(value, tuple) else (value, None)
    if not isinstance(worse, ChangeRule):
        raise DefinitionError(
            f"{worse!r} is no rule of change; use one of {list(EDSS_RULES)} or a ChangeRule."
        )
    return (Outcome(column=base.outcomes[0].column, worsening=worse, improvement=better),)


def _grown(part: Any, tree: Mapping[str, Any]) -> Any:
    """Rebuild a part with all its changes at once: one alone may contradict what another will change."""
    changes = {}
    for name, value in tree.items():
        old = getattr(part, name)
        new = _grown(old, value) if isinstance(value, dict) else value
        if dataclasses.is_dataclass(old) and type(new) is not type(old):
            raise DefinitionError(f"{name} is {new!r}; it must be a {type(old).__name__}.")
        if isinstance(old, tuple) and not isinstance(new, tuple):
            raise DefinitionError(f"{name} is {new!r}; it must be a tuple.")
        changes[name] = new
    try:
        return dataclasses.replace(part, **changes)
    except (TypeError, AttributeError) as error:
        raise DefinitionError(f"{type(part).__name__} cannot take {changes!r}: {error}.") from error


def label(value: Any) -> str:
    """Say the value of an option in a few signs.

    Parameters
    ----------
    value : object
        A number, a word, or a part of a definition.

    Returns
    -------
    str
        A window is its days with what it may be early and late; days around a visit are before/after.

    Examples
    --------
    >>> label(Window(days=84, left=7)), label(Around(before=90, after=30)), label((30, 0)), label(None)
    ('84-7+', '90/30', '30/0', 'none')
    """
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, Window):
        return f"{value.days}-{value.left}+{'' if value.right is None else value.right}"
    if isinstance(value, Around):
        return "/".join("joined" if days is None else str(days) for days in (value.before, value.after))
    if isinstance(value, Outcome):
        rules = dict.fromkeys([value.worsening.name, value.better_rule.name])
        words = " and ".join(rules)
        return words if words.startswith(value.column) else f"{value.column} {words}"
    if isinstance(value, tuple):
        sign = "/" if all(isinstance(item, int | float) for item in value) else ","
        return sign.join(label(item) for item in value)
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return str(fields.get("name") or ",".join(label(item) for item in fields.values()))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _labels(values: Sequence[Any]) -> list[str]:
    """Give one label per value, numbered where two values would read alike."""
    words = [label(value) for value in values]
    return [
        word if words.count(word) == 1 else f"{word}#{words[:place].count(word) + 1}"
        for place, word in enumerate(words)
    ]


def _leaves(part: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give every option with its value; days around a visit are one option."""
    for field in dataclasses.fields(part):
        if prefix or field.name not in WORDS:
            path, value = f"{prefix}{field.name}", getattr(part, field.name)
            if dataclasses.is_dataclass(value) and not isinstance(value, Around):
                yield from _leaves(value, f"{path}.")
            else:
                yield path, value


def _join(columns: dict[str, list[Any]], part: str) -> None:
    """Make one option of the parts of `part` that vary, unless every combination of them was tried."""
    inside = [path for path in columns if path.startswith(f"{part}.") and len(set(columns[path])) > 1]
    whole = list(zip(*(columns[path] for path in inside), strict=True))
    if len(inside) > 1 and len(set(whole)) < math.prod(len(set(columns[path])) for path in inside):
        for path in inside:
            del columns[path]
        columns[part] = whole


def varied(definitions: Sequence[Definition]) -> dict[str, list[str]]:
    """Give the options in which definitions differ.

    Parameters
    ----------
    definitions : sequence of Definition
        Two or more, otherwise nothing varies.

    Returns
    -------
    dict of str to list of str
        Path of the option to the label of each definition; options that always change together are one,
        their paths joined by " & ". The intervals of `relapses.free` are one
        option unless every combination of them was tried.

    Examples
    --------
    >>> from ranvier.course.library import CDW_12W, CDW_24W
    >>> varied([CDW_12W, CDW_24W])
    {'confirmation.windows': ['84-7+730', '168-7+730']}
    """
    columns: dict[str, list[Any]] = {}
    for definition in definitions:
        for path, value in _leaves(definition):
            columns.setdefault(path, []).append(value)
    _join(columns, "relapses.free")
    together: dict[tuple[int, ...], list[tuple[str, list[str]]]] = {}
    for path, values in columns.items():
        unique = list(dict.fromkeys(values))
        codes = {value: place for place, value in enumerate(unique)}
        if len(unique) > 1:
            pattern = tuple(codes[value] for value in values)
            words = _labels(unique)
            together.setdefault(pattern, []).append((path, [words[code] for code in pattern]))
    return {
        " & ".join(path for path, _ in group): [
            " & ".join(words) for words in zip(*(column for _, column in group), strict=True)
        ]
        for group in together.values()
    }
