"""Where one scan lies against another: a rigid movement found by mutual information, and its doubts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ranvier.errors import ConvergenceError, InputError
from ranvier.mri._rigid import angle_degrees, between, box_corners, farthest, inverse, moved
from ranvier.mri.images import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Registration", "register"]

LEVELS = ((4, 2.0), (2, 1.0), (1, 0.0))
"""Three levels, coarse to fine: the shrink factor, and the smoothing in mm."""
BINS = 50
SAMPLES = 50_000
"""Voxels drawn at each level, at most: what keeps a scan of 50 million voxels within seconds."""
STEPS, LEAST_STEP_MM = 200, 0.001
RUNS, SETTLED_MM = 8, 0.1
"""One run can stop more than 1 mm short. It is repeated from where it ended, at most so often, until the
corners of the head move by no more than this."""
NOTED_MM, REFUSED_MM = 1.0, 5.0
"""Difference of the two directions above which it is noted, and above which there is no result: 1 mm is a
voxel, 5 mm more than most lesions measure."""
TO_ITK = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From right, anterior, superior to left, posterior, superior, which ITK uses; its own inverse."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """A rigid movement between two scans.

    Parameters
    ----------
    transform : ndarray, shape (4, 4)
        From world coordinates of the fixed scan to those of the moving scan, in mm (right, anterior,
        superior).
    consistency_mm : float
        Largest distance, over the corners of the head, between the result of fixed to moving and that of
        moving to fixed turned round. No truth is needed for it, and it is no proof: both can be wrong alike.
    mutual_information : tuple of 2 float
        Mutual information (nats) of the scans as they lie in the scanner, and after the movement.
    fixed, moving : Image
        The scans.
    seed : int
        Seed of the voxels drawn.
    notes : tuple of str
        Sentences that a reader must not miss.
    """

    transform: Floats = field(repr=False)
    consistency_mm: float
    mutual_information: tuple[float, float]
    fixed: Image
    moving: Image
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def angle_degrees(self) -> float:
        """Angle of the rotation, in degrees."""
        return angle_degrees(self.transform)

    @property
    def shift_mm(self) -> float:
        """How far the middle of the head moves, in mm."""
        middle = head_corners(self.fixed).mean(axis=0)
        return float(np.linalg.norm(moved(self.transform, middle[None])[0] - middle))

    def explain(self) -> str:
        """Say in plain sentences what was found and how far it can be trusted.

        Returns
        -------
        str
            Sentences.
        """
        before, after = self.mutual_information
        moved_by = (
            f"{self.moving.name} against {self.fixed.name}: turned by {self.angle_degrees:.2f} degrees, the "
            f"middle of the head shifted by {self.shift_mm:.2f} mm."
        )
        trust = (
            f"Both directions agree within {self.consistency_mm:.2f} mm over the corners of the head; the "
            "result is their middle. This is no measure of accuracy: both can be wrong alike. Look at the "
            "picture."
        )
        parts = [
            moved_by,
            f"Mutual information {before:.3f} as scanned, {after:.3f} after.",
            trust,
            f"Rigid, {len(LEVELS)} levels, up to {SAMPLES} voxels drawn with seed {self.seed}.",
        ]
        return " ".join([*parts, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give all but the voxels, JSON-ready.

        Returns
        -------
        dict
            Transform, angle, shift, consistency, mutual information, scans, seed, notes.
        """
        return {
            "transform": self.transform.tolist(),
            "angle_degrees": self.angle_degrees,
            "shift_mm": self.shift_mm,
            "consistency_mm": self.consistency_mm,
            "mutual_information": list(self.mutual_information),
            "fixed": self.fixed.to_dict(),
            "moving": self.moving.to_dict(),
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the middle slice in squares that change between the two scans: edges must run on.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from scipy import ndimage

        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 5), layout="constrained").add_subplot()
        sides = self.fixed.voxels.shape
        first, second = np.indices(sides[:2])
        corners = inverse(self.fixed.affine) @ np.column_stack([head_corners(self.fixed), np.ones(8)]).T
        middle = np.full(first.shape, round(float(corners[2].mean())))
        index = np.stack([first, second, middle], axis=-1).reshape(-1, 3)
        world = moved(self.transform @ self.fixed.affine, index)
        there = moved(inverse(self.moving.affine), world)
        other = ndimage.map_coordinates(self.moving.voxels, there.T, order=1).reshape(first.shape)
        side = max(1, sides[0] // 8)
        squares = ((first // side + second // side) % 2).astype(bool)
        shown = np.where(squares, _stretched(self.fixed.voxels[:, :, middle[0, 0]]), _stretched(other))
        steps = self.fixed.spacing_mm
        ax.imshow(shown.T, origin="lower", cmap="gray", aspect=steps[1] / steps[0])
        ax.set_xticks([0, sides[0] - 1], ["left", "right"])
        ax.set_yticks([])
        ax.set_title(f"{self.fixed.name} and {self.moving.name} in turn", fontsize=9, wrap=True)
        return ax

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.explain())}</p>"


def register(fixed: Image, moving: Image, *, seed: int) -> Registration:
    r"""Find the rigid movement between two scans of one patient, on any grids.

    Parameters
    ----------
    fixed, moving : Image
        Scans of one patient, such as two FLAIR images, from `read_image` or `image_from_array`; of one or of
        different contrasts. Not masks.
    seed : int
        Seed of the voxels that are drawn, 0 or more; the same seed gives the same result.

    Returns
    -------
    Registration
        The movement, and what can be said of it without knowing the truth.

    Raises
    ------
    InputError
        When an argument is no image, the seed is none, or SimpleITK is not installed.
    ConvergenceError
        When a direction does not settle, or both differ by more than 5 mm over the corners of the head.

    Notes
    -----
    Mattes mutual information of 50 × 50 bins is maximised over three angles and three shifts by gradient
    steps, at a quarter, half and full resolution, starting from the best of three: as scanned, centres of the
    volumes together, centres of brightness together; it is run again until the result moves by no more than
    0.1 mm. It is done from fixed to moving (:math:`F`) and from moving to fixed (:math:`B`); the result is
    the rigid movement half-way between :math:`F` and :math:`B^{-1}`, so that exchanging the scans inverts it.
    The consistency is the largest :math:`|F x - B^{-1} x|` over the 8 corners of the box around all voxels
    brighter than the mean. One thread is used, so that sums have one order.

    References
    ----------
    Mattes D et al. IEEE Trans Med Imaging 2003;22:120-128. Lowekamp BC et al. Front Neuroinform 2013;7:45
    (SimpleITK).

    Examples
    --------
    >>> from ranvier.mri import image_from_array
    >>> blob = np.exp(-np.sum((np.indices((30, 34, 28)).T - 14.0) ** 2, axis=-1).T / 60.0)
    >>> register(image_from_array(blob, np.eye(4)), blob, seed=1)
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: moving is ndarray; give the scan itself, from mri.read_image or
    mri.image_from_array.
    """
    for name, image in (("fixed", fixed), ("moving", moving)):
        if not isinstance(image, Image):
            raise InputError(
                f"{name} is {type(image).__name__}; give the scan itself, from mri.read_image or "
                "mri.image_from_array."
            )
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32 - 1:
        raise InputError(f"seed is {seed!r}; give a whole number from 0 to {2**32 - 2}.")
    package = simple_itk()
    with _one_thread(package):
        forth, before, after = _one_way(package, fixed, moving, seed)
        back, _, _ = _one_way(package, moving, fixed, seed)
    apart = farthest(forth, inverse(back), head_corners(fixed))
    if apart > REFUSED_MM:
        raise ConvergenceError(
            f"{fixed.name} and {moving.name}: fixed to moving and moving to fixed differ by {apart:.1f} mm, "
            f"more than {REFUSED_MM:g} mm; no position was found. Are they scans of one head? Crop them "
            "to it."
        )
    notes = [f"{image.name}: {note}" for image in (fixed, moving) for note in image.notes]
    if apart > NOTED_MM:
        notes.append(
            f"The two directions differ by more than {NOTED_MM:g} mm: small lesions may seem to move."
        )
    transform = between(forth, inverse(back))
    transform.flags.writeable = False
    return Registration(
        transform=transform,
        consistency_mm=apart,
        mutual_information=(before, after),
        fixed=fixed,
        moving=moving,
        seed=seed,
        notes=tuple(notes),
    )


def simple_itk() -> Any:
    """Import SimpleITK, or say how to get it."""
    try:
        import SimpleITK
    except ImportError as error:
        raise InputError(
            "registering scans needs SimpleITK; install it with pip install 'ranvier[register]'."
        ) from error
    return SimpleITK


def head_corners(image: Image) -> Floats:
    """Give the corners, in mm, of the box around all voxels brighter than the mean."""
    bright = image.voxels > image.voxels.mean()
    ends = [np.flatnonzero(bright.any(axis=tuple({0, 1, 2} - {axis})))[[0, -1]] for axis in range(3)]
    low, high = np.array(ends, dtype=float).T
    return moved(image.affine, box_corners(low, high))


def _one_way(package: Any, fixed: Image, moving: Image, seed: int) -> tuple[Floats, float, float]:
    """Give the movement from fixed to moving, and the mutual information as scanned and after."""
    first, second = _to_itk(package, fixed), _to_itk(package, moving)
    method = _method(package, fixed.voxels.size, seed)
    meter = _metric(package, [min(1.0, SAMPLES / fixed.voxels.size)], seed)
    starts = _starts(package, first, second)
    values = [_information(meter, start, first, second) for start in starts]
    best = starts[int(np.argmax(values))]
    corners = head_corners(fixed)
    for _ in range(RUNS):
        last = _matrix(best)
        best = package.Euler3DTransform(best)
        method.SetInitialTransform(best, inPlace=True)
        method.Execute(first, second)
        if farthest(_matrix(best), last, moved(TO_ITK, corners)) <= SETTLED_MM:
            found = TO_ITK @ _matrix(best) @ TO_ITK
            return found, values[0], _information(meter, best, first, second)
    raise ConvergenceError(
        f"{fixed.name} and {moving.name}: after {RUNS} runs the position still moves by more than "
        f"{SETTLED_MM:g} mm. Are they scans of one head? Crop them to it."
    )


def _metric(package: Any, shares: list[float], seed: int) -> Any:
    """Set up mutual information over some share of the voxels at each level."""
    method = package.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentagePerLevel(shares, seed + 1)  # 0 would mean the time of day
    method.SetInterpolator(package.sitkLinear)
    method.MetricUseFixedImageGradientFilterOff()  # differences where they are needed, not of every voxel
    method.MetricUseMovingImageGradientFilterOff()
    return method


def _method(package: Any, n_voxels: int, seed: int) -> Any:
    """Set up levels and optimiser."""
    method = _metric(package, [min(1.0, SAMPLES * shrink**3 / n_voxels) for shrink, _ in LEVELS], seed)
    method.SetShrinkFactorsPerLevel([shrink for shrink, _ in LEVELS])
    method.SetSmoothingSigmasPerLevel([smooth for _, smooth in LEVELS])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(1.0, LEAST_STEP_MM, STEPS)
    method.SetOptimizerScalesFromPhysicalShift()
    return method


@contextmanager
def _one_thread(package: Any) -> Iterator[None]:
    """Let sums have one order, so that the same seed gives the same digits; then set the threads back."""
    threads = package.ProcessObject.GetGlobalDefaultNumberOfThreads()
    package.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        package.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)


def _starts(package: Any, fixed: Any, moving: Any) -> list[Any]:
    """Give three positions to start from, about the centre of the fixed volume: the first is as scanned."""
    sides = [(side - 1) / 2 for side in fixed.GetSize()]
    as_scanned = package.Euler3DTransform()
    as_scanned.SetCenter(fixed.TransformContinuousIndexToPhysicalPoint(sides))
    ways = package.CenteredTransformInitializerFilter
    centred = [
        package.Euler3DTransform(
            package.CenteredTransformInitializer(fixed, moving, package.Euler3DTransform(), way)
        )
        for way in (ways.GEOMETRY, ways.MOMENTS)
    ]
    return [as_scanned, *centred]


def _information(meter: Any, transform: Any, fixed: Any, moving: Any) -> float:
    """Give the mutual information at a position; nothing where the volumes do not meet."""
    meter.SetInitialTransform(transform, inPlace=False)
    try:
        return -float(meter.MetricEvaluate(fixed, moving))
    except RuntimeError:  # all samples fall outside: as bad as can be
        return 0.0


def _to_itk(package: Any, image: Image) -> Any:
    affine = TO_ITK @ image.affine
    made = package.GetImageFromArray(np.ascontiguousarray(image.voxels.T))
    made.SetOrigin(affine[:3, 3].tolist())
    made.SetSpacing(list(image.spacing_mm))
    made.SetDirection((affine[:3, :3] / np.array(image.spacing_mm)).ravel().tolist())
    return made


def _matrix(transform: Any) -> Floats:
    """Give a transform of ITK, R (x - c) + c + t, as one matrix."""
    result = np.eye(4)
    centre = np.array(transform.GetCenter())
    result[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    result[:3, 3] = centre + np.array(transform.GetTranslation()) - result[:3, :3] @ centre
    return result


def _stretched(slice_: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bring the brightness of a slice to 0 to 1."""
    low, high = np.percentile(slice_, [1, 99])
    return np.asarray(np.clip((slice_ - low) / max(high - low, 1e-6), 0, 1), dtype=np.float32)
