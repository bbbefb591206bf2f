"""The comparisons between arms that the registry holds for one study, and whether a difference was shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from ranvier.evidence import Registry
from ranvier.result import json_ready, number, percent
from ranvier.stats import proportion
from ranvier.verdict.findings import plain
from ranvier.verdict.outcomes import OUTCOMES, better_direction
from ranvier.verdict.sentences import say
from ranvier.verdict.serious_counting import unit_of

__all__ = ["Contrast", "contrasts", "primary"]

SIGNIFICANT = 0.05
"""The two-sided p value below which a trial's own test is read as a difference."""

_NOT_CONFIRMED = ("n/a", "none stated", "not stated", "not visible")
_RATIOS = ("rate_ratio", "hazard_ratio")


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One comparison between two arms.

    Parameters
    ----------
    study_id, outcome : str
        Study and outcome.
    kind : {"ratio", "difference", "counts", "means", "direction"}
        What was compared.
    sentence : str
        The comparison in words, with its numbers.
    shown : bool
        True when a difference was shown: the interval leaves out no effect; without one, p is below 0.05;
        without p, at least one exact interval leaves out the share of the other arm.
    sign : {"favourable", "unfavourable", "neither"}
        Which way a difference that was shown goes.
    primary, exploratory, confirmed : bool
        Whether the outcome is primary, an exploratory subgroup, and confirmed at a later visit.
    low, high : float, optional
        Bounds of the interval of a ratio or difference.
    unit : str
        What the denominators count.
    n : int, optional
        Denominators of both arms together.
    months : float, optional
        Month of the result.
    source_url, source_type, certainty : str
        Where it was read.
    arm : str
        Label of the treated arm.
    """

    study_id: str
    outcome: str
    kind: str
    sentence: str
    shown: bool
    sign: str
    primary: bool
    exploratory: bool
    confirmed: bool
    source_url: str
    source_type: str
    certainty: str
    unit: str = "patients"
    n: int | None = None
    low: float | None = None
    high: float | None = None
    months: float | None = None
    arm: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


def contrasts(registry: Registry, study_id: str) -> tuple[Contrast, ...]:
    """Give every comparison between a treated arm and a control arm of one study.

    Parameters
    ----------
    registry : Registry
        Where to look.
    study_id : str
        Key of the study.

    Returns
    -------
    tuple of Contrast
        In the order of the table; rows believed wrong (certainty D) are left out.
    """
    arms = {row["arm_id"]: row for row in registry.arms_of(study_id).iter_rows(named=True)}
    controls = [arm for arm, row in arms.items() if row["arm_role"] == "control"]
    rows = [row for row in registry.outcomes_of(study_id).iter_rows(named=True) if row["certainty"] != "D"]
    confirmed = _confirmed(registry, study_id)
    made: list[Contrast] = []
    for row in rows:
        if row["arm_id"] in controls:
            continue
        other = _partner(rows, row, controls)
        control = row["comparator_arm_id"] or (other["arm_id"] if other else None)
        if control in controls:
            found = _contrast(row | {"confirmed": confirmed}, other, arms[control]["label"])
            made += [] if found is None else [replace(found, arm=arms[row["arm_id"]]["label"])]
    return tuple(made)


def primary(found: tuple[Contrast, ...]) -> Contrast | None:
    """Choose the comparison that a study is judged by.

    Parameters
    ----------
    found : tuple of Contrast
        Comparisons of one study.

    Returns
    -------
    Contrast or None
        Not exploratory; marked as primary before unmarked, with an interval before without, then table order.
    """
    usable = [contrast for contrast in found if not contrast.exploratory]
    ordered = sorted(usable, key=lambda contrast: (not contrast.primary, contrast.low is None))
    return ordered[0] if ordered else None


def _confirmed(registry: Registry, study_id: str) -> bool:
    """Say whether an endpoint definition of the study asks for confirmation at a later visit."""
    rules = registry.endpoints.filter(pl.col("study_id") == study_id)["confirmation"].drop_nulls().to_list()
    return any(rule not in _NOT_CONFIRMED for rule in rules)


def _partner(rows: list[dict[str, Any]], row: dict[str, Any], controls: list[str]) -> dict[str, Any] | None:
    """Find the same outcome at the same month in the control arm."""
    wanted = [row["comparator_arm_id"]] if row["comparator_arm_id"] else controls
    for other in rows:
        if other["arm_id"] in wanted and all(
            other[key] == row[key] for key in ("outcome", "timepoint_months", "statistic")
        ):
            return other
    return None


def _contrast(row: dict[str, Any], other: dict[str, Any] | None, control: str) -> Contrast | None:
    if row["statistic"] in _RATIOS:
        return _interval(row, "ratio", 1.0)
    if row["statistic"] == "mean_difference":
        return _interval(row, "difference", 0.0)
    if row["statistic"] == "direction":
        return _direction(row, control)
    if other is None:
        return None
    if row["statistic"] == "count":
        return _counts(row, other, control)
    if row["value_number"] is None or other["value_number"] is None or row["p_value"] is None:
        return None
    return _means(row, other, control)


def _make(row: dict[str, Any], kind: str, sentence: str, shown: bool, change: float, **more: Any) -> Contrast:
    words = " ".join(str(row[key] or "").lower() for key in ("outcome", "definition", "notes"))
    better = better_direction(row)
    good = (change > 0) == (better == "higher")
    sign = (
        "neither" if not shown or better is None or change == 0 else "favourable" if good else "unfavourable"
    )
    exploratory = "subgroup" in words or "exploratory" in words
    return Contrast(
        study_id=row["study_id"],
        outcome=row["outcome"],
        kind=kind,
        sentence=f"{sentence} {say('subgroup')}" if exploratory else sentence,
        shown=shown,
        sign=sign,
        primary="primary" in words,
        exploratory=exploratory,
        confirmed=row["confirmed"] or "months apart" in words,
        source_url=row["source_url"],
        source_type=row["source_type"],
        certainty=row["certainty"],
        unit=unit_of(row),
        months=row["timepoint_months_number"],
        **more,
    )


def _interval(row: dict[str, Any], kind: str, nothing: float) -> Contrast | None:
    low, high, value = row["ci_lo"], row["ci_hi"], row["value_number"]
    if low is None or high is None or value is None:
        return None
    text = say(
        kind,
        outcome=OUTCOMES[row["outcome"]].words,
        value=number(value),
        level=f"{row['ci_level']} %",
        low=number(low),
        high=number(high),
        p=_p(row, ", "),
    )
    if kind == "ratio":
        text = f"{text} {say('ratio_range', low=_relative(low), high=_relative(high))}"
    shown = not low <= nothing <= high
    return _make(row, kind, text, shown, value - nothing, low=low, high=high)


def _relative(ratio: float) -> str:
    return f"{number(100 * abs(1 - ratio), digits=0)} % {'fewer' if ratio < 1 else 'more'}"


def _counts(row: dict[str, Any], other: dict[str, Any], control: str) -> Contrast:
    treated = proportion(row["n_events"], row["n"])
    held = proportion(other["n_events"], other["n"])
    p = p_number(row["p_value"])
    overlap = treated.low <= held.value <= treated.high and held.low <= treated.value <= held.high
    shown = p < SIGNIFICANT if p is not None else not overlap
    unit = unit_of(row)
    text = say(
        "counts",
        outcome=OUTCOMES[row["outcome"]].words,
        events=row["n_events"],
        n=row["n"],
        share=percent(treated.value),
        events_c=other["n_events"],
        n_c=other["n"],
        share_c=percent(held.value),
        control=control,
        p=_p(row, ", "),
        unit="" if unit == "patients" else f"; {unit}, not patients",
    )
    return _make(row, "counts", text, shown, treated.value - held.value, n=row["n"] + other["n"])


def _means(row: dict[str, Any], other: dict[str, Any], control: str) -> Contrast:
    p = p_number(row["p_value"])
    unit = unit_of(row)
    text = say(
        "means",
        outcome=OUTCOMES[row["outcome"]].words,
        value=_with_unit(row),
        value_c=_with_unit(other),
        control=control,
        p=_p(row, ", "),
        unit="" if unit == "patients" else f"; {unit}, not patients",
    )
    shown = p is not None and p < SIGNIFICANT
    return _make(row, "means", text, shown, row["value_number"] - other["value_number"])


def _with_unit(row: dict[str, Any]) -> str:
    share = (row["unit"] or "").startswith("%") or row["outcome"].endswith("_pct_change")
    return plain(row["value_number"]) + (" %" if share else "")


def _direction(row: dict[str, Any], control: str) -> Contrast:
    words, value = OUTCOMES[row["outcome"]].words, row["value"]
    shown = (row["p_value"] or "").startswith("significant")
    if value in ("lower", "higher"):
        text = say("direction_contrast", outcome=words, value=value, control=control, p=_p(row, "; "))
        return _make(row, "direction", text, shown, 1.0 if value == "higher" else -1.0)
    return _make(
        row, "direction", say("direction_trend", outcome=words, value=value, p=_p(row, "; ")), False, 0.0
    )


def p_number(printed: str | None) -> float | None:
    """Read a p value as printed.

    Parameters
    ----------
    printed : str or None
        Such as "0.064", "<0.0001" or "significant (value not seen)".

    Returns
    -------
    float or None
        The number, for "<0.05" just below it; None when no number was printed.
    """
    if printed is None:
        return None
    below = printed.startswith("<")
    try:
        value = float(printed.lstrip("<"))
    except ValueError:
        return None
    return value * (1 - 1e-9) if below else value


def _p(row: dict[str, Any], before: str) -> str:
    printed = row["p_value"]
    if not printed:
        return ""
    if printed.startswith("significant"):
        return f"{before}significant, p not seen"
    return f"{before}p {printed[0]} {printed[1:]}" if printed[0] in "<>" else f"{before}p = {printed}"
