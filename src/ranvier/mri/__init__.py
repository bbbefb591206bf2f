"""Lesions on MRI: from masks to counts, volumes and change; typed counts since baseline."""

from ranvier.mri.activity import ActiveLesions, active
from ranvier.mri.alternatives import RuleSensitivity
from ranvier.mri.comparison import LesionComparison, compare
from ranvier.mri.cord_change import CordComparison, compare_cord
from ranvier.mri.cord_lesions import LETM_LEVELS, CordLesions, cord
from ranvier.mri.counts import MEASURES, LesionChange, change
from ranvier.mri.criteria import CRITERIA, Dissemination, dissemination
from ranvier.mri.halfspace import halfway
from ranvier.mri.images import Image, image_from_array, read_image
from ranvier.mri.labels import LabelMap, labels_from_array, read_labels
from ranvier.mri.levels import LEVELS
from ranvier.mri.mask import Mask, mask_from_array
from ranvier.mri.measures import Lesions, LesionSummary, lesions, summary
from ranvier.mri.pictures import picture
from ranvier.mri.reading import read_mask
from ranvier.mri.regions import REGIONS, SITES, Regions, regions_preset
from ranvier.mri.registration import Registration, register
from ranvier.mri.robustness import agreement, sensitivity
from ranvier.mri.rule import CONNECTIVITIES, RULES, Rule, rule_preset
from ranvier.mri.scan_counts import ScanCounts
from ranvier.mri.scans import count_scans
from ranvier.mri.sites import NEAR_MM, ORDERS, LocatedLesions, locate
from ranvier.mri.tracks import LesionTracks, track

__all__ = [
    "CONNECTIVITIES",
    "CRITERIA",
    "LETM_LEVELS",
    "LEVELS",
    "MEASURES",
    "NEAR_MM",
    "ORDERS",
    "REGIONS",
    "RULES",
    "SITES",
    "ActiveLesions",
    "CordComparison",
    "CordLesions",
    "Dissemination",
    "Image",
    "LabelMap",
    "LesionChange",
    "LesionComparison",
    "LesionSummary",
    "LesionTracks",
    "Lesions",
    "LocatedLesions",
    "Mask",
    "Regions",
    "Registration",
    "Rule",
    "RuleSensitivity",
    "ScanCounts",
    "active",
    "agreement",
    "change",
    "compare",
    "compare_cord",
    "cord",
    "count_scans",
    "dissemination",
    "halfway",
    "image_from_array",
    "labels_from_array",
    "lesions",
    "locate",
    "mask_from_array",
    "picture",
    "read_image",
    "read_labels",
    "read_mask",
    "regions_preset",
    "register",
    "rule_preset",
    "sensitivity",
    "summary",
    "track",
]
