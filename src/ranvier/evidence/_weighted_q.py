"""The interval of the variance between studies from a sum of squares with weights given: Jackson 2013."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from ranvier.errors import ConvergenceError, InputError

__all__ = ["JACKSON", "WEIGHTED_Q", "weighted_q_bounds", "weighted_q_tail"]

Floats = NDArray[np.float64]

FIRST_NODES, MOST_NODES = 64, 4096
"""Nodes of the contour: doubled until nothing changes. Two studies need most of them."""
SETTLED = 1e-13
"""Change of a chance that is none."""
MANY = 20
"""Studies, counted by how evenly they share the sum of squares, from which the contour is straight."""
NEAR = 1e-6
"""How near the saddle may come to a singularity."""
NEGLIGIBLE = 1e-17
"""Size of the integrand, relative to its largest, at which the contour ends."""
DOUBLINGS = 1000
RELATIVE = 4 * np.finfo(np.float64).eps
"""Relative step at which the search of an end stops; SciPy allows no smaller one."""


WEIGHTED_Q = "Interval by the generalised Q with the weights given."
JACKSON = "Jackson D (2013). Res Synth Methods 4:220-229"
"""What an interval says about itself, and its source."""


def weighted_q_bounds(
    y: Floats, v: Floats, weights: Floats | tuple[float, ...] | None, level: float, x: Floats | None = None
) -> tuple[float, float]:
    """Give all variances between studies under which the weighted sum of squares is not extreme.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Effects and variances.
    weights : ndarray of float64, shape (k,), or None
        Weights of the sum of squares; refused when None.
    level : float
        Confidence level.
    x : ndarray of float64, shape (k, p), optional
        Columns of the moderators, the intercept among them; the mean alone when None.
    """
    if weights is None:
        raise InputError(
            "the interval by the generalised Q belongs to method=GeneralisedQ(weights=...); this pool has no "
            "weights of its own. Use the Q-profile interval, which is among the estimates."
        )
    if len(y) == 1:
        raise InputError("one study says nothing about the variance between studies; pool at least two.")
    columns = np.ones((len(y), 1)) if x is None else x
    scale = 1 / float((1 / v).mean())
    u, a = v / scale, np.asarray(weights) / float(np.mean(weights))
    root = np.sqrt(a)[:, None]
    z = y / np.sqrt(scale)
    rest = root[:, 0] * z - root * columns @ np.linalg.lstsq(root * columns, root[:, 0] * z, rcond=None)[0]
    q = float(rest @ rest)

    def above(tail: float, t: float) -> float:
        return weighted_q_tail(q, u + t, a, columns) - tail

    def end(tail: float) -> float:
        if above(tail, 0.0) >= 0:
            return 0.0
        far = float(u.max())
        for _ in range(DOUBLINGS):
            if above(tail, far) > 0:
                return float(optimize.brentq(lambda t: above(tail, t), 0.0, far, xtol=1e-300, rtol=RELATIVE))
            far *= 2
        raise ConvergenceError(
            f"no variance between studies up to {far * scale:.6g} makes the sum of squares likely. Use a "
            "method with a name: its Q-profile interval has an end."
        )

    return end((1 - level) / 2) * scale, end((1 + level) / 2) * scale


def weighted_q_tail(q: float, variances: Floats, weights: Floats, columns: Floats) -> float:
    """Give the chance that a weighted sum of squares of residuals exceeds a value.

    Its Laplace transform needs no eigenvalues: with d = 1 + 2 z weight variance of each study it is one over
    the root of the product of d, times det(X'(weight / d)X) / det(X'(weight)X). The transform is turned back
    along a parabola that leaves its saddle as the path of steepest descent does and opens around the negative
    axis, where the singularities lie; the trapezoidal rule on it converges exponentially (Weideman and
    Trefethen 2007, Math Comput 76:1341-1356). Any such parabola gives the right value; the saddle, found
    from sizes instead of eigenvalues, only saves nodes.

    Parameters
    ----------
    q : float
        The value.
    variances, weights : ndarray of float64, shape (k,)
        Variances of the effects, that between studies included, and the weights.
    columns : ndarray of float64, shape (k, p)
        Columns whose fit is taken off.
    """
    if q <= 0:
        return 1.0
    # An orthonormal base under the weights makes the second determinant 1.
    base = np.linalg.qr(np.sqrt(weights)[:, None] * columns)[0]
    sizes = weights * variances
    saddle, bend, width = _path(q, sizes)

    def integrand(u: NDArray[Any]) -> NDArray[np.complex128]:
        z = saddle + 1j * u - bend * u**2
        d = 1 + 2 * z[:, None] * sizes
        # All eigenvalues lie on one side of the real axis: the principal logarithm is the continuous one.
        left = np.linalg.eigvals(np.einsum("ip,ni,iq->npq", base, 1 / d, base))
        logs = z * q - (np.log(d).sum(axis=1) + np.log(left).sum(axis=1)) / 2 - np.log(z)
        found: NDArray[np.complex128] = np.exp(logs) * (1j - 2 * bend * u)
        return found

    largest, reach = abs(integrand(np.zeros(1))[0]), 8 * width
    while abs(integrand(np.array([reach]))[0]) > NEGLIGIBLE * largest:
        reach *= 1.5
    step = reach / FIRST_NODES
    total = integrand(np.zeros(1)).imag[0] / 2 + integrand(step * np.arange(1, FIRST_NODES + 1)).imag.sum()
    chance, nodes = total * step / np.pi, FIRST_NODES
    while nodes < MOST_NODES:
        # The nodes between those that there are.
        total += integrand(step * (np.arange(nodes) + 0.5)).imag.sum()
        step, nodes = step / 2, 2 * nodes
        before, chance = chance, total * step / np.pi
        if abs(chance - before) < SETTLED:
            break
    # Right of the pole at 0 the integral is the chance below; left of it, less the chance above.
    return float(min(max(1 - chance if saddle > 0 else -chance, 0.0), 1.0))


def _path(q: float, sizes: Floats) -> tuple[float, float, float]:
    """Give the saddle of the integrand, how its path bends, and its width there."""

    def slope(z: float) -> float:
        return float(q - (sizes / (1 + 2 * z * sizes)).sum() - 1 / z)

    # No eigenvalue is above the largest size: left of 0 the first singularity lies beyond this one.
    first = -0.5 / float(sizes.max())
    left = q > float(sizes.sum()) and slope(first * (1 - NEAR)) < 0 < slope(first * NEAR)
    ends = (first * (1 - NEAR), first * NEAR) if left else (0.5 / q, (len(sizes) / 2 + 2) / q)
    saddle = float(optimize.brentq(slope, *ends))
    part = sizes / (1 + 2 * saddle * sizes)
    second = 2 * float((part**2).sum()) + saddle**-2
    third = 8 * float((part**3).sum()) + 2 * saddle**-3
    # With many studies the integrand vanishes soon on a straight line; a bent one would come near the axis.
    many = float(sizes.sum()) ** 2 > MANY * float((sizes**2).sum())
    return saddle, 0.0 if many else max(third / (6 * second), 0.0), second**-0.5
