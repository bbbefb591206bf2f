"""What is pooled: one effect and its variance per study, measure by measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["CELLS_LEFT_ALONE", "MEASURES", "PAIRS", "Cells", "Measure", "change_spread"]

Floats = NDArray[np.float64]
Cells = Mapping[str, Floats]
Formula = Callable[[Cells], tuple[Floats, Floats]]
Back = Callable[[Floats], Floats]

CELLS_LEFT_ALONE = "never"
PAIRS = ("both", "first_only", "second_only", "neither")
"""Pairs by who has the event: a patient twice, or two matched patients."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How one measure is computed, named and turned back.

    Parameters
    ----------
    code : str
        Code of the same measure in metafor.
    counts : {"shares", "rates", "two shares", "two rates", "pairs", "means", "changes", "two means"}
        What the table has to hold.
    formula : callable
        Columns to effect and variance.
    back : callable or None
        From the scale that is pooled to one that is read; None when they are the same.
    reads : str
        What the number is after `back`.
    unit : str
        Unit of the number that is read; "share" is printed in percent.
    compares : bool
        Whether 0 on the pooled scale means "no difference" or "no change".
    zero_cells : str
        What is done about zero cells unless the caller says so.
    """

    code: str
    counts: str
    formula: Formula
    reads: str
    back: Back | None = None
    unit: str = ""
    compares: bool = False
    zero_cells: str = CELLS_LEFT_ALONE


def _exact_correction(df: Floats) -> Floats:
    """Give Hedges' exact factor, which takes the small-sample bias off a standardised difference."""
    # Below two degrees of freedom there is no unbiased value.
    half = np.where(df > 1, df, np.nan) / 2
    factor: Floats = np.exp(special.gammaln(half) - special.gammaln(half - 0.5)) / np.sqrt(half)
    return factor


def change_spread(cells: Cells) -> Floats:
    """Give the standard deviation of the change from those before and after and their correlation."""
    first, second = cells["sd_before"], cells["sd_after"]
    spread: Floats = np.sqrt(first**2 + second**2 - 2 * cells["correlation"] * first * second)
    return spread


def _raw_share(cells: Cells) -> tuple[Floats, Floats]:
    share = cells["events"] / cells["n"]
    return share, share * (1 - share) / cells["n"]


def _logit_share(cells: Cells) -> tuple[Floats, Floats]:
    events, rest = cells["events"], cells["n"] - cells["events"]
    return np.log(events / rest), 1 / events + 1 / rest


def _log_share(cells: Cells) -> tuple[Floats, Floats]:
    return np.log(cells["events"] / cells["n"]), 1 / cells["events"] - 1 / cells["n"]


def _arcsine_share(cells: Cells) -> tuple[Floats, Floats]:
    return np.arcsin(np.sqrt(cells["events"] / cells["n"])), 1 / (4 * cells["n"])


def _freeman_tukey(cells: Cells) -> tuple[Floats, Floats]:
    events, n = cells["events"], cells["n"]
    angle = np.arcsin(np.sqrt(events / (n + 1))) + np.arcsin(np.sqrt((events + 1) / (n + 1)))
    return angle / 2, 1 / (4 * n + 2)


def _raw_rate(cells: Cells) -> tuple[Floats, Floats]:
    return cells["events"] / cells["years"], cells["events"] / cells["years"] ** 2


def _log_rate(cells: Cells) -> tuple[Floats, Floats]:
    return np.log(cells["events"] / cells["years"]), 1 / cells["events"]


def _root_rate(cells: Cells) -> tuple[Floats, Floats]:
    return np.sqrt(cells["events"] / cells["years"]), 1 / (4 * cells["years"])


def _mean(cells: Cells) -> tuple[Floats, Floats]:
    return cells["mean"], cells["sd"] ** 2 / cells["n"]


def _change(cells: Cells) -> tuple[Floats, Floats]:
    return cells["change"], cells["sd_change"] ** 2 / cells["n"]


def _change_by_spread(cells: Cells) -> tuple[Floats, Floats]:
    n = cells["n"]
    effect = _exact_correction(n - 1) * cells["change"] / cells["sd_change"]
    return effect, 1 / n + effect**2 / (2 * n)


def _change_by_baseline(cells: Cells) -> tuple[Floats, Floats]:
    n = cells["n"]
    effect = _exact_correction(n - 1) * cells["change"] / cells["sd_before"]
    return effect, 2 * (1 - cells["correlation"]) / n + effect**2 / (2 * n)


def _change_unequal(cells: Cells) -> tuple[Floats, Floats]:
    df, factor = cells["n"] - 1, _exact_correction(cells["n"] - 1)
    effect = factor * cells["change"] / cells["sd_before"]
    relative = (cells["sd_change"] / cells["sd_before"]) ** 2
    return effect, factor**2 * (relative / df + effect**2 / (2 * df))


def _risk_ratio(cells: Cells) -> tuple[Floats, Floats]:
    a, n, c, m = (cells[name] for name in ("events", "n", "events_control", "n_control"))
    return np.log(a / n) - np.log(c / m), 1 / a - 1 / n + 1 / c - 1 / m


def _odds_ratio(cells: Cells) -> tuple[Floats, Floats]:
    one, other = _logit_share(cells), _logit_share(_control(cells))
    return one[0] - other[0], one[1] + other[1]


def _risk_difference(cells: Cells) -> tuple[Floats, Floats]:
    one, other = _raw_share(cells), _raw_share(_control(cells))
    return one[0] - other[0], one[1] + other[1]


def _peto(cells: Cells) -> tuple[Floats, Floats]:
    a, n, c, m = (cells[name] for name in ("events", "n", "events_control", "n_control"))
    total, events = n + m, a + c
    spread = n * m * events * (total - events) / (total**2 * (total - 1))
    return (a - n * events / total) / spread, 1 / spread


def _rate_ratio(cells: Cells) -> tuple[Floats, Floats]:
    one, other = _log_rate(cells), _log_rate(_control(cells))
    return one[0] - other[0], one[1] + other[1]


def _rate_difference(cells: Cells) -> tuple[Floats, Floats]:
    one, other = _raw_rate(cells), _raw_rate(_control(cells))
    return one[0] - other[0], one[1] + other[1]


def _mean_difference(cells: Cells) -> tuple[Floats, Floats]:
    one, other = _mean(cells), _mean(_control(cells))
    return one[0] - other[0], one[1] + other[1]


def _standardised(cells: Cells) -> tuple[Floats, Floats]:
    n, m = cells["n"], cells["n_control"]
    df = n + m - 2
    pooled = ((n - 1) * cells["sd"] ** 2 + (m - 1) * cells["sd_control"] ** 2) / df
    effect = _exact_correction(df) * (cells["mean"] - cells["mean_control"]) / np.sqrt(pooled)
    return effect, 1 / n + 1 / m + effect**2 / (2 * (n + m))


def _ratio_of_means(cells: Cells) -> tuple[Floats, Floats]:
    ratio = cells["mean"] / cells["mean_control"]
    one, other = _mean(cells), _mean(_control(cells))
    return np.log(ratio), one[1] / one[0] ** 2 + other[1] / other[0] ** 2


def _paired_shares(cells: Cells) -> tuple[Floats, Floats, Floats, Floats]:
    """Give the pairs, the shares with the event first and second, and their covariance within a pair."""
    both, first, second, neither = (cells[name] for name in PAIRS)
    n = both + first + second + neither
    covariance = (both * neither - first * second) / n**2
    return n, (both + first) / n, (both + second) / n, covariance


def _paired_risk_ratio(cells: Cells) -> tuple[Floats, Floats]:
    both, first, second, _ = (cells[name] for name in PAIRS)
    one, other = both + first, both + second
    return np.log(one / other), (first + second) / (one * other)


def _paired_odds_ratio(cells: Cells) -> tuple[Floats, Floats]:
    n, one, other, covariance = _paired_shares(cells)
    spread, other_spread = one * (1 - one), other * (1 - other)
    variance = (1 / spread + 1 / other_spread - 2 * covariance / (spread * other_spread)) / n
    return special.logit(one) - special.logit(other), variance


def _paired_risk_difference(cells: Cells) -> tuple[Floats, Floats]:
    n, one, other, _ = _paired_shares(cells)
    return one - other, ((cells["first_only"] + cells["second_only"]) / n - (one - other) ** 2) / n


def _paired_conditional(cells: Cells) -> tuple[Floats, Floats]:
    first, second = cells["first_only"], cells["second_only"]
    return np.log(first / second), 1 / first + 1 / second


def _control(cells: Cells) -> Cells:
    """Give the control arm as if it were the only one."""
    return {name.removesuffix("_control"): cells[name] for name in cells if name.endswith("_control")}


def _square_sine(angle: Floats) -> Floats:
    """Turn an angle back into a share; beyond a quarter circle it would turn round."""
    share: Floats = np.sin(np.clip(angle, 0, np.pi / 2)) ** 2
    return share


def _square(root: Floats) -> Floats:
    """Turn a root back into a rate; a bound below 0 is a rate of 0."""
    rate: Floats = np.maximum(root, 0) ** 2
    return rate


WHERE_ZERO = "where zero"
_SHARE: dict[str, Any] = {"counts": "shares", "unit": "share", "reads": "share of patients"}
_RATE: dict[str, Any] = {"counts": "rates", "reads": "events per patient-year"}
_CHANGE: dict[str, Any] = {"counts": "changes", "compares": True}
_SHARES: dict[str, Any] = {"counts": "two shares", "compares": True, "zero_cells": WHERE_ZERO}
_RATES: dict[str, Any] = {"counts": "two rates", "compares": True, "zero_cells": WHERE_ZERO}
_PAIRS: dict[str, Any] = {"counts": "pairs", "compares": True, "zero_cells": WHERE_ZERO}
_MEANS: dict[str, Any] = {"counts": "two means", "compares": True}

MEASURES: dict[str, Measure] = {
    "proportion": Measure(code="PR", formula=_raw_share, zero_cells=WHERE_ZERO, **_SHARE),
    "log proportion": Measure(code="PLN", formula=_log_share, back=np.exp, zero_cells=WHERE_ZERO, **_SHARE),
    "logit proportion": Measure(
        code="PLO",
        formula=_logit_share,
        back=special.expit,
        zero_cells=WHERE_ZERO,
        **_SHARE,
    ),
    "arcsine proportion": Measure(code="PAS", formula=_arcsine_share, back=_square_sine, **_SHARE),
    "freeman-tukey proportion": Measure(
        code="PFT", formula=_freeman_tukey, counts="shares", reads="double arcsine of the share"
    ),
    "rate": Measure(code="IR", formula=_raw_rate, zero_cells=WHERE_ZERO, **_RATE),
    "log rate": Measure(code="IRLN", formula=_log_rate, back=np.exp, zero_cells=WHERE_ZERO, **_RATE),
    "square-root rate": Measure(code="IRS", formula=_root_rate, back=_square, **_RATE),
    "mean": Measure(code="MN", formula=_mean, counts="means", reads="mean"),
    "change": Measure(code="MC", formula=_change, reads="mean change", **_CHANGE),
    "change in standard deviations of change": Measure(
        code="SMCC",
        formula=_change_by_spread,
        reads="change in its own standard deviations",
        **_CHANGE,
    ),
    "change in baseline standard deviations": Measure(
        code="SMCR",
        formula=_change_by_baseline,
        reads="change in standard deviations at baseline",
        **_CHANGE,
    ),
    "change in baseline standard deviations, unequal": Measure(
        code="SMCRH",
        formula=_change_unequal,
        reads="change in standard deviations at baseline",
        **_CHANGE,
    ),
    "risk ratio": Measure(code="RR", formula=_risk_ratio, back=np.exp, reads="risk ratio", **_SHARES),
    "odds ratio": Measure(code="OR", formula=_odds_ratio, back=np.exp, reads="odds ratio", **_SHARES),
    "risk difference": Measure(code="RD", formula=_risk_difference, reads="risk difference", **_SHARES),
    "peto odds ratio": Measure(
        code="PETO", formula=_peto, back=np.exp, reads="odds ratio (Peto)", counts="two shares", compares=True
    ),
    "rate ratio": Measure(code="IRR", formula=_rate_ratio, back=np.exp, reads="rate ratio", **_RATES),
    "rate difference": Measure(code="IRD", formula=_rate_difference, reads="rate difference", **_RATES),
    "matched-pair risk ratio": Measure(
        code="MPRR", formula=_paired_risk_ratio, back=np.exp, reads="risk ratio in pairs", **_PAIRS
    ),
    "matched-pair odds ratio": Measure(
        code="MPOR", formula=_paired_odds_ratio, back=np.exp, reads="odds ratio in pairs", **_PAIRS
    ),
    "matched-pair risk difference": Measure(
        code="MPRD", formula=_paired_risk_difference, reads="risk difference in pairs", **_PAIRS
    ),
    "conditional odds ratio": Measure(
        code="MPORC", formula=_paired_conditional, back=np.exp, reads="odds ratio within pairs", **_PAIRS
    ),
    "mean difference": Measure(code="MD", formula=_mean_difference, reads="difference of means", **_MEANS),
    "standardised mean difference": Measure(
        code="SMD",
        formula=_standardised,
        reads="standardised difference of means",
        **_MEANS,
    ),
    "ratio of means": Measure(
        code="ROM",
        formula=_ratio_of_means,
        back=np.exp,
        reads="ratio of means",
        **_MEANS,
    ),
}
"""The measures by name, in the order of the reference."""
