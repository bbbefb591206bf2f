"""Many virtual trials of one design, summed up trial by trial."""

from __future__ import annotations

import functools
import os
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier import course
from ranvier.errors import InputError
from ranvier.result import Estimate, Fit
from ranvier.simulate._attacks import DAYS_PER_YEAR
from ranvier.simulate._blocks import Progress, run_blocks
from ranvier.simulate._cohort import Cohort, draw_cohort
from ranvier.simulate._endpoints import CONFIRMATION, needed, worsening_of_rows
from ranvier.simulate._streams import digest, stream, whole
from ranvier.simulate.designs import Design

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Replicates", "replicate"]

COLUMNS = ("evaluable", "improved", "worse", "confirmed_worsening", "edss_change", "relapses", "years")


@dataclass(frozen=True, kw_only=True)
class Replicates(Fit):
    """Virtual trials of one design.

    Parameters
    ----------
    table : polars.DataFrame
        One row for each trial and arm: trial, arm, n, evaluable (patients with a final EDSS), improved,
        worse, confirmed_worsening (patients), edss_change (mean; null when nobody is evaluable), relapses
        and years after day 0.
    """

    table: pl.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of patients improved in the virtual trials, arm by arm.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(6.4, 3.2), layout="constrained").add_subplot()
        arms = self.table["arm"].unique(maintain_order=True).to_list()
        for place, arm in enumerate(arms):
            counts = self.table.filter(arm=arm).group_by("improved").len().sort("improved")
            share = 100 * counts["len"] / counts["len"].sum()
            where = counts["improved"] + (place - (len(arms) - 1) / 2) * 0.8 / len(arms)
            ax.bar(where, share, width=0.8 / len(arms), color=f"C{place}", label=arm)
        ax.set_xlabel("patients improved")
        ax.set_ylabel("share of virtual trials, %")
        ax.set_title(self.title)
        ax.legend(frameon=False)
        return ax


def replicate(  # noqa: PLR0913  (who computes the blocks, where they are kept, who hears of it)
    design: Design,
    *,
    n_trials: int,
    seed: int,
    rule: course.ChangeRule | str = "edss-1.0-or-0.5",
    block_trials: int = 1_000,
    executor: Executor | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Replicates:
    """Give many virtual trials of one design, each summed up for each arm.

    Parameters
    ----------
    design : Design
        Protocol, patients, noise and effects.
    n_trials : int
        Virtual trials.
    seed : int
        Equal seeds give equal trials, whoever computes them and in whatever order.
    rule : ChangeRule or str
        What counts as improved or worse.
    block_trials : int
        Virtual trials in one block; it is part of what is simulated, so that another size gives other trials.
    executor : concurrent.futures.Executor, optional
        Who computes the blocks; this process, one after the other, when None.
    folder : path, optional
        Where blocks are kept; a run that broke off goes on from there. Blocks whose hash does not fit are
        computed again.
    progress : callable, optional
        Called as progress(done, total) in this process after each block, in whatever order they finish, and
        once for the blocks that were read from the folder.

    Returns
    -------
    Replicates
        `table` holds the trials; the estimates are means over trials with their Monte Carlo error.

    Raises
    ------
    InputError
        When a number is not possible or the folder is a file.
    RanvierError
        When the executor breaks or loses the same block twice; the message says which blocks are done.

    Notes
    -----
    The random numbers of a block come from a counter-based generator (Philox) keyed by seed, hash of the
    design and scenario, with the block as the upper part of its counter (Salmon JK et al. 2011, doi
    10.1145/2063384.2063405).

    Worsening is confirmed as `course.worsening` does by the definition "cdw-12w", with `rule` and given no
    relapses: it is there at every visit up to the first one 77 days or more later (12 weeks, with a tolerance
    of 7 days), by the days on which the visits took place. A visit at a relapse is not simulated here, and a
    missed visit neither shows nor breaks a worsening.

    Examples
    --------
    >>> from ranvier.trial import Arm, Protocol, VisitWindow
    >>> protocol = Protocol(
    ...     id="virtual",
    ...     title="A virtual trial",
    ...     design="single_arm",
    ...     data_kind="simulated",
    ...     disease="MS",
    ...     arms=(Arm(id="msc", label="MSC", planned_n=10),),
    ...     visits=(
    ...         VisitWindow(label="baseline", day=0, baseline=True),
    ...         VisitWindow(label="month 12", day=365),
    ...     ),
    ... )
    >>> import ranvier as rv
    >>> design = rv.simulate.Design(protocol=protocol, groups=(rv.simulate.Group(phenotype="SPMS"),))
    >>> rv.simulate.replicate(design, n_trials=200, seed=1).table.height
    200
    """
    trials, size = whole("n_trials", n_trials, 1), whole("block_trials", block_trials, 1)
    start = whole("seed", seed, 0)
    if not isinstance(design, Design):
        raise InputError(f"design is a {type(design).__name__}; give a simulate.Design.")
    judged = course.change_rule(rule) if isinstance(rule, str) else rule
    blocks = range(-(-trials // size))
    label = digest([design.hash, start, size, judged.to_dict()])[:24]
    found = run_blocks(
        functools.partial(_block, design, judged, start, size),
        blocks,
        executor=executor,
        folder=None if folder is None else Path(folder),
        label=label,
        progress=progress,
    )
    return _summed_up(design, found, trials, start)


def _block(design: Design, rule: course.ChangeRule, seed: int, size: int, block: int) -> dict[str, Any]:
    """Simulate one block: arrays of shape (trials, arms)."""
    rng = stream(seed, design.hash, design.noise_scenario.name, block)
    arms = [_arm(rng, design, arm.id, rule, size) for arm in design.protocol.arms]
    return {name: np.stack([arm[name] for arm in arms], axis=1) for name in COLUMNS}


def _arm(
    rng: np.random.Generator, design: Design, arm: str, rule: course.ChangeRule, size: int
) -> dict[str, Any]:
    """Simulate one arm of all trials of a block."""
    total = {name: np.zeros(size) for name in COLUMNS}
    for group, n in zip(design.groups, design.counts(arm), strict=True):
        if n:
            for name, values in _counted(
                draw_cohort(rng, n * size, design, arm, group), design, rule
            ).items():
                total[name] += values.reshape(size, n).sum(axis=1)
    with np.errstate(invalid="ignore"):
        total["edss_change"] = np.where(total["evaluable"], total["edss_change"] / total["evaluable"], np.nan)
    return total


def _counted(cohort: Cohort, design: Design, rule: course.ChangeRule) -> dict[str, Any]:
    """Judge each patient."""
    need = needed(rule)
    base = cohort.written[:, 0]
    seen = cohort.written if not design.dropout_per_year else np.where(cohort.taken(), cohort.written, -1)
    final = seen[:, -1]
    known = final >= 0
    change = np.where(known, final - base, 0)
    after = cohort.attacks.day <= cohort.last_day[cohort.attacks.who]
    return {
        "evaluable": known,
        "improved": known & (-change >= need[base]),
        "worse": known & (change >= need[base]),
        "confirmed_worsening": worsening_of_rows(
            base, seen[:, 1:], cohort.days[:, 1:], need, window=CONFIRMATION
        ),
        "edss_change": change / 2,
        "relapses": np.bincount(cohort.attacks.who[after], minlength=len(base)),
        "years": np.maximum(cohort.last_day, 0) / DAYS_PER_YEAR,
    }


def _summed_up(design: Design, found: list[dict[str, Any]], trials: int, seed: int) -> Replicates:
    """Put the blocks together and give means over trials."""
    joined = {name: np.concatenate([block[name] for block in found])[:trials] for name in COLUMNS}
    arms = design.protocol.arms
    whole_numbers = [name for name in COLUMNS if name not in ("edss_change", "years")]
    table = pl.DataFrame(
        {
            "trial": np.repeat(np.arange(1, trials + 1), len(arms)),
            "arm": [arm.id for arm in arms] * trials,
            "n": [arm.planned_n for arm in arms] * trials,
            **{name: values.ravel() for name, values in joined.items()},
        }
    ).with_columns(pl.col(whole_numbers).cast(pl.Int64), pl.col("edss_change").fill_nan(None))
    said = {
        "improved": ("patients improved", "patients"),
        "confirmed_worsening": (
            f"patients with worsening confirmed after {CONFIRMATION.days // 7} weeks",
            "patients",
        ),
        "edss_change": ("mean change of EDSS at the last visit", "points"),
        "relapses": ("relapses after day 0", "relapses"),
    }
    estimates = tuple(
        _mean(joined[name][:, place], f"{words}, {arm.label}", unit)
        for place, arm in enumerate(arms)
        for name, (words, unit) in said.items()
    )
    return Replicates(
        title=f"{trials:,} virtual trials: {design.protocol.title}",
        estimates=estimates,
        method_text=(
            f"Every trial was simulated from the design (hash {design.hash[:12]}, seed {seed}, "
            f"{design.noise_scenario.text()}). The intervals hold the Monte Carlo error of the mean only."
        ),
        diagnostics={"design": design.hash, "seed": seed, "n_trials": trials},
        table=table,
    )


def _mean(values: Any, quantity: str, unit: str) -> Estimate:
    """Give a mean over trials with its Monte Carlo interval."""
    known = values[~np.isnan(values)]
    mean = float(known.mean()) if len(known) else np.nan
    error = float(known.std(ddof=1) / len(known) ** 0.5) if len(known) > 1 else np.nan
    return Estimate(
        quantity=quantity,
        value=mean,
        low=mean - 1.959963984540054 * error,
        high=mean + 1.959963984540054 * error,
        level=0.95,
        method="monte-carlo",
        method_text="Mean over virtual trials; normal interval of its Monte Carlo error.",
        n=len(known),
        unit=unit,
    )
