"""Each option of a course definition on a patient small enough to check by eye."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from ranvier import course
from ranvier.course import (
    CDW_12W,
    COMPOSITE,
    EDSS_RULES,
    PRESETS,
    ROVING_12W,
    Around,
    Baseline,
    ChangeRule,
    Confirmation,
    Definition,
    Outcome,
    RelapseFree,
    RelapseWindows,
    Selection,
    Threshold,
    Window,
)
from ranvier.errors import DefinitionError, InputError, RanvierWarning


def visits(*scores: tuple[int, float], column: str = "edss") -> pl.DataFrame:
    days, values = zip(*scores, strict=True)
    return pl.DataFrame({"subject": ["P1"] * len(days), "day": days, column: [float(v) for v in values]})


def relapses(*days: int) -> pl.DataFrame:
    return pl.DataFrame({"subject": ["P1"] * len(days), "day": list(days)},
                        schema={"subject": pl.String, "day": pl.Int64})  # fmt: skip


def change(definition: Definition, **parts: object) -> Definition:
    return dataclasses.replace(definition, **parts)  # type: ignore[arg-type]


def found(table: pl.DataFrame, definition: Definition, *attacks: int) -> list[tuple[str, int, float]]:
    events = course.events(table, relapses(*attacks), definition=definition)
    return events.table.select("event", "day", "reference").rows()


HALF_POINT = (Outcome(column="edss", worsening=EDSS_RULES["B"][0]),)
WINDOW = Window(days=84, left=7, right=730)


@pytest.mark.parametrize(
    ("rule", "worse", "better"),
    [
        ("A", {0: 1.5, 1: 1, 1.5: 1, 5: 1, 5.5: 0.5, 6: 0.5, 9.5: 0.5}, {0: 1.5, 1.5: 1, 5.5: 0.5, 6: 0.5}),
        ("B", {0: 1, 1: 1, 5: 1, 5.5: 1, 6: 0.5, 9.5: 0.5}, {0: 1, 1.5: 1, 5.5: 1, 6: 0.5}),
        ("C", {0: 1.5, 1: 1, 5.5: 1, 6: 0.5, 9.5: 0.5}, {0: 1.5, 1.5: 1.5, 2: 1, 6: 1, 6.5: 0.5}),
        ("D", {0: 2, 1: 1, 5: 1, 5.5: 0.5, 9.5: 0.5}, {0: 2, 1.5: 1, 5: 1, 5.5: 0.5}),
    ],
)
def test_threshold_rules(rule: str, worse: dict[float, float], better: dict[float, float]):
    for which, expected in zip(EDSS_RULES[rule], (worse, better), strict=True):
        assert {level: which.smallest_change(level) for level in expected} == expected
        given = course.thresholds.smallest_changes(which, np.array(list(expected), dtype=float))
        assert given.tolist() == list(expected.values())


def test_a_reference_between_two_bands_takes_the_lower_band():
    rule = EDSS_RULES["A"][0]
    assert course.thresholds.smallest_changes(rule, np.array([0.5, 5.25, -1, 11, np.nan])).tolist()[:2] == [
        1.5,
        1,
    ]
    assert np.isnan(course.thresholds.smallest_changes(rule, np.array([-1, 11, np.nan]))).all()


def test_improvement_may_have_its_own_rule():
    scores = visits((0, 1.5), (90, 0.5), (180, 0.5))
    worse, better = EDSS_RULES["C"]
    own = (Outcome(column="edss", worsening=worse, improvement=better),)
    shared = (Outcome(column="edss", worsening=worse),)
    everything = change(CDW_12W, selection=Selection(events="all"))
    assert found(scores, change(everything, outcomes=own)) == []  # 1.5 points needed
    assert found(scores, change(everything, outcomes=shared)) == [("improvement", 90, 1.5)]


UP_DOWN_UP = visits((0, 4), (90, 3), (180, 3), (270, 4), (360, 4), (450, 5), (540, 5))


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("fixed", [("improvement", 90, 4.0), ("worsening", 450, 4.0)]),
        ("roving", [("improvement", 90, 4.0), ("worsening", 270, 3.0), ("worsening", 450, 4.0)]),
        ("on improvement", [("improvement", 90, 4.0), ("worsening", 270, 3.0)]),
        ("on worsening", [("improvement", 90, 4.0), ("worsening", 450, 4.0)]),
    ],
)
def test_baseline_schemes(scheme: str, expected: list[tuple[str, int, float]]):
    definition = change(ROVING_12W, baseline=Baseline(scheme=scheme))
    assert found(UP_DOWN_UP, definition) == expected


@pytest.mark.parametrize(("of", "days"), [("mean", [180]), ("min", [90]), ("max", [])])
def test_baseline_from_pre_treatment_visits(of: str, days: list[int]):
    scores = visits((-60, 3), (-30, 4), (0, 5), (90, 4.5), (180, 5), (270, 5.5), (360, 4.5))
    baseline = Baseline(start="pre-treatment", visits=3, of=of)
    events = course.worsening(scores, relapses(), definition=change(CDW_12W, baseline=baseline))
    assert events.table["day"].to_list() == days


def test_patient_without_pre_treatment_visit_is_left_out_aloud():
    definition = change(CDW_12W, baseline=Baseline(start="pre-treatment"))
    events = course.worsening(visits((1, 4), (90, 5), (180, 5)), relapses(), definition=definition)
    assert events.table.height == 0
    assert "no usable visit up to day 0" in events.explain("P1")


def test_baseline_near_a_relapse_moves_on():
    scores = visits((0, 4), (60, 3), (150, 4), (240, 4))
    assert found(scores, CDW_12W, -10) == [("worsening", 150, 3.0)]
    assert found(scores, change(CDW_12W, relapses=RelapseWindows(to_baseline=(0, 0))), -10) == []


@pytest.mark.parametrize(("skip", "expected"), [("none", [200]), ("strict", []), ("all", [])])
def test_a_dip_between_two_higher_scores_may_be_no_reference(skip: str, expected: list[int]):
    scores = visits((0, 4), (50, 4.5), (100, 3), (200, 4.5), (300, 4.5))
    baseline = Baseline(after_relapse=True, skip_extrema=skip)
    definition = change(CDW_12W, baseline=baseline, relapses=RelapseWindows(to_baseline=(0, 0)))
    events = course.worsening(scores, relapses(95), definition=definition)
    assert [day for day in events.table["day"] if day >= 200] == expected


def test_a_dip_below_the_threshold_is_a_dip_only_where_any_difference_counts():
    scores = visits((0, 4.5), (50, 4.5), (100, 4), (200, 4.5), (300, 5), (400, 5))
    for skip, reference in (("strict", [4.0]), ("all", [])):
        baseline = Baseline(after_relapse=True, skip_extrema=skip)
        definition = change(
            CDW_12W,
            baseline=baseline,
            outcomes=HALF_POINT,
            relapses=RelapseWindows(to_baseline=(0, 0), association=(0, 0)),
        )
        table = course.worsening(scores, relapses(95), definition=definition).table
        assert table["reference"].to_list() == reference, skip


def test_confirmation_needs_every_visit_or_only_the_confirming_one():
    scores = visits((0, 4), (90, 5), (130, 4), (180, 5), (270, 4))
    assert found(scores, CDW_12W) == []
    only = Confirmation(windows=(WINDOW,), check="confirmation visit")
    assert found(scores, change(CDW_12W, confirmation=only)) == [("worsening", 90, 4.0)]


def test_confirmation_at_the_level_of_the_event():
    scores = visits((0, 4), (90, 6), (180, 5.5), (270, 5.5))
    assert found(scores, CDW_12W) == [("worsening", 90, 4.0)]
    strict = Confirmation(windows=(WINDOW,), level="event")
    assert found(scores, change(CDW_12W, confirmation=strict)) == [("worsening", 180, 4.0)]


@pytest.mark.parametrize(
    ("options", "days"),
    [
        ({}, [90]),
        ({"sustained_days": 180}, [90]),
        ({"sustained_days": 190}, [360]),
        ({"to_end": True}, [360]),
    ],
)
def test_sustained(options: dict[str, object], days: list[int]):
    scores = visits((0, 4), (90, 5), (180, 5), (270, 4), (360, 5), (450, 5))
    confirm = Confirmation(windows=(WINDOW,), **options)  # type: ignore[arg-type]
    events = course.worsening(scores, relapses(), definition=change(CDW_12W, confirmation=confirm))
    assert events.table["day"].to_list() == days


def test_only_scheduled_visits_confirm():
    scores = visits((0, 4), (90, 5), (180, 5), (270, 4)).with_columns(
        visit=pl.Series(["v1", "v2", None, "v4"])
    )
    scheduled = change(CDW_12W, confirmation=Confirmation(windows=(WINDOW,), eligible="scheduled"))
    assert found(scores, CDW_12W) == [("worsening", 90, 4.0)]
    assert found(scores, scheduled) == []


def test_each_window_has_its_own_tolerance():
    scores = visits((0, 4), (90, 5), (195, 5), (300, 5))
    windows = (Window(days=84, right=14), Window(days=84, right=30))
    definition = change(CDW_12W, confirmation=Confirmation(windows=windows))
    table = course.worsening(scores, relapses(), definition=definition).table
    assert table["confirmed_days"].to_list()[0] == [None, 195]


def test_impute_within_days():
    scores = visits((0, 4), (90, 4), (180, 5))
    for within, days in ((179, []), (180, [180])):
        definition = change(CDW_12W, confirmation=Confirmation(windows=(WINDOW,), impute_within_days=within))
        assert course.worsening(scores, relapses(), definition=definition).table["day"].to_list() == days


@pytest.mark.parametrize(
    ("attack", "association", "kind"),
    [(90, (90, 0), "RAW"), (89, (90, 0), "PIRA"), (190, (90, 0), "undefined"), (190, (90, 10), "RAW")],
)
def test_raw_and_pira(attack: int, association: tuple[int, int], kind: str):
    scores = visits((0, 4), (30, 4), (180, 5), (330, 5), (480, 5))
    windows = RelapseWindows(association=association)
    definition = change(ROVING_12W, relapses=windows)
    events = course.events(scores, relapses(attack), definition=definition)
    assert events.table["type"].to_list() == [kind]


def test_no_relapse_since_the_reference_makes_pira_stricter():
    scores = visits((0, 4), (90, 4), (290, 5), (380, 5))
    free = RelapseFree(preceding=Around(before=0, after=None), event=Around(before=None, after=None),
                       confirmation=Around(before=None, after=0))  # fmt: skip
    strict = change(ROVING_12W, relapses=RelapseWindows(free=free))
    assert course.events(scores, relapses(50), definition=ROVING_12W).table["type"].to_list() == ["PIRA"]
    assert course.events(scores, relapses(50), definition=strict).table["type"].to_list() == ["undefined"]


def test_event_near_a_relapse_can_be_barred():
    scores = visits((0, 4), (90, 5), (180, 5), (270, 5))
    barred = change(ROVING_12W, relapses=RelapseWindows(to_event=(30, 0)))
    assert found(scores, barred, 80) == [("worsening", 180, 4.0)]
    # The interval still starts before the first visit that showed it.
    table = course.events(scores, relapses(80), definition=barred).table
    assert table.select("left_day", "type").row(0) == (0, "RAW")


def test_proceed_from_event_or_confirmation():
    scores = visits((0, 4), (90, 5), (135, 6), (180, 6), (270, 6))
    event = change(ROVING_12W, selection=Selection(events="all", proceed_from="event"))
    assert found(scores, ROVING_12W) == [("worsening", 90, 4.0)]
    assert found(scores, event) == [("worsening", 90, 4.0), ("worsening", 135, 5.0)]


def test_merge_and_least_distance():
    scores = visits((0, 4), (90, 5), (180, 5), (270, 6), (360, 6))
    assert found(scores, ROVING_12W) == [("worsening", 90, 4.0), ("worsening", 270, 5.0)]
    merged = change(ROVING_12W, selection=Selection(events="all", merge_days=365))
    assert found(scores, merged) == [("worsening", 90, 4.0)]
    far = change(ROVING_12W, selection=Selection(events="all", min_days_from_reference=100))
    assert found(scores, far) == [("worsening", 180, 4.0)]


def test_reference_after_an_event_can_be_the_best_level():
    scores = visits((0, 4), (90, 5), (135, 5), (180, 6), (270, 6), (360, 6))
    best = change(ROVING_12W, baseline=Baseline(scheme="roving", level_after_event="best"))
    assert found(scores, ROVING_12W) == [("worsening", 90, 4.0)]
    assert found(scores, best) == [("worsening", 90, 4.0), ("worsening", 270, 5.0)]


def test_composite_is_the_first_of_its_parts():
    table = pl.DataFrame(
        {
            "subject": ["P1"] * 4,
            "day": [0, 90, 180, 270],
            "edss": [4.0, 4.0, 5.0, 5.0],
            "t25fw_s": [5.0, 6.0, 6.1, 6.2],
            "nhpt_dominant_s": [20.0, 20.0, 20.0, 20.0],
            "nhpt_nondominant_s": [20.0, 26.0, 20.0, 20.0],
        }
    )
    events = course.worsening(table, relapses(), definition=COMPOSITE)
    assert events.table.select("measure", "day").rows() == [("t25fw_s", 90)]


def test_silent_and_lonely_patients_are_ordinary():
    table = pl.DataFrame({"subject": ["A", "B", "C"], "day": [0, 0, 0], "edss": [None, 4.0, None]})
    events = course.events(table, relapses()[:0], definition=CDW_12W)
    assert events.table.height == 0
    assert events.left_out[0].n == 2
    assert "no visit after" in events.explain("B")


def test_time_to_event_gives_intervals_and_reasons():
    table = pl.concat(
        [visits((0, 4), (90, 5), (180, 5)), visits((0, 4), (90, 4)).with_columns(subject=pl.lit("P2")),
         visits((5, 4)).with_columns(subject=pl.lit("P3"))]
    )  # fmt: skip
    events = course.worsening(table, definition=CDW_12W)
    assert course.time_to_event(events, table).table.rows() == [
        ("P1", True, 0, 90, 90, "event"),
        ("P2", False, 90, None, 90, "end-of-follow-up"),
        ("P3", False, 5, None, 0, "one-visit"),
    ]


def test_visible_notes():
    scores = visits((0, 4), (90, 5), (180, 5))
    assert any("reference moves" in note for note in course.events(scores, definition=ROVING_12W).notes)
    fixed = change(PRESETS["pira-12w"], baseline=Baseline())
    assert any("does not move" in note for note in course.events(scores, relapses(), definition=fixed).notes)


def test_confirmation_that_the_visits_can_never_give_is_warned_of_with_a_count():
    far = change(CDW_12W, confirmation=Confirmation(windows=(Window(days=84, left=7, right=7),)))
    table = visits((0, 4), (365, 5), (730, 5))
    with pytest.warns(RanvierWarning, match="1 patient of 1"):
        events = course.events(table, definition=far)
    assert any("1 patient of 1" in note for note in events.notes)


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_say_what_they_are(name: str):
    definition = PRESETS[name]
    assert course.preset(name.upper().replace("-", "_")) is definition
    assert Definition.from_dict(definition.to_dict()) == definition
    settings = definition.settings()
    assert len(settings.hash) == 64
    assert definition.source.split(",")[0][:8] in settings.text
    assert hash(definition) == hash(Definition.from_dict(definition.to_dict()))


def test_hash_of_settings_changes_with_options_and_not_with_names():
    renamed = change(CDW_12W, name="mine", source="protocol", note="")
    assert renamed.settings().hash == CDW_12W.settings().hash
    hashes = {definition.settings().hash for definition in PRESETS.values()}
    assert len(hashes) >= len(PRESETS) - 1
    moved = change(CDW_12W, relapses=RelapseWindows(to_baseline=(31, 0)))
    assert moved.settings().hash != CDW_12W.settings().hash


GAP = ChangeRule(
    name="gap", outcomes=("edss",), source="x",
    thresholds=(Threshold(low=0, high=4, change=1), Threshold(low=5, high=10, change=0.5)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Outcome(column="edss", worsening=GAP), "has a gap: no threshold for a reference of 4.5"),
        (lambda: Window(days=84, left=-1), "tolerance before is -1"),
        (lambda: Window(days=84, left=84), "swallows the 84 days"),
        (lambda: RelapseWindows(association=(-90, 0)), "association is -90"),
        (lambda: Confirmation(impute_probability=0.5), "needs a seed"),
        (lambda: Baseline(sub_threshold="any"), "fixed baseline cannot move"),
        (lambda: change(COMPOSITE, compat="msprog"), "msprog has no a composite"),
        (lambda: Definition.from_dict({"name": "x", "sauce": "y"}), "Did you mean 'source'"),
    ],
)
def test_definitions_that_contradict_themselves_are_refused(make, words: str):  # type: ignore[no-untyped-def]
    with pytest.raises(DefinitionError, match=words):
        make()


SCORES = visits((0, 4), (90, 5))


@pytest.mark.parametrize(
    ("table", "attacks", "definition", "words"),
    [
        (SCORES.with_columns(day=pl.Series([0, None])), None, CDW_12W, "row 2 has no day"),
        (SCORES.drop("edss"), None, CDW_12W, "lacks the columns"),
        (
            SCORES,
            pl.DataFrame({"subject": ["PX"], "day": [3]}),
            CDW_12W,
            "patients \\['PX'\\] who have no visit",
        ),
        (SCORES, pl.DataFrame({"subject": ["P1"], "day": [3], "end_day": [1]}), CDW_12W, "cannot end before"),
        (SCORES, None, "pira-12w", "needs relapses"),
        (SCORES, None, "pira-12", "Did you mean 'pira-12w'"),
        (SCORES, None, 12, "is no definition"),
    ],
)
def test_bad_input_is_refused(table, attacks, definition, words: str):  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=words):
        course.events(table, attacks, definition=definition)


def test_numba_is_loaded_only_when_a_course_is_searched():
    probe = "import ranvier.course, sys; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_numba_the_same_events_are_found(monkeypatch: pytest.MonkeyPatch):
    scores = visits((0, 4), (90, 5), (180, 5), (270, 6), (360, 6))
    expected = course.events(scores, relapses(80), definition=ROVING_12W)
    monkeypatch.setattr("ranvier.course._run.can_compile", lambda: False)
    plain = course.events(scores, relapses(80), definition=ROVING_12W)
    assert plain.table.equals(expected.table)
    assert plain.trace.equals(expected.trace)
