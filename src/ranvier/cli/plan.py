"""The work of `ranvier plan`: the plan of one file, simulated."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ranvier.report import Report
    from ranvier.simulate import OperatingCharacteristics, PlanFile, PlanScenario

__all__ = ["PlanMade", "run"]

BLOCK = 1_000
"""Virtual trials of one block; fewer where fewer are asked for, so that a quick look is quick."""
STEPS = 1000
"""Steps of the progress bar."""


@dataclass(frozen=True, kw_only=True)
class PlanMade:
    """What was simulated, and where it was written.

    Parameters
    ----------
    page : Report
        The page.
    written : tuple of Path
        The files; none without a folder.
    """

    page: Report
    written: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give everything, JSON-ready, when it was not written.

        Returns
        -------
        dict
            Keys written, or those of the page; its meta data hold every number.
        """
        if self.written:
            return {"written": [str(path) for path in self.written]}
        return self.page.to_dict()

    def text(self) -> str:
        """Say what the page says, or its first sentence and where the files are.

        Returns
        -------
        str
            Lines.
        """
        if not self.written:
            return self.page.explain()
        first = self.page.sections[0].blocks[0]
        return "\n".join([getattr(first, "text", ""), *map(str, self.written)])


def run(file: Path, out: Path | None, *, show_progress: bool = True, **changed: int | None) -> PlanMade:
    """Simulate the plan of a file, and write the page where a folder is given.

    Parameters
    ----------
    file : Path
        The plan, such as design.toml.
    out : Path or None
        Folder to write to.
    show_progress : bool
        Whether to draw a progress bar on standard error when that is a terminal.
    **changed
        trials, seed and processes in place of those of the file, where not None.

    Returns
    -------
    PlanMade
        The page and the files: plan.html, plan.json.

    Raises
    ------
    InputError
        When the file, a number in it, or an option cannot be used; nothing is written then.
    """
    from ranvier import report, simulate

    given = simulate.read_plan(file)
    settings = dataclasses.replace(
        given.settings, **{name: value for name, value in changed.items() if value is not None}
    )
    given = dataclasses.replace(given, settings=settings)
    scenarios = simulate.other_carry_over(given.scenarios) if given.plan.switched else given.scenarios
    found, comparison = _simulated(given, scenarios, hidden=not (show_progress and sys.stderr.isatty()))
    page = report.build_plan(found, scenarios=scenarios, given=given, comparison=comparison)
    written = () if out is None else page.save_all(out, "plan")
    return PlanMade(page=page, written=written)


def _simulated(
    given: PlanFile, scenarios: Sequence[PlanScenario], *, hidden: bool
) -> tuple[OperatingCharacteristics, OperatingCharacteristics | None]:
    """Simulate the plan, and for a single arm the same patients randomised."""
    from ranvier import simulate
    from ranvier.simulate.counterparts import FEWEST

    plans = [given.plan]
    if not given.plan.several and sum(given.plan.sizes.values()) >= FEWEST:
        plans.append(simulate.randomised_instead(given.plan))
    made = []
    with _executor(given.settings.processes) as executor:
        for plan, label in zip(plans, ("simulating", "the same patients, randomised"), strict=False):
            with _progress(label, hidden=hidden) as told:
                made.append(
                    simulate.operating_characteristics(
                        plan,
                        scenarios=scenarios,
                        n_trials=given.settings.trials,
                        seed=given.settings.seed,
                        block_trials=min(BLOCK, given.settings.trials),
                        executor=executor,
                        progress=told,
                    )
                )
    return made[0], made[1] if len(made) > 1 else None


@contextmanager
def _progress(label: str, *, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """Draw a progress bar on standard error, and give what tells it how much of all is done."""
    with click.progressbar(length=STEPS, label=label, file=sys.stderr, hidden=hidden) as bar:

        def told(done: int, total: int) -> None:
            bar.update(STEPS * done // total - bar.pos)

        yield told


@contextmanager
def _executor(processes: int) -> Iterator[Executor | None]:
    if processes == 1:
        yield None
        return
    # Processes start anew: one forked after polars has started its threads may wait for ever.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:
        yield executor
