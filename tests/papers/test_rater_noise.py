"""False worsening of unchanged patients under independent rater error that matches Noseworthy 1990.

The expected shares are those of an earlier simulation of our own, printed without its error kernel. Every
test rates 1,000 patients `repeats` times; three Monte Carlo errors, 3 * sqrt(p(1 - p) / n), are written
beside the distance to the nearest value that would print otherwise.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from ranvier import course

TWO_YEARS = [84 * visit for visit in range(9)]
FIVE_YEARS = [round(182.625 * visit) for visit in range(11)]
FIVE_AND_A_HALF = [*FIVE_YEARS, round(182.625 * 11)]
N = 1_000

NEAR_48 = dataclasses.replace(
    course.CDW_12W,
    name="cdw-48w",
    confirmation=course.Confirmation(windows=(course.Window(days=336, left=7, right=730),)),
)
TO_END = dataclasses.replace(
    course.CDW_12W,
    name="cdw-12w-to-end",
    confirmation=dataclasses.replace(course.CDW_12W.confirmation, to_end=True),
)
ROVING = dataclasses.replace(
    course.ROVING_24W, name="roving-first", selection=course.Selection(events="first worsening")
)
RARER_WHOLE_POINTS = course.RaterError(
    name="rarer-whole-points",
    source="also 69 % equal; 94 % within one step, which is at least 92 %",
    bands=(course.ErrorBand(low=0.0, high=9.5, off_by_half=0.147, off_by_one=0.028),),
)


def percent_false(
    level: float,
    days: list[int],
    definition: course.Definition,
    *,
    repeats: int,
    error: course.RaterError = course.BETWEEN_RATERS,
) -> float:
    visits = pl.DataFrame(
        {
            "subject": np.repeat([f"P{number:04d}" for number in range(N)], len(days)),
            "day": days * N,
            "edss": [level] * (N * len(days)),
        }
    )
    found = course.false_positive_rate(visits, definition=definition, error=error, repeats=repeats, seed=11)
    return 100 * found.overall.value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("definition", "printed"),
    [
        (course.CDW_12W, 13),  # 12.8: 0.3 from 12.5; three errors at n = 150,000: 0.26
        (course.CDW_24W, 9),  # 8.9: 0.4 from 8.5; 0.22
        (NEAR_48, 7),  # 7.0: 0.5; 0.20
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_edss_6_over_two_years(definition: course.Definition, printed: int):
    assert round(percent_false(6.0, TWO_YEARS, definition, repeats=150)) == printed


@pytest.mark.slow
def test_edss_6_over_five_years_fixed():
    # 13.9 at 11 visits, 14.5 at 12; "14-15" printed: 13.5 to 15.5. n = 150,000: three errors 0.27.
    assert round(percent_false(6.0, FIVE_YEARS, course.CDW_24W, repeats=150)) in {14, 15}


@pytest.mark.slow
@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="19.0 % with the 11 visits of five years; 20 % needs a twelfth visit",
)
def test_edss_6_over_five_years_roving():
    assert round(percent_false(6.0, FIVE_YEARS, ROVING, repeats=150)) == 20


@pytest.mark.slow
def test_edss_6_with_twelve_half_yearly_visits_roving():
    # 20.2: 0.3 from 20.5; n = 200,000: three errors 0.27.
    assert round(percent_false(6.0, FIVE_AND_A_HALF, ROVING, repeats=200)) == 20


@pytest.mark.slow
@pytest.mark.xfail(
    strict=True, reason="7.9 %: the definition of 'sustained to the end' behind 6.7 is not given"
)
def test_edss_6_sustained_to_the_end():
    assert round(percent_false(6.0, TWO_YEARS, TO_END, repeats=150), 1) == 6.7


@pytest.mark.slow
@pytest.mark.parametrize("level", [2.0, 4.0, 5.0])
@pytest.mark.parametrize(
    ("definition", "printed", "about"),
    [
        (course.CDW_12W, 2.0, 0.3),  # 2.54: 0.24 from 2.3; n = 60,000: three errors 0.19
        (course.CDW_24W, 1.4, 0.05),  # 1.98: 0.53 from 1.45; 0.17
    ],
    ids=["12w", "24w"],
)
@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="2.5 % and 2.0 % with the error that solves 92 % within one step: a first score one point too low "
    "has a chance of 1.95 % and is enough by itself; 1.4 % needs whole-point errors as rare as 2.8 %",
)
def test_edss_2_to_5_over_two_years(
    level: float, definition: course.Definition, printed: float, about: float
):
    assert percent_false(level, TWO_YEARS, definition, repeats=60) == pytest.approx(printed, abs=about)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("definition", "printed", "digits", "repeats"),
    [
        (course.CDW_12W, 2.0, 0, 50),  # 1.9: 0.4 from 1.5; n = 50,000: three errors 0.18
        (course.CDW_24W, 1.4, 1, 1500),  # 1.42: 0.03 from 1.45; n = 1,500,000: three errors 0.029
    ],
    ids=["12w", "24w"],
)
def test_edss_4_over_two_years_with_rarer_whole_point_errors(
    definition: course.Definition, printed: float, digits: int, repeats: int
):
    assert RARER_WHOLE_POINTS.agreement(4.0) == pytest.approx(0.69, abs=0.005)
    assert RARER_WHOLE_POINTS.agreement(4.0, within=1) >= 0.92
    got = percent_false(4.0, TWO_YEARS, definition, repeats=repeats, error=RARER_WHOLE_POINTS)
    assert round(got, digits) == printed
