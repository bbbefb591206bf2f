"""How a planned trial behaves: power, chance of error, bias, size and duration over scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ranvier.result import Fit
from ranvier.simulate.plans import Plan

__all__ = ["OperatingCharacteristics"]


@dataclass(frozen=True, kw_only=True)
class OperatingCharacteristics(Fit):
    """What happens in very many virtual trials of one plan.

    Parameters
    ----------
    plan : Plan
        What was planned.
    table : polars.DataFrame
        One row for each scenario and noise: scenario, noise, null (no effect in any arm), success (share of
        trials), success_error (Monte Carlo standard error, as all columns that end so), outcome (mean in the
        treated arm), untreated (mean in the control arm, or of the same patients without treatment), estimate
        (mean over trials of what would be called the effect), truth, truth_error, bias (estimate minus
        truth), bias_error, expected_n (patients whose data decide), expected_n_error, expected_enrolled
        (patients who have entered when it is decided), expected_months, expected_months_error, stopped_early
        (share of trials that end before the last look, for any reason), stopped_success, stopped_futility
        (before the last look), stopped_harm. Null where not defined.
    stops : polars.DataFrame
        One row for each scenario, noise and look: scenario, noise, look, n (patients of all arms), success,
        futility, harm (shares of trials that end there so); a trial that ends for harm is counted at the look
        that would have come next; no success at the last look is no futility.
    arms : polars.DataFrame
        One row for each scenario, noise and treated arm: scenario, noise, arm, success, success_error,
        outcome, untreated, estimate, truth, truth_error, bias, bias_error.
    """

    plan: Plan
    table: pl.DataFrame
    stops: pl.DataFrame
    arms: pl.DataFrame
