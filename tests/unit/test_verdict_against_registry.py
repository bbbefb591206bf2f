"""A claim that another source gives differently is never repeated as what may be said."""

from __future__ import annotations

import datetime

import pytest

import ranvier as rv
from ranvier.verdict import Appraisal, Article, Claim, Claims

ARTICLE = Article(title="An article", address="news", date=datetime.date(2024, 2, 24), kind="news article")


def appraised(**values: object) -> Appraisal:
    claim = Claim(**({"id": "c", "said": "Said."} | values))  # type: ignore[arg-type]
    return rv.verdict.appraise(Claims(article=ARTICLE, claims=(claim,)))


def edss(study: str, before: float, after: float) -> tuple[str, str]:
    one = appraised(
        kind="change",
        studies=(study,),
        outcome="edss_mean",
        before=before,
        after=after,
        last_attack_reported=True,
    ).claims[0]
    return one.label, one.may_say


def test_a_wrong_later_value_is_contradicted_and_the_registry_is_quoted() -> None:
    label, words = edss("fu2016", 4.9, 2.0)
    assert label == "contradicted"
    assert "2.0" not in words
    assert "4.9 at the start, 4.3 at 12 months" in words
    assert "4.9 at the start, 4.0 at 24 months" in words


def test_a_pair_that_another_source_holds_is_supported() -> None:
    assert edss("fu2016", 4.9, 4.0)[0] == "supported as a description"


def test_a_later_value_of_another_arm_is_no_agreement() -> None:
    assert edss("burt2021", 3.87, 4.2)[0] == "contradicted"  # 4.2 is of the arm that started at 5.09


def test_a_later_value_that_no_source_gives_is_neither_supported_nor_contradicted() -> None:
    assert edss("leone2023", 7.6, 7.0)[0] == "read nowhere else"


def test_a_contradicted_zero_is_not_what_may_be_said() -> None:
    found = appraised(kind="serious_events", studies=("hbadmsc2025",), events=0, n=24)
    one = found.claims[0]
    assert one.label == "contradicted"
    assert one.may_say.startswith("Another source gives: Any serious AE (both arms): 2 of 24 patients")
    said = " ".join(found.verdict.headline)
    assert "0 of 24" not in said
    assert "2 of 24 serious events leaves a true rate of up to 27.0 %." in said


def test_a_contradicted_count_and_size_are_not_repeated() -> None:
    counted = appraised(
        kind="responders", studies=("petrou2021",), outcome="edss_improved", events=12, n=24
    ).claims[0]
    assert counted.label == "contradicted"
    assert counted.may_say.startswith("Another source gives: EDSS improvement in 10 of 24 patients")
    cohort = appraised(kind="cohort", studies=("fu2016",), n=17).claims[0]
    assert cohort.label == "contradicted"
    assert cohort.may_say == "Fu 2016: registered not seen, treated 15, evaluable 15."


@pytest.mark.parametrize(
    ("study", "outcome", "direction", "label"),
    [
        ("fu2016", "arr", "fell", "supported as a description"),
        ("fu2016", "arr", "rose", "contradicted"),
        ("burt2019_mist", "edss_mean", "rose", "contradicted"),  # only the control arm rose
        ("lu2012", "relapse_frequency", "fell", "supported as a description"),
    ],
)
def test_a_direction_is_held_against_series_too(study: str, outcome: str, direction: str, label: str) -> None:
    one = appraised(kind="direction", studies=(study,), outcome=outcome, direction=direction).claims[0]
    assert one.label == label
    if study == "fu2016":
        assert one.may_say.endswith("Relapse rate: 1.1 at the start, 0.1 at 24 months (n=15).")


@pytest.mark.parametrize(
    ("studies", "words"),
    [
        (("cohen2018",), "No severe or serious event put down to the treatment in 24 patients"),
        (("fu2016", "petrou2021"), "No serious event put down to the treatment in 39 patients"),
        (("riordan2018",), "No serious event in 20 patients"),
        (("cohen2018", "riordan2018"), "No serious event (in 24 patients: put down to the treatment) in 44"),
    ],
)
def test_a_count_of_related_events_keeps_that_word(studies: tuple[str, ...], words: str) -> None:
    assert words in appraised(kind="safe", studies=studies).claims[0].may_say


def test_worsening_is_held_against_worsening_without_treatment() -> None:
    one = appraised(kind="worse", studies=("petrou2021",), outcome="edss_worse", events=2, n=24).claims[0]
    said = " ".join(one.sentences)
    assert "EDSS rose by at least 0.5 in 32.9 % of yearly intervals" in said
    assert "share expected without treatment (32.9 %)" in said
    assert "53" not in said


@pytest.mark.parametrize(("n", "label"), [(24, "supported as a description"), (20, "contradicted")])
def test_a_count_agrees_only_with_its_denominator(n: int, label: str) -> None:
    """Petrou 2021: 10 of 24 were better."""
    one = appraised(
        kind="responders",
        studies=("petrou2021",),
        outcome="edss_improved",
        events=10,
        n=n,
        last_attack_reported=True,
    ).claims[0]
    assert one.label == label
