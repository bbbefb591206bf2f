"""Parts of the registry, and counts of one outcome that can be pooled."""

from __future__ import annotations

import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.evidence import COUNT_REASONS, outcome_counts, select_studies


@pytest.fixture(scope="module")
def held():
    return rv.evidence.registry()


@pytest.mark.parametrize(
    ("asked", "holds", "lacks"),
    [
        ({"disease": "NMOSD"}, "fu2016", "dahbour2017"),
        ({"cells": "mesenchymal"}, "harris2024", "genchi2023"),
        ({"cells": "MSC-NP"}, "harris2024", "uccelli2021"),
        ({"cells": "aHSCT"}, "burt2019_mist", "uccelli2021"),
        ({"route": "IT"}, "petrou2020", "fu2016"),
        ({"route": "IV"}, "petrou2020", "dahbour2017"),
        ({"design": "randomised"}, "uccelli2021", "fu2016"),
        ({"design": "rct_crossover"}, "llufriu2014", "harris2024"),
    ],
)
def test_part_of_the_registry_holds_what_was_asked_for(held, asked, holds, lacks):
    part = select_studies(held, **asked)
    assert holds in part.studies["study_id"]
    assert lacks not in part.studies["study_id"]
    for name in ("arms", "outcomes", "safety", "patients", "endpoints", "centres"):
        assert set(getattr(part, name)["study_id"]) <= set(part.studies["study_id"])
    assert part.study(holds) == held.study(holds)


def test_nothing_asked_gives_the_whole(held):
    whole = select_studies(held)
    assert all(
        getattr(whole, name).equals(getattr(held, name)) for name in ("studies", "outcomes", "contradictions")
    )


def test_certainty_is_asked_of_results_not_of_studies(held):
    part = select_studies(held, disease="NMOSD", certainty="B")
    assert set(part.outcomes["certainty"]) <= {"A", "B"}
    assert "lu2012" in part.studies["study_id"]
    assert part.outcomes_of("lu2012").height < held.outcomes_of("lu2012").height


def test_a_contradiction_about_two_studies_stays_with_each(held):
    part = select_studies(held, cells="MSC-NP")
    assert "K14" in part.contradictions["issue_id"]


def test_no_study_left_is_refused(held):
    with pytest.raises(
        InputError, match=r"no study has disease 'NMOSD', route 'IT', design 'randomised' together"
    ):
        select_studies(held, disease="NMOSD", route="IT", design="randomised")


def test_names_are_unique(held):
    names = held.names()
    assert len(set(names.values())) == held.studies.height
    assert names["burt2019_mist"] == "Burt 2019 (MIST)"
    assert names["fu2016"] == "Fu 2016"


def test_each_study_and_each_group_of_shared_patients_is_counted_once(held):
    found = outcome_counts("edss_improved")
    assert found.table["study_id"].is_unique().all()
    assert found.table["overlap_group"].drop_nulls().is_unique().all()
    uses = dict(found.others.select("study_id", "use").iter_rows())
    assert uses["sahraian2014"] == "same patients"
    assert uses["dahbour2017"] == "low certainty"
    assert set(found.table["certainty"]) <= {"A", "B"}
    assert set(found.others["use"]) <= set(COUNT_REASONS)
    assert sum(left.n for left in found.left_out) == found.others.height


def test_the_last_month_of_a_study_is_used(held):
    row = outcome_counts("mri_new_t2").table.filter(study_id="iacobaeus2019").row(0, named=True)
    assert (row["events"], row["n"], row["months"]) == (3, 5, 11.1)


def test_one_arm_of_a_trial_with_controls_is_not_used_alone(held):
    assert "harris2024" not in outcome_counts("edss_plus_improved").table["study_id"]
    row = outcome_counts("edss_plus_improved", arms="two").table.row(0, named=True)
    assert (row["events"], row["n"], row["events_control"], row["n_control"]) == (9, 27, 10, 27)


def test_patient_cycles_are_not_pooled(held):
    found = outcome_counts("treatment_failure_primary", arms="two")
    assert found.table.is_empty()
    assert set(found.others.filter(pl.col("n_control").is_not_null())["use"]) == {"not patients"}


def test_row_order_of_the_registry_does_not_matter(held):
    from dataclasses import replace

    turned = replace(held, outcomes=held.outcomes.reverse())
    assert outcome_counts("edss_improved", source=turned).table.equals(outcome_counts("edss_improved").table)


def test_the_last_month_of_the_largest_arm_is_used(held):
    found = outcome_counts("edss_stable", source=held)
    used = found.table.filter(study="Iacobaeus 2019").row(0, named=True)
    assert (used["months"], used["events"], used["n"]) == (11.1, 2, 5)  # 6 of 6 at 2.8 months is not the last
    other = found.others.filter(study="Iacobaeus 2019").row(0, named=True)
    assert (other["events"], other["n"], other["use"]) == (6, 6, "another arm or month")
