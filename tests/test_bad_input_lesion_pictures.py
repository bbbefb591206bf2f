"""Every way in which input to pictures and pages of lesions can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError

SCAN = rv.mri.mask_from_array(np.ones((4, 4, 4)), np.eye(4), name="scan")
FOUND = rv.mri.lesions(SCAN, rule="default")
OTHER = rv.mri.lesions(SCAN, rule="sct")
CHANGE = rv.mri.compare(SCAN, SCAN, rule="default")
SMALL = rv.mri.Image(voxels=np.ones((3, 4, 4), np.float32), affine=np.eye(4), name="small.nii")
SHIFTED = np.eye(4)
SHIFTED[0, 3] = 0.5
MOVED = rv.mri.Image(voxels=np.ones((4, 4, 4), np.float32), affine=SHIFTED, name="moved.nii")
DAYS = datetime.date(2023, 1, 2), datetime.date(2023, 7, 2)

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("mri.read_image", ("no-such.nii",), {}, InputError, r"there is no file 'no-such.nii'"),
    (
        "mri.read_image",
        (Path(__file__),),
        {},
        InputError,
        r"test_bad_input_lesion_pictures.py: not a NIfTI file",
    ),
    ("mri.read_image", (Path(__file__).parent,), {}, InputError, r"tests is a folder; name one NIfTI file"),
    ("mri.picture", (SCAN,), {}, InputError, r"Mask cannot be drawn on slices; give what compare or lesions"),
    ("mri.picture", (FOUND,), {"at_most": 0}, InputError, r"at_most is 0; .* from 1 to 40"),
    (
        "mri.picture",
        (FOUND,),
        {"image": SCAN},
        InputError,
        r"Mask is not an image; make one with mri.read_im",
    ),
    ("mri.picture", (FOUND,), {"image": SMALL}, InputError, r"small.nii and scan: shapes \(3, 4, 4\) and"),
    ("mri.picture", (CHANGE,), {"image": MOVED}, InputError, r"moved.nii and scan: .* 0.5 mm \(0.5 voxels\)"),
    ("mri.picture", (FOUND,), {"image_before": MOVED}, InputError, r"image_before belongs to a comparison"),
    ("report.build_lesions", ([],), {}, InputError, r"nothing to report; give what mri.lesions gave"),
    ("report.build_lesions", ([SCAN],), {}, InputError, r"nothing to report; give what mri.lesions gave"),
    ("report.build_lesions", ([FOUND, OTHER],), {}, InputError, r"counted by different rules"),
    (
        "report.build_lesions",
        ([FOUND, FOUND],),
        {"image": MOVED},
        InputError,
        r"an image belongs to one scan",
    ),
    ("report.build_lesions", (FOUND,), {"dates": DAYS}, InputError, r"belong to a comparison of two scans"),
    ("report.build_lesions", (FOUND,), {"image_before": MOVED}, InputError, r"belong to a comparison of two"),
    (
        "report.build_lesions",
        (CHANGE,),
        {"dates": DAYS[::-1]},
        InputError,
        r"is of 2023-07-02, and scan, the",
    ),
    ("report.build_lesions", (CHANGE,), {"dates": DAYS[:1] * 2}, InputError, r"must be the earlier one"),
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
