"""Several effects per study, and networks of trials: small tables in, numbers checked by hand out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import ranvier as rv

ARMS: dict[str, Any] = {
    "study": ["A", "A", "B", "B", "C", "C", "D", "D", "D", "E", "E"],
    "treatment": [
        "msc",
        "placebo",
        "msc",
        "placebo",
        "nsc",
        "placebo",
        "msc",
        "nsc",
        "placebo",
        "msc",
        "nsc",
    ],
    "mean": [-0.5, -0.1, -0.9, 0.1, -0.2, 0.0, -0.6, -0.2, 0.0, -0.7, 0.2],
    "sd": [0.9, 1.0, 1.1, 0.9, 1.0, 1.0, 0.8, 0.9, 1.0, 0.8, 0.7],
    "n": [20, 20, 35, 33, 15, 16, 24, 25, 25, 18, 20],
}
MEANS: dict[str, Any] = {"reference": "placebo", "measure": "mean difference"}


def comparisons_of(arms: dict[str, Any]) -> pl.DataFrame:
    """Give all comparisons of the arms of each trial."""
    frame = pl.DataFrame(arms).with_columns(variance=pl.col("sd") ** 2 / pl.col("n"))
    both = frame.join(frame, on="study", suffix="_other").filter(
        pl.col("treatment") > pl.col("treatment_other")
    )
    return both.select(
        "study",
        "treatment",
        comparator="treatment_other",
        effect=pl.col("mean") - pl.col("mean_other"),
        variance=pl.col("variance") + pl.col("variance_other"),
    )


def test_in_a_balanced_set_the_robust_interval_is_that_of_the_study_means() -> None:
    y = np.array([[-0.6, -0.2], [-0.1, 0.3], [-0.9, -0.8], [0.2, -0.3], [-0.5, -0.1]])
    names = [name for name in "ABCDE" for _ in range(2)]
    pooled = rv.evidence.pool_multilevel(y.ravel(), [0.05] * 10, study=names, sampling=0.4)
    means = y.mean(axis=1)
    error = means.std(ddof=1) / math.sqrt(5)
    reach = stats.t.ppf(0.975, 4) * error
    assert pooled.diagnostics["df"] == pytest.approx(4, rel=1e-9)
    assert pooled.diagnostics["value"] == pytest.approx(means.mean(), rel=1e-9)
    assert pooled.estimates[0].low == pytest.approx(means.mean() - reach, rel=1e-9)
    assert pooled.studies["weight"].to_list() == pytest.approx([0.2] * 5)


def test_effects_with_the_same_entry_within_a_study_share_their_true_value() -> None:
    y, v, names = [0.1, 0.9, 0.4, 0.5, -0.3, 0.2], [0.02] * 6, list("AAAABB")
    apart = rv.evidence.pool_multilevel(y, v, study=names)
    joined = rv.evidence.pool_multilevel(y, v, study=names, within=["x", "x", "y", "y", "x", "y"])
    assert apart.effects["within"].to_list() == ["1", "2", "3", "4", "1", "2"]
    assert joined.diagnostics["tau2_within"] < apart.diagnostics["tau2_within"]


def test_a_missing_effect_is_left_out_with_its_row_of_the_matrix() -> None:
    y, v, names = [0.1, 0.4, None, 0.5, -0.3], [0.02] * 5, list("AABBB")
    matrix = np.full((5, 5), 0.01) * np.equal.outer(names, names)
    np.fill_diagonal(matrix, 0.02)
    whole = rv.evidence.pool_multilevel(y, None, study=names, sampling=matrix)
    part = rv.evidence.pool_multilevel([0.1, 0.4, 0.5, -0.3], v[:4], study=list("AABB"), sampling=0.5)
    assert whole.diagnostics["value"] == pytest.approx(part.diagnostics["value"], rel=1e-12)
    assert "Left out: 1 (studies without an effect or its variance)." in whole.explain()


def test_a_multilevel_pool_of_shares_is_read_in_percent_and_says_what_it_assumed() -> None:
    trials = {"study": ["A", "A", "B", "B", "C"], "events": [1, 3, 4, 2, 6], "n": [10, 12, 20, 9, 15]}
    sizes = rv.evidence.effect_size(trials, measure="logit proportion")
    pooled = rv.evidence.pool_multilevel(sizes)
    assert pooled.estimates[0].text().endswith("%)")
    text = pooled.explain()
    assert "Effects of the same study were taken as independent by chance." in text
    assert "CR0" in text
    assert pooled.to_dict()["scale"]["measure"] == "PLO"
    shown = [each.get_text() for each in pooled.plot().get_yticklabels()]
    assert shown == ["A · 1", "A · 2", "B · 1", "B · 2", "C · 1", "pooled", "new study (prediction)"]


def test_equal_effects_have_no_variance_and_the_note_says_that_the_interval_has_no_length() -> None:
    pooled = rv.evidence.pool_multilevel([0.3] * 5, [0.1, 0.2, 0.1, 0.1, 0.3], study=list("AABBC"))
    assert pooled.diagnostics["tau2_between"] == pooled.diagnostics["tau2_within"] == 0
    assert pooled.estimates[0].low == pooled.estimates[0].high == pytest.approx(0.3)
    assert any("All effects are equal" in note for note in pooled.notes)


def test_two_studies_have_no_prediction() -> None:
    pooled = rv.evidence.pool_multilevel([0.1, 0.4, 0.6], [0.1, 0.2, 0.1], study=list("AAB"))
    assert math.isnan(pooled.estimates[1].low)
    assert any("three studies" in note for note in pooled.notes)


@pytest.mark.parametrize("method", ["common", "ml", "reml"])
@pytest.mark.parametrize("interval", ["wald", "t", "knapp-hartung", "knapp-hartung unfloored"])
def test_a_network_of_two_treatments_is_the_pool_of_their_differences(method: str, interval: str) -> None:
    y, v = [-0.5, 0.2, -0.9, -0.1, -0.6], [0.04, 0.05, 0.09, 0.03, 0.02]
    rows = {"study": list("ABCDE"), "treatment": ["msc"] * 5, "comparator": ["placebo"] * 5}
    net = rv.evidence.network(
        {**rows, "effect": y, "variance": v}, reference="placebo", method=method, interval=interval
    )
    pool = rv.evidence.pool(y, v, method=method, interval=interval)
    for ours, theirs in zip(
        net.estimates[0].to_dict().items(), pool.estimates[0].to_dict().items(), strict=True
    ):
        if ours[0] in {"value", "low", "high", "p_value"}:
            assert ours[1] == pytest.approx(theirs[1], rel=1e-7)
    assert net.diagnostics["tau2"] == pytest.approx(pool.diagnostics["tau2"], rel=1e-7)
    assert net.diagnostics["i2"] == pytest.approx(pool.diagnostics["i2"], rel=1e-7)
    if method != "common":
        ahead = net.comparisons.row(0, named=True)
        assert ahead["treatment"] == "placebo"
        assert -ahead["prediction_high"] == pytest.approx(pool.estimates[1].low, rel=1e-7)


def test_arms_and_all_their_comparisons_give_the_same_network() -> None:
    of_arms = rv.evidence.network(ARMS, **MEANS)
    of_pairs = rv.evidence.network(comparisons_of(ARMS), **MEANS)
    for name in ("value", "low", "high", "prediction_low"):
        assert of_pairs.comparisons[name].to_list() == pytest.approx(
            of_arms.comparisons[name].to_list(), rel=1e-9
        )
    assert of_arms.treatments.rows() == [("placebo", 4, 94.0), ("msc", 4, 97.0), ("nsc", 3, 60.0)]


def test_the_reference_and_the_order_of_rows_change_no_comparison() -> None:
    one = rv.evidence.network(ARMS, **MEANS)
    shuffled = pl.DataFrame(ARMS).sample(fraction=1.0, shuffle=True, seed=3)
    other = rv.evidence.network(shuffled, reference="msc", measure="mean difference")
    keys = ["treatment", "comparator"]
    joined = one.comparisons.join(other.comparisons, on=keys, suffix="_other")
    assert joined.height == 6
    for name in ("value", "low", "high"):
        assert joined[name].to_list() == pytest.approx(joined[f"{name}_other"].to_list(), rel=1e-7)
    first, second = (net.split().sort("p_value") for net in (one, other))
    assert first["p_value"].to_list() == pytest.approx(second["p_value"].to_list(), rel=1e-6)


def test_one_trial_of_three_arms_is_returned_as_it_is() -> None:
    arms = pl.DataFrame(ARMS).filter(pl.col("study") == "D")
    net = rv.evidence.network(arms, **MEANS, method="common", interval="wald")
    values = dict(zip(net.treatments["treatment"][1:], [each.value for each in net.estimates], strict=True))
    assert values == pytest.approx({"msc": -0.6, "nsc": -0.2})
    error = net.comparisons.filter(pl.col("comparator") == "placebo")["standard_error"][0]
    assert error == pytest.approx(math.sqrt(0.8**2 / 24 + 1 / 25))
    assert net.split()["direct"].null_count() == 3
    assert any("two independent ways" in note for note in net.notes)


def test_direct_and_indirect_evidence_add_up_in_a_triangle() -> None:
    rows = {
        "study": list("ABC"),
        "treatment": ["msc", "nsc", "msc"],
        "comparator": ["placebo", "placebo", "nsc"],
    }
    given = {**rows, "effect": [-0.5, -0.2, 0.4], "variance": [0.04, 0.09, 0.08]}
    net = rv.evidence.network(given, reference="placebo", method="common", interval="wald")
    row = net.split().filter(pl.col("treatment") == "nsc", pl.col("comparator") == "msc").row(0, named=True)
    assert row["direct"] == pytest.approx(-0.4)
    assert row["indirect"] == pytest.approx(-0.2 + 0.5)
    z = (-0.4 - 0.3) / math.sqrt(0.04 + 0.09 + 0.08)
    assert row["p_value"] == pytest.approx(2 * stats.norm.sf(abs(z)))
    assert net.diagnostics["q_between"] == pytest.approx(z**2)
    assert net.diagnostics["q_between_df"] == 1


def test_trials_without_events_are_named_and_additions_are_told() -> None:
    arms = {
        "study": ["A", "A", "B", "B", "C", "C", "D", "D"],
        "treatment": ["msc", "placebo"] * 4,
        "events": [0, 3, 0, 0, 2, 4, 1, 6],
        "n": [12, 12, 8, 9, 20, 19, 30, 33],
    }
    net = rv.evidence.network(arms, reference="placebo", measure="odds ratio")
    text = net.explain()
    assert "Left out: 1 (trials in which no arm, or every patient, has the event)." in text
    assert "0.5 was added to each cell of 1 trial with a cell of 0" in text
    assert net.studies["added"].to_list() == [True, False, False]
    difference = rv.evidence.network(arms, reference="placebo", measure="risk difference")
    assert difference.diagnostics["trials"] == 4


def test_a_ranking_leaves_ranks_open_and_turns_with_what_is_better() -> None:
    net = rv.evidence.network(ARMS, **MEANS, method="common", interval="wald")
    down, up = (net.ranking(better=each) for each in ("lower", "higher"))
    assert down["treatment"][0] == "msc"
    assert up["treatment"].to_list() == down["treatment"].to_list()[::-1]
    assert (down["first_rank"] <= down["last_rank"]).all()
    assert down["p_score"].sum() == pytest.approx(1.5)
    assert up["p_score"].to_list() == pytest.approx((1 - down["p_score"]).to_list()[::-1])


def test_a_hazard_ratio_is_read_as_one_and_drawn_on_a_logarithmic_axis() -> None:
    rows = {
        "study": list("ABC"),
        "treatment": ["msc", "nsc", "msc"],
        "comparator": ["placebo", "placebo", "nsc"],
    }
    given = {**rows, "effect": [-0.5, -0.2, -0.4], "variance": [0.04, 0.09, 0.08]}
    net = rv.evidence.network(
        given, reference="placebo", measure="hazard ratio", method="common", interval="wald"
    )
    assert net.estimates[0].quantity == "hazard ratio, msc against placebo"
    assert 0 < net.estimates[0].value < 1
    ax = net.plot()
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "hazard ratio against placebo"
    assert net.treatments["patients"].null_count() == 3


def test_a_graph_names_treatments_with_their_patients_and_counts_trials_on_lines() -> None:
    ax = rv.evidence.network(ARMS, **MEANS).graph()
    words = [text.get_text() for text in ax.texts]
    assert "placebo\n94 patients" in words
    assert sorted(words[:3]) == ["2", "2", "3"]
