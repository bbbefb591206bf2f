"""Lesions on MRI: from masks to counts, volumes and change; typed counts since baseline."""

from ranvier.mri.comparison import LesionComparison, compare
from ranvier.mri.counts import MEASURES, LesionChange, change
from ranvier.mri.images import Image, image_from_array, read_image
from ranvier.mri.mask import Mask, mask_from_array
from ranvier.mri.measures import Lesions, lesions, summary
from ranvier.mri.pictures import picture
from ranvier.mri.reading import read_mask
from ranvier.mri.robustness import agreement, sensitivity
from ranvier.mri.rule import CONNECTIVITIES, RULES, Rule, rule_preset

__all__ = [
    "CONNECTIVITIES",
    "MEASURES",
    "RULES",
    "Image",
    "LesionChange",
    "LesionComparison",
    "Lesions",
    "Mask",
    "Rule",
    "agreement",
    "change",
    "compare",
    "image_from_array",
    "lesions",
    "mask_from_array",
    "picture",
    "read_image",
    "read_mask",
    "rule_preset",
    "sensitivity",
    "summary",
]
