"""Looks at a count of patients, exact for small trials: spending of error without a normal approximation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.errors import InputError, require_choice
from ranvier.result import percent, plural
from ranvier.stats._count_paths import LARGEST, endings, smallest_size
from ranvier.stats._design_inputs import as_error, as_shares
from ranvier.stats._inputs import as_count
from ranvier.stats._looks import TIE
from ranvier.stats._spending import SPENDING, as_fractions, spent
from ranvier.stats.count_designs import ONE_ARM, CountDesign

__all__ = ["exact_sequential"]

NOT_BINDING = (
    "The counts of success keep alpha even if the trial goes on in spite of a stop for futility; the chances "
    "printed are those of a trial that keeps to every stop."
)
_Bounds = tuple[tuple[int | None, ...], tuple[int | None, ...]]


def exact_sequential(
    looks: int | Sequence[int],
    p0: float,
    p1: float,
    *,
    alpha: float = 0.05,
    beta: float = 0.2,
    spending: str = "obrien-fleming",
    futility: str = "none",
) -> CountDesign:
    r"""Give the counts at which a one-arm trial with several looks succeeds or ends, all chances exact.

    Parameters
    ----------
    looks : int or sequence of int
        How many looks, equally spaced, of the smallest trial with the power; or the patients at each look,
        rising.
    p0 : float
        Share of patients with the outcome that is too low, between 0 and 1.
    p1 : float
        Share of interest, above `p0` and below 1.
    alpha : float
        Largest chance of success at any look when the true share is `p0`; one-sided, below 0.5.
    beta : float
        Largest chance of no success when the true share is `p1`, below 0.5.
    spending : {"obrien-fleming", "pocock"}
        How alpha is spent over the looks: late, or about evenly.
    futility : {"none", "obrien-fleming", "pocock"}
        How beta is spent on early stops without success.

    Returns
    -------
    CountDesign
        The counts, with exact chances. With given looks the power may lie below 1 - `beta`; the notes say so.

    Raises
    ------
    InputError
        When looks, a share, a limit or a spending function is not allowed, or no size up to 1000 has the
        power.

    Notes
    -----
    At look k, with :math:`t_k = n_k / n_K`, success is the smallest count for which the chance of success at
    this or an earlier look, at p0 and without stops for futility, is at most the error spent by :math:`t_k`.
    A trial ends for futility at the largest count for which the chance of having ended so, at p1, is at most
    the part of beta spent. What a look cannot spend, because counts are whole numbers, is left to later ones.

    References
    ----------
    Lan KKG, DeMets DL (1983). Biometrika 70:659-663
    Jennison C, Turnbull BW (2000). Group Sequential Methods, chapter 12. Chapman and Hall

    Examples
    --------
    >>> import ranvier as rv
    >>> design = rv.stats.exact_sequential([10, 20, 30], 0.2, 0.45, futility="pocock")
    >>> design.futility, design.efficacy
    ((1, 6, 10), (8, 9, 11))
    """
    shares = as_shares(p0, p1)
    errors = as_error("alpha", alpha), as_error("beta", beta)
    require_choice("spending", spending, SPENDING)
    require_choice("futility", futility, ("none", *SPENDING))
    kinds = spending, futility
    if np.ndim(looks) == 0:
        sizes = _smallest(len(as_fractions(looks)), shares, errors, kinds)
    else:
        sizes = _sizes(looks)
    low, high = _bounds(sizes, shares, errors, kinds)
    design = CountDesign(
        title=f"Exact design with {plural(len(sizes), 'look')} ({spending} spending of alpha)",
        p0=shares[0],
        p1=shares[1],
        alpha=errors[0],
        beta=errors[1],
        looks=sizes,
        futility=low,
        efficacy=high,
        method_text="Every count that the trial can reach is carried from look to look; the counts spend the "
        f"error as the {spending} function of Lan and DeMets allows.",
        notes=(ONE_ARM,) if futility == "none" else (NOT_BINDING, ONE_ARM),
        references=("Lan KKG, DeMets DL (1983). Biometrika 70:659-663",),
    )
    if design.power >= 1 - errors[1]:
        return design
    short = (
        f"The power is {percent(design.power)}, below the {percent(1 - errors[1])} asked for; more "
        "patients are needed."
    )
    return CountDesign(**{**vars(design), "notes": (short, *design.notes)})


def _sizes(looks: Any) -> tuple[int, ...]:
    """Give the patients at each look."""
    values = [as_count("looks", value) for value in looks]
    if not values or any(low >= high for low, high in zip([0, *values], values, strict=False)):
        raise InputError(
            f"looks is {values}; give numbers of patients above 0, each larger than the one before."
        )
    if values[-1] > LARGEST:
        raise InputError(f"looks ends with {values[-1]}; counts are carried up to {LARGEST} patients.")
    return tuple(values)


def _smallest(
    count: int, shares: tuple[float, float], errors: tuple[float, float], kinds: tuple[str, str]
) -> tuple[int, ...]:
    """Give equally spaced looks of the smallest trial with the power."""
    for n in range(max(count, smallest_size(*shares, *errors)), LARGEST + 1):
        sizes = tuple(-(-n * place // count) for place in range(1, count + 1))
        low, high = _bounds(sizes, shares, errors, kinds)
        ends = endings(shares[1], sizes, low, high)
        power = sum(float(end[top:].sum()) for end, top in zip(ends, high, strict=True) if top is not None)
        if power >= (1 - errors[1]) * (1 - TIE):
            return sizes
    raise InputError(
        f"no trial of up to {LARGEST} patients with {count} looks has the power; let p0 and p1 lie "
        "further apart."
    )


def _bounds(
    sizes: tuple[int, ...], shares: tuple[float, float], errors: tuple[float, float], kinds: tuple[str, str]
) -> _Bounds:
    """Give the counts of futility and of success, look by look."""
    fractions = [size / sizes[-1] for size in sizes]
    budget = spent(kinds[0], errors[0], fractions) * (1 + TIE)
    high: list[int | None] = []
    for place in range(len(sizes)):
        # What reaches this look at p0, trials that succeeded before taken out.
        here = endings(shares[0], sizes[: place + 1], [None] * (place + 1), [*high, None])
        before = sum(float(end.sum()) for end in here[:-1])
        tails = before + here[-1][::-1].cumsum()[::-1]
        fits = np.flatnonzero(tails <= budget[place])
        high.append(int(fits[0]) if fits.size else None)
    last = high[-1]
    low: list[int | None] = [None] * len(sizes)
    low[-1] = sizes[-1] if last is None else last - 1
    if kinds[1] != "none":
        lost = spent(kinds[1], errors[1], fractions) * (1 + TIE)
        for place in range(len(sizes) - 1):
            here = endings(shares[1], sizes[: place + 1], [*low[:place], None], [*high[:place], None])
            before = sum(
                float(end[: (size + 1 if top is None else top)].sum())
                for end, size, top in zip(here[:-1], sizes, high, strict=False)
            )
            fits = np.flatnonzero(before + here[-1].cumsum() <= lost[place])
            top = high[place]
            if fits.size:
                low[place] = min(int(fits[-1]), sizes[place] if top is None else top - 1)
    return tuple(low), tuple(high)
