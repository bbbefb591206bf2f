"""Checks of a table of studies before it is pooled: what cannot be right, and what deserves care."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.evidence._study_cells import as_frame, study_names
from ranvier.evidence.effect_sizes import MEASURE_CODES
from ranvier.evidence.printed_numbers import (
    IMPLIED_TIMES,
    OFF_CENTRE,
    implied_patients,
    interval_place,
    possible_percent,
)
from ranvier.evidence.visit_correlation import EDSS_CORRELATION, NAMED_CORRELATIONS
from ranvier.tables import FINDING_SCHEMA, Rule
from ranvier.trial import DESIGNS

__all__ = ["STUDY_RULES", "check_studies"]

PARTS = ("improved", "stable", "worse")
TWO_ARMS = ("RR", "OR", "RD", "PETO", "IRR", "IRD", "MD", "SMD", "ROM")
"""Codes of the measures that compare two arms."""
CHANGES = ("MC", "SMCC", "SMCR", "SMCRH")
"""Codes of the measures of a change in one arm."""

_RULES = (
    Rule(
        id="unit-mixed",
        severity="error",
        message="The denominators of these studies count different things.",
        advice="Pool patients only; give patient-cycles, eyes or injections a table of their own.",
        allowed="one unit in all rows, patients as a rule",
    ),
    Rule(
        id="unit-not-patients",
        severity="query",
        message="The denominator does not count patients, so that the interval is too narrow.",
        advice="Use the counts of patients, or say beside the result what was counted.",
        allowed="patients",
    ),
    Rule(
        id="percent-of-n",
        severity="error",
        message="No whole number of patients gives this percentage, or not the count beside it.",
        advice="Look up count and denominator in the source; often the percentage is of others.",
    ),
    Rule(
        id="sum-of-parts",
        severity="error",
        message="Improved, stable and worse do not add up to n.",
        advice="Look up the four numbers; patients without a result belong neither to a part nor to n.",
    ),
    Rule(
        id="overlap",
        severity="error",
        message="Another study of the same overlap group stands above: the same patients would count twice.",
        advice="Keep one study of each group, or empty overlap_group where the patients are known to differ.",
    ),
    Rule(
        id="study-twice",
        severity="query",
        message="This study stands more than once; its rows are not independent.",
        advice="Put its arms together, or split a control group that is shared.",
    ),
    Rule(
        id="rct-as-single-arm",
        severity="query",
        message="The study had controls, and one arm of it is used alone: the comparison is thrown away.",
        advice="Use a measure of two arms, such as risk ratio, with the columns of the control arm.",
    ),
    Rule(
        id="registered-n",
        severity="query",
        message="More patients were registered than were reported.",
        advice="Say how many are not accounted for, and ask the authors.",
    ),
    Rule(
        id="blank-as-zero",
        severity="query",
        message="A count of 0 without the words of its source may mean that nothing was reported.",
        advice="Write the words of the source in the column statement, or empty the count.",
    ),
    Rule(
        id="certainty-d",
        severity="error",
        message="This row is believed wrong (certainty D).",
        advice="Leave it out; it is kept only to show why.",
        allowed="A, B, or C with a mark",
    ),
    Rule(
        id="certainty-c",
        severity="query",
        message="This row was read in a secondary source only (certainty C).",
        advice="Look it up in the report of the study, or show the result with and without it.",
        allowed="A or B",
    ),
    Rule(
        id="interval-level",
        severity="query",
        message="This interval is not at 95 %, so that it looks narrower or wider than others.",
        advice="Take its level into account when it is turned into a variance; a range is no interval.",
        allowed="95",
    ),
    Rule(
        id="correlation-default",
        severity="query",
        message="The change needs the correlation of before and after, which is not given: a convention for "
        "the EDSS enters.",
        advice="Look up sd_change, or the correlation; else show the pool with 0.3 to 0.9 "
        "(sensitivity_to_correlation).",
    ),
    Rule(
        id="percent-beyond",
        severity="error",
        message="A percentage or its bound is below 0 or above 100, or the bounds are exchanged.",
        advice="Look up the three numbers; write percentages, not shares, and the lower bound first.",
        allowed="from 0 to 100",
    ),
    Rule(
        id="implied-n",
        severity="error",
        message=f"This interval would need more than {IMPLIED_TIMES} times the patients.",
        advice="Look it up: it may be of another analysis, or the interval of something else.",
    ),
    Rule(
        id="centring",
        severity="error",
        message="The percentage lies far off the middle of its interval, or outside it.",
        advice="Look up the three numbers; one of them is probably misprinted.",
    ),
)
STUDY_RULES: dict[str, Rule] = {rule.id: rule for rule in _RULES}
"""Every check of a table of studies, by its id."""


def check_studies(
    data: Any, *, measure: str | None = None, by: str | None = None, file: str = "studies"
) -> pl.DataFrame:
    """Give everything in a table of studies that cannot be right or deserves care.

    Parameters
    ----------
    data : dataframe or mapping of columns
        One row per study, as for `effect_size`. Looked at where they stand: study, events, n, and the same
        with `_control`; percent, low, high (the share events / n and its interval, in percent), level (of
        that interval, 95 or 0.95); improved, stable, worse (patients); unit (what n counts); overlap_group;
        design, one of `ranvier.trial.DESIGNS`; n_controls (patients in control arms); n_registered;
        n_treated; certainty (A to D); statement (words of the source on a count of 0); `row` (number of the
        row in a file).
    measure : str, optional
        One of `MEASURE_CODES`; a randomised study is a finding only under a measure of one arm, or when None.
    by : str, optional
        A column; studies are compared with those of the same group only, as each group is pooled by itself.
    file : str
        Name of the file, for the findings.

    Returns
    -------
    polars.DataFrame
        Columns of `ranvier.tables.FINDING_SCHEMA`, errors first; the study stands in `subject`.

    Raises
    ------
    InputError
        When the data are no table, or a column that is looked at holds something else than it must.

    Notes
    -----
    aHSCT beside other cells is no finding: `effect_size` refuses such a table. Arrays given to `pool` have no
    cell class, so that nothing can be said about them.

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"study": ["A", "B"], "events": [2, 3], "n": [10, 12], "percent": [20.0, 29.0]}
    >>> rv.evidence.check_studies(trials).select("rule", "subject", "value").rows()
    [('percent-of-n', 'B', '29 % of 12, with the count 3')]
    """
    if measure is not None:
        require_choice("measure", measure, MEASURE_CODES)
    given = as_frame(data)
    frame = given.with_columns(pl.Series("subject", study_names(given)))
    if "row" not in frame.columns:
        frame = frame.with_row_index("row", offset=2).with_columns(pl.col("row").cast(pl.Int64))
    if by is not None:
        require_choice("column to group by", by, given.columns)
    code = None if measure is None else MEASURE_CODES[measure]
    rows = [{**row, "_code": code} for row in frame.iter_rows(named=True)]
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(None if by is None else row[by], []).append(row)
    alone = measure is None or MEASURE_CODES[measure] not in TWO_ARMS
    found = [pl.DataFrame(schema=FINDING_SCHEMA)]
    for rule_id, column, test in _TESTS:
        if rule_id == "rct-as-single-arm" and not alone:
            continue
        values = [_tested(test, row, groups[None if by is None else row[by]], column) for row in rows]
        if any(value is not None for value in values):
            failing = frame.with_columns(pl.Series("_value", values, dtype=pl.String)).drop_nulls("_value")
            rule = STUDY_RULES[rule_id]
            found.append(rule.findings(failing, file=file, column=column, value=pl.col("_value")))
    grave = pl.col("severity") == "error"
    return pl.concat(found).sort(grave, "row", descending=[True, False], maintain_order=True)


Row = dict[str, Any]
Test = Callable[[Row, list[Row]], str | None]


def _tested(test: Test, row: Row, rows: list[Row], column: str) -> str | None:
    """Give the value at fault, None when nothing is; name the cell that cannot be read."""
    try:
        return test(row, rows)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"study {row['subject']!r}, column {column!r}: {problem}; write numbers as numbers, null where "
            "missing."
        ) from problem


def _count(row: Row, name: str) -> float | None:
    """Give a number of a row; None where there is none."""
    value = row.get(name)
    if isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, not a number")
    return None if value is None or math.isnan(value) else float(value)


def _units(row: Row, rows: list[Row]) -> str | None:
    every = {each.get("unit") or "patients" for each in rows}
    unit = row.get("unit") or "patients"
    return unit if len(every) > 1 and unit != "patients" else None


def _unit_alone(row: Row, rows: list[Row]) -> str | None:
    unit = row.get("unit") or "patients"
    return None if unit == "patients" or _units(row, rows) else unit


def _percent(row: Row, _rows: list[Row]) -> str | None:
    percent, n, events = _count(row, "percent"), _count(row, "n"), _count(row, "events")
    if percent is None or not n or not 0 <= percent <= 100:
        return None
    possible, count = possible_percent(percent, int(n), events=None if events is None else int(events))
    if possible:
        return None
    beside = "" if events is None else f", with the count {count}"
    return f"{percent:g} % of {n:g}{beside}"


def _parts(row: Row, _rows: list[Row]) -> str | None:
    parts, n = [_count(row, name) for name in PARTS], _count(row, "n")
    known = [part for part in parts if part is not None]
    if n is None or sum(known) == n or (len(known) < len(PARTS) and sum(known) < n):
        return None
    return f"{' + '.join(f'{part:g}' for part in known)} = {sum(known):g}, n {n:g}"


def _overlap(row: Row, rows: list[Row]) -> str | None:
    group = row.get("overlap_group")
    above = [each for each in rows if each["row"] < row["row"] and each["subject"] != row["subject"]]
    shared = [each["subject"] for each in above if group and each.get("overlap_group") == group]
    return f"{group}: {', '.join(dict.fromkeys(shared))}" if shared else None


def _twice(row: Row, rows: list[Row]) -> str | None:
    above = [each for each in rows if each["row"] < row["row"] and each["subject"] == row["subject"]]
    return str(row["subject"]) if above else None


def _controls(row: Row, _rows: list[Row]) -> str | None:
    controls = _count(row, "n_controls")
    if controls:
        return f"{controls:g} controls"
    design = row.get("design")
    return design if design in DESIGNS and DESIGNS[design] == "randomised" else None


def _registered(row: Row, _rows: list[Row]) -> str | None:
    planned = _count(row, "n_registered")
    treated = _count(row, "n_treated") or _count(row, "n")
    controls = _count(row, "n_controls") or _count(row, "n_control") or 0
    reported = None if treated is None else treated + controls
    if planned is None or reported is None or planned <= reported:
        return None
    return f"{planned:g} registered, {reported:g} reported"


def _blank(row: Row, _rows: list[Row]) -> str | None:
    return "0" if "statement" in row and _count(row, "events") == 0 and not row["statement"] else None


def _certainty(level: str) -> Test:
    return lambda row, _rows: level if row.get("certainty") == level else None


def _level(row: Row, _rows: list[Row]) -> str | None:
    level = row.get("level")
    if level is None or str(level).strip() in ("95", "95.0", "0.95", "95 %", "95%"):
        return None
    return str(level)


def _interval(row: Row) -> tuple[float, float, float] | None:
    """Give the printed percentage with its bounds; bounds without a percentage may be of anything."""
    percent, low, high = (_count(row, name) for name in ("percent", "low", "high"))
    if percent is None or low is None or high is None or _beyond(row, []):
        return None
    return percent, low, high


def _beyond(row: Row, _rows: list[Row]) -> str | None:
    percent, low, high = (_count(row, name) for name in ("percent", "low", "high"))
    if percent is None:
        return None
    numbers = [value for value in (percent, low, high) if value is not None]
    exchanged = low is not None and high is not None and low > high
    if all(0 <= value <= 100 for value in numbers) and not exchanged:
        return None
    return " ".join(f"{value:g}" for value in numbers)


def _implied(row: Row, _rows: list[Row]) -> str | None:
    interval, n = _interval(row), _count(row, "n")
    if interval is None or not n:
        return None
    needed = implied_patients(*interval, level=_share_of_level(row))
    many = f"{needed:.0f}" if math.isfinite(needed) else "endlessly many"
    words = f"{interval[1]:g} to {interval[2]:g} needs {many} patients, there were {n:g}"
    return words if needed >= IMPLIED_TIMES * n else None


def _share_of_level(row: Row) -> float:
    """Give the level of an interval as a share; 0.95 where it is not a number, such as a range."""
    try:
        level = float(str(row.get("level") or 95).replace("%", ""))
    except ValueError:
        return 0.95
    share = level / 100 if level > 1 else level
    return share if 0 < share < 1 else 0.95


def _centre(row: Row, _rows: list[Row]) -> str | None:
    interval = _interval(row)
    if interval is None:
        return None
    place = interval_place(*interval, scale="percent")
    words = f"{interval[0]:g} in {interval[1]:g} to {interval[2]:g}"
    return None if place is None or OFF_CENTRE <= place <= 1 - OFF_CENTRE else words


def _correlation(row: Row, _rows: list[Row]) -> str | None:
    # The spread of the change makes a correlation needless, but for SMCR, whose variance holds r itself.
    enough = ("correlation",) if row["_code"] == "SMCR" else ("correlation", "sd_change")
    given = [_count(row, name) for name in enough]
    scale = str(row.get("scale") or "").strip().casefold()
    if (
        row["_code"] not in CHANGES
        or scale != NAMED_CORRELATIONS["edss"].scale.casefold()
        or any(each is not None for each in given)
    ):
        return None
    return f"{EDSS_CORRELATION:g} stands in"


_TESTS: tuple[tuple[str, str, Test], ...] = (
    ("unit-mixed", "unit", _units),
    ("unit-not-patients", "unit", _unit_alone),
    ("percent-of-n", "percent", _percent),
    ("sum-of-parts", "n", _parts),
    ("overlap", "overlap_group", _overlap),
    ("study-twice", "study", _twice),
    ("rct-as-single-arm", "design", _controls),
    ("registered-n", "n_registered", _registered),
    ("blank-as-zero", "events", _blank),
    ("certainty-d", "certainty", _certainty("D")),
    ("certainty-c", "certainty", _certainty("C")),
    ("interval-level", "level", _level),
    ("correlation-default", "correlation", _correlation),
    ("percent-beyond", "percent", _beyond),
    ("implied-n", "low", _implied),
    ("centring", "percent", _centre),
)
"""Each check: the rule, the column it is about, and what gives the value at fault."""
