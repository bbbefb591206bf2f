"""The page on natural history: complete, written from its numbers, and its numbers come back."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path
from typing import Any

import pytest

from ranvier.simulate import EYES, PHENOTYPES, SCENARIOS, parameters

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("natural_history_page.py")))
CONTENT: dict[str, Any] = json.loads(SCRIPT["NUMBERS"].read_text(encoding="utf-8"))
ROWS = {row["id"]: row for row in CONTENT["rows"]}
NOT_SIMULATED = {
    "REC_HIRST_mean_EDSS_before_relapse",
    "REC_HIRST_mean_EDSS_during_relapse",
    "REC_HIRST_mean_EDSS_after_relapse",
    "PIRA_AFFIRM",
    "VEP_EFFECT",
    "VEP_EFFECT_DELAYED",
}
"""Who the patients of a clinic were, a composite of tests that are not simulated, and what a drug did."""
ENTERED = {"REC_TAU", "RATER_72", "NMO_NODRIFT", "VEP_RESP_PBO"}
"""Facts behind assumptions; they are no number to compare with."""
FEWER = 20_000


def test_every_number_is_compared_or_named_as_left_out() -> None:
    known = {name for name in parameters()["id"] if not name.startswith("D_")}
    assert set(ROWS) - {"D_VEP_SE"} | NOT_SIMULATED | ENTERED == known


def test_every_calibrated_number_names_rows_that_are_marked_so() -> None:
    used = {
        source
        for each in (*PHENOTYPES.values(), *EYES.values())
        for value in each.values().values()
        if value.kind == "calibrated"
        for source in value.sources
    }
    marked = {name for name, row in ROWS.items() if row["calibrated"]}
    assert used <= marked
    assert marked - used == {"RATER_66", "RATER_67", "SIM_NMO_FREE_197", "NMO_HIST_PBO"}


def test_the_page_is_written_from_the_numbers() -> None:
    assert SCRIPT["PAGE"].read_text(encoding="utf-8") == SCRIPT["page"](CONTENT)


def test_no_calibrated_row_misses() -> None:
    missed = {name for name, row in ROWS.items() if row["calibrated"] and SCRIPT["missed"](row)}
    assert missed == set()


def test_the_misses_are_those_that_the_page_explains() -> None:
    found = {row["group"] for row in CONTENT["rows"] if SCRIPT["missed"](row)}
    assert found == {
        "new T2 lesions, AFFIRM and FREEDOMS",
        "EDSS change in a year, untreated",
        "relapses seen in a clinic",
        "severe relapses",
        "recovery after 3 and 6 months",
        "progression in primary progressive MS",
        "milestones",
    }


@pytest.mark.slow
@pytest.mark.parametrize("group", sorted(set(SCRIPT["CHECKS"]) - {"milestones"}))
def test_the_numbers_come_back_with_fewer_patients(group: str) -> None:
    # The error of 20,000 patients is 10 ** 0.5 times that of 200,000, and both enter; 4.5 standard errors
    # allow for some 90 comparisons.
    for row in SCRIPT["rows"](FEWER, group):
        if row["error"] == 0:
            continue
        known = ROWS[row["id"]]
        for name in SCENARIOS:
            assert abs(row[name] - known[name]) <= 4.5 * math.hypot(row["error"], known["error"]), row
