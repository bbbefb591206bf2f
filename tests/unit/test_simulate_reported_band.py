"""The null band of a trial of which only counts were reported."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.simulate import EntryCriteria, Group, ReportedPatients, reported_null_band
from ranvier.simulate.reported_bands import _baselines
from ranvier.trial import Arm

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("simulated.py")))

TEN = ReportedPatients(courses={"SPMS": 8, "RRMS": 2}, edss=(3.0, 6.0), months=12)


def chances(patients, **options):
    bands = reported_null_band(patients, seed=1, n_trials=4000, **options).of("responders")
    return [band.chance for band in bands]


def test_both_scenarios_and_three_endpoints_are_given():
    found = reported_null_band(TEN, improved=2, mean_change=-0.5, seed=1, n_trials=200)
    assert [(band.endpoint, band.scenario) for band in found.bands] == [
        (name, noise) for name in ("responders", "edss_change", "largest_fall") for noise in ("low", "high")
    ]
    assert [band.observed for band in found.bands] == [2.0, 2.0, -0.5, -0.5, None, None]
    assert json.dumps(found.to_dict())
    assert all(name in found.explain() for name in ("8 patients with SPMS", "2 patients with RRMS"))


def test_the_coin_flip_of_the_ten_patients_is_found_again():
    """Specification: 2 of 10 by any step in roughly half to four fifths of trials with no effect."""
    low, high = chances(TEN, improved=2, rule="edss-0.5")
    assert 0.44 < low < high < 0.9
    assert max(chances(TEN, improved=2)) < high


def test_one_day_decides_in_nmosd():
    five = {"courses": {"NMOSD": 5}, "edss": (4.9, 4.9), "months": 18}
    long_ago = chances(ReportedPatients(**five, last_attack_days=(400, 400)), improved=4, rule="edss-0.5")
    recent = chances(ReportedPatients(**five, last_attack_days=(30, 90)), improved=4, rule="edss-0.5")
    assert max(long_ago) < 0.02
    assert min(recent) > 0.1


@pytest.mark.parametrize(
    ("courses", "days", "readable"),
    [
        ({"PPMS": 4}, None, True),
        ({"SPMS": 4}, None, False),
        ({"SPMS": 4}, (100, 300), True),
        ({"PPMS": 3, "RRMS": 1}, None, False),
    ],
)
def test_improvement_is_interpreted_only_when_attacks_are_known(courses, days, readable):
    patients = ReportedPatients(courses=courses, edss=(4.0, 5.0), months=6, last_attack_days=days)
    found = reported_null_band(patients, seed=1, n_trials=100)
    assert found.interpretable is readable
    assert bool(found.refusals) is not readable
    if not readable:
        assert f"{patients.relapsing} patient" in found.refusals[0]


def test_patients_without_attacks_have_none_to_recover_from():
    some = {"courses": {"PPMS": 5}, "edss": (3.0, 6.0), "months": 12}
    recent = ReportedPatients(**some, last_attack_days=(30, 60))
    bands = [reported_null_band(one, seed=1, n_trials=2000) for one in (ReportedPatients(**some), recent)]
    for plain, other in zip(*(band.of("edss_change") for band in bands), strict=True):
        assert abs(plain.mean - other.mean) < 0.05


def test_equal_seeds_give_equal_bands_and_order_of_courses_does_not_matter():
    one = reported_null_band(TEN, seed=7, n_trials=300)
    other = ReportedPatients(courses={"RRMS": 2, "SPMS": 8, "PPMS": 0}, edss=(3, 6), months=12.0)
    assert one.bands == reported_null_band(other, seed=7, n_trials=300).bands
    assert one.bands != reported_null_band(TEN, seed=8, n_trials=300).bands


@pytest.mark.parametrize("n", [1, 2, 5, 8, 31])
@pytest.mark.parametrize("middle", [0.0, 2.0, 4.9, 5.1, 5.25, 6.5])
def test_baselines_around_a_mean_give_the_mean(n, middle):
    values = _baselines(n, middle, middle) / 2
    assert abs(values.mean() - middle) <= 0.25 / n + 1e-9
    assert np.ptp(values) <= 0.5


def test_baselines_of_a_range_hold_both_halves_of_it():
    values = _baselines(8, 3.0, 6.0) / 2
    assert values.min() == 3.0
    assert values.max() == 6.0
    assert abs(values.mean() - 4.5) < 0.2


def test_the_same_patients_at_hand_give_the_same_band():
    """Patients with PPMS at EDSS 4.0, whose history has no attacks: once at hand, once from their counts."""
    entry = EntryCriteria(edss=(4.0, 4.0))
    arms = (Arm(id="cells", label="Cells", planned_n=8),)
    plan = MADE["protocol"](arms=arms, design="single_arm", visits=MADE["EXACT"])
    design = MADE["design"](
        protocol=plan, groups=(Group(phenotype="PPMS", entry=entry),), effects={}, dropout_per_year=0.0,
        missed_share=0.0, scans=(),
    )  # fmt: skip
    at_hand = rv.simulate.null_band(rv.simulate.trial(design, seed=5), seed=3, n_trials=4000)
    reported = ReportedPatients(courses={"PPMS": 8}, edss=(4.0, 4.0), months=12)
    same = reported_null_band(reported, seed=4, n_trials=4000)
    for name in ("responders", "edss_change", "largest_fall"):
        for one, other in zip(at_hand.of(name), same.of(name), strict=True):
            spread = np.dot(np.square(np.array(one.values) - one.mean), one.chances)
            assert abs(one.mean - other.mean) < 4 * (2 * spread / 4000) ** 0.5
