"""A protocol from the trial design of SDTM (TS, TA, TV), and what had to be assumed."""

from __future__ import annotations

import re

import polars as pl

from ranvier.errors import InputError
from ranvier.io import _sdtm_codes as codes
from ranvier.io._sdtm_days import day_of
from ranvier.io._sdtm_files import Sources
from ranvier.io._sdtm_rules import once
from ranvier.result import plural
from ranvier.trial import Arm, Protocol, VisitWindow

__all__ = ["build_protocol"]

BASELINE = re.compile(r"\bBASELINE\b|\bDAY 1\b", re.IGNORECASE)
DISEASES = {"MS": "MS", "NMOSD": "NMOSD", "MOGAD": "NMOSD"}
WINDOW_DAYS = 30
"""Half width of the window when a trial has a single visit with a day."""


class _Facts:
    """The parameters of TS."""

    def __init__(self, sources: Sources) -> None:
        self.values: dict[str, str] = {}
        for ts in sources.get("TS"):
            rows = ts.frame.select(ts.upper("TSPARMCD").alias("code"), ts.text("TSVAL").alias("value"))
            for code, value in rows.drop_nulls().iter_rows():
                self.values.setdefault(code, value)

    def get(self, code: str) -> str | None:
        """Give the first value of a parameter."""
        return self.values.get(code)


def build_protocol(
    sources: Sources, arms: pl.DataFrame, screened: int
) -> tuple[Protocol, list[pl.DataFrame]]:
    """Give the protocol that TS, TA, TV and the arms of DM tell, and a finding for each assumption."""
    facts = _Facts(sources)
    study = _study(sources)
    assumed: dict[str, str] = {"data_kind": "patients"}
    made = _arms(sources, arms)
    design = _design(facts, len(made), assumed)
    if design in ("single_arm", "cohort"):
        made = tuple(Arm(id=arm.id, label=arm.label) for arm in made)
    visits = _visits(sources, assumed)
    disease = _disease(sources, facts, assumed)
    scheme = "kurtzke1983" if _has_kfss(sources) else "neurostatus"
    if scheme == "kurtzke1983":
        assumed["edss_scheme"] = "kurtzke1983, as KFSS has the functional systems of Kurtzke 1983"
    title = facts.get("TITLE")
    if title is None:
        assumed["title"] = f"the name of the study, {study}"
    said = [f"{key}: {value}" for key, value in assumed.items()]
    notes = [
        "The protocol was put together from SDTM (TS, TA, TV, DM). Assumed: " + "; ".join(said) + ".",
        "EDSS steps are kept as SDTM gives them: KFSS has no ambulation, so no step can be recomputed.",
    ]
    if screened:
        notes.append(f"{plural(screened, 'subject')} screened and not assigned to an arm; in no table.")
    planned = facts.get("PLANSUB")
    protocol = Protocol(
        id=re.sub(r"[^a-z0-9]+", "-", study.lower()).strip("-") or "sdtm",
        title=title or study,
        design=design,
        data_kind="patients",
        disease=disease,
        masking=(facts.get("TBLIND") or "").lower() or None,
        edss_scheme=scheme,
        registration=facts.get("REGID"),
        registered_n=int(planned) if planned and planned.isdigit() else None,
        arms=made,
        visits=visits,
        notes=tuple(notes),
    )
    file = next((ts.file for ts in sources.get("TS", "DM")), "dm")
    return protocol, [
        once("sdtm-assumed", file=file, column=key, value=value) for key, value in assumed.items()
    ]


def _study(sources: Sources) -> str:
    dm = sources.domains["DM"]
    names = dm.frame.select(dm.text("STUDYID").alias("name"))["name"].drop_nulls().unique(maintain_order=True)
    if len(names) > 1:
        raise InputError(
            f"{dm.file} holds {len(names)} studies ({', '.join(names.head(5))}); give one study at a time."
        )
    return str(names[0]) if len(names) else "SDTM"


def _arms(sources: Sources, seen: pl.DataFrame) -> tuple[Arm, ...]:
    """Give the arms of TA and of DM; one whose name says placebo is the control."""
    named = dict(seen.iter_rows())
    for ta in sources.get("TA"):
        rows = ta.frame.select(
            pl.coalesce(ta.text("ARMCD"), ta.text("ARM")).alias("id"),
            pl.coalesce(ta.text("ARM"), ta.text("ARMCD")).alias("label"),
        )
        for arm, label in rows.drop_nulls().unique("id", maintain_order=True).iter_rows():
            named.setdefault(arm, label)
    control = re.compile(codes.PLACEBO + r"|\bCONTROL\b", re.IGNORECASE)
    return tuple(
        Arm(id=arm, label=label, role="control" if control.search(f"{arm} {label}") else "experimental")
        for arm, label in sorted(named.items())
    )


def _design(facts: _Facts, n_arms: int, assumed: dict[str, str]) -> str:
    model = (facts.get("INTMODEL") or "").upper()
    randomised = (facts.get("RANDOM") or "").upper()
    if n_arms < 2:
        assumed["design"] = "single_arm, as there is one arm"
        return "single_arm"
    if randomised == "Y":
        if "CROSS" in model:
            return "rct_crossover_3arm" if n_arms > 2 else "rct_crossover"
        return "rct_3arm" if n_arms == 3 else "rct_parallel"
    assumed["design"] = "controlled_unclear_randomisation, as TS does not say RANDOM = Y"
    return "controlled_unclear_randomisation"


def _disease(sources: Sources, facts: _Facts, assumed: dict[str, str]) -> str:
    """Give the disease of TS, else of MH; mixed when neither names one."""
    texts = [facts.get("INDIC"), facts.get("TDIGRP"), facts.get("TITLE")]
    for mh in sources.get("MH"):
        texts += (
            mh.frame.select(pl.coalesce(mh.text("MHDECOD"), mh.text("MHTERM")).alias("t"))["t"]
            .unique()
            .to_list()
        )
    named: set[str] = set()
    for text in filter(None, texts):
        found = next((name for pattern, name in codes.DIAGNOSES if re.search(pattern, text.upper())), None)
        named |= {DISEASES[found]} if found else set()
    if len(named) == 1:
        return named.pop()
    indication = facts.get("INDIC") or "nothing"
    assumed["disease"] = "mixed" if named else f"mixed, as TS names neither MS nor NMOSD but {indication}"
    return "mixed"


def _visits(sources: Sources, assumed: dict[str, str]) -> tuple[VisitWindow, ...]:
    """Give the planned visits of TV that have a day; SDTM has no windows, so they reach half way."""
    rows: list[tuple[str, int]] = []
    for tv in sources.get("TV"):
        planned = tv.frame.select(
            tv.text("VISIT").alias("label"),
            day_of(tv.number("VISITDY")).alias("day"),
            tv.number("VISITNUM").alias("n"),
        )
        planned = (
            planned.drop_nulls(["label", "day"]).sort("n").unique("label", keep="first", maintain_order=True)
        )
        rows = list(planned.select("label", "day").iter_rows())
    if not rows:
        assumed["visits"] = "none planned, as TV gives no visit with a day"
        return ()
    baseline = _baseline(rows)
    assumed["visits"] = f"windows reach half way to the next planned visit; baseline is {baseline!r}"
    days = sorted({day for _, day in rows})
    return tuple(
        VisitWindow(label=label, day=day, window=_window(day, days), baseline=label == baseline)
        for label, day in rows
    )


def _baseline(rows: list[tuple[str, int]]) -> str:
    called = [label for label, _ in rows if BASELINE.search(label)]
    before = [(day, label) for label, day in rows if day <= 0]
    if called:
        return called[0]
    return max(before)[1] if before else min((day, label) for label, day in rows)[1]


def _window(day: int, days: list[int]) -> tuple[int, int]:
    """Give the days half way to the planned days before and after; outside, as far as on the other side."""
    before = [day - other for other in days if other < day]
    after = [other - day for other in days if other > day]
    early = min(before) // 2 if before else None
    late = (min(after) - 1) // 2 if after else None
    either = early if late is None else late
    reach = WINDOW_DAYS if either is None else either
    return -(reach if early is None else early), reach if late is None else late


def _has_kfss(sources: Sources) -> bool:
    return any(
        domain.frame.select(domain.upper(f"{domain.name}TESTCD").str.starts_with("KFSS").any()).item()
        or False
        for domain in sources.get("RS", "QS")
    )
