"""Events that rater error alone makes in patients who do not change."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.course import _layout as at
from ranvier.course._arrays import Ints, Prepared, Relapses, offsets, prepare
from ranvier.course._run import run
from ranvier.course.definition import Definition
from ranvier.course.library import preset
from ranvier.course.rater_error import RaterError, rater_error
from ranvier.errors import InputError
from ranvier.result import Derivation, Estimate, LeftOut, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FalsePositive", "false_positive_rate"]

BLOCK_VISITS = 300_000
"""Visits searched at a time: bounds the memory at some tens of megabytes."""

Z = 1.959963984540054
"""Two-sided 95 % point of the normal distribution, for the Monte Carlo interval."""

SCHEMA: dict[str, Any] = {
    "baseline": pl.Float64,
    "n_subjects": pl.Int64,
    "noise_share": pl.Float64,
    "mc_error": pl.Float64,
    "observed": pl.Int64,
    "observed_share": pl.Float64,
    "expected_by_noise": pl.Float64,
    "explained_share": pl.Float64,
    "adjusted_share": pl.Float64,
}

REFERENCES = (
    "Noseworthy JH et al. Neurology 1990;40:971-975",
    "Rogan WJ, Gladen B. Am J Epidemiol 1978;107:71-76, doi 10.1093/oxfordjournals.aje.a112510",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class FalsePositive(Derivation):
    """How many events rater error alone makes, beside those that were found.

    Parameters
    ----------
    overall : Estimate
        Share of unchanged patients with an event by noise alone; the interval is that of the simulation.
    explained : Estimate
        Share of the patients found with an event that noise alone would flag, 1 at most.
    error : RaterError
        The error of one rating.
    """

    overall: Estimate
    explained: Estimate
    error: RaterError

    def explain(self, subject: str | None = None) -> str:
        """Say how often noise alone makes an event, and how many of the found events that can be.

        Parameters
        ----------
        subject : str, optional
            Not used for one patient: noise is about all of them.

        Returns
        -------
        str
            Sentences.

        Raises
        ------
        InputError
            When a patient is named.
        """
        if subject is not None:
            raise InputError("noise says nothing about one patient; leave subject out.")
        parts = [
            self.method,
            f"If no patient had changed, {percent(self.overall.value)} would have an event.",
        ]
        known = self.table.drop_nulls(["noise_share"])
        if known.height > 1:
            worst = known.sort("noise_share", descending=True).row(0, named=True)
            parts.append(
                f"From a baseline of {worst['baseline']:g} it would be {percent(worst['noise_share'])}."
            )
        found = int(self.table["observed"].sum())
        if found:
            expected = float(self.table["expected_by_noise"].sum())
            parts.append(
                f"With an event were found: {plural(found, 'patient')}; noise would flag {expected:.1f}, "
                f"{percent(self.explained.value)} of them at most."
            )
        else:
            parts.append("No patient was found with an event.")
        parts += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        return " ".join([*parts, self.error.note]).strip()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share with an event by baseline EDSS: by noise alone, and as found.

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

            ax = Figure(figsize=(6, 3.5)).add_subplot()
        level = self.table["baseline"].to_numpy()
        noise, spread = self.table["noise_share"].to_numpy(), self.table["mc_error"].to_numpy()
        ax.bar(level, 100 * noise, width=0.4, color="C0", alpha=0.6, label="noise alone")
        ax.errorbar(level, 100 * noise, yerr=100 * Z * spread, fmt="none", ecolor="C0")
        found = 100 * self.table["observed_share"].to_numpy()
        ax.plot(level, found, marker="o", linestyle="none", color="C1", label="found")
        ax.set_xlabel("baseline EDSS")
        ax.set_ylabel("patients with an event, %")
        ax.set_title(self.name)
        ax.legend()
        return ax


def false_positive_rate(
    visits: Any,
    relapses: Any = None,
    *,
    definition: Definition | str,
    error: RaterError | str = "between-raters",
    repeats: int = 200,
    seed: int,
    executor: Executor | None = None,
) -> FalsePositive:
    r"""Give the share of unchanged patients who have an event by rater error alone.

    Parameters
    ----------
    visits, relapses : dataframe
        As in `events`. The days of the visits and relapses are kept, the scores are not.
    definition : Definition or str
        What counts, or the name of a preset; its one outcome is the EDSS.
    error : RaterError or {"between-raters", "same-rater"}
        The error of one rating.
    repeats : int
        How often every patient is rated anew.
    seed : int
        Equal seeds give equal answers, with any number of workers.
    executor : concurrent.futures.Executor, optional
        What the blocks of repeats are handed to; this process does all when None.

    Returns
    -------
    FalsePositive
        One row per first EDSS on record: baseline, n_subjects, noise_share (with an event although nothing
        changed), mc_error (standard error of the simulation), observed, observed_share (patients found with
        an event in the real scores), expected_by_noise (patients), explained_share (expected over observed,
        1 at most; null without any observed), adjusted_share (truly changed, see Notes).

    Raises
    ------
    InputError
        When the outcome is not the EDSS, a first score is no EDSS step, no patient has a score, or `repeats`
        or `seed` is no whole number.

    Notes
    -----
    In each repeat every patient's scores are replaced by the first score on record, taken as true at all of
    the patient's visits, with a new independent error each; then the definition is applied. An event is what
    the definition keeps: improvement where it searches improvement, otherwise worsening. The standard error
    is :math:`\sqrt{p(1-p)/(nR)}` for n patients and R repeats; patients with unlike visits make it a little
    smaller.

    `explained_share` is an upper bound: it supposes that all patients were unchanged. `adjusted_share` is
    :math:`(o - p)/(1 - p)`, not below 0, for an observed share o and noise share p, if every true change is
    found (Rogan and Gladen with sensitivity 1).

    References
    ----------
    Noseworthy JH et al. (1990). Neurology 40:971-975
    Rogan WJ, Gladen B (1978). doi:10.1093/oxfordjournals.aje.a112510

    Examples
    --------
    >>> days = list(range(0, 700, 84))
    >>> visits = pl.DataFrame({"subject": ["P1"] * 9, "day": days, "edss": [6.0] * 9})
    >>> noise = false_positive_rate(visits, definition="cdw-12w", seed=1, repeats=2000)
    >>> round(noise.overall.value, 1), noise.table["observed"].to_list()
    (0.1, [0])
    """
    definition = preset(definition) if isinstance(definition, str) else definition
    error = rater_error(error) if isinstance(error, str) else error
    _check(definition, error, repeats, seed)
    prepared = prepare(
        visits,
        relapses,
        "edss",
        eligible=definition.flags,
        compat=definition.compat,
    )
    if not prepared.n_subjects:
        raise InputError("no patient has an EDSS; give visits with at least one score.")
    first = error._places(prepared.value[prepared.start[:-1]])
    observed = _flagged(prepared, definition)
    hits = _noise(prepared, definition, error, first, (repeats, seed, executor))
    table = _table(prepared.value[prepared.start[:-1]], hits, observed, repeats)
    n, found = prepared.n_subjects, int(observed.sum())
    share = float(hits.sum()) / (n * repeats)
    spread = math.sqrt(share * (1 - share) / (n * repeats))
    given = {"definition": definition.name, "error": error.name, "repeats": repeats, "seed": seed}
    method = (
        f"Each of {plural(n, 'patient')} kept the first EDSS on record at all visits; the visits were rated "
        f"{repeats} times with the error {error.name!r} and searched with {definition.name!r}."
    )
    ratio = n / found if found else math.nan
    explained = [min(1.0, bound * ratio) for bound in (share, share - Z * spread, share + Z * spread)]
    common: dict[str, Any] = {"level": 0.95, "method": "monte-carlo", "unit": "share", "inputs": given}
    return FalsePositive(
        name="Events by rater error alone",
        table=table,
        method=method,
        definition=definition,
        left_out=(LeftOut(n=prepared.n_silent, reason="patients without any EDSS"),),
        references=(error.source, *REFERENCES),
        overall=Estimate(
            quantity="share of unchanged patients with an event by rater error alone",
            value=share,
            low=max(0.0, share - Z * spread),
            high=share + Z * spread,
            method_text=method,
            n=n,
            **common,
        ),
        explained=Estimate(
            quantity="share of the patients found with an event that rater error alone would flag",
            value=explained[0],
            low=max(0.0, explained[1]),
            high=explained[2],
            method_text="An upper bound: it supposes that no patient changed.",
            n=found,
            **common,
        ),
        error=error,
    )


def _check(definition: Any, error: Any, repeats: Any, seed: Any) -> None:
    """Refuse what cannot be simulated."""
    if not isinstance(definition, Definition):
        raise InputError(
            f"{definition!r} is no definition; give a course.Definition or the name of a preset."
        )
    if not isinstance(error, RaterError):
        raise InputError(f"{error!r} is no rater error; give a course.RaterError or the name of a preset.")
    columns = [outcome.column for outcome in definition.outcomes]
    if columns != ["edss"]:
        raise InputError(
            f"definition {definition.name!r} is about {columns}; rater error is known for ['edss'] only."
        )
    for name, value, least in (("repeats", repeats, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} is {value!r}; it must be a whole number of {least} or more.")


def _flagged(prepared: Prepared, definition: Definition) -> NDArray[np.bool_]:
    """Tell which patients have an event that the definition is about."""
    events = run(prepared, definition).events
    sign = -1 if definition.selection.events == "first improvement" else 1
    flags = np.zeros(prepared.n_subjects, dtype=np.bool_)
    flags[events[events[:, at.SIGN] == sign, at.SUBJECT]] = True
    return flags


def _noise(
    prepared: Prepared,
    definition: Definition,
    error: RaterError,
    first: Ints,
    plan: tuple[int, int, Executor | None],
) -> Ints:
    """Count for each patient the repeats with an event."""
    repeats, seed, executor = plan
    seeds = np.random.SeedSequence(seed).spawn(repeats)  # one per repeat, so that blocks and workers agree
    size = max(1, BLOCK_VISITS // len(prepared.day))
    blocks = [seeds[place : place + size] for place in range(0, repeats, size)]
    true = first[prepared.who]
    whole = _tiled(prepared, min(size, repeats))
    total = np.zeros(prepared.n_subjects, dtype=np.int64)
    jobs = (
        (
            whole if len(block) == len(blocks[0]) else _tiled(prepared, len(block)),
            definition,
            error,
            true,
            block,
        )
        for block in blocks
    )
    for hits in map(_block, jobs) if executor is None else executor.map(_block, jobs):
        total += hits
    return total


def _block(job: tuple[Prepared, Definition, RaterError, Ints, list[np.random.SeedSequence]]) -> Ints:
    """Rate all patients once per seed, and count for each the repeats with an event."""
    tiled, definition, error, true, seeds = job
    rated = np.concatenate([error._rate(true, seed) for seed in seeds])
    flags = _flagged(tiled.with_values(rated), definition)
    counts: Ints = flags.reshape(len(seeds), -1).sum(axis=0)
    return counts


def _tiled(prepared: Prepared, times: int) -> Prepared:
    """Repeat all patients as further patients, with their visits and relapses."""
    n, given = prepared.n_subjects, prepared.relapses
    shift = np.arange(times, dtype=np.int64)[:, None] * n
    who, struck = (shift + prepared.who).ravel(), (shift + given.who).ravel()
    return Prepared(
        column=prepared.column,
        subjects=pl.concat([prepared.subjects] * times),
        who=who,
        day=np.tile(prepared.day, times),
        value=np.tile(prepared.value, times),
        start=offsets(who, n * times),
        flags={name: np.tile(flag, times) for name, flag in prepared.flags.items()},
        relapses=Relapses(
            day=np.tile(given.day, times),
            end=np.tile(given.end, times),
            who=struck,
            start=offsets(struck, n * times),
        ),
        has_relapses=prepared.has_relapses,
        compat=prepared.compat,
        n_silent=0,
        n_without_value=0,
    )


def _table(
    baseline: NDArray[np.float64], hits: Ints, observed: NDArray[np.bool_], repeats: int
) -> pl.DataFrame:
    """Give one row per baseline EDSS."""
    noise, seen, n = pl.col("noise_share"), pl.col("observed"), pl.col("n_subjects")
    share = pl.col("observed_share")
    return (
        pl.DataFrame({"baseline": baseline, "hits": hits, "found": observed})
        .group_by("baseline")
        .agg(
            pl.len().cast(pl.Int64).alias("n_subjects"),
            pl.col("found").sum().cast(pl.Int64).alias("observed"),
            (pl.col("hits").sum() / (pl.len() * repeats)).alias("noise_share"),
        )
        .with_columns(
            (noise * (1 - noise) / (n * repeats)).sqrt().alias("mc_error"),
            (seen / n).alias("observed_share"),
            (noise * n).alias("expected_by_noise"),
        )
        .with_columns(
            pl.when(seen > 0).then((pl.col("expected_by_noise") / seen).clip(0, 1)).alias("explained_share"),
            pl.when(noise < 1).then(((share - noise) / (1 - noise)).clip(0, 1)).alias("adjusted_share"),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
        .sort("baseline")
    )
