"""What the page of a plan may not get wrong in words: directions, benefits, bounds, units, shares near 0."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.report import DataTable, Drawing
from ranvier.report.plan_effects import benefit
from ranvier.report.plan_numbers import limit_text, share_text, span
from ranvier.report.plan_words import against, measured
from ranvier.simulate import BayesRule, Effect, EventRate, PlanScenario
from ranvier.simulate._plan_looks import look_sizes
from ranvier.trial import Arm

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "plan_results.py"))
PLAN, FOUND, BETTER, CELLS = MADE["plan"], MADE["characteristics"], MADE["BETTER"], MADE["CELLS"]
NONE = {"no effect": (0.02, 0.03)}
SIMON = rv.stats.simon(0.2, 0.5, alpha=0.05, beta=0.2)


def serious(per_year: float) -> tuple[EventRate, ...]:
    return (EventRate(term="sepsis", per_year=per_year, grade=3, serious=True),)


def with_events(plan: Any, per_year: float) -> Any:
    return replace(plan, design=replace(plan.design, event_rates=serious(per_year)))


def with_dropout(plan: Any, per_year: float) -> Any:
    return replace(plan, design=replace(plan.design, dropout_per_year=per_year))


def counting(endpoint: str, looks: Any = SIMON, alpha: float = 0.05) -> Any:
    return PLAN(
        Arm(id="cells", label="Cells", planned_n=looks.n), endpoint=endpoint, looks=looks, alpha=alpha
    )


@pytest.mark.parametrize("endpoint", ["worse", "confirmed_worsening", "serious_event"])
def test_counts_of_an_outcome_that_is_bad_are_counts_of_patients_without_it(endpoint):
    page = rv.report.build_plan(FOUND(counting(endpoint), NONE))
    low, high = SIMON.futility[0], SIMON.efficacy[-1]
    held = "against a fixed share of 20.0 % of patients without the outcome"
    for words in (
        f"It is judged by the count of patients without the outcome, {held}; a patient",
        "; a patient whose outcome is not known counts as one with it.",
        "with a fixed true share of 20.0 % of patients without the outcome the exact chance of success is",
        f"the trial ends without success if at most {low} of them were without the outcome",
        f"succeeds if at least {high} of them were without the outcome",
    ):
        assert words in page.meta["paragraph"]
    assert "had the outcome" not in page.explain()
    assert f"This is a single arm, held {held}" in page.explain()


@pytest.mark.parametrize(
    "looks",
    [
        rv.stats.single_stage(0.2, 0.5, alpha=0.05, beta=0.2),
        rv.stats.exact_sequential((10, 20), 0.2, 0.5, alpha=0.05),
    ],
)
def test_other_designs_of_counts_turn_their_words_too(looks):
    good, bad = (
        rv.report.plan_paragraph(FOUND(counting(endpoint, looks), NONE)) for endpoint in ("improved", "worse")
    )
    assert "of them had the outcome" in good
    assert "of them were without the outcome" in bad
    assert "had the outcome" not in bad


def test_fewer_serious_events_are_a_benefit_where_they_are_the_endpoint():
    plan = with_events(PLAN(endpoint="serious_event"), 0.6)
    fewer = PlanScenario(name="fewer", event_rates={"cells": serious(0.2)})
    page = rv.report.build_plan(FOUND(plan, NONE | {"fewer": (0.9, 0.9)}), scenarios=(fewer,))
    first = page.sections[0].blocks[0].text
    assert "would show an effect (fewer: 0.2 serious events per year) in 90.0 % of virtual trials" in first
    assert "(0.2 serious events per year): the trial would show an effect in 90.0 %" in page.meta["paragraph"]
    assert "benefit" not in page.explain()


@pytest.mark.parametrize(
    ("endpoint", "effects", "events", "good"),
    [
        ("serious_event", {}, {"cells": serious(0.2)}, True),
        ("serious_event", {}, {"cells": serious(0.9)}, False),
        ("serious_event", {}, {"cells": serious(0.7), "placebo": serious(0.9)}, True),
        ("serious_event", {}, {"cells": serious(0.2), "placebo": serious(0.2)}, False),
        ("serious_event", {"cells": Effect(edss_shift=-1.0)}, {}, False),
        ("edss_change", {"cells": Effect(edss_shift=-1.0)}, {"cells": serious(0.9)}, True),
        ("edss_change", {}, {"cells": serious(0.2)}, False),
    ],
)
def test_a_benefit_is_one_for_the_endpoint(endpoint, effects, events, good):
    plan = with_events(PLAN(endpoint=endpoint), 0.6)
    scenario = PlanScenario(name="some", effects=effects, event_rates=events)
    assert benefit(plan, scenario) is good


def test_a_single_arm_with_fewer_serious_events_than_planned_has_a_benefit():
    plan = with_events(PLAN(CELLS, endpoint="serious_event", reference=0.5), 0.6)
    assert benefit(plan, PlanScenario(name="fewer", event_rates={"cells": serious(0.2)}))
    assert not benefit(plan, PlanScenario(name="more", event_rates={"cells": serious(0.7)}))


def test_no_bound_of_a_look_reads_zero_or_one():
    early = rv.stats.group_sequential([0.1, 0.5, 1.0])
    text = rv.report.plan_paragraph(FOUND(PLAN(looks=early), NONE))
    assert early.levels[0] < 0.00005
    assert "After 2 patients in each arm the trial succeeds if the one-sided p value is at most " in text
    assert "0.0000" not in text
    assert "at most 0." not in text.split("After 10 patients")[0]
    assert limit_text(3e-5) == "0.0000300"
    assert limit_text(0.99996) == "0.9999600"
    assert limit_text(0.0) == "0"


@pytest.mark.parametrize("n", [26, 35, 40])
def test_the_sizes_of_a_promising_zone_are_those_that_are_simulated(n):
    zone = rv.stats.promising_zone(rv.stats.group_sequential([0.7, 1.0]), most=2.0)
    plan = PLAN(Arm(id="cells", label="Cells", planned_n=n), looks=zone)
    first, both = (sizes["cells"] for sizes in look_sizes(plan))
    text = rv.report.plan_paragraph(FOUND(plan, NONE))
    assert f"After {first} patients the trial succeeds if the one-sided p value of the first stage is" in text
    assert (
        f"After {both} patients the trial succeeds if the combined one-sided p value of both stages, the "
        "second enlarged or not, is at most"
    ) in text
    assert f"the whole trial to at most {n} patients;" in text


def test_bounds_for_futility_are_said_to_be_binding():
    looks = rv.stats.group_sequential([0.5, 1.0], futility="obrien-fleming")
    text = rv.report.plan_paragraph(FOUND(PLAN(looks=looks), NONE))
    assert "may end" not in text
    assert "and ends without success if it is above 0.2879" in text
    assert "are binding: every virtual trial keeps to them" in text


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.05, "dropout at a rate of 0.05 per patient-year (4.9 % leave within a year)"),
        (1.5, "dropout at a rate of 1.5 per patient-year (77.7 % leave within a year)"),
        (1e-5, "(less than 0.1 % leave within a year)"),
        (40.0, "(more than 99.9 % leave within a year)"),
        (0.0, "no dropout"),
    ],
)
def test_dropout_is_a_rate_and_never_above_all_patients(rate, words):
    assert words in rv.report.plan_paragraph(FOUND(with_dropout(PLAN(), rate), NONE))


@pytest.mark.parametrize(
    ("endpoint", "phrase", "caption"),
    [
        (
            "new_t2",
            "new T2 lesions per year after the first scan",
            "Mean of the trials, new lesions per year",
        ),
        ("relapses", "relapses per year from the first dose", "Mean of the trials, relapses per year"),
        (
            "improved",
            "patients whose EDSS is improved at month 12",
            "Mean of the trials, % (differences in percentage points)",
        ),
    ],
)
def test_units_of_the_endpoint_stand_with_its_numbers(endpoint, phrase, caption):
    plan = PLAN()
    groups = plan.design.groups[:1]
    plan = replace(
        plan, endpoint=endpoint, design=replace(plan.design, groups=groups, scans=("baseline", "month 12"))
    )
    page = rv.report.build_plan(FOUND(plan, NONE))
    assert phrase in measured(plan)
    tables = [block for block in page.sections[1].blocks if isinstance(block, DataTable)]
    assert caption in [table.caption for table in tables]


def test_shares_of_some_trials_never_read_as_none_or_all():
    assert share_text(1 / 10_000, 10_000) == "less than 0.1 %"
    assert share_text(0.9999, 10_000) == "more than 99.9 %"
    assert share_text(0.0, 2_001) == "less than 0.2 %"  # 3 of 2,001 are 0.15 %
    assert span([0.0, 0.0004], 2_500) == "less than 0.2 %"
    assert span([0.0001, 0.9999], 10_000) == "less than 0.1 to more than 99.9 %"
    page = rv.report.build_plan(
        FOUND(PLAN(), {"no effect": (0.0001, 0.0002), "one point better": (1.0, 0.9999)})
    )
    assert " 0.0 %" not in page.explain()
    assert "100.0 %" not in page.explain()
    table = next(block for block in page.sections[1].blocks if isinstance(block, DataTable))
    assert table.frame.filter(scenario="no effect")["low"].to_list() == [0.01]
    drawn = next(block for block in page.sections[1].blocks if isinstance(block, Drawing))
    assert "less than 0.1" in drawn.svg
    assert "more than 99.9" in drawn.svg


def test_an_event_that_is_hardly_ever_missed_is_not_said_to_be_never_missed():
    many = Arm(id="cells", label="Cells", planned_n=200)
    page = rv.report.build_plan(FOUND(PLAN(many, endpoint="improved", reference=0.2), NONE))
    safety = next(each for each in page.sections if each.key == "safety")
    assert "hits 1 in 20 is missed with probability less than 0.1 %" in safety.blocks[0].text
    assert safety.blocks[1].frame["missed"].to_list() == [*["less than 0.1"] * 3, "1.8", "13.4"]


def test_differences_of_shares_are_percentage_points_and_shares_of_trials_are_not_rounded_to_none():
    plan = PLAN(CELLS, endpoint="improved", reference=0.7)
    said = FOUND(
        plan,
        {"no effect": (0.0001, 0.03)},
        estimate=-0.405,
        truth=-0.3,
        bias=-0.105,
        outcome=0.295,
        untreated=0.4,
    ).explain()
    assert "a success in less than 0.1 to 3.0 % of virtual trials" in said
    assert "Seen: 29.5 %, −40.5 percentage points from the fixed number" in said
    assert "the same patients without treatment: 40.0 %." in said
    assert "wrong by −10.5 percentage points (Monte Carlo error 1.00 percentage points)" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endpoint": "edss_change", "reference": -0.25}, "a fixed change of −0.25 EDSS points"),
        ({"endpoint": "improved", "reference": 0.1234}, "a fixed share of 12.34 % of patients"),
        ({"endpoint": "relapses", "reference": 0.3}, "a fixed rate of 0.3 relapses per year"),
    ],
)
def test_the_number_to_beat_keeps_its_decimals(options, words):
    assert against(PLAN(CELLS, **options)) == words


def test_a_margin_between_shares_is_in_percentage_points():
    plan = PLAN(endpoint="improved", looks=BayesRule(looks=(10, 20), margin=0.125))
    assert "better than with Placebo by more than 12.5 percentage points" in rv.report.plan_paragraph(
        FOUND(plan, NONE)
    )


@pytest.mark.parametrize("noise", ["low", "mid"])
@pytest.mark.parametrize("give", [rv.report.build_plan, rv.report.plan_paragraph])
def test_a_page_needs_little_and_much_noise(noise, give):
    found = FOUND(PLAN(), NONE)
    parts = {name: getattr(found, name).filter(noise="low") for name in ("table", "stops", "arms")}
    one = replace(
        found,
        **{
            name: part.with_columns(noise=part["noise"].replace("low", noise)) for name, part in parts.items()
        },
    )
    with pytest.raises(
        InputError, match=rf"the noise that was simulated is \['{noise}'\]; .*noise=\('low', 'high'\)"
    ):
        give(one)
    if give is rv.report.build_plan:
        with pytest.raises(InputError, match="little and much noise"):
            give(found, comparison=one)
