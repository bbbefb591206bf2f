"""A method for the variance between studies that needs more than a name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ranvier.errors import InputError

__all__ = ["GeneralisedQ"]


@dataclass(frozen=True, kw_only=True)
class GeneralisedQ:
    r"""The generalised Q as a method for the variance between studies, with weights that you give.

    Parameters
    ----------
    weights : tuple of float
        One weight above 0 per study, in the order of the studies; only their ratios count.

    Raises
    ------
    InputError
        When a weight is not a finite number above 0.

    Notes
    -----
    With the weights :math:`a_i` and :math:`P_a = A - AX(X'AX)^{-1}X'A` the sum of squares
    :math:`Q_a = y'P_a y` has the mean :math:`\mathrm{tr}(P_a V) + \tau^2\,\mathrm{tr}(P_a)`, from which
    :math:`\tau^2` follows. One over the variances gives DerSimonian and Laird, equal weights Hedges; one over
    the standard errors is a choice between them (Jackson 2013). Weights that come from the effects
    themselves, or were chosen after seeing them, bias the result. The pooled value has the usual weights
    :math:`1/(v_i + \tau^2)`.

    References
    ----------
    DerSimonian R, Kacker R (2007). Contemp Clin Trials 28:105-114
    Jackson D (2013). Res Synth Methods 4:220-229

    Examples
    --------
    >>> import ranvier as rv
    >>> by_size = rv.evidence.GeneralisedQ(weights=(12, 20, 15))
    >>> pooled = rv.evidence.pool([0.1, 0.8, 0.3], [0.1, 0.05, 0.08], method=by_size)
    >>> round(pooled.diagnostics["tau2"], 4)
    0.0642
    """

    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        given = tuple(self.weights)
        for place, weight in enumerate(given):
            if not isinstance(weight, float | int) or not math.isfinite(weight) or weight <= 0:
                raise InputError(
                    f"weights[{place}] is {weight!r}; it must be a finite number above 0. To leave a study "
                    "out, leave it out of the pool."
                )
        object.__setattr__(self, "weights", tuple(float(weight) for weight in given))

    def to_dict(self) -> dict[str, Any]:
        """Give the weights, JSON-ready.

        Returns
        -------
        dict
            The weights by name.
        """
        return {"weights": list(self.weights)}
