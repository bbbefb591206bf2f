"""Lesions on MRI: from masks to counts, volumes and change; typed counts since baseline."""

from ranvier.mri.activity import ActiveLesions, active
from ranvier.mri.alternatives import RuleSensitivity
from ranvier.mri.comparison import LesionComparison, compare
from ranvier.mri.counts import MEASURES, LesionChange, change
from ranvier.mri.mask import Mask, mask_from_array
from ranvier.mri.measures import Lesions, LesionSummary, lesions, summary
from ranvier.mri.reading import read_mask
from ranvier.mri.robustness import agreement, sensitivity
from ranvier.mri.rule import CONNECTIVITIES, RULES, Rule, rule_preset
from ranvier.mri.tracks import LesionTracks, track

__all__ = [
    "CONNECTIVITIES",
    "MEASURES",
    "RULES",
    "ActiveLesions",
    "LesionChange",
    "LesionComparison",
    "LesionSummary",
    "LesionTracks",
    "Lesions",
    "Mask",
    "Rule",
    "RuleSensitivity",
    "active",
    "agreement",
    "change",
    "compare",
    "lesions",
    "mask_from_array",
    "read_mask",
    "rule_preset",
    "sensitivity",
    "summary",
    "track",
]
