"""What the registry holds about one study, result by result: favourable, unfavourable or neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ranvier.evidence import Registry
from ranvier.result import Estimate, json_ready, number, percent
from ranvier.stats import proportion
from ranvier.verdict.outcomes import OUTCOMES, better_direction
from ranvier.verdict.sentences import say
from ranvier.verdict.serious_counting import is_serious, serious_words, unit_of

__all__ = [
    "Finding",
    "harms",
    "plain",
    "results",
    "series_sentence",
    "share_text",
]

_RISING = ("increase", "higher", "rise")
_FALLING = ("decrease", "lower", "fall")
_MEANS = ("mean", "median", "model mean", "ls mean", "mean or median")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One result of one study, as a sentence with its numbers.

    Parameters
    ----------
    study_id, outcome : str
        Study and outcome (or adverse event).
    sentence : str
        The result in words.
    sign : {"favourable", "unfavourable", "neither"}
        Which list it belongs to.
    source_url, source_type, certainty : str
        Where it was read, and how sure the reading is.
    months : float, optional
        Month of the result.
    events, n : int, optional
        Counts.
    unit : str
        What `n` counts.
    estimate : Estimate, optional
        The share with its exact interval.
    arm : str, optional
        Key of the arm in the registry.
    direction : {"rose", "fell"}, optional
        Where a series went from its first to its last value, or where the source says it went.
    change : float, optional
        Last value of a series less its first.
    """

    study_id: str
    outcome: str
    sentence: str
    sign: str
    source_url: str
    source_type: str
    certainty: str
    months: float | None = None
    events: int | None = None
    n: int | None = None
    unit: str = "patients"
    estimate: Estimate | None = None
    arm: str | None = None
    direction: str | None = None
    change: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


def results(registry: Registry, study_id: str, *, level: float = 0.95) -> tuple[Finding, ...]:
    """Give every result of the arms of one study that needs no second arm to be read.

    Parameters
    ----------
    registry : Registry
        Where to look.
    study_id : str
        Key of the study.
    level : float
        Confidence level.

    Returns
    -------
    tuple of Finding
        In the order of the table; rows believed wrong (certainty D) are left out.
    """
    rows = [row for row in registry.outcomes_of(study_id).iter_rows(named=True) if row["certainty"] != "D"]
    found = [_series(rows, row) if row["statistic"] in _MEANS else _single(row, level) for row in rows]
    return tuple(finding for finding in found if finding is not None)


def _finding(row: dict[str, Any], sentence: str, sign: str, **more: Any) -> Finding:
    if row["source_type"] == "news article":
        sentence = say("read_in_news", sentence=sentence.removesuffix("."))
    return Finding(
        study_id=row["study_id"],
        outcome=row["outcome"],
        sentence=sentence,
        sign=sign,
        source_url=row["source_url"],
        source_type=row["source_type"],
        certainty=row["certainty"],
        months=row["timepoint_months_number"],
        arm=row["arm_id"],
        **more,
    )


def _single(row: dict[str, Any], level: float) -> Finding:
    words = OUTCOMES[row["outcome"]].words
    if row["statistic"] == "count":
        return _count(row, words, level)
    if row["statistic"] == "direction":
        return _direction(row, words)
    if row["value_number"] is None:
        return _finding(row, say("printed_text", outcome=words, value=row["value"]), "neither")
    if row["statistic"] in ("percent", "kaplan_meier_percent"):
        value = plain(row["value_number"])
        return _finding(row, say("printed_share", outcome=words, value=value, when=_when(row)), "neither")
    value = _as_printed(row)
    sign = _sign(row["value_number"], row) if row["statistic"] == "single value" else "neither"
    return _finding(row, say("single", outcome=words, value=value, when=_when(row)), sign)


def _count(row: dict[str, Any], words: str, level: float) -> Finding:
    unit = unit_of(row)
    share = proportion(row["n_events"], row["n"], level=level, quantity=f"share with {words}")
    text = say(
        "count",
        outcome=words,
        events=row["n_events"],
        n=row["n"],
        unit=unit,
        share=share_text(share),
        when=_when(row),
    )
    better = better_direction(row)
    sign = "neither" if better is None or row["n_events"] == 0 else _word(better == "higher")
    return _finding(row, text, sign, events=row["n_events"], n=row["n"], unit=unit, estimate=share)


def _direction(row: dict[str, Any], words: str) -> Finding:
    rising = any(word in row["value"] for word in _RISING)
    falling = any(word in row["value"] for word in _FALLING)
    if rising == falling:
        sign = "favourable" if "improve" in row["value"] else "neither"
        return _finding(row, say("printed_text", outcome=words, value=row["value"] + _p(row)), sign)
    sign = _sign(1.0 if rising else -1.0, row)
    verb = "rose" if rising else "fell"
    text = say("direction", outcome=words, verb=verb, when=_when(row), p=_p(row))
    return _finding(row, text, sign, direction=verb)


def _series(rows: list[dict[str, Any]], row: dict[str, Any]) -> Finding | None:
    """Give first and last of the values of one outcome in one arm, once: at its last month."""
    same = [
        other
        for other in rows
        if (other["outcome"], other["arm_id"]) == (row["outcome"], row["arm_id"])
        and other["statistic"] in _MEANS
        and other["timepoint_months_number"] is not None
        and other["value_number"] is not None
    ]
    if not same or row["outcome"].endswith(("_change", "_difference")):
        return None
    first = min(same, key=lambda other: other["timepoint_months_number"])
    last = max(same, key=lambda other: other["timepoint_months_number"])
    if row is not last or first is last:
        return None
    change = last["value_number"] - first["value_number"]
    moved = None if change == 0 else "rose" if change > 0 else "fell"
    return _finding(
        row,
        series_sentence(first, last),
        _sign(change, row),
        n=last["n"],
        direction=moved,
        change=change,
    )


def series_sentence(first: dict[str, Any], last: dict[str, Any]) -> str:
    """Give two values of one outcome in one arm, the first at the start.

    Parameters
    ----------
    first, last : mapping
        Rows of outcomes with a value and a month.

    Returns
    -------
    str
        One sentence.
    """
    return say(
        "series",
        outcome=OUTCOMES[last["outcome"]].words,
        first=_as_printed(first),
        last=_as_printed(last),
        months=f"{last['timepoint_months_number']:g}",
        n=f" (n={last['n']})" if last["n"] else "",
        p=_p(last),
    )


def _as_printed(row: dict[str, Any]) -> str:
    _, _, decimals = str(row["value"]).partition(".")
    return number(row["value_number"], digits=len(decimals))


def _sign(change: float, row: dict[str, Any]) -> str:
    better = better_direction(row)
    return "neither" if better is None or change == 0 else _word((change > 0) == (better == "higher"))


def plain(value: float) -> str:
    """Write a number with the decimals that it has, at most two.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        Such as "−4" or "0.94".
    """
    digits = next((digits for digits in (0, 1) if round(value, digits) == round(value, 2)), 2)
    return number(value, digits=digits)


def share_text(share: Estimate) -> str:
    """Write a share with its interval, without brackets.

    Parameters
    ----------
    share : Estimate
        The share.

    Returns
    -------
    str
        Such as "20.0 %, 95 % interval 2.5 % to 55.6 %".
    """
    bounds = f"{percent(share.low)} to {percent(share.high)}"
    return f"{percent(share.value)}, {100 * share.level:g} % interval {bounds}"


def _word(good: bool) -> str:
    return "favourable" if good else "unfavourable"


def _when(row: dict[str, Any]) -> str:
    months = row["timepoint_months_number"]
    if months is None or "month not stated" in (row["definition"] or ""):
        return ""
    return f" at {months:g} months"


def _p(row: dict[str, Any]) -> str:
    printed = row["p_value"]
    if not printed:
        return ""
    if printed.startswith("significant"):
        return " (significant, p not seen)"
    return f" (p {printed[0]} {printed[1:]})" if printed[0] in "<>" else f" (p = {printed})"


def harms(registry: Registry, study_id: str, *, level: float = 0.95) -> tuple[Finding, ...]:
    """Give every adverse event that the registry counts in one study.

    Parameters
    ----------
    registry : Registry
        Where to look.
    study_id : str
        Key of the study.
    level : float
        Confidence level.

    Returns
    -------
    tuple of Finding
        Unfavourable when it happened; "neither", with the upper bound, when none was seen.
    """
    arms = {row["arm_id"]: row["label"] for row in registry.arms_of(study_id).iter_rows(named=True)}
    found = []
    for row in registry.safety_of(study_id).iter_rows(named=True):
        unit = unit_of(row)
        share = proportion(
            row["n_events"], row["n_at_risk"], level=level, quantity=f"share with {row['event']}"
        )
        event = f"{row['event']} ({arms[row['arm_id']]})" if len(arms) > 1 else row["event"]
        values = {"event": event, "n": row["n_at_risk"], "unit": unit}
        if row["n_events"] == 0 and is_serious(row):
            values["event"] = serious_words([row])
            text = say("no_serious", **values, high=percent(share.high))
        elif row["n_events"] == 0:
            text = say("no_harm", **values, high=percent(share.high))
        else:
            text = say("harm", **values, events=row["n_events"], share=share_text(share))
        same = row | {"outcome": row["event"], "timepoint_months_number": row["timeframe_months_number"]}
        found.append(
            _finding(
                same,
                text,
                "unfavourable" if row["n_events"] else "neither",
                events=row["n_events"],
                n=row["n_at_risk"],
                unit=unit,
                estimate=share,
            )
        )
    return tuple(found)
