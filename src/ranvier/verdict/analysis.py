"""Compute every number of a trial once."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from ranvier import course, mri, safety, scales, stats
from ranvier.errors import InputError
from ranvier.result import Derivation, Estimate, LeftOut, plural
from ranvier.trial import Endpoint, Trial
from ranvier.verdict._arms import by_arm
from ranvier.verdict.arm_differences import arm_differences
from ranvier.verdict.confirmed import confirmed_events
from ranvier.verdict.lesion_activity import lesion_activity
from ranvier.verdict.neda_result import judge_neda
from ranvier.verdict.numbers import Analysis, Flow, Measured
from ranvier.verdict.relapse_periods import compare_periods, expected_falls

__all__ = ["analyse", "with_masks", "with_scoring"]

DEFAULT_RULE = "edss-1.0-or-0.5"
"""Responder rule when the protocol names none: 1.0 point up to 5.5, 0.5 above (see docs/definitions)."""

OTHER_RULES = ("edss-0.5", "edss-1.0-or-0.5")
"""Rules whose responder counts stand beside the protocol's own."""

LESION_MEASURES = {
    "t2_count": ("T2 lesion count", "lesions"),
    "t2_volume_mm3": ("T2 lesion volume", "mm³"),
    "gad_count": ("gadolinium-enhancing lesion count", "lesions"),
    "cord_length_mm": ("summed craniocaudal length of lesions", "mm"),
    "cord_longest_mm": ("craniocaudal length of the longest lesion", "mm"),
}
EYES = {"acuity_right_logmar": "right eye", "acuity_left_logmar": "left eye"}
ALWAYS_SHOWN = {
    "any": "patients with any adverse event",
    "serious": "patients with a serious adverse event",
    "related": "patients with an event related to the product",
    "procedure_related": "patients with an event related to the procedure",
    "fatal": "patients with a fatal event",
}
"""Classes of `ranvier.safety` and what their share is called; shown also when no event was seen."""


def analyse(trial: Trial) -> Analysis:
    """Give every number of a trial that a verdict or a report needs.

    Parameters
    ----------
    trial : Trial
        The trial.

    Returns
    -------
    Analysis
        All derivations and estimates.

    Raises
    ------
    InputError
        When the data hold errors, when no visits are planned, or when nobody was treated.

    Notes
    -----
    Only treated patients are analysed; patients who were enrolled and not treated stay in the flow. The EDSS
    that counts is the one derived from the grades, or the recorded one where grades are incomplete.
    """
    trial, scans, found = with_masks(trial)
    _refuse_errors(found)
    protocol = trial.protocol
    treated = trial.subjects.filter(pl.col("treated"))["subject"].to_list()
    if not protocol.visits:
        raise InputError("trial.toml plans no visits; add [[visits]] with label, day and window.")
    if not treated:
        raise InputError("subjects: no patient has treated = yes; a report needs at least one.")
    # Without a single ambulation code the coding plays no part; with one, the checks demand it.
    coding = protocol.ambulation_coding or "0-16"
    scored = scales.edss(trial.visits, ambulation_coding=coding, scheme=protocol.edss_scheme)
    visits = trial.visits.with_columns(scored.table["edss"])
    endpoint = _edss_endpoint(trial)
    rule = course.change_rule(endpoint.definition if endpoint and endpoint.definition else DEFAULT_RULE)
    edss = course.change(visits, protocol.schedule, rule=rule, subjects=treated)
    final_visit = endpoint.visit if endpoint and endpoint.visit else protocol.schedule["visit"][-1]
    final = _at_visit(edss, final_visit)
    relapses = course.relapse_rate(trial.relapses, trial.subjects) if "relapses" in trial.recorded else None
    adverse = (
        safety.incidence(trial.adverse_events, trial.subjects) if "adverse_events" in trial.recorded else None
    )
    return Analysis(
        trial=trial,
        findings=with_scoring(found, trial, scored),
        scored=scored,
        visits=visits,
        rule=rule,
        final_visit=final_visit,
        edss=edss,
        final=final,
        flow=_flow(trial, treated, final, final_visit),
        responders=_responders(trial, final, final_visit),
        other_rules=_other_rules(trial, visits, treated, rule, final_visit),
        edss_change=_edss_change(trial, final, final_visit),
        relapses=relapses,
        relapse_periods=compare_periods(trial),
        expected_falls=None if protocol.entry is None else expected_falls(protocol.entry),
        lesions=_lesions(trial, treated, final_visit),
        acuity=_acuity(trial, visits, treated, final_visit),
        adverse=adverse,
        safety=_safety(trial, adverse),
        safety_notes=_safety_notes(trial),
        attack_unknown=_attack_unknown(trial),
        confirmed=confirmed_events(trial, visits, _baseline_days(trial, visits, treated), treated),
        neda=judge_neda(trial, visits),
        arms=arm_differences(trial, final, final_visit, relapses),
        scans=scans,
        lesion_activity=lesion_activity(trial, treated),
    )


def with_masks(trial: Trial) -> tuple[Trial, mri.ScanCounts | None, pl.DataFrame]:
    """Count the lesion masks of a trial, if it has any, and let the counts enter.

    Parameters
    ----------
    trial : Trial
        The trial.

    Returns
    -------
    tuple of (Trial, ScanCounts or None, polars.DataFrame)
        The trial with the scans as the results use them; what the masks give; all findings of the checks and
        of the masks.
    """
    found = trial.check().table
    if not trial.masks:
        return trial, None, found
    scans = mri.count_scans(trial)
    if scans.findings is not None:
        found = pl.concat([found, scans.findings])
    return trial.with_table("mri", scans.mri), scans, found


def with_scoring(found: pl.DataFrame, trial: Trial, scored: Derivation) -> pl.DataFrame:
    """Add what the scoring found to what the checks found.

    Parameters
    ----------
    found : polars.DataFrame
        From `Trial.check`.
    trial : Trial
        The trial.
    scored : Derivation
        From `ranvier.scales.edss`.

    Returns
    -------
    polars.DataFrame
        Columns of `ranvier.tables.FINDING_SCHEMA`, with the file that the visits were read from.
    """
    if scored.findings is None:
        return found
    file = pl.lit(trial.files.get("visits", "visits")).alias("file")
    return pl.concat([found, scored.findings.with_columns(file)])


def _refuse_errors(findings: pl.DataFrame) -> None:
    errors = findings.filter(pl.col("severity") == "error")
    if errors.is_empty():
        return
    first = errors.row(0, named=True)
    place = ", ".join(
        f"{name} {first[name]}" for name in ("row", "subject", "day", "column") if first[name] is not None
    )
    raise InputError(
        f"the data hold {plural(errors.height, 'error')}; the first is {first['rule']} in {first['file']} "
        f"({place}): {first['message']} Run `ranvier check` for all of them."
    )


def _edss_endpoint(trial: Trial) -> Endpoint | None:
    """Give the EDSS endpoint that the result is read from: the primary one if it is one, else the first."""
    endpoints = [part for part in trial.protocol.endpoints if part.kind in ("edss_responder", "edss_change")]
    return min(endpoints, key=lambda part: not part.primary, default=None)


def _at_visit(edss: course.Change, visit: str) -> course.Change:
    """Give the rows and decisions of one scheduled visit."""
    step = f"change at {visit}"
    return replace(
        edss,
        name=f"EDSS change at {visit}",
        table=edss.table.filter(pl.col("visit") == visit),
        trace=edss.trace.filter(pl.col("step") == step),
        left_out=(),
    )


def _baseline_days(trial: Trial, visits: pl.DataFrame, treated: list[str]) -> pl.DataFrame:
    """Give the day of the visit that serves as each patient's EDSS baseline."""
    served = course.at_schedule(visits, trial.protocol.schedule, subjects=treated).table
    known = served.filter(pl.col("baseline"), pl.col("value").is_not_null())
    return known.select("subject", pl.col("day").alias("baseline_day"))


def _flow(trial: Trial, treated: list[str], final: course.Change, visit: str) -> Flow:
    left = final.trace.filter(pl.col("outcome") == "left out").group_by("reason").len().sort("reason")
    words = {"no-baseline": "no EDSS at baseline", "no-value": f"no EDSS at {visit}"}
    return Flow(
        registered=trial.protocol.registered_n,
        enrolled=trial.subjects["subject"].n_unique(),
        treated=len(treated),
        evaluable=final.table["subject"].n_unique(),
        lost=tuple(LeftOut(n=n, reason=words.get(reason, reason)) for reason, n in left.iter_rows()),
    )


def _responders(trial: Trial, final: course.Change, visit: str) -> tuple[Estimate, ...]:
    """Give the shares improved and worse, side by side, in each arm."""
    rule = final.definition
    treated = trial.subjects.filter(pl.col("treated")).select("subject")
    arms = zip(by_arm(trial, final.table), by_arm(trial, treated), strict=True)
    return tuple(
        stats.proportion(
            judged.filter(pl.col("status") == status).height,
            judged.height,
            quantity=f"patients {status} at {visit} (rule {rule.name}{arm})",
            left_out=(
                LeftOut(n=people.height - judged.height, reason="treated patients without both EDSS values"),
            ),
        )
        for (arm, rows), (_, people) in arms
        if (judged := rows.filter(pl.col("status").is_not_null())).height
        for status in ("improved", "worse")
    )


def _other_rules(
    trial: Trial, visits: pl.DataFrame, treated: list[str], rule: course.ChangeRule, visit: str
) -> tuple[Estimate, ...]:
    names = [name for name in OTHER_RULES if name != rule.name]
    changes = (course.change(visits, trial.protocol.schedule, rule=name, subjects=treated) for name in names)
    return tuple(
        estimate for change in changes for estimate in _responders(trial, _at_visit(change, visit), visit)
    )


def _edss_change(trial: Trial, final: course.Change, visit: str) -> tuple[Estimate, ...]:
    return tuple(
        stats.paired(
            rows["baseline"].to_list(),
            rows["value"].to_list(),
            quantity=f"typical EDSS change at {visit}{arm}",
            unit="points",
        )
        for arm, rows in by_arm(trial, final.table)
        if rows.height
    )


def _measured(trial: Trial, name: str, unit: str, change: Derivation, final_visit: str) -> Measured:
    """Add the typical change at the visit of the result, or at the last visit that has values."""
    table = change.table
    if table.is_empty():
        return Measured(name=name, unit=unit, change=change, estimates=())
    seen = table["visit"].unique().to_list()
    visit = final_visit if final_visit in seen else table.sort("day")["visit"][-1]
    estimates = tuple(
        stats.paired(
            rows["baseline"].to_list(),
            rows["value"].to_list(),
            quantity=f"typical change of {name} at {visit}{arm}",
            unit=unit,
        )
        for arm, rows in by_arm(trial, table.filter(pl.col("visit") == visit))
        if rows.height
    )
    return Measured(name=name, unit=unit, change=change, estimates=estimates)


def _lesions(trial: Trial, treated: list[str], final_visit: str) -> tuple[Measured, ...]:
    found = []
    for region in trial.mri["region"].drop_nulls().unique().sort():
        scans = trial.mri.filter(pl.col("region") == region)
        for column, (name, unit) in LESION_MEASURES.items():
            if column in scans.columns and scans[column].null_count() < scans.height:
                change = mri.change(
                    trial.mri, trial.protocol.schedule, column=column, region=region, subjects=treated
                )
                found.append(_measured(trial, f"{name}, {region}", unit, change, final_visit))
    return tuple(found)


def _acuity(trial: Trial, visits: pl.DataFrame, treated: list[str], final_visit: str) -> tuple[Measured, ...]:
    return tuple(
        _measured(
            trial,
            f"acuity, {eye}",
            "logMAR",
            course.change(
                visits, trial.protocol.schedule, outcome=column, rule=course.LOGMAR_0_2, subjects=treated
            ),
            final_visit,
        )
        for column, eye in EYES.items()
        if visits[column].null_count() < visits.height
    )


def _unknown_flags(trial: Trial) -> dict[str, int]:
    """Count the events whose relation to product or procedure was not filled in."""
    return {
        name: count
        for name in ("related", "procedure_related")
        if (count := trial.adverse_events[name].null_count())
    }


def _safety_notes(trial: Trial) -> tuple[str, ...]:
    words = {"related": "the product", "procedure_related": "the procedure"}
    return tuple(
        f"Whether {plural(count, 'event')} had to do with {words[name]} was not recorded; no share is given."
        for name, count in _unknown_flags(trial).items()
    )


def _safety(trial: Trial, adverse: safety.Incidence | None) -> tuple[Estimate, ...]:
    """Give the share of treated patients with each class of event, zero included."""
    if adverse is None:
        return ()
    only_serious = trial.protocol.adverse_events_recorded == "serious"
    shown = {"serious", "fatal"} if only_serious else set(ALWAYS_SHOWN) - set(_unknown_flags(trial))
    labels = {arm.id: arm.label for arm in trial.protocol.arms}
    several = adverse.table["arm"].n_unique() > 1
    return tuple(
        stats.proportion(
            row["subjects"],
            row["n"],
            quantity=ALWAYS_SHOWN[row["event"]]
            + (f", {labels.get(row['arm'], row['arm'])}" if several else ""),
        )
        for row in adverse.table.filter(pl.col("kind") == "class").iter_rows(named=True)
        if row["event"] in shown and row["n"] > 0
    )


def _attack_unknown(trial: Trial) -> int:
    """Count the treated patients in whom recovery from a recent attack cannot be ruled out."""
    unknown = pl.col("last_attack_day").is_null() | pl.col("last_rescue_day").is_null()
    relapsing = pl.col("phenotype").fill_null("") != "PPMS"
    return trial.subjects.filter(pl.col("treated") & relapsing & unknown).height
