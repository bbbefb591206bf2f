"""EDSS steps from arrays of grades: two small tables built from the rules, and two look-ups a patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError
from ranvier.scales.edss_rules import STEP_RULES, SYSTEMS, EdssRules, Scoring

__all__ = ["edss_step"]

BLOCK = 32_768  # rows scored together: all temporary arrays stay in the cache of one core
UNKNOWN = len(STEP_RULES)  # the rule number that stands for "a grade is missing"
INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Decisions:
    """What follows from each pair of a step rule and an ambulation code.

    `steps[d]` is the EDSS (NaN when not known) and `reasons[d]` the reason code of decision number
    d = rule number * (number of ambulation codes + 1) + ambulation code; the last rule and the last code
    stand for "missing". `sentences` says each reason code in words.
    """

    steps: NDArray[np.float64]
    reasons: tuple[str, ...]
    sentences: Mapping[str, str]


@lru_cache(maxsize=64)
def rule_of_pattern(scoring: Scoring) -> NDArray[np.int16]:
    """Give the number of the step rule of each of the 518,616 patterns of seven raw grades."""
    counts = np.indices((8,) * 5, dtype=np.int8).reshape(5, -1)  # how many grades 5, 4, 3, 2, 1
    rule_of_counts = np.full(counts.shape[1], UNKNOWN, dtype=np.int16)
    for number, rule in enumerate(STEP_RULES):
        fits = [(least <= n) & (n <= most) for n, (least, most) in zip(counts, rule.counts, strict=True)]
        rule_of_counts[np.logical_and.reduce(fits)] = number
    digit = np.array([0, 1, 8, 64, 512, 4096, 4096], dtype=np.int16)  # one octal digit counts one grade
    digits = []
    for system, highest in SYSTEMS.items():
        counted = np.zeros(highest + 1, dtype=np.intp)
        grades = scoring.converted_grades(system)
        counted[: len(grades)] = grades
        digits.append(digit[counted])
    table: NDArray[np.int16] = rule_of_counts[reduce(np.add.outer, digits).ravel()]
    table.setflags(write=False)
    return table


@lru_cache(maxsize=64)
def decision_table(scoring: Scoring) -> Decisions:
    """Give the step, the reason code and the sentence of every decision."""
    steps: list[float] = []
    reasons: list[str] = []
    sentences: dict[str, str] = {INCOMPLETE: "grades incomplete"}
    for rule in (*STEP_RULES, None):
        for walk in (*scoring.walking, None):
            by_grades = None if rule is None else scoring.step(rule)
            if walk is not None and (walk.alone or (by_grades is not None and by_grades < walk.step)):
                step, code = walk.step, f"walk-{walk.code}"
                verb = f"is {step:.1f}" if walk.alone else f"sets at least {step:.1f}"
                lead = "walking decides: code" if walk.alone else "ambulation code"
                sentence = f"{lead} {walk.code} ({walk.words}) {verb}"
            elif walk is not None and rule is not None and by_grades is not None:
                step, code, sentence = by_grades, rule.code, rule.sentence.format(step=f"{by_grades:.1f}")
            else:
                step, code, sentence = np.nan, INCOMPLETE, sentences[INCOMPLETE]
            steps.append(step)
            reasons.append(code)
            sentences[code] = sentence
    return Decisions(np.array(steps), tuple(reasons), sentences)


@dataclass(frozen=True)
class Sheets:
    """Checked score sheets: whole grades as int8, 0 where missing, and where something is missing.

    `grades` are the seven systems in the order of `SYSTEMS`, all flat and equally long; `ambulation` holds
    the code, or the number of codes where it is missing; `incomplete` marks missing grades, None when there
    is none.
    """

    grades: tuple[NDArray[np.int8], ...]
    ambulation: NDArray[np.int8]
    incomplete: NDArray[np.bool_] | None
    shape: tuple[int, ...]

    @classmethod
    def read(
        cls, items: Mapping[str, Any], scoring: Scoring, where: Callable[[str, tuple[int, ...]], str]
    ) -> Sheets:
        """Check and align the eight items of the score sheet; `where` names a place in an error message."""
        highest = {system: len(scoring.converted_grades(system)) - 1 for system in SYSTEMS}
        highest["ambulation"] = len(scoring.walking) - 1
        read = {name: _whole_numbers(items[name], name, highest[name], where) for name in highest}
        try:
            shape = np.broadcast_shapes(*(numbers.shape for numbers, _ in read.values()))
        except ValueError:
            shapes = {name: numbers.shape for name, (numbers, _) in read.items()}
            raise InputError(
                f"grades of shapes {shapes} do not fit together; give equally long arrays."
            ) from None
        flat = {name: np.broadcast_to(numbers, shape).reshape(-1) for name, (numbers, _) in read.items()}
        gaps = {
            name: np.broadcast_to(gap, shape).reshape(-1)
            for name, (_, gap) in read.items()
            if gap is not None
        }
        ambulation = flat.pop("ambulation")
        if (no_code := gaps.pop("ambulation", None)) is not None:
            ambulation = np.where(no_code, np.int8(len(scoring.walking)), ambulation)
        incomplete = reduce(np.logical_or, gaps.values()) if gaps else None
        return cls(tuple(flat.values()), ambulation, incomplete, shape)


def decisions(sheets: Sheets, scoring: Scoring) -> Iterator[tuple[slice, NDArray[np.intp]]]:
    """Give blocks of rows, each with the decision numbers of its rows."""
    table = rule_of_pattern(scoring)
    width = np.int16(len(scoring.walking) + 1)
    for start in range(0, sheets.ambulation.size, BLOCK):
        block = slice(start, start + BLOCK)
        visual, brainstem, pyramidal, cerebellar, sensory, bowel_bladder, cerebral = (
            grades[block] for grades in sheets.grades
        )
        # Pairs of grades fit in 8 bits and triples in 16, where the machine adds many at once.
        first = (visual * np.int8(6) + brainstem).astype(np.int16)
        first *= np.int16(42)
        first += pyramidal * np.int8(6) + cerebellar
        last = (sensory * np.int8(7) + bowel_bladder).astype(np.int16)
        last *= np.int16(6)
        last += cerebral
        pattern = first.astype(np.intp)
        pattern *= 294
        pattern += last
        rule = table[pattern]
        if sheets.incomplete is not None:
            rule[sheets.incomplete[block]] = UNKNOWN
        rule *= width
        rule += sheets.ambulation[block]
        yield block, rule.astype(np.intp)


def edss_step(  # noqa: PLR0913, PLR0917  (the eight items of the score sheet)
    visual: ArrayLike,
    brainstem: ArrayLike,
    pyramidal: ArrayLike,
    cerebellar: ArrayLike,
    sensory: ArrayLike,
    bowel_bladder: ArrayLike,
    cerebral: ArrayLike,
    ambulation: ArrayLike,
    *,
    ambulation_coding: str,
    scheme: str = "neurostatus",
    converted: bool = False,
    rules: EdssRules | None = None,
) -> NDArray[np.float64]:
    """Give the EDSS step of each score sheet.

    Parameters
    ----------
    visual, bowel_bladder : array_like
        Raw grades, whole numbers 0 to 6; with ``converted=True`` converted grades, 0 to 4 and 0 to 5.
    brainstem, cerebellar, cerebral : array_like
        Grades, whole numbers 0 to 5.
    pyramidal, sensory : array_like
        Grades, whole numbers 0 to 6.
    ambulation : array_like
        Ambulation codes, 0 to 16 (16 is death) or, in the older coding, 0 to 13 (13 is death). All eight
        arguments are broadcast against one another; None and NaN are missing.
    ambulation_coding : {"0-16", "0-12"}
        Which ambulation codes are used. There is no default: one coding read as the other is up to 1.5 points
        wrong.
    scheme : {"neurostatus", "kurtzke1983"}
        The edition of the scale. `kurtzke1983` converts no grades, ignores cerebral grade 1, and has no least
        value for code 1.
    converted : bool
        Whether the visual and the bowel/bladder grades are converted already.
    rules : EdssRules, optional
        The reading of the three disputed rules; that of the scheme when None.

    Returns
    -------
    ndarray of float64
        EDSS steps in the broadcast shape (a 0-d array for scalars); NaN where the EDSS is not known.

    Raises
    ------
    InputError
        When a grade is not a whole number in its range, shapes do not fit, or an option is unknown.

    Notes
    -----
    Grades are counted after conversion and the counts looked up in `STEP_RULES`. Ambulation codes 0 to 2 set
    a least value; codes 3 and above decide alone. Code 3 (200–299 m) is 5.0 whatever the grades are, because
    no pattern of grades exceeds 5.0. A missing grade gives NaN unless the ambulation code decides alone. A
    grade of 6 counts as 5: a walking patient with pyramidal grade 6 is 5.0, which is worth a query.

    References
    ----------
    Kurtzke JF (1983). Rating neurologic impairment in multiple sclerosis: an expanded disability status scale
    (EDSS). Neurology 33:1444-1452. doi:10.1212/wnl.33.11.1444
    Neurostatus-EDSS definitions 04/10.2 and scoring table 04/10.3, neurostatus.net.

    Examples
    --------
    A visual grade of 5 converts to 3, so alone it gives 3.0:

    >>> from ranvier.scales import edss_step
    >>> float(edss_step(5, 0, 0, 0, 0, 0, 0, 0, ambulation_coding="0-16"))
    3.0

    Two patients with the same grades; the second walks 350 m:

    >>> edss_step(0, 1, 2, 2, 1, 0, 0, [0, 2], ambulation_coding="0-16")
    array([2.5, 4.5])
    """
    scoring = Scoring(ambulation_coding=ambulation_coding, scheme=scheme, rules=rules, converted=converted)
    given = (visual, brainstem, pyramidal, cerebellar, sensory, bowel_bladder, cerebral, ambulation)
    items = dict(zip((*SYSTEMS, "ambulation"), given, strict=True))
    sheets = Sheets.read(items, scoring, _position)
    steps = decision_table(scoring).steps
    result = np.empty(sheets.ambulation.size)
    for block, decision in decisions(sheets, scoring):
        result[block] = steps[decision]
    return result.reshape(sheets.shape)


def _position(name: str, place: tuple[int, ...]) -> str:
    """Name a place in an array argument."""
    if not place:
        return name
    return f"{name} at position {place[0] if len(place) == 1 else place}"


def _whole_numbers(
    values: Any, name: str, highest: int, where: Callable[[str, tuple[int, ...]], str]
) -> tuple[NDArray[np.int8], NDArray[np.bool_] | None]:
    """Give whole numbers as int8 with 0 for missing, and where they are missing (None when nowhere)."""
    numbers = _numbers(values, name)
    if not numbers.size:
        return numbers.astype(np.int8), None
    missing = None
    if numbers.dtype.kind == "f":
        missing = np.isnan(numbers)
        missing = missing if missing.any() else None
        known = numbers if missing is None else np.where(missing, 0, numbers)
        wrong = (known < 0) | (known > highest) | (known != np.floor(known))
    elif numbers.min() < 0 or numbers.max() > highest:
        known, wrong = numbers, (numbers < 0) | (numbers > highest)
    else:
        return numbers.astype(np.int8, copy=False), None
    if wrong.any():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), numbers.shape))
        raise InputError(
            f"{where(name, place)} is {numbers[place]:g}; allowed are whole numbers from 0 to {highest}, "
            "or null when not known. Correct the score sheet, or leave the value out."
        )
    return known.astype(np.int8), missing


def _numbers(values: Any, name: str) -> NDArray[Any]:
    """Give an array of integers or floats from anything array-like, NaN where missing."""
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        values = series.to_numpy()
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} is not a regular array; give equally long rows of grades.") from None
    if array.dtype.kind == "O":
        array = _from_objects(array, name)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{name} holds values such as {array.ravel().tolist()[0]!r}; give whole numbers.")
    return array


def _from_objects(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Give floats from an array of Python objects, where None is missing."""
    odd = [item for item in array.flat if item is not None and not isinstance(item, int | float | np.number)]
    odd += [item for item in array.flat if isinstance(item, bool)]
    if odd:
        raise InputError(f"{name} holds {odd[0]!r}; give whole numbers, or None when not known.")
    return array.astype(np.float64)
