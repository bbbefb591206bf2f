"""No evidence of disease activity (NEDA) in a trial: who has it, who failed on what, who cannot be judged."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace

import polars as pl

from ranvier import course, stats
from ranvier.errors import InputError, RanvierError, RanvierWarning
from ranvier.result import Estimate, LeftOut, plural
from ranvier.trial import NedaPlan, Trial
from ranvier.verdict._arms import by_arm

__all__ = ["NedaResult", "judge_neda"]

COMPONENT_WORDS = {
    "relapse": "relapses",
    "worsening": "confirmed worsening",
    "mri": "MRI lesions",
    "brain_volume": "brain volume",
}
"""Components as the subject of a sentence."""

MISSING_SCHEMA = {"component": pl.String, "reason": pl.String, "patients": pl.Int64}
FAILED_SCHEMA = {"component": pl.String, "first": pl.Int64, "any": pl.Int64}


@dataclass(frozen=True, kw_only=True, eq=False)
class NedaResult:
    """NEDA in the treated patients of a trial under one definition.

    Parameters
    ----------
    definition : NedaDefinition
        What counts.
    choices : tuple of str
        What trial.toml chose and what is the default, in sentences.
    status : NedaStatus or None
        Status of each patient with its explanation; None when there is no window to judge.
    shares : tuple of Estimate
        Share of evaluable patients with NEDA, by arm; an arm in which a component is known in nobody has
        none.
    failed : polars.DataFrame
        Columns component, first (patients in whom it failed first), any (patients with activity in it).
    missing : polars.DataFrame
        Columns component, reason, patients: what is not known, and why.
    why_not : tuple of str
        Why there is no share, in sentences; empty when every arm has one.
    bounds : tuple of str
        Between how many of all treated patients have NEDA, where some are not evaluable.
    """

    definition: course.NedaDefinition
    choices: tuple[str, ...]
    status: course.NedaStatus | None
    shares: tuple[Estimate, ...] = ()
    failed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAILED_SCHEMA))
    missing: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=MISSING_SCHEMA))
    why_not: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Give the name as papers write it, such as NEDA-3."""
        return self.definition.name.upper()


def judge_neda(trial: Trial, visits: pl.DataFrame | None = None) -> tuple[NedaResult, ...]:
    """Give who of the treated patients has no evidence of disease activity up to the last scheduled visit.

    Parameters
    ----------
    trial : Trial
        The trial; `[neda]` of its trial.toml says how.
    visits : polars.DataFrame, optional
        The visits with the EDSS that counts; those of the trial as recorded when None.

    Returns
    -------
    tuple of NedaResult
        Under the definition of the protocol (neda-3 when it names none), and under neda-4 as well when the
        table mri holds the change of brain volume.

    Raises
    ------
    InputError
        When `[neda]` names a definition of worsening that does not exist or cannot serve, or the change of
        brain volume is not a number.

    Notes
    -----
    A patient with activity in one component has failed, whatever else is missing. When a component is known
    in nobody only failures can be seen, so that a share would be 0 whatever happened: none is given.

    References
    ----------
    Giovannoni G et al. (2015). doi:10.1016/j.msard.2015.04.006

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> found = judge_neda(rv.read_trial(examples() / "lu_2012"))[0]
    >>> found.label, found.shares
    ('NEDA-3', ())
    """
    plan = trial.protocol.neda or NedaPlan()
    seen = trial.visits if visits is None else visits
    names = [plan.definition]
    if plan.definition == "neda-3" and _has_volume(trial):
        names.append("neda-4")
    return tuple(_judge(trial, seen, replace(plan, definition=name)) for name in names)


def _has_volume(trial: Trial) -> bool:
    name = course.BRAIN_VOLUME_COLUMN
    return name in trial.mri.columns and trial.mri[name].null_count() < trial.mri.height


def _judge(trial: Trial, visits: pl.DataFrame, plan: NedaPlan) -> NedaResult:
    schedule = trial.protocol.schedule
    definition = _definition(plan, schedule)
    choices = _choices(trial, plan, definition)
    reason = _no_window(trial, plan, definition)
    if reason:
        return NedaResult(definition=definition, choices=choices, status=None, why_not=(reason,))
    last_day = int(schedule["planned_day"][-1])
    window = {"schedule": schedule} if plan.tolerance_days is None else {"horizon_days": last_day}
    try:
        with warnings.catch_warnings():  # their sentences stand in the method, which the report shows
            warnings.simplefilter("ignore", RanvierWarning)
            status = course.neda(
                visits,
                trial.relapses if "relapses" in trial.recorded else None,
                _scans(trial, definition),
                definition=definition,
                subjects=trial.subjects,
                **window,
            )
    except InputError as error:
        raise InputError(f"NEDA ([neda] of trial.toml): {error}") from error
    why_not, shares, bounds = _shares(trial, status, str(schedule["visit"][-1]))
    return NedaResult(
        definition=definition,
        choices=choices,
        status=status,
        shares=shares,
        failed=_failed(status),
        missing=_missing(status),
        why_not=why_not,
        bounds=bounds,
    )


def _definition(plan: NedaPlan, schedule: pl.DataFrame) -> course.NedaDefinition:
    """Give the preset with what the protocol chose."""
    preset = course.neda_preset(plan.definition)
    tolerance = plan.tolerance_days
    if tolerance is None and schedule.height:
        last = schedule.row(-1, named=True)
        tolerance = max(last["planned_day"] - last["low_day"], last["high_day"] - last["planned_day"])
    days = 0 if tolerance is None else tolerance
    try:
        return replace(
            preset,
            worsening=preset.worsening if plan.worsening is None else course.preset(plan.worsening),
            rebaseline=plan.rebaseline_window(schedule),
            rebaseline_gad=plan.rebaseline_gad,
            rebaseline_clinical=plan.rebaseline_clinical,
            mri_counts=plan.mri_counts,
            regions=plan.regions,
            scan_tolerance_days=days,
            visit_tolerance_days=days,
            missing=plan.missing,
        )
    except RanvierError as error:
        raise InputError(f"[neda] of trial.toml: {error}") from error


def _choices(trial: Trial, plan: NedaPlan, definition: course.NedaDefinition) -> tuple[str, ...]:
    """Say what the protocol chose, what is a default, and where the window ends."""
    said = []
    if trial.protocol.neda is None:
        said.append(
            "trial.toml has no part [neda]: these are the rules of the preset, without a re-baseline scan."
        )
    elif definition.rebaseline is None:
        said.append("By trial.toml there is no re-baseline scan: everything from the first dose on counts.")
    else:
        days = "day {} to {}".format(*definition.rebaseline)
        which = days if plan.rebaseline_visit is None else f"{plan.rebaseline_visit} ({days})"
        said.append(f"By trial.toml the new baseline is the scan of {which}.")
    if trial.protocol.visits:
        last = trial.protocol.schedule.row(-1, named=True)
        low, high = last["low_day"], last["high_day"]
        if plan.tolerance_days is not None:
            low, high = (last["planned_day"] + sign * plan.tolerance_days for sign in (-1, 1))
        said.append(
            f"The window ends at {last['visit']} (day {last['planned_day']}); what serves its end lies from "
            f"day {low} to day {high}."
        )
    if trial.protocol.disease != "MS":
        said.append("NEDA was made for MS; what it means in NMOSD is not established.")
    return tuple(said)


def _no_window(trial: Trial, plan: NedaPlan, definition: course.NedaDefinition) -> str:
    """Say why nothing can be judged at all; nothing when it can."""
    last = trial.protocol.schedule["planned_day"].max() if trial.protocol.visits else None
    from_day = definition.start_day if definition.rebaseline is None else definition.rebaseline[1]
    if not isinstance(last, int) or last <= from_day:
        return (
            f"{plan.definition.upper()} cannot be judged: no visit is planned after day {from_day}, on which "
            "its window begins."
        )
    if "brain_volume" in definition.components and not _has_volume(trial):
        return (
            f"{plan.definition.upper()} cannot be judged: mri.csv has no column "
            f'{course.BRAIN_VOLUME_COLUMN} with values; add it, or write definition = "neda-3" in [neda].'
        )
    return ""


def _scans(trial: Trial, definition: course.NedaDefinition) -> pl.DataFrame | None:
    """Give the scans; the change of brain volume is read as a number."""
    if "mri" not in trial.recorded:
        return None
    if "brain_volume" not in definition.components:
        return trial.mri
    name = course.BRAIN_VOLUME_COLUMN
    read = trial.mri.with_columns(pl.col(name).cast(pl.Float64, strict=False).alias("read"))
    wrong = read.filter(pl.col("read").is_null() & pl.col(name).is_not_null())
    if wrong.height:
        row = wrong.row(0, named=True)
        raise InputError(
            f"mri: {name} of {row['subject']!r} on day {row['day']} is {row[name]!r}; it must be a number, % "
            "per year, a loss negative."
        )
    return read.with_columns(pl.col("read").alias(name)).drop("read")


def _failed(status: course.NedaStatus) -> pl.DataFrame:
    """Count the patients in whom each component failed first, and those with any activity in it."""
    rows = [
        {
            "component": name,
            "first": status.table.filter(pl.col("first_failing_component") == name).height,
            "any": status.table.filter(pl.col(name) == "active").height,
        }
        for name in status.definition.components
    ]
    return pl.DataFrame(rows, schema=FAILED_SCHEMA)


def _missing(status: course.NedaStatus) -> pl.DataFrame:
    """Count the patients in whom each component is not known, by reason."""
    words = {name.replace("_", " "): name for name in status.definition.components}
    order = {name: place for place, name in enumerate(status.definition.components)}
    counts = (
        status.trace.filter(pl.col("outcome") == "missing")
        .with_columns(pl.col("step").replace(words).alias("component"))
        .group_by("component", "reason")
        .agg(pl.col("subject").n_unique().cast(pl.Int64).alias("patients"))
    )
    place = pl.col("component").replace_strict(order, return_dtype=pl.Int64)
    said = pl.col("reason").replace(status.reasons)
    return counts.sort(place, -pl.col("patients"), "reason").with_columns(said).select(list(MISSING_SCHEMA))


def _shares(
    trial: Trial, status: course.NedaStatus, visit: str
) -> tuple[tuple[str, ...], tuple[Estimate, ...], tuple[str, ...]]:
    """Give why an arm has no share, the shares, and the bounds over all treated patients."""
    label = status.definition.name.upper()
    why_not, shares, bounds = [], [], []
    for arm, rows in by_arm(trial, status.table):
        n = rows.height
        counts = {word: rows.filter(status=word).height for word in ("neda", "failed", "not evaluable")}
        if not n:
            continue
        names = status.definition.components
        unknown = [name for name in names if rows.filter(pl.col(name) != "missing").is_empty()]
        strict = status.definition.missing == "strict"
        if unknown and (strict or len(unknown) == len(names)):
            why_not.append(_why_not(label + arm, _listed(unknown, status), counts["failed"], n))
            continue
        if unknown:
            bounds.append(
                f"{_listed(unknown, status)} not known in anybody{arm}: the share is not {label} but "
                "freedom from activity in the other components."
            )
        judged = counts["neda"] + counts["failed"]
        if not judged:
            why_not.append(
                f"{label}{arm} cannot be judged: none of {plural(n, 'treated patient')} is evaluable."
            )
            continue
        shares.append(
            stats.proportion(
                counts["neda"],
                judged,
                quantity=f"patients with {label} up to {visit}{arm}",
                left_out=(LeftOut(n=n - judged, reason="treated patients who are not evaluable"),),
            )
        )
        if judged < n:
            bounds.append(
                f"{judged} of {plural(n, 'treated patient')}{arm} are evaluable. A patient with activity is "
                "evaluable whatever else is missing, one without only when everything is known, so that the "
                f"share may be too low: of all {n} treated, {counts['neda']} to {n - counts['failed']} have "
                f"{label}."
            )
    return tuple(why_not), tuple(shares), tuple(bounds)


def _listed(unknown: list[str], status: course.NedaStatus) -> str:
    """Name components as the subject of a sentence, with its verb."""
    regions = f" ({' and '.join(status.definition.regions)})"
    words = [COMPONENT_WORDS[name] + (regions if name == "mri" else "") for name in unknown]
    first, last = words[:-1], words[-1]
    said = f"{', '.join(first)} and {last}" if first else last
    text = f"{said} {'is' if unknown in (['worsening'], ['brain_volume']) else 'are'}"
    return text[:1].upper() + text[1:]


def _why_not(label: str, unknown: str, failed: int, n: int) -> str:
    """Say which components are known in nobody, and who has failed all the same."""
    patients = "the one treated patient" if n == 1 else f"any of {n} treated patients"
    text = f"{label} cannot be judged. {unknown} not known up to the end of the window in {patients}."
    if failed:
        text += (
            f" {plural(failed, 'patient')} failed on another component; no share is given, because nobody "
            "who did not fail can be shown to have it."
        )
    return text
