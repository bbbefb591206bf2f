"""Each lint: a claim in which it is found, and one in which it is not."""

from __future__ import annotations

import datetime

import pytest

import ranvier as rv
from ranvier.verdict import Article, Claim, Claims

ARTICLE = Article(
    title="An article",
    address="news article (medicaltrend.org, 2024-02-24)",
    date=datetime.date(2024, 2, 24),
    kind="news article",
)


def claim(**values):
    base = {
        "id": "c",
        "kind": "responders",
        "studies": ("dahbour2017",),
        "said": "Said.",
        "outcome": "edss_improved",
    }
    if values.get("kind", "responders") in ("responders", "stable", "worse"):
        base |= {"events": 2, "n": 10}
    return Claim(**(base | values))


def lints(*claims):
    found = rv.verdict.appraise(Claims(article=ARTICLE, claims=claims)).claims[0].lints
    return {lint.code: lint for lint in found}


FOUND = [
    ("percent", {"percent": 25.0}, {"percent": 20.0}, "25 % of 10 is not a whole number"),
    ("implied_n", {"percent": 20.0, "low": 19.0, "high": 21.0, "level": 0.95},
     {"percent": 20.0, "low": 2.5, "high": 55.6, "level": 0.95}, "would need 6146 patients; there were 10"),
    ("centring", {"percent": 20.0, "low": 19.0, "high": 60.0, "level": 0.95},
     {"percent": 20.0, "low": 2.5, "high": 55.6, "level": 0.95}, "does not lie where its interval"),
    ("level", {"percent": 20.0, "low": 2.5, "high": 55.6, "level": 0.9},
     {"percent": 20.0, "low": 2.5, "high": 55.6, "level": 0.95}, "not at 95 %, so it looks narrower"),
    ("level", {"percent": 20.0, "low": 2.5, "high": 55.6, "level": 0.99},
     {"percent": 20.0, "low": 2.5, "high": 55.6, "level": 0.95}, "not at 95 %, so it looks wider"),
    ("level_unknown", {"percent": 20.0, "low": 2.5, "high": 55.6},
     {"percent": 20.0, "low": 2.5, "high": 55.6, "level": 0.95}, "has no level"),
    ("subgroup", {"n": 8, "subgroup": "SPMS"}, {}, "of all 10 treated it is 2 of 10: 20.0 %"),
    ("unit", {"unit": "injections"}, {}, "10 counts injections, not patients"),
    ("zero", {"events": 0}, {}, "0 of 10: the true rate could be up to 30.8 %"),
    ("few", {}, {"events": 40, "n": 100}, "With 10 patients the interval spans 53 percentage points"),
    ("definition", {}, {"definition": "EDSS down 1.0 or more"}, "What counted as EDSS improvement was"),
    ("omitted", {}, {"studies": ("lu2012",)}, "The news article does not mention: MRI lesion volume rose"),
    ("rct_arm", {"studies": ("harris2024",)}, {}, "Harris 2024 had 27 controls"),
    ("registered", {}, {"studies": ("fu2016",)}, "13 registered, 10 reported; 3 (23.1 %)"),
    ("evaluable", {"studies": ("yamout2010",)}, {}, "10 treated, 7 evaluable; 3 (30.0 %)"),
    ("large", {}, {"studies": ("lu2012",)}, "EDSS falls of 4.0 and 3.5 in Dahbour 2017 are large"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "bad", "good", "words"), FOUND, ids=[row[0] for row in FOUND])
def test_lint_is_found_where_it_should_be_and_nowhere_else(code, bad, good, words):
    assert words in lints(claim(**bad))[code].sentence
    assert code not in lints(claim(**good))


def change(**values):
    base = {"kind": "change", "studies": ("lu2012",), "outcome": "edss_mean", "before": 4.9, "after": 4.0}
    return claim(**(base | values))


def test_figures_of_another_trial_are_found_by_their_values():
    found = lints(change())["elsewhere"]
    assert found.sentence.startswith(
        "4.9 to 4.0 equals Fu 2016 (n=15, autologous bone marrow MSC, IV, 24 months)"
    )
    assert "another source gives 5.1" in found.sentence
    assert "elsewhere" not in lints(change(after=4.1))
    assert "elsewhere" not in lints(change(studies=("fu2016",)))


def test_mean_that_is_not_an_edss_is_said():
    assert "4.9 is a mean, not a possible EDSS value" in lints(change())["not_edss"].sentence
    assert "not_edss" not in lints(change(before=5.0, after=4.5))


def test_half_is_not_an_edss_step():
    assert "0.5 is a mean" in lints(change(before=1.0, after=0.5))["not_edss"].sentence


def test_parts_must_add_up():
    better, stable = claim(), claim(id="s", kind="stable", outcome="edss_stable", events=9)
    assert "add up to 11, not to 10" in lints(better, stable)["sum"].sentence
    few = claim(id="s", kind="stable", outcome="edss_stable", events=3)
    assert "sum" not in lints(better, few)  # the other five may be worse, of whom nothing was claimed
    worse = claim(id="w", kind="worse", outcome="edss_worse", events=1)
    assert "add up to 6, not to 10" in lints(better, few, worse)["sum"].sentence
    right = claim(id="s", kind="stable", outcome="edss_stable", events=8)
    assert "sum" not in lints(better, right)
    assert "sum" not in lints(better)


def test_count_is_not_a_volume():
    fell = claim(kind="direction", studies=("lu2012",), outcome="mri_lesion_count_cord", direction="fell")
    assert lints(fell)["outcome_name"].sentence == (
        "The sources of Lu 2012 give MRI lesion volume, not number of spinal cord lesions."
    )
    named = claim(kind="direction", studies=("lu2012",), outcome="mri_lesion_volume_change", direction="fell")
    assert "outcome_name" not in lints(named)


def test_follow_up_that_another_source_gives_differently():
    def cohort(months):
        return claim(kind="cohort", studies=("lu2012",), outcome=None, n=5, months=months)

    assert "24 months were said; another source gives 18 months" in lints(cohort(24.0))["follow_up"].sentence
    assert "follow_up" not in lints(cohort(18.0))
    assert "Lu Zhengjuan 2020" in lints(cohort(18.0))["overlap"].sentence


def test_second_treatment_is_said():
    whole = claim(kind="cohort", outcome=None, n=10)
    assert "MSC conditioned medium" in lints(whole)["product"].sentence


def test_zero_that_only_the_article_states_may_be_a_blank():
    def none(study, n):
        return claim(kind="serious_events", studies=(study,), outcome=None, events=0, n=n)

    assert "may mean not reported" in lints(none("lu2012", 5))["blank"].sentence
    assert "blank" not in lints(none("fu2016", 15))


def test_every_lint_is_in_the_trace_of_every_claim():
    found = rv.verdict.appraise(Claims(article=ARTICLE, claims=(claim(),)))
    assert found.trace["reason"].n_unique() > 1
    assert set(found.trace["outcome"]) == {"found", "clear"}
    assert "counts" in found.explain("c") or "found" in found.explain("c")
