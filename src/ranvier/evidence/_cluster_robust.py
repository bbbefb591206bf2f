r"""Covariance of coefficients from how far whole studies lie from what is expected of them.

With :math:`M = (X'WX)^{-1}`, :math:`W = V^{-1}` and residuals :math:`e_j` of study j, the covariance is
:math:`M \sum_j X_j'W_jA_je_je_j'A_j'W_jX_j M`. CR0 takes :math:`A_j = I`; CR1 multiplies it by
:math:`m/(m-p)`, m studies; CR2 takes the :math:`A_j` that make it unbiased when V is right: :math:`A_j =
C_j'(C_j(V_j - X_jMX_j')C_j')^{-1/2}C_j` with :math:`V_j = C_j'C_j` (Bell and McCaffrey 2002; Pustejovsky and
Tipton 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import ConvergenceError
from ranvier.evidence._components import State

__all__ = ["Robust", "cluster_robust"]

Floats = NDArray[np.float64]

LEFT = 1e-9
"""Share of the weight that must be outside of any one study; with less, its residual is lost in rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Robust:
    """Variances of one combination of the coefficients.

    Parameters
    ----------
    cr0, cr1, cr2 : float
        Its variance by each estimator.
    df : float
        Satterthwaite degrees of freedom of CR2.
    clusters : int
        Number of studies.
    """

    cr0: float
    cr1: float
    cr2: float
    df: float
    clusters: int


def cluster_robust(state: State, along: Floats) -> Robust:
    """Give the variances of one combination of the coefficients.

    Parameters
    ----------
    state : State
        The fitted model; a study is a cluster.
    along : ndarray of float64, shape (p,)
        The combination.
    """
    model, m = state.model, len(state.model.y)
    pull = state.pulled @ state.phi @ along
    plain = float(((pull * state.residual).sum(axis=1) ** 2).sum())
    # W, A and V are symmetric, so that A'WXM is what the residuals are multiplied by.
    pull = (_adjustments(state) @ pull[:, :, None])[:, :, 0]
    shares = (np.swapaxes(model.x, 1, 2) @ pull[:, :, None])[:, :, 0]
    # Products of what the studies add to the variance: those under V less what the coefficients take.
    products = -shares @ state.phi @ shares.T
    products[np.diag_indices(m)] += np.einsum("di,dij,dj->d", pull, state.covariance, pull)
    return Robust(
        cr0=plain,
        cr1=plain * m / (m - model.p),
        cr2=float(((pull * state.residual).sum(axis=1) ** 2).sum()),
        df=float(np.trace(products) ** 2 / (products**2).sum()),
        clusters=m,
    )


def _adjustments(state: State) -> Floats:
    """Give A of each study, (D, m, m)."""
    x, v = state.model.x, state.covariance
    lower = np.asarray(np.linalg.cholesky(v), dtype=np.float64)
    upper = np.swapaxes(lower, 1, 2)
    inner = upper @ (v - x @ state.phi @ np.swapaxes(x, 1, 2)) @ lower
    values, vectors = np.linalg.eigh(inner)
    shares = np.linalg.eigvals(np.swapaxes(x, 1, 2) @ state.pulled @ state.phi).real
    if shares.max() > 1 - LEFT or values.min() <= 0:
        raise ConvergenceError(
            "the cluster-robust interval cannot be computed: one study has all the weight, so that nothing "
            "is left to compare it with. Leave out what weighs next to nothing, or pool that study alone."
        )
    roots = 1 / np.sqrt(values)
    middle = (vectors * roots[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    found: Floats = lower @ middle @ upper
    return found
