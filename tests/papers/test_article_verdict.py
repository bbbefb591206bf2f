"""The verdict on the news article, and the truth tests on the studies of the registry."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.verdict import LABELS

CLAIMS = Path(__file__).parents[2] / "examples" / "news_article" / "claims.toml"


@pytest.fixture(scope="module")
def article():
    return rv.verdict.appraise(rv.verdict.read_claims(CLAIMS))


def words(study_id):
    return " ".join(rv.verdict.study_verdict(study_id).headline)


# truth tests on single studies


def test_dahbour_is_not_called_effective_and_shows_lesion_volume_rising():
    text = words("dahbour2017")
    assert "not shown to be effective" in text
    assert "effective" not in text.replace("not shown to be effective", "")
    assert "Unfavourable: MRI lesion volume rose" in text
    assert "Registered 13, treated 10, evaluable 10" in text


def test_lu_carries_its_size_and_its_missing_control():
    assert "n=5, uncontrolled" in words("lu2012")


def test_mesems_reads_no_effect_on_gadolinium_lesions():
    text = words("uccelli2021")
    assert "no effect on gadolinium lesions was shown" in text
    assert "ratio 0.94 (95 % interval 0.58 to 1.50, p = 0.78)" in text
    assert "42 % fewer to 50 % more" in text


def test_harris_2024_reads_no_difference():
    text = words("harris2024")
    assert "no difference" in text
    assert "9 of 27 (33.3 %) with cells against 10 of 27 (37.0 %) with saline" in text


def test_petrou_2020_reads_positive_small_one_centre_patient_cycles():
    assert "positive, small, one centre, patient-cycles" in words("petrou2020")


def test_mist_is_kept_apart_as_ahsct():
    text = words("burt2019_mist")
    assert "randomised, aHSCT" in text
    assert "another treatment, kept apart from other cells" in text


# the article


def test_neither_trial_was_shown_to_be_effective(article):
    text = " ".join(article.verdict.headline)
    assert "Dahbour 2017 (n=10, uncontrolled): not shown to be effective." in text
    assert "Lu 2012 (n=5, uncontrolled): not shown to be effective." in text


def test_verdict_says_that_lesion_volume_rose_and_was_not_mentioned(article):
    assert any(
        "not mentioned in the news article: MRI lesion volume rose" in line
        for line in article.verdict.headline
    )


def test_verdict_says_that_the_edss_figures_match_another_trial(article):
    assert (
        "Mean EDSS 4.9 → 4.0 matches another trial: Fu 2016 (n=15, at 0 and 24 months)."
        in article.verdict.headline
    )


def test_verdict_gives_the_bound_of_zero_serious_events(article):
    assert "0 of 15 serious events leaves a true rate of up to 21.8 %." in article.verdict.headline


def test_improvement_needs_the_day_of_the_last_attack(article):
    said = "Improvement cannot be interpreted without the day of the last attack."
    assert said in article.verdict.headline
    assert said in article.claim("dahbour-better").sentences


def test_share_on_placebo_and_without_treatment_stand_beside_the_responders(article):
    text = " ".join(article.claim("dahbour-better").sentences)
    assert "On saline in Harris 2024, the nearest randomised trial, 10 of 27 patients (37.0 %)" in text
    assert "The interval 2.5 % to 55.6 % holds that share (37.0 %)." in text
    assert "EDSS fell by at least 0.5 in 14.9 % of yearly intervals" in text


def test_nmosd_has_no_share_on_placebo(article):
    text = " ".join(article.claim("lu-edss").sentences)
    assert "no randomised trial in NMOSD with a result is in the registry" in text


def test_fall_of_relapses_stands_beside_regression_to_the_mean(article):
    text = " ".join(article.claim("lu-relapses").sentences)
    assert "1.72 to 1.00" in text
    assert "A figure from MS" in text


LABEL_OF = {
    "dahbour-patients": "supported as a description",
    "dahbour-phenotype": "read nowhere else",
    "dahbour-better": "cannot be interpreted",
    "dahbour-unchanged": "read nowhere else",
    "dahbour-effective": "not shown",
    "lu-patients": "supported as a description",
    "lu-follow-up": "contradicted",
    "lu-lesions": "overstated",
    "lu-relapses": "supported as a description",
    "lu-edss": "belongs to another trial",
    "lu-acuity": "read nowhere else",
    "lu-effective": "not shown",
    "both-serious": "read nowhere else",
    "both-safe": "not shown",
}


def test_every_claim_has_its_label(article):
    assert {each.claim.id: each.label for each in article.claims} == LABEL_OF
    assert set(LABEL_OF.values()) <= set(LABELS)


@pytest.mark.parametrize(
    ("claim", "issues"),
    [
        ("dahbour-effective", {"K01", "K05"}),
        ("dahbour-better", {"K02"}),
        ("dahbour-patients", {"K03", "K04"}),
        ("lu-follow-up", {"K06"}),
        ("lu-edss", {"K07"}),
        ("lu-lesions", {"K08"}),
    ],
)
def test_contradictions_stand_beside_the_claim_they_belong_to(article, claim, issues):
    assert {found.issue_id for found in article.claim(claim).contradictions} == issues


def test_no_claim_may_say_more_than_its_design(article):
    assert {each.class_of_claim for each in article.claims} == {"what happened"}
    assert set(article.table["certainty"]) == {"very low"}


def test_may_say_never_claims_safe_or_effective(article):
    for each in article.claims:
        text = each.may_say.replace("not shown to be effective", "")
        assert not re.search(r"\b(safe|effective|reverse)", text)


def test_favourable_and_unfavourable_stand_side_by_side(article):
    dahbour = article.claim("dahbour-better")
    assert len(dahbour.favourable) == 4
    assert [finding.outcome for finding in dahbour.unfavourable] == ["mri_lesion_volume_change"]
    assert [finding.outcome for finding in dahbour.unmentioned] == ["mri_lesion_volume_change"]


def test_appraisal_has_one_row_per_claim_and_is_json_ready(article):
    assert article.table.height == len(article.claims) == 14
    content = json.loads(json.dumps(article.to_dict()))
    assert content["claims"][2]["of_treated"]["n"] == 10
    assert article.plot().get_title().startswith("Claims of")
    assert "14 rows" in article.explain()
    assert article.claims[0]._repr_html_()


def test_order_of_claims_changes_no_label(article):
    claims = rv.verdict.read_claims(CLAIMS)
    turned = rv.verdict.Claims(article=claims.article, claims=claims.claims[::-1])
    again = rv.verdict.appraise(turned)
    assert {each.claim.id: each.label for each in again.claims} == LABEL_OF


def test_unknown_study_or_claim_is_refused(article):
    claims = rv.verdict.read_claims(CLAIMS)
    odd = rv.verdict.Claim(id="odd", kind="safe", studies=("lu2013",), said="")
    with pytest.raises(InputError, match=r"study of claim 'odd'.*Did you mean 'lu2012'"):
        rv.verdict.appraise(rv.verdict.Claims(article=claims.article, claims=(odd,)))
    with pytest.raises(InputError, match="Did you mean 'lu-edss'"):
        article.claim("lu-eds")
    with pytest.raises(InputError, match="what read_claims gives"):
        rv.verdict.appraise([odd])


def test_randomised_trial_entered_as_one_arm_cannot_be_interpreted():
    claims = rv.verdict.read_claims(CLAIMS)
    one = rv.verdict.Claim(
        id="one",
        kind="responders",
        studies=("harris2024",),
        said="A third improved.",
        outcome="edss_plus_improved",
        events=9,
        n=27,
    )
    found = rv.verdict.appraise(rv.verdict.Claims(article=claims.article, claims=(one,))).claims[0]
    assert found.label == "cannot be interpreted"
    assert "only the control arm can make it an effect" in found.may_say
