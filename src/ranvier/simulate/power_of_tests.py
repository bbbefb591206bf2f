"""The power of an exact test by simulation, for outcomes that can be drawn patient by patient."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier import stats
from ranvier.errors import InputError, require_choice
from ranvier.result import Estimate
from ranvier.simulate._blocks import Progress, run_blocks
from ranvier.simulate._streams import stream, whole
from ranvier.stats import _exact_arrays
from ranvier.stats._design_inputs import as_distribution, as_error, as_number
from ranvier.stats.size_of_changes import ONE_GROUP

__all__ = ["POWER_TESTS", "Normal", "power"]

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], ArrayLike]

POWER_TESTS = {
    "rank-sum": "the exact rank-sum (Mann-Whitney) test given all ties",
    "fisher": "Fisher's exact test",
    "signed-rank": "the exact signed-rank test with zeros by Pratt",
}
"""Tests whose power can be simulated: two groups, yes/no in two groups, changes in one group."""
BLOCK_TRIALS = 20_000
"""Trials in one block: enough work to be worth sending away."""
PIECE_TRIALS = 500
"""Trials drawn at once: with 40 values each they stay in a processor's cache and in memory that is used again
(2,000 take 1.5 times as long). It divides `BLOCK_TRIALS`."""


@dataclass(frozen=True, kw_only=True)
class Normal:
    """An outcome with a normal distribution.

    Parameters
    ----------
    mean : float
        Mean, in the unit of the outcome.
    sd : float
        Standard deviation, above 0.

    Raises
    ------
    InputError
        When a number is not finite or `sd` is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from ranvier.simulate import Normal
    >>> Normal(mean=-0.5)(np.random.default_rng(1), (2, 3)).shape
    (2, 3)
    """

    mean: float = 0.0
    sd: float = 1.0

    def __post_init__(self) -> None:
        as_number("mean", self.mean, low=-math.inf)
        as_number("sd", self.sd, low=0)

    def __call__(self, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """Draw values of a shape."""
        values = rng.standard_normal(shape)
        values *= self.sd
        values += self.mean
        return values


@dataclass(frozen=True)
class _Listed:
    """An outcome of which each possible value has its chance."""

    values: Floats
    chances: Floats

    def __call__(self, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        edges = np.cumsum(self.chances)[:-1]
        drawn: Floats = self.values[np.searchsorted(edges, rng.random(shape), side="right")]
        return drawn


@dataclass(frozen=True)
class _Work:
    """What every block needs; sent to whoever computes it."""

    draws: tuple[Draw, ...]
    sizes: tuple[int, ...]
    test: str
    alpha: float
    n_trials: int
    seed: int

    def block(self, block: int) -> dict[str, NDArray[Any]]:
        """Count the significant trials of one block."""
        rng = stream(self.seed, f"{self.sizes}, {BLOCK_TRIALS}, {PIECE_TRIALS}", "power", block)
        wanted = min(BLOCK_TRIALS, self.n_trials - block * BLOCK_TRIALS)
        pieces = range(0, wanted, PIECE_TRIALS)
        return {"significant": np.array([self._significant(rng, wanted - start) for start in pieces])}

    def _significant(self, rng: np.random.Generator, wanted: int) -> int:
        """Count the significant trials of one piece, among the first of it where fewer are wanted."""
        arms = [
            _drawn(name, draw, rng, (PIECE_TRIALS, n))[:wanted]
            for name, draw, n in zip(("first", "second"), self.draws, self.sizes, strict=False)
        ]
        # p values carry rounding; one that equals alpha counts as significant.
        return int((_p_values(self.test, arms) <= self.alpha * (1 + 1e-12)).sum())


def power(  # noqa: PLR0913  (two outcomes, the test, the simulation, and who computes it)
    first: Draw | Mapping[float, float],
    second: Draw | Mapping[float, float] | None = None,
    *,
    n: tuple[int, int] | int,
    n_trials: int,
    seed: int,
    test: str = "rank-sum",
    alpha: float = 0.05,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Estimate:
    r"""Give the chance that an exact test calls a trial significant, when its outcomes are drawn as stated.

    Parameters
    ----------
    first, second : callable or mapping of float to float
        Outcome in each arm: `Normal`; the chance of each possible value, such as
        ``{-1.0: 0.3, -0.5: 0.2, 0.0: 0.5}``, adding up to 1; or any draw(rng, shape) that gives an array of
        that shape from the generator alone. None as `second` for a test of one group.
    n : pair of int, or int
        Patients in each arm; one number for a test of one group. At least 2.
    n_trials : int
        Trials to simulate.
    seed : int
        Equal seeds give equal trials, whoever computes them.
    test : {"rank-sum", "fisher", "signed-rank"}
        "rank-sum" compares two groups, "fisher" two groups of outcomes that are 0 or 1, "signed-rank" tests
        the changes of one group.
    alpha : float
        A trial is significant when its two-sided p value is at most this; below 0.5.
    executor : concurrent.futures.Executor, optional
        Who computes the blocks of trials; this process when None. Other processes need outcomes that can be
        pickled: no lambda.
    progress : callable, optional
        Called as progress(done, total) after each block of 20,000 trials.

    Returns
    -------
    Estimate
        Share of significant trials, in either direction, with its Monte Carlo interval (Clopper-Pearson).

    Raises
    ------
    InputError
        When an argument is not allowed, or an outcome is drawn in another shape or is not finite.
    RanvierError
        When the executor breaks or loses the same block twice.

    Notes
    -----
    Each p value is that of `stats.rank_sum`, of Fisher's test in `stats.compare_proportions` and of
    `stats.paired`: exact given the ties of that trial. Where no values tie, one table of the rank sum serves
    every trial; with ties each trial has a distribution of its own, which takes hundreds of times as long.

    The random numbers depend on the seed, `n` and the block only. Two calls that differ in an outcome or in
    the test therefore meet the same chance, and their difference is known better than each power.

    Designs of counts and one group of changes need no simulation: see `stats.simon`, `stats.size_shares` and
    `stats.size_changes`.

    References
    ----------
    Mann HB, Whitney DR (1947). doi:10.1214/aoms/1177730491
    Salmon JK et al. (2011). doi:10.1145/2063384.2063405

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.simulate import Normal
    >>> found = rv.simulate.power(Normal(mean=-1.0), Normal(), n=(20, 20), n_trials=20_000, seed=1)
    >>> print(found.text(digits=1))
    85.0 % (95 % interval 84.5 % to 85.5 %)
    """
    require_choice("test", test, POWER_TESTS)
    trials, start = whole("n_trials", n_trials, 1), whole("seed", seed, 0)
    limit = as_error("alpha", alpha)
    sizes = _sizes(n, test)
    given = [("first", first)] if test == "signed-rank" else [("first", first), ("second", second)]
    if test == "signed-rank" and second is not None:
        raise InputError("second is given, but the signed-rank test has one group; leave it out.")
    work = _Work(tuple(_draw(*each) for each in given), sizes, test, limit, trials, start)
    found = run_blocks(
        work.block,
        range(-(-trials // BLOCK_TRIALS)),
        executor=executor,
        folder=None,
        label="power",
        progress=progress,
    )
    significant = sum(int(block["significant"].sum()) for block in found)
    return _summed_up(significant, work)


def _sizes(n: Any, test: str) -> tuple[int, ...]:
    """Give the patients of each arm."""
    wanted = 1 if test == "signed-rank" else 2
    sizes = n if isinstance(n, tuple | list) else (n,)
    if len(sizes) != wanted:
        allowed = "one number of patients" if wanted == 1 else "a pair, the patients of each arm"
        raise InputError(f"n is {n!r}; for test {test!r} it must be {allowed}.")
    return tuple(whole("n", size, 2) for size in sizes)


def _draw(name: str, given: Any) -> Draw:
    """Give what draws an outcome."""
    if isinstance(given, Mapping):
        return _Listed(*as_distribution(name, given))
    if not callable(given):
        raise InputError(
            f"{name} is {given!r}; give a distribution such as simulate.Normal(mean=0), the chance of each "
            "value, or a function draw(rng, shape)."
        )
    drawn: Draw = given
    return drawn


def _drawn(name: str, draw: Draw, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Draw the outcomes of one arm and check them."""
    values = np.asarray(draw(rng, shape), dtype=np.float64)
    if values.shape != shape:
        raise InputError(f"{name} drew an array of shape {values.shape}; it must have the shape {shape}.")
    if not np.isfinite(values).all():
        raise InputError(f"{name} drew a value that is not finite; every outcome must be a number.")
    return values


def _p_values(test: str, arms: list[Floats]) -> Floats:
    """Give the two-sided exact p value of each trial."""
    if test == "signed-rank":
        return _exact_arrays.signed_rank_p(arms[0])
    if test == "rank-sum":
        return _exact_arrays.rank_sum_p(arms[0], arms[1])
    if any(((arm != 0) & (arm != 1)).any() for arm in arms):
        raise InputError("an outcome is neither 0 nor 1; Fisher's test needs yes/no outcomes, 1 for yes.")
    counts = np.column_stack([arm.sum(axis=1) for arm in arms])
    return _exact_arrays.fisher_p(counts, (arms[0].shape[1], arms[1].shape[1]))


def _summed_up(significant: int, work: _Work) -> Estimate:
    """Give the share of significant trials."""
    share = stats.proportion(significant, work.n_trials)
    error = math.sqrt(share.value * (1 - share.value) / work.n_trials)
    patients = " and ".join(str(n) for n in work.sizes)
    return replace(
        share,
        quantity=f"power with {patients} patients",
        method="monte-carlo",
        method_text=f"Share of {work.n_trials:,} simulated trials in which {POWER_TESTS[work.test]} gave a "
        f"two-sided p of at most {work.alpha:g}, in either direction; the interval holds the Monte Carlo "
        f"error only (standard error {100 * error:.2g} percentage points)",
        inputs={
            "significant trials": significant,
            "trials": work.n_trials,
            "seed": work.seed,
            "outcomes": [_said(draw) for draw in work.draws],
        },
        notes=_notes(significant, work),
        references=("Salmon JK et al. (2011). doi:10.1145/2063384.2063405",),
    )


def _said(draw: Draw) -> str:
    """Say what is drawn."""
    if isinstance(draw, Normal):
        return f"normal, mean {draw.mean:g}, standard deviation {draw.sd:g}"
    if isinstance(draw, _Listed):
        chances = zip(draw.values.tolist(), draw.chances.tolist(), strict=True)
        return "chances " + ", ".join(f"{value:g}: {chance:g}" for value, chance in chances)
    plain = draw.func if isinstance(draw, functools.partial) else draw
    return f"drawn by {getattr(plain, '__qualname__', type(plain).__name__)}"


def _notes(significant: int, work: _Work) -> tuple[str, ...]:
    """Say what one group cannot show, and when no outcome at all can be significant."""
    one_group = len(work.sizes) == 1
    notes = (ONE_GROUP,) if one_group else ()
    ways = 2 ** work.sizes[0] if one_group else math.comb(sum(work.sizes), work.sizes[0])
    if significant or 2 / ways <= work.alpha:
        return notes
    return (
        *notes,
        (
            f"No outcome of so few patients can be significant: the smallest p value is {2 / ways:.2g}. "
            "The power is 0 whatever the treatment does."
        ),
    )
