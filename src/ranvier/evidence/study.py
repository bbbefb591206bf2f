"""One study of the registry, with what its design allows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranvier.result import json_ready
from ranvier.trial import DESIGNS

__all__ = ["CELL_FAMILIES", "Study"]

CELL_FAMILIES: dict[str, str] = {
    "MSC": "mesenchymal",
    "MSC-like (PDA-001)": "mesenchymal",
    "MSC-NP": "mesenchymal",
    "MSC-NTF": "mesenchymal",
    "NSC": "neural",
    "BM-MNC": "bone marrow",
    "SVF": "stromal vascular fraction",
    "aHSCT": "aHSCT",
}
"""Every cell class, and its family; aHSCT (chemotherapy) is a treatment of its own."""

CHEMOTHERAPY = "aHSCT"
_CENTRES = re.compile(r"(\d+) (?:sites|centres|centers)")


@dataclass(frozen=True, kw_only=True)
class Study:
    """One study of the registry; None means not seen in any source.

    Parameters
    ----------
    study_id, author : str
        Key and first author.
    year : int, optional
        Year of publication.
    design : str
        One of `ranvier.trial.DESIGNS`.
    masking, status, disease, cell_class, cell_source, autologous, route, country : str, optional
        As in the registry table.
    n_registered, n_treated, n_control, n_evaluable : int, optional
        Registry enrolment, patients who got cells, controls, and the denominator of the main result.
    n_centres : int, optional
        Number of centres.
    follow_up_months : float, optional
        Months of follow-up.
    overlap_group : str, optional
        Studies with the same group share, or may share, patients.
    doi, registration : str, optional
        Identifiers.
    certainty : str
        A to D, see the README of the data.
    source_url, notes : str, optional
        Where the row was read, and remarks.
    """

    study_id: str
    author: str
    design: str
    certainty: str
    year: int | None = None
    status: str | None = None
    masking: str | None = None
    disease: str | None = None
    cell_class: str | None = None
    cell_source: str | None = None
    autologous: str | None = None
    route: str | None = None
    country: str | None = None
    n_registered: int | None = None
    n_treated: int | None = None
    n_control: int | None = None
    n_evaluable: int | None = None
    n_centres: int | None = None
    follow_up_months: float | None = None
    overlap_group: str | None = None
    doi: str | None = None
    registration: str | None = None
    source_url: str | None = None
    notes: str | None = None

    @property
    def label(self) -> str:
        """Give author and year, such as "Dahbour 2017"."""
        return f"{self.author} {self.year}" if self.year else self.author

    @property
    def control(self) -> str:
        """Give the class of control: uncontrolled, before-after, external control, unclear or randomised."""
        return DESIGNS[self.design]

    @property
    def randomised(self) -> bool:
        """Say whether patients were assigned by chance."""
        return self.control == "randomised"

    @property
    def family(self) -> str:
        """Give the family of the cells; aHSCT is kept apart from all others."""
        return CELL_FAMILIES[self.cell_class or ""]

    @property
    def is_chemotherapy(self) -> bool:
        """Say whether the treatment is aHSCT, which is never compared with other cells."""
        return self.family == CHEMOTHERAPY

    @property
    def has_result(self) -> bool:
        """Say whether a result was published or shown, rather than planned."""
        return (self.status or "").startswith(("published", "conference"))

    @property
    def n(self) -> int | None:
        """Give the patients of the study: all randomised, else treated plus controls."""
        if self.randomised and self.n_registered is not None:
            return self.n_registered
        if self.n_treated is None:
            return self.n_registered
        return self.n_treated + (self.n_control or 0)

    @classmethod
    def from_row(cls, row: Mapping[str, Any], n_centres: int | None) -> Study:
        """Build a study from its row of the studies table.

        Parameters
        ----------
        row : mapping
            One row of the table.
        n_centres : int or None
            Number of centres stated by a source; None looks for it in the country column.

        Returns
        -------
        Study
            The study.
        """
        named = _CENTRES.search(row["country"] or "")
        same = set(cls.__dataclass_fields__) & set(row)
        return cls(
            **{key: row[key] for key in same},
            author=row["first_author"],
            n_registered=row["n_enrolled"],
            n_centres=n_centres if n_centres is not None else (int(named[1]) if named else None),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field and what follows from the design, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and label, control, family.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        ready: dict[str, Any] = json_ready(
            fields | {"label": self.label, "control": self.control, "family": self.family}
        )
        return ready
