"""How sure one can be, in GRADE terms: where it starts, and each step down with its number."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.evidence import Registry, Study
from ranvier.result import json_ready, number, percent
from ranvier.trial import RiskOfBias
from ranvier.verdict.contrasts import Contrast
from ranvier.verdict.sentences import say

__all__ = [
    "LEVELS",
    "Certainty",
    "Downgrade",
    "certainty",
    "co_interventions",
    "missing_share",
    "optimal_information_size",
]

LEVELS = ("very low", "low", "moderate", "high")
"""Levels of certainty of GRADE, lowest first."""
RATIO_LOW, RATIO_HIGH = 0.75, 1.25
"""Ratios that mark an appreciable benefit or harm: the rough guide of GRADE for imprecision."""
FAR_BELOW = 0.1
"""Share of the needed patients below which an uncontrolled or null result loses two levels."""
TOO_MANY_MISSING = 0.2
"""Share without a result from which it counts against a study."""
BIAS = "risk of bias"
CONTROL_SHARE = 10 / 27
"""Share improved on saline in the nearest trial that gives one (Harris 2024); base of the needed size."""


@dataclass(frozen=True, kw_only=True)
class Downgrade:
    """One step down.

    Parameters
    ----------
    domain : str
        GRADE domain.
    levels : int
        How many levels it costs.
    value : float
        The number that caused it.
    sentence : str
        The reason with its number.
    """

    domain: str
    levels: int
    value: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """How sure one can be of a result.

    Parameters
    ----------
    level : {"very low", "low", "moderate", "high"}
        Where it ends.
    start : {"low", "high"}
        Where it starts: high when randomised, else low.
    steps : tuple of Downgrade
        Every step down, also those below the lowest level.
    judged : RiskOfBias, optional
        Risk of bias as people judged it, when they did.
    """

    level: str
    start: str
    steps: tuple[Downgrade, ...] = ()
    judged: RiskOfBias | None = None

    def explain(self) -> str:
        """Say where it starts, each step with its number, and where it ends.

        Returns
        -------
        str
            One sentence.
        """
        if not self.steps:
            return say("certainty_as_started", level=self.level, start=self.start)
        steps = "; ".join(step.sentence for step in self.steps)
        return say("certainty", level=self.level, start=self.start, steps=steps)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


def optimal_information_size(*, control_share: float = CONTROL_SHARE, ratio: float = RATIO_HIGH) -> int:
    r"""Give the patients that a two-arm trial needs to show a ratio of shares.

    Parameters
    ----------
    control_share : float
        Share with the response in the control arm.
    ratio : float
        Share with the response in the treated arm, divided by that of the control arm.

    Returns
    -------
    int
        Patients in both arms, for a two-sided level of 0.05 and a power of 0.8.

    Notes
    -----
    :math:`2 (z_{0.975} + z_{0.8})^2 \{p_0(1-p_0) + p_1(1-p_1)\} / (p_1 - p_0)^2`, rounded up per
    arm.

    References
    ----------
    Guyatt GH, et al. (2011). GRADE guidelines 6: imprecision. J Clin Epidemiol
    64:1283-1293. doi:10.1016/j.jclinepi.2011.01.012

    Examples
    --------
    >>> from ranvier.verdict import optimal_information_size
    >>> optimal_information_size()
    884
    """
    normal = statistics.NormalDist()
    z = normal.inv_cdf(0.975) + normal.inv_cdf(0.8)
    treated_share = control_share * ratio
    spread = control_share * (1 - control_share) + treated_share * (1 - treated_share)
    return 2 * -int(-(z**2 * spread / (treated_share - control_share) ** 2) // 1)


def certainty(
    registry: Registry,
    study: Study,
    contrast: Contrast | None,
    *,
    given_with: Sequence[str] | None = None,
    judged: RiskOfBias | None = None,
) -> Certainty:
    """Give the certainty of what one study shows.

    Parameters
    ----------
    registry : Registry
        Where arms and co-interventions stand.
    study : Study
        The study; one that the registry does not hold (a trial at hand) has its numbers from its own fields.
    contrast : Contrast or None
        The comparison that the study is judged by.
    given_with : sequence of str, optional
        What was given together with the cells; None looks it up in the registry.
    judged : RiskOfBias, optional
        Risk of bias as people judged it; it takes further levels where it costs more than the steps found
        here.

    Returns
    -------
    Certainty
        With every step down and its number.
    """
    start = "high" if study.randomised else "low"
    given = co_interventions(registry, study) if given_with is None else list(given_with)
    found = (
        _control(registry, study),
        _missing(registry, study),
        _cycles(study, contrast),
        _registered(study),
        _product(given),
        _disagreement(registry, study),
        _imprecision(study, contrast),
    )
    steps = tuple(step for step in found if step is not None)
    if judged is not None:
        steps = (*steps, *_judged(judged, sum(step.levels for step in steps if step.domain == BIAS)))
    at = LEVELS.index(start) - sum(step.levels for step in steps)
    return Certainty(level=LEVELS[max(at, 0)], start=start, steps=steps, judged=judged)


def _step(domain: str, levels: int, value: float, code: str, **values: Any) -> Downgrade:
    return Downgrade(domain=domain, levels=levels, value=value, sentence=say(code, **values))


def _judged(judged: RiskOfBias, already: int) -> tuple[Downgrade, ...]:
    """Give the levels that the judgement of people costs beyond those found already."""
    more = judged.levels - already
    if more <= 0:
        return ()
    names = ", ".join(f"{each.domain}: {each.judgement}" for each in judged.worst)
    code = "down_judged" if more == 1 else "down_judged_far"
    count = len(judged.worst)
    n = len(judged.domains)
    return (_step(BIAS, more, count, code, count=count, n=n, tool=judged.tool, names=names),)


def _arms(registry: Registry, study: Study) -> pl.DataFrame:
    """Give the arms of a study; none for a study that the registry does not hold."""
    return registry.arms.filter(pl.col("study_id") == study.study_id)


def _control(registry: Registry, study: Study) -> Downgrade | None:
    if study.randomised:
        return None
    arms = _arms(registry, study).filter(pl.col("arm_role").is_in(["control", "external_control"]))
    held = int(arms["n_treated"].fill_null(0).sum()) or study.n_control or 0
    if not held:
        return _step("risk of bias", 1, 0, "down_control", masking=study.masking or "not seen")
    code = "down_external" if study.control == "external control" else "down_unclear"
    return _step("risk of bias", 1, held, code, n=held)


def missing_share(registry: Registry, study: Study) -> tuple[int, int] | None:
    """Count the patients without a result.

    Parameters
    ----------
    registry : Registry
        Where the arms stand.
    study : Study
        The study.

    Returns
    -------
    tuple of int, or None
        Patients without a result and all patients; None when the sources do not say.
    """
    arms = [row for row in _arms(registry, study).iter_rows(named=True) if row["arm_role"] != "pooled"]
    treated = [row["n_treated"] or row["n_randomised"] for row in arms]
    completed = [row["n_completed"] for row in arms]
    if arms and None not in treated and None not in completed:
        return sum(treated) - sum(completed), sum(treated)
    whole = study.n if study.randomised else study.n_treated
    if study.n_evaluable is None or whole is None:
        return None
    return max(whole - study.n_evaluable, 0), whole


def _missing(registry: Registry, study: Study) -> Downgrade | None:
    counted = missing_share(registry, study)
    if counted is None or counted[0] < TOO_MANY_MISSING * counted[1] or counted[0] == 0:
        return None
    missing, whole = counted
    share = missing / whole
    return _step("risk of bias", 1, share, "down_missing", missing=missing, n=whole, share=percent(share))


def _cycles(study: Study, contrast: Contrast | None) -> Downgrade | None:
    if contrast is None or contrast.unit != "patient-cycles" or contrast.n is None:
        return None
    return _step("risk of bias", 1, contrast.n, "down_cycles", n=study.n, cycles=contrast.n)


def _registered(study: Study) -> Downgrade | None:
    reported = study.n
    if not study.n_registered or reported is None or reported >= study.n_registered:
        return None
    missing = study.n_registered - reported
    share = missing / study.n_registered
    if share < TOO_MANY_MISSING:
        return None
    return _step(
        "selective reporting",
        1,
        share,
        "down_registered",
        missing=missing,
        n=study.n_registered,
        share=percent(share),
    )


def co_interventions(registry: Registry, study: Study) -> list[str]:
    """Give what was given together with the cells.

    Parameters
    ----------
    registry : Registry
        Where the arms stand.
    study : Study
        The study.

    Returns
    -------
    list of str
        Each thing once; empty when the sources name none.
    """
    given = [row["co_intervention"] for row in _arms(registry, study).iter_rows(named=True)]
    _, followed, what = (study.cell_source or "").partition("followed by ")
    return sorted({item for item in given if item} | ({what} if followed else set()))


def _disagreement(registry: Registry, study: Study) -> Downgrade | None:
    """Count where the registry of trials and the report of results disagree on a result."""
    rows = registry.contradictions.filter(
        pl.col("study_id").str.split("/").list.contains(study.study_id)
        & pl.col("kind").str.starts_with("registry vs")
        & ~pl.col("claim_a").str.contains("enrol")
    )
    return (
        _step("selective reporting", 1, rows.height, "down_disagree", n=rows.height) if rows.height else None
    )


def _product(given: list[str]) -> Downgrade | None:
    if not given:
        return None
    return _step("indirectness", 1, len(given), "down_product", count=len(given), what=", ".join(given))


def _imprecision(study: Study, contrast: Contrast | None) -> Downgrade | None:
    if (
        contrast is not None
        and contrast.kind == "ratio"
        and contrast.low is not None
        and contrast.high is not None
    ):
        crossed = [ratio for ratio in (RATIO_LOW, RATIO_HIGH) if contrast.low <= ratio <= contrast.high]
        bounds = {"low": number(contrast.low), "high": number(contrast.high)}
        if len(crossed) == 2:
            return _step(
                "imprecision",
                2,
                contrast.high,
                "down_thresholds",
                **bounds,
                ratio=RATIO_LOW,
                ratio_2=RATIO_HIGH,
            )
        if crossed:
            return _step("imprecision", 1, crossed[0], "down_threshold", **bounds, ratio=crossed[0])
    needed = optimal_information_size()
    if study.n is None or study.n >= needed:
        return None
    far = study.n < FAR_BELOW * needed and not (contrast is not None and contrast.shown)
    code = "down_size_far" if far else "down_size"
    return _step("imprecision", 2 if far else 1, study.n, code, n=study.n, needed=needed, ratio=RATIO_HIGH)
