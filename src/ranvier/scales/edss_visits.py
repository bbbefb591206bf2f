"""EDSS of a table of visits, with the deciding rule of each and the differences from the examiner."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, suggest
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut, plural
from ranvier.scales.edss_rules import SYSTEMS, EdssRules, Scoring
from ranvier.scales.edss_scoring import INCOMPLETE, Sheets, decision_table, decisions
from ranvier.tables import EDSS_STEPS, FINDING_SCHEMA

__all__ = ["edss"]

RECORDED, NOT_KNOWN = "recorded", "not-known"
SENTENCES = {
    RECORDED: "recorded by the examiner; grades incomplete",
    NOT_KNOWN: "not known: grades incomplete and nothing recorded by the examiner",
}
COLUMNS = ("subject", "day", *SYSTEMS, "ambulation")
REFERENCES = (
    "Kurtzke JF (1983). Neurology 33:1444-1452. doi:10.1212/wnl.33.11.1444",
    "Neurostatus-EDSS definitions 04/10.2 and scoring table 04/10.3, neurostatus.net",
)


def edss(
    visits: Any, *, ambulation_coding: str, scheme: str = "neurostatus", rules: EdssRules | None = None
) -> Derivation:
    """Give the EDSS of each visit, with the rule that decided it.

    Parameters
    ----------
    visits : dataframe
        Any dataframe that narwhals knows, one row per subject and day, with the columns subject, day, visual,
        brainstem, pyramidal, cerebellar, sensory, bowel_bladder, cerebral (raw grades) and ambulation (code).
        Optional columns: edss (what the examiner wrote) and row (line number in the source file). Null is
        missing; further columns are ignored.
    ambulation_coding : {"0-16", "0-12"}
        Which ambulation codes are used; there is no default.
    scheme : {"neurostatus", "kurtzke1983"}
        The edition of the scale.
    rules : EdssRules, optional
        The reading of the three disputed rules; that of the scheme when None.

    Returns
    -------
    Derivation
        `table`, in the order of the visits: subject, day, edss (derived where it can be derived, else
        recorded), edss_derived, edss_recorded, source ("derived", "recorded" or null) and rule (in words).
        `findings` has one query "edss-differs" for each visit where the examiner's EDSS is not the derived
        one. `reasons` says each reason code of the trace in words.
        `trace` has one row per visit; `definition` is the scoring in force.

    Raises
    ------
    InputError
        When a column is missing, or a grade, a code, a day or a recorded EDSS is not an allowed value.

    See Also
    --------
    edss_step : the same scoring of plain arrays.

    Examples
    --------
    >>> import polars as pl
    >>> from ranvier.scales import edss
    >>> visits = pl.DataFrame({
    ...     "subject": ["P01", "P01"], "day": [0, 84], "visual": [1, 1], "brainstem": [0, 0],
    ...     "pyramidal": [3, 4], "cerebellar": [2, 3], "sensory": [2, 2], "bowel_bladder": [1, 1],
    ...     "cerebral": [0, 0], "ambulation": [1, 2], "edss": [3.5, 4.0],
    ... })
    >>> scored = edss(visits, ambulation_coding="0-16")
    >>> scored.table["edss"].to_list()
    [3.5, 4.5]
    >>> print(scored.explain("P01"))
    day 0, score EDSS: 3.5 — one grade 3 and one or two grade 2 give 3.5
    day 84, score EDSS: 4.5 — one grade 4 and one or two grade 3 give 4.5
    >>> scored.findings["message"].to_list()
    ['The examiner recorded EDSS 4.0, but one grade 4 and one or two grade 3 give 4.5.']
    """
    scoring = Scoring(ambulation_coding=ambulation_coding, scheme=scheme, rules=rules)
    given = _columns(visits)
    table, reasons, sentences = _score(given, scoring)
    findings = _differences(table, given["row"])
    unknown = int(table["source"].null_count())
    recorded = int((table["source"] == RECORDED).sum())
    derived = table.height - recorded - unknown
    method = (
        f"{plural(derived, 'EDSS', 'EDSS')} derived from the seven functional-system grades (visual and "
        f"bowel/bladder converted where the scheme says so) and the {ambulation_coding} ambulation code by "
        f"{scoring.title}; {recorded} taken as the examiner recorded them, because grades are incomplete. "
        f"The examiner's EDSS differs from the derived one at {plural(findings.height, 'visit')}."
    )
    trace = pl.DataFrame(
        {
            "subject": table["subject"],
            "day": table["day"],
            "step": pl.repeat("score EDSS", table.height, eager=True, dtype=pl.String),
            "outcome": _step_text(table["edss"]),
            "reason": reasons,
        },
        schema=TRACE_SCHEMA,
    )
    return Derivation(
        name="EDSS",
        table=table,
        method=method,
        trace=trace,
        reasons=sentences,
        definition=scoring,
        findings=findings,
        left_out=(LeftOut(n=unknown, reason="visits with incomplete grades and no recorded EDSS"),),
        references=REFERENCES,
    )


def _score(given: pl.DataFrame, scoring: Scoring) -> tuple[pl.DataFrame, pl.Series, dict[str, str]]:
    """Give the scored table, the reason code of each row, and the sentence of each code."""
    decided = decision_table(scoring)
    number = _decision_numbers(given, scoring)
    known = ~np.isnan(decided.steps)
    derived = pl.Series("edss_derived", decided.steps).fill_nan(None).gather(number)
    recorded = given["edss"]
    # Two more "decisions" for the rows without a derived EDSS, so that one look-up serves codes and words.
    codes = pl.Series([*decided.reasons, RECORDED, NOT_KNOWN])
    sentences = {**decided.sentences, **SENTENCES}
    del sentences[INCOMPLETE]
    words = pl.Series([sentences.get(code) for code in codes])
    sources = pl.Series([*("derived" if yes else None for yes in known), RECORDED, None], dtype=pl.String)
    has_record = recorded.is_not_null().to_numpy()
    number = np.where(known[number], number, np.where(has_record, known.size, known.size + 1))
    table = pl.DataFrame(
        {
            "subject": given["subject"],
            "day": given["day"],
            "edss": derived.zip_with(derived.is_not_null(), recorded),
            "edss_derived": derived,
            "edss_recorded": recorded,
            "source": sources.gather(number),
            "rule": words.gather(number),
        }
    )
    return table, codes.gather(number), sentences


def _decision_numbers(given: pl.DataFrame, scoring: Scoring) -> NDArray[np.intp]:
    """Give the decision number of each row."""

    def where(name: str, place: tuple[int, ...]) -> str:
        subject, day = given["subject"][place[0]], given["day"][place[0]]
        return f"visits, subject {subject!r}, day {day}: {name}"

    items = {name: given[name] for name in (*SYSTEMS, "ambulation")}
    number = np.empty(given.height, dtype=np.intp)
    for block, decision in decisions(Sheets.read(items, scoring, where), scoring):
        number[block] = decision
    return number


def _columns(visits: Any) -> pl.DataFrame:
    """Give the needed columns as polars, with their types checked and edss and row added when absent."""
    try:
        frame = nw.from_native(visits)
    except TypeError:
        raise InputError(
            f"visits is a {type(visits).__name__}; give a dataframe (polars, pandas, pyarrow)."
        ) from None
    eager = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    table = eager.to_polars()
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        spare = [name for name in table.columns if name not in COLUMNS]
        hints = [f"{close!r} for {name!r}" for name in missing if (close := suggest(name, spare))]
        hint = f" Did you mean {', '.join(hints)}?" if hints else ""
        raise InputError(f"visits lacks the columns {missing}; it has {table.columns}.{hint}")
    optional = [
        table[name] if name in table.columns else pl.Series(name, [None] * table.height)
        for name in ("edss", "row")
    ]
    given = table.select(COLUMNS).with_columns(optional)
    return given.with_columns(
        given["subject"].cast(pl.String), _days(given["day"]), _recorded(given), given["row"].cast(pl.Int64)
    )


def _days(day: pl.Series) -> pl.Series:
    """Give the days as whole numbers, or say which is not."""
    if day.dtype.is_integer() or day.dtype == pl.Null:
        return day.cast(pl.Int64)
    if not day.dtype.is_float():
        raise InputError(f"visits: column 'day' holds {day.dtype}; give whole days from the trial's day 0.")
    day = day.fill_nan(None)
    broken = day.filter(day != day.floor())
    if broken.len():
        raise InputError(f"visits: column 'day' holds {broken[0]:g}; give whole days from the trial's day 0.")
    return day.cast(pl.Int64)


def _recorded(given: pl.DataFrame) -> pl.Series:
    """Give the examiner's EDSS, or say which is not a step of the scale."""
    recorded = given["edss"]
    if not (recorded.dtype.is_numeric() or recorded.dtype == pl.Null):
        raise InputError(
            f"visits: column 'edss' holds {recorded.dtype}; give numbers, or null when not recorded."
        )
    recorded = recorded.cast(pl.Float64).fill_nan(None)
    wrong = given.filter(~recorded.is_in(EDSS_STEPS))
    if wrong.height:
        subject, day, value = wrong["subject"][0], wrong["day"][0], wrong["edss"][0]
        raise InputError(
            f"visits, subject {subject!r}, day {day}: edss is {value:g}; allowed are 0 and 1.0 to 10.0 in "
            "half steps, or null when not recorded. Correct the value, or leave it out."
        )
    return recorded


def _differences(table: pl.DataFrame, row: pl.Series) -> pl.DataFrame:
    """Give one query for each visit where the examiner's EDSS is not the derived one."""
    differs = table.with_columns(row).filter(pl.col("edss_recorded") != pl.col("edss_derived"))
    value, derived = _step_text(differs["edss_recorded"]), _step_text(differs["edss_derived"])
    return differs.select(
        rule=pl.lit("edss-differs"),
        severity=pl.lit("query"),
        file=pl.lit("visits"),
        row="row",
        subject="subject",
        day="day",
        column=pl.lit("edss"),
        value=value,
        message=pl.format("The examiner recorded EDSS {}, but {}.", value, "rule"),
        allowed=derived,
        advice=pl.lit(
            "Compare grades, ambulation code and EDSS with the score sheet; correct what is wrong."
        ),
    ).cast(pl.Schema(FINDING_SCHEMA))


def _step_text(steps: pl.Series) -> pl.Series:
    """Write EDSS steps with one decimal, "not known" where null."""
    texts = pl.Series([*(f"{half / 2:.1f}" for half in range(21)), "not known"])
    return texts.gather((steps * 2).fill_null(21).cast(pl.UInt32))
