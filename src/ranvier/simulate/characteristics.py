"""Power, chance of error, bias, size and duration of a planned trial, by virtual trials."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ranvier.errors import InputError
from ranvier.result import Estimate
from ranvier.simulate._blocks import Progress, run_blocks
from ranvier.simulate._plan_block import Cell, simulate_block
from ranvier.simulate._plan_summary import tables
from ranvier.simulate._plan_words import cautions, method
from ranvier.simulate._streams import digest, whole
from ranvier.simulate.characteristics_result import OperatingCharacteristics
from ranvier.simulate.plan_scenarios import PlanScenario
from ranvier.simulate.plans import Plan
from ranvier.simulate.scenarios import SCENARIOS, Scenario, scenario
from ranvier.stats import proportion

__all__ = ["operating_characteristics"]

NO_EFFECT = "no effect"
FEWEST_TRIALS = 100


def operating_characteristics(  # noqa: PLR0913  (what is simulated, who computes it, who hears of it)
    plan: Plan,
    *,
    scenarios: Sequence[PlanScenario],
    seed: int,
    n_trials: int = 10_000,
    noise: Sequence[Scenario | str] = ("low", "high"),
    block_trials: int = 1_000,
    executor: Executor | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> OperatingCharacteristics:
    r"""Give how a planned trial behaves under assumed effects, and without any.

    Parameters
    ----------
    plan : Plan
        Design, endpoint, test, looks and monitor.
    scenarios : sequence of PlanScenario
        Effects to try. One without any effect is always run: where none is listed, "no effect" comes first
        ("no effect at all" where that is the name of another).
    seed : int
        Equal seeds give equal results, whoever computes them and in whatever order.
    n_trials : int
        Virtual trials of each scenario and noise, 100 or more.
    noise : sequence of Scenario or str
        How noisy the EDSS is; both are needed for a statement.
    block_trials : int
        Virtual trials in one block; it is part of what is simulated, so that another size gives other trials.
    executor : concurrent.futures.Executor, optional
        Who computes the blocks; this process, one after the other, when None.
    folder : path, optional
        Where blocks are kept; a run that broke off goes on from there.
    progress : callable, optional
        Called as progress(done, total) in this process with the blocks done and all blocks, after each.

    Returns
    -------
    OperatingCharacteristics
        `table`, `stops` and `arms` hold the numbers, each share with its Monte Carlo error.

    Raises
    ------
    InputError
        When a scenario names an arm that is not there, two have the same name, or a number is not possible.

    Notes
    -----
    **Patients** come from the model of `simulate.replicate`, in blocks with their own random numbers. They
    enter in any order; a look uses the patients who entered first, all followed to their last visit. A
    patient without a value is left out, as in the analysis of real data; where a design counts patients out
    of a fixed number, such a patient counts as one without a favourable result.

    Worsening is confirmed as in `simulate.replicate`. New T2 lesions of the last month before a scan are
    counted in proportion to the days of that month which have passed.

    **Tests.** Every p value is exact and one-sided, the tail whose double is the p value of the function for
    real data: `stats.compare_proportions` ("boschloo", "fisher"), `rank_sum`, `permutation`, `rate_ratio`
    ("conditional"), `crossover`, `paired`, `before_after`; and the exact tails that the intervals of
    `proportion` and `rate` invert. No z test is made anywhere, because at such sizes its chance of error is
    not what it says. "rank-sum" and "permutation" move whole patients between the arms and so hold when
    patients differ in their relapse rates; "conditional" takes each relapse as independent of the others and
    does not. With three or four arms each is compared with the control by Holm's method; success is any.

    **Looks.** For a `SequentialDesign` the normal deviate of the exact p value of all data so far meets the
    bounds. For a `PromisingZone` the p values of the patients of each stage are combined with the weights of
    the plan, planned_n being the largest size, `most` times the one without growth. For a `CountDesign` the
    counts decide, for a `BayesRule` the posterior chances. Patients who entered while a look was waited for
    are not used.

    **Truth** is the same number in all planned patients of all virtual trials together: the difference of
    shares, mean changes or yearly rates against the control arm; with one arm, against the same patients
    without treatment. With one arm the estimate is the distance from the fixed number (from 0 where there is
    none), and its bias is what one would get wrong by taking it for an effect. After looks the bias is that
    of stopping, too; after a `CountDesign` the estimate is the one of `CountDesign.estimate`.

    In a **crossover** the outcome of a period is the EDSS at its end, as a change from the baseline, which
    cancels. The estimate is half the difference between the sequences of the mean differences within
    patients, first period less second: what is seen in periods with the treatment less what is seen in those
    without. Truth is what the treatment does in one period: the difference of both sequences at the end of
    the first period, in the patients who have both, as parallel arms would show it at that visit. What stays
    of a treatment (`carry_over`), and what has been prevented or lost for good, draws the estimate away from
    it; this is the bias. An effect on the EDSS that stays whole is halved.

    **Duration.** Patients enter evenly, the first in month 0; a decision comes when the last patient who is
    needed has had the last visit.

    Monte Carlo errors are standard errors over virtual trials: they say nothing about how well the model
    describes patients.

    References
    ----------
    Morris TP, White IR, Crowther MJ (2019). Statistics in Medicine 38:2074-2102
    Lehmacher W, Wassmer G (1999). Biometrics 55:1286-1290
    Holm S (1979). Scandinavian Journal of Statistics 6:65-70

    Examples
    --------
    >>> from ranvier.trial import Arm, Protocol, VisitWindow
    >>> protocol = Protocol(
    ...     id="virtual",
    ...     title="A virtual trial",
    ...     design="rct_parallel",
    ...     data_kind="simulated",
    ...     disease="MS",
    ...     arms=(
    ...         Arm(id="msc", label="MSC", planned_n=10),
    ...         Arm(id="placebo", label="Placebo", role="control", planned_n=10),
    ...     ),
    ...     visits=(
    ...         VisitWindow(label="baseline", day=0, baseline=True),
    ...         VisitWindow(label="month 12", day=365),
    ...     ),
    ... )
    >>> import ranvier as rv
    >>> design = rv.simulate.Design(protocol=protocol, groups=(rv.simulate.Group(phenotype="SPMS"),))
    >>> plan = rv.simulate.Plan(design=design, endpoint="edss_change")
    >>> point = rv.simulate.PlanScenario(name="a point", effects={"msc": rv.simulate.Effect(edss_shift=-1)})
    >>> found = rv.simulate.operating_characteristics(plan, scenarios=[point], n_trials=200, seed=1)
    >>> found.table.select("scenario", "noise", "null").rows()
    [('no effect', 'low', True), ('no effect', 'high', True),
     ('a point', 'low', False), ('a point', 'high', False)]
    """
    if not isinstance(plan, Plan):
        raise InputError(f"plan is a {type(plan).__name__}; give a simulate.Plan.")
    trials, size = whole("n_trials", n_trials, FEWEST_TRIALS), whole("block_trials", block_trials, 1)
    start = whole("seed", seed, 0)
    cells = _cells(plan, scenarios, noise)
    blocks = -(-trials // size)
    joined = []
    for place, cell in enumerate(cells):
        found = run_blocks(
            functools.partial(simulate_block, plan, cell, start, size),
            range(blocks),
            executor=executor,
            folder=None if folder is None else Path(folder),
            label=digest([plan.to_dict(), cell.scenario.to_dict(), cell.noise.to_dict(), start, size])[:24],
            progress=_further(progress, place * blocks, len(cells) * blocks),
        )
        joined.append({name: np.concatenate([each[name] for each in found])[:trials] for name in found[0]})
    table, stops, arms = tables(plan, cells, joined)
    return _result(
        plan, cells, (table, stops, arms), {"seed": start, "n_trials": trials, "block_trials": size}
    )


def _further(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Tell the progress of the blocks of one scenario and noise as that of all."""
    return None if progress is None else lambda done, _: progress(before + done, total)


def _cells(
    plan: Plan, scenarios: Sequence[PlanScenario], noise: Sequence[Scenario | str]
) -> tuple[Cell, ...]:
    """Give every scenario with every noise, one without any effect among them."""
    given = list(scenarios)
    for each in given:
        if not isinstance(each, PlanScenario):
            raise InputError(f"scenarios holds a {type(each).__name__}; give simulate.PlanScenario entries.")
        each.design_of(plan)
    if not any(each.null for each in given):
        given.insert(0, _null({each.name for each in given}))
    names = [each.name for each in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"scenarios has {twice} more than once; each scenario needs a name of its own.")
    levels = [scenario(each) if isinstance(each, str) else each for each in noise]
    if not levels or len({level.name for level in levels}) < len(levels):
        raise InputError(f"noise is {list(noise)!r}; give each of {list(SCENARIOS)} once, at least one.")
    return tuple(Cell(scenario=each, noise=level) for each in given for level in levels)


def _null(names: set[str]) -> PlanScenario:
    """Give the scenario without any effect, under a name that no other has."""
    name = NO_EFFECT
    while name in names:
        name += " at all"
    return PlanScenario(name=name)


def _result(
    plan: Plan, cells: tuple[Cell, ...], tables: tuple[pl.DataFrame, ...], settings: dict[str, int]
) -> OperatingCharacteristics:
    """Put the tables in a result with its words."""
    table, stops, arms = tables
    trials = settings["n_trials"]
    scenarios = list({cell.scenario.name: cell.scenario.to_dict() for cell in cells}.values())
    return OperatingCharacteristics(
        title=f"Operating characteristics: {plan.design.protocol.title}",
        estimates=tuple(_estimate(row, trials) for row in table.iter_rows(named=True)),
        method_text=method(plan, trials, settings["seed"]),
        diagnostics={"plan": plan.hash, **settings, "scenarios": scenarios},
        notes=cautions(plan, table),
        plan=plan,
        table=table,
        stops=stops,
        arms=arms,
    )


def _estimate(row: dict[str, Any], trials: int) -> Estimate:
    """Give the share of successes of one scenario and noise with its exact interval."""
    return proportion(
        round(row["success"] * trials),
        trials,
        quantity=f"trials called a success, {row['scenario']}, {row['noise']} noise",
    )
