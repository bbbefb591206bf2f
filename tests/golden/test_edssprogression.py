"""Events with a best held reference against the Python package EDSSProgression (edssprogression.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ranvier.course import (
    BERN_VIENNA,
    EDSS_RULES,
    Around,
    Baseline,
    Confirmation,
    Definition,
    Outcome,
    RelapseFree,
    RelapseWindows,
    Selection,
    Window,
    events,
)

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "edssprogression.json").read_text(encoding="utf-8"))
DATA = {
    data["name"]: data
    for data in json.loads((HERE / "reference_cases.json").read_text(encoding="utf-8"))["data"]
}
TYPES = {"PIRA with relapse during confirmation": "relapse during confirmation", "Undefined": "undefined"}


def definition_of(options: dict[str, Any]) -> Definition:
    """Say the options of the package as ours."""
    before, after = (
        options.get("opt_raw_before_relapse_max_time", 30),
        options.get("opt_raw_after_relapse_max_time", 90),
    )
    days = options.get("opt_confirmation_time", 180)
    early = options.get("opt_confirmation_time_left_side_max_tolerance", 0)
    held = options.get("opt_roving_reference_require_confirmation", True)
    allows = options.get("opt_pira_allow_relapses_between_event_and_confirmation", False)
    free = RelapseFree(event=Around(before=0, after=None), confirmation=Around(before=None, after=before))
    if allows:
        free = RelapseFree(event=Around(), confirmation=Around(before=after, after=before))
    first = options.get("return_first_event_only", False)
    return Definition(
        name="golden",
        source="EDSSProgression",
        outcomes=(
            Outcome(
                column="edss",
                worsening=EDSS_RULES["A" if options.get("opt_larger_increment_from_0", True) else "B"][0],
            ),
        ),
        baseline=Baseline(
            scheme="best held",
            hold_days=options.get("opt_roving_reference_confirmation_time", 30) if held else 0,
            references="two",
            level_after_event="visit" if options.get("opt_confirmation_type") == "monotonic" else "best",
        ),
        confirmation=Confirmation(
            windows=(
                Window(
                    days=days, left=early, right=options.get("opt_confirmation_time_right_side_max_tolerance")
                ),
            ),
            check="confirmation visit"
            if options.get("opt_confirmation_included_values") == "last"
            else "all visits",
            level="event" if options.get("opt_confirmation_type") == "monotonic" else "threshold",
            impute_probability=None
            if options.get("opt_confirmation_require_confirmation_for_last_visit", True)
            else 1.0,
        ),
        relapses=RelapseWindows(
            to_baseline=(0, 0), to_confirmation=(0, 0), association=(after, before), free=free
        ),
        selection=Selection(
            events="first worsening" if first else "all",
            proceed_from="event",
            min_days_from_reference=options.get("opt_minimal_distance_time", 0),
        ),
    )


def lines(name: str, definition: Definition) -> list[str]:
    visits = pl.DataFrame(DATA[name]["visits"])
    relapses = pl.DataFrame(DATA[name]["relapses"])
    table = events(visits, relapses, definition=definition).table
    return [
        f"{row['subject']}|{row['day']}|{row['type']}|{row['value']:g}|{row['reference']:g}"
        for row in table.iter_rows(named=True)
    ]


def golden_lines(found: list[str]) -> list[str]:
    parts = [line.split("|") for line in found]
    return ["|".join([part[0], part[1], TYPES.get(part[2], part[2]), *part[3:5]]) for part in parts]


@pytest.mark.parametrize("name", list(DATA))
@pytest.mark.parametrize("case", range(len(GOLDEN["cases"])))
def test_the_same_events_as_edssprogression(case, name):
    chosen = GOLDEN["cases"][case]
    assert lines(name, definition_of(chosen["options"])) == golden_lines(chosen["events"][name])


def test_the_preset_is_what_the_package_recommends():
    assert definition_of({}).settings().hash == BERN_VIENNA.settings().hash


def test_the_grid_is_complete():
    found = [line for case in GOLDEN["cases"] for kept in case["events"].values() for line in kept]
    assert len(GOLDEN["cases"]) == 22
    assert {line.split("|")[2] for line in found} == {"RAW", "PIRA", *TYPES}
