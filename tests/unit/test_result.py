from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes

from ranvier.errors import InputError
from ranvier.result import (
    TRACE_SCHEMA,
    Derivation,
    Estimate,
    Fit,
    LeftOut,
    json_ready,
    number,
    percent,
    plural,
)


def share(**changes: object) -> Estimate:
    fields: dict[str, object] = {
        "quantity": "patients improved",
        "value": 0.2,
        "low": 0.0252,
        "high": 0.5561,
        "level": 0.95,
        "method": "clopper-pearson",
        "method_text": "Exact binomial interval.",
        "n": 10,
        "unit": "share",
        "inputs": {"events": 2, "n": 10},
        "left_out": (LeftOut(n=3, reason="patients without a month 12 visit"),),
    }
    return Estimate(**{**fields, **changes})  # type: ignore[arg-type]


def derivation() -> Derivation:
    trace = pl.DataFrame([["P1", 0, "score EDSS", "4.5", "one-4"]], schema=TRACE_SCHEMA, orient="row")
    return Derivation(
        name="EDSS",
        table=pl.DataFrame({"subject": ["P1"], "edss": [4.5]}),
        trace=trace,
        method="From the grades.",
        reasons={"one-4": "one grade 4"},
        left_out=(LeftOut(n=1, reason="visits without grades"),),
    )


def test_a_share_is_written_in_percent_with_its_interval() -> None:
    assert share().text() == "20.0 % (95 % interval 2.5 % to 55.6 %)"


def test_an_explanation_names_method_inputs_and_who_was_left_out() -> None:
    text = share(p_value=0.04, null="half improve").explain()
    for part in (
        "Exact binomial",
        "events = 2",
        "Left out: 3 (patients without a month 12 visit)",
        "p = 0.04",
        "half improve",
    ):
        assert part in text


def test_inputs_are_written_with_few_digits() -> None:
    assert "person-years = 7.50171 and 5." in share(inputs={"person-years": (7.5017111, 5.0)}).explain()


def test_nobody_left_out_is_not_mentioned() -> None:
    assert "Left out" not in share(left_out=(LeftOut(n=0, reason="nobody"),)).explain()


def test_an_interval_without_bounds_says_that_there_is_none() -> None:
    open_ended = share(low=-math.inf, high=math.inf, unit="points", value=-0.5)
    assert open_ended.text() == "−0.50 points (no finite 95 % interval)"


def test_a_number_that_is_not_known_has_no_interval() -> None:
    nothing = share(value=math.nan, low=math.nan, high=math.nan)
    assert nothing.text() == "not known (no interval)"


def test_a_result_can_be_written_as_json_with_unknown_as_null() -> None:
    content = json.loads(json.dumps(share(high=math.inf, value=math.nan).to_dict(), allow_nan=False))
    assert content["high"] is None
    assert content["value"] is None
    assert content["left_out"][0]["n"] == 3


def test_a_fit_explains_each_of_its_estimates() -> None:
    fit = Fit(
        title="Responders", estimates=(share(), share(quantity="patients worse")), method_text="By rule."
    )
    assert len(fit.explain().splitlines()) == 3
    assert fit.to_dict()["estimates"][1]["quantity"] == "patients worse"
    assert "patients worse" in fit._repr_html_()


@pytest.mark.parametrize(
    "thing", [share(), Fit(title="t", estimates=(share(),), method_text=""), derivation()]
)
def test_every_result_draws_itself_and_shows_itself(thing: Estimate | Fit | Derivation) -> None:
    assert isinstance(thing.plot(), Axes)
    assert thing._repr_html_().startswith("<p><strong>")
    assert thing.explain()


def test_names_from_data_are_escaped() -> None:
    assert "<script>" not in share(quantity="<script>").__class__._repr_html_(share(quantity="<script>"))


def test_a_derivation_explains_one_subject_decision_by_decision() -> None:
    assert derivation().explain("P1") == "day 0, score EDSS: 4.5 — one grade 4"
    assert derivation().explain() == "EDSS: 1 row. From the grades. Left out: 1 (visits without grades)."


def test_an_unknown_subject_is_refused_with_those_known() -> None:
    with pytest.raises(
        InputError, match=r"no decision about subject 'P9'; there are decisions about \['P1'\]"
    ):
        derivation().explain("P9")


def test_a_trace_with_other_columns_is_refused() -> None:
    with pytest.raises(InputError, match="a trace needs the columns"):
        Derivation(name="x", table=pl.DataFrame(), method="", trace=pl.DataFrame({"subject": ["P1"]}))


def test_numbers_are_written_for_people() -> None:
    assert number(-0.04, digits=1) == "0.0"
    assert number(-1.25) == "−1.25"
    assert number(math.inf) == "no limit"
    assert percent(None) == percent(math.nan) == "not known"
    assert plural(1, "patient") == "1 patient"
    assert plural(2, "query", "queries") == "2 queries"


def test_json_takes_every_kind_of_value() -> None:
    content = {
        "scalar": np.float64(1.5),
        "array": np.array([1, 2]),
        "table": pl.DataFrame({"a": [1.0, None]}),
        "part": LeftOut(n=1, reason="r"),
        "set": {1},
        "missing": math.nan,
    }
    ready = json_ready(content)
    assert ready["scalar"] == 1.5
    assert ready["array"] == [1, 2]
    assert ready["table"] == [{"a": 1.0}, {"a": None}]
    assert ready["part"] == {"n": 1, "reason": "r"}
    assert ready["set"] == [1]
    assert ready["missing"] is None
