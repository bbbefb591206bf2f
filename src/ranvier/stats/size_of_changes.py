"""Sizes of before-after trials of scores on a grid, such as EDSS, by the exact power of an exact test."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.errors import InputError, require_choice
from ranvier.stats._design_inputs import as_distribution, as_error, as_limit, as_sides
from ranvier.stats._exact_arrays import binomial_p, signed_rank_p
from ranvier.stats._looks import TIE
from ranvier.stats.sample_sizes import SampleSize

__all__ = ["size_changes"]

TESTS = {"signed-rank": "the exact signed-rank test (Pratt)", "sign-test": "the exact sign test"}
MOST_SAMPLES = 100_000
"""Samples that are enumerated at most; beyond, a simulation is meant for the job."""
SHOWN = 4
"""Sizes on either side of the chosen one whose power is drawn."""
ONE_GROUP = (
    "A change within patients is what happened, not what a treatment did: recovery, regression to the "
    "mean and rater "
    "error change scores too, and this power counts them as success."
)


def size_changes(
    changes: Mapping[float, float],
    *,
    test: str = "signed-rank",
    alpha: float = 0.05,
    beta: float = 0.2,
    sided: int = 2,
    most: int = 60,
) -> SampleSize:
    r"""Give the patients needed to find a change of a score whose distribution is assumed outright.

    Parameters
    ----------
    changes : mapping of float to float
        Chance of each possible change, such as ``{-1.0: 0.3, -0.5: 0.3, 0.0: 0.3, 0.5: 0.1}``; they add up
        to 1.
    test : {"signed-rank", "sign-test"}
        The exact test that will be used, as in `paired`.
    alpha : float
        Chance of success without a change; below 0.5.
    beta : float
        Chance of no success in the right direction; below 0.5.
    sided : {1, 2}
        Sides of the test.
    most : int
        Largest number of patients tried, from 2 to 1000.

    Returns
    -------
    SampleSize
        Patients: the smallest number with the power.

    Raises
    ------
    InputError
        When `changes` is no distribution or leans to no side, another argument is not allowed, no size up to
        `most` has the power, or so many samples are possible that the plan must be simulated.

    Notes
    -----
    All samples of n changes, taken without order, are enumerated: with m possible changes there are
    :math:`\binom{n + m - 1}{m - 1}`, each with its multinomial chance. The power is the chance of those that
    the test calls significant on the side of the mean change. The normal distribution is used nowhere; for
    two arms, or for a distribution that comes from visits, relapses and raters, simulate.

    References
    ----------
    Pratt JW (1959). doi:10.1080/01621459.1959.10501526

    Examples
    --------
    >>> import ranvier as rv
    >>> size = rv.stats.size_changes({-1.0: 0.3, -0.5: 0.3, 0.0: 0.3, 0.5: 0.1})
    >>> size.text(), round(size.power, 3)
    ('18 patients', 0.831)
    """
    values, shares = as_distribution("changes", changes, what="change")
    require_choice("test", test, TESTS)
    errors, limit = (as_error("alpha", alpha), as_error("beta", beta)), as_limit(most)
    sides = as_sides(sided)
    lean = float(values @ shares)
    if abs(lean) < 1e-12:
        raise InputError("changes has a mean of 0; there is no side to find.")
    settings = test, errors[0] * 2 / sides
    wanted = (1 - errors[1]) * (1 - TIE)
    towards = values if lean > 0 else -values
    powers: dict[int, float] = {}
    for n in range(2, limit + 1):
        if math.comb(n + values.size - 1, values.size - 1) > MOST_SAMPLES:
            raise InputError(
                f"up to {n - 1} patients do not have the power, and {n} allow more than {MOST_SAMPLES} "
                "samples; use "
                "fewer possible changes, or simulate the plan."
            )
        powers[n] = _power(n, towards, shares, settings)
        if powers[n] >= wanted:
            break
    else:
        raise InputError(f"no size up to {limit} has the power; raise most, or assume a larger change.")
    for k in range(n + 1, n + SHOWN + 1):
        if math.comb(k + values.size - 1, values.size - 1) <= MOST_SAMPLES:
            powers[k] = _power(k, towards, shares, settings)
    return SampleSize(
        title=f"Change of a score in one group by {TESTS[test]}",
        arms=(n,),
        power=powers[n],
        wanted=1 - errors[1],
        alpha=errors[0],
        sided=sides,
        exact=True,
        method_text="Every possible sample is enumerated with its chance; nothing is approximated.",
        unrounded=float(n),
        curve=tuple(sorted(powers.items())),
        inputs={"chances of the changes": dict(zip(values.tolist(), shares.tolist(), strict=True))},
        notes=(ONE_GROUP,),
        references=("Pratt JW (1959). doi:10.1080/01621459.1959.10501526",),
    )


def _power(
    n: int, values: NDArray[np.float64], shares: NDArray[np.float64], settings: tuple[str, float]
) -> float:
    """Give the chance of the samples that are significant towards larger values."""
    counts = _compositions(n, values.size)
    test, alpha = settings
    log = special.gammaln(n + 1) - special.gammaln(counts + 1).sum(axis=1) + counts @ np.log(shares)
    if test == "sign-test":
        up, down = counts[:, values > 0].sum(axis=1), counts[:, values < 0].sum(axis=1)
        p_values, right = binomial_p(up, up + down, 0.5), up > down
    else:
        samples = np.repeat(np.tile(values, len(counts)), counts.ravel()).reshape(len(counts), n)
        p_values, right = signed_rank_p(samples), _leans_up(samples)
    return float(np.exp(log[(p_values <= alpha * (1 + TIE)) & right]).sum())


def _leans_up(samples: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say for each sample whether the ranks of the rises outweigh those of the falls."""
    size = np.round(np.abs(samples), 9)
    order = np.sort(size, axis=1)
    ranks = np.empty_like(size)
    for j in range(size.shape[1]):
        here = size[:, j : j + 1]
        ranks[:, j] = (order < here).sum(axis=1) + (order <= here).sum(axis=1)
    found: NDArray[np.bool_] = (np.sign(samples) * ranks).sum(axis=1) > 0
    return found


def _compositions(n: int, parts: int) -> NDArray[np.int64]:
    """Give all ways to share n patients among so many changes, one row each."""
    if parts == 1:
        return np.array([[n]])
    blocks = []
    for first in range(n + 1):
        rest = _compositions(n - first, parts - 1)
        blocks.append(np.column_stack([np.full(len(rest), first), rest]))
    return np.concatenate(blocks)
