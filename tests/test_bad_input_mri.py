"""Every way in which input to sites, cord and registration can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import DefinitionError, InputError, RanvierError

EYE = np.eye(4)
VALUES = np.arange(27).reshape(3, 3, 3) % 3
MASK, WIDE = (rv.mri.mask_from_array(np.ones(shape), EYE) for shape in ((3, 3, 3), (3, 3, 4)))
MAP = rv.mri.labels_from_array(VALUES, EYE, name="map")
IMAGE = rv.mri.image_from_array(VALUES, EYE)
OWN = {"name": "own", "source": "us", "ventricle": (1,), "cortex": (2,), "infratentorial": (4,)}
REGIONS = rv.mri.Regions(**OWN)
PLACE: dict[str, Any] = {"regions": REGIONS, "rule": "sct"}
LOCATED = rv.mri.locate(MASK, MAP, **PLACE)

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("mri.read_labels", ("no-such.nii.gz",), {}, InputError, r"no file 'no-such.nii.gz'.*mri_convert"),
    ("mri.read_image", ("no-such.nii.gz",), {}, InputError, r"Name the NIfTI file of the scan itself"),
    ("mri.labels_from_array", ([[1]], EYE), {}, InputError, r"shape \(1, 1\); a label map is one volume"),
    ("mri.labels_from_array", ([[[0.5]]], EYE), {}, InputError, r"1 voxels with fractions, such as 0\.5"),
    ("mri.labels_from_array", ([[[-1]]], EYE), {}, InputError, r"the label -1; labels run from 0"),
    ("mri.labels_from_array", ([[[1e12]]], EYE), {}, InputError, r"the label 1e\+12; labels run from 0"),
    ("mri.labels_from_array", ([[[float("nan")]]], EYE), {}, InputError, r"not all values are finite"),
    ("mri.labels_from_array", ([[["a"]]], EYE), {}, InputError, r"a label map holds whole numbers"),
    ("mri.image_from_array", (np.ones((2, 2, 2)), EYE), {}, InputError, r"every voxel has the value 1"),
    ("mri.image_from_array", ([[[np.inf, 1]]], EYE), {}, InputError, r"not all values are finite"),
    ("mri.image_from_array", ([[["a"]]], EYE), {}, InputError, r"an image holds numbers"),
    ("mri.regions_preset", ("freesurfr",), {}, InputError, r"Did you mean 'freesurfer'"),
    ("mri.Regions", (), {**OWN, "cortex": ()}, DefinitionError, r"have no label for cortex"),
    (
        "mri.Regions",
        (),
        {**OWN, "lesion": (2,)},
        DefinitionError,
        r"label 2 stands for cortex and for lesion",
    ),
    ("mri.Regions", (), {**OWN, "cortex": (2.5,)}, DefinitionError, r"label 2\.5 of cortex; use whole"),
    (
        "mri.Regions",
        (),
        {"name": "o", "source": "s", "annotated": (1, 2)},
        DefinitionError,
        r"2 labels of sites",
    ),
    (
        "mri.locate",
        (MASK, MASK),
        PLACE,
        InputError,
        r"Mask is not a label map; make one with mri\.read_labels",
    ),
    ("mri.locate", (MAP, MAP), PLACE, InputError, r"LabelMap is not a mask"),
    ("mri.locate", (WIDE, MAP), PLACE, InputError, r"shapes \(3, 3, 4\) and \(3, 3, 3\).*resample the map"),
    (
        "mri.locate",
        (MASK, MAP),
        {"regions": "freesurfer", "rule": "sct"},
        InputError,
        r"no voxel is ventricle by Regions 'freesurfer'.*The map has labels 1, 2",
    ),
    ("mri.locate", (MASK, MAP), {"regions": 4, "rule": "sct"}, InputError, r"4 are no regions; give Regions"),
    ("mri.locate", (MASK, MAP), {**PLACE, "order": "lst_a"}, InputError, r"Did you mean 'lst_ai'"),
    ("mri.locate", (MASK, MAP), {**PLACE, "near_mm": -1}, InputError, r"near_mm is -1; give a distance"),
    (
        "mri.dissemination",
        (MASK,),
        {"criteria": "2017"},
        InputError,
        r"Mask holds no sites; give what mri\.locate",
    ),
    ("mri.dissemination", (LOCATED,), {"criteria": "2018"}, InputError, r"unknown criteria '2018'"),
    (
        "mri.dissemination",
        (LOCATED,),
        {"criteria": "2017", "cord": -1},
        InputError,
        r"cord is -1; give a number",
    ),
    (
        "mri.dissemination",
        (LOCATED,),
        {"criteria": "2016", "optic_nerve": True},
        InputError,
        r"optic_nerve is True; give a number of lesions",
    ),
    ("mri.cord", (MAP,), {"rule": "sct"}, InputError, r"LabelMap is not a mask"),
    ("mri.cord", (MASK,), {"rule": "sct", "levels": MASK}, InputError, r"Mask is not a label map"),
    ("mri.cord", (MASK,), {"rule": "sct", "cord": MAP}, InputError, r"cord is LabelMap; give the mask"),
    ("mri.cord", (MASK,), {"rule": "sct", "cord": WIDE}, InputError, r"\(3, 3, 3\) and \(3, 3, 4\)"),
    (
        "mri.cord",
        (MASK,),
        {"rule": "sct", "levels": rv.mri.labels_from_array(VALUES * 25, EYE)},
        InputError,
        r"label 25; a map of vertebral levels has 1 \(C1\) to 24 \(L5\)",
    ),
    (
        "mri.cord",
        (MASK,),
        {"rule": "sct", "levels": rv.mri.labels_from_array(VALUES * 0, EYE)},
        InputError,
        r"no voxel has a level; leave `levels` out",
    ),
    ("mri.compare_cord", (MASK, WIDE), {"rule": "sct"}, InputError, r"\(3, 3, 3\) and \(3, 3, 4\)"),
    ("mri.register", (IMAGE, MASK), {"seed": 1}, InputError, r"moving is Mask; give the scan itself"),
    ("mri.register", (IMAGE, IMAGE), {"seed": -1}, InputError, r"seed is -1; give a whole number"),
    ("mri.halfway", (MASK, IMAGE, None), {}, InputError, r"after is Image; give a mask"),
    (
        "mri.halfway",
        (MASK, MASK, None),
        {},
        InputError,
        r"NoneType is no registration; give what mri\.register",
    ),
]


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    function: Any = rv
    for part in name.split("."):
        function = getattr(function, part)
    with pytest.raises(error, match=words):
        function(*arguments, **options)
