"""Sizes of trials that compare relapse rates by a negative binomial model."""

from __future__ import annotations

import math

from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.stats._design_inputs import as_error, as_number, refuse_enormous, round_up
from ranvier.stats.sample_sizes import SampleSize

__all__ = ["size_relapses"]

VARIANCES = ("pooled", "true", "reference")
LARGE = (
    "The formula is that of large samples. With fewer than about 50 patients in an arm, with unequal "
    "follow-up or with "
    "another test, simulate the plan."
)
SMALL = 50
"""Patients in an arm below which the size is not to be used without a simulation."""


def size_relapses(
    rate: float,
    rate_ratio: float,
    *,
    dispersion: float,
    years: float,
    alpha: float = 0.05,
    beta: float = 0.2,
    variance: str = "pooled",
) -> SampleSize:
    r"""Give the patients needed to compare the relapse rates of two equal arms, two-sided.

    Parameters
    ----------
    rate : float
        Relapses per patient-year in the control arm, above 0.
    rate_ratio : float
        Rate of the treated arm over that of the control arm, above 0 and not 1.
    dispersion : float
        Dispersion k of the negative binomial, at least 0: the variance of a count with mean m is m + k m².
    years : float
        Mean follow-up of a patient, above 0.
    alpha : float
        Two-sided chance of success without a difference; below 0.5.
    beta : float
        Chance of no success in the right direction; below 0.5.
    variance : {"pooled", "true", "reference"}
        Rates behind the variance without a difference: both pooled (approach 3 of the paper), each its own
        (approach 2), or that of the control arm (approach 1).

    Returns
    -------
    SampleSize
        Patients in each arm. The power is that of large samples.

    Raises
    ------
    InputError
        When a number or `variance` is not allowed, or an arm would need more than a million patients.

    Notes
    -----
    With the rates :math:`r_0, r_1` and follow-up t the log rate ratio of n patients in each arm has the
    variance :math:`V_1 / n`, :math:`V_1 = (1 / r_0 + 1 / r_1) / t + 2 k`. Without a difference :math:`V_0`
    has the rates of `variance` instead. Then

    .. math:: n = \frac{(z_{1 - \alpha/2} \sqrt{V_0} + z_{1 - \beta} \sqrt{V_1})^2}{\log^2 (r_1 / r_0)}.

    References
    ----------
    Zhu H, Lakkis H (2014). doi:10.1002/sim.5947

    Examples
    --------
    >>> import ranvier as rv
    >>> size = rv.stats.size_relapses(0.72, 0.5, dispersion=0.81, years=2)
    >>> size.text()
    '58 + 58 = 116 patients'
    """
    control, theta = as_number("rate", rate, low=0), as_number("rate_ratio", rate_ratio, low=0)
    if theta == 1:
        raise InputError("rate_ratio is 1; there is no difference to find.")
    k, follow_up = as_number("dispersion", dispersion, low=-math.inf), as_number("years", years, low=0)
    if k < 0:
        raise InputError(f"dispersion is {k:g}; it must be at least 0, which is a Poisson count.")
    errors = as_error("alpha", alpha), as_error("beta", beta)
    require_choice("variance", variance, VARIANCES)
    treated = control * theta
    middle = (control + treated) / 2
    rates = {"pooled": (middle, middle), "true": (control, treated), "reference": (control, control)}[
        variance
    ]
    without, with_it = ((1 / one + 1 / two) / follow_up + 2 * k for one, two in (rates, (control, treated)))
    quantile = -float(special.ndtri(errors[0] / 2)) * math.sqrt(without)
    wanted = -float(special.ndtri(errors[1])) * math.sqrt(with_it)
    distance = abs(math.log(theta))
    real = ((quantile + wanted) / distance) ** 2
    refuse_enormous(real, "patients in an arm", "rate_ratio is too close to 1 for so few relapses")
    n = max(2, round_up(real))

    def power(size: int) -> float:
        return float(special.ndtr((math.sqrt(size) * distance - quantile) / math.sqrt(with_it)))

    small = f"{n} patients in an arm are few: do not use this number without a simulation. "
    step = max(1, n // 25)
    return SampleSize(
        title="Relapse rates of two equal arms by a negative binomial model",
        arms=(n, n),
        power=power(n),
        wanted=1 - errors[1],
        alpha=errors[0],
        sided=2,
        exact=False,
        method_text=f"The formula of Zhu and Lakkis, with the {variance} variance without a difference.",
        unrounded=2 * real,
        allocation=(0.5, 0.5),
        curve=tuple((2 * size, power(size)) for size in sorted({*range(2, 2 * n + 1, step), n})),
        inputs={
            "relapses per patient-year": control,
            "rate ratio": theta,
            "dispersion": k,
            "years of follow-up": follow_up,
        },
        notes=((small if n < SMALL else "") + LARGE,),
        references=("Zhu H, Lakkis H (2014). doi:10.1002/sim.5947",),
    )
