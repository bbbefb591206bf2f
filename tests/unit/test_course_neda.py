"""No evidence of disease activity: each rule on a patient that a clinician can follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from ranvier.course import CDI_12W
from ranvier.course.neda_definition import BRAIN_VOLUME_COLUMN, NEDA3, NEDA4, NedaDefinition, neda_preset
from ranvier.course.neda_status import NedaStatus, neda
from ranvier.errors import DefinitionError, InputError

DAYS = {"subject": pl.String, "day": pl.Int64}
MONTH_6 = replace(NEDA3, name="neda-3 after month 6", rebaseline=(150, 240))


def edss(values: dict[int, float | None], subject: str = "P1") -> pl.DataFrame:
    return pl.DataFrame({"subject": subject, "day": list(values), "edss": list(values.values())})


def onsets(*days: int, subject: str = "P1") -> pl.DataFrame:
    return pl.DataFrame({"subject": [subject] * len(days), "day": list(days)}, schema=DAYS)


def scans(rows: dict[int, tuple[Any, Any, Any]], subject: str = "P1", region: str = "brain") -> pl.DataFrame:
    return pl.DataFrame(
        [(subject, day, region, *counts) for day, counts in rows.items()],
        schema={
            **DAYS,
            "region": pl.String,
            "new_t2": pl.Int64,
            "enlarging_t2": pl.Int64,
            "gad_count": pl.Int64,
        },
        orient="row",
    )


STABLE = edss({-5: 3.0, 180: 3.0, 365: 3.0})
CLEAN = scans({-5: (None, None, 0), 180: (0, 0, 0), 360: (0, 0, 0)})


def judge(
    visits: pl.DataFrame = STABLE,
    relapses: pl.DataFrame | None = None,
    mri: pl.DataFrame | None = CLEAN,
    definition: NedaDefinition | str = NEDA3,
    **options: Any,
) -> NedaStatus:
    given = {"horizon_days": 365} | options
    return neda(visits, onsets() if relapses is None else relapses, mri, definition=definition, **given)


def status(found: NedaStatus) -> tuple[Any, ...]:
    return found.table.select("status", "first_failure_day", "first_failing_component").row(0)


def reasons(found: NedaStatus) -> set[str]:
    return set(found.trace["reason"])


def test_a_patient_with_everything_known_and_nothing_seen_has_neda() -> None:
    found = judge()
    assert status(found) == ("neda", None, None)
    assert found.table.select("relapse", "worsening", "mri", "brain_volume").row(0) == (
        "none",
        "none",
        "none",
        None,
    )
    assert found.table["follow_up_day"].item() == 360
    assert "1 of 1 patient evaluable, 1 without activity" in found.explain()


def test_a_relapse_fails_on_its_day() -> None:
    assert status(judge(relapses=onsets(100, 250))) == ("failed", 100, "relapse")


def test_a_relapse_before_the_first_dose_does_not_count_and_the_trace_says_so() -> None:
    found = judge(relapses=onsets(-30))
    assert status(found)[0] == "neda"
    assert "before-start" in reasons(found)


def test_a_relapse_after_the_window_does_not_count() -> None:
    assert status(judge(relapses=onsets(366)))[0] == "neda"


def test_confirmed_worsening_fails_at_the_visit_where_it_began() -> None:
    found = judge(edss({-5: 3.0, 90: 3.0, 180: 4.0, 300: 4.0, 365: 4.0}))
    assert status(found) == ("failed", 180, "worsening")
    assert found.table["failure_left_day"].item() == 90


def test_worsening_before_the_first_dose_is_the_reference_not_an_event() -> None:
    assert status(judge(edss({-200: 2.0, -5: 4.0, 180: 4.0, 365: 4.0})))[0] == "neda"


def test_worsening_at_the_last_visit_only_is_not_known_to_be_confirmed() -> None:
    visits = edss({-5: 3.0, 180: 3.0, 365: 4.0})
    found = judge(visits)
    assert status(found)[0] == "not evaluable"
    assert "unconfirmed" in reasons(found)
    assert status(judge(visits, definition=replace(NEDA3, unconfirmed="none")))[0] == "neda"


def test_worsening_that_a_visit_after_the_window_disproves_is_none() -> None:
    assert status(judge(edss({-5: 3.0, 180: 3.0, 365: 4.0, 400: 3.0})))[0] == "neda"


@pytest.mark.parametrize(
    ("counts", "reason"),
    [((1, 0, 0), "new-t2"), ((0, 2, 0), "enlarging-t2"), ((0, 0, 1), "gadolinium")],
)
def test_each_kind_of_lesion_fails_on_the_day_of_the_scan(counts: tuple[int, int, int], reason: str) -> None:
    found = judge(mri=scans({-5: (None, None, 0), 180: counts, 360: (0, 0, 0)}))
    assert status(found) == ("failed", 180, "mri")
    assert found.table["failure_left_day"].item() == -5
    assert reason in reasons(found)


def test_lesions_on_the_baseline_scan_do_not_count() -> None:
    assert status(judge(mri=scans({-5: (3, 1, 2), 360: (0, 0, 0)})))[0] == "neda"


def test_a_count_that_is_not_known_is_missing_and_not_zero() -> None:
    found = judge(mri=scans({-5: (0, 0, 0), 360: (None, 0, 0)}))
    assert status(found)[0] == "not evaluable"
    assert "count-not-known" in reasons(found)


def test_a_patient_who_failed_stays_failed_when_another_component_is_missing() -> None:
    found = judge(relapses=onsets(50), mri=None)
    assert status(found) == ("failed", 50, "relapse")
    assert found.table["mri"].item() == "missing"


def test_known_activity_counts_although_another_count_of_the_scan_is_missing() -> None:
    assert status(judge(mri=scans({360: (None, None, 2)}))) == ("failed", 360, "mri")


def test_without_mri_a_quiet_patient_is_not_evaluable_under_strict_and_judged_under_available() -> None:
    assert status(judge(mri=None))[0] == "not evaluable"
    found = judge(mri=None, definition=replace(NEDA3, missing="available"))
    assert status(found)[0] == "neda"
    assert "others-known" in reasons(found)


def test_a_scan_outside_the_tolerance_does_not_make_the_year_evaluable() -> None:
    found = judge(mri=scans({180: (0, 0, 0)}))
    assert status(found)[0] == "not evaluable"
    assert "no-scan-at-end" in reasons(found)


def test_an_active_scan_a_little_after_the_planned_day_belongs_to_the_window() -> None:
    assert status(judge(mri=scans({385: (1, 0, 0)}))) == ("failed", 385, "mri")
    assert status(judge(mri=scans({360: (0, 0, 0), 420: (1, 0, 0)})))[0] == "neda"


def test_activity_in_the_cord_counts_although_only_the_brain_must_be_scanned() -> None:
    cord = scans({200: (0, 0, 1)}, region="spinal cord")
    assert status(judge(mri=pl.concat([CLEAN, cord]))) == ("failed", 200, "mri")
    both = replace(NEDA3, regions=("brain", "spinal cord"))
    assert status(judge(definition=both))[0] == "not evaluable"


def test_lost_contact_makes_relapses_unknown() -> None:
    people = pl.DataFrame({"subject": ["P1"], "last_contact_day": [200], "treated": [True]})
    found = judge(subjects=people)
    assert found.table["relapse"].item() == "missing"
    assert "contact-lost" in reasons(found)


def test_relapses_that_were_not_recorded_are_not_no_relapses() -> None:
    found = neda(STABLE, None, CLEAN, horizon_days=365)
    assert found.table["relapse"].item() == "missing"


def test_patients_without_a_dose_are_left_out_and_silent_ones_are_not_evaluable() -> None:
    people = pl.DataFrame(
        {"subject": ["P1", "P2", "P3"], "last_contact_day": [365, 365, None], "treated": [True, False, True]}
    )
    found = judge(subjects=people)
    assert found.table.select("subject", "status").rows() == [("P1", "neda"), ("P3", "not evaluable")]
    assert [(left.n, left.reason) for left in found.left_out] == [
        (1, "patients who got no dose"),
        (1, "patients who are not evaluable"),
    ]
    assert found.counts().row(0) == (1, 2, 1, 1, 0, 1)


def test_what_happened_up_to_the_re_baseline_scan_does_not_count() -> None:
    visits = edss({-5: 3.0, 90: 5.0, 185: 5.0, 270: 5.0, 365: 5.0})
    mri = scans({-5: (0, 0, 0), 180: (4, 0, 1), 360: (0, 0, 0)})
    assert status(judge(visits, onsets(60), mri)) == ("failed", 60, "relapse")
    found = judge(visits, onsets(60), mri, MONTH_6)
    assert status(found) == ("neda", None, None)
    assert found.table["from_day"].item() == 181


def test_enhancement_on_the_re_baseline_scan_counts_when_asked_for() -> None:
    mri = scans({180: (4, 0, 1), 360: (0, 0, 0)})
    assert status(judge(mri=mri, definition=replace(MONTH_6, rebaseline_gad=True))) == ("failed", 180, "mri")
    only_new = scans({180: (4, 0, 0), 360: (0, 0, 0)})
    assert status(judge(mri=only_new, definition=replace(MONTH_6, rebaseline_gad=True)))[0] == "neda"


def test_clinical_activity_before_the_re_baseline_counts_when_asked_for() -> None:
    definition = replace(MONTH_6, rebaseline_clinical=False)
    assert status(judge(relapses=onsets(60), definition=definition)) == ("failed", 60, "relapse")


def test_without_a_re_baseline_scan_new_lesions_cannot_be_placed() -> None:
    found = judge(mri=scans({-5: (0, 0, 0), 360: (2, 0, 0)}), definition=MONTH_6)
    assert status(found)[0] == "not evaluable"
    assert {"no-rebaseline-scan", "older-than-rebaseline"} <= reasons(found)
    later = judge(mri=scans({260: (2, 0, 0), 360: (1, 0, 0)}), definition=MONTH_6)
    assert status(later) == ("failed", 360, "mri")


def test_years_are_judged_one_by_one() -> None:
    visits = edss({0: 3.0, 365: 3.0, 730: 3.0})
    mri = scans({365: (0, 0, 0), 730: (0, 0, 0)})
    found = judge(visits, onsets(500), mri, replace(NEDA3, period_days=365), horizon_days=730)
    assert found.table.select("period", "from_day", "to_day", "status").rows() == [
        (1, 0, 365, "neda"),
        (2, 365, 730, "failed"),
    ]
    assert found.counts()["evaluable"].to_list() == [1, 1]


def test_the_schedule_gives_the_end_and_its_window() -> None:
    schedule = pl.DataFrame({"planned_day": [0, 365], "low_day": [-30, 355], "high_day": [0, 375]})
    found = judge(schedule=schedule, horizon_days=None)
    assert status(found)[0] == "neda"
    late = judge(mri=scans({350: (0, 0, 0)}), schedule=schedule, horizon_days=None)
    assert status(late)[0] == "not evaluable"


@pytest.mark.parametrize(("change", "expected"), [(-0.4, "neda"), (-0.41, "failed"), (None, "not evaluable")])
def test_neda_4_adds_the_yearly_loss_of_brain_volume(change: float | None, expected: str) -> None:
    mri = scans({360: (0, 0, 0)}).with_columns(pl.lit(change, dtype=pl.Float64).alias(BRAIN_VOLUME_COLUMN))
    found = judge(mri=mri, definition=NEDA4)
    assert found.table["status"].item() == expected


def test_neda_4_without_brain_volume_says_what_is_missing() -> None:
    with pytest.raises(InputError, match="needs the column 'brain_volume_change_percent_per_year'"):
        judge(definition="neda-4")
    with pytest.raises(InputError, match="no mri was given"):
        judge(mri=None, definition=NEDA4)


def test_the_earliest_activity_is_named_first_and_ties_follow_the_order_of_the_components() -> None:
    assert status(judge(relapses=onsets(180), mri=scans({180: (1, 0, 0), 360: (0, 0, 0)}))) == (
        "failed",
        180,
        "relapse",
    )


def test_no_patient_and_no_value_are_ordinary_input() -> None:
    nobody = judge(STABLE.clear(), mri=CLEAN.clear())
    assert nobody.table.is_empty()
    assert nobody.counts().is_empty()
    silent = judge(STABLE.with_columns(pl.lit(None, dtype=pl.Float64).alias("edss")))
    assert status(silent)[0] == "not evaluable"
    assert {"no-reference", "no-visit-at-end"} <= reasons(silent)


def test_a_relapse_without_a_day_makes_relapses_unknown() -> None:
    undated = pl.DataFrame({"subject": ["P1"], "day": [None]}, schema=DAYS)
    assert "relapse-without-day" in reasons(judge(relapses=undated))


def test_worsening_is_measured_from_the_last_visit_up_to_the_start() -> None:
    visits = edss({0: 3.0, 180: 4.0, 365: 4.0, 450: 4.0})
    assert status(judge(visits, definition=replace(NEDA3, start_day=200)))[0] == "neda"
    assert status(judge(visits, definition=replace(NEDA3, start_day=100))) == ("failed", 180, "worsening")


def test_the_order_of_rows_changes_nothing() -> None:
    mri = scans({-5: (0, 0, 0), 180: (0, 1, 0), 360: (0, 0, 0)})
    first = judge(relapses=onsets(200, 300), mri=mri)
    second = judge(STABLE.reverse(), onsets(300, 200), mri.reverse())
    assert first.table.equals(second.table)
    assert first.trace.equals(second.trace)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"horizon_days": None}, "give either schedule or horizon_days"),
        ({"horizon_days": 1.5}, "must be a whole number"),
        ({"horizon_days": -5}, "cannot be parted"),
        ({"definition": "neda-5"}, "Did you mean"),
        ({"definition": replace(NEDA3, period_days=250)}, "cannot be parted into periods of 250 days"),
        ({"mri": pl.concat([CLEAN, CLEAN])}, "two rows for the brain"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        judge(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": ""}, "names no source"),
        ({"components": ()}, "name at least one"),
        ({"worsening": CDI_12W}, "could stay unseen"),
        ({"rebaseline": (240, 150)}, "first and its last day"),
        ({"rebaseline": (0, 90)}, "must come after day 0"),
        ({"scan_tolerance_days": -1}, "must be 0 or more"),
        ({"period_days": 0}, "must be 1 or more"),
    ],
)
def test_definitions_that_contradict_themselves_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        replace(NEDA3, **options)


def test_presets_have_names_and_become_dictionaries() -> None:
    assert neda_preset("NEDA_4") is NEDA4
    assert NEDA3.to_dict()["worsening"]["name"] == "cdw-12w"
    assert NEDA3.to_dict()["rebaseline"] is None
