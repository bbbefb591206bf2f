"""The page of a plan: what it says of several arms and of one, its pictures, the words for the protocol."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.report import Bullets, DataTable, Drawing, Paragraph, Report
from ranvier.simulate import BayesRule, Effect, EventRate, PlanScenario
from ranvier.trial import Arm

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "plan_results.py"))
PLAN, FOUND, BETTER, HALF = MADE["plan"], MADE["characteristics"], MADE["BETTER"], MADE["HALF"]
CELLS, PLACEBO = MADE["CELLS"], MADE["PLACEBO"]
POWER = {"no effect": (0.0214, 0.0209), "one point better": (0.62, 0.5491), "half": (0.2, 0.17)}
LOOKS = rv.stats.group_sequential([0.5, 1.0], futility="obrien-fleming")
SIMON = rv.stats.simon(0.2, 0.5, alpha=0.05, beta=0.2)


def two_arms(**options: Any) -> Report:
    found = FOUND(PLAN(patients_per_month=2.0, **options), POWER)
    return rv.report.build_plan(found, scenarios=(BETTER, HALF))


def one_arm(*, compared: bool = True) -> Report:
    plan = PLAN(CELLS, endpoint="improved", reference=0.2)
    found = FOUND(plan, {"no effect": (0.31, 0.58), "one point better": (0.9, 0.88)})
    other = FOUND(
        rv.simulate.randomised_instead(plan), {"no effect": (0.012, 0.013), "one point better": (0.5, 0.44)}
    )
    return rv.report.build_plan(found, scenarios=(BETTER,), comparison=other if compared else None)


def blocks(report: Report, key: str, kind: type) -> list[Any]:
    section = next(each for each in report.sections if each.key == key)
    return [block for block in section.blocks if isinstance(block, kind)]


def test_the_first_sentence_answers_how_often_an_effect_would_be_shown_and_falsely_claimed():
    first = two_arms().sections[0].blocks[0]
    assert first.text == (
        "With 20 patients in each arm this trial would show an effect (one point better: EDSS −1 points) in "
        "54.9 to 62.0 % of virtual trials; without any effect it would claim one in 2.1 %. Ranges: little to "
        "much noise of the EDSS; Monte Carlo error up to 0.5 percentage points."
    )


def test_every_scenario_has_its_power_with_little_and_with_much_noise():
    power = blocks(two_arms(), "result", Bullets)[0]
    assert power.title == "Power"
    assert power.items == (
        (
            "one point better (EDSS −1 points): 62.0 % with little noise, 54.9 % with much noise, below the "
            "80 % that is usually asked for."
        ),
        (
            "half (EDSS −0.5 points): 20.0 % with little noise, 17.0 % with much noise, below the 80 % that "
            "is usually asked for."
        ),
        "without any effect: 2.1 % with little noise, 2.1 % with much noise.",
    )


def test_a_test_that_claims_too_often_is_named():
    found = FOUND(PLAN(), POWER | {"no effect": (0.031, 0.025)})
    cautions = [b for b in blocks(rv.report.build_plan(found), "result", Paragraph) if b.tone == "caution"]
    assert "claim one in 3.1 % of virtual trials, more often than alpha (2.5 %) allows" in cautions[0].text
    assert not [b for b in blocks(two_arms(), "result", Paragraph) if b.tone == "caution"]


def test_one_arm_is_never_said_to_show_an_effect_and_gets_the_caution_with_the_better_design():
    page = one_arm()
    first, caution = blocks(page, "result", Paragraph)
    assert "would be called a success in 88.0 to 90.0 % of virtual trials if the treatment does" in first.text
    assert "and in 31.0 to 58.0 % if it does nothing" in first.text
    assert caution.tone == "caution"
    for words in (
        "single arm, held against a fixed share of 20.0 % of patients",
        "without any treatment effect the trial would still be called a success in 31.0 to 58.0 %",
        "The better design: the same patients randomised 1:1 (10 and 10, treatment and control)",
        "would claim an effect in 1.2 to 1.3 % of virtual trials without one, and show one in 44.0 to 50.0 %",
    ):
        assert words in caution.text
    others = page.explain().replace(caution.text, "")
    assert "show an effect" not in others
    assert "claim an effect" not in others
    assert not re.search(r"effect of (the )?(cells|treatment) in", others)


def test_one_arm_without_the_comparison_is_told_to_randomise():
    assert "Randomise the same patients, if you can" in one_arm(compared=False).explain()


@pytest.mark.parametrize("page", [two_arms(), one_arm()])
def test_the_page_never_says_safe_and_says_that_it_is_simulated(page):
    text = page.explain() + page.html()
    assert not re.search(r"\bsafe\b", text, re.IGNORECASE)
    assert page.banner.startswith("Simulated, not patients")
    content = json.loads(json.dumps(page.to_dict()))
    assert content["meta"]["data_kind"] == "simulated"
    assert content["meta"]["characteristics"]["table"][0]["scenario"] == "no effect"
    assert content["meta"]["paragraph"] in page.explain()


def test_what_so_few_patients_would_miss_is_exact():
    text = blocks(two_arms(), "safety", Paragraph)[0].text
    assert f"hits 1 in 20 is missed with probability {rv.result.percent(0.95**20)}" in text
    bound = rv.stats.zero_event_bound(20, sided="one").high
    assert f"No event in 20 leaves a true share of up to {rv.result.percent(bound)}" in text
    table = blocks(two_arms(), "safety", DataTable)[0].frame
    assert table["one"].to_list() == ["1 in 5", "1 in 10", "1 in 20", "1 in 50", "1 in 100"]
    assert table["missed"][-1] == rv.result.number(100 * 0.99**20, digits=1)


def test_pictures_stand_with_their_numbers_and_trials_with_one_look_have_no_picture_of_endings():
    assert [each.key for each in blocks(two_arms(), "scenarios", Drawing)] == ["plan-power"]
    assert not blocks(two_arms(), "ends", Drawing)
    monitor = rv.stats.stopping_rule(20, limit=0.2, method="pocock", event="a serious event")
    watched = two_arms(looks=LOOKS, monitor=monitor)
    ends = blocks(watched, "ends", Drawing)[0]
    assert ends.data.frame.columns[:4] == ["scenario", "noise", "look", "n"]
    assert ends.data.frame["scenario"][-1] == "no effect"
    assert "success at the end" in ends.svg
    assert "have a serious event" in blocks(watched, "safety", Paragraph)[1].text


def test_months_are_given_only_where_the_pace_is_known():
    assert "It takes 32.0 months on average, with 2 patients a month." in two_arms().explain()
    assert "months" not in " ".join(blocks(one_arm(), "result", Bullets)[-1].items)


def test_numbers_of_the_model_stand_once_with_the_courses_that_share_them():
    numbers = blocks(two_arms(), "assumptions", Bullets)[-1].items
    assert any(
        each.startswith("RRMS, SPMS: recovery days: 60 days (assumption, 43 to 87") for each in numbers
    )
    assert any(each.startswith("SPMS: steps per year: 0.118 per year (calibrated") for each in numbers)
    assert not [each for each in numbers if "t2" in each or "lesion" in each]


def test_the_paragraph_for_the_protocol():
    plan = PLAN(patients_per_month=2.0)
    said = rv.report.plan_paragraph(FOUND(plan, POWER), scenarios=(BETTER, HALF))
    assert said == (
        "40 patients are randomised to Cells (20) and Placebo (20). The primary endpoint is: change of the "
        "EDSS from baseline to month 12. It is analysed by the exact rank-sum test, one-sided, at 2.5 %. "
        "The data are analysed once, when all patients have finished. Virtual patients: 50 % RRMS (EDSS 0.0 "
        "to 6.5); 50 % SPMS (EDSS 0.0 to 6.5); dropout at a rate of 0.05 per patient-year (4.9 % leave "
        "within a year). The design was simulated by the "
        "natural history model of ranvier, 10,000 trials for each scenario and noise of the EDSS (little "
        "noise: small fluctuation within a patient and one trained examiner; much noise: large fluctuation "
        "within a patient and a new examiner at each visit). Scenario “one point better” (EDSS −1 points): "
        "the trial would show an effect in 62.0 % of virtual trials with little noise and 54.9 % with much "
        "noise (Monte Carlo error up to 0.5 percentage points). Scenario “half” (EDSS −0.5 points): "
        "the trial would show an effect in 20.0 % of virtual trials with little noise and 17.0 % "
        "with much noise (Monte Carlo error up to 0.4 percentage points). Without any effect of treatment "
        "it would claim one in 2.1 % of virtual trials with little noise and 2.1 % with much noise (Monte "
        f"Carlo error up to 0.1 percentage points). Simulated with ranvier {rv.__version__}, seed 7, plan "
        f"{plan.hash[:12]}."
    )


def test_the_paragraph_of_a_single_arm_says_what_a_single_arm_shows():
    said = one_arm().meta["paragraph"]
    assert "20 patients are treated with Cells; there is no control group." in said
    assert "analysed by the exact binomial test, against a fixed share of 20.0 % of patients" in said
    assert "called a success in 31.0 % of virtual trials with little noise and 58.0 % with much noise" in said
    assert "a single arm shows what happened to its patients, not what the treatment did" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"looks": LOOKS},
            (
                "After 10 patients in each arm the trial succeeds if the one-sided p value is at most "
                "0.00153 and ends without success if it is above 0.2879. After 20 patients in each arm "
                "the trial succeeds if the one-sided p value is at most 0.0245. The bounds for ending "
                "without success are binding: every virtual trial keeps to them."
            ),
        ),
        (
            {"looks": rv.stats.promising_zone(rv.stats.group_sequential([0.5, 1.0]))},
            (
                "lies between 30 % and 80 % at the first look, the second stage is enlarged towards 80 %, "
                "the whole trial to at most 20 patients in each arm"
            ),
        ),
        (
            {"looks": BayesRule(looks=(10, 20)), "endpoint": "improved"},
            (
                "is judged by the posterior chance that the true share is better than with Placebo. Success "
                "when the posterior chance is at least 97.5 % after 10 and 20 patients in each arm."
            ),
        ),
        (
            {"monitor": rv.stats.stopping_rule(20, limit=0.2, method="pocock", event="a serious event")},
            "For safety, among the treated patients: stop if 3 of 3, 4 of 4 to 6",
        ),
        (
            {"monitor": BayesRule(looks=(10, 20), level=0.9, reference=0.1)},
            (
                "the trial stops when the posterior chance of a share of patients with a serious event above "
                "10.0 % is at least 90.0 %."
            ),
        ),
    ],
)
def test_the_paragraph_names_looks_and_boundaries(options, words):
    said = rv.report.plan_paragraph(FOUND(PLAN(**options), POWER), scenarios=(BETTER,))
    assert words in said
    assert "On average 40.0 patients would decide the trial" in said
    assert "The power is" not in said  # a power by formula was not simulated


def test_the_paragraph_of_counts_in_one_arm_names_them():
    cells = Arm(id="cells", label="Cells", planned_n=SIMON.n)
    found = FOUND(PLAN(cells, endpoint="improved", looks=SIMON, alpha=0.05), {"no effect": (0.4, 0.5)})
    said = rv.report.plan_paragraph(found)
    assert f"Up to {SIMON.n} patients are treated with Cells" in said
    assert "After 8 patients the trial ends without success if at most 2 of them had the outcome." in said
    assert (
        "judged by the count of patients with the outcome, against a fixed share of 20.0 % of patients with "
        "the outcome; a patient whose outcome is not known counts as one without it."
    ) in said
    assert "at 5 %" not in said  # the exact chances of the counts hold at p0, not in these patients


def test_arms_that_differ_are_told_apart():
    high = Arm(id="high", label="High dose", planned_n=10)
    plan = PLAN(CELLS, high, PLACEBO)
    both = PlanScenario(
        name="doses",
        effects={"cells": Effect(relapse_ratio=0.5)},
        event_rates={"high": (EventRate(term="sepsis", per_year=0.2, grade=3, serious=True),)},
    )
    found = FOUND(plan, {"no effect": (0.02, 0.03), "doses": (0.0, 1.0)})
    page = rv.report.build_plan(found, scenarios=(both,))
    first = page.sections[0].blocks[0].text
    assert first.startswith(
        "With 20 (Cells), 10 (High dose) and 20 (Placebo) patients this trial would show an effect of at "
        "least one treatment (doses: Cells: relapse rate times 0.5; High dose: 0.2 serious events per year) "
        "in less than 0.1 to more than 99.9 % of virtual trials"
    )
    assert "Holm's adjustment" in page.meta["paragraph"]
    assert "Each treatment against the control" in page.html()


def test_the_defaults_of_the_file_are_printed(tmp_path):
    folder = rv.simulate.new_plan(tmp_path / "plan")
    given = rv.simulate.read_plan(folder / "design.toml")
    names = ("no effect", *(each.name for each in given.scenarios))
    page = rv.report.build_plan(FOUND(given.plan, dict.fromkeys(names, (0.1, 0.2))), given=given)
    table = blocks(page, "assumptions", DataTable)[0]
    assert table.caption == "What design.toml leaves out, and what was taken"
    assert ("[endpoint]", "test", "the usual test of the endpoint in this design") in table.frame.rows()
    assert ("[safety]", "limit", "no rule that stops for harm") in table.frame.rows()
    assert page.meta["file"]["sha256"] == given.sha256


def test_a_scenario_of_harm_alone_is_no_power_and_says_how_often_it_is_ended():
    events = (EventRate(term="sepsis", per_year=0.4, grade=3, serious=True),)
    harm = PlanScenario(name="harm", event_rates={"cells": events})
    plan = PLAN(monitor=rv.stats.stopping_rule(20, limit=0.2, method="pocock"))
    found = FOUND(plan, {"no effect": (0.02, 0.02), "harm": (0.021, 0.022)}, stopped_harm=0.3)
    page = rv.report.build_plan(found, scenarios=(harm,))
    assert "in 2.0 % of virtual trials in which the treatment does nothing" in page.sections[0].blocks[0].text
    assert (
        "harm (0.4 serious events per year): 2.1 % with little noise, 2.2 % with much noise, without any "
        "benefit for the endpoint; ended for harm in 30.0 %."
    ) in blocks(page, "result", Bullets)[0].items
    assert (
        "Scenario “harm” (0.4 serious events per year) brings no benefit for the endpoint: the trial would "
        "claim an effect in 2.1 %" in page.meta["paragraph"]
    )
    assert "and end for harm in 30.0 %." in page.meta["paragraph"]
