"""Simon's two-stage designs of a one-arm trial, by complete search."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ranvier.errors import InputError, require_choice
from ranvier.stats._count_paths import TwoStages, pareto
from ranvier.stats._design_inputs import as_error, as_limit, as_shares
from ranvier.stats.count_designs import CountDesign

__all__ = ["simon"]

CRITERIA = {
    "optimal": "of all two-stage designs that keep both limits it treats the fewest patients on average when "
    "the share is too low",
    "minimax": "of all two-stage designs that keep both limits it has the smallest largest size, and among "
    "those the fewest patients on average when the share is too low",
}


def simon(
    p0: float,
    p1: float,
    *,
    alpha: float,
    beta: float,
    criterion: str = "optimal",
    most: int = 500,
) -> CountDesign:
    r"""Give the two-stage design of a one-arm trial that ends early when too few patients have the outcome.

    Parameters
    ----------
    p0 : float
        Share of patients with the outcome that is too low to go on with, between 0 and 1.
    p1 : float
        Share of interest, above `p0` and below 1.
    alpha : float
        Largest chance of success when the true share is `p0`; one-sided, below 0.5.
    beta : float
        Largest chance of no success when the true share is `p1`, below 0.5.
    criterion : {"optimal", "minimax"}
        "optimal": smallest expected size under `p0`. "minimax": smallest largest size.
    most : int
        Largest size tried, from 2 to 1000 patients.

    Returns
    -------
    CountDesign
        The design; `admissible` lists the designs that are best when the largest size counts with a weight
        from `weight_from` to `weight_to` against the expected size, from the minimax to the optimal one.

    Raises
    ------
    InputError
        When a share, a limit, `criterion` or `most` is not allowed, or no design of up to `most` patients
        keeps both limits.

    Notes
    -----
    With :math:`X_1` of the first :math:`n_1` patients and :math:`X` of all :math:`n`, the trial succeeds when
    :math:`X_1 > r_1` and :math:`X > r`. Success has the chance

    .. math:: \sum_{x = r_1 + 1}^{n_1} b(x; n_1, p) \, P(X_2 > r - x \mid n - n_1, p),

    the size under p0 is :math:`n_1 + P(X_1 > r_1)(n - n_1)` on average. The search is complete: it ends when
    no larger n can have a smaller expected size, which a bound proves, so that the design does not depend on
    a range that somebody chose. A design needs a first look that can stop it (:math:`r_1 \ge 0`).

    References
    ----------
    Simon R (1989). doi:10.1016/0197-2456(89)90015-9
    Jung SH, Lee T, Kim KM, George SL (2004). Statistics in Medicine 23:561-569

    Examples
    --------
    >>> import ranvier as rv
    >>> design = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
    >>> design.looks, design.futility, design.efficacy
    ((12, 35), (1, 5), (None, 6))
    >>> design.characteristics([0.1])["expected_n"].round(2).item()
    19.84
    """
    shares = as_shares(p0, p1)
    errors = as_error("alpha", alpha), as_error("beta", beta)
    require_choice("criterion", criterion, CRITERIA)
    limit = as_limit(most)
    front = list(pareto(*shares, *errors, limit))
    if not front:
        raise InputError(
            f"no two-stage design of up to {limit} patients keeps alpha {errors[0]:g} and beta "
            f"{errors[1]:g} for "
            f"p0 {shares[0]:g} and p1 {shares[1]:g}; raise most, or let p0 and p1 lie further apart."
        )
    best = front[-1] if criterion == "optimal" else front[0]
    return CountDesign(
        title=f"Two-stage design of Simon ({criterion})",
        p0=shares[0],
        p1=shares[1],
        alpha=errors[0],
        beta=errors[1],
        looks=(best.n_first, best.n),
        futility=(best.r_first, best.r),
        efficacy=(None, best.r + 1),
        method_text=f"Found by exact search: {CRITERIA[criterion]}.",
        admissible=_admissible(front),
        references=("Simon R (1989). doi:10.1016/0197-2456(89)90015-9",),
    )


def _admissible(front: Sequence[TwoStages]) -> tuple[dict[str, Any], ...]:
    """Give the corners of the lower hull of n and expected size, with the weights at which each is best.

    A design is best for some weight w of n against the expected size when w n + (1 - w) E is smallest there.
    """
    hull: list[TwoStages] = []
    for design in front:
        while len(hull) > 1 and _fall(hull[-2], hull[-1]) <= _fall(hull[-1], design):
            hull.pop()
        hull.append(design)
    # Between two neighbours that cost d patients and save e on average the weights meet at e / (d + e).
    meets = [_fall(one, two) / (1 + _fall(one, two)) for one, two in itertools.pairwise(hull)]
    return tuple(
        {
            "r_first": design.r_first,
            "n_first": design.n_first,
            "r": design.r,
            "n": design.n,
            "expected_n": design.expected_n,
            "weight_from": low,
            "weight_to": high,
        }
        for design, low, high in zip(hull, [*meets, 0.0], [1.0, *meets], strict=True)
    )


def _fall(one: TwoStages, two: TwoStages) -> float:
    """Give by how much the expected size falls for each patient more."""
    return (one.expected_n - two.expected_n) / (two.n - one.n)
