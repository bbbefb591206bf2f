"""CDISC pilot study (xanomeline, 254 treated): tables of adverse events 14-5.01 and 14-5.02, cell by cell.

The printed cells in cdisc_pilot_14_5.csv are those of outputs/14-5.01.rtf and 14-5.02.rtf of the public
replication github.com/atorus-research/CDISC_pilot_replication (commit fc8d658), which lists no difference to
the study report for these two tables; the report itself (cdiscpilot01.pdf) could not be read. The table was
made from ADAE, which holds every row of a visit; in the SDTM files here exact repeats are collapsed. So
patients, percentages and p values come from the SDTM files; the numbers of events, printed as [n], only from
ADAE.
"""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import ranvier as rv
from ranvier.stats.event_table import fisher_p

FOLDER = Path(__file__).parents[3] / "shared" / "sdtm" / "tdf"
PRINTED = pl.read_csv(
    Path(__file__).with_name("cdisc_pilot_14_5.csv"),
    schema_overrides={"p_low": pl.String, "p_high": pl.String},
    infer_schema_length=None,
)
ARMS = {"placebo": "Placebo", "low": "Xanomeline Low Dose", "high": "Xanomeline High Dose"}
TABLES = {"14-5.01": "any", "14-5.02": "serious"}

pytestmark = [pytest.mark.shared, pytest.mark.usefixtures("shared")]


@cache
def trial() -> rv.Trial:
    return rv.io.read_sdtm(FOLDER, products={"XANOMELINE": "msc", "PLACEBO": "placebo"})


@cache
def arm_ids() -> dict[str, str]:
    """Give the arm of the trial for each column of the table; the planned arm, as in the report."""
    labels = {arm.label: arm.id for arm in trial().protocol.arms}
    return {column: labels[label] for column, label in ARMS.items()}


def adam(name: str) -> pl.DataFrame:
    import pyreadstat

    return pyreadstat.read_xport(FOLDER / f"{name}.xpt", output_format="polars")[0]


def cell(table: pl.DataFrame, row: dict[str, object], arm: str) -> dict[str, object]:
    """Find the row of an incidence table that the printed row names."""
    rows = table.filter(arm=arm_ids()[arm])
    if row["kind"] == "any":
        found = rows.filter(kind="class", event="any")
    else:
        found = rows.filter(kind=row["kind"], body_system=row["body_system"], event=row["event"])
    assert found.height == 1, (row["event"], arm)
    return found.row(0, named=True)


@cache
def incidence(name: str) -> rv.safety.Incidence:
    return rv.safety.incidence(
        trial().adverse_events, trial().subjects, doses=trial().doses, by="nested", among=TABLES[name]
    )


@pytest.mark.parametrize("name", TABLES)
def test_patients_and_percentages_of_every_printed_row(name: str) -> None:
    table = incidence(name).table
    printed = PRINTED.filter(table=name)
    assert printed.height == {"14-5.01": 254, "14-5.02": 4}[name]
    for row in printed.iter_rows(named=True):
        for arm in ARMS:
            ours = cell(table, row, arm)
            assert ours["subjects"] == row[f"{arm}_n"], (row["event"], arm)
            assert round(ours["percent"], 1) == row[f"{arm}_percent"], (row["event"], arm)


@pytest.mark.parametrize("name", TABLES)
def test_the_table_has_no_event_that_is_not_printed(name: str) -> None:
    keys = ["kind", "body_system", "event"]
    ours = incidence(name).table.filter(pl.col("kind") != "class").select(keys).unique()
    assert ours.join(PRINTED.filter(table=name), on=keys, how="anti").is_empty()


@pytest.mark.parametrize("name", TABLES)
def test_fisher_p_of_every_printed_row(name: str) -> None:
    table = incidence(name).table
    for row in PRINTED.filter(table=name).iter_rows(named=True):
        placebo = cell(table, row, "placebo")
        for arm in ("low", "high"):
            dose = cell(table, row, arm)
            if placebo["subjects"] + dose["subjects"] == 0:
                assert not row[f"p_{arm}"], row["event"]
                continue
            p = fisher_p(dose["subjects"], dose["n"], placebo["subjects"], placebo["n"])
            assert (">.99" if p > 0.99 else f"{p:.3f}") == row[f"p_{arm}"], (row["event"], arm)


def test_comparison_holds_the_printed_p_values() -> None:
    compared = rv.stats.compare_events(
        incidence("14-5.01"), reference=arm_ids()["placebo"], method="miettinen-nurminen"
    )
    row = compared.table.filter(arm=arm_ids()["high"], kind="class", event="any").row(0, named=True)
    assert (row["subjects"], row["reference_subjects"], round(row["p_value"], 3)) == (76, 65, 0.014)


@pytest.mark.parametrize("name", TABLES)
def test_numbers_of_events_of_every_printed_row_come_from_every_recorded_row(name: str) -> None:
    start = dict(trial().subjects.select("subject", "day0_date").iter_rows())
    rows = adam("adae").select(
        pl.col("USUBJID").alias("subject"),
        (
            pl.col("ASTDT").fill_null(
                datetime.date(1900, 1, 1)
            )  # known by the year alone, long before the trial
            - pl.col("USUBJID").replace_strict(start).str.to_date()
        )
        .dt.total_days()
        .alias("day"),
        pl.col("AEDECOD").alias("term"),
        pl.col("AEBODSYS").alias("body_system"),
        (pl.col("AESER") == "Y").alias("serious"),
    )
    table = rv.safety.incidence(rows, trial().subjects, by="nested", among=TABLES[name]).table
    for row in PRINTED.filter(table=name).iter_rows(named=True):
        for arm in ARMS:
            assert cell(table, row, arm)["events"] == row[f"{arm}_events"], (row["event"], arm)


def test_treatment_emergent_flag_is_the_sponsors() -> None:
    ours = rv.safety.treatment_emergent(trial().adverse_events, trial().subjects, doses=trial().doses).table
    assert ours["treatment_emergent"].sum() == 910
    given = trial().adverse_events.select("aetrtem").to_series().value_counts(name="n")
    assert dict(given.iter_rows()) == {"Y": 910, "N": 51}


def test_dermatologic_person_time_is_that_of_the_analysis_data() -> None:
    """Days to the first dermatologic event by arm, as ADTTE counts them: the first day is day 1."""
    tte = adam("adtte").select(
        pl.col("USUBJID").alias("subject"), pl.col("AVAL").cast(pl.Int64).alias("printed"), "CNSR"
    )
    skin = adam("adae").filter(pl.col("CQ01NAM") == "DERMATOLOGIC EVENTS")["AEDECOD"].unique().implode()
    end = dict(adam("adsl").select("USUBJID", "RFENDT").iter_rows())
    start = dict(trial().subjects.select("subject", "day0_date").iter_rows())
    last = [
        (end[subject] - datetime.date.fromisoformat(start[subject])).days if end[subject] else None
        for subject in trial().subjects["subject"]
    ]
    people = trial().subjects.with_columns(pl.Series("last_contact_day", last, dtype=pl.Int64))
    events = trial().adverse_events.filter(pl.col("term").is_in(skin))
    ours = rv.safety.first_events(events, people, doses=trial().doses).table
    both = ours.join(tte, on="subject")
    assert both.height == 254
    assert (both["observed"] == (both["CNSR"] == 0)).all()
    assert (both["days"] + 1 == both["printed"]).all()
    years = rv.safety.incidence(events, people, doses=trial().doses).table.filter(event="any")
    days = both.group_by("arm").agg((pl.col("printed") - 1).sum())
    assert dict(years.select("arm", (pl.col("years") * 365.25).round(6)).iter_rows()) == pytest.approx(
        dict(days.iter_rows())
    )
