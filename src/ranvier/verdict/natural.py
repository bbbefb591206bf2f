"""What happens without the treatment: facts on the course, on recovery and on examiners, as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ranvier.evidence import Registry
from ranvier.result import json_ready, number, percent
from ranvier.verdict.findings import plain

__all__ = ["NATURAL_SENTENCES", "NaturalFact", "natural_facts"]

NATURAL_SENTENCES: dict[str, tuple[tuple[str, ...], str]] = {
    "improve_half": (
        ("EDSS1Y_improve_ge_0.5",),
        "Without treatment, EDSS fell by at least 0.5 in {0} of yearly intervals in MS.",
    ),
    "improve_one": (
        ("EDSS1Y_improve_ge_1",),
        "Without treatment, EDSS fell by at least 1.0 in {0} of yearly intervals in MS.",
    ),
    "unchanged": (
        ("EDSS1Y_no_change",),
        "Without treatment, EDSS stayed the same in {0} of yearly intervals in MS.",
    ),
    "worse_half": (
        ("EDSS1Y_worsen_ge_0.5",),
        "Without treatment, EDSS rose by at least 0.5 in {0} of yearly intervals in MS.",
    ),
    "worse_one": (
        ("EDSS1Y_worsen_ge_1",),
        "Without treatment, EDSS rose by at least 1.0 in {0} of yearly intervals in MS.",
    ),
    "examiners": (
        ("RATER_66", "RATER_67"),
        "Two examiners of one patient gave the same EDSS in {0}, and within one step (0.5) in at least {1}.",
    ),
    "regression": (
        ("RTM_PRE", "RTM_POST"),
        "Untreated MS chosen for recent relapses went from {0} to {1} a year by regression to the mean.",
    ),
    "recovery": (
        ("REC_VERC_recovery_to_pre-relapse_EDSS_at_6_months",),
        "After a relapse of MS, EDSS was back at its earlier value within 6 months in {0}.",
    ),
    "nmosd_attacks": (
        ("NMO_NODRIFT",),
        "In NMOSD, EDSS changes almost only at attacks (without attacks: {0}); a fall is mostly recovery.",
    ),
    "nmosd_free": (
        ("NMO_HIST_PBO",),
        "Untreated or on placebo, {0} of patients with NMOSD had no attack within 4 years.",
    ),
}
"""Every natural-history sentence: the facts of the registry it is filled from, and its words."""

_CHOICE: dict[tuple[str, str], tuple[str, ...]] = {
    ("MS", "edss"): ("improve_half", "improve_one", "recovery", "examiners"),
    ("MS", "edss_stable"): ("unchanged", "examiners"),
    ("MS", "edss_worse"): ("worse_half", "worse_one", "examiners"),
    ("MS", "relapse"): ("regression",),
    ("NMOSD", "edss"): ("nmosd_attacks", "examiners"),
    ("NMOSD", "edss_stable"): ("nmosd_attacks", "examiners"),
    ("NMOSD", "edss_worse"): ("nmosd_attacks", "examiners"),
    ("NMOSD", "relapse"): ("regression", "nmosd_free"),
}


_OTHER_DISEASE = " (A figure from MS; none from NMOSD is in the registry.)"


@dataclass(frozen=True, kw_only=True)
class NaturalFact:
    """One fact on what happens without the treatment.

    Parameters
    ----------
    code : str
        Key in `NATURAL_SENTENCES`.
    sentence : str
        The sentence with its numbers.
    values : tuple of float
        The numbers, as the registry holds them.
    population, source : str
        Who was observed, and where it was published.
    doi : str, optional
        Identifier of the source.
    """

    code: str
    sentence: str
    values: tuple[float, ...]
    population: str
    source: str
    doi: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


def natural_facts(registry: Registry, disease: str, topic: str) -> tuple[NaturalFact, ...]:
    """Give the facts that belong beside a claim.

    Parameters
    ----------
    registry : Registry
        Where the numbers stand.
    disease : {"MS", "NMOSD", "mixed"}
        Disease of the study.
    topic : str
        "edss", "edss_stable", "edss_worse" or "relapse"; any other topic has no fact.

    Returns
    -------
    tuple of NaturalFact
        The facts, in reading order; empty when the registry holds none.
    """
    return tuple(_fact(registry, code, disease) for code in _CHOICE.get((disease, topic), ()))


def _fact(registry: Registry, code: str, disease: str) -> NaturalFact:
    keys, words = NATURAL_SENTENCES[code]
    rows = [registry.natural(key) for key in keys]
    texts = [_as_text(row) for row in rows]
    return NaturalFact(
        code=code,
        sentence=words.format(*texts) + ("" if rows[0]["disease"] == disease else _OTHER_DISEASE),
        values=tuple(row["value_number"] for row in rows),
        population=rows[0]["population"] or f"n = {rows[0]['n']}",
        source=rows[0]["source"],
        doi=rows[0]["doi_or_pmid"],
    )


def _as_text(row: dict[str, Any]) -> str:
    value = row["value_number"]
    if row["domain"] in ("relapse rate", "regression to the mean", "disability"):
        return plain(value) if value == 0 else number(value)
    return percent(value, digits=0 if round(value, 2) == value else 1)
