"""How a trial judges no evidence of disease activity (NEDA): the part `[neda]` of trial.toml."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.tables import table

__all__ = ["NEDA_NAMES", "NedaPlan"]

NEDA_NAMES = ("neda-3", "neda-4")
"""Presets of NEDA that trial.toml can name."""

COUNTS = ("new_t2", "enlarging_t2", "gad_count")
"""Columns of mri that can be demanded of each scan."""


@dataclass(frozen=True, kw_only=True)
class NedaPlan:
    """The part `[neda]` of trial.toml: what the protocol chose, the rest as the preset has it.

    Parameters
    ----------
    definition : {"neda-3", "neda-4"}
        The preset.
    worsening : str, optional
        Preset of `ranvier.course` that says what counts as confirmed worsening.
    rebaseline_visit : str, optional
        Scheduled visit whose scan is the new baseline; its window gives the days.
    rebaseline_days : tuple of (int, int), optional
        First and last day of the re-baseline scan, in place of a visit.
    rebaseline_gad : bool
        Whether gadolinium enhancement on the re-baseline scan itself is activity.
    rebaseline_clinical : bool
        Whether relapses and worsening up to the re-baseline scan do not count either.
    mri_counts : tuple of str
        Counts that must be known at each scan.
    regions : tuple of str
        Regions that must be scanned.
    tolerance_days : int, optional
        How far from the last scheduled visit the last scan and visit may lie; its window when None.
    missing : {"strict", "available"}
        A patient without activity and with a missing component is not evaluable, or is judged by the others.

    Raises
    ------
    InputError
        When a value is not allowed, or both a visit and days are given for the re-baseline.

    Examples
    --------
    >>> NedaPlan(rebaseline_days=(150, 240)).missing
    'strict'
    """

    definition: str = "neda-3"
    worsening: str | None = None
    rebaseline_visit: str | None = None
    rebaseline_days: tuple[int, int] | None = None
    rebaseline_gad: bool = False
    rebaseline_clinical: bool = True
    mri_counts: tuple[str, ...] = COUNTS
    regions: tuple[str, ...] = ("brain",)
    tolerance_days: int | None = None
    missing: str = "strict"

    def __post_init__(self) -> None:
        require_choice("definition of [neda]", self.definition, NEDA_NAMES)
        require_choice("missing of [neda]", self.missing, ("strict", "available"))
        for what, given, allowed in (
            ("mri_counts", self.mri_counts, COUNTS),
            ("regions", self.regions, table("mri").column("region").allowed),
        ):
            if not given or len(set(given)) < len(given):
                raise InputError(f"{what} of [neda] is {list(given)}; name at least one, each once.")
            for word in given:
                require_choice(f"{what} of [neda]", word, allowed)
        if self.tolerance_days is not None and self.tolerance_days < 0:
            raise InputError(f"tolerance_days of [neda] is {self.tolerance_days}; it must be 0 or more.")
        self._check_rebaseline()

    def _check_rebaseline(self) -> None:
        days = self.rebaseline_days
        if days is not None and self.rebaseline_visit is not None:
            raise InputError("[neda] gives rebaseline_visit and rebaseline_days; keep one of them.")
        if days is not None and (len(days) != 2 or not 0 < days[0] <= days[1]):
            raise InputError(
                f"rebaseline_days of [neda] is {list(days)}; write [first day, last day] after the first "
                "dose (day 0), such as [150, 240]."
            )
        if self.rebaseline_gad and days is None and self.rebaseline_visit is None:
            raise InputError(
                "[neda] sets rebaseline_gad without a re-baseline; add rebaseline_visit or rebaseline_days."
            )

    def rebaseline_window(self, schedule: pl.DataFrame) -> tuple[int, int] | None:
        """Give the first and last day of the re-baseline scan.

        Parameters
        ----------
        schedule : polars.DataFrame
            From `Protocol.schedule`.

        Returns
        -------
        tuple of (int, int) or None
            Days from the first dose; None when there is no re-baseline.
        """
        if self.rebaseline_visit is None:
            return self.rebaseline_days
        row = schedule.row(by_predicate=pl.col("visit") == self.rebaseline_visit, named=True)
        return row["low_day"], row["high_day"]
