"""Results posted at ClinicalTrials.gov, read from a file of its API: flow, baseline, outcomes, harms."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError
from ranvier.evidence._record import Part, content
from ranvier.result import Fit, json_ready, plural
from ranvier.stats import proportion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PostedResults", "read_clinicaltrials"]

TEXT, WHOLE, NUMBER = pl.String, pl.Int64, pl.Float64
_FLOW = {"period": TEXT, "milestone": TEXT, "arm": TEXT, "patients": WHOLE}
_VALUES = {"class": TEXT, "category": TEXT, "arm": TEXT, "n": WHOLE, "counted": TEXT, "value": TEXT}
_SPREAD = {"value_number": NUMBER, "spread": NUMBER, "low": NUMBER, "high": NUMBER}
_MEASURE = {"measure": TEXT, "statistic": TEXT, "dispersion": TEXT, "unit": TEXT}
_OUTCOMES = {"type": TEXT, **_MEASURE, "time_frame": TEXT, **_VALUES, **_SPREAD}
_ANALYSES = {
    "measure": TEXT,
    "arms": TEXT,
    "statistic": TEXT,
    "value": NUMBER,
    "level": NUMBER,
    "sides": TEXT,
}
_ANALYSES |= {"low": NUMBER, "high": NUMBER, "p_value": TEXT, "method": TEXT}
_TOTALS = {"arm": TEXT, "harm": TEXT, "patients": WHOLE, "n": WHOLE}
_HARMS: dict[str, Any] = {
    "seriousness": TEXT,
    "term": TEXT,
    "body_system": TEXT,
    "assessment": TEXT,
    "arm": TEXT,
}
_HARMS |= {"patients": WHOLE, "events": WHOLE, "n": WHOLE}


@dataclass(frozen=True, kw_only=True, eq=False)
class PostedResults:
    """What one trial posted at ClinicalTrials.gov.

    Parameters
    ----------
    registration, title : str
        NCT number and brief title.
    version : str or None
        Version of the record.
    status : str or None
        Overall status.
    enrolled : int or None
        Enrolment; `enrolment_type` says whether it is ACTUAL or ESTIMATED.
    enrolment_type, allocation, model, masking : str or None
        As the record words them.
    frequency_threshold, harm_time_frame : str or None
        Percentage above which other events are listed, and how long events were collected.
    flow : polars.DataFrame
        period, milestone (STARTED, COMPLETED, or the reason of a withdrawal), arm, patients.
    baseline, outcomes : polars.DataFrame
        type (PRIMARY, ...; outcomes only), measure, statistic, dispersion, unit, time_frame (outcomes only),
        class, category, arm, n (of the units in `counted`), value as posted, and as numbers value_number,
        spread, low, high.
    analyses : polars.DataFrame
        measure, arms, statistic, value, level (percent), sides, low, high, p_value as posted, method.
    harm_totals : polars.DataFrame
        arm, harm ("death", "serious", "other"), patients, n; null where nothing was posted, which is not 0.
    harms : polars.DataFrame
        seriousness, term, body_system, assessment, arm, patients, events, n.
    """

    registration: str
    title: str
    version: str | None
    status: str | None
    enrolled: int | None
    enrolment_type: str | None
    allocation: str | None
    model: str | None
    masking: str | None
    frequency_threshold: str | None
    harm_time_frame: str | None
    flow: pl.DataFrame
    baseline: pl.DataFrame
    outcomes: pl.DataFrame
    analyses: pl.DataFrame
    harm_totals: pl.DataFrame
    harms: pl.DataFrame

    @property
    def started(self) -> int | None:
        """Give the patients who started the first period; None when that was not posted for every arm."""
        rows = self.flow.filter(milestone="STARTED")
        first = rows.filter(pl.col("period") == rows["period"][0]) if rows.height else rows
        return int(first["patients"].sum()) if first.height and not first["patients"].null_count() else None

    def explain(self) -> str:
        """Say in plain sentences what was posted, and what is missing.

        Returns
        -------
        str
            Sentences.
        """
        outcomes = plural(self.outcomes["measure"].n_unique(), "outcome")
        analyses = plural(self.analyses.height, "analysis", "analyses")
        kinds = plural(self.harms["term"].n_unique(), "kind")
        posted = f"{outcomes}, {analyses}, {kinds} of adverse event posted."
        lines = [f"{self.registration}: {self.title}. {posted}"]
        if self.started is not None and self.enrolled is not None and self.started != self.enrolled:
            lines.append(f"Enrolled {self.enrolled}, started {self.started}.")
        for row in self.harm_totals.iter_rows(named=True):
            if row["patients"] is None or row["n"] is None:
                lines.append(f"{row['harm']}, {row['arm']}: not posted, which is not the same as none.")
            elif row["n"]:
                share = proportion(row["patients"], row["n"])
                lines.append(f"{row['harm']}, {row['arm']}: {row['patients']} of {row['n']}, {share.text()}.")
        if self.frequency_threshold not in (None, "0"):
            lines.append(f"Other events are listed above {self.frequency_threshold} % in an arm only.")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of patients with a serious event in each arm, with its exact interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        rows = self.harm_totals.filter(pl.col("harm") == "serious", pl.col("n") > 0).drop_nulls("patients")
        shares = tuple(
            proportion(row["patients"], row["n"], quantity=f"serious event, {row['arm']}")
            for row in rows.iter_rows(named=True)
        )
        return Fit(title=self.registration, estimates=shares, method_text="").plot(ax)

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.explain())}</p>"


def read_clinicaltrials(path: str | os.PathLike[str]) -> PostedResults:
    """Read the posted results of one trial from a file of the ClinicalTrials.gov API.

    Parameters
    ----------
    path : path
        JSON of one study as `https://clinicaltrials.gov/api/v2/studies/NCT...` gives it (API version 2).

    Returns
    -------
    PostedResults
        Participant flow, baseline, outcomes, analyses and adverse events, with arms by their titles.

    Raises
    ------
    InputError
        When the file is no JSON of one study, it has no results, or a field holds what cannot be; the message
        names the file and the field.

    Notes
    -----
    Arms have another id in each part of the record (FG000, BG000, OG000, EG000); they are matched by nothing
    but their title within each part. What was not posted stays null. An event that is rarer than the
    frequency threshold in every arm may not be listed.

    References
    ----------
    ClinicalTrials.gov, data structure of studies, API v2, https://clinicaltrials.gov/data-api/about-api

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.evidence.read_clinicaltrials("no-such-file.json")
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: there is no file 'no-such-file.json'; give the JSON of one study.
    """
    record = Part(content(path), Path(path).name, "")
    protocol, results = (
        record.part("protocolSection", needed=True),
        record.part("resultsSection", needed=True),
    )
    design = protocol.part("designModule")
    info, enrolment = design.part("designInfo"), design.part("enrollmentInfo")
    named = protocol.part("identificationModule", needed=True)
    harms = results.part("adverseEventsModule")
    measured = results.part("outcomeMeasuresModule")
    arms = harms.titles("eventGroups")
    listed = [*_events(harms, "seriousEvents", arms), *_events(harms, "otherEvents", arms)]
    return PostedResults(
        registration=named.text("nctId") or "",
        title=named.text("briefTitle") or "",
        version=record.part("derivedSection").part("miscInfoModule").text("versionHolder"),
        status=protocol.part("statusModule").text("overallStatus"),
        enrolled=enrolment.whole("count"),
        enrolment_type=enrolment.text("type"),
        allocation=info.text("allocation"),
        model=info.text("interventionModel"),
        masking=info.part("maskingInfo").text("masking"),
        frequency_threshold=harms.text("frequencyThreshold"),
        harm_time_frame=harms.text("timeFrame"),
        flow=_table(_flow(results.part("participantFlowModule")), _FLOW),
        baseline=_table(
            _baseline(results.part("baselineCharacteristicsModule")), _MEASURE | _VALUES | _SPREAD
        ),
        outcomes=_table(_outcomes(measured), _OUTCOMES),
        analyses=_table(_analyses(measured), _ANALYSES),
        harm_totals=_table(_totals(harms), _TOTALS),
        harms=_table(listed, _HARMS),
    )


def _table(rows: Any, schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")


def _flow(part: Part) -> Iterator[dict[str, Any]]:
    arms = part.titles()
    for period in part.parts("periods"):
        for kind, counts in (("milestones", "achievements"), ("dropWithdraws", "reasons")):
            for step in period.parts(kind):
                for count in step.parts(counts):
                    yield {
                        "period": period.text("title"),
                        "milestone": step.text("type"),
                        "arm": arms.get(count.text("groupId") or ""),
                        "patients": count.whole("numSubjects"),
                    }


def _counts(part: Part) -> dict[str, tuple[int | None, str | None]]:
    """Give the denominators of groups, with what they count."""
    return {
        count.text("groupId") or "": (count.whole("value"), denominator.text("units"))
        for denominator in part.parts("denoms")
        for count in denominator.parts("counts")
    }


def _values(measure: Part, arms: Mapping[str, str], whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the values of one measure; a class may have denominators of its own."""
    for group in measure.parts("classes"):
        counts = {**whole, **_counts(group)}
        for category in group.parts("categories"):
            for value in category.parts("measurements"):
                n, counted = counts.get(value.text("groupId") or "", (None, None))
                yield {
                    "measure": measure.text("title"),
                    "statistic": measure.text("paramType"),
                    "dispersion": measure.text("dispersionType"),
                    "unit": measure.text("unitOfMeasure"),
                    "class": group.text("title"),
                    "category": category.text("title"),
                    "arm": arms.get(value.text("groupId") or ""),
                    "n": n,
                    "counted": counted,
                    "value": value.text("value"),
                    "value_number": value.number("value"),
                    "spread": value.number("spread"),
                    "low": value.number("lowerLimit"),
                    "high": value.number("upperLimit"),
                }


def _baseline(part: Part) -> Iterator[dict[str, Any]]:
    arms, whole = part.titles(), _counts(part)
    for measure in part.parts("measures"):
        yield from _values(measure, arms, {**whole, **_counts(measure)})


def _outcomes(part: Part) -> Iterator[dict[str, Any]]:
    for measure in part.parts("outcomeMeasures"):
        more = {"type": measure.text("type"), "time_frame": measure.text("timeFrame")}
        for row in _values(measure, measure.titles(), _counts(measure)):
            yield {**more, **row}


def _analyses(part: Part) -> Iterator[dict[str, Any]]:
    for measure in part.parts("outcomeMeasures"):
        arms = measure.titles()
        for analysis in measure.parts("analyses"):
            ids = analysis.content.get("groupIds") or []
            low, high = analysis.number("ciLowerLimit"), analysis.number("ciUpperLimit")
            if low is not None and high is not None and low > high:
                raise InputError(
                    f"{part.file}: {analysis.at('ciLowerLimit')} is {low:g}, above ciUpperLimit {high:g}."
                )
            yield {
                "measure": measure.text("title"),
                "arms": " | ".join(arms.get(each, each) for each in ids),
                "statistic": analysis.text("paramType"),
                "value": analysis.number("paramValue"),
                "level": analysis.number("ciPctValue"),
                "sides": analysis.text("ciNumSides"),
                "low": low,
                "high": high,
                "p_value": analysis.text("pValue"),
                "method": analysis.text("statisticalMethod"),
            }


def _among(part: Part, affected: str, at_risk: str) -> tuple[int | None, int | None]:
    """Give patients affected and at risk, which cannot be fewer."""
    patients, n = part.whole(affected), part.whole(at_risk)
    if patients is not None and n is not None and patients > n:
        raise InputError(f"{part.file}: {part.at(affected)} is {patients}, more than {at_risk} {n}.")
    return patients, n


def _totals(part: Part) -> Iterator[dict[str, Any]]:
    for group in part.parts("eventGroups"):
        for harm, name in (("death", "deaths"), ("serious", "serious"), ("other", "other")):
            patients, n = _among(group, f"{name}NumAffected", f"{name}NumAtRisk")
            yield {"arm": group.text("title"), "harm": harm, "patients": patients, "n": n}


def _events(part: Part, name: str, arms: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for event in part.parts(name):
        for count in event.parts("stats"):
            patients, n = _among(count, "numAffected", "numAtRisk")
            yield {
                "seriousness": name.removesuffix("Events"),
                "term": event.text("term"),
                "body_system": event.text("organSystem"),
                "assessment": event.text("assessmentType"),
                "arm": arms.get(count.text("groupId") or ""),
                "patients": patients,
                "events": count.whole("numEvents"),
                "n": n,
            }
