"""Relapse counts of AFFIRM, and the fall that an entry rule makes without any treatment."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize
from scipy import stats as peer

import ranvier as rv
from ranvier.stats import TWO_IN_TWO_YEARS, EntryRule

AFFIRM_PLACEBO = (180, 76, 42, 8, 9)
"""Patients with 0, 1, 2, 3 and 4 or more relapses in one year, doi 10.1155/2011/195831 table 2."""
AFFIRM_MEAN, AFFIRM_SIZE = 0.716, 1.24


def fitted(chances: np.ndarray) -> list[int]:
    """Give expected patients with 0, 1, 2, 3 and 4 or more relapses, rounded."""
    return [round(315 * float(chance)) for chance in (*chances, 1 - chances.sum())]


def negative_binomial(mean: float, size: float) -> np.ndarray:
    return np.asarray(peer.nbinom.pmf(np.arange(4), size, size / (size + mean)))


def test_affirm_counts_fit_a_negative_binomial_of_size_1_24():
    def minus_log_likelihood(logs: np.ndarray) -> float:
        chances = negative_binomial(*np.exp(logs))
        return -float(np.dot(AFFIRM_PLACEBO, np.log([*chances, 1 - chances.sum()])))

    mean, size = np.exp(optimize.minimize(minus_log_likelihood, [-0.3, 0.0], method="Nelder-Mead").x)
    assert round(float(mean), 3) == AFFIRM_MEAN
    assert round(float(size), 2) == AFFIRM_SIZE
    assert round(1 / float(size), 2) == 0.81
    assert fitted(negative_binomial(AFFIRM_MEAN, AFFIRM_SIZE)) == [179, 81, 33, 13, 8]


@pytest.mark.xfail(
    strict=True,
    reason="printed 155 without a relapse needs a mean of about 0.71; at the fitted mean of 0.716 it is 154 "
    "(110, 39, 9, 2 reproduce)",
)
def test_affirm_counts_do_not_fit_a_poisson():
    assert fitted(np.asarray(peer.poisson.pmf(np.arange(4), AFFIRM_MEAN))) == [155, 110, 39, 9, 2]


@pytest.mark.parametrize(
    ("rate", "entry", "before", "after", "percent"),
    [
        (0.50, TWO_IN_TWO_YEARS, 1.75, 0.95, None),
        (0.60, EntryRule(min_relapses=1), 1.55, 0.91, -41),
        (0.60, EntryRule(min_relapses=2), None, None, -51),
    ],
)
def test_entry_rule_alone_makes_the_printed_fall(
    rate: float, entry: EntryRule, before: float | None, after: float | None, percent: int | None
):
    found = rv.stats.expected_after_entry(rate=rate, size=AFFIRM_SIZE, entry=entry).diagnostics
    assert before is None or round(found["before"], 2) == before
    assert after is None or round(found["after"], 2) == after
    assert percent is None or round(100 * (found["ratio"] - 1)) == percent


def test_observed_fall_of_44_untreated_patients_lies_within_its_error_of_the_expected():
    # 1.72 (SD 1.4) in the year before, 1.0 (SD 1.3) in the year after, doi 10.1177/1352458506070820
    found = rv.stats.expected_after_entry(rate=0.50, size=AFFIRM_SIZE, entry=TWO_IN_TWO_YEARS).diagnostics
    assert abs(found["before"] - 1.72) < 1.4 / math.sqrt(44)
    assert abs(found["after"] - 1.0) < 1.3 / math.sqrt(44)


def test_untreated_fall_would_pass_as_an_effect_in_a_before_after_test():
    # about 76 relapses in 44 patient-years before and 44 after; totals from the printed means
    ratio = rv.stats.rate_ratio((44, 76), (44.0, 44.0))
    assert ratio.high < 1
    assert (ratio.p_value or 0) < 0.01
