"""Many definitions on the same patients give what each gives alone."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ranvier import course
from ranvier.course.grids import label, varied
from ranvier.errors import DefinitionError, InputError

VISITS = pl.DataFrame(
    {
        "subject": ["A"] * 4 + ["B"] * 4 + ["C"] * 4 + ["D"],
        "day": [0, 90, 180, 270] * 3 + [0],
        "edss": [4.0, 5.0, 5.0, 5.0, 5.5, 6.0, 6.0, 6.0, 3.0, 3.0, 3.0, 3.0, 2.0],
    }
)
RELAPSES = pl.DataFrame({"subject": ["A"], "day": [80]})
ALL = dataclasses.replace(course.CDW_12W, name="all", selection=course.Selection(events="all"))
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "multiverse" / "make_registry.py"


def test_one_definition_gives_what_the_course_gives_alone():
    alone = course.events(VISITS, RELAPSES, definition=ALL).table
    row = course.multiverse(VISITS, RELAPSES, definitions=[ALL]).table.row(0, named=True)
    assert row["events"] == alone.height == 2
    assert row["raw"] == alone.filter(type="RAW").height == 1
    assert row["pira"] == alone.filter(type="PIRA").height == 1
    assert (row["n_subjects"], row["n_with_event"], row["share"], row["pira_share"]) == (4, 2, 0.5, 0.5)
    assert row["settings_hash"] == ALL.settings().hash
    assert row["n_cannot_confirm"] == 1
    assert row["patient_years"] == pytest.approx(3 * 270 / 365.25)


def test_each_of_many_definitions_gives_what_it_gives_alone():
    tried = [definition for name, definition in course.PRESETS.items() if name != "composite"]
    table = course.multiverse(VISITS, RELAPSES, definitions=tried).table
    for definition, row in zip(tried, table.iter_rows(named=True), strict=True):
        alone = course.events(VISITS, RELAPSES, definition=definition).table
        kind = "improvement" if definition.selection.events == "first improvement" else "worsening"
        assert row["events"] == alone.filter(event=kind).height, definition.name


def test_time_counts_to_the_event_where_only_the_first_is_searched():
    row = course.multiverse(VISITS, definitions=["cdw-12w"]).table.row(0, named=True)
    assert row["patient_years"] == pytest.approx((90 + 90 + 270) / 365.25)
    assert row["events_per_10_years"] == pytest.approx(20 / ((90 + 90 + 270) / 365.25))


def test_without_relapses_no_worsening_has_a_type():
    row = course.multiverse(VISITS, definitions=[ALL]).table.row(0, named=True)
    assert row["raw"] is row["pira"] is row["undefined"] is row["pira_share"] is None


def test_a_composite_keeps_the_earliest_event_of_any_outcome():
    walk = pl.DataFrame({"t25fw_s": [5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 7.0, 7.0, 7.0, 5.0]})
    other = pl.DataFrame({"nhpt_dominant_s": [20.0] * 13, "nhpt_nondominant_s": [20.0] * 13})
    visits = pl.concat([VISITS, walk, other], how="horizontal")
    found = course.multiverse(visits, definitions=[course.COMPOSITE])
    assert found.table["events"].to_list() == [3]
    assert dict(zip(found.subjects, found.flags[0].tolist(), strict=True)) == {
        "A": True,
        "B": True,
        "C": True,
        "D": False,
    }


def test_the_order_of_rows_changes_nothing():
    tried = course.grid(ALL, {"rule": ["A", "B"], "baseline.scheme": ["fixed", "roving"]})
    one = course.multiverse(VISITS, RELAPSES, definitions=tried)
    two = course.multiverse(VISITS.sample(fraction=1, shuffle=True, seed=2), RELAPSES, definitions=tried)
    assert one.table.equals(two.table)
    assert np.array_equal(one.flags, two.flags)


def test_only_the_listed_patients_count():
    found = course.multiverse(
        VISITS, RELAPSES, definitions=["cdw-12w"], subjects=pl.DataFrame({"subject": ["B", "C", "Z"]})
    )
    row = found.table.row(0, named=True)
    assert (row["n_subjects"], row["n_with_event"], row["n_without_value"]) == (2, 1, 1)


def test_rules_a_and_b_disagree_from_5_5():
    found = course.multiverse(VISITS, definitions=course.grid(course.CDW_12W, {"rule": ["A", "B"]}))
    assert found.table["n_with_event"].to_list() == [2, 1]
    assert found.concordance() == 0.5
    assert found.agreement().row(0) == (found.table["definition"][0], 1.0, 0.5)
    assert found.influence().row(0, named=True) == {
        "option": "outcomes",
        "values": 2,
        "lowest": "edss-1.0-or-0.5",
        "lowest_mean": 0.25,
        "highest": "edss-1.5-1.0-0.5",
        "highest_mean": 0.5,
        "range": 0.25,
        "variance_share": 1.0,
    }
    assert "outcomes moves the share most" in found.explain()
    assert found.explain("B").startswith("B: 1 of 2 definitions find an event, such as")
    assert found.to_dict()["concordance"] == 0.5


def test_names_in_a_grid_are_unique_and_readable():
    tried = course.grid(
        course.CDW_12W,
        {
            "confirmation.windows": [
                course.Window(days=84),
                (course.Window(days=84), course.Window(days=168)),
            ],
            "relapses.free.event": [course.Around(before=90, after=30), course.Around(before=90, after=None)],
            "rule": [course.EDSS_1_0_5, dataclasses.replace(course.EDSS_1_0_5, note="another")],
        },
    )
    names = [definition.name for definition in tried]
    assert len(set(names)) == 8
    assert names[0] == "cdw-12w; windows=84-0+; event=90/30; rule=edss-1.0-or-0.5#1"


def test_options_are_changed_together_not_one_after_the_other():
    base = dataclasses.replace(course.CDW_12W, baseline=course.Baseline(scheme="roving", sub_threshold="any"))
    tried = course.grid(base, {"baseline.scheme": ["fixed"], "baseline.sub_threshold": ["none"]})
    assert tried[0].baseline == course.Baseline()


def test_contradictions_are_skipped_with_their_reason():
    tried = course.grid(
        course.CDW_12W, {"baseline.scheme": ["fixed", "roving"], "baseline.sub_threshold": ["none", "any"]}
    )
    assert len(tried) == 3
    assert tried.skipped[0][0] == "cdw-12w; scheme=fixed; sub_threshold=any"
    assert "cannot move" in tried.skipped[0][1]


def test_options_that_always_change_together_are_one():
    fast = dataclasses.replace(
        course.CDW_12W, name="fast", baseline=course.Baseline(scheme="roving", after_relapse=True)
    )
    assert varied([course.CDW_12W, fast]) == {
        "baseline.scheme & baseline.after_relapse": ["fixed & no", "roving & yes"]
    }
    assert varied([fast]) == {}


@pytest.mark.parametrize(
    ("value", "words"),
    [(True, "yes"), (None, "none"), (90.0, "90"), ("fixed", "fixed"), (course.Baseline(), "fixed,first,1")],
)
def test_values_are_named_in_words(value: object, words: str):
    assert label(value).startswith(words)


def test_the_curve_is_drawn_for_400_definitions():
    tried = [dataclasses.replace(ALL, name=str(number), note=str(number)) for number in range(400)]
    ax = course.multiverse(VISITS, RELAPSES, definitions=[*tried, course.CDW_12W]).plot()
    assert "401 definitions" in ax.get_title()
    assert len(ax.child_axes) == 1


def test_nothing_to_find_is_an_ordinary_answer():
    still = VISITS.filter(subject="C")
    found = course.multiverse(still, definitions=["cdw-12w", "cdw-24w"])
    assert found.table["share"].to_list() == [0.0, 0.0]
    assert np.isnan(found.concordance())
    assert found.influence()["range"].to_list() == [0.0]
    assert found.plot() is not None


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"baseline.sceme": ["fixed"]}, InputError, "Did you mean 'baseline.scheme'"),
        ({"windows": [course.Window(days=84)]}, InputError, "Did you mean 'confirmation.windows'"),
        ({"baseline.scheme": []}, InputError, "list of one or more"),
        ({"baseline.scheme": "fixed"}, InputError, "list of one or more"),
        ({"baseline.scheme": ["fixed", "fixed"]}, InputError, "twice"),
        ({"baseline.scheme": ["rovin"]}, DefinitionError, "Did you mean 'roving'"),
        ({"rule": ["A", "E"]}, DefinitionError, "unknown rule 'E'"),
        ({"rule": [3]}, DefinitionError, "no rule of change"),
        ({"confirmation.windows": [84]}, DefinitionError, "must be a tuple"),
        ({"relapses.free.event": [90]}, DefinitionError, "must be a Around"),
        ({"baseline": [course.Baseline()], "baseline.scheme": ["fixed"]}, InputError, "lies in"),
    ],
)
def test_a_grid_refuses_what_it_cannot_mean(options: dict[str, list[object]], error: type, words: str):
    with pytest.raises(error, match=words):
        course.grid(course.CDW_12W, options)


@pytest.mark.parametrize(
    ("definitions", "words"),
    [
        ([], "one or more"),
        ("cdw-12w", "one or more"),
        ([course.CDW_12W, "cdw-12w"], "two definitions are named 'cdw-12w'"),
        ([3], "is no definition"),
        (["cdw-12"], "Did you mean"),
    ],
)
def test_a_multiverse_refuses_what_it_cannot_apply(definitions: object, words: str):
    with pytest.raises(InputError, match=words):
        course.multiverse(VISITS, definitions=definitions)


def test_an_unknown_estimate_or_patient_is_refused():
    found = course.multiverse(VISITS, definitions=["cdw-12w"])
    with pytest.raises(InputError, match="unknown estimate"):
        found.influence("shares")
    with pytest.raises(InputError, match="no value of subject 'X'"):
        found.explain("X")


@pytest.mark.slow
def test_the_simulated_registry_spreads_as_far_as_published_multiverses():
    script = runpy.run_path(str(EXAMPLE))
    visits, relapses = script["registry"](script["SEED"])
    tried = script["definitions"]()
    assert len(tried) == 360
    found = course.multiverse(visits, relapses, definitions=tried)
    rates = found.table["events_per_10_years"]
    page = (EXAMPLE.parents[2] / "docs" / "definitions" / "multiverse.md").read_text(encoding="utf-8")
    assert f"{rates.min():.3f} to {rates.max():.3f}" in page
    assert f"{100 * found.concordance():.1f} %" in page
    # Published: 2.8 and 4.7 times (see the page); direction and rough size, not the digits.
    assert 2 < rates.max() / rates.min() < 8


def test_notes_say_of_how_many_definitions_they_are() -> None:
    tried = course.grid(course.PIRA_12W, {"baseline.scheme": ["fixed", "roving", "on worsening"]})
    found = course.multiverse(VISITS, RELAPSES, definitions=tried)
    moves, stays = found.notes
    assert moves.startswith("The reference moves in 2 of 3 definitions. In a randomised comparison it moves")
    assert stays.startswith("PIRA is searched from a reference that does not move in 1 of 3 definitions: ")
    assert found.explain().endswith(f"{moves} {stays}")
    assert found.to_dict()["notes"] == [moves, stays]


def test_fixed_references_of_worsening_need_no_note_but_missing_relapses_do() -> None:
    assert course.multiverse(VISITS, RELAPSES, definitions=["cdw-12w", "cdw-24w"]).notes == ()
    without = course.multiverse(VISITS, definitions=["cdw-12w"])
    assert without.notes == ("No table of relapses was given, so that worsening has no type.",)
