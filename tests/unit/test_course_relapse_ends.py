"""Relapses with a recorded end last until then: each rule at the last day inside and the first day after."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from ranvier import course
from ranvier.course import CDW_12W, PIRA_12W, Around, Baseline, RelapseFree, RelapseWindows, Selection

NOWHERE = RelapseFree(event=Around(before=0, after=0), confirmation=Around(before=0, after=0))


def visits(*scores: tuple[int, float]) -> pl.DataFrame:
    days, values = zip(*scores, strict=True)
    return pl.DataFrame({"subject": ["P1"] * len(days), "day": days, "edss": [float(v) for v in values]})


def relapses(*attacks: tuple[int, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [("P1", day, end) for day, end in attacks],
        schema={"subject": pl.String, "day": pl.Int64, "end_day": pl.Int64},
        orient="row",
    )


def definition(*, ends: bool = True, **windows: object) -> course.Definition:
    near = RelapseWindows(**{"free": NOWHERE, **windows, "end_days": ends})  # type: ignore[arg-type]
    return dataclasses.replace(CDW_12W, relapses=near)


def events(
    scores: pl.DataFrame, attacks: pl.DataFrame, chosen: course.Definition
) -> list[tuple[int, int, int | None, str]]:
    found = course.events(scores, attacks, definition=chosen).table
    return found.select("reference_day", "day", "confirmed_day", "type").rows()


FLARE = visits((0, 5), (40, 4), (130, 5), (220, 5))
"""Measured during a relapse on day 0, recovered on day 40, worse from day 130."""


@pytest.mark.parametrize(
    ("end", "reference"),
    [
        (0, 40),  # the last day of the relapse is still inside it
        (-1, 0),  # over the day before: no distance is kept from a relapse that has ended
        (39, 40),  # the next visit is the first one after it
        (40, 130),  # the next visit is still inside
    ],
)
def test_a_visit_inside_a_relapse_is_no_reference_and_one_just_after_is(end: int, reference: int) -> None:
    found = course.events(FLARE, relapses((-5, end)), definition=definition())
    if reference == 40:
        assert found.table.select("reference_day", "day").rows() == [(40, 130)]
    else:  # from 5.0 at the reference there is nothing to find; a passed-over visit stands in the trace
        assert found.table.is_empty()
    passed = found.trace.filter(step="reference", reason="near-relapse")["day"].to_list()
    assert passed == [day for day in (0, 40, 130) if day < reference]


def test_without_the_option_the_recorded_end_changes_nothing() -> None:
    unknown = events(FLARE, relapses((-5, None)), definition(ends=False))
    assert unknown == [(40, 130, 220, "PIRA")]
    for end in (-4, 0, 39, 40, 300):
        assert events(FLARE, relapses((-5, end)), definition(ends=False)) == unknown


def test_a_relapse_without_an_end_keeps_the_days_after_its_onset() -> None:
    open_end, thirty = relapses((-5, None)), definition(to_baseline=(30, 0))
    assert events(FLARE, open_end, thirty) == events(FLARE, open_end, definition(ends=False))
    assert events(FLARE, open_end, thirty)[0][0] == 40


STEP = visits((0, 4), (90, 4), (180, 5), (270, 5), (360, 5))


@pytest.mark.parametrize(
    ("onset", "end", "kind"),
    [
        (170, 180, "RAW"),  # the worsening is seen on the last day
        (170, 179, "PIRA"),  # it ended the day before, although it began 10 days ago
        (170, None, "RAW"),  # no end: up to 90 days after the onset
        (60, 200, "RAW"),  # a long relapse: 120 days after the onset and still going on
        (60, None, "PIRA"),  # the same without an end is over for this rule
        (180, 180, "RAW"),  # onset and end on the day of the visit
        (181, 200, "PIRA"),  # it began the day after
    ],
)
def test_a_worsening_is_raw_from_onset_to_end(onset: int, end: int | None, kind: str) -> None:
    assert events(STEP, relapses((onset, end)), definition()) == [(0, 180, 270, kind)]


@pytest.mark.parametrize(
    ("onset", "end", "confirmed"),
    [
        (200, 270, 360),  # the visit on day 270 is inside: the next one confirms
        (200, 269, 270),  # just after the end it confirms, although the onset was 70 days ago
        (255, 269, 270),  # and although the onset was 15 days ago, fewer than the 30 of the rule
        (255, None, 360),  # without an end the 30 days hold
        (200, None, 270),
        (200, 400, None),  # nothing confirms while it lasts
    ],
)
def test_a_visit_inside_a_relapse_confirms_nothing(
    onset: int, end: int | None, confirmed: int | None
) -> None:
    found = events(STEP, relapses((onset, end)), definition())
    assert [row[2] for row in found] == ([] if confirmed is None else [confirmed])


@pytest.mark.parametrize(("end", "days"), [(180, [270]), (179, [180])])
def test_a_visit_inside_a_relapse_can_be_barred_as_an_event(end: int, days: list[int]) -> None:
    barred = definition(to_event=(30, 0))
    assert [row[1] for row in events(STEP, relapses((150, end)), barred)] == days


@pytest.mark.parametrize(
    ("onset", "end", "kind"),
    [
        (20, 89, "PIRA"),  # over before the 90 days before the event begin (day 90)
        (20, 90, "undefined"),  # lasts into them
        (20, None, "PIRA"),  # without an end only the onset counts
    ],
)
def test_pira_needs_its_intervals_free_of_the_whole_relapse(onset: int, end: int | None, kind: str) -> None:
    first = dataclasses.replace(
        PIRA_12W,
        baseline=Baseline(),
        selection=Selection(events="first worsening"),
        relapses=dataclasses.replace(PIRA_12W.relapses, association=(30, 0), end_days=True),
    )
    assert [row[3] for row in events(STEP, relapses((onset, end)), first)] == [kind]


def test_a_reference_that_follows_relapses_moves_when_the_relapse_is_over() -> None:
    after = dataclasses.replace(definition(), baseline=Baseline(after_relapse=True))
    scores = visits((0, 4), (150, 5), (240, 6), (330, 6))
    # Over on day 100: what is left on day 150 is the new reference, and the worsening of day 240 is found.
    assert events(scores, relapses((80, 100)), after) == [(150, 240, 330, "PIRA")]
    # Still going on on day 150: what is seen there belongs to it.
    assert events(scores, relapses((80, 150)), after) == [(0, 150, 240, "RAW")]
    # Without an end the 90 days of the association hold.
    assert events(scores, relapses((80, None)), after) == [(0, 150, 240, "RAW")]


def test_two_relapses_of_which_one_has_an_end() -> None:
    # The first is over on day 100, the second has no end: its 90 days hold on day 180.
    assert events(STEP, relapses((80, 100), (120, None)), definition()) == [(0, 180, 270, "RAW")]
    assert events(STEP, relapses((80, 100), (120, 130)), definition()) == [(0, 180, 270, "PIRA")]
