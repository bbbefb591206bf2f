"""Lesions on MRI: from masks to counts, volumes and change; typed counts since baseline."""

from ranvier.mri.activity import ActiveLesions, active
from ranvier.mri.alternatives import RuleSensitivity
from ranvier.mri.comparison import LesionComparison, compare
from ranvier.mri.counts import MEASURES, LesionChange, change
from ranvier.mri.image import Image
from ranvier.mri.mask import Mask, mask_from_array
from ranvier.mri.measures import Lesions, LesionSummary, lesions, summary
from ranvier.mri.pictures import picture
from ranvier.mri.reading import read_image, read_mask
from ranvier.mri.robustness import agreement, sensitivity
from ranvier.mri.rule import CONNECTIVITIES, RULES, Rule, rule_preset
from ranvier.mri.scans import ScanCounts, count_scans
from ranvier.mri.tracks import LesionTracks, track

__all__ = [
    "CONNECTIVITIES",
    "MEASURES",
    "RULES",
    "ActiveLesions",
    "Image",
    "LesionChange",
    "LesionComparison",
    "LesionSummary",
    "LesionTracks",
    "Lesions",
    "Mask",
    "Rule",
    "RuleSensitivity",
    "ScanCounts",
    "active",
    "agreement",
    "change",
    "compare",
    "count_scans",
    "lesions",
    "mask_from_array",
    "picture",
    "read_image",
    "read_mask",
    "rule_preset",
    "sensitivity",
    "summary",
    "track",
]
