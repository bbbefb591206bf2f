"""The protocol of a trial: what was planned, in the words of trial.toml."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.trial._toml import build
from ranvier.trial.bias import RiskOfBias
from ranvier.trial.entry import Entry
from ranvier.trial.estimand import Estimand
from ranvier.trial.lesion_plan import LesionPlan
from ranvier.trial.neda_plan import NedaPlan
from ranvier.trial.stopping import StoppingRule

__all__ = [
    "CELL_CLASSES",
    "DATA_KINDS",
    "DESIGNS",
    "ENDPOINT_KINDS",
    "Arm",
    "Endpoint",
    "Invented",
    "Margin",
    "Product",
    "Protocol",
    "Source",
    "VisitWindow",
]

DATA_KINDS = ("patients", "reconstruction", "simulated")
"""Every kind of data; all but "patients" put a banner on every page."""

DESIGNS: dict[str, str] = {
    "case_report": "uncontrolled",
    "case_series": "uncontrolled",
    "cohort": "uncontrolled",
    "cohort_retrospective": "uncontrolled",
    "single_arm": "uncontrolled",
    "dose_escalation": "uncontrolled",
    "dose_finding": "uncontrolled",
    "single_arm_before_after": "before-after",
    "single_arm_external_control": "external control",
    "controlled_unclear_randomisation": "unclear",
    "rct_parallel": "randomised",
    "rct_parallel_with_compassionate_crossover": "randomised",
    "rct_crossover": "randomised",
    "rct_crossover_3arm": "randomised",
    "rct_3arm": "randomised",
    "rct_3stage": "randomised",
    "rct_stepped_wedge": "randomised",
}
"""Every design, and the class of control that caps what it can show."""

CELL_CLASSES = (
    "MSC",
    "MSC-like (PDA-001)",
    "MSC-NP",
    "MSC-NTF",
    "NSC",
    "BM-MNC",
    "SVF",
    "aHSCT",
)
"""Every class of cells, as the evidence registry writes them."""

ENDPOINT_KINDS = (
    "edss_responder",
    "edss_change",
    "confirmed_worsening",
    "confirmed_improvement",
    "relapse_rate",
    "lesion_count",
    "lesion_volume",
    "acuity",
    "serious_event",
)
"""Every kind of endpoint."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One arm of the trial."""

    id: str
    label: str
    role: str = "experimental"
    planned_n: int | None = None

    def __post_init__(self) -> None:
        require_choice(f"role of arm {self.id!r}", self.role, ("experimental", "control"))


@dataclass(frozen=True, kw_only=True)
class Product:
    """What was given, item by item of the DOSES recommendations for reporting cell therapies.

    DOSES: Donor, Origin of tissue, Separation from other cells, Exhibited cell characteristics, Site of
    delivery (Murray et al. 2019, J Bone Joint Surg Am 101:904-911, doi 10.2106/JBJS.18.00915). None = not
    reported.
    """

    cell_class: str | None = None
    donor: str | None = None
    origin: str | None = None
    separation: str | None = None
    exhibited: str | None = None
    site: str | None = None
    dose: str | None = None
    schedule: str | None = None
    co_intervention: str | None = None

    def __post_init__(self) -> None:
        if self.cell_class is not None:
            require_choice("cell_class", self.cell_class, CELL_CLASSES)


@dataclass(frozen=True, kw_only=True)
class VisitWindow:
    """One scheduled visit; `window` is the days allowed before (negative or 0) and after its day."""

    label: str
    day: int
    window: tuple[int, int] = (0, 0)
    baseline: bool = False

    def __post_init__(self) -> None:
        if len(self.window) != 2 or self.window[0] > 0 or self.window[1] < 0:
            raise InputError(
                f"window of visit {self.label!r} is {list(self.window)}; write [days early as 0 or less, "
                "days late as 0 or more], such as [-14, 14]."
            )


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One planned endpoint; `definition` names a preset of `ranvier.course`, `visit` a scheduled visit."""

    id: str
    title: str
    kind: str
    visit: str | None = None
    definition: str | None = None
    primary: bool = False

    def __post_init__(self) -> None:
        require_choice(f"kind of endpoint {self.id!r}", self.kind, ENDPOINT_KINDS)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a fact of this trial was read."""

    id: str
    citation: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Margin:
    """One published number that a reconstruction was made to match."""

    text: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Invented:
    """One column of a reconstruction that no source gives, and how it was filled."""

    table: str
    column: str
    how: str


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What was planned: design, product, arms, visits with windows, endpoints, sources.

    Parameters
    ----------
    id, title : str
        Short name and full title.
    design : str
        One of `DESIGNS`.
    data_kind : {"patients", "reconstruction", "simulated"}
        Anything but "patients" puts a banner on every page.
    disease : {"MS", "NMOSD", "mixed"}
        Disease of the trial.
    masking : str, optional
        Who did not know the treatment; None = not reported.
    ambulation_coding : {"0-16", "0-12"}, optional
        Coding of the ambulation column; there is no default, so it must be set before grades are scored.
    edss_scheme : str
        Scoring scheme of `ranvier.scales`.
    registration : str, optional
        Registry number.
    registered_n : int, optional
        Enrolment that the registry gives; compared with the patients at hand.
    study_id : str, optional
        Id of this trial in the evidence registry, if it is there.
    adverse_events_recorded : {"all", "serious"}
        Whether every adverse event was recorded or only the serious ones; with "serious" nothing is said
        about the others.
    estimand : Estimand, optional
        What the trial wants to know, by ICH E9(R1).
    product, arms, visits, endpoints, stopping_rules, sources, margins, invented
        The parts; see their classes.
    entry : Entry, optional
        Relapses that a patient must have had to enter; None = not stated.
    neda : NedaPlan, optional
        How no evidence of disease activity is judged; the preset neda-3 when None.
    risk_of_bias : RiskOfBias, optional
        Risk of bias as people judged it.
    lesions : LesionPlan, optional
        How lesions of masks are counted; `LesionPlan()` when None.
    notes : tuple of str
        Sentences for the reader.
    """

    id: str
    title: str
    design: str
    data_kind: str
    disease: str
    masking: str | None = None
    ambulation_coding: str | None = None
    edss_scheme: str = "neurostatus"
    registration: str | None = None
    registered_n: int | None = None
    study_id: str | None = None
    adverse_events_recorded: str = "all"
    product: Product = Product()
    arms: tuple[Arm, ...] = ()
    visits: tuple[VisitWindow, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    stopping_rules: tuple[StoppingRule, ...] = ()
    sources: tuple[Source, ...] = ()
    margins: tuple[Margin, ...] = ()
    invented: tuple[Invented, ...] = ()
    entry: Entry | None = None
    neda: NedaPlan | None = None
    lesions: LesionPlan | None = None
    risk_of_bias: RiskOfBias | None = None
    notes: tuple[str, ...] = ()
    estimand: Estimand | None = None

    def __post_init__(self) -> None:
        require_choice("design", self.design, DESIGNS)
        require_choice("data_kind", self.data_kind, DATA_KINDS)
        require_choice("disease", self.disease, ("MS", "NMOSD", "mixed"))
        if self.ambulation_coding is not None:
            require_choice("ambulation_coding", self.ambulation_coding, ("0-16", "0-12"))
        require_choice("edss_scheme", self.edss_scheme, ("neurostatus", "kurtzke1983"))
        require_choice("adverse_events_recorded", self.adverse_events_recorded, ("all", "serious"))
        self._require_unique("arms", [arm.id for arm in self.arms])
        self._require_unique("visits", [visit.label for visit in self.visits])
        self._require_unique("endpoints", [endpoint.id for endpoint in self.endpoints])
        self._require_unique("stopping_rules", [rule.id for rule in self.stopping_rules])
        for rule in self.stopping_rules:
            for arm in rule.arms:
                require_choice(f"arm of stopping rule {rule.id!r}", arm, [each.id for each in self.arms])
        baselines = [visit.label for visit in self.visits if visit.baseline]
        if self.visits and len(baselines) != 1:
            raise InputError(f"exactly one visit must have baseline = true; found {baselines or 'none'}.")
        controls = [arm.id for arm in self.arms if arm.role == "control"]
        if controls and self.control in ("uncontrolled", "before-after"):
            raise InputError(
                f"design {self.design!r} has no control group, but the arms {controls} have the role "
                "'control'; correct the design or the role."
            )
        labels = [visit.label for visit in self.visits]
        for endpoint in self.endpoints:
            if endpoint.visit is not None:
                require_choice(f"visit of endpoint {endpoint.id!r}", endpoint.visit, labels)
        self._check_rebaseline(labels)

    def _check_rebaseline(self, labels: list[str]) -> None:
        """Refuse a re-baseline at a visit that is not planned, or whose window begins before treatment."""
        if self.neda is None or self.neda.rebaseline_visit is None:
            return
        require_choice("rebaseline_visit of [neda]", self.neda.rebaseline_visit, labels)
        low, _ = self.neda.rebaseline_window(self.schedule) or (1, 1)
        if low <= 0:
            raise InputError(
                f"rebaseline_visit of [neda] is {self.neda.rebaseline_visit!r}, whose window begins on day "
                f"{low}; the new baseline must come after the first dose (day 0)."
            )

    @staticmethod
    def _require_unique(what: str, names: list[str]) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"{what} of trial.toml: {twice} stand there more than once; each may stand once."
            )

    @property
    def control(self) -> str:
        """Give the class of control: uncontrolled, before-after, external control, unclear or randomised."""
        return DESIGNS[self.design]

    @property
    def baseline(self) -> VisitWindow | None:
        """Give the baseline visit, or None when no visits are planned."""
        return next((visit for visit in self.visits if visit.baseline), None)

    @property
    def schedule(self) -> pl.DataFrame:
        """Give the scheduled visits as a table.

        Returns
        -------
        polars.DataFrame
            Columns visit, planned_day, low_day, high_day, baseline; one row per scheduled visit, in
            order of day.
        """
        rows = [
            {
                "visit": visit.label,
                "planned_day": visit.day,
                "low_day": visit.day + visit.window[0],
                "high_day": visit.day + visit.window[1],
                "baseline": visit.baseline,
            }
            for visit in sorted(self.visits, key=lambda visit: visit.day)
        ]
        days = dict.fromkeys(("planned_day", "low_day", "high_day"), pl.Int64)
        return pl.DataFrame(rows, schema={"visit": pl.String, **days, "baseline": pl.Boolean})

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Protocol:
        """Build a protocol from the content of trial.toml.

        Parameters
        ----------
        content : mapping
            As `tomllib` reads the file: the table `trial`, and `product`, `arms`, `visits`, `endpoints`,
            `stopping_rules`, `sources`, `margins`, `invented`, `entry`, `neda`, `lesions`, `estimand`,
            `risk_of_bias`.

        Returns
        -------
        Protocol
            The checked protocol.

        Raises
        ------
        InputError
            When a key is unknown, missing or of the wrong type.
        """
        if not isinstance(content.get("trial"), Mapping):
            raise InputError(
                "trial.toml: the table [trial] is missing; it must hold id, title, design, data_kind and "
                "disease."
            )
        parts = {key: value for key, value in content.items() if key != "trial"}
        doubled = sorted(set(parts) & set(content["trial"]))
        if doubled:
            raise InputError(f"trial.toml: {doubled} stand both in [trial] and outside it; keep one.")
        built: Protocol = build(cls, {**content["trial"], **parts}, "trial.toml")
        return built
