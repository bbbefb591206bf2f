"""Every number on harm of a trial: counts, comparisons, bounds, and where its stopping rules stand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from ranvier import evidence, safety, stats
from ranvier.errors import InputError
from ranvier.evidence import SeriousEvents
from ranvier.result import Derivation, json_ready
from ranvier.stats import EventComparison, StoppingState
from ranvier.trial import StoppingRule, Trial

__all__ = ["Harms", "RuleState", "analyse_harms"]

LARGEST_EXACT = 20
"""Patients per arm up to whom difference and ratio get their exact interval, a quarter of a second for each
pair of counts; above it the score interval of Miettinen and Nurminen, a hundred times faster."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleState:
    """One stopping rule of the protocol and where the trial stands.

    Parameters
    ----------
    rule : StoppingRule
        The rule as the protocol gives it.
    counted : Derivation
        The patients as the rule counts them.
    state : StoppingState
        The boundary, the counts and the decision.
    """

    rule: StoppingRule
    counted: Derivation
    state: StoppingState

    def to_dict(self) -> dict[str, object]:
        """Give rule, counts and state, JSON-ready.

        Returns
        -------
        dict
            Keys rule, counted, boundary, state.
        """
        ready: dict[str, object] = json_ready(
            {
                "rule": self.rule,
                "counted": self.counted.table,
                "boundary": self.state.boundary.to_dict(),
                "state": self.state.text(),
                "explanation": self.state.explain(),
            }
        )
        return ready


@dataclass(frozen=True, kw_only=True, eq=False)
class Harms:
    """Every number on harm of a trial.

    Parameters
    ----------
    incidence : Incidence
        Patients, events and person-years by arm and kind of event.
    classes : tuple of str
        Classes of events of which something can be said: those whose flag was filled in for every event.
    comparison : EventComparison or None
        Risk difference and ratio against the control arm; None without a control arm that was treated.
    worst : WorstGrade or None
        Worst grade of each patient; None when no grade was recorded.
    listing : Derivation
        Every serious event.
    none_seen : Derivation
        Upper bounds for the classes that nobody had.
    first : FirstEvents
        Time to the first event.
    over_time : CumulativeEvents
        Events and exposure over time.
    rules : tuple of RuleState
        Stopping rules that are boundaries.
    registry : SeriousEvents or None
        Serious events of the same family of cells in the registry; None when the cells are not named.
    """

    incidence: safety.Incidence
    classes: tuple[str, ...]
    comparison: EventComparison | None
    worst: safety.WorstGrade | None
    listing: Derivation
    none_seen: Derivation
    first: safety.FirstEvents
    over_time: safety.CumulativeEvents
    rules: tuple[RuleState, ...]
    registry: SeriousEvents | None


def analyse_harms(trial: Trial, *, by: str | None = None, among: str = "any") -> Harms:
    """Give every number on harm of a trial.

    Parameters
    ----------
    trial : Trial
        A trial whose adverse events were recorded.
    by : str, optional
        Grouping of `ranvier.safety.incidence`; "nested" where body systems were recorded, else "term".
    among : str
        Class of events that is tabulated and drawn; the listing is of serious ones always.

    Returns
    -------
    Harms
        Counts, comparison with the control arm, bounds, curves, and the state of each stopping rule.

    Raises
    ------
    InputError
        When adverse events were not recorded, or as the functions of `ranvier.safety` and `ranvier.stats`.
    """
    if "adverse_events" not in trial.recorded:
        raise InputError(
            "this trial has no table of adverse events; add adverse_events.csv (with its header alone when "
            "there were none)."
        )
    events, people = trial.adverse_events, trial.subjects
    if trial.protocol.adverse_events_recorded == "serious" and among == "any":
        among = "serious"
    coded = events["body_system"].null_count() < events.height
    chosen = by or ("nested" if coded else "term")
    counted = safety.incidence(events, people, by=chosen, among=among)
    shown = _known_classes(trial)
    none_seen = stats.zero_events(safety.incidence(events, people))
    graded = events["grade"].null_count() < events.height
    return Harms(
        incidence=counted,
        classes=shown,
        comparison=_comparison(trial, counted),
        worst=safety.worst_grade(events, people, among=among) if graded else None,
        listing=safety.serious_listing(events, people),
        none_seen=replace(none_seen, table=none_seen.table.filter(pl.col("event").is_in(shown))),
        first=safety.first_events(events, people, among=among),
        over_time=safety.cumulative_events(events, people, among=among),
        rules=tuple(_state(trial, rule) for rule in trial.protocol.stopping_rules if rule.method),
        registry=_registry(trial),
    )


def _known_classes(trial: Trial) -> tuple[str, ...]:
    """Give the classes of events whose flag was filled in for every event."""
    if trial.protocol.adverse_events_recorded == "serious":
        return ("serious", "fatal")
    flags = ("related", "procedure_related")
    unknown = {name for name in flags if trial.adverse_events[name].null_count()}
    return tuple(name for name in safety.EVENT_CLASSES if name not in unknown)


def _comparison(trial: Trial, counted: safety.Incidence) -> EventComparison | None:
    """Compare every treated arm with the first control arm."""
    treated = dict(counted.table.filter(pl.col("n") > 0).select("arm", "n").unique().iter_rows())
    controls = [arm.id for arm in trial.protocol.arms if arm.role == "control" and arm.id in treated]
    others = sorted(set(treated) - set(controls[:1]))
    if not controls or not others:
        return None
    small = max(treated.values()) <= LARGEST_EXACT
    method = "exact" if small else "miettinen-nurminen"
    return stats.compare_events(counted, reference=controls[0], arms=others, method=method)


def _state(trial: Trial, rule: StoppingRule) -> RuleState:
    """Count the patients as the rule says and hold them against its boundary."""
    arms = rule.arms or tuple(arm.id for arm in trial.protocol.arms if arm.role == "experimental")
    held = set(trial.subjects["arm"].unique())
    counted = safety.monitored_patients(
        trial.adverse_events,
        trial.subjects,
        events=rule.events,
        min_grade=rule.min_grade,
        window_days=rule.window_days,
        arms=[arm for arm in arms if arm in held],
    )
    boundary = stats.stopping_rule(
        rule.looks or rule.max_n or 0,
        limit=rule.limit or 0.0,
        method=rule.method or "binomial",
        level=rule.level,
        prior=rule.prior or None,
        event=_event_words(rule),
    )
    rows = counted.table
    if rule.method == "poisson":
        state = boundary.state(int(rows["events"].sum()), float(rows["years"].sum()))
    else:
        known = rows.filter(pl.col("status") != "pending")
        state = boundary.state(known.filter(status="event").height, known.height)
    return RuleState(rule=rule, counted=counted, state=state)


def _event_words(rule: StoppingRule) -> str:
    """Name what the rule counts, as the end of a sentence."""
    adjectives = {"related": "related", "procedure_related": "procedure-related"}
    words = [adjectives.get(name, name) for name in rule.events if name != "any"]
    text = " ".join(["a", *words, "event"]) if words else "an event"
    text += f" of grade {rule.min_grade} or more" if rule.min_grade else ""
    return text + (f" within {rule.window_days} days" if rule.window_days is not None else "")


def _registry(trial: Trial) -> SeriousEvents | None:
    cells = trial.protocol.product.cell_class
    if cells is None:
        return None
    own = [trial.protocol.study_id] if trial.protocol.study_id else []
    return evidence.serious_events(cell_class=cells, leave_out=own)
