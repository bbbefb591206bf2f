r"""Regressions of correlated effects whose variance has known parts and parts to be estimated.

The covariance of the effects of one study is :math:`V = S + \sum_i \theta_i G_i`: :math:`S` known from
sampling, :math:`G_i` known shapes, :math:`\theta_i \ge 0` variances. Studies are independent. With
:math:`\Phi = (X'V^{-1}X)^{-1}` and :math:`r = y - Xb`, minus twice the restricted log-likelihood is, up to a
constant, :math:`\log|V| + \log|X'V^{-1}X| + r'V^{-1}r`; without the middle term it is the full one.
Derivatives are exact.

All studies have the size of the largest one: the places that a study lacks hold an effect of 0 with columns
of 0, a variance of 1 and no covariance, which change no sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Model", "State", "model_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """The effects of D studies of at most m effects.

    Parameters
    ----------
    rows : ndarray of int, shape (n, 2)
        Study and place in it of each effect.
    y : ndarray of float64, shape (D, m)
        The effects.
    x : ndarray of float64, shape (D, m, p)
        Columns of the regression.
    known : ndarray of float64, shape (D, m, m)
        Sampling covariance.
    shapes : ndarray of float64, shape (c, D, m, m)
        What each variance multiplies.
    restricted : bool
        Whether the restricted likelihood is used.
    """

    rows: NDArray[np.intp]
    y: Floats
    x: Floats
    known: Floats
    shapes: Floats
    restricted: bool

    @property
    def n(self) -> int:
        """Number of effects."""
        return len(self.rows)

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.x.shape[2])

    @property
    def c(self) -> int:
        """Number of variances."""
        return len(self.shapes)

    @property
    def variances(self) -> Floats:
        """Give the sampling variance of each effect, (n,)."""
        study, place = self.rows.T
        found: Floats = self.known[study, place, place]
        return found

    def at(self, theta: Sequence[float] | Floats) -> State:
        """Give the model at one value of its variances."""
        return State(model=self, theta=np.asarray(theta, dtype=np.float64))

    def with_columns(self, x: Floats) -> Model:
        """Give the same effects with other columns, (n, p)."""
        study, place = self.rows.T
        wide = np.zeros((*self.y.shape, x.shape[1]))
        wide[study, place] = x
        return replace(self, x=wide)


def model_of(
    y: Floats,
    x: Floats,
    studies: Sequence[NDArray[np.intp]],
    *,
    known: Sequence[Floats],
    shapes: Sequence[Floats],
    restricted: bool,
) -> Model:
    """Put the studies together.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        Effects.
    x : ndarray of float64, shape (n, p)
        Columns.
    studies : sequence of ndarray of int
        The places of the effects of each study.
    known : sequence of ndarray of float64, shape (m, m)
        Sampling covariance of each study.
    shapes : sequence of ndarray of float64, shape (c, m, m)
        What the variances multiply in each study.
    restricted : bool
        Whether the restricted likelihood is used.
    """
    d, m, c = len(studies), max(map(len, studies)), len(shapes[0])
    rows = np.empty((len(y), 2), dtype=np.intp)
    wide, covariance = np.zeros((d, m)), np.tile(np.eye(m), (d, 1, 1))
    shaped = np.zeros((c, d, m, m))
    for place, (effects, s, g) in enumerate(zip(studies, known, shapes, strict=True)):
        size = len(effects)
        rows[effects, 0], rows[effects, 1] = place, np.arange(size)
        wide[place, :size] = y[effects]
        covariance[place, :size, :size] = s
        shaped[:, place, :size, :size] = g
    empty = np.zeros((d, m, 0))
    made = Model(rows=rows, y=wide, x=empty, known=covariance, shapes=shaped, restricted=restricted)
    return made.with_columns(x)


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """The model at one value of its variances; everything is computed when asked for."""

    model: Model
    theta: Floats

    @cached_property
    def covariance(self) -> Floats:
        """Give V, (D, m, m)."""
        found: Floats = self.model.known + np.tensordot(self.theta, self.model.shapes, axes=1)
        return found

    @cached_property
    def inverse(self) -> Floats:
        """Give the inverse of V, (D, m, m)."""
        return np.asarray(np.linalg.inv(self.covariance), dtype=np.float64)

    @cached_property
    def pulled(self) -> Floats:
        """Give V⁻¹X, (D, m, p)."""
        found: Floats = self.inverse @ self.model.x
        return found

    @cached_property
    def information(self) -> Floats:
        """Give X'V⁻¹X, (p, p)."""
        found: Floats = np.tensordot(self.model.x, self.pulled, axes=((0, 1), (0, 1)))
        return found

    @cached_property
    def phi(self) -> Floats:
        """Give the covariance of the coefficients, (p, p)."""
        return np.asarray(np.linalg.inv(self.information), dtype=np.float64)

    @cached_property
    def beta(self) -> Floats:
        """Give the coefficients, (p,)."""
        score = np.tensordot(self.pulled, self.model.y, axes=((0, 1), (0, 1)))
        return np.asarray(np.linalg.solve(self.information, score), dtype=np.float64)

    @cached_property
    def residual(self) -> Floats:
        """Give y less what is expected, (D, m)."""
        found: Floats = self.model.y - self.model.x @ self.beta
        return found

    @cached_property
    def weighted(self) -> Floats:
        """Give V⁻¹r, (D, m)."""
        found: Floats = (self.inverse @ self.residual[:, :, None])[:, :, 0]
        return found

    @cached_property
    def q(self) -> float:
        """Give r'V⁻¹r."""
        return float((self.residual * self.weighted).sum())

    @cached_property
    def minus_two_log(self) -> float:
        """Give minus twice the (restricted) log-likelihood, up to a constant."""
        size = float(np.linalg.slogdet(self.covariance)[1].sum())
        if self.model.restricted:
            size += float(np.linalg.slogdet(self.information)[1])
        return size + self.q

    @cached_property
    def log_likelihood(self) -> float:
        """Give the (restricted) log-likelihood with all constants."""
        free = self.model.n - (self.model.p if self.model.restricted else 0)
        whole = self.minus_two_log + free * math.log(2 * math.pi)
        if self.model.restricted:
            cross = np.tensordot(self.model.x, self.model.x, axes=((0, 1), (0, 1)))
            whole -= float(np.linalg.slogdet(cross)[1])
        return -whole / 2

    @cached_property
    def slopes(self) -> Floats:
        """Give V⁻¹G of each variance, (c, D, m, m)."""
        found: Floats = self.inverse @ self.model.shapes
        return found

    @cached_property
    def pushed(self) -> Floats:
        """Give V⁻¹GV⁻¹X of each variance, (c, D, m, p)."""
        found: Floats = self.slopes @ self.pulled
        return found

    @cached_property
    def taken(self) -> Floats:
        """Give X'V⁻¹GV⁻¹X of each variance, (c, p, p)."""
        found: Floats = np.tensordot(self.pushed, self.model.x, axes=((1, 2), (0, 1)))
        return found

    @cached_property
    def shaken(self) -> Floats:
        """Give GV⁻¹r of each variance, (c, D, m)."""
        found: Floats = (self.model.shapes @ self.weighted[:, :, None])[:, :, :, 0]
        return found

    @cached_property
    def gradient(self) -> Floats:
        """Give the slopes of minus twice the log-likelihood, (c,)."""
        found: Floats = np.trace(self.slopes, axis1=2, axis2=3).sum(axis=1)
        found = found - (self.shaken * self.weighted).sum(axis=(1, 2))
        if self.model.restricted:
            found = found - (self.taken * self.phi).sum(axis=(1, 2))
        return found

    @cached_property
    def expected(self) -> Floats:
        """Give the expected second derivatives of minus twice the log-likelihood, (c, c)."""
        turned = np.swapaxes(self.slopes, 2, 3)
        found: Floats = np.tensordot(self.slopes, turned, axes=((1, 2, 3), (1, 2, 3)))
        if self.model.restricted:
            side = self.model.shapes @ (self.pulled @ self.phi)
            found = found - 2 * np.tensordot(side, self.pushed, axes=((1, 2, 3), (1, 2, 3)))
            shares = self.taken @ self.phi
            found = found + np.einsum("apq,bqp->ab", shares, shares)
        return found

    @cached_property
    def hessian(self) -> Floats:
        """Give the second derivatives of minus twice the log-likelihood, (c, c)."""
        scores = np.tensordot(self.shaken, self.pulled, axes=((1, 2), (0, 1)))
        turned = (self.inverse @ self.shaken[:, :, :, None])[:, :, :, 0]
        spread: Floats = np.tensordot(self.shaken, turned, axes=((1, 2), (1, 2)))
        return 2 * (spread - scores @ self.phi @ scores.T) - self.expected

    @cached_property
    def freedom(self) -> float:
        """Give the trace of V⁻¹ less the part that the coefficients take."""
        study, place = self.model.rows.T
        whole = float(self.inverse[study, place, place].sum())
        cross = np.tensordot(self.pulled, self.pulled, axes=((0, 1), (0, 1)))
        return whole - float((self.phi * cross).sum())
