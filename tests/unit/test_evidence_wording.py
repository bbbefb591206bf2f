"""How pooled numbers are written: a ratio never loses its direction, and nothing crashes where all agree."""

from __future__ import annotations

import warnings

import polars as pl
import pytest

import ranvier as rv
from ranvier.result import Estimate, positive_texts

TWO = {
    "study": ["A", "B"],
    "events": [1, 6],
    "n": [20, 30],
    "events_control": [6, 5],
    "n_control": [20, 30],
}
EQUAL = "knapp-hartung unfloored"


@pytest.mark.parametrize("measure", ["odds ratio", "risk ratio"])
def test_a_ratio_of_two_studies_keeps_its_direction(measure: str) -> None:
    main = rv.evidence.pool(rv.evidence.effect_size(TWO, measure=measure)).estimates[0]
    assert main.value < 1 < main.high
    assert main.high > 1000  # as two studies leave it under t with 1 degree of freedom
    value, _, rest = main.text().partition(" (95 % interval ")
    assert value == f"{main.value:.2f}"
    assert rest.startswith("below 0.001 to ")


def test_h_squared_and_the_prediction_keep_their_digits() -> None:
    three = {
        name: [*values, last] for (name, values), last in zip(TWO.items(), ("C", 9, 20, 1, 20), strict=True)
    }
    pooled = rv.evidence.pool(rv.evidence.effect_size(three, measure="odds ratio"))
    for estimate in (pooled.estimates[1], pooled.estimates[-1]):
        for text in estimate._texts(None):
            assert text not in ("0", "0.00", "1")
    page = rv.report.build_pool(rv.evidence.pool_table(three, measure="odds ratio", method="reml"))
    assert " 0 to " not in str(page.sections[0].blocks)


def test_a_network_writes_each_ratio_with_its_own_digits() -> None:
    given = {
        "study": ["A", "B"],
        "treatment": ["x", "x"],
        "comparator": ["p", "p"],
        "effect": [-9.0, -5.0],
        "variance": [4.0, 4.0],
    }
    net = rv.evidence.network(given, reference="p", measure="odds ratio")
    text = net.estimates[0].text()
    assert text.startswith("0.00091 (95 % interval below 0.000001 to ")
    assert net.league()["p"].to_list()[1].startswith("0.00091 (below 0.000001 to ")
    assert "0.00091" in {each.get_text().split(" ")[0] for each in net.plot().texts}


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ((0.502, 1.9e-5, 13066), ("0.50", "below 0.001", "13066")),
        ((0.0, 0.0, 0.0372), ("0.00", "0.00", "0.037")),
        ((0.00012, 3e-7, 0.048), ("0.00012", "below 0.000001", "0.048")),
        ((1.0, 0.996, 1e9), ("1.00", "1.00", "above 1,000,000")),
        ((12.34, 3.456, float("inf")), ("12.3", "3.46", "no limit")),
    ],
)
def test_no_positive_number_is_written_as_0(
    numbers: tuple[float, float, float], texts: tuple[str, ...]
) -> None:
    assert positive_texts(*numbers) == texts


def test_an_estimate_with_one_large_bound_keeps_the_small_ones() -> None:
    odds = rv.stats.compare_proportions((7, 2), (10, 10), measure="odds ratio")
    assert odds.text() == "8.15 (95 % interval 0.88 to 127)"
    large = Estimate(
        quantity="x", value=150.4, low=120.2, high=181.0, level=0.95, method="m", method_text="M.", n=3
    )
    assert large.text() == "150 (95 % interval 120 to 181)"


def test_equal_effects_without_a_floor_are_named_not_printed_to_16_digits() -> None:
    pooled = rv.evidence.pool([0.1, 0.1, 0.1], [0.1, 0.1, 0.1], interval=EQUAL)
    assert pooled.estimates[0].text() == "0.100 (95 % interval 0.100 to 0.100)"
    assert any("this interval has no length" in note for note in pooled.notes)


@pytest.mark.parametrize("events", [2, 5])
def test_an_interval_without_length_is_a_finding_of_its_own(events: int) -> None:
    data = pl.DataFrame({"study": ["A", "B"], "events": [events] * 2, "n": [10, 10]})
    sizes = rv.evidence.effect_size(data, measure="logit proportion")
    found = rv.verdict.lint_pool(rv.evidence.pool(sizes, interval=EQUAL), data)
    assert [each.code for each in found] == ["pool_no_length", "pool_alone"]
    assert "no length" in found[0].sentence


def test_a_printed_interval_without_length_is_a_finding() -> None:
    row = {"study": ["A"], "n": [10], "percent": [50.0], "low": [50.0], "high": [50.0]}
    found = rv.evidence.check_studies(row).filter(rule="implied-n")
    assert found["value"].to_list() == ["50 to 50 needs endlessly many patients, there were 10"]


def test_studies_added_up_from_one_without_events_warn_of_nothing() -> None:
    trials = TWO | {"events": [0, 6], "events_control": [3, 5]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = rv.evidence.cumulative(rv.evidence.mantel_haenszel(trials, measure="odds ratio")).table
    assert table["value"].is_null().to_list() == [True, False]
