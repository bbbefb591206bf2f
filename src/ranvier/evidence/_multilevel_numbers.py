"""The numbers of a pool of studies with several effects each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._cluster_robust import cluster_robust
from ranvier.evidence._components import State
from ranvier.evidence._pooled import below, quantile
from ranvier.evidence.pooled_studies import PooledEstimate, Scale

__all__ = ["estimates_of", "intervals_of", "numbers_of", "shapes_of"]

Floats = NDArray[np.float64]


def shapes_of(labels: Sequence[str], studies: Sequence[NDArray[np.intp]]) -> list[Floats]:
    """Give what the variances between and within studies multiply in each study."""
    of = np.asarray(labels)
    return [
        np.stack([np.ones((len(rows), len(rows))), (of[rows][:, None] == of[rows]).astype(np.float64)])
        for rows in studies
    ]


def intervals_of(state: State, middle: float, unit: float, level: float) -> pl.DataFrame:
    """Give every interval of the pooled value, on the pooled scale."""
    robust = cluster_robust(state, np.ones(1))
    m = robust.clusters
    rows = [
        ("model", float(state.phi[0, 0]), math.inf),
        ("cr0", robust.cr0, m - 1),
        ("cr1", robust.cr1, m - 1),
        ("cr2", robust.cr2, robust.df),
    ]
    value = middle + float(state.beta[0]) * math.sqrt(unit)
    found = []
    for name, variance, df in rows:
        error = math.sqrt(variance * unit)
        reach = quantile(df, level) * error
        statistic = value / error if error > 0 else math.nan
        found.append(
            {
                "interval": name,
                "value": value,
                "standard_error": error,
                "df": df,
                "statistic": statistic,
                "p_value": 2 * float(below(df, np.array(-abs(statistic)))),
                "low": value - reach,
                "high": value + reach,
            }
        )
    return pl.DataFrame(found, schema_overrides={"df": pl.Float64}).fill_nan(None)


def numbers_of(state: State, intervals: pl.DataFrame, unit: float, level: float) -> dict[str, Any]:
    """Give the numbers on the pooled scale by name."""
    main = intervals.row(-1, named=True)
    n, m = state.model.n, len(state.model.y)
    between, within = (float(value) * unit for value in state.theta)
    alone = state.model.at(np.zeros(2))
    typical = (n - 1) / alone.freedom * unit
    total = between + within + typical
    wide = math.nan
    if m > 2:
        spread = math.sqrt(main["standard_error"] ** 2 + between + within)
        wide = quantile(min(main["df"], m - 2), level) * spread
    free = n - (1 if state.model.restricted else 0)
    names = ("value", "low", "high", "standard_error", "df", "statistic", "p_value")
    return {
        **{name: math.nan if main[name] is None else main[name] for name in names},
        "prediction_low": main["value"] - wide,
        "prediction_high": main["value"] + wide,
        "tau2_between": between,
        "tau2_within": within,
        "i2": (between + within) / total,
        "i2_between": between / total,
        "i2_within": within / total,
        "q": alone.q,
        "q_df": n - 1,
        "q_p_value": float(special.chdtrc(n - 1, alone.q)),
        "log_likelihood": state.log_likelihood - free / 2 * math.log(unit),
        "studies": m,
        "k": n,
    }


def estimates_of(
    numbers: dict[str, Any], bounds: Sequence[tuple[float, ...]], scale: Scale, options: dict[str, Any]
) -> tuple[PooledEstimate, ...]:
    """Give the pooled value, the prediction, the two variances and their shares."""
    read = scale.read
    main = PooledEstimate(
        quantity=f"pooled {scale.quantity}",
        value=read(numbers["value"]),
        low=read(numbers["low"]),
        high=read(numbers["high"]),
        unit=scale.unit,
        p_value=numbers["p_value"] if scale.compares and not math.isnan(numbers["p_value"]) else None,
        null=scale.null if scale.compares else None,
        method_text="Cluster-robust interval by study (CR2) with Satterthwaite's degrees of freedom.",
        **options,
    )
    ahead = PooledEstimate(
        quantity=f"{scale.quantity} of one effect in a new study",
        value=read(numbers["value"]),
        low=read(numbers["prediction_low"]),
        high=read(numbers["prediction_high"]),
        unit=scale.unit,
        method_text="Prediction interval: where one true effect of a comparable new study is expected.",
        **options,
    )
    made = [main, ahead]
    for name, (low, high) in zip(("between", "within"), bounds, strict=True):
        made.append(
            PooledEstimate(
                quantity=f"variance {name} studies",
                value=numbers[f"tau2_{name}"],
                low=low,
                high=high,
                method_text="Interval by the profile likelihood.",
                **options,
            )
        )
    made += [
        PooledEstimate(
            quantity=f"share of the variance that lies {name} studies (I²)",
            value=numbers[f"i2_{name}"],
            low=math.nan,
            high=math.nan,
            unit="share",
            method_text="From the two variances and the typical sampling variance.",
            **options,
        )
        for name in ("between", "within")
    ]
    return tuple(made)
