"""What holds for every course of disease and every definition."""

from __future__ import annotations

import dataclasses
import json
import warnings
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ranvier import course
from ranvier.course import (
    EDSS_RULES,
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
from ranvier.course import _layout as at
from ranvier.course._arrays import prepare
from ranvier.course._run import reach, run
from ranvier.course.parts import BASELINE_SCHEMES, SEARCHES
from ranvier.errors import RanvierWarning

STEPS = [0.0, *(half / 2 for half in range(2, 20))]
QUICK = settings(max_examples=60, deadline=None)
WORD = {"worsening": "improvement", "improvement": "worsening"}


@st.composite
def cohorts(draw: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw up to four patients with up to nine visits and up to three relapses each."""
    visits, relapses = [], []
    for number in range(draw(st.integers(1, 4))):
        days = draw(st.lists(st.integers(-60, 900), min_size=1, max_size=9, unique=True))
        level = draw(st.integers(0, 18))
        for day in sorted(days):
            level = min(max(level + draw(st.sampled_from([-3, -2, -1, 0, 0, 0, 1, 2, 3])), 0), 18)
            visits.append((f"P{number}", day, STEPS[level], draw(st.booleans())))
        attacks = draw(st.lists(st.integers(-150, 900), max_size=3, unique=True))
        lengths = st.one_of(st.none(), st.integers(0, 120))
        ends = [None if (length := draw(lengths)) is None else day + length for day in attacks]
        relapses += [(f"P{number}", day, end) for day, end in zip(attacks, ends, strict=True)]
    return (
        pl.DataFrame(visits, schema=["subject", "day", "edss", "fit"], orient="row"),
        pl.DataFrame(
            relapses, schema={"subject": pl.String, "day": pl.Int64, "end_day": pl.Int64}, orient="row"
        ),
    )


PAIRS = st.tuples(st.sampled_from([0, 30, 60]), st.sampled_from([0, 0, 30]))
PROCEED = ("confirmation", "event", "best")
NOT_HELD = ("first", "first improvement")
JOINED = st.sampled_from([None, 0, 30, 90])


@st.composite
def definitions(draw: Any, compat: bool = False) -> Definition:
    """Draw any definition of the EDSS."""
    worse, better = EDSS_RULES[draw(st.sampled_from(list(EDSS_RULES)))]
    scheme = draw(st.sampled_from(BASELINE_SCHEMES[:-1] if compat else BASELINE_SCHEMES))
    held = scheme == "best held"  # it goes from visit to visit, and finds worsening only
    after_relapse = draw(st.booleans()) and not held
    start = "first" if compat else draw(st.sampled_from(["first", "first", "pre-treatment"]))
    windows = draw(
        st.lists(
            st.builds(
                Window,
                days=st.sampled_from([30, 84, 168]),
                left=st.sampled_from([0, 7, 20]),
                right=st.sampled_from([None, 30, 400]),
            ),
            min_size=1,
            max_size=2,
        )
    )
    return Definition(
        name="drawn",
        source="drawn at random",
        compat="msprog" if compat else None,
        outcomes=(Outcome(column="edss", worsening=worse, improvement=better),),
        baseline=Baseline(
            scheme=scheme,
            start=start,
            visits=1 if start == "first" else draw(st.integers(1, 3)),
            of=draw(st.sampled_from(["mean", "min", "max"])),
            after_relapse=after_relapse,
            never_better=after_relapse and draw(st.booleans()),
            skip_extrema="none" if held else draw(st.sampled_from(["none", "strict", "all"])),
            hold_days=draw(st.sampled_from([0, 30, 90])),
            references=draw(st.sampled_from(["one", "two"])) if held else "one",
            sub_threshold="none"
            if scheme == "fixed" or held
            else draw(st.sampled_from(["none", "any", "improvement", "worsening"])),
            level_after_event="visit" if compat else draw(st.sampled_from(["visit", "best"])),
        ),
        confirmation=Confirmation(
            windows=tuple(windows),
            check=draw(st.sampled_from(["all visits", "confirmation visit"])),
            level="threshold" if compat else draw(st.sampled_from(["threshold", "event"])),
            sustained_days=draw(st.sampled_from([None, None, 168])),
            to_end=draw(st.booleans()) and draw(st.booleans()),
            eligible=draw(st.sampled_from(["all", "fit"])),
            impute_probability=draw(st.sampled_from([None, 0.5, 1.0])),
            seed=3,
        ),
        relapses=RelapseWindows(
            to_baseline=draw(PAIRS),
            to_event=draw(PAIRS),
            to_confirmation=draw(PAIRS),
            association=(draw(st.sampled_from([0, 30, 90])), draw(st.sampled_from([0, 30]))),
            free=RelapseFree(
                preceding=Around(before=draw(st.sampled_from([0, 30])), after=draw(JOINED)),
                event=Around(before=draw(JOINED), after=draw(JOINED)),
                confirmation=Around(before=draw(JOINED), after=draw(st.sampled_from([0, 30]))),
                preceding_visit=draw(st.sampled_from(["reference", "last", "last below threshold"])),
            ),
            end_days=draw(st.booleans()),
        ),
        selection=Selection(
            events=draw(st.sampled_from([kind for kind in SEARCHES if not held or kind not in NOT_HELD])),
            proceed_from="event" if held else draw(st.sampled_from(PROCEED[:2] if compat else PROCEED)),
            eligible="all" if compat else draw(st.sampled_from(["all", "all", "fit"])),
            min_days_from_reference=0 if compat else draw(st.sampled_from([0, 0, 100])),
            merge_days=0 if compat else draw(st.sampled_from([0, 0, 200])),
        ),
    )


def table_of(visits: pl.DataFrame, relapses: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    """Give the table of events without the warning about visits that lie too close."""
    from ranvier.course._tables import event_rows

    prepared = prepare(visits, relapses, eligible=("fit",), compat=definition.compat)
    return event_rows(prepared, run(prepared, definition, compiled=False))


@QUICK
@given(cohorts(), st.one_of(definitions(), definitions(compat=True)))
def test_plain_and_compiled_kernel_are_identical(cohort, definition):
    prepared = prepare(*cohort, eligible=("fit",), compat=definition.compat)
    for search in (run, lambda *args, **options: reach(*args, 4.0, **options)):
        plain = search(prepared, definition, trace=True, compiled=False)
        fast = search(prepared, definition, trace=True, compiled=True)
        for name in ("events", "event_levels", "decisions", "decision_levels"):
            assert np.array_equal(
                getattr(plain, name), getattr(fast, name), equal_nan=name.endswith("levels")
            )


@QUICK
@given(cohorts(), definitions(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(cohort, definition, random):
    visits, relapses = cohort
    expected = table_of(visits, relapses, definition)
    shuffled = [frame[random.sample(range(frame.height), frame.height)] for frame in (visits, relapses)]
    assert table_of(*shuffled, definition).equals(expected)


@QUICK
@given(cohorts(), definitions())
def test_patients_one_by_one_give_what_all_together_give(cohort, definition):
    visits, relapses = cohort
    alone = [
        table_of(visits.filter(subject=name), relapses.filter(subject=name), definition)
        for name in sorted(visits["subject"].unique())
    ]
    assert pl.concat(alone).equals(table_of(visits, relapses, definition))


@QUICK
@given(cohorts(), st.one_of(definitions(), definitions(compat=True)), st.integers(1, 3))
def test_patients_in_parts_give_what_all_together_give(cohort, definition, at_once):
    flags = {"eligible": ("fit",), "compat": definition.compat}
    whole = run(prepare(*cohort, **flags), definition, trace=True, compiled=False)
    with mock.patch("ranvier.course._run.PATIENTS_AT_ONCE", at_once):
        parts = run(prepare(*cohort, **flags), definition, trace=True, compiled=False)
    left_of_first = parts.events[:, at.LEFT] < 0  # no visit of the same patient: any place before the first
    whole.events[left_of_first, at.LEFT] = -1
    for name in ("events", "event_levels", "decisions", "decision_levels"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name), equal_nan=name.endswith("levels"))


@QUICK
@given(cohorts(), definitions(), st.integers(-5000, 5000))
def test_shifting_all_days_changes_nothing_but_days(cohort, definition, shift):
    visits, relapses = cohort
    at_first = dataclasses.replace(definition.baseline, start="first", visits=1)
    definition = dataclasses.replace(definition, baseline=at_first)
    expected = table_of(visits, relapses, definition)
    moved = table_of(
        visits.with_columns(pl.col("day") + shift),
        relapses.with_columns(pl.col("day") + shift, pl.col("end_day") + shift),
        definition,
    )
    steady = ["subject", "event", "type", "reference", "value", "sustained_days", "days_from_first"]
    assert moved.select(steady).equals(expected.select(steady))
    assert (moved["day"] - shift).equals(expected["day"])


@QUICK
@given(cohorts(), definitions())
def test_a_silent_patient_adds_nothing(cohort, definition):
    visits, relapses = cohort
    silent = pl.DataFrame(
        {"subject": ["Z"] * 3, "day": [0, 90, 180], "edss": [4.0, 4.0, 4.0], "fit": [True] * 3}
    )
    more = pl.concat([visits, silent])
    assert table_of(more, relapses, definition).equals(table_of(visits, relapses, definition))


FLAT = {"outcomes": ("edss",), "source": "drawn", "thresholds": (Threshold(low=0, high=10, change=1.0),)}
UP = ChangeRule(name="up", **FLAT)
DOWN = ChangeRule(name="down", lower_is_better=False, **FLAT)


@QUICK
@given(cohorts(), definitions())
def test_a_mirrored_scale_swaps_worsening_and_improvement(cohort, definition):
    visits, relapses = cohort
    scheme = {"on improvement": "on worsening", "on worsening": "on improvement"}
    # Whatever knows good from bad in another way than by the rule of change is taken out or mirrored too.
    baseline = dataclasses.replace(
        definition.baseline, never_better=False, level_after_event="visit", start="first", visits=1,
        sub_threshold="any" if definition.baseline.sub_threshold != "none" else "none",
    )  # fmt: skip
    assume(baseline.scheme != "best held" and definition.selection.proceed_from != "best")
    steady = dataclasses.replace(
        definition,
        outcomes=(Outcome(column="edss", worsening=UP),),
        baseline=baseline,
        confirmation=dataclasses.replace(definition.confirmation, impute_probability=None),
        selection=dataclasses.replace(definition.selection, events="all"),
    )
    same_way = dataclasses.replace(
        steady, baseline=dataclasses.replace(baseline, scheme=scheme.get(baseline.scheme, baseline.scheme))
    )
    mirrored = dataclasses.replace(same_way, outcomes=(Outcome(column="edss", worsening=DOWN),))
    keys = ["subject", "day", "confirmed_day", "reference", "last_day_sustained"]
    ours = table_of(visits, relapses, steady)
    # The same numbers, read as a scale on which more is better.
    theirs = table_of(visits, relapses, mirrored)
    assert theirs.select(keys).equals(ours.select(keys))
    assert [WORD[kind] for kind in theirs["event"]] == ours["event"].to_list()
    # And the numbers turned round, on the scale turned round: nothing changes.
    turned = table_of(
        visits.with_columns((10 - pl.col("edss")).alias("edss")),
        relapses,
        dataclasses.replace(steady, outcomes=mirrored.outcomes),
    )
    assert turned.select("subject", "day", "event", "type").equals(
        ours.select("subject", "day", "event", "type")
    )


@QUICK
@given(cohorts(), definitions(), st.integers(0, 60), st.integers(0, 200))
def test_a_wider_tolerance_never_takes_the_first_worsening_away(cohort, definition, left, right):
    visits, relapses = cohort
    first = dataclasses.replace(
        definition,
        baseline=Baseline(),
        selection=Selection(events="first worsening"),
        confirmation=dataclasses.replace(
            definition.confirmation, check="all visits", sustained_days=None, to_end=False
        ),
    )
    wider = dataclasses.replace(
        first,
        confirmation=dataclasses.replace(
            first.confirmation,
            windows=tuple(
                Window(
                    days=window.days,
                    left=min(window.left + left, window.days - 1),
                    right=None if window.right is None else window.right + right,
                )
                for window in first.confirmation.windows
            ),
        ),
    )
    narrow = dict(table_of(visits, relapses, first).select("subject", "day").rows())
    wide = dict(table_of(visits, relapses, wider).select("subject", "day").rows())
    assert all(subject in wide and wide[subject] <= day for subject, day in narrow.items())


@QUICK
@given(cohorts(), definitions())
def test_every_event_is_explained_and_lies_inside_its_interval(cohort, definition):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RanvierWarning)
        found = course.events(*cohort, definition=definition)
    for row in found.table.iter_rows(named=True):
        assert row["left_day"] is None or row["left_day"] < row["day"]
        assert row["reference_day"] < row["day"] <= row["last_day_sustained"]
        assert f"Day {row['day']}" in found.explain(row["subject"])
    assert set(found.trace["subject"]) == set(cohort[0]["subject"])


def same_again(definition: Definition) -> None:
    """Send a definition through its options, as they are and as JSON, and compare."""
    for options in (definition.to_dict(), json.loads(json.dumps(definition.to_dict()))):
        again = course.definition_from(options)
        assert again == definition
        assert again.settings().hash == definition.settings().hash
    assert course.definition_from(definition.settings().to_dict()) == definition


@QUICK
@given(st.one_of(definitions(), definitions(compat=True)))
def test_options_give_the_same_definition_again(definition):
    same_again(definition)


@pytest.mark.parametrize("name", course.PRESETS)
def test_options_give_every_definition_of_a_grid_again(name):
    base = course.PRESETS[name]
    held = base.baseline.scheme == "best held"
    options: dict[str, Any] = {
        "baseline.scheme": BASELINE_SCHEMES[-1:] if held else BASELINE_SCHEMES[:-1],
        "confirmation.windows": [Window(days=84, left=7), (Window(days=84), Window(days=168, right=30))],
        "relapses.free.event": [Around(before=None, after=None), Around(before=90, after=30)],
    }
    if [outcome.column for outcome in base.outcomes] == ["edss"]:
        options["rule"] = list(EDSS_RULES)
    tried = course.grid(base, options)
    for definition in tried:
        same_again(definition)
    assert len({definition.settings().hash for definition in tried}) == len(tried) >= 16


@QUICK
@given(st.sampled_from(list(course.PRESETS)), definitions())
def test_a_preset_changed_in_every_part_is_the_definition_of_these_parts(name, drawn):
    parts = {key: value for key, value in drawn.to_dict().items() if key not in {"name", "source", "note"}}
    changed = course.definition_from({"preset": name, **parts})
    assert changed.settings().hash == drawn.settings().hash
