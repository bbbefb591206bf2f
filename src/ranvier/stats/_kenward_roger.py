r"""Standard errors and degrees of freedom of linear combinations of the means of a mixed model.

With :math:`W` the covariance matrix of the covariance parameters, :math:`P_i = X'V^{-1}V_iV^{-1}X`,
:math:`Q_{ij} = X'V^{-1}V_iV^{-1}V_jV^{-1}X` and :math:`R_{ij} = X'V^{-1}V_{ij}V^{-1}X`, Kenward and Roger
(1997) adjust

.. math:: \Phi_A = \Phi + 2\Phi\Big\{\sum_{ij} W_{ij}\big(Q_{ij} - P_i\Phi P_j - \tfrac14
R_{ij}\big)\Big\}\Phi .

For one combination :math:`l` their degrees of freedom reduce to those of Satterthwaite,
:math:`2(l'\Phi l)^2 / g'Wg` with :math:`g_i = l'\Phi P_i\Phi l`, and their scale factor to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import ConvergenceError
from ranvier.stats._reml import State

__all__ = ["DF_METHODS", "Inference", "inference"]

Floats = NDArray[np.float64]

DF_METHODS = {
    "kenward-roger-linear": "Kenward-Roger standard errors and degrees of freedom, without second "
    "derivatives of the covariance.",
    "kenward-roger": "Kenward-Roger standard errors and degrees of freedom, with second derivatives of the "
    "covariance as in R's mmrm.",
    "kenward-roger-expected": "Kenward-Roger standard errors and degrees of freedom from the expected "
    "information, without second derivatives of the covariance.",
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
        variance = np.einsum("ci,ij,cj->c", combinations, self.adjusted, combinations)
        if (variance <= 0).any():  # only second derivatives can take away so much
            raise ConvergenceError(
                "an adjusted variance of df='kenward-roger' is not above 0: there are too few patients "
                "for its second derivatives. Use df='kenward-roger-linear'."
            )
        slopes = np.einsum("ci,kij,cj->ck", combinations, self.slopes, combinations)
        scatter = np.einsum("ck,kl,cl->c", slopes, self.parameters, slopes)
        with np.errstate(divide="ignore"):
            return np.sqrt(variance), 2 * plain**2 / scatter


def inference(state: State, *, method: str, back: Floats) -> Inference:
    """Give what the inference needs; `back` turns the fitted columns into those of the design."""
    weight = state.by_parameter[0]
    linear = method != "kenward-roger"
    information = state.expected if method == "kenward-roger-expected" else state.hessian
    parameters: Floats = np.asarray(np.linalg.inv(information / 2), dtype=np.float64)
    adjusted = state.phi
    if method != "satterthwaite":
        inflation = _inflation(state, weight, parameters, linear=linear)
        adjusted = state.phi + 2 * state.phi @ inflation @ state.phi
    slopes = state.phi @ weight @ state.phi
    return Inference(
        phi=back @ state.phi @ back.T,
        adjusted=back @ ((adjusted + adjusted.T) / 2) @ back.T,
        slopes=back @ slopes @ back.T,
        parameters=parameters,
    )


def _inflation(state: State, weight: Floats, parameters: Floats, *, linear: bool) -> Floats:
    """Give the sum over pairs of parameters of W (Q - P Phi P - R/4), summed before it meets the data."""
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
