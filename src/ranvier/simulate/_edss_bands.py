"""Bands of the endpoints of the EDSS, for patients at hand and for patients as a report describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.course import ChangeRule
from ranvier.result import Estimate, LeftOut
from ranvier.simulate._endpoints import needed
from ranvier.simulate._null_engine import draw_finals
from ranvier.simulate._null_patients import Known
from ranvier.simulate.null_result import Band
from ranvier.simulate.scenarios import Scenario

__all__ = ["Draw", "band_of", "by_model", "edss_bands", "estimate_of", "observed_of"]

MORE_IS_BETTER = ("responders", "largest_fall")
Draw = Callable[[list[Known], Scenario], list[NDArray[np.int8]]]
"""Gives for each course the final values in half points: a row for each patient, a column for each trial."""


def by_model(random: Callable[[Scenario], np.random.Generator], n_trials: int) -> Draw:
    """Draw final values by the model of natural history."""

    def draw(known: list[Known], each: Scenario) -> list[NDArray[np.int8]]:
        rng = random(each)
        return [draw_finals(rng, part, each, n_trials) for part in known]

    return draw


def edss_bands(
    known: list[Known],
    scenarios: list[Scenario],
    rule: ChangeRule,
    draw: Draw,
    *,
    when: str,
    observed: Mapping[str, float],
) -> list[Band]:
    """Give the bands of the three endpoints of the EDSS; endpoints without an observed value have None."""
    if not known:
        return []
    need, n = needed(rule), sum(len(part.base) for part in known)
    bases = np.concatenate([part.base for part in known])
    said = {
        "responders": (f"patients improved {when} (of {n})", "patients"),
        "edss_change": (f"mean change of EDSS {when}", "points"),
        "largest_fall": (f"largest fall of EDSS in one patient {when}", "points"),
    }
    found = []
    for each in scenarios:
        finals = draw(known, each)
        falls = [part.base[:, None] - final for part, final in zip(known, finals, strict=True)]
        drawn = np.concatenate(falls).astype(np.int16)
        values = {
            "responders": (drawn >= need[bases][:, None]).sum(axis=0),
            "edss_change": -drawn.mean(axis=0) / 2,
            "largest_fall": drawn.max(axis=0) / 2,
        }
        found += [
            band_of(name, each.name, words, values[name], observed.get(name), n)
            for name, words in said.items()
        ]
    return sorted(found, key=lambda band: list(said).index(band.endpoint))


def observed_of(known: list[Known], rule: ChangeRule) -> dict[str, float]:
    """Give the values of the trial at hand for the endpoints of the EDSS."""
    if not known:
        return {}
    falls = np.concatenate([part.base - part.final for part in known if part.final is not None])
    bases = np.concatenate([part.base for part in known])
    return {
        "responders": float((falls >= needed(rule)[bases]).sum()),
        "edss_change": -float(falls.mean()) / 2,
        "largest_fall": float(falls.max()) / 2,
    }


def band_of(
    endpoint: str,
    scenario_name: str,
    words: tuple[str, str],
    drawn: NDArray[Any],
    observed: float | None,
    n: int,
) -> Band:
    """Give the distribution of drawn values."""
    values, counts = np.unique(drawn.astype(np.float64), return_counts=True)
    return Band(
        endpoint=endpoint,
        scenario=scenario_name,
        quantity=words[0],
        unit=words[1],
        values=tuple(values.tolist()),
        chances=tuple((counts / len(drawn)).tolist()),
        observed=None if observed is None else float(observed),
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
