"""Every way in which input to lesion tracks and active lesions can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError

EYE = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
MASK, WIDE = rv.mri.mask_from_array([[[1]]], EYE), rv.mri.mask_from_array([[[1, 0]]], EYE)
CUT = rv.mri.mask_from_array([[[0.4]]], EYE, threshold=0.3)
RULE: dict[str, Any] = {"rule": "default"}

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("mri.track", ([],), RULE, InputError, r"0 visits, none with a mask; give at least one"),
    ("mri.track", ([(0, None)],), RULE, InputError, r"1 visit, none with a mask"),
    ("mri.track", (7,), RULE, InputError, r"int is no list of visits; give pairs"),
    ("mri.track", ({0: MASK},), RULE, InputError, r"dict is no list of visits; give pairs"),
    ("mri.track", ([MASK],), RULE, InputError, r"a visit of Mask; give a pair"),
    ("mri.track", (["M0"],), RULE, InputError, r"a visit of str; give a pair"),
    (
        "mri.track",
        ([(180, MASK), (0, MASK)],),
        RULE,
        InputError,
        r"day 0 comes after day 180; .* order of time",
    ),
    ("mri.track", ([(0, MASK), (0, MASK)],), RULE, InputError, r"day 0 comes after day 0"),
    ("mri.track", ([(0, MASK), (90, None), (30, MASK)],), RULE, InputError, r"day 30 comes after day 90"),
    ("mri.track", ([("M0", MASK), ("M0", MASK)],), RULE, InputError, r"'M0' is empty or comes twice"),
    ("mri.track", ([("", MASK)],), RULE, InputError, r"visit '' is empty"),
    ("mri.track", ([("M0", MASK), (90, MASK)],), RULE, InputError, r"day 90 after visit 'M0'; give days"),
    ("mri.track", ([(0, MASK), ("M3", MASK)],), RULE, InputError, r"visit 'M3' after day 0; give days"),
    ("mri.track", ([(0.5, MASK)],), RULE, InputError, r"0.5 is no day; give whole days"),
    ("mri.track", ([(True, MASK)],), RULE, InputError, r"True is no day"),
    ("mri.track", ([(None, MASK)],), RULE, InputError, r"None is no day"),
    ("mri.track", ([(0, [[[1]]])],), RULE, InputError, r"list is not a mask; make one with"),
    ("mri.track", ([(0, "no-such.nii.gz")],), RULE, InputError, r"no file 'no-such.nii.gz'.*missing visit"),
    ("mri.track", ([(0, MASK), (9, WIDE)],), RULE, InputError, r"\(1, 1, 1\) and \(1, 1, 2\)"),
    ("mri.track", ([(0, CUT)],), RULE, InputError, r"cut above a probability of 0.3"),
    ("mri.track", ([(0, MASK)],), {"rule": "defalt"}, InputError, r"Did you mean 'default'"),
    (
        "mri.track",
        ([(0, MASK), (1, MASK)],),
        {**RULE, "on_geometry": "ask"},
        InputError,
        r"one of \['error'",
    ),
    ("mri.active", ((MASK, MASK), WIDE), RULE, InputError, r"\(1, 1, 1\) and \(1, 1, 2\)"),
    ("mri.active", ((MASK, WIDE), MASK), RULE, InputError, r"\(1, 1, 1\) and \(1, 1, 2\)"),
    (
        "mri.active",
        ((MASK, MASK), None),
        RULE,
        InputError,
        r"without contrast the active lesions are not known",
    ),
    ("mri.active", (MASK, MASK), RULE, InputError, r"Mask is no comparison; give the result of mri.compare"),
    ("mri.active", ((MASK,), MASK), RULE, InputError, r"tuple is no comparison"),
    ("mri.active", ((MASK, MASK), CUT), RULE, InputError, r"cut above a probability of 0.3"),
    (
        "mri.active",
        (rv.mri.compare(MASK, MASK, rule="sct"), MASK),
        RULE,
        InputError,
        r"'sct', not by 'default'; use one rule",
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


def test_days_of_doses_need_days_of_visits() -> None:
    tracks = rv.mri.track([("M0", MASK)], rule="default")
    with pytest.raises(InputError, match="the visits were given by label"):
        tracks.plot(dose_days=[0])


def test_an_unknown_track_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"no decision about subject 'track 9'.*'track 1'"):
        rv.mri.track([(0, MASK)], rule="default").explain("track 9")
