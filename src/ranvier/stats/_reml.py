r"""Likelihood of a mixed model with all its derivatives, and the search for its maximum.

With :math:`V` the covariance matrix of all observations, :math:`X` the design,
:math:`\Phi = (X'V^{-1}X)^{-1}` and :math:`r = y - X\hat\beta`, minus twice the restricted log-likelihood is,
up to a constant,

.. math:: \log|V| + \log|X'V^{-1}X| + r'V^{-1}r;

without the middle term it is the profile of the full likelihood. Derivatives are exact, so that the search is
Newton's and the information that the degrees of freedom need comes with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import ConvergenceError
from ranvier.stats._blocks import Block
from ranvier.stats._covariance import STRUCTURES, Matrices, Structure, matrices, start

__all__ = ["Fitted", "Model", "State", "fit"]

Floats = NDArray[np.float64]

MOST_STEPS = 100
"""Newton steps before the search counts as failed; ten are common."""
CLOSE = 1e-8
"""Fall of minus twice the log-likelihood that a Newton step promises, below which that step is the last."""
MOST_HALVINGS = 40
"""Halvings of a step before it counts as useless."""
LONGEST_STEP = 3.0
"""Longest move of a parameter in one step; a factor of 20 for a standard deviation."""
MOST_NAMES = 4
"""Parameters that an error names."""
SMALLEST_EIGENVALUE = 1e-9
"""Of the correlation matrix, and of the information relative to its diagonal: below it nothing is known."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A named structure, the blocks of patients that each have own parameters, and the size of the design."""

    covariance: str
    names: tuple[str, ...]
    blocks: tuple[Block, ...]
    n_columns: int
    restricted: bool

    @property
    def structure(self) -> Structure:
        """Give the structure by its name."""
        return STRUCTURES[self.covariance]

    def parts(self, theta: Floats) -> list[Floats]:
        """Split the parameters by block."""
        return np.split(theta, len(self.blocks))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Whitened:
    """One block at one value of its parameters."""

    block: Block
    found: Matrices
    half: Floats  # inverse of the lower Cholesky factor, (n_patterns, m, m)
    log_determinant: float

    @cached_property
    def inverse(self) -> Floats:
        whole: Floats = np.swapaxes(self.half, 1, 2) @ self.half
        return whole * self.block.both

    @cached_property
    def slopes(self) -> Floats:
        """Give the derivatives of V between whitened sides, (k, n_patterns, m, m)."""
        return self.half @ (self.found.first * self.block.both) @ np.swapaxes(self.half, 1, 2)

    def whiten(self, middle: Floats) -> Floats:
        return self.half @ middle @ np.swapaxes(self.half, 1, 2)

    def unwhiten(self, middle: Floats) -> Floats:
        return np.swapaxes(self.half, 1, 2) @ middle @ self.half


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """The model at one value of its covariance parameters."""

    model: Model
    theta: Floats
    parts: tuple[_Whitened, ...]
    beta: Floats
    phi: Floats
    minus_two_log: float

    @cached_property
    def turned(self) -> Floats:
        """Give the matrix that turns (X, y) into (X, r)."""
        turn = np.eye(self.beta.size + 1)
        turn[:-1, -1] = -self.beta
        return turn

    @cached_property
    def by_parameter(self) -> tuple[Floats, Floats]:
        """Give X'V⁻¹V_iV⁻¹X (k, p, p) and X'V⁻¹V_iV⁻¹r (k, p)."""
        grams = [part.block.gram(part.unwhiten(part.slopes)) for part in self.parts]
        turned = self.turned.T @ np.concatenate(grams) @ self.turned
        return turned[:, :-1, :-1], turned[:, :-1, -1]

    @cached_property
    def spread(self) -> list[tuple[Floats, Floats]]:
        """Give, whitened and per block, the sums over patients of X Φ X' and of r r'."""
        p = self.beta.size
        mean = np.zeros((p + 1, p + 1))
        mean[:p, :p] = self.phi
        residual = np.outer(self.turned[:, -1], self.turned[:, -1])
        return [
            (part.whiten(part.block.inner(mean)), part.whiten(part.block.inner(residual)))
            for part in self.parts
        ]

    @cached_property
    def gradient(self) -> Floats:
        """Give the slope of minus twice the log-likelihood."""
        return np.concatenate(
            [
                np.einsum("kpij,pij->k", part.slopes, self._excess(part, *spread))
                for part, spread in zip(self.parts, self.spread, strict=True)
            ]
        )

    def _excess(self, part: _Whitened, of_mean: Floats, of_residual: Floats) -> Floats:
        """Give what the scatter seen leaves of the scatter expected, whitened."""
        expected = part.block.patients[:, None, None] * np.eye(part.half.shape[1])
        explained = of_residual + of_mean if self.model.restricted else of_residual
        excess: Floats = (expected - explained) * part.block.both
        return excess

    @cached_property
    def hessian(self) -> Floats:
        """Give the second derivatives of minus twice the log-likelihood (observed information, doubled)."""
        weight, slope = self.by_parameter
        whole = -2 * slope @ self.phi @ slope.T
        if self.model.restricted:
            whole -= _traces(weight @ self.phi)
        return whole + self._by_block(_observed)

    @cached_property
    def expected(self) -> Floats:
        """Give the expected second derivatives of minus twice the log-likelihood."""
        if not self.model.restricted:
            return self._by_block(_expected)
        return self._by_block(_expected) + _traces(self.by_parameter[0] @ self.phi)

    def _by_block(self, of_block: Callable[[_Whitened, Floats, Floats, Floats], Floats]) -> Floats:
        size = self.theta.size // len(self.parts)
        whole = np.zeros((self.theta.size, self.theta.size))
        for place, (part, (of_mean, of_residual)) in enumerate(zip(self.parts, self.spread, strict=True)):
            at = slice(place * size, (place + 1) * size)
            mean = of_mean if self.model.restricted else np.zeros_like(of_mean)
            whole[at, at] = of_block(part, mean, of_residual, self._excess(part, of_mean, of_residual))
        return whole


def _traces(matrix: Floats) -> Floats:
    """Give tr(M_i M_j) for matrices (k, p, p)."""
    k = matrix.shape[0]
    traces: Floats = matrix.reshape(k, -1) @ np.swapaxes(matrix, 1, 2).reshape(k, -1).T
    return traces


def _pair_sums(slopes: Floats, middle: Floats) -> Floats:
    """Give the sums over patterns of tr(E_i E_j M)."""
    k = slopes.shape[0]
    return slopes.reshape(k, -1) @ (slopes @ middle).reshape(k, -1).T


def _observed(part: _Whitened, of_mean: Floats, of_residual: Floats, excess: Floats) -> Floats:
    patients = part.block.patients[:, None, None] * np.eye(part.half.shape[1])
    curved = _pair_sums(part.slopes, 2 * (of_mean + of_residual) - patients)
    weight = part.unwhiten(excess) * part.block.both
    if part.found.second.shape[2] == 1:
        weight = weight.sum(axis=0, keepdims=True)
    k = part.slopes.shape[0]
    curved += (part.found.second.reshape(k * k, -1) @ weight.ravel()).reshape(k, k)
    return (curved + curved.T) / 2


def _expected(part: _Whitened, of_mean: Floats, _residual: Floats, _excess: Floats) -> Floats:
    patients = part.block.patients[:, None, None] * np.eye(part.half.shape[1])
    curved = _pair_sums(part.slopes, patients - 2 * of_mean)
    return (curved + curved.T) / 2


def evaluate(model: Model, theta: Floats) -> State | None:
    """Give the model at `theta`, or None where the covariance matrix is not positive definite."""
    parts = []
    total = np.zeros((model.n_columns + 1, model.n_columns + 1))
    with np.errstate(all="ignore"):
        for block, own in zip(model.blocks, model.parts(theta), strict=True):
            found = matrices(model.structure, own, block.place)
            try:
                lower = np.linalg.cholesky(found.value * block.both + block.unseen)
                half = np.linalg.inv(lower)
            except np.linalg.LinAlgError:
                return None
            logs = 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
            part = _Whitened(
                block=block, found=found, half=half, log_determinant=float(logs @ block.patients)
            )
            total += block.gram(part.inverse)
            parts.append(part)
        return _solve(model, theta, tuple(parts), total)


def _solve(model: Model, theta: Floats, parts: tuple[_Whitened, ...], total: Floats) -> State | None:
    """Give estimates and likelihood from the weighted sums of products of (X, y)."""
    try:
        lower = np.linalg.cholesky(total)
    except np.linalg.LinAlgError:
        return None
    half = np.linalg.inv(lower[:-1, :-1])
    value = sum(part.log_determinant for part in parts) + float(lower[-1, -1] ** 2)
    if model.restricted:
        value += 2 * float(np.log(np.diagonal(lower)[:-1]).sum())
    if not np.isfinite(value):
        return None
    return State(
        model=model,
        theta=theta,
        parts=parts,
        beta=half.T @ lower[-1, :-1],
        phi=half.T @ half,
        minus_two_log=value,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """The maximum, and what the search did."""

    state: State
    steps: int


def fit(model: Model, log_sd: list[Floats]) -> Fitted:
    """Search for the maximum of the likelihood from the scatter at each visit, block by block."""
    begin = [
        start(model.structure, own, block.place) for own, block in zip(log_sd, model.blocks, strict=True)
    ]
    state = evaluate(model, np.concatenate(begin))
    if state is None:
        raise ConvergenceError(
            "the likelihood cannot be evaluated where the search starts. " + _advice(model)
        )
    for steps in range(1, MOST_STEPS + 1):
        step = _newton_step(state)
        promised = float(-state.gradient @ step)
        better = _search(state, step, promised)
        if better is None:
            _refuse_failure(state, f"no step from step {steps} on improves the likelihood")
            break
        state = better
        _refuse_singular(state)
        if promised < CLOSE:
            _refuse_failure(state, "the search ended")
            return Fitted(state=state, steps=steps)
    moving = [
        name for name, move in zip(model.names, np.abs(step), strict=True) if move > np.abs(step).max() / 2
    ]
    raise ConvergenceError(
        f"the search for the covariance did not settle in {steps} steps: {_listed(moving)} still moving, "
        f"as when the likelihood rises without end. {_advice(model)}"
    )


def _newton_step(state: State) -> Floats:
    """Give Newton's step where the likelihood curves upward, Fisher's where it does not."""
    for curvature in (state.hessian, state.expected):
        scale = 1 / np.sqrt(np.maximum(np.abs(np.diagonal(curvature)), 1e-300))
        scaled = curvature * np.outer(scale, scale)
        values, vectors = np.linalg.eigh(scaled)
        if values[0] > SMALLEST_EIGENVALUE:
            break
    values = np.maximum(np.abs(values), SMALLEST_EIGENVALUE)
    step: Floats = -scale * (vectors @ ((vectors.T @ (scale * state.gradient)) / values))
    return step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))


def _search(state: State, step: Floats, promised: float) -> State | None:
    """Halve a step until the likelihood rises enough; a step that promises next to nothing is taken whole."""
    length = 1.0
    for _ in range(MOST_HALVINGS):
        found = evaluate(state.model, state.theta + length * step)
        if found is not None:
            gain = state.minus_two_log - found.minus_two_log
            if gain >= 1e-4 * length * promised or (promised < CLOSE and gain > -CLOSE):
                return found
        length /= 2
    return None


def _refuse_singular(state: State) -> None:
    """Stop when the covariance matrix has become singular: the likelihood then rises without end."""
    for place, part in enumerate(state.parts):
        scale = 1 / np.sqrt(np.diagonal(part.found.value, axis1=1, axis2=2))
        correlation = (
            part.found.value * scale[:, :, None] * scale[:, None, :] * part.block.both + part.block.unseen
        )
        if np.linalg.eigvalsh(correlation).min() > SMALLEST_EIGENVALUE:
            continue
        size = state.theta.size // len(state.parts)
        names = state.model.names[place * size : (place + 1) * size]
        shape = [name for name in names if name.startswith("co")]
        raise ConvergenceError(
            f"the {state.model.covariance} covariance became singular: some visits determine another "
            f"exactly, so that {_listed(shape)} cannot be estimated. {_advice(state.model)}"
        )


def _refuse_failure(state: State, what: str) -> None:
    """Stop when the likelihood is flat, or not curved upward, in some direction of the parameters."""
    diagonal = np.abs(np.diagonal(state.hessian))
    scale = 1 / np.sqrt(np.maximum(diagonal, np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(state.hessian * np.outer(scale, scale))
    flat = diagonal < SMALLEST_EIGENVALUE
    if values[0] > SMALLEST_EIGENVALUE and not flat.any():
        return
    weight = np.where(flat, 1.0, np.abs(vectors[:, 0]))
    names = [name for name, share in zip(state.model.names, weight, strict=True) if share > weight.max() / 2]
    raise ConvergenceError(
        f"{what}, but the data say nothing about {_listed(names)} under the {state.model.covariance} "
        f"covariance. {_advice(state.model)}"
    )


def _listed(names: list[str]) -> str:
    """Write the first few names."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _advice(model: Model) -> str:
    """Say what to try; it is never done silently."""
    simpler = model.structure.simpler
    if len(model.blocks) > 1:
        return "Try one covariance for all groups, or a structure with fewer parameters."
    if simpler is None:
        return "There is no simpler structure; check the outcome for constant or copied values."
    return f"Try covariance={simpler!r}, which has fewer parameters."
