"""The correlation of before and after: what stands in for it, and what the pool says then."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import ranvier as rv
from ranvier.cli import main
from ranvier.evidence import CORRELATION_RANGE, EDSS_CORRELATION, NAMED_CORRELATIONS

TRIALS: dict[str, Any] = {
    "study": ["A", "B", "C"],
    "before": [5.1, 6.1, 6.0],
    "after": [4.3, 6.3, 5.4],
    "sd_before": [1.2, 0.6, 0.9],
    "sd_after": [1.4, 0.4, 1.0],
    "n": [15, 22, 12],
}
EDSS = {**TRIALS, "scale": ["EDSS", "edss ", "EDSS"]}
PETROU = {"sd_before": 0.68, "sd_after": 0.84, "change": 6.42 - 6.75, "p_value": 0.028, "n": 24}


def test_a_named_correlation_is_the_same_as_its_number() -> None:
    number = rv.evidence.effect_size(TRIALS, measure="change", correlation=EDSS_CORRELATION)
    named = rv.evidence.effect_size(TRIALS, measure="change", correlation="edss")
    by_scale = rv.evidence.effect_size(EDSS, measure="change")
    assert named.table.equals(number.table)
    assert by_scale.table.equals(number.table)
    assert set(number.trace["reason"]) == {"stated correlation"}
    assert set(named.trace["reason"]) == set(by_scale.trace["reason"]) == {"default correlation"}


def test_the_convention_is_said_with_what_is_behind_it() -> None:
    source = NAMED_CORRELATIONS["edss"].source
    for sizes in (
        rv.evidence.effect_size(EDSS, measure="change"),
        rv.evidence.effect_size(TRIALS, measure="change", correlation="edss"),
    ):
        assert source in sizes.explain()
        assert source in rv.evidence.pool(sizes).explain()
    assert "convention" in source
    assert "no paper that states" in source
    assert source not in rv.evidence.effect_size(TRIALS, measure="change", correlation=0.61).explain()


def test_what_a_study_prints_is_never_replaced() -> None:
    printed = {**EDSS, "correlation": [0.8, None, None], "sd_change": [None, 0.5, None]}
    sizes = rv.evidence.effect_size(printed, measure="change")
    assert sizes.table["correlation"].to_list() == [0.8, None, 0.61]
    assert sizes.trace["reason"].to_list() == ["computed", "computed", "default correlation"]
    assert sizes.table["variance"][1] == pytest.approx(0.5**2 / 22)


def test_only_the_edss_has_a_default() -> None:
    mixed = {**TRIALS, "scale": ["EDSS", "T25FW", None]}
    with pytest.raises(rv.errors.InputError, match=r"change of \['B', 'C'\] needs the correlation"):
        rv.evidence.effect_size(mixed, measure="change")
    with pytest.raises(rv.errors.InputError, match=r"'B' is on the scale 'T25FW'"):
        rv.evidence.effect_size(mixed, measure="change", correlation="edss")


def test_sensitivity_is_the_pool_at_each_correlation() -> None:
    found = rv.evidence.sensitivity_to_correlation(EDSS, measure="change")
    assert found.table["correlation"].to_list() == list(CORRELATION_RANGE) == [0.3, 0.5, 0.61, 0.7, 0.9]
    for row in found.table.iter_rows(named=True):
        sizes = rv.evidence.effect_size(TRIALS, measure="change", correlation=row["correlation"])
        pooled = rv.evidence.pool(sizes).diagnostics
        assert (row["value"], row["low"], row["high"]) == (pooled["value"], pooled["low"], pooled["high"])
    assert found.method.startswith("3 of 3 studies did not print the correlation")
    assert "The interval holds 0 with each of them." in found.method


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (0.0, "The interval holds 0 with each of them."),
        (-3.0, "No interval holds 0."),
        (-0.4, "Whether the interval holds 0 depends on the correlation"),
    ],
)
def test_sensitivity_says_whether_the_conclusion_moves(shift: float, words: str) -> None:
    after = [value + shift for value in (5.0, 6.2, 6.1)]
    trials = {**EDSS, "before": [5.1, 6.1, 6.0], "after": after}
    found = rv.evidence.sensitivity_to_correlation(trials, measure="change", method="common", interval="wald")
    if shift == -0.4:
        wide = {**trials, "n": [4, 4, 4]}
        found = rv.evidence.sensitivity_to_correlation(
            wide, measure="change", method="common", interval="wald"
        )
    assert words in found.method


def test_a_pooled_table_asks_and_repeats_by_itself() -> None:
    found = rv.evidence.pool_table(EDSS, measure="change")
    assert found.findings["rule"].to_list() == ["correlation-default"] * 3
    assert found.findings["severity"].to_list() == ["query"] * 3
    (table,) = found.correlations.values()
    assert table["correlation"].to_list() == list(CORRELATION_RANGE)
    assert any("did not print the correlation" in note for note in found.pools["all studies"].notes)
    assert found.to_dict()["correlations"]["all studies"]
    page = rv.report.build_pool(found)
    assert "The pooled change with other correlations" in page.html()
    stated = rv.evidence.pool_table(TRIALS, measure="change", correlation=0.45)
    assert not stated.findings.height
    assert 0.45 in stated.correlations["all studies"]["correlation"]


def test_a_change_in_baseline_deviations_needs_the_correlation_beside_the_spread_of_the_change() -> None:
    printed = {**EDSS, "sd_change": [1.0, 0.5, 0.8]}
    measure = "change in baseline standard deviations"
    found = rv.evidence.pool_table(printed, measure=measure)
    assert found.findings["rule"].to_list() == ["correlation-default"] * 3
    assert found.correlations
    assert rv.evidence.check_studies(printed).is_empty()


def test_a_table_that_prints_everything_is_not_repeated() -> None:
    printed = {**EDSS, "sd_change": [1.0, 0.5, 0.8]}
    found = rv.evidence.pool_table(printed, measure="change")
    assert not found.correlations
    assert not found.findings.height


@pytest.mark.parametrize("given", [["--correlation", "edss"], ["--correlation", "0.61"]])
def test_the_command_takes_a_name_or_a_number(tmp_path: Path, given: list[str]) -> None:
    path = tmp_path / "studies.csv"
    rows = zip(*TRIALS.values(), strict=True)
    path.write_text("\n".join([",".join(TRIALS), *(",".join(map(str, row)) for row in rows)]) + "\n")
    done = CliRunner().invoke(main, ["pool", str(path), "--measure", "change", *given])
    assert "did not print the correlation of before and after" in done.output
    assert ("convention" in done.output) == (given[1] == "edss")


def test_petrou_2021_implies_the_convention_within_rounding() -> None:
    """Abstract: 6.75 ± 0.68 at baseline, 6.42 ± 0.84 at the last visit, 24 patients, p = 0.028."""
    assert round(rv.evidence.implied_correlation(**PETROU), 2) == EDSS_CORRELATION
    half = {"sd_before": 0.005, "sd_after": 0.005, "change": 0.01, "p_value": 0.0005}
    corners = [
        rv.evidence.implied_correlation(
            **{
                **PETROU,
                **{
                    name: PETROU[name] + sign * off
                    for (name, off), sign in zip(half.items(), signs, strict=True)
                },
            }
        )
        for signs in itertools.product((-1, 1), repeat=4)
    ]
    assert (round(min(corners), 2), round(max(corners), 2)) == (0.57, 0.64)


def test_karussis_2010_implies_no_less_within_rounding() -> None:
    """Fifteen changes as listed; whatever the spread after, r² is at least 1 - (sd_change / sd_before)²."""
    changes = np.repeat([0.0, 0.5, 1.0, 1.5, 2.0, 2.5], [4, 5, 1, 3, 1, 1])
    spread = float(changes.std(ddof=1))
    assert round(spread, 2) == 0.79
    for before, bound in ((1.0, 0.61), (0.95, 0.55)):
        least = math.sqrt(1 - (spread / before) ** 2)
        assert round(least, 2) == bound
        for after in np.linspace(0.3, 2.0, 30):
            low, high = abs(before - after), before + after
            if low < spread < high:
                found = rv.evidence.implied_correlation(
                    sd_before=before, sd_after=float(after), sd_change=spread
                )
                assert found >= least - 1e-12


def test_an_implied_correlation_gives_the_spread_back() -> None:
    found = rv.evidence.implied_correlation(sd_before=1.2, sd_after=1.4, sd_change=0.9)
    assert math.sqrt(1.2**2 + 1.4**2 - 2 * found * 1.2 * 1.4) == pytest.approx(0.9, rel=1e-14)
