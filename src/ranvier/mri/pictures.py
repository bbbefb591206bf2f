"""Lesions on axial slices: the changed ones before and after, or the largest ones of one scan."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import InputError
from ranvier.mri._components import label, lesion_box, measure
from ranvier.mri._fate_style import STYLES
from ranvier.mri._fates import FATES
from ranvier.mri._geometry import NOTED_VOXELS, farthest_corner, farthest_in_voxels
from ranvier.mri._panels import MARK, Frame, Scan, paint, write
from ranvier.mri.comparison import LesionComparison, judged
from ranvier.mri.images import Image
from ranvier.mri.mask import Box, Mask
from ranvier.mri.measures import Lesions, lesion_table
from ranvier.mri.rule import Rule
from ranvier.result import number, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["picture"]

CLOSE_MM = 50.0
"""Side of a close-up: a gyrus or two around a lesion of 3 mm."""
ROOM = 1.5
"""Times the lesion that a close-up is at least wide."""
COLUMN, ROW, HEAD = 2.53, 2.35, 1.5
"""Inches: width of a column, height of a lesion's row, and room for heading, legend and notes."""
NOTE_LETTERS = 42
"""Letters of the note that fit below one column."""
DARKEST, BRIGHTEST = 1, 99.8
"""Percentiles of all values that are drawn black, and of those above it that are drawn white: a few voxels of
fat or flow are brighter than any lesion."""
CHANGED = ("new", "enlarging")
MOST_ROWS = 40
"""Rows that one figure can hold."""
SIDES = (
    "Seen from the feet, as radiologists do: the right side of the patient (R) is on the left of each "
    "picture, the front on top."
)

NO_IMAGE = "Where no image was given, the mask is drawn on plain grey."

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scene:
    """What is drawn: one or two scans, what each group is called, and the groups that get a row."""

    scans: tuple[Scan, ...]
    visits: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[int, ...]
    titles: dict[int, str]
    heading: str
    none: str
    left_out: str


def picture(
    found: LesionComparison | Lesions,
    *,
    image: Image | None = None,
    image_before: Image | None = None,
    at_most: int = 8,
    figure: Figure | None = None,
) -> Figure:
    """Draw axial slices through new and enlarging lesions, before and after, or through those of one scan.

    Parameters
    ----------
    found : LesionComparison or Lesions
        From `compare`: one row for each new or enlarging group, the new ones first, then by size. From
        `lesions`: one row for each counted lesion, the largest first.
    image : Image, optional
        The scan to draw on, of the visit after for a comparison; from `read_image`, on the grid of the mask.
        Without it the mask is drawn on plain grey.
    image_before : Image, optional
        The same for the visit before; for a comparison only.
    at_most : int
        Most rows, 1 to 40; the figure says how many more there are.
    figure : matplotlib Figure, optional
        Where to draw; its size is set. A new figure when None.

    Returns
    -------
    matplotlib Figure
        A row for each lesion: the whole slice with a frame, and the frame enlarged, before and after.

    Raises
    ------
    InputError
        When an image does not lie on the grid of its mask, or `at_most` is not possible.

    Notes
    -----
    Slices run along the voxel axis nearest to feet-head and are drawn in mm, so that flat voxels stay flat.
    The slice of a lesion is the one with most of its voxels, of both visits together; its position is the
    world coordinate of those voxels (S, mm). Outlines follow the sides of the voxels. Line style as well as
    colour tells the fates apart: new solid, enlarging dashed, shrinking dotted, resolved dash-dotted, stable
    thin. The patient's right is on the left of the picture. Each image has one window of grey values, from
    the first percentile to the 99.8th of what lies above it.

    Examples
    --------
    >>> from ranvier.mri import compare, mask_from_array
    >>> first, second = np.zeros((20, 20, 9)), np.zeros((20, 20, 9))
    >>> first[3:7, 3:7, 4] = second[3:7, 3:7, 4] = second[12:16, 12:16, 5] = 1
    >>> change = compare(
    ...     mask_from_array(first, np.eye(4)), mask_from_array(second, np.eye(4)), rule="default"
    ... )
    >>> drawn = picture(change)
    >>> len(drawn.axes), drawn.axes[0].get_title(loc="left")
    (3, 'Group 1: new, 0.0 → 16.0 mm³, slice at S 5.0 mm')
    """
    if at_most not in range(1, MOST_ROWS + 1):
        raise InputError(f"at_most is {at_most!r}; it must be a whole number from 1 to {MOST_ROWS}.")
    if isinstance(found, LesionComparison):
        scene = _change(found, image_before, image, at_most)
    elif isinstance(found, Lesions):
        if image_before is not None:
            raise InputError("image_before belongs to a comparison; the lesions of one scan have one image.")
        scene = _one_scan(found, image, at_most)
    else:
        raise InputError(
            f"{type(found).__name__} cannot be drawn on slices; give what compare or lesions gave."
        )
    if figure is None:
        from matplotlib.figure import Figure

        figure = Figure()
    _draw(figure, scene)
    return figure


def _change(found: LesionComparison, first: Image | None, second: Image | None, at_most: int) -> _Scene:
    box = lesion_box(found.before, found.after)
    visits, table = judged(found.before, found.after, found.definition, box=box)
    number_of = np.empty(visits.n, dtype=np.int32)  # of the group in the table, by its place in the graph
    number_of[table["owner"].to_numpy()] = table["group"].to_numpy()
    scans = tuple(
        _scan(mask, picture, np.append(np.int32(0), number_of[owner])[labels], box)
        for mask, picture, owner, labels in zip(
            (found.before, found.after), (first, second), visits.owner, visits.labels, strict=True
        )
    )
    changed = table.filter(table["fate"].is_in(CHANGED))
    titles = {
        row["group"]: f"Group {row['group']}: {row['fate']}, {number(row['volume_before_mm3'], digits=1)} → "
        f"{number(row['volume_after_mm3'], digits=1)} mm³"
        for row in changed.iter_rows(named=True)
    }
    rest = changed["fate"].to_list()[at_most:]
    of = " and ".join(f"{rest.count(fate)} {fate}" for fate in CHANGED if fate in rest)
    changes = ", ".join(f"{found.counts[fate]} {fate}" for fate in FATES if found.counts.get(fate))
    return _Scene(
        scans=scans,
        visits=("before", "after"),
        kinds=tuple(table["fate"].to_list()),
        rows=tuple(changed["group"].to_list()[:at_most]),
        titles=titles,
        heading=f"{found.name}\n{changes or 'no counted lesion'} ({_rule(found.definition)})",
        none="No lesion is new or enlarging.",
        left_out=f"Not drawn: {of} more." if rest else "",
    )


def _one_scan(found: Lesions, image: Image | None, at_most: int) -> _Scene:
    box = lesion_box(found.mask)
    labels = label(found.mask, box, found.definition)
    parts = measure(labels, found.mask, box, found.definition)
    order = lesion_table(parts, found.mask, owner=np.arange(parts.voxels.size))["owner"].to_numpy()
    number_of = np.zeros(order.size + 1, dtype=np.int32)
    number_of[order + 1] = np.arange(1, order.size + 1)
    counted = found.table.filter("counted")
    rest = counted.height - at_most
    return _Scene(
        scans=(_scan(found.mask, image, number_of[labels], box),),
        visits=("",),
        kinds=tuple("counted" if each else "below limit" for each in found.table["counted"]),
        rows=tuple(counted["lesion"].to_list()[:at_most]),
        titles={
            row["lesion"]: f"Lesion {row['lesion']}: {number(row['volume_mm3'], digits=1)} mm³"
            for row in counted.iter_rows(named=True)
        },
        heading=f"{found.name}\n{plural(counted.height, 'lesion')} of "
        f"{number(float(counted['volume_mm3'].sum()), digits=1)} mm³ ({_rule(found.definition)})",
        none="No lesion is counted.",
        left_out=f"Not drawn: {plural(rest, 'smaller lesion')}." if rest > 0 else "",
    )


def _rule(rule: Rule) -> str:
    return f"rule {rule.name}, settings {rule.fingerprint()}"


def _scan(mask: Mask, image: Image | None, groups: Ints, box: Box) -> Scan:
    if image is not None:
        _check_on_grid(image, mask)
    grey = (0.0, 1.0) if image is None else _window(image)
    return Scan(mask=mask, image=image, grey=grey, groups=groups, box=box)


def _check_on_grid(image: Image, mask: Mask) -> None:
    """Refuse an image that does not lie on the grid of the mask: its lesions would be drawn elsewhere."""
    if not isinstance(image, Image):
        raise InputError(f"{type(image).__name__} is not an image; make one with mri.read_image.")
    advice = "Give the image on which the mask was drawn, or move the image to the grid of the mask."
    if image.voxels.shape != mask.voxels.shape:
        raise InputError(
            f"{image.name} and {mask.name}: shapes {image.voxels.shape} and {mask.voxels.shape} (right, "
            f"anterior, superior). {advice}"
        )
    voxels = farthest_in_voxels(image.affine, mask.affine, mask.voxels.shape)
    if voxels > NOTED_VOXELS:
        apart = farthest_corner(image.affine, mask.affine, mask.voxels.shape)
        raise InputError(
            f"{image.name} and {mask.name}: corresponding corners lie up to {apart:.3g} mm ({voxels:.2g} "
            f"voxels) apart. {advice}"
        )


def _window(image: Image) -> tuple[float, float]:
    """Give the grey values that are drawn black and white."""
    low, most = float(np.percentile(image.voxels, DARKEST)), float(image.voxels.max())
    if low >= most:  # nearly everything is as bright as the brightest
        return float(image.voxels.min()), most
    return low, float(np.percentile(image.voxels[image.voxels > low], BRIGHTEST))


def _draw(figure: Figure, scene: _Scene) -> None:
    figure.set_layout_engine("constrained")
    n, columns = len(scene.rows), 1 + len(scene.scans)
    figure.set_size_inches(COLUMN * columns, HEAD + ROW * n if n else HEAD / 2)
    figure.suptitle(scene.heading if n else f"{scene.heading}\n{scene.none}", fontsize=9)
    if not n:
        return
    axes = figure.subplots(n, columns, squeeze=False)
    used: set[str] = set()
    for row, group in zip(axes, scene.rows, strict=True):
        used |= _row(row, scene, group)
    plain = [] if all(scan.image for scan in scene.scans) else [NO_IMAGE]
    note = " ".join(part for part in (SIDES, *plain, scene.left_out) if part)
    _legend(figure, used, "\n".join(textwrap.wrap(note, NOTE_LETTERS * columns)))


def _row(axes: Sequence[Axes], scene: _Scene, group: int) -> set[str]:
    """Draw one lesion: where it is, then close by at each visit; give the kinds that were drawn."""
    k, frame, height = _place(scene, group)
    mask = scene.scans[-1].mask
    about: dict[str, Any] = {"kinds": scene.kinds, "focus": group}
    paint(axes[0], scene.scans[-1], k, Frame.whole(mask), **about, close=False)
    corner, sides = (frame.r[0], frame.a[0]), (frame.r[1] - frame.r[0], frame.a[1] - frame.a[0])
    from matplotlib.patches import Rectangle

    axes[0].add_patch(Rectangle(corner, *sides, fill=False, edgecolor=MARK, linewidth=0.8))
    axes[0].set_title(
        f"{scene.titles[group]}, slice at S {number(height, digits=1)} mm", loc="left", fontsize=9
    )
    for ax, scan, visit in zip(axes[1:], scene.scans, scene.visits, strict=True):
        paint(ax, scan, k, frame, **about)
        write(ax, 0.5, 0.97, visit, ha="center", va="top", fontsize=8)
    seen = (scene.scans[-1].plane(k), *(scan.plane(k)[frame.crop(mask)] for scan in scene.scans))
    return {scene.kinds[each - 1] for plane in seen for each in np.unique(plane[plane > 0])}


def _place(scene: _Scene, group: int) -> tuple[int, Frame, float]:
    """Give the slice with most voxels of a group, a frame around them there, and its height in mm."""
    box, mask = scene.scans[0].box, scene.scans[0].mask
    inside = np.stack([scan.groups == group for scan in scene.scans])
    layer = int(inside.sum(axis=(0, 1, 2)).argmax())
    index = np.argwhere(inside[..., layer].any(axis=0)) + np.array([box[0].start, box[1].start])
    k = layer + box[2].start
    low, high = index.min(axis=0), index.max(axis=0)
    steps = np.array(mask.spacing_mm[:2])
    r, a = (low + high) / 2 * steps
    side = max(CLOSE_MM, ROOM * float(((high - low + 1) * steps).max()))
    centre = mask.affine @ [*index.mean(axis=0), k, 1]
    return k, Frame.around(float(r), float(a), side), float(centre[2])


def _legend(figure: Figure, used: set[str], note: str) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=style.colour, linestyle=style.line, linewidth=style.width, label=kind)
        for kind, style in STYLES.items()
        if kind in used
    ]
    figure.legend(
        handles=lines, title=note, title_fontsize=8, loc="outside lower center", ncols=len(lines),
        frameon=False, handlelength=3.5,
    )  # fmt: skip
