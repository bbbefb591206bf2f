"""Sizes of two-arm trials with a yes-or-no outcome, by the exact power of an exact test."""

from __future__ import annotations

import math

from ranvier.errors import InputError, require_choice
from ranvier.stats._design_inputs import as_error, as_number, as_sides, round_up
from ranvier.stats._exact_two_arms import best_power, power_of, rejects
from ranvier.stats._looks import TIE
from ranvier.stats.sample_sizes import SampleSize

__all__ = ["size_shares"]

TESTS = {
    "boschloo": "Boschloo's test",
    "fisher": "Fisher's test",
}
EXACT = "The chance of every pair of counts that the test calls a success is added up; none is approximated."
LARGEST_ARM = 250
"""Patients in an arm up to which exact sizes are searched, as for `compare_proportions`."""
SAW = (
    "Counts are whole numbers, so that the power may fall when a patient is added: check the numbers of "
    "the trial that "
    "is run. With dropout, strata or looks, simulate the plan."
)
SHOWN = 5
"""Sizes on either side of the chosen one whose power is drawn."""


def size_shares(
    first: float,
    second: float,
    *,
    test: str = "boschloo",
    ratio: float = 1.0,
    alpha: float = 0.05,
    beta: float = 0.2,
    sided: int = 2,
) -> SampleSize:
    r"""Give the patients needed to compare the shares of two arms by an exact test.

    Parameters
    ----------
    first, second : float
        True shares with the outcome in the arms, from 0 to 1 and different.
    test : {"boschloo", "fisher"}
        The exact test that will be used; Boschloo's never has less power. `compare_proportions` runs both.
    ratio : float
        Patients of the first arm for each of the second, above 0.
    alpha : float
        Chance of success without a difference; below 0.5.
    beta : float
        Chance of no success in the right direction; below 0.5.
    sided : {1, 2}
        Sides of the test; with 2 each side has half of alpha, as the doubled p values of
        `compare_proportions`.

    Returns
    -------
    SampleSize
        Patients in each arm: the smallest with the power.

    Raises
    ------
    InputError
        When a number or `test` is not allowed, or more than 250 patients in an arm would be needed.

    Notes
    -----
    Every table :math:`(x_1, x_2)` that the test calls a success counts with its chance at the true shares:
    exact enumeration. Sizes are tried one by one from the smallest at which the best possible test of one
    common share against the two true ones would have the power (Neyman and Pearson); none below can have it.

    References
    ----------
    Boschloo RD (1970). doi:10.1111/j.1467-9574.1970.tb00104.x
    Casagrande JT, Pike MC, Smith PG (1978). Applied Statistics 27:176-180

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.stats.size_shares(0.6, 0.1).text()
    '13 + 13 = 26 patients'
    """
    shares = _share("first", first), _share("second", second)
    if shares[0] == shares[1]:
        raise InputError(f"first and second are both {shares[0]:g}; there is no difference to find.")
    require_choice("test", test, TESTS)
    each, errors = as_number("ratio", ratio, low=0), (as_error("alpha", alpha), as_error("beta", beta))
    sides = as_sides(sided)
    tail, wanted = errors[0] / sides, (1 - errors[1]) * (1 - TIE)
    # A test of fewer events in the first arm is one of more without an event.
    rising = shares if shares[0] > shares[1] else (1 - shares[0], 1 - shares[1])

    def arms(n: int) -> tuple[int, int]:
        return max(1, round_up(each * n)), n

    def power(n: int) -> float:
        return power_of(rejects(arms(n), test, tail), rising)

    tried: dict[int, float] = {}
    for n in range(1, LARGEST_ARM + 1):
        if max(arms(n)) > LARGEST_ARM:
            break
        if best_power(arms(n), rising, tail) >= wanted:
            tried[n] = power(n)
            if tried[n] >= wanted:
                break
    if not tried or max(tried.values()) < wanted:
        raise InputError(
            f"more than {LARGEST_ARM} patients in an arm would be needed for {shares[0]:g} against "
            f"{shares[1]:g}; "
            "simulate, or let the shares lie further apart."
        )
    around = [k for k in range(max(1, n - SHOWN), n + SHOWN + 1) if max(arms(k)) <= LARGEST_ARM]
    curve = tuple((sum(arms(k)), tried[k] if k in tried else power(k)) for k in around)
    return SampleSize(
        title=f"Shares of two arms by {TESTS[test]}",
        arms=arms(n),
        power=tried[n],
        wanted=1 - errors[1],
        alpha=errors[0],
        sided=sides,
        exact=True,
        method_text=EXACT,
        unrounded=float(sum(arms(n))),
        allocation=(each / (1 + each), 1 / (1 + each)),
        curve=curve,
        inputs={"share in the first arm": shares[0], "share in the second arm": shares[1], "ratio": each},
        notes=(SAW,),
        references=("Boschloo RD (1970). doi:10.1111/j.1467-9574.1970.tb00104.x",)
        if test == "boschloo"
        else ("Casagrande JT, Pike MC, Smith PG (1978). Applied Statistics 27:176-180",),
    )


def _share(name: str, value: float) -> float:
    found = as_number(name, value, low=-math.inf)
    if not 0 <= found <= 1:
        raise InputError(f"{name} is {found:g}; a share is from 0 to 1.")
    return found
