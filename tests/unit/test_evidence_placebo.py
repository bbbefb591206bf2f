"""The share on placebo comes from the nearest randomised trial, or none is given, with the reason."""

from __future__ import annotations

import json

import pytest

import ranvier as rv
from ranvier.errors import InputError


@pytest.fixture(scope="module")
def held():
    return rv.evidence.registry()


def test_intrathecal_cells_in_ms_stand_beside_the_saline_of_harris(held):
    found = held.placebo_response(disease="MS", route="IT", cell_class="MSC")
    assert (found.study_id, found.events, found.n) == ("harris2024", 10, 27)
    assert found.estimate.text() == "37.0 % (95 % interval 19.4 % to 57.6 %)"
    assert "the same route (IT)" in found.explain()


def test_another_route_is_said(held):
    found = held.placebo_response(disease="MS", route="IV", cell_class="MSC")
    assert "another route (IT; asked for: IV)" in found.reason


def test_patient_cycles_are_not_called_patients(held):
    found = held.placebo_response(disease="MS", route="IT", cell_class="MSC", response="relapse_free")
    assert (found.study_id, found.unit) == ("petrou2020", "patient-cycles")


def test_nmosd_has_no_randomised_result(held):
    found = held.placebo_response(disease="NMOSD", route=None, cell_class="MSC")
    assert found.estimate is None
    assert found.reason.startswith("no randomised trial in NMOSD with a result is in the registry")
    assert "430 planned" in found.reason


def test_ahsct_is_never_compared_with_other_cells(held):
    for route in ("IT", "IV", None):
        found = held.placebo_response(disease="MS", route=route, cell_class="aHSCT")
        assert found.study_id is None


def test_share_without_a_count_gives_the_reason(held):
    found = held.placebo_response(disease="MS", route="IT", cell_class="MSC", response="stable")
    assert "gives a count of this outcome on placebo" in found.reason


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"disease": "MSS"}, "unknown disease"),
        ({"cell_class": "MSCs"}, "unknown cell_class 'MSCs'"),
        ({"response": "better"}, "unknown response"),
    ],
)
def test_unknown_words_are_refused(held, wrong, words):
    asked = {"disease": "MS", "route": "IT", "cell_class": "MSC"} | wrong
    with pytest.raises(InputError, match=words):
        held.placebo_response(**asked)


def test_answer_is_json_ready_and_draws(held):
    for disease in ("MS", "NMOSD"):
        found = held.placebo_response(disease=disease, route="IT", cell_class="MSC")
        assert json.dumps(found.to_dict())
        assert found.plot().get_title()
        assert found._repr_html_().startswith("<p>Share on")
