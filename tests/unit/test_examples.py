"""The reconstructed trials match what was published, and nothing else is claimed of them."""

import runpy
from pathlib import Path

import polars as pl
import pytest

from ranvier import course, mri, safety, stats
from ranvier.io import read_trial

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = runpy.run_path(str(EXAMPLES / "make_reconstructions.py"))["build"]()


@pytest.fixture(scope="module")
def dahbour():
    return read_trial(EXAMPLES / "dahbour_2017")


@pytest.fixture(scope="module")
def lu():
    return read_trial(EXAMPLES / "lu_2012")


@pytest.mark.parametrize("path", sorted(FILES))
def test_committed_file_is_what_the_script_writes(path):
    assert (EXAMPLES / path).read_bytes() == FILES[path].encode()


@pytest.mark.parametrize("folder", ["dahbour_2017", "lu_2012"])
def test_no_other_file_lies_in_the_folder(folder):
    assert {f"{folder}/{path.name}" for path in (EXAMPLES / folder).iterdir()} == {
        path for path in FILES if path.startswith(folder)
    }


@pytest.mark.parametrize("folder", ["dahbour_2017", "lu_2012"])
def test_reconstruction_is_read_without_error_and_says_what_it_is(folder):
    trial = read_trial(EXAMPLES / folder)
    findings = trial.check().table
    assert findings.filter(severity="error").is_empty()
    assert trial.protocol.data_kind == "reconstruction"
    assert trial.protocol.control == "uncontrolled"


@pytest.mark.parametrize("folder", ["dahbour_2017", "lu_2012"])
def test_every_margin_names_a_source_of_the_file_and_stands_in_the_readme(folder):
    protocol = read_trial(EXAMPLES / folder).protocol
    known = {source.id for source in protocol.sources}
    readme = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    for margin in protocol.margins:
        assert margin.source in known
        assert f"| {margin.text} | {margin.source} |" in readme
    for item in protocol.invented:
        assert f"| {item.table} | {item.column} | {item.how} |" in readme


@pytest.mark.parametrize("folder", ["dahbour_2017", "lu_2012"])
def test_every_column_with_values_was_published_or_is_marked_as_invented(folder):
    trial = read_trial(EXAMPLES / folder)
    published = {
        "subjects": {"arm", "sex", "diagnosis", "phenotype", "aqp4", "treated"},
        "doses": {"subject", "product", "source", "donor", "route", "co_intervention"},
        "visits": {"subject", "visit"},
        "mri": {"subject"},
        "relapses": {"subject"},
        "adverse_events": set(),
    }
    marked = {(item.table, item.column.split(" (")[0]) for item in trial.protocol.invented}
    for name, frame in trial.tables.items():
        filled = {c for c in frame.columns if c != "row" and frame[c].null_count() < frame.height}
        loose = {column for column in filled - published[name] if (name, column) not in marked}
        assert not loose or (name, "all") in marked, f"{name}: {loose}"


@pytest.mark.parametrize("folder", ["dahbour_2017", "lu_2012"])
def test_what_is_needed_to_interpret_improvement_stays_unknown(folder):
    subjects = read_trial(EXAMPLES / folder).subjects
    for column in ("last_attack_day", "last_rescue_day", "onset_day", "enrolled_day"):
        assert subjects[column].null_count() == subjects.height


def test_dahbour_has_ten_treated_of_thirteen_registered(dahbour):
    assert dahbour.subjects.filter("treated").height == 10
    assert dahbour.protocol.registered_n == 13
    phenotypes = dict(dahbour.subjects.group_by("phenotype").len().iter_rows())
    assert phenotypes == {"SPMS": 8, "RRMS": 2}


@pytest.mark.parametrize("rule", ["edss-0.5", "edss-1.0-or-0.5", "edss-1.5-1.0-0.5"])
def test_dahbour_has_two_falls_in_spms_and_eight_unchanged_by_every_rule(dahbour, rule):
    changes = course.change(dahbour.visits, dahbour.protocol.schedule, rule=rule)
    last = changes.table.filter(visit="month 12")
    assert sorted(last["change"].to_list()) == [-4.0, -3.5, *[0.0] * 8]
    better = last.filter(status="improved")["subject"]
    assert better.len() == 2
    assert set(dahbour.subjects.filter(pl.col("subject").is_in(better.to_list()))["phenotype"]) == {"SPMS"}
    assert last["baseline"].max() <= 6.0


def test_dahbour_reports_no_improvement_before_the_last_visit(dahbour):
    changes = course.change(dahbour.visits, dahbour.protocol.schedule, rule="edss-0.5").table
    assert set(changes.filter(pl.col("visit") != "month 12")["status"]) == {"stable"}


def test_dahbour_lesion_volume_rises_significantly_and_the_count_does_not_fall_significantly(dahbour):
    plan = dahbour.protocol.schedule
    volume = mri.change(dahbour.mri, plan, column="t2_volume_mm3").table
    count = mri.change(dahbour.mri, plan, column="t2_count").table
    assert (volume["change"] > 0).all()
    assert stats.paired(volume["baseline"], volume["value"]).p_value < 0.05
    assert count["change"].sum() < 0
    assert stats.paired(count["baseline"], count["value"]).p_value > 0.05


def test_dahbour_has_no_serious_event_in_ten(dahbour):
    table = safety.incidence(dahbour.adverse_events, dahbour.subjects).table
    assert table.filter(event="serious").select("subjects", "n").row(0) == (0, 10)


def test_dahbour_cells_are_autologous_marrow_into_the_csf_with_conditioned_medium(dahbour):
    kinds = dahbour.doses.select("product", "source", "donor", "route", "cells").unique()
    assert kinds.rows() == [("msc", "bone marrow", "autologous", "intrathecal", None)]
    assert dahbour.doses["co_intervention"].str.contains("medium").all()


def test_lu_has_five_women_with_antibody_and_mean_age_35(lu):
    people = lu.subjects
    assert people.select("sex", "aqp4", "diagnosis").unique().rows() == [("F", "positive", "NMOSD")]
    assert people.height == 5
    assert people["age_years"].mean() == 35.0


def test_lu_baseline_is_5_1_and_four_of_five_improve_by_one_step(lu):
    changes = course.change(lu.visits, lu.protocol.schedule, rule="edss-0.5").table.filter(visit="month 18")
    assert changes["baseline"].mean() == pytest.approx(5.1)
    assert sorted(changes["change"].to_list()) == [-0.5] * 4 + [0.0]
    assert changes.filter(status="improved").height == 4


def test_lu_does_not_hold_the_edss_means_of_another_trial(lu):
    means = lu.visits.group_by("visit").agg(pl.col("edss").mean().round(3))["edss"].to_list()
    assert not {4.9, 4.0} & set(means)
    assert "Fu 2016" in " ".join(lu.protocol.notes)


def test_lu_relapses_are_fewer_per_year_in_every_patient(lu):
    rate = course.relapse_rate(lu.relapses, lu.subjects)
    per_year = rate.table.with_columns(per_year=pl.col("relapses") / pl.col("years"))
    wide = per_year.pivot(on="period", index="subject", values="per_year")
    assert (wide["after"] < wide["before"]).all()
    assert rate.totals()["per_year"].to_list() == pytest.approx([1.0, 0.13], abs=0.01)


@pytest.mark.parametrize("column", ["t2_count", "t2_volume_mm3"])
def test_lu_cord_lesions_fall(lu, column):
    table = mri.change(lu.mri, lu.protocol.schedule, column=column).table
    assert table["region"].unique().to_list() == ["spinal cord"]
    assert table.height == 5
    assert (table["change"] < 0).all()


def test_lu_acuity_is_better_in_two_patients(lu):
    better = set()
    for eye in ("acuity_right_logmar", "acuity_left_logmar"):
        table = course.change(lu.visits, lu.protocol.schedule, outcome=eye, rule="logmar-0.2").table
        better |= set(table.filter(status="improved")["subject"])
    assert len(better) == 2


def test_lu_has_no_serious_event_in_five_and_few_others(lu):
    table = safety.incidence(lu.adverse_events, lu.subjects).table
    assert table.filter(event="serious").select("subjects", "n").row(0) == (0, 5)
    assert table.filter(event="any")["subjects"].item() == 2


def test_lu_route_stays_unknown(lu):
    assert lu.doses["route"].null_count() == 5


def test_endpoints_name_known_rules(dahbour, lu):
    names = [endpoint.definition for trial in (dahbour, lu) for endpoint in trial.protocol.endpoints]
    assert all(course.change_rule(name) for name in names if name is not None)
