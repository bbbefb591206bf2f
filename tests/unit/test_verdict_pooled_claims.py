"""A published pool typed into a claims file: numbers that cannot be right are found, others left alone."""

from __future__ import annotations

import datetime

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.verdict import Article, Claim, Claims

ARTICLE = Article(title="A review", address="example", date=datetime.date(2024, 1, 1), kind="paper")
MSC = ("petrou2021", "harris2021", "yamout2010")


def claim(**values):
    base = {"id": "p", "kind": "pooled", "studies": MSC, "said": "Pooled.", "outcome": "edss_improved"}
    return Claim(**(base | {"low": 30.0, "high": 50.0, "level": 0.95} | values))


def appraised(**values):
    return rv.verdict.appraise(Claims(article=ARTICLE, claims=(claim(**values),))).claims[0]


def codes(**values):
    return {each.code: each for each in appraised(**values).lints}


def test_a_pool_that_can_be_right_is_read_nowhere_else_and_says_what_was_pooled():
    one = appraised(percent=40.0, n=49)
    assert one.label == "read nowhere else"
    assert one.class_of_claim == "what happened"
    assert "percentage" not in " ".join(one.sentences)
    assert "of 3 named studies 0 had a control group" in one.may_say


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"percent": 40.0, "low": 39.0, "high": 41.0, "n": 49}, "implied_n", "there were 49"),
        ({"ratio": 0.5, "low": -0.5, "high": 1.0}, "beyond", "-0.5 to 1 passes what"),
        ({"percent": 4.0, "low": -3.0, "high": 11.0, "n": 49}, "beyond", "-3 to 11 passes what"),
        ({"percent": 40.0, "low": 30.0, "high": 130.0}, "beyond", "30 to 130 passes what"),
        ({"percent": 49.0}, "centring", "49 does not lie where its interval 30 to 50 puts it"),
        ({"ratio": 0.5, "low": 0.45, "high": 2.0}, "centring_scale", "on the scale of logarithms"),
        ({"ratio": 2.5, "low": 0.5, "high": 2.0}, "centring_scale", "ratio 2.5"),
        ({"difference": -0.7, "low": -0.79, "high": 0.08}, "centring_scale", "difference -0.7"),
        (
            {"percent": 40.0, "studies": (*MSC, "nash2017")},
            "mixed_cells",
            "aHSCT (Nash 2017) and other cells",
        ),
        ({"percent": 40.0, "studies": ("bonab2005", "bonab2012")}, "shared", "may share, patients"),
    ],
)
def test_a_pool_that_cannot_be_right_is_said_to_be_so(values, code, words):
    one = appraised(**values)
    assert one.label == "cannot be right"
    assert words in codes(**values)[code].sentence
    assert "centring_scale" in codes(**values) or code != "centring_scale"


@pytest.mark.parametrize(
    ("scale", "value", "low", "high"),
    [("difference", -0.35, -0.79, 0.08), ("difference", -0.75, -4.16, 2.66), ("ratio", 0.99, 0.61, 1.62),
     ("ratio", 1.61, 1.19, 2.19), ("percent", 53.0, 21.0, 85.0), ("percent", 58.0, 38.0, 77.0)],
)  # fmt: skip
def test_printed_pools_of_the_field_are_not_accused_of_arithmetic(scale, value, low, high):
    found = codes(**{scale: value, "low": low, "high": high})
    assert not {"centring", "centring_scale", "implied_n", "percent"} & set(found)


def test_one_arm_of_a_trial_with_controls_in_a_pooled_share_is_said():
    found = codes(percent=40.0, studies=("fernandez2018", "yamout2010"))
    assert found["rct_arm"].sentence.startswith("Fernandez 2018 had 11 controls")


def test_an_interval_at_ninety_percent_is_said():
    assert "at 90 %" in codes(percent=40.0, level=0.9)["level"].sentence


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "give one of percent, ratio and difference"),
        ({"percent": 40.0, "ratio": 0.5}, "give one of percent, ratio and difference"),
    ],
)
def test_a_pool_that_cannot_be_typed_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        claim(**values)
