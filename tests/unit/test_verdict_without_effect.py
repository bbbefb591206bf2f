"""Claims held against what such patients show with no treatment effect."""

from __future__ import annotations

import datetime
import json

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.verdict import Article, Claim, Claims, PatientsOfStudy

ARTICLE = Article(title="A", address="example", date=datetime.date(2024, 2, 24), kind="news article")
DAHBOUR = PatientsOfStudy(study="dahbour2017", source="registry record", edss=(3.0, 6.0))


def claim(**given):
    better = {
        "id": "better",
        "kind": "responders",
        "studies": ("dahbour2017",),
        "outcome": "edss_improved",
        "events": 2,
        "n": 10,
        "said": "Two improved.",
    }
    return Claim(**(better | given))


def held(one, *patients):
    found = rv.verdict.appraise(Claims(article=ARTICLE, claims=(one,), patients=patients))
    return found.claim(one.id)


def test_two_of_ten_are_held_against_two_rules():
    found = held(claim(), DAHBOUR)
    assert [band.diagnostics["rule"] for band in found.without_effect.bands] == [
        "edss-0.5",
        "edss-1.0-or-0.5",
    ]
    said = " ".join(found.sentences)
    assert "lower by 0.5 points or more in 2 or more of 10 such patients after 12 months" in said
    assert "lower by 1 point or more (0.5 from EDSS 6.0)" in said
    assert "The last attack was not reported" in said
    assert json.dumps(found.to_dict())


def test_a_count_of_a_subgroup_is_taken_among_all_treated():
    found = held(claim(n=8, subgroup="SPMS"), DAHBOUR)
    assert "of 10 such patients" in " ".join(found.without_effect.sentences)


def test_a_named_rule_is_the_only_one():
    found = held(claim(rule="edss-1.0-or-0.5"), DAHBOUR)
    assert len(found.without_effect.bands) == 1
    with pytest.raises(InputError, match=r"rule of claim 'better'.*Did you mean 'edss-1.0-or-0.5'"):
        claim(rule="edss-1.0-or-0.6")


def test_what_is_missing_is_said():
    found = held(claim())
    assert not found.without_effect.bands
    (said,) = found.without_effect.sentences
    assert said.endswith("could not be simulated; not reported: their EDSS at the first dose.")
    assert said in found.sentences


def test_courses_of_some_patients_are_not_taken_for_all():
    """Bonab 2012: 20 SPMS and 2 of a course that is not simulated."""
    given = PatientsOfStudy(study="bonab2012", source="letter", edss=(5.0, 6.5))
    found = held(claim(studies=("bonab2012",), n=22, months=12.0), given)
    assert "the course of the patients" in found.without_effect.missing
    whole = held(claim(studies=("bonab2012",), n=20, subgroup="SPMS", months=12.0), given)
    assert "of 20 such patients" in " ".join(whole.sentences)


def test_a_known_last_attack_makes_improvement_readable():
    given = PatientsOfStudy(
        study="dahbour2017", source="letter", edss=(3.0, 6.0), last_attack_days=(200, 900)
    )
    found = held(claim(), given)
    assert found.interpretable
    assert "The last attack was not reported" not in " ".join(found.sentences)
    assert not held(claim(), DAHBOUR).interpretable


def test_a_fall_of_the_mean_is_held_against_its_own_start():
    fall = claim(
        id="fall",
        kind="change",
        studies=("lu2012",),
        outcome="edss_mean",
        before=4.9,
        after=4.0,
        events=4,
        n=5,
    )
    found = held(fall)
    assert found.without_effect.endpoints == ("responders", "edss_change")
    assert "the mean EDSS of 5 such patients falls by 0.9 or more in 18 months" in " ".join(found.sentences)
    assert (
        held(claim(id="r", kind="change", outcome="edss_mean", before=4.0, after=4.5)).without_effect is None
    )


@pytest.mark.parametrize(
    ("given", "studies"),
    [
        ({"outcome": "visual_acuity_improved"}, ("lu2012",)),
        ({"n": 27}, ("harris2024",)),
        ({"n": 15}, ("dahbour2017", "lu2012")),
    ],
)
def test_other_claims_are_not_simulated(given, studies):
    names = rv.evidence.registry().studies["study_id"].to_list()
    known = tuple(next(name for name in names if name.startswith(each)) for each in studies)
    assert held(claim(studies=known, **given)).without_effect is None


def test_the_file_of_claims_holds_the_patients(tmp_path):
    path = tmp_path / "claims.toml"
    text = """
[article]
title = "A"
address = "example"
date = 2024-02-24
kind = "paper"
[[patients]]
study = "dahbour2017"
source = "registry record"
edss = [3.0, 6.0]
[[claims]]
id = "better"
study = "dahbour2017"
kind = "responders"
outcome = "edss_improved"
events = 2
n = 10
said = "Two improved."
"""
    path.write_text(text)
    assert rv.verdict.read_claims(path).patients == (DAHBOUR,)
    for old, new, words in (
        ("edss = [3.0, 6.0]", "edss = [3.0, 4.0, 6.0]", r"patients 1: edss is .*write the mean, or"),
        ("edss = [3.0", "edssbase = [3.0", r"patients 1: unknown key 'edssbase'"),
        ('source = "registry record"', "", r"patients 1: .'source'. must be set"),
        ("edss = [3.0", "last_attack_days = [3]\nedss = [3.0", r"write the fewest and the most days"),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(InputError, match=words):
            rv.verdict.read_claims(path)
    for old, new, words in (
        (
            '[[patients]]\nstudy = "dahbour2017"',
            '[[patients]]\nstudy = "dahbour"',
            r"study of patients 'dahbour'",
        ),
        ("edss = [3.0, 6.0]", "edss = [6.0, 3.0]", r"claim 'better': edss is .*in order"),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(InputError, match=words):
            rv.verdict.appraise(rv.verdict.read_claims(path))


def test_one_study_may_be_described_once():
    with pytest.raises(InputError, match=r"each study may stand once"):
        Claims(article=ARTICLE, claims=(claim(),), patients=(DAHBOUR, DAHBOUR))
