"""What is wrong with, or deserves care in, the numbers of one claim by themselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ranvier.evidence import (
    PRINTED_SCALES,
    Registry,
    Study,
    implied_patients,
    interval_place,
    possible_percent,
)
from ranvier.evidence.printed_numbers import IMPLIED_TIMES, OFF_CENTRE
from ranvier.result import json_ready, number, percent
from ranvier.stats import proportion
from ranvier.tables import EDSS_STEPS
from ranvier.verdict.claims import Claim, Claims
from ranvier.verdict.findings import plain, share_text
from ranvier.verdict.outcomes import OUTCOMES
from ranvier.verdict.sentences import say
from ranvier.verdict.summary import FEW_PATIENTS, StudySummary

__all__ = ["NUMBER_LINTS", "Context", "Lint", "lint"]


@dataclass(frozen=True, kw_only=True)
class Lint:
    """One thing found in a claim.

    Parameters
    ----------
    code : str
        Short fixed name.
    severity : {"wrong", "care"}
        Wrong: it cannot be as said. Care: it stands, and needs the sentence beside it.
    sentence : str
        What was found, with its number.
    value : float, optional
        The number that decided.
    """

    code: str
    severity: str
    sentence: str
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a claim is held against: registry, the other claims, the studies it speaks of, the level."""

    registry: Registry
    claims: Claims
    summaries: tuple[StudySummary, ...]
    level: float

    @property
    def studies(self) -> tuple[Study, ...]:
        """Give the studies that the claim speaks of."""
        return tuple(summary.study for summary in self.summaries)


Rule = Callable[[Claim, Context], Lint | None]


def lint(code: str, severity: str, decided: float | None, **values: Any) -> Lint:
    """Make a lint from the sentence `lint_<code>`.

    Parameters
    ----------
    code, severity
        As in `Lint`.
    decided : float or None
        The number that decided.
    **values
        What stands in the braces of the sentence.

    Returns
    -------
    Lint
        The lint.
    """
    return Lint(code=code, severity=severity, value=decided, sentence=say(f"lint_{code}", **values))


def percent_of_n(claim: Claim, _context: Context) -> Lint | None:
    """Find a percentage that no whole number of patients gives."""
    if claim.percent is None or claim.n is None:
        return None
    if claim.kind == "pooled" and claim.events is None:
        return None  # a pooled percentage is a weighted mean, not a count of patients
    possible, nearest = possible_percent(claim.percent, claim.n, events=claim.events)
    if possible:
        return None
    share = percent(nearest / claim.n)
    return lint(
        "percent",
        "wrong",
        claim.percent,
        percent=f"{claim.percent:g}",
        n=claim.n,
        events=nearest,
        share=share,
    )


def sum_of_parts(claim: Claim, context: Context) -> Lint | None:
    """Find better, unchanged and worse that do not add up to the patients."""
    kinds = ("responders", "stable", "worse")
    if claim.kind not in kinds or claim.domain != "edss":
        return None
    parts = [
        other
        for other in context.claims.claims
        if other.kind in kinds and other.studies == claim.studies and other.domain == "edss"
    ]
    whole = max(part.n or 0 for part in parts)
    total = sum(part.events or 0 for part in parts)
    counted = {part.kind for part in parts if part.events is not None}
    if len(counted) < 2 or len(parts) != len({part.kind for part in parts}):
        return None
    if total == whole or (len(counted) < len(kinds) and total < whole):  # the rest may be of the third kind
        return None
    return lint("sum", "wrong", total, total=total, n=whole)


def implied_n(claim: Claim, _context: Context) -> Lint | None:
    """Find an interval so narrow that it would need ten times the patients."""
    if claim.low is None or claim.high is None or claim.percent is None or claim.n is None:
        return None
    if not claim.low < claim.high <= 100 or claim.low < 0:
        return None
    implied = implied_patients(claim.percent, claim.low, claim.high, level=claim.level or 0.95)
    if implied < IMPLIED_TIMES * claim.n:
        return None
    return lint("implied_n", "wrong", implied, implied=round(implied), n=claim.n, **_bounds(claim))


def centring(claim: Claim, _context: Context) -> Lint | None:
    """Find a value far off the middle of its interval, on the scale on which intervals are even."""
    printed = next((name for name in PRINTED_SCALES if getattr(claim, name) is not None), None)
    if claim.low is None or claim.high is None or printed is None or claim.low == claim.high:
        return None
    value: float = getattr(claim, printed)
    if beyond(claim, _context) is not None or (printed == "ratio" and value < 0):
        return None
    place = interval_place(value, claim.low, claim.high, scale=printed)
    if place is None or OFF_CENTRE <= place <= 1 - OFF_CENTRE:
        return None
    if printed == "percent":
        return lint("centring", "wrong", value, value=f"{value:g}", **_bounds(claim))
    where = PRINTED_SCALES[printed].partition(", ")[2]
    return lint(
        "centring_scale", "wrong", value, scale=printed, value=f"{value:g}", where=where, **_bounds(claim)
    )


def _bounds(claim: Claim) -> dict[str, str]:
    return {"low": f"{claim.low:g}", "high": f"{claim.high:g}"}


def beyond(claim: Claim, _context: Context) -> Lint | None:
    """Find bounds that no percentage or ratio can have."""
    if claim.low is None or claim.high is None or (claim.percent is None and claim.ratio is None):
        return None
    top = math.inf if claim.percent is None else 100
    if claim.low >= 0 and claim.high <= top:
        return None
    return lint("beyond", "wrong", claim.low if claim.low < 0 else claim.high, **_bounds(claim))


def interval_level(claim: Claim, _context: Context) -> Lint | None:
    """Find an interval without a level, or at another level than 95 %."""
    if claim.low is None:
        return None
    if claim.level is None:
        return lint("level_unknown", "care", None, **_bounds(claim))
    if claim.level == 0.95:
        return None
    looks = "narrower" if claim.level < 0.95 else "wider"
    return lint("level", "care", claim.level, level=f"{100 * claim.level:g}", looks=looks, **_bounds(claim))


def not_an_edss(claim: Claim, _context: Context) -> Lint | None:
    """Find an EDSS that no patient can have, so that it must be a mean."""
    if claim.outcome not in ("edss_mean", "edss_change") or claim.before is None or claim.after is None:
        return None
    odd = [value for value in (claim.before, claim.after) if value not in EDSS_STEPS]
    if not odd:
        return None
    return lint("not_edss", "care", odd[0], values=" and ".join(plain(value) for value in odd))


def zero_events(claim: Claim, context: Context) -> Lint | None:
    """Give the bound that zero events leave."""
    if claim.events != 0 or claim.n is None:
        return None
    high = proportion(0, claim.n, level=context.level).high
    return lint("zero", "care", high, n=claim.n, high=percent(high))


def few_patients(claim: Claim, context: Context) -> Lint | None:
    """Give the width of the interval where there are few patients."""
    if not claim.events or claim.n is None or claim.n >= FEW_PATIENTS:
        return None
    share = proportion(claim.events, claim.n, level=context.level)
    width = 100 * (share.high - share.low)
    return lint("few", "care", width, n=claim.n, unit=claim.unit, width=number(width, digits=0))


def subgroup_only(claim: Claim, context: Context) -> Lint | None:
    """Find a share of a subgroup where everybody should be counted."""
    treated = context.studies[0].n_treated if len(context.studies) == 1 else None
    if claim.subgroup is None or claim.events is None or claim.n is None or not treated or treated <= claim.n:
        return None
    share = proportion(claim.events, treated, level=context.level)
    return lint(
        "subgroup",
        "care",
        share.value,
        events=claim.events,
        n=claim.n,
        subgroup=claim.subgroup,
        treated=treated,
        share=share_text(share),
    )


def counts_of_what(claim: Claim, _context: Context) -> Lint | None:
    """Find a denominator that does not count patients."""
    if claim.unit == "patients" or claim.n is None:
        return None
    return lint("unit", "wrong", claim.n, n=claim.n, unit=claim.unit)


def undefined(claim: Claim, _context: Context) -> Lint | None:
    """Find a response that nobody defined."""
    if claim.kind not in ("responders", "stable", "worse") or claim.definition or claim.outcome is None:
        return None
    return lint("definition", "care", None, outcome=OUTCOMES[claim.outcome].words)


NUMBER_LINTS: dict[str, Rule] = {
    "percent": percent_of_n,
    "sum": sum_of_parts,
    "implied_n": implied_n,
    "centring": centring,
    "beyond": beyond,
    "level": interval_level,
    "not_edss": not_an_edss,
    "subgroup": subgroup_only,
    "unit": counts_of_what,
    "zero": zero_events,
    "few": few_patients,
    "definition": undefined,
}
"""Lints on the numbers of a claim, by code, in the order in which they are printed."""
