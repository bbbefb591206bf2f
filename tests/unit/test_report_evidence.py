"""The evidence report says what the registry holds: truth tests of each trial, aHSCT apart, bounds."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest

import ranvier as rv
from ranvier.report import Bullets, DataTable, Drawing, Paragraph
from ranvier.report.pool_page import forest_figure


@pytest.fixture(scope="module")
def page():
    return rv.report.build_evidence()


def section(page, key):
    return next(each for each in page.sections if each.key == key)


def sentences(page, key):
    found = []
    for block in section(page, key).blocks:
        if isinstance(block, Paragraph):
            found.append(block.text)
        elif isinstance(block, Bullets):
            found += block.items
    return found


def bullets(page, key, title):
    return next(
        block.items
        for block in section(page, key).blocks
        if isinstance(block, Bullets) and block.title == title
    )


def tables(page, key):
    return {block.caption: block.frame for block in section(page, key).blocks if isinstance(block, DataTable)}


def figures(page, key):
    return {block.key: block for block in section(page, key).blocks if isinstance(block, Drawing)}


def test_mesems_reads_no_effect_on_gadolinium_lesions(page):
    assert "Uccelli 2021 (n=144, randomised): no effect on gadolinium lesions was shown." in sentences(
        page, "result"
    )
    row = figures(page, "compared")["ratios"].data.frame.filter(study="Uccelli 2021").row(0, named=True)
    assert (row["value"], row["low"], row["high"]) == (0.94, 0.58, 1.5)


def test_harris_2024_reads_no_difference(page):
    assert "Harris 2024 (n=54, randomised): no difference between the arms was shown." in sentences(
        page, "result"
    )
    row = figures(page, "compared")["ratios"].data.frame.filter(study="Harris 2024").row(0, named=True)
    assert row["counts"] == "9 of 27 against 10 of 27"
    assert row["value"] == pytest.approx(0.9)
    assert row["low"] < 1 < row["high"]


def test_petrou_2020_reads_positive_one_centre_patient_cycles_and_is_never_pooled(page):
    assert "Petrou 2020 (n=48, randomised): positive, small, one centre, patient-cycles." in sentences(
        page, "result"
    )
    figure = figures(page, "compared")["ratios"]
    assert set(figure.data.frame.filter(study="Petrou 2020")["unit"]) == {"patient-cycles"}
    assert "Open squares: patient-cycles, not patients" in figure.description
    for key in ("uncontrolled", "ahsct"):
        for caption, frame in tables(page, key).items():
            if caption.endswith("every count"):
                assert "yes" not in frame.filter(pl.col("study") == "Petrou 2020")["use"].to_list()


def test_nmosd_has_no_randomised_result(page):
    (said,) = bullets(page, "result", "NMOSD")
    assert said.startswith("No randomised trial in NMOSD with a result is in the registry")
    assert "Yao 2022, 430 planned" in said


def test_mist_stands_apart_as_ahsct(page):
    (said,) = bullets(page, "result", "Randomised, aHSCT, kept apart")
    assert said == "Burt 2019 (MIST) (n=110, randomised, aHSCT): positive."
    assert not any("Burt" in line for line in bullets(page, "result", "Randomised, cells other than aHSCT"))
    assert set(figures(page, "ahsct")["ratios-ahsct"].data.frame["study"]) == {"Burt 2019 (MIST)"}
    assert "Burt 2019 (MIST)" not in figures(page, "compared")["ratios"].data.frame["study"]


def test_no_figure_or_table_of_results_mixes_ahsct_with_other_cells(page):
    for key, apart in (("uncontrolled", False), ("ahsct", True)):
        for frame in tables(page, key).values():
            if "cells" in frame.columns:
                assert set(frame["cells"] == "aHSCT") == {apart}


def test_a_responder_share_stands_beside_placebo_and_the_course_without_treatment(page):
    said = bullets(page, "uncontrolled", "What must be read beside it")
    assert (
        "Counts added up as if all were one study: 26 of 76, 34.2 % (95 % interval 23.7 % to 46.0 %)." in said
    )
    assert any("On saline in Harris 2024" in line and "10 of 27 patients (37.0 %)" in line for line in said)
    assert any(line.startswith("Without treatment, EDSS fell") for line in said)
    assert any("says what happened, not an effect" in line for line in said)


def test_zero_serious_events_carry_their_bound_and_nothing_is_called_safe(page):
    said = sentences(page, "harms")
    mesenchymal = next(line for line in said if line.startswith("Mesenchymal cells: "))
    assert "No serious event in 44 patients; the true rate could be up to 8.0 %." in mesenchymal
    assert (
        "put down to the treatment were counted: 0 of 39, the true rate could be up to 9.0 %" in mesenchymal
    )
    assert "Seen and not added up: Vij (Hope Biosciences) 2025, 2 of 24 (low certainty)." in mesenchymal
    assert any("no count of patients with any serious event" in line for line in said)
    assert " safe" not in page.explain().replace("not shown to be", "").lower()


def test_deaths_read_in_a_review_only_are_named_and_not_added_up(page):
    said = next(line for line in sentences(page, "harms") if line.startswith("Death put down to aHSCT"))
    assert "(2 studies, in their own words): 1 of 1124," in said
    assert "not added up: Nash 2003, 1 of 26; Atkins 2016, 1 of 24; Hamerschlak 2010, 3 of 20." in said
    assert "348" not in said
    uses = tables(page, "harms")["Deaths, study by study"].select("certainty", "use")
    assert "added up" not in uses.filter(certainty="C")["use"]


def test_deaths_of_patients_that_two_studies_share_count_once(page):
    held = rv.evidence.registry()
    own = ["saccardi2005", "capello2005"]
    safety = held.safety.with_columns(
        certainty=pl.when(pl.col("study_id").is_in(own)).then(pl.lit("A")).otherwise("certainty")
    )
    rows = tables(rv.report.build_evidence(replace(held, safety=safety)), "harms")["Deaths, study by study"]
    uses = dict(
        rows.filter(pl.col("study").str.contains("Saccardi|Capello")).select("study", "use").iter_rows()
    )
    assert sorted(uses.values()) == ["added up", "same patients"]


def test_every_count_of_a_harm_stands_in_some_table(page):
    held = rv.evidence.registry().safety.filter(pl.col("certainty") != "D")
    shown = tables(page, "harms").values()
    assert sum(table.height for table in shown) == held.height
    others = tables(page, "harms")["Every other count of a harm, and of patients who left"]
    assert {(2, 18), (4, 34)} <= set(others.select("events", "n").iter_rows())
    assert others.filter(unit="injections")["bound"].unique().to_list() == [""]


def test_nmosd_names_how_many_studies_are_of_ahsct(page):
    said = bullets(page, "result", "NMOSD")[0]
    assert "2 studies of cells other than aHSCT and 3 of aHSCT, not assigned by chance" in said


def test_patient_cycles_are_never_shown_as_patients(page):
    frame = tables(page, "uncontrolled")["Freedom from relapse: every count"]
    seen = frame.filter(study="Petrou 2020")["seen"].to_list()
    assert [each.replace("\N{NO-BREAK SPACE}", " ") for each in seen] == [
        "30 of 32 patient-cycles",
        "25 of 32 patient-cycles",
    ]


def test_ratios_of_counts_are_exact_and_trials_without_one_are_named(page):
    figure = figures(page, "compared")["ratios"]
    row = figure.data.frame.filter(study="Harris 2024").row(0, named=True)
    expected = rv.stats.compare_proportions((9, 10), (27, 27), measure="ratio")
    assert (row["value"], row["low"], row["high"]) == (expected.value, expected.low, expected.high)
    assert row["interval"] == "exact (Barnard)"
    assert "those of counts exact (Barnard)" in figure.description
    assert "Lublin 2014 (0 of 6 against 0 of 4)" in figure.description
    every = set(tables(page, "compared")["What each comparison showed"]["study"])
    assert all(study in figure.description or study in figure.svg for study in every)


def test_every_arm_of_a_trial_stands_beside_the_one_it_is_judged_by(page):
    frame = tables(page, "compared")["What each comparison showed"]
    compared = frame.filter(study="Petrou 2020")["compared"][0]
    assert "BM-MSC IT: Treatment failure (primary definition): 2 of 30" in compared
    assert "BM-MSC IV: Treatment failure (primary definition): 3 of 31" in compared


def test_worsening_stands_beside_worsening_without_treatment(page):
    said = " ".join(sentences(page, "uncontrolled"))
    assert "EDSS rose by at least 0.5 in 32.9 % of yearly intervals in MS." in said
    assert "EDSS stayed the same" not in said


def test_a_crossover_trial_counts_those_who_got_cells_first(page):
    row = (
        tables(page, "studies")["Every study of the registry"].filter(study="Petrou 2020").row(0, named=True)
    )
    assert (row["n_treated"], row["n_control"]) == (32, 16)


def test_a_forest_plot_without_prediction_promises_none(page):
    two = {
        "study": ["A", "B"],
        "events": [1, 6],
        "n": [20, 30],
        "events_control": [6, 5],
        "n_control": [20, 30],
    }
    sizes = rv.evidence.effect_size(two, measure="odds ratio")
    for pooled in (rv.evidence.pool(sizes), rv.evidence.mantel_haenszel(two, measure="odds ratio")):
        assert "new study" not in forest_figure(pooled, key="k", title="T").description
    three = {name: [*values, values[0]] for name, values in two.items()} | {"study": ["A", "B", "C"]}
    pooled = rv.evidence.pool(rv.evidence.effect_size(three, measure="odds ratio"))
    assert "grey: where a new study is expected" in forest_figure(pooled, key="k", title="T").description


def test_counts_from_all_studies_to_those_compared_add_up(page):
    steps = dict(tables(page, "studies")["From all studies to those that are compared"].iter_rows())
    held = rv.evidence.registry()
    assert steps["studies in the registry"] == held.studies.height
    assert steps["reported"] + steps["protocols and running trials, no result yet"] == held.studies.height
    parts = (
        steps["reported with a result or safety count"],
        steps["reported, no result or safety count in the registry"],
    )
    assert sum(parts) == steps["reported"]
    assert tables(page, "studies")["Every study of the registry"].height == held.studies.height


def test_each_comparison_has_a_certainty_with_the_number_of_each_step(page):
    frame = tables(page, "certainty")["Certainty in GRADE terms, comparison by comparison"]
    levels = dict(frame.select("study", "level").iter_rows())
    assert levels["Uccelli 2021"] == "low"
    assert levels["Burt 2019 (MIST)"] == "moderate"
    assert all(any(letter.isdigit() for letter in steps) for steps in frame["steps"])


def test_every_disagreement_is_listed_with_the_name_of_the_study(page):
    frame = tables(page, "contradictions")["Sources that disagree, or cannot be right"]
    assert frame.height == rv.evidence.registry().contradictions.height
    assert "Harris 2018, Harris 2024" in frame["study_id"].to_list()


def test_page_and_numbers_are_written(page, tmp_path):
    written = page.save_all(tmp_path, "evidence")
    assert [path.name for path in written] == ["evidence.html", "evidence.json"]
    content = json.loads(written[1].read_text(encoding="utf-8"))
    assert {each["study"]["study_id"] for each in content["meta"]["summaries"]} >= {
        "uccelli2021",
        "harris2024",
    }
    html = written[0].read_text(encoding="utf-8")
    assert html.count("<svg") == sum(
        isinstance(block, Drawing) for each in page.sections for block in each.blocks
    )


def test_a_part_of_the_registry_has_a_page_of_its_own():
    nmosd = rv.evidence.select_studies(rv.evidence.registry(), disease="NMOSD")
    page = rv.report.build_evidence(nmosd)
    assert "No controlled comparison is in the registry." in sentences(page, "compared")
    assert tables(page, "studies")["Every study of the registry"].height == nmosd.studies.height
