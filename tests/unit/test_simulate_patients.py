"""Virtual patients: phenotypes with sources, entry criteria, ratings, lesions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import ranvier as rv
from ranvier.course import BETWEEN_RATERS
from ranvier.simulate import HIGH, LOW, NMOSD, PHENOTYPES, RRMS, SPMS, EntryCriteria, natural_history
from ranvier.simulate._attacks import Attacks, draw_attacks, draw_rates, meets
from ranvier.simulate._lesions import DAYS_PER_MONTH, draw_births, lesions_since
from ranvier.simulate._people import Steps, _add_steps, enter
from ranvier.simulate._ratings import HALF_POINTS, noise_of, on_grid
from ranvier.simulate._streams import stream
from ranvier.trial import PREVENT_ENTRY, TWO_IN_TWO_YEARS, EntryRule


def rng() -> np.random.Generator:
    return stream(7, "unit", "low", 0)


def test_the_packaged_numbers_are_those_of_the_registry() -> None:
    ours = rv.simulate.parameters().filter(~pl.col("id").str.starts_with("SIM_"))
    theirs = rv.evidence.registry().natural_history
    for row in ours.select("id", "value", "source", "status").iter_rows(named=True):
        known = theirs.filter(pl.col("id") == row["id"]).row(0, named=True)
        assert row == {name: known[name] for name in row}


def test_every_number_of_every_phenotype_names_a_source_or_is_an_assumption_with_a_range() -> None:
    for each in PHENOTYPES.values():
        for name, value in each.values().items():
            assert value.sources or (value.low is not None and value.high is not None), (each.name, name)
            assert value.text() in each.explain()


def test_published_values_are_the_numbers_of_their_parameters() -> None:
    assert RRMS.relapse_size.value == rv.simulate.parameter("D_RELAPSE_K")["value_number"]
    assert NMOSD.relapse_rate.value == rv.simulate.parameter("D_NMOSD_FRAILTY")["value_number"]
    assert NMOSD.steps_per_year.value == rv.simulate.parameter("NMO_NODRIFT")["value_number"]


def test_the_grid_has_no_half() -> None:
    levels = np.array([0.0, 0.49, 0.5, 1.2, 1.3, 4.74, 4.76, 9.4, 12.0], dtype=np.float32)
    assert (HALF_POINTS[on_grid(levels)] / 2).tolist() == [0, 0, 1, 1, 1.5, 4.5, 5, 9.5, 9.5]


def test_ratings_agree_as_those_of_the_course_part_do() -> None:
    noise, n = noise_of(RRMS, HIGH), 200_000
    for level in (0.0, 1.0, 4.0, 9.5):
        ours = noise.rate(rng(), np.full(n, level, dtype=np.float32)) / 2
        theirs = BETWEEN_RATERS.rate(np.full(n, level), seed=1)
        for value in np.unique(theirs):
            # 5 standard errors of the difference of two shares near 0.1 in 200,000: 0.0047
            assert abs((ours == value).mean() - (theirs == value).mean()) < 0.005


def attacks(days: list[list[float]]) -> Attacks:
    who = np.repeat(np.arange(len(days)), [len(each) for each in days])
    flat = np.array([day for each in days for day in each], dtype=np.float32)
    return Attacks(who=who, day=flat, peak=np.full(len(flat), 2.0, dtype=np.float32), residual=flat * 0 + 0.5)


@pytest.mark.parametrize("rule", [EntryRule(), TWO_IN_TWO_YEARS, PREVENT_ENTRY])
def test_the_entry_rule_of_columns_is_that_of_one_patient(rule: EntryRule) -> None:
    days = [[], [-30.0], [-400.0], [-30.0, -400.0], [-30.0, -200.0], [-30.0, -500.0, -700.0], [-800.0, -10.0]]
    found = meets(rule, attacks(days), len(days))
    assert found.tolist() == [rule.holds([int(day) for day in each]) for each in days]


def test_an_attack_fades_to_its_residual() -> None:
    one = attacks([[0.0]])
    assert one.excess(0.0, 60.0, 1)[0] == pytest.approx(1.5)
    assert one.excess(60.0, 60.0, 1)[0] == pytest.approx(1.5 * np.exp(-1))
    assert one.excess(-1.0, 60.0, 1)[0] == pytest.approx(-0.5)  # what will stay is not there yet


def test_steps_are_one_point_below_five_and_a_half_and_half_a_point_from_it() -> None:
    level = np.array([4.0, 5.0, 6.0, 2.0], dtype=np.float32)
    steps = Steps(who=np.array([0, 1, 1, 2]), day=np.array([10, 10, 20, 30], dtype=np.float32))
    _add_steps(level, steps, 0.0, 25.0)
    assert level.tolist() == [5.0, 6.5, 6.0, 2.0]


def test_counts_of_attacks_have_the_mean_and_the_spread_of_the_negative_binomial() -> None:
    n = 100_000
    rates = draw_rates(rng(), n, RRMS)
    counts = np.bincount(draw_attacks(rng(), rates, (0.0, 365.25), RRMS).who, minlength=n)
    mean, size = RRMS.relapse_rate.value, RRMS.relapse_size.value
    variance = mean + mean**2 / size
    assert abs(counts.mean() - mean) < 4 * (variance / n) ** 0.5
    assert counts.var() == pytest.approx(variance, rel=0.05)


def test_new_lesions_keep_their_mean_and_remember() -> None:
    births = draw_births(rng(), 60_000, 13, RRMS)
    # SD of a yearly count is about 10, so three errors of the mean of 60,000 are 0.13
    assert births[:, 1:].sum(axis=1).mean() == pytest.approx(5.5, abs=0.15)
    near = np.corrcoef(births[:, 5], births[:, 6])[0, 1]
    far = np.corrcoef(births[:, 0], births[:, 12])[0, 1]
    assert near > far + 0.2 > 0.2


@pytest.mark.parametrize("day", [14, 45, 60, 76, 183, 365, 396])
def test_new_lesions_per_year_are_right_whatever_the_day_of_the_scan(day: int) -> None:
    births = draw_births(rng(), 60_000, 14, RRMS)
    years = np.full(len(births), day) / 365.25
    counts = lesions_since(rng(), births, years * 365.25 / DAYS_PER_MONTH)
    error = counts.std() / years[0] / len(births) ** 0.5
    assert abs(counts.mean() / years[0] - 5.5) < 4 * error
    assert error < 0.1
    assert (lesions_since(rng(), births, np.full(len(births), 13.0)) == births[:, 1:].sum(axis=1)).all()


def test_entry_after_a_relapse_makes_the_rate_fall_and_the_edss_improve_by_itself() -> None:
    recent = EntryCriteria(edss=(3.0, 5.0), attack_days=(20, 60))
    long_ago = EntryCriteria(edss=(3.0, 5.0), attack_days=(365, None))
    falls = {}
    for name, entry in (("recent", recent), ("long ago", long_ago)):
        found = natural_history("RRMS", n=20_000, days=[0, 365], seed=2, entry=entry)
        wide = found.visits.pivot(on="day", index="subject", values="edss")
        falls[name] = float((wide["0"] - wide["365"]).mean())  # type: ignore[arg-type]
    assert falls["recent"] > falls["long ago"] + 0.3


def test_who_enters_meets_the_criteria() -> None:
    entry = EntryCriteria(relapses="two-in-two-years", edss=(2.0, 4.5), attack_days=(30, 300))
    found = natural_history("RRMS", n=300, days=[0, 182], seed=5, entry=entry, scenario="high")
    first = found.visits.filter(day=0)["edss"]
    assert first.is_between(2.0, 4.5).all()
    before = found.relapses.filter(pl.col("day") < 0)
    for days in before.group_by("subject").agg("day")["day"]:
        assert TWO_IN_TWO_YEARS.holds(days.to_list())
        assert 30 <= -max(days) <= 301


def test_the_same_seed_repeats_and_another_does_not() -> None:
    first, again, other = (natural_history("SPMS", n=50, days=[0, 365], seed=seed) for seed in (1, 1, 2))
    assert first.visits.equals(again.visits)
    assert first.lesions.equals(again.lesions)
    assert not first.visits.equals(other.visits)


def test_nmosd_without_attacks_and_noise_of_the_day_stays_where_it_is() -> None:
    found = natural_history(
        "NMOSD", n=4_000, days=[0, 365], seed=4, entry=EntryCriteria(attack_days=(700, None))
    )
    quiet = found.relapses.filter(pl.col("day") >= 0)["subject"].unique()
    wide = found.visits.filter(~pl.col("subject").is_in(quiet.implode())).pivot(
        on="day", index="subject", values="edss"
    )
    assert wide.height > 1_000
    # same-rater error only: equal in 0.83 of pairs
    assert float((wide["0"] == wide["365"]).mean()) > 0.8  # type: ignore[arg-type]
    assert found.lesions.is_empty()


def test_the_results_explain_and_draw_themselves() -> None:
    found = natural_history(SPMS, n=20, days=[0, 182, 365], seed=1, scenario=LOW)
    assert "20 virtual patients with SPMS, 3 visits, without treatment" in found.explain()
    assert found.plot().get_ylabel() == "EDSS"
    assert found.to_dict()["patients"][0]["subject"] == "V0000001"
    assert "Virtual patients" in found._repr_html_()


@pytest.mark.parametrize("rule", [EntryRule(), TWO_IN_TWO_YEARS, PREVENT_ENTRY])
def test_rates_before_and_after_entry_are_those_of_the_exact_sums(rule: EntryRule) -> None:
    """Patients drawn with a history and selected, against `stats.expected_after_entry`."""
    n = 60_000
    exact = rv.stats.expected_after_entry(
        rate=RRMS.relapse_rate.value, size=RRMS.relapse_size.value, entry=rule
    ).diagnostics
    entry = EntryCriteria(relapses=rule, edss=(0.0, 9.5))
    people = enter(rng(), n, RRMS, noise_of(RRMS, LOW), entry=entry)
    before = np.bincount(people.past.who[people.past.day >= -365.25], minlength=n)
    after = np.bincount(draw_attacks(rng(), people.rates, (0.0, 365.25), RRMS).who, minlength=n)
    for counts, wanted in ((before, exact["before"]), (after, exact["after"])):
        assert abs(counts.mean() - wanted) < 4 * counts.std() / n**0.5
