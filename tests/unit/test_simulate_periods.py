"""Effects that change from period to period, as in a crossover."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ranvier.simulate import NO_EFFECT, Design, Effect, EntryCriteria, Group, Period, replicate, trial
from ranvier.simulate._cohort import draw_cohort
from ranvier.simulate._regimes import regime_of
from ranvier.simulate._streams import stream
from ranvier.stats import crossover
from ranvier.stats._exact_arrays import crossover_p
from ranvier.trial import Arm, VisitWindow

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("simulated.py")))
VISITS = (
    VisitWindow(label="baseline", day=0, window=(-7, 0), baseline=True),
    VisitWindow(label="week 24", day=168),
    VisitWindow(label="week 48", day=336),
)
CELLS = Effect(relapse_ratio=0.2, lesion_ratio=0.1, edss_shift=-1.0, p100_shift_ms=-4.0)
ARMS = (
    Arm(id="early", label="Cells first", planned_n=20),
    Arm(id="late", label="Placebo first", planned_n=20),
)


def sequences(carry_over: float, effect: Effect = CELLS) -> dict[str, tuple[Period, ...]]:
    return {
        "early": (
            Period(from_day=0, effect=effect),
            Period(from_day=168, placebo=True, carry_over=carry_over),
        ),
        "late": (Period(from_day=0, placebo=True), Period(from_day=168, effect=effect)),
    }


def design(carry_over: float = 1.0, effect: Effect = CELLS, **options: Any) -> Design:
    given: dict[str, Any] = {
        "protocol": MADE["protocol"](design="rct_crossover", arms=ARMS, visits=VISITS, endpoints=()),
        "groups": (Group(phenotype="RRMS", entry=EntryCriteria(edss=(2.0, 5.5))),),
        "effects": sequences(carry_over, effect),
        "scans": ("baseline", "week 24", "week 48"),
        "p100": True,
    }
    return Design(**given | options)


def test_cells_stay_unless_they_are_washed_out() -> None:
    stays, gone = (regime_of(sequences(share)["early"]).effects[1] for share in (1.0, 0.0))
    assert stays == CELLS
    assert gone == NO_EFFECT
    half = regime_of(sequences(0.5)["early"]).effects[1]
    assert half.edss_shift == -0.5
    assert half.relapse_ratio == pytest.approx(0.2**0.5)
    assert Period(from_day=168).carry_over == 1


def test_a_day_on_which_a_period_begins_still_belongs_to_the_one_before() -> None:
    regime = regime_of(sequences(0.0)["late"])
    days = np.array([0.0, 168.0, 169.0, 400.0], dtype=np.float32)
    assert regime.place(days).tolist() == [-1, 0, 1, 1]
    assert regime.values("edss_shift", days).tolist() == [0, 0, -1, -1]
    assert [span[:2] for span in regime.spans(336.0)] == [(0.0, 168.0), (168.0, 336.0)]


@pytest.mark.parametrize(("carry_over", "second"), [(0.0, 1.0), (1.0, 0.2)])
def test_relapses_fall_while_the_effect_lasts(carry_over: float, second: float) -> None:
    made = design(carry_over, protocol=MADE["protocol"](arms=ARMS, visits=VISITS, endpoints=()))
    group, n = made.groups[0], 30_000
    rng = stream(3, "unit", "low", 0)
    early, late = (draw_cohort(rng, n, made, arm, group).attacks for arm in ("early", "late"))
    counts = {
        name: [((each.day >= low) & (each.day < high)).sum() for low, high in ((0, 168), (168, 336))]
        for name, each in (("early", early), ("late", late))
    }
    untreated = counts["late"][0]
    # about 6,500 untreated relapses, own rates differ: 4.5 standard errors are below 9 %
    assert counts["early"][0] / untreated == pytest.approx(0.2, rel=0.12)
    assert counts["early"][1] / untreated == pytest.approx(second, rel=0.12)
    assert counts["late"][1] / untreated == pytest.approx(0.2, rel=0.12)
    assert (np.diff(early.who) >= 0).all()


def test_one_period_is_the_same_as_one_effect() -> None:
    one = design(effects={"early": CELLS})
    same = design(effects={"early": (Period(from_day=0, effect=CELLS),)})
    assert one.effect("early") == same.effect("early") == CELLS
    assert one.effect("late") == NO_EFFECT
    for arm in ("early", "late"):
        rng = [stream(3, "unit", "low", 0) for _ in range(2)]
        cohorts = [
            draw_cohort(each, 50, made, arm, made.groups[0])
            for each, made in zip(rng, (one, same), strict=True)
        ]
        assert (cohorts[0].written == cohorts[1].written).all()


def test_each_period_has_its_dose() -> None:
    doses = trial(design(), seed=1).doses
    arms = trial(design(), seed=1).subjects.select("subject", "arm")
    found = doses.join(arms, on="subject").group_by("arm", "day", "product").len().sort("arm", "day")
    assert found.rows() == [
        ("early", 0, "msc", 20),
        ("early", 168, "placebo", 20),
        ("late", 0, "placebo", 20),
        ("late", 168, "msc", 20),
    ]


def test_who_has_left_gets_no_second_dose() -> None:
    made = trial(design(dropout_per_year=2.0), seed=1)
    last = made.subjects.filter(pl.col("last_contact_day") < 168)["subject"]
    assert last.len() > 5
    assert not set(last) & set(made.doses.filter(day=168)["subject"])


def values(made: Design, seed: int) -> tuple[Any, Any]:
    """P100 of the right eye at the end of each period, by sequence."""
    found = trial(made, seed=seed)
    wide = (
        found.visits.filter(pl.col("visit").is_in(["week 24", "week 48"]))
        .pivot(on="visit", index="subject", values="p100_right_ms")
        .join(found.subjects.select("subject", "arm"), on="subject")
    )
    early, late = (wide.filter(arm=arm).select("week 24", "week 48").to_numpy() for arm in ("early", "late"))
    return early, late


def test_the_crossover_analysis_gives_the_effect_back_and_half_of_one_that_stays() -> None:
    arms = tuple(dataclasses.replace(arm, planned_n=600) for arm in ARMS)
    protocol = MADE["protocol"](design="rct_crossover", arms=arms, visits=VISITS, endpoints=())
    for share, expected in ((0.0, -4.0), (1.0, -2.0)):
        early, late = values(design(share, protocol=protocol, scans=()), seed=5)
        one, two = (each[:, 0] - each[:, 1] for each in (early, late))
        # SD of a difference within a patient is 5 ms with jumps, the standard error 0.14; 4.5 of them
        assert (one.mean() - two.mean()) / 2 == pytest.approx(expected, abs=0.65)
        few = crossover(early[:15], late[:15]).estimates[0]
        assert few.low < expected < few.high


@pytest.mark.parametrize("scenario", ["low", "high"])
def test_without_an_effect_a_virtual_crossover_keeps_its_level(scenario: str) -> None:
    """The second period is a whole point better in both sequences, and the treatments do nothing."""
    trials, each = 1_500, 8
    groups = (Group(phenotype="RRMS", entry=EntryCriteria(edss=(2.0, 5.5))),)
    made = design(effect=NO_EFFECT, scans=(), p100=False, groups=groups, scenario=scenario)
    rng = stream(3, "unit", scenario, 0)
    edss = [
        draw_cohort(rng, trials * each, made, arm, groups[0]).written[:, 1:].reshape(trials, each, 2) / 2
        - np.array([0.0, 1.0])
        for arm in ("early", "late")
    ]
    p_values = crossover_p(*edss)
    # nominal level, and 3 Monte Carlo errors
    assert (p_values <= 0.05).mean() <= 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5
    helped = edss[0] + np.array([-1.5, 0.0]), edss[1] + np.array([0.0, -1.5])
    assert (crossover_p(*helped) <= 0.05).mean() > 0.8


def test_replicates_know_periods() -> None:
    found = replicate(design(0.0, scans=(), p100=False, effect=Effect(edss_shift=-2.0)), n_trials=200, seed=1)
    early, late = found.table.group_by("arm").agg(pl.col("edss_change").mean()).sort("arm")["edss_change"]
    assert early - late > 1.5  # at the last visit only the late sequence is under treatment


def test_periods_say_what_they_are() -> None:
    assert Period(from_day=0, effect=Effect(relapse_ratio=0.5)).text() == "relapse rate times 0.5 from day 0"
    assert design().to_dict()["effects"]["early"][1]["placebo"] is True
    assert design().hash != design(0.5).hash
