"""Endpoints of a null band: their distributions, and what is written of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier import course
from ranvier.result import Estimate, LeftOut
from ranvier.simulate._endpoints import needed
from ranvier.simulate._null_patients import Known
from ranvier.simulate.null_result import Band
from ranvier.simulate.scenarios import Scenario

__all__ = ["band_of", "edss_bands", "estimate_of"]

MORE_IS_BETTER = ("responders", "largest_fall")
Draw = Callable[[Known, Scenario], NDArray[np.int8]]
"""Gives final values in half points: one row for each patient, one column for each virtual trial."""


def edss_bands(
    known: list[Known],
    scenarios: list[Scenario],
    rule: course.ChangeRule,
    visit: str,
    draw: Draw,
) -> list[Band]:
    """Give the bands of the three endpoints of the EDSS."""
    if not known:
        return []
    need, n = needed(rule), sum(len(part.base) for part in known)
    falls = np.concatenate([part.base - part.final for part in known])
    bases = np.concatenate([part.base for part in known])
    observed = (float((falls >= need[bases]).sum()), -float(falls.mean()) / 2, float(falls.max()) / 2)
    names = ("responders", "edss_change", "largest_fall")
    said = (
        (f"patients improved at {visit} (of {n})", "patients"),
        (f"mean change of EDSS at {visit}", "points"),
        (f"largest fall of EDSS in one patient at {visit}", "points"),
    )
    found = []
    for each in scenarios:
        finals = [part.base[:, None] - draw(part, each) for part in known]
        drawn = np.concatenate(finals).astype(np.int16)
        improved = (drawn >= need[bases][:, None]).sum(axis=0)
        values = (improved, -drawn.mean(axis=0) / 2, drawn.max(axis=0) / 2)
        found += [
            band_of(name, each.name, words, taken, seen, n)
            for name, words, taken, seen in zip(names, said, values, observed, strict=True)
        ]
    return sorted(found, key=lambda band: names.index(band.endpoint))


def band_of(
    endpoint: str, scenario_name: str, words: tuple[str, str], drawn: NDArray[Any], observed: float, n: int
) -> Band:
    values, counts = np.unique(drawn.astype(np.float64), return_counts=True)
    return Band(
        endpoint=endpoint,
        scenario=scenario_name,
        quantity=words[0],
        unit=words[1],
        values=tuple(values.tolist()),
        chances=tuple((counts / len(drawn)).tolist()),
        observed=float(observed),
        more_is_better=endpoint in MORE_IS_BETTER,
        n=n,
        n_trials=len(drawn),
    )


def estimate_of(band: Band, left_out: tuple[LeftOut, ...]) -> Estimate:
    """Give a band as a number with the central 95 % of the virtual trials."""
    noise = {"low": ", little noise", "high": ", much noise"}.get(band.scenario, "")
    return Estimate(
        quantity=f"{band.quantity} with no treatment effect{noise}",
        value=band.mean,
        low=band.quantile(0.025),
        high=band.quantile(0.975),
        level=0.95,
        method="null-band",
        method_text="The interval holds the central 95 % of virtual trials; it is no confidence interval.",
        n=band.n,
        unit=band.unit,
        inputs={"observed": band.observed, "chance of this or better": band.chance_text()},
        left_out=left_out,
    )
