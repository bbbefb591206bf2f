"""The CDISC pilot trial and the official Dataset-JSON examples, which lie beside the clone in ../shared.

The trial is about Alzheimer's disease: no diagnosis that ranvier knows, and a product that is none of ours.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ranvier.io import read_sdtm, write_sdtm
from ranvier.io._sdtm_files import read_dataset
from ranvier.tables import TABLES
from ranvier.trial import Trial

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def pilot(shared: Path) -> Trial:
    return read_sdtm(shared / "sdtm" / "tdf")


@pytest.fixture(scope="module")
def raw(shared: Path):
    return lambda name: read_dataset(shared / "sdtm" / "tdf" / f"{name}.xpt")[0]


def said(trial: Trial, rule: str, file: str | None = None) -> list[str]:
    found = trial.read_findings.filter(rule=rule)
    return (found if file is None else found.filter(pl.col("file") == file))["value"].to_list()


def test_254_were_treated_86_84_84_and_52_failed_screening(pilot: Trial) -> None:
    treated = pilot.subjects.filter("treated")
    assert dict(treated.group_by("arm").len().iter_rows()) == {"Pbo": 86, "Xan_Lo": 84, "Xan_Hi": 84}
    assert pilot.subjects.height == 254
    assert len(said(pilot, "sdtm-screen-failure")) == 52


def test_12_patients_planned_for_the_high_dose_got_the_low_dose(pilot: Trial, shared: Path) -> None:
    assert said(pilot, "sdtm-arm-differs") == ["planned Xan_Hi, got Xan_Lo"] * 12
    actual = read_sdtm(shared / "sdtm" / "tdf", arm="actual").subjects
    assert dict(actual.group_by("arm").len().iter_rows()) == {"Pbo": 86, "Xan_Lo": 96, "Xan_Hi": 72}


def test_arms_are_those_of_the_sponsors_own_analysis_data(pilot: Trial, raw) -> None:
    adsl = raw("adsl").select(pl.col("USUBJID").alias("subject"), "TRT01P", "ITTFL", "SAFFL")
    labels = {arm.id: arm.label for arm in pilot.protocol.arms}
    both = pilot.subjects.select("subject", pl.col("arm").replace(labels), "treated").join(adsl, on="subject")
    assert both.height == 254
    assert both.filter(pl.col("arm") != pl.col("TRT01P")).is_empty()
    assert both.filter(pl.col("treated") != (pl.col("SAFFL") == "Y")).is_empty()


def test_every_adverse_event_is_kept_and_24_starts_are_imputed(pilot: Trial) -> None:
    events = pilot.adverse_events
    assert events.height == 961
    assert events["subject"].n_unique() == 225
    flags = dict(events["day_flag"].drop_nulls().value_counts().iter_rows())
    assert flags == {"M": 11, "D": 13}  # 11 with the year only, 13 with year and month
    assert events["end_day"].null_count() == 472
    assert events["day"].null_count() == 0
    assert said(pilot, "sdtm-days", "ae.xpt")[0] == "937 by date, 0 by study day, 24 imputed, 0 without a day"


def test_863_visit_numbers_are_fractional_but_122_visits_unscheduled(pilot: Trial, raw) -> None:
    assert (
        said(pilot, "sdtm-assumed", "sv.xpt")[0]
        == "122 unscheduled visits; 863 rows with a fractional VISITNUM"
    )
    sv, tv = raw("sv"), raw("tv")
    fractional = sv.filter(pl.col("VISITNUM").cast(pl.Float64) % 1 != 0)
    planned = fractional.filter(pl.col("VISIT").is_in(tv["VISIT"].to_list()))
    assert (fractional.height, planned.height) == (863, 741)  # the trial plans visits 3.5, 8.1, 9.1, ...
    assert sv["SVUPDES"].drop_nulls().len() == 122  # and says itself which were unscheduled


def test_days_agree_with_study_days_wherever_dates_are_complete(pilot: Trial) -> None:
    assert said(pilot, "sdtm-study-day-differs") == []
    compared = [value for value in said(pilot, "sdtm-days") if " by date" in value]
    assert len(compared) == 5  # EX, SV (twice), AE (twice)


def test_days_are_study_days_without_the_jump(pilot: Trial, raw) -> None:
    ae = raw("ae").select("row", pl.col("AESTDY").cast(pl.Int64))
    both = pilot.adverse_events.filter(pl.col("day_flag").is_null()).join(ae, on="row")
    assert both.height == 937
    assert both.filter(pl.col("AESTDY") != pl.col("day") + (pl.col("day") >= 0)).is_empty()


def test_imputed_starts_are_those_of_the_sponsors_own_analysis_data_or_later_for_a_reason(
    pilot: Trial, raw
) -> None:
    """ADAE imputes the first of the month and of the year; ours moves to the first dose where that may be."""
    adae = raw("adae").select(
        pl.col("USUBJID").alias("subject"),
        pl.col("AESEQ").alias("aeseq"),
        pl.col("ASTDT").alias("theirs"),
        pl.col("ASTDTF").alias("their_flag"),
    )
    events = pilot.adverse_events.filter(pl.col("day_flag").is_not_null())
    both = events.join(adae.unique(["subject", "aeseq"]), on=["subject", "aeseq"], how="inner")
    assert both.height > 0
    assert both.filter(
        pl.col("their_flag").is_not_null() & (pl.col("their_flag") != pl.col("day_flag"))
    ).is_empty()


def test_errors_of_the_pilot_are_few_and_true(pilot: Trial) -> None:
    errors = pilot.check().table.filter(severity="error")
    assert dict(errors.group_by("rule").len().iter_rows()) == {
        "day-after-death": 2,
        "day-after-last-contact": 1,
        "fatal-not-serious": 3,  # AESER is N in the three fatal events
        "sdtm-disease-unknown": 1,
        "sdtm-product-unknown": 1,
    }


def test_text_that_is_not_ascii_is_read_and_named(pilot: Trial) -> None:
    values = said(pilot, "sdtm-not-ascii", "ts.xpt")
    assert len(values) == 2
    assert all("Alzheimer’s Disease" in value for value in values)


@pytest.mark.parametrize("ending", ["ndjson", "dsjc", "xpt"])
def test_official_adverse_events_are_the_same_in_four_formats(shared: Path, ending: str) -> None:
    folder = shared / "sdtm" / "dataset_json"
    plain, found = read_dataset(folder / "ae.json")
    other, more = read_dataset(folder / f"ae.{ending}")
    assert plain.shape == (74, 38)
    assert plain.equals(other)
    assert not found
    assert not more


@pytest.mark.parametrize("name", ["ae", "dm", "fa", "oe", "rs", "sv"])
def test_official_dataset_json_is_read_whole(shared: Path, name: str) -> None:
    import json

    path = shared / "sdtm" / "dataset_json" / f"{name}.json"
    frame, _ = read_dataset(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (frame.height, frame.width - 1) == (content["records"], len(content["columns"]))


def test_what_is_written_follows_the_official_schema(tmp_path: Path, shared: Path, pilot: Trial) -> None:
    """Check the keys that the schema requires, column by column; nothing else validates a schema here."""
    import json

    schema = json.loads(
        (shared / "sdtm" / "dataset_json" / "dataset.schema.json").read_text(encoding="utf-8")
    )
    dataset, column = schema["$defs"]["Dataset"], schema["$defs"]["Column"]
    kinds = set(schema["$defs"]["DataTypesEnum"]["enum"])
    folder = write_sdtm(pilot, tmp_path / "sdtm", format="dataset-json")
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        assert set(dataset["required"]) <= set(content) <= set(dataset["properties"]), path.name
        for each in content["columns"]:
            assert set(column["required"]) <= set(each) <= set(column["properties"]), path.name
            assert each["dataType"] in kinds


@pytest.mark.parametrize("form", ["csv", "dataset-json"])
def test_pilot_to_sdtm_and_back_is_equal(tmp_path: Path, shared: Path, form: str) -> None:
    products = {"XANOMELINE": "msc"}  # any: it only has to be one
    trial = read_sdtm(shared / "sdtm" / "tdf", products=products)
    again = read_sdtm(write_sdtm(trial, tmp_path / "sdtm", format=form), products=products)
    assert again.protocol == trial.protocol
    for name, table in TABLES.items():
        own = [column.name for column in table.columns]
        columns = [column for column in trial.tables[name].columns if column != "row"]
        left = trial.tables[name].select(columns).sort(own)
        assert left.equals(again.tables[name].select(columns).sort(own)), name
