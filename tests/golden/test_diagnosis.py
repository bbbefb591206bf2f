"""Diagnosis of pools against metafor, on data of metadat; the page on validation says what this finds."""

from __future__ import annotations

import math
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import ranvier as rv
from ranvier.evidence import FILL_ESTIMATORS

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("diagnosis_page.py")))
CLOSED_FORM, SEARCHED, LIKELIHOOD = 1e-9, 1e-6, 1e-4
"""Relative tolerances of the specification: closed forms; searched variances and what follows; a likelihood
climbed by metafor without derivatives."""
TOLERANCES = {"Begg": CLOSED_FORM, "GOSH": CLOSED_FORM, "selection model": LIKELIHOOD}
REFUSED = ["nielweise2008"]
"""Where metafor's selection model does not converge."""
ROUGH = ["debruin2009"]
"""Where the errors of metafor's selection model are off by a thousandth; the plain likelihood has ours."""
METHODS, INTERVALS = {"common", "dl", "reml"}, {"wald", "knapp-hartung"}
FIGURE = re.compile(r"\b1e-?\d+(?= \|)")


def test_the_grid_is_complete() -> None:
    assert set(SCRIPT["SETS"]) == {
        "bcg",
        "normand1999",
        "hart1999",
        "raudenbush1985",
        "hackshaw1998",
        "pritz1997",
        "debruin2009",
        "li2007",
        "nielweise2008",
    }
    assert [name for name, row in SCRIPT["SETS"].items() if not row["selection"]] == REFUSED
    for row in SCRIPT["SETS"].values():
        assert set(row["fits"]) == METHODS
        for by_interval in row["fits"].values():
            assert set(by_interval) == INTERVALS
            for fit in by_interval.values():
                assert set(fit) == {"leave_one_out", "cumulative", "influence", "baujat", "trim_and_fill"}
                assert set(fit["trim_and_fill"]) == set(FILL_ESTIMATORS)
                assert all(set(sides) == {"auto", "left", "right"} for sides in fit["trim_and_fill"].values())
    assert set(SCRIPT["GOLDEN"]["gosh"]) == set(SCRIPT["SETS"])
    assert all(set(methods) == METHODS for methods in SCRIPT["GOLDEN"]["gosh"].values())


@pytest.mark.parametrize("name", SCRIPT["SETS"])
def test_every_number_is_that_of_metafor(name: str) -> None:
    found = SCRIPT["set_differences"](name)
    absent = {"GOSH", "selection model"} if name in REFUSED else {"GOSH"}
    assert {each.part for each in found} == set(SCRIPT["PARTS"]) - absent
    wrong = [each for each in found if not each.size <= TOLERANCES.get(each.part, SEARCHED)]
    if name in ROUGH:
        wrong = [each for each in wrong if each.part != "selection model" or "error" not in each.number]
    assert wrong == []


def test_every_subset_is_that_of_metafor() -> None:
    found = list(SCRIPT["gosh_differences"]())
    assert len(found) == 3 * (63 * 4 - 2 * 6) + 8 * 3 * (31 * 4 - 2 * 5)
    assert [each for each in found if not each.size <= CLOSED_FORM] == []


def test_a_missing_number_would_be_noticed() -> None:
    difference = SCRIPT["Difference"]("a", "b", math.nan, 1.0, 1.0)
    assert not difference.size <= LIKELIHOOD


def test_no_difference_is_larger_than_the_page_says() -> None:
    printed, found = SCRIPT["PAGE"].read_text(encoding="utf-8"), SCRIPT["every_difference"]()
    # The bounds have room for other machines, so they are compared as bounds and all else as text.
    assert FIGURE.sub("", printed) == FIGURE.sub("", SCRIPT["page"](found))
    shown = [float(figure) for figure in FIGURE.findall(printed)]
    measured = [max(each.size for each in each_part) for each_part in found.values()]
    assert len(shown) == len(measured)
    assert all(value < bound for value, bound in zip(measured, shown, strict=True))


def test_errors_of_a_selection_model_are_those_of_the_plain_likelihood_where_metafors_are_rough() -> None:
    """metafor's errors come from one numerical difference; here from several, run on."""
    (name,) = ROUGH
    row = SCRIPT["SETS"][name]
    y, v = (np.array(row[key], dtype=float) for key in ("y", "v"))
    found = rv.evidence.selection_model(SCRIPT["pooled"](row), favours="positive").diagnostics
    cut = special.ndtri(0.975) * np.sqrt(v)

    def value(mean: float, tau2: float, chance: float) -> float:
        spread = np.sqrt(v + tau2)
        beyond = special.ndtr((mean - cut) / spread)
        kept = beyond + chance * (1 - beyond)
        logs = np.log(np.where(y > cut, 1, chance)) + stats.norm.logpdf(y, mean, spread) - np.log(kept)
        return float(logs.sum())

    place = np.array([found[key] for key in ("value", "tau2", "chance")])
    steps = 1e-3 * place.clip(0.1)
    units = np.eye(3) * steps
    bend = np.array(
        [
            [
                (
                    value(*(place + a + b))
                    - value(*(place + a - b))
                    - value(*(place - a + b))
                    + value(*(place - a - b))
                )
                / 4
                for b in units
            ]
            for a in units
        ]
    ) / np.outer(steps, steps)
    errors = np.sqrt(np.diag(np.linalg.inv(-bend)))
    ours = [found[key] for key in ("standard_error", "tau2_error", "chance_error")]
    assert ours == pytest.approx(errors.tolist(), rel=LIKELIHOOD)
