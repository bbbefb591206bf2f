"""One axial slice on axes: grey values, outlines of the lesions, right and left, a bar of length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ranvier.mri._fate_style import STYLES, Style
from ranvier.mri.images import Image
from ranvier.mri.mask import Mask

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MARK", "Frame", "Scan", "paint", "write"]

DARK, BODY, LESION, MARK = "#14171d", "#4a4f58", "#8d939d", "#ffffff"
"""Outside the volume, a mask without an image, its lesion voxels, and what is written on them."""
FINE, COARSE = 4, 2
"""Parts of a voxel side in which outlines are traced close by and on a whole slice, so that they follow the
sides of the voxels, not their centres."""
MOST_PIXELS = 256
"""Voxels along a side of a whole slice that are drawn; every second or third beyond."""
BARS_MM = (100, 50, 20, 10, 5, 2, 1)
BAR_PART = 0.35
"""Part of the width that the bar of length may take."""
FOCUS = 1.3
"""Times the width of the line that the lesion in question is drawn with."""
AFAR = 0.6
"""Times the width of every line on a whole slice."""

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """One visit as pictures need it."""

    mask: Mask
    image: Image | None
    grey: tuple[float, float]
    """Values of the image that are black and white."""
    groups: Ints
    """Group of each voxel inside the box, 0 outside lesions."""
    box: tuple[slice, slice, slice]

    def plane(self, k: int) -> Ints:
        """Give the group of each voxel of a whole slice."""
        full = np.zeros(self.mask.voxels.shape[:2], dtype=np.int32)
        first = self.box[2].start
        if first <= k < self.box[2].stop:
            full[self.box[:2]] = self.groups[:, :, k - first]
        return full


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The part of a slice that is drawn, in mm along the voxel axes from the first voxel."""

    r: tuple[float, float]
    a: tuple[float, float]

    @classmethod
    def whole(cls, mask: Mask) -> Frame:
        """Give the frame of a whole slice."""
        (nr, na, _), (dr, da, _) = mask.voxels.shape, mask.spacing_mm
        return cls(r=(-dr / 2, (nr - 0.5) * dr), a=(-da / 2, (na - 0.5) * da))

    @classmethod
    def around(cls, r: float, a: float, side: float) -> Frame:
        """Give a square frame around a point."""
        return cls(r=(r - side / 2, r + side / 2), a=(a - side / 2, a + side / 2))

    def crop(self, mask: Mask) -> tuple[slice, slice]:
        """Give the voxels that the frame shows, those cut at its edge included."""
        sides = []
        for (low, high), n, step in zip((self.r, self.a), mask.voxels.shape, mask.spacing_mm, strict=False):
            first = int(np.clip(np.floor(low / step + 0.5), 0, n - 1))
            sides.append(slice(first, int(np.clip(np.ceil(high / step + 0.5), first + 1, n))))
        return sides[0], sides[1]


def paint(
    ax: Axes, scan: Scan, k: int, frame: Frame, *, kinds: Sequence[str], focus: int, close: bool = True
) -> None:
    """Draw slice k; `kinds` gives the style of each group, `focus` the group that the picture is about."""
    fine, width = (FINE, 1.0) if close else (COARSE, AFAR)
    crop = frame.crop(scan.mask)
    plane = scan.plane(k)[crop]
    _background(ax, scan, k, crop, plane)
    place = crop[0].start, crop[1].start
    shown = np.unique(plane[plane > 0])
    for kind in dict.fromkeys(kinds[group - 1] for group in shown):
        same = [group for group in shown if kinds[group - 1] == kind and group != focus]
        _outline(ax, np.isin(plane, same), _sides(scan.mask, place), STYLES[kind], width=width, fine=fine)
    if focus in shown:
        style = STYLES[kinds[focus - 1]]
        _outline(ax, plane == focus, _sides(scan.mask, place), style, width=FOCUS * width, fine=fine)
    ax.set_xlim(frame.r[1], frame.r[0])  # seen from the feet: the right of the patient is on the left
    ax.set_ylim(*frame.a)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_facecolor(DARK)
    _sides_and_bar(ax, frame)


def write(ax: Axes, x: float, y: float, text: str, **options: Any) -> None:
    """Write white words with a dark rim at a part of the axes."""
    ax.text(x, y, text, transform=ax.transAxes, color=MARK, path_effects=_rim(1.6), **options)


def _rim(width: float) -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=DARK)]


def _background(ax: Axes, scan: Scan, k: int, crop: tuple[slice, slice], plane: Ints) -> None:
    thin = tuple(max(1, -(-side.stop // MOST_PIXELS) if side.start == 0 else 1) for side in crop)
    if scan.image is not None:
        low, high = scan.grey
        values = scan.image.voxels[:, :, k][crop].astype(float)
        grey = np.clip((values - low) / (high - low), 0, 1)
        colours: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1}
    else:
        from matplotlib.colors import ListedColormap

        grey = (plane > 0).astype(float)
        colours = {"cmap": ListedColormap([BODY, LESION]), "vmin": 0, "vmax": 1}
    dr, da, _ = scan.mask.spacing_mm
    edges = (
        (crop[0].start - 0.5) * dr,
        (crop[0].stop - 0.5) * dr,
        (crop[1].start - 0.5) * da,
        (crop[1].stop - 0.5) * da,
    )
    seen = grey[:: thin[0], :: thin[1]].T
    ax.imshow(seen, origin="lower", extent=edges, interpolation="none", **colours)


def _sides(mask: Mask, place: tuple[int, int]) -> tuple[tuple[int, float], tuple[int, float]]:
    """Give the first voxel that is drawn and the spacing along each side."""
    return (place[0], mask.spacing_mm[0]), (place[1], mask.spacing_mm[1])


def _outline(
    ax: Axes, inside: Bools, sides: Sequence[tuple[int, float]], style: Style, *, width: float, fine: int
) -> None:
    """Trace the voxels of a slice along their sides."""
    if not inside.any():
        return
    parts = np.kron(np.pad(inside, 1), np.ones((fine, fine)))
    where = [
        ((np.arange(n) + 0.5) / fine - 1.5 + first) * step
        for n, (first, step) in zip(parts.shape, sides, strict=True)
    ]
    points = style.width * width
    lines = ax.contour(
        *where, parts.T, levels=[0.5], colors=style.colour, linestyles=[style.line], linewidths=points
    )
    lines.set_path_effects(_rim(points + 1.2))


def _sides_and_bar(ax: Axes, frame: Frame) -> None:
    for x, text, align in ((0.02, "R", "left"), (0.98, "L", "right")):
        write(ax, x, 0.5, text, ha=align, va="center", fontsize=8, fontweight="bold")
    width = frame.r[1] - frame.r[0]
    length = next((bar for bar in BARS_MM if bar <= BAR_PART * width), BARS_MM[-1])
    y = frame.a[0] + 0.05 * (frame.a[1] - frame.a[0])
    right = frame.r[1] - 0.05 * width
    ax.plot([right, right - length], [y, y], color=MARK, linewidth=2, path_effects=_rim(3.6))
    write(ax, 0.05, 0.075, f"{length} mm", ha="left", va="bottom", fontsize=7)
