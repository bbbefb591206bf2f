"""A crossover of two treatments in two periods, by exact rank sums of differences within patients."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import InputError
from ranvier.result import Estimate, Fit, LeftOut
from ranvier.stats._samples import as_sample
from ranvier.stats.two_groups import rank_sum

__all__ = ["crossover"]

Floats = NDArray[np.float64]

STAYS = (
    "A treatment that is given first and still acts in the second period draws the difference towards "
    "zero, down to half of it when all of it stays. Cells cannot be washed out: then only the first periods "
    "compare the treatments, as in parallel arms."
)
NOT_A_GATE = (
    "The test of carry-over has little power and is reported only. It does not choose the analysis: "
    "going on to the first period when it is significant gives more false positive results than stated "
    "(Freeman 1989)."
)
_REFERENCES = (
    "Koch GG (1972). Biometrics 28:577-584",
    "Senn S (2002). Cross-over Trials in Clinical Research, 2nd edition",
    "Freeman PR (1989). Stat Med 8:1421-1432",
)
_HALF = (
    "The value is half the Hodges-Lehmann shift, and the interval half of the shifts that the test does not "
    "reject."
)
_TEXT = (
    "Differences within patients, first period minus second, are compared between the two sequences by the "
    f"rank-sum test given all ties, so that a difference between the periods cancels. {_HALF}"
)
_PERIODS = (
    "Differences within patients, those of the second sequence turned round, are compared between the two "
    "sequences by the rank-sum test given all ties, so that a difference between the treatments cancels. "
    f"{_HALF}"
)


def crossover(
    first_sequence: ArrayLike,
    second_sequence: ArrayLike,
    *,
    method: str = "exact",
    level: float = 0.95,
    quantity: str = "difference between treatments",
    unit: str = "",
) -> Fit:
    r"""Give the difference of two treatments of a crossover in two periods, the first one minus the second.

    Parameters
    ----------
    first_sequence : array_like, shape (n_first, 2)
        Patients who got treatment A in the first period and B in the second: one row each, the values of the
        first and of the second period. None and NaN are missing; a patient without both is left out and
        counted.
    second_sequence : array_like, shape (n_second, 2)
        Patients who got B first and A second.
    method : {"exact", "mid-p"}
        How p values and intervals are made, as in `rank_sum`.
    level : float
        Confidence level, two-sided.
    quantity : str
        What the difference is, such as "new lesions, cells minus placebo".
    unit : str
        Unit of the values.

    Returns
    -------
    Fit
        Three estimates: the difference of the treatments, A minus B; the difference of the periods, first
        minus second; and carry-over, the difference between the sequences of the sums of both periods, which
        is that of what A and B leave behind. The first is the result.

    Raises
    ------
    InputError
        When a sequence is no table of two columns, holds text or infinite values, has no patient with both
        periods, or when `method` or `level` is not allowed.

    Notes
    -----
    With an effect :math:`\tau` of A minus B and :math:`\pi` of the first period minus the second, and no
    carry-over, differences :math:`d = y_1 - y_2` are centred at :math:`\pi + \tau` in the sequence AB and at
    :math:`\pi - \tau` in BA. Their shift between the sequences is :math:`2\tau` whatever :math:`\pi`. The
    difference of the periods comes from d in AB and -d in BA in the same way. Carry-over of the first period
    :math:`\lambda_A`, :math:`\lambda_B` into the second moves :math:`\tau` by
    :math:`-(\lambda_A - \lambda_B)/2`, and is what the sums :math:`y_1 + y_2` are compared for. It is never
    used to choose the analysis.

    References
    ----------
    Koch GG (1972). Biometrics 28:577-584
    Senn S (2002). Cross-over Trials in Clinical Research, 2nd edition
    Freeman PR (1989). Stat Med 8:1421-1432

    Examples
    --------
    >>> import ranvier as rv
    >>> cells_first = [[1, 4], [0, 2], [3, 3], [2, 6], [0, 1]]
    >>> placebo_first = [[5, 2], [3, 3], [4, 1], [2, 0], [6, 2]]
    >>> found = rv.stats.crossover(cells_first, placebo_first, unit="lesions")
    >>> print(found.estimates[0].text(), round(found.estimates[0].p_value, 4))
    −2.00 lesions (95 % interval −3.50 to −1.00) 0.0159
    """
    one, missing_one = _pairs("first_sequence", first_sequence)
    two, missing_two = _pairs("second_sequence", second_sequence)
    missing = LeftOut(n=missing_one + missing_two, reason="patients without a value in both periods")
    options: dict[str, Any] = {"method": method, "level": level, "unit": unit}
    d_one, d_two = one[:, 0] - one[:, 1], two[:, 0] - two[:, 1]
    treatment = rank_sum(d_one, d_two, quantity=quantity, **options)
    period = rank_sum(d_one, -d_two, quantity="first period minus second", **options)
    carry = rank_sum(
        one.sum(axis=1),
        two.sum(axis=1),
        quantity="carry-over (difference of sums of periods)",
        **options,
    )
    return Fit(
        title=f"Crossover of two periods: {quantity}",
        estimates=(
            _halved(treatment, _TEXT, "both treatments do the same", missing),
            _halved(period, _PERIODS, "both periods are alike", missing),
            dataclasses.replace(
                carry,
                null="both treatments leave the same behind",
                left_out=(missing,),
                references=_REFERENCES,
            ),
        ),
        method_text=f"{len(one)} and {len(two)} patients of two sequences, each with both periods.",
        diagnostics={"n_first": len(one), "n_second": len(two)},
        notes=(STAYS, NOT_A_GATE),
    )


def _pairs(name: str, given: ArrayLike) -> tuple[Floats, int]:
    """Give the patients with both periods, and how many lack one."""
    rows = np.asarray(given, dtype=object)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise InputError(
            f"{name} must be a table of two columns, the values of the first and of the second period, one "
            f"row for each patient; got the shape {rows.shape}."
        )
    columns = [as_sample(f"{name}[:, {place}]", rows[:, place].tolist()) for place in (0, 1)]
    values = np.column_stack(columns)
    known = ~np.isnan(values).any(axis=1)
    if not known.any():
        raise InputError(
            f"{name} has no patient with both periods among {len(values)}; it needs at least one."
        )
    return values[known], int((~known).sum())


def _halved(found: Estimate, text: str, null: str, missing: LeftOut) -> Estimate:
    """Give a shift of differences as a difference of treatments or periods: half of it."""
    # What rank_sum says about the widest differences is about whole shifts, not halves.
    notes = tuple(note if "; " not in note else note.split("; ")[0] + "." for note in found.notes)
    return dataclasses.replace(
        found,
        value=found.value / 2,
        low=found.low / 2,
        high=found.high / 2,
        method_text=text,
        null=null,
        inputs={
            "first sequence": found.inputs["first group"],
            "second sequence": found.inputs["second group"],
        },
        left_out=(missing,),
        notes=notes,
        references=_REFERENCES,
    )
