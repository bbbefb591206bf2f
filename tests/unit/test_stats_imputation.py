"""Multiple imputation, Rubin's rules and tipping points."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats as peer

import ranvier as rv
from ranvier.errors import DefinitionError, InputError
from ranvier.stats import _imputation_draws as draws

VISITS = ["month 0", "month 6", "month 12"]
MONOTONE = rv.stats.ImputationModel(method="monotone")


def trial(n: int = 40, *, seed: int = 1, monotone: bool = False, lost: float = 0.25) -> pl.DataFrame:
    """Give visits of two arms in which values after a high one are more often missing."""
    random = np.random.default_rng(seed)
    level = random.normal(4.5, 1.2, n)
    arm = np.arange(n) % 2
    values = level[:, None] + random.normal(0, 0.5, (n, 3)) - 0.4 * arm[:, None] * np.arange(3)
    missing = random.random((n, 3)) < lost * (1 + (values[:, :1] > 4.5)) / 1.5
    missing[:, 0] = False
    if monotone:
        missing = np.maximum.accumulate(missing, axis=1)
    return pl.DataFrame(
        {
            "subject": np.repeat([f"P{i:03d}" for i in range(n)], 3),
            "arm": np.repeat(np.where(arm, "cells", "placebo"), 3),
            "visit": VISITS * n,
            "edss": np.where(missing, np.nan, values).ravel(),
        }
    ).with_columns(pl.col("edss").fill_nan(None))


def done(table: pl.DataFrame, **options: Any) -> rv.stats.Imputed:
    return rv.stats.impute(table, value="edss", visits=VISITS, **{"seed": 1, "imputations": 5} | options)


@pytest.mark.parametrize("model", [rv.stats.MISSING_AT_RANDOM, MONOTONE], ids=["augmented", "monotone"])
def test_known_values_stay_and_the_seed_repeats(model: rv.stats.ImputationModel) -> None:
    table = trial(monotone=True)
    found = done(table, model=model)
    known = table.drop_nulls().join(found.table, on=["subject", "visit"], suffix="_drawn")
    assert (known["edss"] == known["edss_drawn"]).all()
    assert found.table["edss"].null_count() == 0
    assert found.table.filter("imputed").height == 5 * table["edss"].null_count()
    assert found.table.equals(done(table, model=model).table)
    assert not found.table.equals(done(table, model=model, seed=2).table)
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=3)
    assert found.table.equals(done(shuffled, model=model).table)


def test_visits_without_a_row_are_missing_too() -> None:
    table = trial()
    assert done(table).table.equals(done(table.drop_nulls()).table)


@pytest.mark.slow
def test_both_methods_draw_from_the_same_distribution_when_missing_is_monotone() -> None:
    # 400 imputations: the means of one drawn value differ by at most four Monte Carlo errors.
    table = trial(30, monotone=True)
    quick = rv.stats.ImputationModel(burn_in=50, between=10)
    one = done(table, imputations=400, model=quick).table.filter("imputed")
    two = done(table, imputations=400, model=MONOTONE).table.filter("imputed")
    sums = [
        part.group_by("subject", "visit")
        .agg(pl.mean("edss"), pl.std("edss").alias("sd"))
        .sort("subject", "visit")
        for part in (one, two)
    ]
    error = np.sqrt((sums[0]["sd"] ** 2 + sums[1]["sd"] ** 2).to_numpy() / 400)
    z = (sums[0]["edss"] - sums[1]["edss"]).to_numpy() / error
    assert np.abs(z).max() < 4.5  # about 20 values; autocorrelation adds a little
    assert (sums[0]["sd"] / sums[1]["sd"]).to_numpy() == pytest.approx(1, abs=0.25)


def test_monotone_draws_have_the_moments_of_the_regression() -> None:
    # One missing value: its predictive distribution is a t distribution with known centre, scale and df.
    random = np.random.default_rng(5)
    y = np.column_stack([random.normal(size=12), random.normal(size=12)])
    y[0, 1] = np.nan
    x = np.ones((12, 1))
    drawn = np.array([full[0, 1] for full in draws.draw_monotone(y, x, count=4000, seed=1)])
    z = np.column_stack([np.ones(11), y[1:, 0]])
    beta, rest = np.linalg.lstsq(z, y[1:, 1], rcond=None)[:2]
    new = np.array([1.0, y[0, 0]])
    scale = math.sqrt(rest[0] / 9 * (1 + new @ np.linalg.inv(z.T @ z) @ new))
    assert peer.kstest((drawn - new @ beta) / scale, peer.t(9).cdf).pvalue > 0.001


def test_augmented_draws_have_the_same_predictive_distribution() -> None:
    random = np.random.default_rng(5)
    y = np.column_stack([random.normal(size=12), random.normal(size=12)])
    y[0, 1] = np.nan
    found = draws.draw_augmented(y, np.ones((12, 1)), count=1500, seed=1, burn_in=50, between=3)
    drawn = np.array([full[0, 1] for full in found])
    z = np.column_stack([np.ones(11), y[1:, 0]])
    beta = np.linalg.lstsq(z, y[1:, 1], rcond=None)[0]
    assert np.mean(drawn) == pytest.approx(
        float(np.array([1.0, y[0, 0]]) @ beta), abs=4 * drawn.std() / math.sqrt(1500)
    )


def test_edss_scores_are_kept_only_when_asked() -> None:
    table = trial().with_columns((pl.col("edss") * 2).round() / 2)
    free, grid = done(table), done(table, model=rv.stats.ImputationModel(grid="edss"))
    assert (grid.table["edss"] * 2 % 1 == 0).all()
    assert not (free.table["edss"] * 2 % 1 == 0).all()
    assert "nearest EDSS score" in grid.explain()
    assert [text.get_text() for text in grid.plot().get_xticklabels()] == VISITS


def test_nothing_missing_gives_equal_copies() -> None:
    found = done(trial(lost=0.0))
    assert found.table.filter("imputed").is_empty()
    value = found.analyse(
        lambda frame: (float(frame["edss"].mean()), 1.0),  # type: ignore[arg-type]
        quantity="mean",
        complete_df=10,
    )
    assert value.inputs["variance between"] == 0
    assert value.inputs["information missing"] == pytest.approx(2 / (value.inputs["degrees of freedom"] + 3))


def test_rubins_rules_by_hand() -> None:
    # Q = 1, 2, 3 with variances 1: mean 2, B = 1, T = 1 + 4/3 = 7/3, lambda = 4/7, nu = 2 / (16/49).
    found = rv.stats.pool_imputations([1, 2, 3], [1, 1, 1])
    assert found.value == 2
    assert found.inputs["standard error"] == pytest.approx(math.sqrt(7 / 3))
    assert found.inputs["degrees of freedom"] == pytest.approx(2 * 49 / 16)
    # With 18 complete degrees of freedom: nu_obs = 19 / 21 * 18 * 3 / 7.
    small = rv.stats.pool_imputations([1, 2, 3], [1, 1, 1], complete_df=18)
    assert 1 / small.inputs["degrees of freedom"] == pytest.approx(16 / 98 + 1 / (19 / 21 * 18 * 3 / 7))


def test_the_intervals_cover_about_as_often_as_stated() -> None:
    # Mean at month 12 of one group, truth 0: 300 trials, 95 % within three Monte Carlo errors (0.038).
    hits = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        level = random.normal(size=25)
        y = level[:, None] + random.normal(0, 0.7, (25, 2))
        y[random.random(25) < 1 / (1 + np.exp(-y[:, 0])), 1] = np.nan
        copies = draws.draw_monotone(y, np.ones((25, 1)), count=10, seed=seed)
        means = [float(c[:, 1].mean()) for c in copies]
        errors = [float(c[:, 1].std(ddof=1)) / 5 for c in copies]
        found = rv.stats.pool_imputations(means, errors, complete_df=24)
        hits += found.low <= 0 <= found.high
    assert abs(hits / 300 - 0.95) < 0.038


# --- tipping points ----------------------------------------------------------------------------------------
def test_no_shift_is_the_pooled_t_test_when_nothing_is_missing() -> None:
    table = trial(lost=0.0)
    found = rv.stats.tipping_point(done(table), visit="month 12", arm="cells", shifts=[0, 1])
    last = table.filter(visit="month 12")
    groups = [last.filter(arm=arm)["edss"].to_numpy() for arm in ("cells", "placebo")]
    # Without spread between imputations Barnard and Rubin keep (df + 1) / (df + 3) of the degrees of freedom.
    assert found.table["difference"][0] == pytest.approx(groups[0].mean() - groups[1].mean())
    t = peer.ttest_ind(*groups)
    assert found.table["p_value"][0] == pytest.approx(2 * peer.t(38 * 39 / 41).sf(abs(t.statistic)))
    assert found.table["p_value"][1] == found.table["p_value"][0]


def test_the_tipping_point_is_where_the_interval_reaches_zero() -> None:
    imputed = done(trial(60), imputations=10)
    found = rv.stats.tipping_point(
        imputed, visit="month 12", arm="cells", baseline="month 0", shifts=range(8)
    )
    assert found.tipping is not None
    at = rv.stats.tipping_point(
        imputed, visit="month 12", arm="cells", baseline="month 0", shifts=[0, found.tipping]
    )
    assert min(abs(at.table["low"][1]), abs(at.table["high"][1])) == pytest.approx(0, abs=1e-9)
    assert f"shifted by {found.tipping:.2f}" in found.explain()
    assert found.plot().get_xlabel() == "shift of the drawn values"
    both = rv.stats.tipping_point(
        imputed, visit="month 12", arm="cells", shifts=[0, 1], reference_shifts=[0, 1, 2]
    )
    assert both.table.height == 6
    assert len(both.plot().texts) == 6


def test_the_difference_moves_by_the_share_drawn() -> None:
    imputed = done(trial(), imputations=3)
    share = imputed.table.filter(visit="month 12", arm="cells")["imputed"].mean()
    found = rv.stats.tipping_point(imputed, visit="month 12", arm="cells", shifts=[0, 2])
    assert found.table["difference"][1] - found.table["difference"][0] == pytest.approx(2 * share)  # type: ignore[operator]


def test_every_way_the_missing_could_have_gone_is_there() -> None:
    found = rv.stats.tipping_responders((6, 1), (8, 9), (2, 3), arms=("cells", "placebo"))
    ways = list(itertools.product(range(3), range(4)))
    assert found.table.select("missing_responders_first", "missing_responders_second").rows() == ways
    for (one, two), p in zip(ways, found.table["p_value"], strict=True):
        cells = [[6 + one, 4 - one], [1 + two, 11 - two]]
        assert p == pytest.approx(peer.fisher_exact(cells).pvalue)
    assert "hangs on the missing outcomes" in found.explain()
    assert len(found.plot().texts) == 12
    sure = rv.stats.tipping_responders((10, 0), (10, 10), (0, 1))
    assert "cannot change the conclusion" in sure.explain()


def test_a_model_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(DefinitionError, match="unknown method 'mice'"):
        rv.stats.ImputationModel(method="mice")
    with pytest.raises(DefinitionError, match="grid is 'half'"):
        rv.stats.ImputationModel(grid="half")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda t: t, {"model": MONOTONE}, "a value after a missing one"),
        (lambda t: pl.concat([t, t.head(1)]), {}, "more than one row for visit"),
        (lambda t: t.head(9), {}, "too few"),
        (
            lambda t: t.with_columns(pl.lit(4.0).alias("edss")).with_columns(
                pl.when(pl.int_range(pl.len()) % 7 == 5).then(None).otherwise(pl.col("edss")).alias("edss")
            ),
            {},
            "equal within",
        ),
    ],
    ids=["monotone", "twice", "few", "equal"],
)
def test_what_cannot_be_imputed_is_refused(change: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        done(change(trial()), **options)
