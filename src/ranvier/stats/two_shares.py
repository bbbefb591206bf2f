"""Two arms with yes-or-no outcomes: difference, ratio and odds ratio, each with its test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate, LeftOut, percent
from ranvier.stats import _conditional, _melded, _score, _unconditional
from ranvier.stats._inputs import as_count, as_level, as_two
from ranvier.stats.binomial import binomial_bounds

__all__ = ["compare_proportions"]

LARGEST_TABLE = 63_000
"""Tables, (n1 + 1) (n2 + 1), up to which the unconditional tests are run: 250 patients in each arm."""

_SUP = "the largest over every common share, and twice the smaller one-sided p value"
_METHODS = {
    "barnard": "exact and unconditional: tables are ordered by the score statistic at each "
    "hypothesised value "
    f"(Barnard's test, Chan and Zhang's interval); p is {_SUP}",
    "boschloo": "exact and unconditional: tables are ordered by Fisher's one-sided p value "
    f"(Boschloo); p is {_SUP}",
    "fisher": "exact given the total of events (Fisher); p is twice the smaller tail",
    "mid-p": "given the total of events, with the table seen counted half (mid-P), so that it may "
    "cover slightly "
    "less often than stated; p is twice the smaller tail",
    "miettinen-nurminen": "the score interval and test of Miettinen and Nurminen, which hold as "
    "stated only in "
    "large arms",
    "newcombe": "Newcombe's interval, made of the two Wilson intervals, which holds as stated only "
    "on average; no "
    "test belongs to it, so there is no p value",
}
_MELDED = (
    " (the interval melds the two Clopper-Pearson intervals, which is the one that agrees with this test)"
)
_ALLOWED = {
    "difference": ("barnard", "boschloo", "fisher", "miettinen-nurminen", "newcombe"),
    "ratio": ("barnard", "boschloo", "fisher", "miettinen-nurminen"),
    "odds ratio": ("fisher", "mid-p", "boschloo", "miettinen-nurminen"),
}
_SOURCES = {
    "barnard": (
        "Barnard GA (1947). doi:10.1093/biomet/34.1-2.123",
        "Chan ISF, Zhang Z (1999). doi:10.1111/j.0006-341X.1999.01202.x",
    ),
    "boschloo": ("Boschloo RD (1970). doi:10.1111/j.1467-9574.1970.tb00104.x",),
    "fisher": (
        "Fisher RA (1935). doi:10.2307/2342435",
        "Fay MP, Proschan MA, Brittain EH (2015). Biometrics 71:146-156",
    ),
    "mid-p": ("Lancaster HO (1961). J Am Stat Assoc 56:223-234",),
    "miettinen-nurminen": ("Miettinen O, Nurminen M (1985). doi:10.1002/sim.4780040211",),
    "newcombe": ("Newcombe RG (1998). Stat Med 17:873-890",),
}
_VALUES = {
    "difference": "First share minus second",
    "ratio": "First share over second",
    "odds ratio": "Odds of the first arm over those of the second",
}

_Solved = tuple[float, float, float, float | None]


@dataclass(frozen=True)
class _Arms:
    """What was given, checked."""

    events: tuple[int, int]
    n: tuple[int, int]


def compare_proportions(
    events: Sequence[int],
    n: Sequence[int],
    *,
    measure: str = "difference",
    method: str = "exact",
    level: float = 0.95,
    quantity: str = "",
    left_out: tuple[LeftOut, ...] = (),
) -> Estimate:
    r"""Give the difference, ratio or odds ratio of two arms' shares, with interval and p value.

    Parameters
    ----------
    events : sequence of int, shape (2,)
        How many had the event in the first and in the second arm.
    n : sequence of int, shape (2,)
        How many were looked at in each arm, at least 1.
    measure : {"difference", "ratio", "odds ratio"}
        What is given: first share minus second, first over second, or first odds over second.
    method : {"exact", "barnard", "boschloo", "fisher", "mid-p", "miettinen-nurminen", "newcombe"}
        How interval and p value are made. "exact" is "barnard" for the difference and the ratio, "fisher" for
        the odds ratio. "barnard", "boschloo" and "fisher" are exact; "mid-p" serves the odds ratio,
        "newcombe" the difference, "barnard" not the odds ratio.
    level : float
        Confidence level, two-sided.
    quantity : str
        What is compared, such as "patients improved"; the measure when empty.
    left_out : tuple of LeftOut
        Who was left out and why; printed with the number.

    Returns
    -------
    Estimate
        Value and bounds as shares between −1 and 1 for the difference. The ratio is NaN between 0 and
        infinity when neither arm had an event, infinite when only the second had none. With "fisher" and
        "mid-p" the odds ratio is the conditional maximum-likelihood estimate, as in R.

    Raises
    ------
    InputError
        When `events` or `n` does not hold two usable counts, an arm is empty or has more events than
        patients, `measure`, `method` or `level` is not allowed, or the arms are too large for an
        unconditional test.

    Notes
    -----
    **Two-sided p values** are twice the smaller one-sided p value, at most 1, for every exact method, because
    every interval is made of two one-sided tests. So p is at most 1 − `level` if and only if the interval
    leaves out equal shares. R's ``fisher.test`` adds up the tables that are not likelier instead and can
    disagree with its own interval; a note gives that p value too.

    **barnard.** The test of a difference δ rejects for tables whose score statistic
    :math:`(\hat p_1 - \hat p_2 - \delta) / \mathrm{SE}_\delta` is large, both shares in the standard error
    being fitted under δ. Its p value is the largest chance over the unknown share. The lower bound is the
    lowest δ with p above half of 1 − `level`; the p value that is reported is the largest over all δ up to 0.
    Every set of tables holds with a table all those with more events in the first and fewer in the second
    arm, so its chance rises with δ. This gives an upper limit of p over a whole stretch of δ, and the
    search passes over no δ that is not proven to be rejected.

    **boschloo.** One set of tables serves every δ. The test is never less powerful than Fisher's, but its
    interval is wide far from equal shares, and says nothing when neither arm had an event.

    **fisher.** Odds ratio: noncentral hypergeometric tails. Difference and ratio: quantiles of
    :math:`B_1 - B_2` or :math:`B_1 / B_2` with independent
    :math:`B_1 \sim \mathrm{Beta}(x_1, n_1 - x_1 + 1)` and :math:`B_2 \sim \mathrm{Beta}(x_2 + 1, n_2 - x_2)`
    for the lower bound. Their coverage has no general proof but was at least as stated in every sum over all
    tables that was tried (docs/validation).

    The patients are taken as independent, with one common chance in each arm.

    References
    ----------
    Barnard GA (1947). doi:10.1093/biomet/34.1-2.123
    Chan ISF, Zhang Z (1999). doi:10.1111/j.0006-341X.1999.01202.x
    Boschloo RD (1970). doi:10.1111/j.1467-9574.1970.tb00104.x
    Fay MP, Proschan MA, Brittain EH (2015). Biometrics 71:146-156
    Miettinen O, Nurminen M (1985). doi:10.1002/sim.4780040211
    Newcombe RG (1998). Stat Med 17:873-890

    Examples
    --------
    >>> import ranvier as rv
    >>> gap = rv.stats.compare_proportions((7, 2), (10, 10))
    >>> print(gap.text(), round(gap.p_value, 3))
    50.0 % (95 % interval 1.8 % to 82.7 %) 0.041
    >>> odds = rv.stats.compare_proportions((7, 2), (10, 10), measure="odds ratio")
    >>> print(odds.text(), round(odds.p_value, 3))
    8.15 (95 % interval 0.88 to 127) 0.07
    """
    require_choice("measure", measure, _VALUES)
    require_choice("method", method, ("exact", *_METHODS))
    confidence = as_level(level)
    arms = _checked(events, n)
    name = _ALLOWED[measure][0] if method == "exact" else method
    if name not in _ALLOWED[measure]:
        raise InputError(
            f"method {name!r} does not give the {measure}; use one of {['exact', *_ALLOWED[measure]]}."
        )
    value, low, high, p_value = _solved(arms, measure, name, confidence)
    return Estimate(
        quantity=quantity or f"{measure} of two shares",
        value=value,
        low=low,
        high=high,
        level=confidence,
        method=name,
        method_text=_sentence(measure, name),
        n=sum(arms.n),
        unit="share" if measure == "difference" else "",
        p_value=p_value,
        null=None if p_value is None else "the two shares are equal",
        inputs={"events": arms.events, "n": arms.n},
        left_out=tuple(left_out),
        notes=_notes(arms, measure, name, confidence),
        references=_SOURCES[name],
    )


def _checked(events: Sequence[int], n: Sequence[int]) -> _Arms:
    """Give both arms, or say what is wrong with one."""
    counts = []
    for which, count, size in zip(("first", "second"), as_two("events", events), as_two("n", n), strict=True):
        number, patients = as_count(f"the {which} of events", count), as_count(f"the {which} of n", size)
        if patients == 0:
            raise InputError(f"the {which} arm is empty (n is 0); a comparison needs a patient in each arm.")
        if number > patients:
            raise InputError(
                f"the {which} of events is {number}, more than its n = {patients}; events must be "
                "from 0 to n."
            )
        counts.append((number, patients))
    return _Arms((counts[0][0], counts[1][0]), (counts[0][1], counts[1][1]))


def _solved(arms: _Arms, measure: str, method: str, level: float) -> _Solved:
    """Give value, bounds and p value."""
    alpha, given = 1 - level, (arms.events, arms.n)
    value = _value(arms, measure)
    if method == "newcombe":
        return value, *_score.newcombe(*given, level), None
    if method == "miettinen-nurminen":
        return value, *_score.score_bounds(measure, *given, alpha)
    if method in {"fisher", "mid-p"}:
        found = _conditional.fisher(*given, alpha, mid=method == "mid-p")
        if measure == "odds ratio":
            return found
        limits = [_melded.share_limits(*arm) for arm in zip(*given, strict=True)]
        low, high = _melded.melded_bounds(limits[0], limits[1], alpha, ratio=measure == "ratio")
        return value, low, high, found[3]
    if (arms.n[0] + 1) * (arms.n[1] + 1) > LARGEST_TABLE:
        raise InputError(
            f"n is {arms.n}, too large for method {method!r}, which runs through every table; use "
            "'fisher', which "
            "is exact too, or 'miettinen-nurminen'."
        )
    solve = _unconditional.score_exact if method == "barnard" else _unconditional.boschloo
    return value, *solve(_unconditional.Arms(*given), measure, alpha)


def _value(arms: _Arms, measure: str) -> float:
    """Give the measure of the shares seen."""
    (a, b), (m, n) = arms.events, arms.n
    if measure == "difference":
        return (a * n - b * m) / (m * n)
    top, bottom = (a * n, b * m) if measure == "ratio" else (a * (n - b), b * (m - a))
    if bottom == 0:
        return math.inf if top else math.nan
    return top / bottom


def _sentence(measure: str, method: str) -> str:
    """Say what the value is and how the interval was made."""
    melded = _MELDED if method == "fisher" and measure != "odds ratio" else ""
    points = ", in percentage points" if measure == "difference" else ""
    return f"{_VALUES[measure]}{points}; {_METHODS[method]}{melded}."


def _notes(arms: _Arms, measure: str, method: str, level: float) -> tuple[str, ...]:
    """Give the sentences on arms without events and on the conventions of a test."""
    (a, b), (m, n) = arms.events, arms.n
    found = []
    if not a + b:
        first, second = (
            percent(binomial_bounds(0, size, method="clopper-pearson", level=level)[1]) for size in arms.n
        )
        found.append(f"No event in either arm: 0 of {m}, up to {first}, and 0 of {n}, up to {second}.")
    if measure != "difference" and (not a + b or (measure == "odds ratio" and a + b == m + n)):
        found.append(f"The {measure} cannot be estimated and every {measure} is possible.")
    elif measure != "difference" and b == 0:
        found.append(f"No event in the second arm: the {measure} has no upper limit.")
    elif measure != "difference" and a == 0:
        found.append(
            f"No event in the first arm: the {measure} is 0 here, its upper bound says how large it may be."
        )
    if method == "fisher":
        likelier = _conditional.Split(arms.events, arms.n).likelier()
        found.append(
            f"Adding up the tables that are not likelier, as R's fisher.test does, gives p = {likelier:.3g}."
        )
    if method == "boschloo":
        found.append(
            "Boschloo's order of tables suits the test of equal shares; its interval can be wide "
            "far from them."
        )
    return tuple(found)
