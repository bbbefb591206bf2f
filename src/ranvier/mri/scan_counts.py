"""What the lesion masks of a trial give: counts, their sources, and a closer look at each patient."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ranvier.errors import InputError, RanvierWarning
from ranvier.mri._scan_masks import compared, read
from ranvier.mri.alternatives import SCAN_COUNTS, RuleSensitivity, under_rules
from ranvier.mri.comparison import LesionComparison
from ranvier.mri.cord_change import CordComparison, compare_cord
from ranvier.mri.mask import Mask
from ranvier.mri.rule import Rule
from ranvier.mri.tracks import LesionTracks, track
from ranvier.result import Derivation
from ranvier.trial import LesionPlan

__all__ = ["ScanCounts"]

SUMMED = tuple(name for name in SCAN_COUNTS if name != "after")
"""Counts that are added up over the scans."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScanCounts(Derivation):
    """What the lesion masks of a trial give, beside what was typed in.

    Parameters
    ----------
    mri : polars.DataFrame
        The table of scans as the results use it: counts from masks where these are the source, the typed ones
        elsewhere, and the columns of `CORD_LENGTHS`.
    sources : polars.DataFrame
        Columns region, measure, source (masks, typed), scans (rows of mri), with_mask, with_number.
    pairs : polars.DataFrame
        One row per comparison with the scan before. Columns subject, region, day_before, day, mask_before,
        mask, and the counts of `LesionComparison`.
    by_rule : polars.DataFrame
        The counts of every scan under the rule and three others: subject, day, region and the columns of
        `sensitivity` but after: lesions and volume_mm3 are those of the scan, new, enlarging and the others
        those against the scan before.
    masks : mapping of str to pathlib.Path
        Where each mask lies.
    plan : LesionPlan
        How the masks were read and compared.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    mri: pl.DataFrame
    sources: pl.DataFrame
    pairs: pl.DataFrame
    by_rule: pl.DataFrame
    masks: Mapping[str, Path]
    plan: LesionPlan
    notes: tuple[str, ...] = ()

    def explain(self, subject: str | None = None) -> str:
        """Say how the masks were counted and which source entered, or what happened to one patient's scans.

        Parameters
        ----------
        subject : str, optional
            One patient; all of them when None.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When there is no such patient.
        """
        said = super().explain(subject)
        return said if subject is not None else " ".join([said, *self.notes])

    def comparison(self, subject: str, region: str, day: int) -> LesionComparison:
        """Read two masks again and compare them, for a closer look or a picture.

        Parameters
        ----------
        subject, region : str
            The patient and the region.
        day : int
            Day of the later scan.

        Returns
        -------
        LesionComparison
            The scan before against this one.

        Raises
        ------
        InputError
            When there is no such pair, or a mask is no longer there.
        """
        found = self.pairs.filter(subject=subject, region=region, day=day)
        if found.is_empty():
            raise InputError(
                f"no masks were compared for {subject!r}, {region}, day {day}; see pairs for those that were."
            )
        before, after = (self._read(name) for name in found.select("mask_before", "mask").row(0))
        return compared(before, after, self.definition, self.plan)

    def cord(self, subject: str) -> CordComparison:
        """Read the first and the last mask of a patient's spinal cord again and set them beside each other.

        Parameters
        ----------
        subject : str
            The patient.

        Returns
        -------
        CordComparison
            Counts, lengths and volumes at both, without vertebral levels.

        Raises
        ------
        InputError
            When there are not two masks, or their grids differ.
        """
        rows = self._masks(subject, "spinal cord").drop_nulls("counted")
        if rows.height < 2:
            raise InputError(f"{subject!r} has not two masks of the spinal cord that can be read.")
        before, after = (self._read(name) for name in (rows["mask"][0], rows["mask"][-1]))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", RanvierWarning
            )  # what it says stands in the notes of the comparison
            return compare_cord(before, after, rule=self.definition, on_geometry=self.plan.on_geometry)

    def tracks(self, subject: str, region: str) -> LesionTracks:
        """Read all masks of one patient and region again, one at a time, and follow each lesion.

        Parameters
        ----------
        subject, region : str
            The patient and the region.

        Returns
        -------
        LesionTracks
            A scan without a mask that can be read is a visit without a mask.

        Raises
        ------
        InputError
            When there is no mask, or their grids differ.
        """
        rows = self._masks(subject, region)
        visits = (
            (row["day"], None if row["counted"] is None else self._read(row["mask"]))
            for row in rows.iter_rows(named=True)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RanvierWarning)  # what it says stands in the notes of the tracks
            return track(visits, rule=self.definition, on_geometry=self.plan.on_geometry)

    def sensitivity(self, region: str) -> RuleSensitivity:
        """Add the counts of all scans of a region under the rule and three others.

        Parameters
        ----------
        region : str
            Brain or spinal cord.

        Returns
        -------
        RuleSensitivity
            Columns rule, changed, fingerprint; lesions (all scans), new, enlarging, stable, shrinking,
            resolved, cut (against the scans before; null when nothing was compared).

        Raises
        ------
        InputError
            When no mask of that region was counted.
        """
        rows = self.by_rule.filter(region=region) if self.by_rule.height else self.by_rule
        if rows.is_empty():
            raise InputError(f"no mask of the region {region!r} was counted.")

        def count(rule: Rule) -> dict[str, int | None]:
            mine = rows.filter(rule=rule.name)  # two of the four may have one fingerprint
            return {
                name: None if mine[name].null_count() == mine.height else int(mine[name].sum())
                for name in SUMMED
            }

        return under_rules(f"Lesions of all scans, {region},", self.definition, count, counted=SUMMED)

    def _masks(self, subject: str, region: str) -> pl.DataFrame:
        """Give the scans of one patient and region in the order of time."""
        return self.table.filter(subject=subject, region=region, measure="t2_count").sort("day")

    def _read(self, name: str) -> Mask:
        return read(self.masks[name], self.plan)
