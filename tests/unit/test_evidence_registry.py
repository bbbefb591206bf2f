"""The packaged evidence: keys resolve, words are known, numbers are possible."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.evidence import CELL_FAMILIES
from ranvier.trial import CELL_CLASSES, DESIGNS
from ranvier.verdict import OUTCOMES

SHARED = Path(__file__).parents[3] / "shared"
DATA = Path(rv.evidence.__file__).parent / "data"
NAMES = (
    "studies",
    "arms",
    "outcomes",
    "safety",
    "contradictions",
    "endpoint_definitions",
    "patients_partial",
)
COPIES = {f"{name}.csv": f"evidence/{name}.csv" for name in (*NAMES, "sources")}
COPIES["natural_history.csv"] = "natural_history/parameters.csv"


@pytest.fixture(scope="module")
def held():
    return rv.evidence.registry()


def test_tables_have_the_rows_that_their_readme_gives(held):
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for name, file in rv.evidence.collection.TABLE_FILES.items():
        height = getattr(held, name).height
        assert f"| {file} | {height} |" in readme


def test_a_protocol_names_cells_as_the_registry_does():
    assert tuple(CELL_FAMILIES) == CELL_CLASSES


@pytest.mark.parametrize("table", ["arms", "outcomes", "safety", "endpoints", "patients", "centres"])
def test_every_row_belongs_to_a_study(held, table):
    assert set(getattr(held, table)["study_id"]) <= set(held.studies["study_id"])


def test_every_contradiction_belongs_to_studies(held):
    named = {part for text in held.contradictions["study_id"] for part in text.split("/")}
    assert named <= set(held.studies["study_id"])


@pytest.mark.parametrize("table", ["outcomes", "safety"])
def test_every_result_belongs_to_an_arm(held, table):
    arms = set(held.arms.select("study_id", "arm_id").iter_rows())
    assert set(getattr(held, table).select("study_id", "arm_id").iter_rows()) <= arms


def test_every_comparator_is_an_arm(held):
    arms = set(held.arms.select("study_id", "arm_id").iter_rows())
    rows = held.outcomes.filter(pl.col("comparator_arm_id").is_not_null())
    assert set(rows.select("study_id", "comparator_arm_id").iter_rows()) <= arms


@pytest.mark.parametrize("table", ["studies", "arms", "outcomes", "safety", "patients", "centres"])
def test_every_source_is_listed(held, table):
    assert set(getattr(held, table)["source_url"]) <= set(held.sources["source_url"])


@pytest.mark.parametrize(
    "table", ["studies", "arms", "outcomes", "safety", "patients", "centres", "endpoints"]
)
def test_every_row_has_a_certainty(held, table):
    assert set(getattr(held, table)["certainty"]) <= {"A", "B", "C", "D"}


def test_keys_are_unique(held):
    assert held.studies["study_id"].is_unique().all()
    assert held.arms.select("study_id", "arm_id").is_duplicated().sum() == 0
    assert held.natural_history["id"].is_unique().all()


def test_designs_cell_classes_and_outcomes_are_known_words(held):
    assert set(held.studies["design"]) <= set(DESIGNS)
    assert set(held.studies["cell_class"]) <= set(CELL_FAMILIES)
    assert set(held.outcomes["outcome"]) <= set(OUTCOMES)


def test_counts_are_possible(held):
    assert held.outcomes.filter(pl.col("n_events") > pl.col("n")).is_empty()
    assert held.safety.filter(pl.col("n_events") > pl.col("n_at_risk")).is_empty()
    assert held.outcomes.filter(pl.col("ci_lo") > pl.col("ci_hi")).is_empty()


def test_numbers_and_words_stand_side_by_side(held):
    rows = held.outcomes_of("dahbour2017", "mri_lesion_volume_change")
    assert rows["value"].to_list() == ["increase"]
    assert rows["value_number"].to_list() == [None]


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(COPIES))
def test_packaged_tables_equal_the_shared_ones(name):
    original = SHARED / COPIES[name]
    if not original.exists():
        pytest.skip(f"{original.name} is not beside this clone")
    assert (DATA / name).read_bytes() == original.read_bytes()


def test_study_gives_design_class_and_centres(held):
    assert held.study("dahbour2017").control == "uncontrolled"
    assert held.study("uccelli2021").n_centres == 15
    assert held.study("petrou2020").n_centres == 1
    assert held.study("lu2012").n_centres is None


def test_unknown_study_is_refused_with_the_closest(held):
    with pytest.raises(InputError, match="Did you mean 'dahbour2017'"):
        held.study("dahbour2071")


def test_contradiction_about_two_studies_is_found_under_each(held):
    for study in ("harris2018", "harris2024"):
        assert "K14" in held.contradictions_of(study)["issue_id"].to_list()


def test_overlap_group_names_the_other_studies(held):
    assert [study.study_id for study in held.overlapping("lu2012")] == ["lu2020"]
    assert held.overlapping("dahbour2017") == []


def test_natural_history_fact_is_found_by_its_key(held):
    assert held.natural("RTM_PRE")["value_number"] == 1.72
    with pytest.raises(InputError, match="unknown natural-history fact"):
        held.natural("RTM_PREE")


def test_registry_explains_itself_and_is_json_ready(held):
    assert "66 studies" in held.explain()
    assert "aHSCT is kept apart" in held.explain()
    assert json.dumps(held.to_dict())
    assert "Evidence registry" in held._repr_html_()


def test_study_is_json_ready(held):
    assert held.study("lu2012").to_dict()["control"] == "uncontrolled"
