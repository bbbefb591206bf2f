"""The mixed model for repeated measures on tables small enough to check by hand, and its refusals."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

import ranvier as rv
from ranvier.errors import ConvergenceError, DefinitionError, InputError
from ranvier.stats import MixedModel, mmrm
from ranvier.stats._blocks import block
from ranvier.stats._covariance import STRUCTURES, matrices
from ranvier.stats._reml import Model, evaluate


def trial(
    n: int = 12, m: int = 3, *, arms: tuple[str, ...] = ("msc", "placebo"), seed: int = 7
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    change = np.cumsum(rng.normal(size=(n, m)), axis=1) + rng.normal(size=(n, 1))
    who, when = np.indices((n, m)).reshape(2, -1)
    return pl.DataFrame(
        {
            "subject": [f"P{place:02d}" for place in who],
            "visit": [f"month {3 * place + 3}" for place in when],
            "arm": [arms[place % len(arms)] for place in who],
            "change": np.round(change, 2).ravel(),
        }
    )


@pytest.mark.parametrize("covariance", rv.stats.COVARIANCES)
def test_derivatives_of_the_covariance_are_those_of_finite_differences(covariance: str) -> None:
    structure = STRUCTURES[covariance]
    place = np.abs(np.subtract.outer([0, 1, 2, 3], [0, 1, 2, 3])).astype(float)
    place = np.stack([place, 1.3 * place]) if structure.in_time else place
    theta = np.random.default_rng(1).normal(0, 0.3, structure.parameters(4))
    found = matrices(structure, theta, place)
    step = 1e-5
    for k in range(theta.size):
        move = step * np.eye(theta.size)[k]
        up, down = matrices(structure, theta + move, place), matrices(structure, theta - move, place)
        assert found.first[k] == pytest.approx((up.value - down.value) / (2 * step), abs=1e-8)
        assert found.second[k] == pytest.approx((up.first - down.first) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("covariance", rv.stats.COVARIANCES)
def test_gradient_and_curvature_are_those_of_finite_differences(covariance: str, restricted: bool) -> None:
    rng = np.random.default_rng(3)
    seen = rng.random((20, 4)) > 0.2
    data = rng.normal(size=(20, 4, 4)) * seen[:, :, None]
    times = np.cumsum(rng.uniform(1, 2, (20, 4)), axis=1) if STRUCTURES[covariance].in_time else None
    halves = [slice(0, 10), slice(10, 20)]
    blocks = tuple(block(data[h], seen[h], None if times is None else times[h]) for h in halves)
    size = 2 * STRUCTURES[covariance].parameters(4)
    model = Model(
        covariance=covariance, names=("",) * size, blocks=blocks, n_columns=3, restricted=restricted
    )
    theta = rng.normal(0, 0.2, size)
    state = evaluate(model, theta)
    assert state is not None
    step = 1e-5
    for k in range(size):
        move = step * np.eye(size)[k]
        up, down = evaluate(model, theta + move), evaluate(model, theta - move)
        assert up is not None
        assert down is not None
        slope = (up.minus_two_log - down.minus_two_log) / (2 * step)
        assert state.gradient[k] == pytest.approx(slope, abs=1e-6)
        assert state.hessian[k] == pytest.approx((up.gradient - down.gradient) / (2 * step), abs=1e-5)


def test_data_joined_by_pattern_say_the_same_as_row_by_row() -> None:
    rng = np.random.default_rng(5)
    seen = np.array([[1, 1, 1], [1, 0, 1]])[rng.integers(0, 2, 60)].astype(bool)
    data = rng.normal(size=(60, 3, 3)) * seen[:, :, None]
    joined, rows = (
        block(data, seen, None),
        block(data, seen, np.tile([0.0, 1, 2], (60, 1)) + rng.random((60, 1))),
    )
    assert joined.sums is not None
    assert rows.rows is not None
    assert joined.gram(joined.both) == pytest.approx(rows.gram(rows.both))
    assert joined.inner(np.eye(3)).sum(axis=0) == pytest.approx(rows.inner(np.eye(3)).sum(axis=0))


def test_complete_data_without_covariates_give_the_t_test_of_each_visit() -> None:
    table = trial()
    found = mmrm(table, MixedModel(outcome="change")).table.filter(kind="difference")
    for visit, p_value, df in zip(found["visit"], found["p_value"], found["df"], strict=True):
        one = table.filter(visit=visit)
        groups = [one.filter(arm=arm)["change"].to_numpy() for arm in ("placebo", "msc")]
        assert p_value == pytest.approx(stats.ttest_ind(*groups).pvalue, rel=1e-8)
        assert df == pytest.approx(10, rel=1e-8)


def test_second_derivatives_shrink_standard_errors_and_the_fit_says_so() -> None:
    table = trial()
    linear = mmrm(table, MixedModel(outcome="change"))
    second = mmrm(table, MixedModel(outcome="change", df="kenward-roger"))
    assert (second.table["standard_error"] < linear.table["standard_error"]).all()
    assert any("smaller than unadjusted" in note for note in second.notes)
    assert not any("smaller than unadjusted" in note for note in linear.notes)


def test_order_of_rows_and_unit_of_the_outcome_change_nothing() -> None:
    table = trial()
    base = mmrm(table, MixedModel(outcome="change")).table
    shuffled = mmrm(table.sample(fraction=1, shuffle=True, seed=1), MixedModel(outcome="change")).table
    scaled = mmrm(table.with_columns(pl.col("change") * 1e6), MixedModel(outcome="change")).table
    assert shuffled["value"].to_numpy() == pytest.approx(base["value"].to_numpy(), rel=1e-9)
    assert scaled["low"].to_numpy() == pytest.approx(1e6 * base["low"].to_numpy(), rel=1e-7)
    assert scaled["df"].to_numpy() == pytest.approx(base["df"].to_numpy(), rel=1e-7)


def test_one_arm_gives_changes_and_never_speaks_of_an_effect() -> None:
    table = trial(arms=("msc",))
    fit = mmrm(table, MixedModel(outcome="change", change_from="month 3"))
    assert fit.table["kind"].unique().sort().to_list() == ["change", "mean"]
    assert fit.estimates[3].quantity == "mean change of change from month 3 to month 6"
    assert "effect" not in fit.explain()
    assert "not what the treatment did" in fit.explain()


def test_changes_are_differences_of_means_and_contrast_gives_the_same() -> None:
    fit = mmrm(trial(), MixedModel(outcome="change", change_from="month 3", control="placebo"))
    between = fit.table.filter(kind="difference in change", visit="month 9").row(0, named=True)
    assert (between["arm"], between["versus"]) == ("msc", "placebo")
    weights = {
        ("msc", "month 9"): 1.0,
        ("msc", "month 3"): -1.0,
        ("placebo", "month 9"): -1.0,
        ("placebo", "month 3"): 1.0,
    }
    own = fit.contrast(weights, quantity="difference in change")
    assert (own.value, own.low, own.p_value) == pytest.approx(
        (between["value"], between["low"], between["p_value"])
    )


def test_incomplete_rows_are_left_out_and_counted_and_the_other_visits_stay() -> None:
    table = trial()
    holes = table.with_columns(
        pl.when(
            (pl.col("subject") == "P01") | ((pl.col("subject") == "P02") & (pl.col("visit") == "month 6"))
        )
        .then(None)
        .otherwise(pl.col("change"))
        .alias("change")
    )
    fit = mmrm(holes, MixedModel(outcome="change", covariance="ar1"))
    assert [(each.n, each.reason) for each in fit.estimates[0].left_out] == [
        (4, "rows without change"),
        (1, "patients without a complete row"),
    ]
    assert fit.diagnostics["patients"] == 11
    assert "Missing visits: 1 of 33." in fit.explain()


def test_control_and_order_of_visits_are_taken_as_given() -> None:
    named = trial().with_columns(
        pl.col("visit").replace({"month 3": "early", "month 6": "mid", "month 9": "late"})
    )
    with pytest.raises(InputError, match="order of the visits"):
        mmrm(named, MixedModel(outcome="change"))
    order = ("early", "mid", "late")
    fit = mmrm(named, MixedModel(outcome="change", visit_order=order, control="placebo"))
    assert fit.diagnostics["visits"] == list(order)
    assert fit.table.filter(kind="difference")["versus"].unique().to_list() == ["placebo"]


@pytest.mark.parametrize("name", ["visit-{}", "V{}", "week {}", "week -{}"])
def test_a_hyphen_in_the_name_of_a_visit_is_a_minus_sign_only_after_a_space(name: str) -> None:
    table = trial().with_columns(pl.col("visit").replace({f"month {k}": name.format(k) for k in (3, 6, 9)}))
    found = mmrm(table, MixedModel(outcome="change", covariance="ar1")).diagnostics["visits"]
    order = (9, 6, 3) if " -" in name else (3, 6, 9)
    assert found == [name.format(k) for k in order]


def test_numeric_visits_are_labelled_with_their_column() -> None:
    table = trial().with_columns(pl.col("visit").str.slice(6).cast(pl.Int64).alias("month")).drop("visit")
    fit = mmrm(table, MixedModel(outcome="change", fixed="arm * month", visit="month"))
    assert fit.diagnostics["visits"] == ["month 3", "month 6", "month 9"]


def test_any_dataframe_is_taken() -> None:
    pandas = pytest.importorskip("pandas")
    table = trial()
    from_pandas = mmrm(pandas.DataFrame(table.to_dict(as_series=False)), MixedModel(outcome="change"))
    assert from_pandas.table.equals(mmrm(table, MixedModel(outcome="change")).table)


def test_results_can_be_written_drawn_and_read_aloud() -> None:
    fit = mmrm(trial(), MixedModel(outcome="change"))
    written = fit.to_dict()
    assert written["table"][0]["kind"] == "mean"
    assert math.isclose(written["covariances"][""][0]["month 3"], fit.covariances[""]["month 3"][0])
    assert "basis" not in written
    assert [label.get_text() for label in fit.plot().get_xticklabels()] == ["month 3", "month 6", "month 9"]
    assert "Kenward-Roger" in fit.explain()
    assert fit._repr_html_().startswith("<p><strong>Mixed model")


def test_time_gives_a_variance_and_a_correlation_per_unit() -> None:
    table = trial().with_columns(pl.col("visit").str.slice(6).cast(pl.Float64).alias("month"))
    fit = mmrm(table, MixedModel(outcome="change", covariance="spatial-exponential", time="month"))
    found = fit.covariances[""].row(0, named=True)
    assert 0 < found["correlation_over_one_unit_of_time"] < 1
    even = mmrm(table, MixedModel(outcome="change", covariance="ar1"))
    assert fit.table["value"].to_list() == pytest.approx(even.table["value"].to_list(), abs=1e-6)
    assert found["correlation_over_one_unit_of_time"] ** 3 == pytest.approx(
        even.covariances[""]["month 6"][0] / even.covariances[""]["month 3"][0], abs=1e-6
    )


def test_too_few_patients_for_an_unstructured_covariance_are_refused() -> None:
    with pytest.raises(InputError, match=r"4 patients are fewer.*covariance='toeplitz-heterogeneous'"):
        mmrm(trial(n=4), MixedModel(outcome="change"))
    with pytest.raises(
        InputError, match=r"4 rows of 2 patients are fewer than the 4 parameters of the means"
    ):
        mmrm(trial(n=2, m=2), MixedModel(outcome="change", covariance="ar1"))


def test_an_exact_copy_of_a_visit_does_not_converge_and_names_what_cannot_be_estimated() -> None:
    table = trial(n=16).pivot(on="visit", index=["subject", "arm"], values="change")
    copied = table.with_columns(pl.col("month 6").alias("month 9")).unpivot(
        index=["subject", "arm"], variable_name="visit", value_name="change"
    )
    words = r"covariance of month 6 and month 9.*covariance='toeplitz-heterogeneous'"
    with pytest.raises(ConvergenceError, match=words):
        mmrm(copied, MixedModel(outcome="change"))


def test_a_likelihood_without_end_names_the_parameters_and_the_next_structure() -> None:
    # Nine patients, of whom most left: R's mmrm finds no maximum either.
    table = trial(n=10, m=4, seed=2).filter(
        (pl.col("visit") != "month 12") | pl.col("subject").is_in(["P00", "P01", "P02", "P03"])
    )
    with pytest.raises(
        ConvergenceError, match=r"(covariance of|standard deviation at).*toeplitz-heterogeneous"
    ):
        mmrm(table, MixedModel(outcome="change"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"covariance": "unstructurd"}, "Did you mean 'unstructured'"),
        ({"covariance": "spatial-exponential"}, "needs the time"),
        ({"time": "month"}, "does not use the time"),
        ({"likelihood": "ml"}, "df='satterthwaite'"),
        ({"fixed": "arm +"}, "write terms as"),
        ({"fixed": "arm:visit"}, r"needs arm beside it. Write arm \* visit"),
        ({"fixed": "visit", "control": "placebo"}, "not a term"),
        ({"fixed": "visit + change"}, "cannot be terms"),
        ({"visit_order": "month 3"}, "tuple of names"),
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(change: dict[str, str], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        MixedModel(**{"outcome": "change", **change})


def test_definitions_can_be_compared_and_written() -> None:
    one, two = MixedModel(outcome="change"), MixedModel(outcome="change", categorical=["site"])  # type: ignore[arg-type]
    assert one != two
    assert len({one, two, MixedModel(outcome="change")}) == 2
    assert two.to_dict()["categorical"] == ("site",)
