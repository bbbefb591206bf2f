"""Events of a composite: the outcome that changed first, and what belongs to its event."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ranvier import course
from ranvier.course import CDW_12W, COMPOSITE, Baseline, Confirmation, Selection

ALL = dataclasses.replace(COMPOSITE, selection=Selection(events="all"))
DAYS = [0, 90, 180, 270, 360, 450, 540]


def visits(**scores: list[float | None]) -> pl.DataFrame:
    """Give one patient's visits every 90 days; what is not named stays as it is."""
    n = len(next(iter(scores.values())))
    steady = {"edss": 4.0, "t25fw_s": 5.0, "nhpt_dominant_s": 20.0, "nhpt_nondominant_s": 20.0}
    columns: dict[str, Any] = {name: [value] * n for name, value in steady.items()} | scores
    floats = dict.fromkeys(columns, pl.Float64)
    return pl.DataFrame(
        {"subject": ["P1"] * n, "day": DAYS[:n], **columns}, schema_overrides=floats, strict=False
    )


def found(table: pl.DataFrame, definition: course.Definition = ALL) -> list[tuple[str, str, int, int]]:
    events = course.events(table, definition=definition).table
    return events.select("measure", "event", "day", "confirmed_day").rows()


def test_two_outcomes_that_worsen_together_are_one_event_of_the_first_named() -> None:
    both = visits(edss=[4, 5, 5, 5], t25fw_s=[5, 6, 6, 6])
    assert found(both) == [("edss", "worsening", 90, 180)]


def test_the_event_is_that_of_the_outcome_that_changed_first() -> None:
    walk_first = visits(edss=[4, 4, 5, 5], t25fw_s=[5, 6, 6, 6])
    assert found(walk_first) == [("t25fw_s", "worsening", 90, 180)]


def test_an_outcome_that_worsens_up_to_the_confirmation_belongs_to_the_event() -> None:
    at_confirmation = visits(edss=[4, 5, 5, 5, 5], t25fw_s=[5, 5, 6, 6, 6])
    assert found(at_confirmation) == [("edss", "worsening", 90, 180)]


def test_an_outcome_that_worsens_behind_the_confirmation_is_the_next_event() -> None:
    later = visits(edss=[4, 5, 5, 5, 5], t25fw_s=[5, 5, 5, 6, 6])
    assert found(later) == [("edss", "worsening", 90, 180), ("t25fw_s", "worsening", 270, 360)]


def test_when_the_search_goes_on_from_the_event_only_its_day_belongs_to_it() -> None:
    from_event = dataclasses.replace(ALL, selection=Selection(events="all", proceed_from="event"))
    at_confirmation = visits(edss=[4, 5, 5, 5, 5], t25fw_s=[5, 5, 6, 6, 6])
    assert found(at_confirmation, from_event) == [
        ("edss", "worsening", 90, 180),
        ("t25fw_s", "worsening", 180, 270),
    ]


def test_events_that_begin_soon_after_each_other_are_merged_across_outcomes() -> None:
    merged = dataclasses.replace(ALL, selection=Selection(events="all", merge_days=181))
    parted = dataclasses.replace(ALL, selection=Selection(events="all", merge_days=180))
    later = visits(edss=[4, 5, 5, 5, 5], t25fw_s=[5, 5, 5, 6, 6])
    assert len(found(later, merged)) == 1
    assert len(found(later, parted)) == 2


def test_a_change_that_is_not_confirmed_makes_no_event_and_hides_none() -> None:
    flash = visits(edss=[4, 5, 4, 4, 4], t25fw_s=[5, 5, 6, 6, 6])
    assert found(flash) == [("t25fw_s", "worsening", 180, 270)]


def test_an_outcome_is_confirmed_on_itself_and_not_on_another() -> None:
    relay = visits(edss=[4, 5, 4, 4], t25fw_s=[5, 5, 6, 5])
    assert found(relay) == []


def test_worsening_and_improvement_are_counted_apart() -> None:
    opposite = visits(edss=[4, 5, 5, 5], t25fw_s=[5, 4, 4, 4])
    assert found(opposite) == [("edss", "worsening", 90, 180), ("t25fw_s", "improvement", 90, 180)]


def test_each_outcome_keeps_its_own_reference() -> None:
    roving = dataclasses.replace(ALL, baseline=Baseline(scheme="roving"))
    # The EDSS moves its reference to 5.0; the walk is still judged from 5 seconds.
    scores = visits(edss=[4, 5, 5, 5, 5, 6, 6], t25fw_s=[5, 5, 5.5, 6, 6, 6, 6])
    assert found(scores, roving) == [
        ("edss", "worsening", 90, 180),
        ("t25fw_s", "worsening", 270, 360),
        ("edss", "worsening", 450, 540),
    ]


def test_each_hand_is_an_outcome_of_its_own() -> None:
    hands = visits(nhpt_dominant_s=[20, 20, 24, 24], nhpt_nondominant_s=[20, 24, 24, 24])
    assert found(hands) == [("nhpt_nondominant_s", "worsening", 90, 180)]


def test_a_missing_test_leaves_the_others_to_be_judged() -> None:
    without_walk = visits(edss=[4, 4, 5, 5], t25fw_s=[None] * 4)
    assert found(without_walk) == [("edss", "worsening", 180, 270)]


def test_an_imputed_event_ends_on_its_own_day() -> None:
    imputing = dataclasses.replace(
        ALL, confirmation=Confirmation(windows=CDW_12W.confirmation.windows, impute_probability=1.0)
    )
    last = visits(edss=[4, 4, 4, 5], t25fw_s=[5, 5, 5, 6])
    assert found(last, imputing) == [("edss", "worsening", 270, None)]


@pytest.mark.parametrize(
    ("definition", "why"),
    [(ALL, "both are one event"), (COMPOSITE, "another outcome of the composite had its event first")],
)
def test_the_trace_says_why_the_event_of_another_outcome_is_left_out(
    definition: course.Definition, why: str
) -> None:
    events = course.events(visits(edss=[4, 5, 5, 5], t25fw_s=[5, 5, 6, 6]), definition=definition)
    left = events.trace.filter(step="selection").select("day", "measure", "outcome")
    assert left.rows() == [(180, "t25fw_s", "left out")]
    assert why in events.explain("P1")


def test_the_order_of_patients_and_rows_changes_nothing() -> None:
    one = visits(edss=[4, 5, 5, 5, 5], t25fw_s=[5, 5, 5, 6, 6])
    two = visits(edss=[4, 4, 5, 5, 5], t25fw_s=[5, 6, 6, 6, 6]).with_columns(subject=pl.lit("P0"))
    both = pl.concat([one, two])
    expected = course.events(both, definition=ALL).table
    assert expected["subject"].to_list() == ["P0", "P1", "P1"]
    assert course.events(both[::-1], definition=ALL).table.equals(expected)


@pytest.mark.parametrize("definition", [ALL, COMPOSITE], ids=["all", "first"])
def test_the_multiverse_counts_the_same_events(definition: course.Definition) -> None:
    table = pl.concat(
        visits(edss=edss, t25fw_s=walk).with_columns(subject=pl.lit(f"P{place}"))
        for place, (edss, walk) in enumerate(
            [
                ([4, 5, 5, 5, 5], [5, 5, 5, 6, 6]),
                ([4, 5, 5, 5, 5], [5, 5, 6, 6, 6]),
                ([4, 4, 3, 3, 3], [5, 6, 6, 6, 6]),
                ([4, 4, 4, 4, 4], [5, 5, 5, 5, 5]),
            ]
        )
    )
    events = course.events(table, definition=definition).table
    row = course.multiverse(table, definitions=[definition]).table.row(0, named=True)
    assert row["events"] == events.filter(event="worsening").height
    assert row["n_with_event"] == events.filter(event="worsening")["subject"].n_unique()
    assert row["improvements"] == events.filter(event="improvement").height


def test_the_page_holds_what_the_code_does() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "definitions" / "composite.md"
    rows = re.findall(r"^\| (\d[^|]*) \| (\d[^|]*) \| ([^|]*) \|$", page.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == 5
    names = {"EDSS": "edss", "walk": "t25fw_s"}
    for edss, walk, said in rows:
        scores = visits(edss=[float(v) for v in edss.split(",")], t25fw_s=[float(v) for v in walk.split(",")])
        told = re.findall(r"(EDSS|walk), day (\d+)", said)
        assert [row[:1] + row[2:3] for row in found(scores)] == [
            (names[word], int(day)) for word, day in told
        ]
