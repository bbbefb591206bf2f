"""Best held references, two references, and secondary progression, patient by patient."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from ranvier.course import (
    BERN_VIENNA,
    CDW_12W,
    LORSCHEIDER_2016,
    ROVING_12W,
    Baseline,
    Confirmation,
    RelapseWindows,
    Selection,
    SpmsDefinition,
    Window,
    events,
    secondary_progression,
)
from ranvier.errors import DefinitionError, InputError

HELD = dataclasses.replace(
    CDW_12W,
    baseline=Baseline(scheme="best held"),
    selection=Selection(events="all", proceed_from="event"),
    relapses=RelapseWindows(to_baseline=(0, 0)),
)


def visits(scores: dict[int, float], subject: str = "P1") -> pl.DataFrame:
    return pl.DataFrame(
        {"subject": [subject] * len(scores), "day": list(scores), "edss": list(scores.values())}
    )


def relapses(*days: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"subject": ["P1"] * len(days), "day": list(days)}, schema={"subject": pl.String, "day": pl.Int64}
    )


def kept(scores: dict[int, float], *attacks: int, definition=BERN_VIENNA) -> list[tuple[int, str, float]]:
    table = events(visits(scores), relapses(*attacks), definition=definition).table
    return [(row["day"], row["type"], row["reference"]) for row in table.iter_rows(named=True)]


def test_a_better_level_held_for_30_days_is_the_new_reference():
    scores = {0: 4.0, 60: 3.0, 100: 3.0, 200: 4.0, 300: 4.0}
    assert kept(scores, definition=HELD) == [(200, "PIRA", 3.0)]


def test_a_better_level_that_is_not_held_changes_nothing():
    assert kept({0: 4.0, 60: 3.0, 100: 4.0, 200: 4.0, 300: 4.0}, definition=HELD) == []


def test_the_worst_of_the_held_visits_becomes_the_reference():
    scores = {0: 4.0, 60: 2.0, 100: 3.0, 200: 3.0, 300: 4.0, 400: 4.0}
    assert kept(scores, definition=HELD) == [(300, "PIRA", 3.0)]


def test_an_improvement_is_followed_and_not_counted():
    table = events(visits({0: 4.0, 60: 2.0, 200: 2.0, 300: 2.0}), definition=HELD).table
    assert table.is_empty()


def test_what_a_relapse_leaves_is_undefined_and_a_new_reference_for_pira():
    # The first visit after the 90 days of the relapse is still 1 point up, and stays up for 180 days.
    scores = {0: 3.0, 100: 3.0, 220: 4.0, 320: 4.0, 420: 4.0, 520: 4.0, 620: 5.0, 720: 5.0, 820: 5.0}
    assert kept(scores, 110) == [(220, "undefined", 3.0), (620, "PIRA", 4.0)]


def test_disability_that_the_relapse_left_for_a_while_is_no_event_but_a_reference():
    # Up at the first visit after the relapse, not confirmed: 3.5 against 4 later is no worsening.
    scores = {0: 3.0, 100: 3.0, 220: 4.0, 320: 3.5, 420: 3.5, 520: 4.0, 620: 4.0, 720: 4.0}
    assert kept(scores, 110) == []


def test_a_relapse_before_the_confirmation_gives_its_own_type():
    scores = {0: 3.0, 100: 4.0, 200: 4.0, 300: 4.0, 400: 4.0}
    assert kept(scores, 150) == [(100, "relapse during confirmation", 3.0)]


def test_relapses_whose_days_run_into_each_other_have_one_first_visit_after_them():
    # Day 215 is behind the first relapse, but the days of the second have begun.
    scores = {0: 3.0, 100: 3.0, 215: 4.0, 330: 4.0, 430: 4.0, 530: 4.0}
    assert kept(scores, 110, 205) == [(215, "RAW", 3.0)]


def test_two_references_are_told_in_words():
    told = events(visits({0: 3.0, 100: 3.0, 220: 3.5, 320: 3.0}), relapses(110), definition=BERN_VIENNA)
    assert "sets it anew" in told.explain("P1")
    assert "Two references were kept" in told.settings().text


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (lambda: Baseline(references="two"), 'need scheme="best held"'),
        (lambda: Baseline(scheme="best held", after_relapse=True), "leave after_relapse"),
        (lambda: Baseline(scheme="best held", hold_days=-1), "hold_days is -1"),
        (lambda: dataclasses.replace(HELD, selection=Selection(events="first")), "does not count"),
        (lambda: dataclasses.replace(HELD, selection=Selection(events="all")), "proceed_from"),
        (lambda: dataclasses.replace(CDW_12W, compat="msprog", baseline=HELD.baseline,
                                     selection=HELD.selection), "msprog has no a best held"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(part, words):
    with pytest.raises(DefinitionError, match=words):
        part()


def test_the_search_can_go_on_from_the_best_visit_of_an_event():
    scores = {0: 3.0, 100: 5.0, 150: 4.0, 200: 5.0, 300: 5.0}
    best = dataclasses.replace(
        ROVING_12W,
        baseline=Baseline(scheme="roving", level_after_event="best"),
        selection=Selection(events="all", proceed_from="best"),
    )
    # The reference is 4.0 of day 150, so that day 200 is a second worsening.
    assert [(day, level) for day, _, level in kept(scores, definition=best)] == [(100, 3.0), (200, 4.0)]
    later = dataclasses.replace(best, selection=Selection(events="all"))
    assert [(day, level) for day, _, level in kept(scores, definition=later)] == [(100, 3.0)]


def test_a_change_that_did_not_last_hides_nothing():
    scores = {0: 3.0, 90: 4.0, 180: 4.0, 270: 3.5, 360: 4.0, 450: 4.0}
    to_end = dataclasses.replace(ROVING_12W, confirmation=Confirmation(to_end=True))
    assert [day for day, *_ in kept(scores, definition=to_end)] == [360]


def test_only_scheduled_visits_can_be_events_when_asked():
    rows = visits({0: 3.0, 90: 4.0, 180: 4.0, 270: 4.0}).with_columns(
        pl.Series("visit", ["baseline", None, "month 6", "month 9"])
    )
    scheduled = dataclasses.replace(
        CDW_12W, selection=Selection(events="first worsening", eligible="scheduled")
    )
    found = events(rows, definition=scheduled)
    assert found.table["day"].to_list() == [180]
    assert "may not be an event" in found.explain("P1")


SPMS_VISITS = visits({0: 3.0, 100: 4.0, 200: 4.5, 300: 4.5}).with_columns(
    pl.Series("pyramidal", [1, 3, 3, 3]), pl.Series("sensory", [1, 1, 1, 1])
)


def onset(rows: pl.DataFrame, *attacks: int, definition: SpmsDefinition = LORSCHEIDER_2016) -> list[int]:
    return secondary_progression(rows, relapses(*attacks), definition=definition).table["day"].to_list()


def test_secondary_progression_begins_at_edss_4_with_a_pyramidal_grade_of_2():
    assert onset(SPMS_VISITS) == [100]
    assert onset(SPMS_VISITS.with_columns(pl.Series("pyramidal", [0, 1, 3, 3]))) == [200]
    assert onset(SPMS_VISITS.with_columns(pl.col("edss") - 1)) == []


def test_secondary_progression_needs_confirmation_in_the_leading_system():
    fades = SPMS_VISITS.with_columns(pl.Series("pyramidal", [2, 3, 2, 2]))
    assert onset(fades) == []
    told = secondary_progression(fades, relapses()).explain("P1")
    assert "no functional system that worsened most stayed worse" in told
    without = dataclasses.replace(LORSCHEIDER_2016, leading_system=False)
    assert onset(fades, definition=without) == [100]


def test_after_a_refused_onset_the_search_goes_on_at_the_next_visit():
    later = visits({0: 3.0, 100: 4.0, 200: 4.5, 300: 4.5, 400: 4.5}).with_columns(
        pl.Series("pyramidal", [2, 2, 3, 3, 3]), pl.Series("sensory", [1, 2, 1, 1, 1])
    )
    assert onset(later) == [200]


def test_worsening_that_a_relapse_began_is_no_secondary_progression():
    assert onset(SPMS_VISITS, 90) == []


def test_a_system_that_was_not_examined_does_not_lead():
    unknown = SPMS_VISITS.with_columns(pl.Series("pyramidal", [None, 3, 3, 3], dtype=pl.Int64))
    assert onset(unknown) == []


def test_secondary_progression_without_relapses_or_systems_is_refused():
    with pytest.raises(InputError, match="needs relapses"):
        secondary_progression(SPMS_VISITS)
    bare = dataclasses.replace(LORSCHEIDER_2016, least_pyramidal=0)
    with pytest.raises(InputError, match="no grade of any functional system"):
        secondary_progression(SPMS_VISITS.select("subject", "day", "edss"), relapses(), definition=bare)


def test_an_spms_definition_says_itself_and_hashes_its_options():
    said = LORSCHEIDER_2016.settings()
    assert "EDSS of at least 4 and a pyramidal grade of at least 2" in said.text
    assert said.hash != dataclasses.replace(LORSCHEIDER_2016, least_edss=3.0).settings().hash
    assert LORSCHEIDER_2016.to_dict()["progression"]["name"] == "progression-without-relapse"
    for wrong in ({"least_edss": 11.0}, {"least_pyramidal": 7}, {"progression": CDW_12W}):
        with pytest.raises(DefinitionError):
            dataclasses.replace(LORSCHEIDER_2016, **wrong)


def test_a_window_of_six_months_asks_for_a_longer_confirmation():
    longer = dataclasses.replace(
        LORSCHEIDER_2016,
        progression=dataclasses.replace(
            LORSCHEIDER_2016.progression, confirmation=Confirmation(windows=(Window(days=182),))
        ),
    )
    assert onset(SPMS_VISITS, definition=longer) == [100]
    assert onset(SPMS_VISITS.filter(pl.col("day") < 300), definition=longer) == []
