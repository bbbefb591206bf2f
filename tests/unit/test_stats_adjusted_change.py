"""Adjusted change from baseline: what it equals by hand, and who is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ranvier as rv

BEFORE = [5.1, 6.0, 7.4, 4.8, 6.6, 5.5, 7.0, 6.1]
AFTER = [4.6, 5.8, 6.6, 4.9, 6.9, 5.3, 7.4, 6.0]
ARM = ["msc"] * 4 + ["placebo"] * 4


def test_balanced_baselines_make_the_difference_that_of_the_mean_changes() -> None:
    fit = rv.stats.ancova([1, 2, 3, 1, 2, 3], [2, 2, 4, 1, 3, 3], list("aaabbb"))
    change = np.array([1, 0, 1, 0, 1, 0])
    assert fit.estimates[0].value == pytest.approx(change[3:].mean() - change[:3].mean())
    assert fit.estimates[0].quantity == "difference in change from baseline, b minus a"


def test_the_difference_does_not_depend_on_whether_change_or_value_is_modelled() -> None:
    design = np.column_stack([[1] * 8, [1] * 4 + [0] * 4, BEFORE])
    of_value = np.linalg.lstsq(design, np.array(AFTER), rcond=None)[0][1]
    assert rv.stats.ancova(BEFORE, AFTER, ARM, control="placebo").estimates[0].value == pytest.approx(
        of_value
    )


def test_order_of_patients_changes_nothing_and_arms_turn_the_sign() -> None:
    base = rv.stats.ancova(BEFORE, AFTER, ARM).estimates[0]
    turned = rv.stats.ancova(BEFORE[::-1], AFTER[::-1], ARM[::-1], control="placebo").estimates[0]
    assert (turned.value, turned.low, turned.high) == pytest.approx((-base.value, -base.high, -base.low))


def test_incomplete_patients_are_left_out_and_counted() -> None:
    fit = rv.stats.ancova([*BEFORE, None, 5.0, 6.0], [*AFTER, 4.0, math.nan, 6.0], [*ARM, "msc", "msc", None])
    assert fit.estimates[0].left_out[0].n == 3
    assert fit.diagnostics["patients"] == {"msc": 4, "placebo": 4}
    assert fit.estimates[0].value == pytest.approx(rv.stats.ancova(BEFORE, AFTER, ARM).estimates[0].value)


def test_means_are_at_the_mean_baseline_and_have_no_p_value() -> None:
    difference, of_msc, of_placebo = rv.stats.ancova(BEFORE, AFTER, ARM, control="placebo").estimates
    assert difference.value == pytest.approx(of_msc.value - of_placebo.value)
    assert of_msc.p_value is None
    assert "HC3" in difference.explain()
