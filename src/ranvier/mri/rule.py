"""What counts as a lesion and as a change of one: a small frozen rule, and the named ones."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ranvier.errors import DefinitionError, InputError, require_choice

__all__ = ["CONNECTIVITIES", "RULES", "Rule", "rule_preset"]

CONNECTIVITIES = (6, 18, 26)
"""Neighbours of a voxel: 6 share a face, 18 a face or an edge, 26 a face, an edge or a corner."""

VOXEL_SLACK = 1e-3
"""Part of a voxel by which a limit of volume may be missed: the volume multiplies three rounded sides."""

SLICE_SLACK = 1e-5
"""Part of a slice by which a limit of length may be missed: headers round (2.999998 mm for 3 mm is 3 mm,
2.9985 mm is not)."""

MOST_TOLERANCE = 5
"""Voxels of tolerance beyond which neighbours, not shifts, would be matched."""

NEIGHBOURS = {6: "faces", 18: "faces and edges", 26: "faces, edges and corners"}
LIMITS = ("min_long_axis_mm", "min_volume_mm3", "min_sphere_mm")
NOT_COUNTING = ("name", "source", "note")
"""Fields that move no number."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is one lesion, which lesions are counted, and when two visits differ.

    Parameters
    ----------
    name : str
        The short fixed name.
    source : str
        Where the rule was published.
    connectivity : {6, 18, 26}
        Voxels that share a face (6), also an edge (18), also a corner (26) belong to one lesion.
    min_long_axis_mm : float, optional
        Smallest long axis of a counted lesion, in mm: the longest side of its box along the voxel axes.
    min_volume_mm3 : float, optional
        Smallest volume of a counted lesion, in mm³.
    min_sphere_mm : float, optional
        Diameter, in mm, of the sphere whose volume a counted lesion must reach. At most one of the three
        limits; every size counts without one.
    inclusive : bool
        True when a lesion exactly at the limit counts (≥), False when it must be larger (>).
    match_tolerance_voxels : int
        A lesion without overlap belongs to those of the other visit within this many voxels (0 to 5).
    enlarge_ratio, shrink_ratio : float
        Volume after over volume before from which, and down to which, a lesion has changed.
    enlarge_abs_mm3, shrink_abs_mm3 : float
        Volume, in mm³, that it must have gained or lost as well.
    threshold : float
        Probability above which a voxel of a probability map is lesion.
    note : str
        What a reader must know, and what the source leaves open.

    Raises
    ------
    DefinitionError
        When a value is not possible or two contradict each other.

    Examples
    --------
    >>> own = dataclasses.replace(RULES["default"], name="own", connectivity=6)
    >>> print(own.text())
    Rule 'own': voxels joined by faces (6) are one lesion; counted from a long axis of ≥ 3 mm;
    matched by a shared voxel, or within 1 voxel without one; enlarging from 1.5 times and 12 mm³ more,
    shrinking from 0.6667 times and 12 mm³ less; probabilities cut above 0.5.
    >>> own.fingerprint() == RULES["default"].fingerprint()
    False
    """

    name: str
    source: str
    connectivity: int = 26
    min_long_axis_mm: float | None = None
    min_volume_mm3: float | None = None
    min_sphere_mm: float | None = None
    inclusive: bool = True
    match_tolerance_voxels: int = 1
    enlarge_ratio: float = 1.5
    enlarge_abs_mm3: float = 12.0
    shrink_ratio: float = 1 / 1.5
    shrink_abs_mm3: float = 12.0
    threshold: float = 0.5
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name or not self.source:
            raise DefinitionError("a rule needs a name and a source (a paper or the trial's protocol).")
        if self.connectivity not in CONNECTIVITIES:
            raise DefinitionError(f"connectivity {self.connectivity!r}; use one of {list(CONNECTIVITIES)}.")
        given = [name for name in LIMITS if getattr(self, name) is not None]
        if len(given) > 1:
            raise DefinitionError(f"two limits of size, {' and '.join(given)}; set all but one to None.")
        for name in given:
            if not 0 < getattr(self, name) < math.inf:
                raise DefinitionError(f"{name} of {getattr(self, name)}; it must be above 0, or None.")
        if self.match_tolerance_voxels not in range(MOST_TOLERANCE + 1):
            raise DefinitionError(
                f"match_tolerance_voxels of {self.match_tolerance_voxels!r}; use a whole number from 0 to "
                f"{MOST_TOLERANCE}."
            )
        self._check_change()

    def _check_change(self) -> None:
        if not 1 <= self.enlarge_ratio < math.inf:
            raise DefinitionError(f"enlarge_ratio of {self.enlarge_ratio}; it must be at least 1.")
        if not 0 < self.shrink_ratio <= 1:
            raise DefinitionError(f"shrink_ratio of {self.shrink_ratio}; it must lie above 0 and up to 1.")
        for name in ("enlarge_abs_mm3", "shrink_abs_mm3"):
            if not 0 <= getattr(self, name) < math.inf:
                raise DefinitionError(f"{name} of {getattr(self, name)}; it must be 0 or more.")
        for ratio, least in (("enlarge_ratio", "enlarge_abs_mm3"), ("shrink_ratio", "shrink_abs_mm3")):
            if getattr(self, ratio) == 1 and getattr(self, least) == 0:
                raise DefinitionError(f"{ratio} of 1 and {least} of 0: every lesion would have changed.")
        if not 0 < self.threshold < 1:
            raise DefinitionError(f"threshold of {self.threshold}; a probability lies between 0 and 1.")

    def size_text(self) -> str:
        """Say which lesions are counted.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        sign = "≥" if self.inclusive else ">"
        if self.min_long_axis_mm is not None:
            return f"from a long axis of {sign} {self.min_long_axis_mm:g} mm"
        if self.min_volume_mm3 is not None:
            return f"from a volume of {sign} {self.min_volume_mm3:g} mm³"
        if self.min_sphere_mm is not None:
            return f"from the volume of a sphere of {sign} {self.min_sphere_mm:g} mm in diameter"
        return "at any size"

    def text(self) -> str:
        """Say the whole rule in one sentence.

        Returns
        -------
        str
            A sentence with every number of the rule.
        """
        voxels = self.match_tolerance_voxels
        near = f", or within {voxels} voxel{'s' * (voxels > 1)} without one" if voxels else ""
        return (
            f"Rule {self.name!r}: voxels joined by {NEIGHBOURS[self.connectivity]} ({self.connectivity}) are "
            f"one lesion; counted {self.size_text()}; matched by a shared voxel{near}; enlarging from "
            f"{self.enlarge_ratio:.4g} times and {self.enlarge_abs_mm3:g} mm³ more, shrinking from "
            f"{self.shrink_ratio:.4g} times and {self.shrink_abs_mm3:g} mm³ less; probabilities cut above "
            f"{self.threshold:g}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field and the fingerprint, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and fingerprint.
        """
        return dataclasses.asdict(self) | {"fingerprint": self.fingerprint()}

    def fingerprint(self) -> str:
        """Give the hash of every setting that moves a number; name, source and note do not.

        Returns
        -------
        str
            The first 16 hexadecimal digits of the SHA-256 of the settings as JSON with sorted keys.
        """
        fields = dataclasses.asdict(self)
        settings = {key: _plain(value) for key, value in fields.items() if key not in NOT_COUNTING}
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Make 3 and 3.0 the same setting."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


MCDONALD = "Thompson AJ et al. Lancet Neurol 2018;17:162-173, glossary, doi 10.1016/S1474-4422(17)30470-2"

_PRESETS = (
    Rule(
        name="default",
        source=(
            f"size: {MCDONALD}; "
            "enlarging: the limits of animaLesionEvolutionDetection (50 % and 12 mm³); "
            "tolerance: ranvier, from shifted copies of real masks"
        ),
        min_long_axis_mm=3.0,
    ),
    Rule(
        name="mcdonald2017",
        source=MCDONALD,
        min_long_axis_mm=3.0,
        match_tolerance_voxels=0,
        note=(
            "The criteria give the size only (at least 3 mm in long axis; read on a page that quotes the "
            "glossary). Connectivity, matching and enlarging are not defined there and are ours."
        ),
    ),
    Rule(
        name="msseg",
        source=(
            "animaSegPerfAnalyzer (Anima, Inria), as in Commowick O et al. Sci Rep 2018;8:13650, "
            "doi 10.1038/s41598-018-31911-7"
        ),
        connectivity=6,
        min_volume_mm3=3.0,
        inclusive=False,
        match_tolerance_voxels=0,
        note="Size and connectivity read in its source code. It compares two raters, so enlarging is ours.",
    ),
    Rule(
        name="anima_evolution",
        source="animaLesionEvolutionDetection (Anima, Inria), defaults of its source code",
        connectivity=6,
        min_volume_mm3=6.0,
        match_tolerance_voxels=0,
        note=(
            "Counts as Anima does. Change is not judged as Anima does: there the voxels of a lesion outside "
            "the earlier mask are compared with those inside, and a lesion above both limits is called new."
        ),
    ),
    Rule(
        name="lst",
        source="ps_LST_tlv of the Lesion Segmentation Tool for SPM12 (Schmidt P), its source code",
        connectivity=6,
        min_volume_mm3=15.0,
        inclusive=False,
        match_tolerance_voxels=0,
        note=(
            "ps_bwlabeln, which does the labelling, joins faces only. It also drops the outermost layer of "
            "voxels, which is not done here. Enlarging is ours."
        ),
    ),
    Rule(
        name="lst_ai",
        source="LST-AI (CompImg), LST_AI/stats.py of its source code",
        connectivity=6,
        match_tolerance_voxels=0,
        note="Its table of counts; its annotation by site labels with 26 neighbours. Enlarging is ours.",
    ),
    Rule(
        name="sct",
        source="sct_analyze_lesion of the Spinal Cord Toolbox, its source code",
        connectivity=18,
        match_tolerance_voxels=0,
        note="Labelled by skimage with connectivity 2, at any size. Enlarging is ours.",
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _PRESETS})
"""The named rules; `default` is the one for trials, the others count as the tool or paper does."""


def rule_preset(name: str) -> Rule:
    """Give a named rule.

    Parameters
    ----------
    name : str
        One of `RULES`.

    Returns
    -------
    Rule
        The rule.

    Raises
    ------
    InputError
        When there is no rule of that name.

    Examples
    --------
    >>> rule_preset("msseg").size_text()
    'from a volume of > 3 mm³'
    """
    require_choice("rule", name, RULES)
    return RULES[name]


def as_rule(rule: Rule | str) -> Rule:
    """Take a rule or the name of one."""
    if isinstance(rule, Rule):
        return rule
    if isinstance(rule, str):
        return rule_preset(rule)
    raise InputError(f"{rule!r} is not a rule; give a Rule or one of {list(RULES)}.")


def least_units(limit: float, unit: float, *, inclusive: bool = True, slack: float = VOXEL_SLACK) -> int:
    """Give how many units (voxels, or slices along an axis) the limit takes, header rounding forgiven."""
    if inclusive:
        return math.ceil(limit / unit - slack)
    return math.floor(limit / unit + slack) + 1
