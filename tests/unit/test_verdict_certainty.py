"""GRADE: where it starts, each step down with the number that caused it, and what an effect needs."""

from __future__ import annotations

import json

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.verdict import BENEFITS, LEVELS, class_of_claim
from ranvier.verdict.conclusion import lowest
from ranvier.verdict.contrasts import p_number


def verdict(study_id):
    return rv.verdict.study_verdict(study_id)


def test_uncontrolled_starts_low_and_randomised_high():
    assert verdict("dahbour2017").certainty.start == "low"
    assert verdict("uccelli2021").certainty.start == "high"


def test_every_step_down_carries_its_number():
    steps = {step.domain: step for step in verdict("dahbour2017").certainty.steps}
    assert steps["risk of bias"].value == 0
    assert steps["selective reporting"].sentence.endswith(
        "3 of 13 registered patients not accounted for (23.1 %)"
    )
    assert steps["imprecision"].levels == 2
    assert verdict("dahbour2017").certainty.level == "very low"


def test_interval_across_both_thresholds_costs_two_levels():
    (step,) = verdict("uccelli2021").certainty.steps
    assert (step.levels, step.domain) == (2, "imprecision")
    assert "0.58 to 1.50 crosses both 0.75 and 1.25" in step.sentence


def test_patient_cycles_cost_a_level():
    assert any(
        "48 patients counted as 61 patient-cycles" in s.sentence
        for s in verdict("petrou2020").certainty.steps
    )


def test_external_controls_are_counted():
    assert any(
        "48 controls were treated outside" in s.sentence for s in verdict("nurown2023").certainty.steps
    )


def test_missing_patients_cost_a_level():
    assert any(
        "3 of 10 without a result (30.0 %)" in s.sentence for s in verdict("yamout2010").certainty.steps
    )


def test_disagreement_of_registry_and_report_costs_a_level():
    assert any(step.domain == "selective reporting" for step in verdict("hbadmsc2025").certainty.steps)


def test_needed_size_follows_its_formula():
    assert rv.verdict.optimal_information_size() == 884
    assert rv.verdict.optimal_information_size(ratio=2.0) < 100


@pytest.mark.parametrize(
    ("control", "may"),
    [
        ("uncontrolled", "what happened"),
        ("before-after", "change in course"),
        ("external control", "what happened"),
        ("unclear", "what happened"),
        ("randomised", "effect"),
    ],
)
def test_design_caps_the_claim(control, may):
    assert class_of_claim(control) == may


def test_before_after_study_says_change_in_course():
    assert "change in course, not an effect" in " ".join(verdict("connick2012").headline)


def test_every_study_has_a_verdict_with_known_words():
    for study_id in rv.evidence.registry().studies["study_id"]:
        found = verdict(study_id)
        assert found.certainty.level in LEVELS
        assert found.studies[0].benefit in BENEFITS
        assert found.headline[0].startswith(found.studies[0].study.label)


def test_requirements_of_an_effect_are_listed_with_their_answer():
    needs = {need.code: need.met for need in verdict("petrou2020").studies[0].requirements}
    assert needs == {
        "need_control": True,
        "need_margin": False,
        "need_confirmed": False,
        "need_complete": None,
        "need_mri": True,
    }


def test_p_values_are_read_as_printed():
    assert p_number("0.064") == 0.064
    assert p_number("<0.05") < 0.05
    assert p_number("significant (value not seen)") is None
    assert p_number(None) is None


def test_lowest_of_none_is_refused():
    with pytest.raises(InputError, match="no study"):
        lowest(())


def test_unknown_study_is_refused():
    with pytest.raises(InputError, match="Did you mean 'lu2012'"):
        verdict("lu2021x"[:6] + "2")


def test_verdict_is_json_ready_explains_itself_and_draws():
    found = verdict("yamout2010")
    assert json.loads(json.dumps(found.to_dict()))["title"] == "Verdict on Yamout 2010"
    assert "Unfavourable: New or enlarging MRI lesions in 5 of 7 patients" in found.explain()
    assert found.plot().get_xlim() == (0, 1)
    assert "<li>" in found._repr_html_()
