"""Trials at the edge of what is ordinary: the report stands and says what is not known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ranvier.io import read_trial, write_trial
from ranvier.report import Bullets, DataTable, Drawing, Numbers, Paragraph, Report, build, trial_findings
from ranvier.trial import Arm, Trial

GRADED = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")


def section(report: Report, key: str):
    return next(each for each in report.sections if each.key == key)


def words(report: Report, key: str) -> str:
    """Give the sentences of a section."""
    parts = []
    for block in section(report, key).blocks:
        if isinstance(block, Paragraph):
            parts.append(block.text)
        elif isinstance(block, Bullets):
            parts += [block.title, *block.items]
        elif isinstance(block, Numbers):
            parts += [f"{each.quantity}: {each.text()}" for each in block.estimates]
    return "\n".join(parts)


def tables(report: Report, key: str) -> dict[str, pl.DataFrame]:
    return {
        block.caption: block.frame for block in section(report, key).blocks if isinstance(block, DataTable)
    }


def figures(report: Report, key: str) -> list[str]:
    return [block.key for block in section(report, key).blocks if isinstance(block, Drawing)]


def without(name: str) -> Callable[..., None]:
    return lambda rows: rows.pop(name)


def emptied(trial: Trial, name: str) -> Trial:
    return dataclasses.replace(trial, tables=dict(trial.tables) | {name: trial.tables[name].clear()})


def only_p1(rows) -> None:
    for name in rows:
        rows[name] = [row for row in rows[name] if row["subject"] == "P1"]


def test_one_patient_is_counted_in_the_singular(build_trial) -> None:
    report = build(build_trial(only_p1))
    text = report.explain()
    assert "None of 1 patient had improved at month 12" in text
    assert "1 patients" not in text
    assert tables(report, "baseline").keys() == {"Baseline of each of 1 patient"}
    assert report.html()


def first_visits_only(rows) -> None:
    rows["visits"] = [row for row in rows["visits"] if row["day"] < 0]
    rows["mri"] = [row for row in rows["mri"] if row["day"] < 0]


def test_baseline_alone_gives_baseline_values_and_no_change(build_trial) -> None:
    report = build(build_trial(first_visits_only))
    assert tables(report, "baseline")["Baseline of each of 2 patients"]["edss"].to_list() == [4.5, 4.5]
    assert "Nobody has an EDSS at baseline and at month 12." in words(report, "edss")
    assert "Nobody has T2 lesion count, brain at baseline and at a later visit." in words(report, "lesions")
    assert figures(report, "edss") == figures(report, "lesions") == []
    assert "evaluable 0" in words(report, "result")
    assert report.html()


def no_edss(rows) -> None:
    for row in rows["visits"]:
        row.update(dict.fromkeys((*GRADED, "ambulation", "edss")))


def test_without_any_edss_nothing_is_said_about_disability(build_trial) -> None:
    report = build(build_trial(no_edss))
    assert words(report, "edss").endswith("Nobody has an EDSS at baseline and at month 12.")
    assert "improved" not in words(report, "result").replace("Improvement", "")
    baseline = next(block for block in section(report, "baseline").blocks if isinstance(block, DataTable))
    assert "EDSS" in baseline.note
    flow = tables(report, "flow")["Patients at each stage"]
    assert flow.row(3) == ("evaluable at month 12", 0, "2: no EDSS at baseline")


def test_course_is_drawn_when_only_the_last_visit_is_missing(build_trial) -> None:
    trial = build_trial()
    last = dataclasses.replace(trial.protocol.visits[-1], label="month 24", day=730, window=(-30, 30))
    protocol = dataclasses.replace(trial.protocol, visits=(*trial.protocol.visits, last))
    report = build(build_trial(None, protocol))
    assert "Nobody has an EDSS at baseline and at month 24." in words(report, "edss")
    assert figures(report, "edss") == ["edss-course"]
    assert "at month 12" in words(report, "lesions"), "the last visit with values serves"


def test_no_relapse_file_is_not_zero_relapses(build_trial) -> None:
    absent = words(build(build_trial(without("relapses"))), "relapses")
    assert absent == "Relapses were not recorded in these data; nothing is said about them."
    report = build(emptied(build_trial(), "relapses"))
    assert "relapses per year after the first dose: 0.00 per year (95 % interval 0.00 to" in words(
        report, "relapses"
    )


def test_no_adverse_event_file_is_not_zero_events(build_trial) -> None:
    absent = build(build_trial(without("adverse_events")))
    assert "Adverse events were not recorded in these data." in words(absent, "safety")
    assert "none in" not in words(absent, "result")
    none = words(build(emptied(build_trial(), "adverse_events")), "result")
    assert "Any adverse event: none in 2 patients; the true share could be up to 84.2 %." in none
    assert "A serious adverse event: none in 2 patients; the true share could be up to 84.2 %." in none


def test_when_only_serious_events_were_reported_nothing_is_said_about_the_others(build_trial) -> None:
    protocol = dataclasses.replace(build_trial().protocol, adverse_events_recorded="serious")
    report = build(build_trial(None, protocol))
    assert "nothing is said about the others" in words(report, "safety")
    assert "any adverse event" not in words(report, "safety").casefold()
    assert "Any adverse event" not in words(report, "result")


def flags_unknown(rows) -> None:
    rows["adverse_events"][0] |= {"related": None, "procedure_related": None}


def test_unknown_relation_is_said_and_gives_no_share(build_trial) -> None:
    report = build(build_trial(flags_unknown))
    text = words(report, "safety")
    assert "Whether 1 event had to do with the product was not recorded; no share is given." in text
    assert "related to the product" not in words(report, "result")


def second_untreated(rows) -> None:
    rows["subjects"][1]["treated"] = "no"
    rows["doses"] = [row for row in rows["doses"] if row["subject"] == "P1"]


def test_untreated_patients_stay_in_the_flow_and_out_of_the_numbers(build_trial) -> None:
    report = build(build_trial(second_untreated))
    flow = tables(report, "flow")["Patients at each stage"]
    assert flow["patients"].to_list() == [None, 2, 1, 1]
    assert flow.row(2)[2] == "1: in the data but not treated"
    assert "(n=1, uncontrolled)" in words(report, "result")
    assert "2 patients" not in words(report, "result")


def test_nobody_treated_is_refused(build_trial) -> None:
    def change(rows) -> None:
        second_untreated(rows)
        rows["subjects"][0]["treated"] = "no"
        rows["doses"] = []

    with pytest.raises(Exception, match="no patient has treated = yes"):
        build(build_trial(change))


def two_arms(rows) -> None:
    rows["subjects"][1]["arm"] = "control"


def with_control(trial: Trial, design: str = "rct_parallel"):
    control = Arm(id="control", label="Placebo", role="control")
    return dataclasses.replace(trial.protocol, design=design, arms=(*trial.protocol.arms, control))


@pytest.mark.parametrize("design", ["rct_parallel", "controlled_unclear_randomisation"])
def test_arms_are_described_apart_and_not_compared(build_trial, design: str) -> None:
    report = build(build_trial(two_arms, with_control(build_trial(), design)))
    text = words(report, "result")
    assert "each arm is described; differences between the arms are not judged here" in text
    assert "effective" not in text
    assert "Relapses a year, Cells: " in text
    assert "Relapses a year, Placebo: " in text
    assert "Relapses a year: " not in text
    assert "typical change of T2 lesion count, brain at month 12, Cells: 1.00 lesions" in words(
        report, "lesions"
    )
    assert report.html()


def many(rows, copies: int = 100) -> None:
    for name, table in list(rows.items()):
        rows[name] = [row | {"subject": f"{row['subject']}-{n:03d}"} for n in range(copies) for row in table]


@pytest.mark.slow
def test_drawings_of_two_hundred_patients_stay_readable(build_trial) -> None:
    page = build(build_trial(many)).html()
    assert "The first 40 of 200 patients are drawn." in page
    assert page.count("The first 40 of 200 patients by name are drawn; the table has all.") == 2
    heights = [float(box.split()[3]) for box in _boxes(page)]
    assert max(heights) < 1500


def _boxes(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('viewBox="')[1:]]


def test_listing_says_how_many_patients_it_leaves_out(build_trial) -> None:
    from ranvier.report import trial_sections
    from ranvier.verdict import analyse

    blocks = trial_sections._baseline(analyse(build_trial(lambda rows: many(rows, 101))))
    assert blocks[0].frame.height == 200
    assert blocks[0].note.endswith("2 more patients not listed here.")


@pytest.mark.slow
def test_dates_give_the_same_numbers_as_days(trial_folder: Path) -> None:
    doses = trial_folder / "doses.csv"
    plain = build(read_trial(trial_folder)).to_dict()["sections"]
    _dated(doses)
    for name in ("visits", "subjects", "relapses", "mri", "adverse_events"):
        _dated(trial_folder / f"{name}.csv")
    dated = build(read_trial(trial_folder))
    assert dated.to_dict()["sections"][0] == plain[0]
    assert dated.html()


def _dated(path: Path) -> None:
    """Write each column of days as dates."""
    frame = pl.read_csv(path)
    origin = pl.date(2016, 3, 4)
    for name in frame.columns:
        if name == "day" or name.endswith("_day"):
            date = "date" if name == "day" else name.removesuffix("_day") + "_date"
            frame = frame.with_columns((origin + pl.duration(days=pl.col(name))).alias(name)).rename(
                {name: date}
            )
    frame.write_csv(path)


@pytest.mark.slow
def test_parquet_gives_the_same_sentences_as_csv(trial_folder: Path) -> None:
    csv = build(read_trial(trial_folder)).explain()
    for path in list(trial_folder.glob("*.csv")):
        pl.read_csv(path, infer_schema=False).write_parquet(path.with_suffix(".parquet"))
        path.unlink()
    assert build(read_trial(trial_folder)).explain() == csv


@pytest.mark.slow
def test_trial_written_and_read_again_gives_the_same_sentences(build_trial, tmp_path: Path) -> None:
    trial = build_trial()
    again = build(read_trial(write_trial(trial, tmp_path / "copy"))).explain()
    assert again.split("[table: Input files")[0] == build(trial).explain().split("[table: Input files")[0]


def wrong_edss(rows) -> None:
    rows["visits"][1]["edss"] = 6.0


def test_where_the_examiner_differs_the_derived_value_counts_and_the_finding_is_shown(build_trial) -> None:
    trial = build_trial(wrong_edss)
    findings = trial_findings(trial)
    assert findings.filter(rule="edss-differs").select("row", "subject", "value").rows() == [(3, "P1", "6.0")]
    report = build(trial)
    assert "2 queries and no errors" in words(report, "findings")
    assert "None of 2 patients had worsened at month 12" in words(report, "result"), "4.5 counts, not 6.0"
    queries = tables(report, "findings")["Queries"]
    assert (3, "P1", "edss", "6.0") in queries.select("row", "subject", "column", "value").rows()


def test_errors_stop_the_report_and_the_first_is_named(build_trial) -> None:
    def change(rows) -> None:
        rows["visits"][0]["edss"] = 4.25

    with pytest.raises(Exception, match=r"the data hold 1 error; the first is edss-grid in visits.*row 2"):
        build(build_trial(change))


def test_unknown_follow_up_gives_no_rate_and_says_who_was_left_out(build_trial) -> None:
    def change(rows) -> None:
        for row in rows["subjects"]:
            row["last_contact_day"] = None

    report = build(build_trial(change))
    assert "per year (95 %" not in words(report, "relapses")
    assert "Left out" in words(report, "relapses")


def test_lane_reaches_to_the_last_contact_of_the_patient(build_trial) -> None:
    from ranvier.report.timelines import _spans

    spans = _spans(build_trial(), pl.DataFrame({"subject": ["P1"], "day": [-7]}))
    assert spans.rows() == [("P1", -7, 400), ("P2", 380, 380)]
