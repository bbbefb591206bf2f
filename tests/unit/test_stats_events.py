"""Events compared between arms, and bounds where nobody had one."""

import math

import polars as pl
import pytest
from scipy import stats as reference

import ranvier as rv
from ranvier.errors import InputError
from ranvier.stats.event_table import fisher_p

PEOPLE = pl.DataFrame(
    {
        "subject": [f"M{n}" for n in range(8)] + [f"S{n}" for n in range(6)] + ["X"],
        "arm": ["msc"] * 8 + ["sham"] * 6 + ["none"],
        "treated": [True] * 14 + [False],
        "last_contact_day": 365,
    }
)
EVENTS = pl.DataFrame(
    {
        "subject": ["M0", "M1", "M2", "M2", "S0"],
        "day": [1, 2, 3, 9, 4],
        "term": ["headache", "headache", "headache", "fever", "headache"],
        "serious": False,
        "outcome": "recovered",
    }
)
COUNTED = rv.safety.incidence(EVENTS, PEOPLE)


def test_each_row_has_the_numbers_of_the_functions_behind_it():
    table = rv.stats.compare_events(COUNTED, reference="sham", arms=["msc"]).table
    row = table.filter(event="headache").row(0, named=True)
    assert (row["subjects"], row["n"], row["reference_subjects"], row["reference_n"]) == (3, 8, 1, 6)
    share = rv.stats.proportion(3, 8)
    assert (row["share"], row["share_low"], row["share_high"]) == (share.value, share.low, share.high)
    for measure in ("difference", "ratio"):
        part = rv.stats.compare_proportions((3, 1), (8, 6), measure=measure)
        assert (row[measure], row[f"{measure}_low"], row[f"{measure}_high"]) == (
            part.value,
            part.low,
            part.high,
        )
    assert row["p_value"] == pytest.approx(reference.fisher_exact([[3, 5], [1, 5]])[1], rel=1e-12)


def test_a_kind_that_nobody_had_has_bounds_and_no_p():
    table = rv.stats.compare_events(COUNTED, reference="sham", arms=["msc"]).table
    row = table.filter(event="serious").row(0, named=True)
    assert (row["share"], row["difference"], row["ratio"], row["p_value"]) == (0, 0, None, None)
    assert row["share_high"] == pytest.approx(1 - 0.025 ** (1 / 8))
    assert row["difference_low"] < 0 < row["difference_high"]


@pytest.mark.parametrize("n", range(1, 9))
def test_fisher_p_equals_scipy_on_every_table(n):
    for m in (1, 4, 7):
        for first in range(n + 1):
            for second in range(m + 1):
                if first + second:
                    ours = fisher_p(first, n, second, m)
                    theirs = reference.fisher_exact([[first, n - first], [second, m - second]])[1]
                    assert ours == pytest.approx(theirs, rel=1e-9)


def test_arm_without_treated_patients_cannot_be_compared():
    with pytest.raises(InputError, match="arm 'none' has no treated patient"):
        rv.stats.compare_events(COUNTED, reference="sham")


def test_dot_plot_has_both_panels():
    compared = rv.stats.compare_events(COUNTED, reference="sham", arms=["msc"])
    ax = compared.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["headache", "fever"]
    assert ax.child_axes[0].get_xlabel().startswith("risk difference")
    assert "Nothing is adjusted" in compared.explain()


def test_bounds_of_what_nobody_had_by_arm_and_over_all_arms():
    table = rv.stats.zero_events(COUNTED).table
    assert table.select("arm", "event").rows() == [
        (arm, event)
        for arm in ("msc", "sham", "all arms")
        for event in ("serious", "related", "procedure_related", "fatal")
    ]
    row = table.filter(arm="all arms", event="serious").row(0, named=True)
    assert (row["n"], row["rule_of_three"]) == (14, 3 / 14)
    assert row["one_sided"] == pytest.approx(1 - 0.05 ** (1 / 14))
    assert row["two_sided"] == pytest.approx(rv.stats.proportion(0, 14).high)
    assert row["rate_two_sided"] == pytest.approx(100 * rv.stats.rate(0, row["years"]).high)
    assert row["rule_of_three_rate"] == pytest.approx(300 / row["years"])


def test_an_arm_with_an_unmarked_death_is_not_free_of_serious_events():
    dead = EVENTS.with_columns(
        outcome=pl.when(pl.col("subject") == "M0").then(pl.lit("fatal")).otherwise("outcome")
    )
    table = rv.stats.zero_events(rv.safety.incidence(dead, PEOPLE)).table
    assert table.filter(event="serious")["arm"].to_list() == ["sham"]


@pytest.mark.parametrize(("share", "sided", "n"), [(0.05, "one", 59), (0.1, "one", 29), (0.05, "two", 72)])
def test_patients_that_exclude_a_share(share, sided, n):
    found = rv.stats.patients_to_exclude(share, sided=sided)
    assert found.value == n
    assert rv.stats.zero_event_bound(n, sided=sided).high <= share
    assert rv.stats.zero_event_bound(n - 1, sided=sided).high > share


def test_rule_of_three_nears_the_one_sided_bound_from_above():
    gaps = [3 / n - rv.stats.zero_event_bound(n, sided="one").high for n in (5, 20, 100, 1000)]
    assert all(gap > 0 for gap in gaps)
    assert gaps == sorted(gaps, reverse=True)
    assert math.isclose(3 / 1000, rv.stats.zero_event_bound(1000, sided="one").high, rel_tol=0.01)


def test_registry_is_added_up_by_family_without_the_trial_itself():
    every = rv.evidence.serious_events(cell_class="MSC")
    used = every.table.filter(use="added up")
    assert every.estimate.n == used.filter(relatedness="any")["n"].sum() == 44
    assert every.related.n == used.filter(relatedness="related")["n"].sum() == 39
    assert "2 of 24 (low certainty)" in every.apart
    assert not {"C", "D"} & set(used["certainty"])
    without = rv.evidence.serious_events(cell_class="MSC", leave_out=["fu2016"])
    assert every.related.n - without.related.n == 15
    assert rv.evidence.serious_events(cell_class="aHSCT").estimates == ()
