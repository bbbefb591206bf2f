"""A plan for a trial as a file that people write: design.toml."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ranvier.errors import InputError, suggest
from ranvier.io._files import existing_file, sha256, text_of
from ranvier.result import json_ready
from ranvier.simulate._plan_checks import check_monitor
from ranvier.simulate._plan_crossover import CROSSOVER, check_crossover
from ranvier.simulate._plan_look_tables import read_looks
from ranvier.simulate._plan_scenario_tables import read_scenarios
from ranvier.simulate._plan_tables import (
    ArmTable,
    ConductTable,
    CrossoverTable,
    EndpointTable,
    PatientTable,
    SafetyTable,
    SimulationTable,
    TrialTable,
    VisitTable,
    located,
)
from ranvier.simulate.designs import Design
from ranvier.simulate.plan_scenarios import PlanScenario
from ranvier.simulate.plans import Plan
from ranvier.stats import CountDesign
from ranvier.trial import Arm, Protocol
from ranvier.trial._toml import build

__all__ = ["PlanFile", "PlanSettings", "read_plan"]

NEEDED = ("patients", "arms", "visits", "endpoint")
SINGLE: dict[str, Any] = {
    "trial": TrialTable,
    "visits": VisitTable,
    "endpoint": EndpointTable,
    "safety": SafetyTable,
    "conduct": ConductTable,
    "simulation": SimulationTable,
}
"""Tables that stand once; `looks` has keys that depend on its kind."""
KNOWN = (*SINGLE, "patients", "arms", "looks", "crossover", "scenarios")
NAMES_ONLY = ("id", "label", "title", "months", "days")
"""Keys that no number depends on, and two of which one is always given."""
NOT_GIVEN = {
    "test": "the usual test of the endpoint in this design",
    "reference": "none",
    "n": "as many as the counts of [looks] need",
    "limit": "no rule that stops for harm",
    "futility": "no early end without success",
    "patients_per_month": "not given; nothing is said about months",
    "delta": "none",
    "target": "the power planned for",
    "scans": "no scans",
    "attack_days": "any number of days",
    "looks": "after each patient",
}
"""What the absence of a key means, where nothing else is put in its place."""


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """How a plan is simulated.

    Parameters
    ----------
    trials : int
        Virtual trials of each scenario with each noise.
    seed : int
        Equal seeds give equal trials.
    processes : int
        Processes that share the work; the numbers do not depend on it.
    """

    trials: int
    seed: int
    processes: int = 1


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """What a plan file says.

    Parameters
    ----------
    file : str
        Name of the file.
    sha256 : str
        SHA-256 of the file.
    plan : Plan
        The plan.
    scenarios : tuple of PlanScenario
        What the treatment may do; one without any effect is always simulated beside them.
    settings : PlanSettings
        How it is simulated.
    defaults : tuple of (table, key, value)
        What the file leaves out, and what is taken instead.
    """

    file: str
    sha256: str
    plan: Plan
    scenarios: tuple[PlanScenario, ...]
    settings: PlanSettings
    defaults: tuple[tuple[str, str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; defaults as tables with their keys.
        """
        taken: dict[str, dict[str, str]] = {}
        for table, key, value in self.defaults:
            taken.setdefault(table, {})[key] = value
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        ready: dict[str, Any] = json_ready(fields | {"defaults": taken})
        return ready


def read_plan(path: str | os.PathLike[str]) -> PlanFile:
    """Read the plan of a trial from a TOML file.

    Parameters
    ----------
    path : path
        The file; its keys stand in docs/planning.md, and `simulate.new_plan` writes one to start from.

    Returns
    -------
    PlanFile
        The plan, its scenarios, how it is simulated, and what the file left to defaults.

    Raises
    ------
    InputError
        When the file cannot be read, a table or key is missing or not known, or a value cannot be; the
        message names file, table and key.

    Examples
    --------
    >>> import tempfile, pathlib, ranvier as rv
    >>> folder = rv.simulate.new_plan(pathlib.Path(tempfile.mkdtemp()) / "plan")
    >>> read = rv.simulate.read_plan(folder / "design.toml")
    >>> read.plan.endpoint, [scenario.name for scenario in read.scenarios]
    ('edss_change', ['half a point better', 'one point better'])
    """
    file = existing_file(path, "a plan such as design.toml, which `ranvier new --plan DIR` writes")
    try:
        content = tomllib.loads(text_of(file))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file.name} is not valid TOML: {error}; put texts in quotes.") from error
    _refuse_unknown(content, file.name)
    tables = {
        name: build(cls, content.get(name, {}), f"{file.name}, [{name}]") for name, cls in SINGLE.items()
    }
    patients = _each(content, "patients", PatientTable, file.name)
    arms = _each(content, "arms", ArmTable, file.name)
    with located(f"{file.name}, [looks]"):
        given = content.get("looks", {})
        if not isinstance(given, Mapping):
            raise InputError(f"{given!r} is not a table of keys and values.")
        looks, numbers = read_looks(given, tables["endpoint"].alpha, f"{file.name}, [looks]")
    sized = _sized(arms, looks, file.name)
    crossover = _crossover(content, tables["trial"].design, len(sized), file.name)
    design = _design(tables | {"crossover": crossover}, patients, sized, file.name)
    with located(f"{file.name}, [safety]"):
        monitor = tables["safety"].monitor(_watched(sized))
        check_monitor(monitor, {arm.id: arm.planned_n or 0 for arm in sized if arm.role != "control"})
    endpoint: EndpointTable = tables["endpoint"]
    if crossover is not None:
        with located(f"{file.name}, [crossover]"):
            stops = looks is not None or monitor is not None
            check_crossover(design, crossover.day, endpoint.kind, stops=stops)
    with located(f"{file.name}, [endpoint]"):
        plan = Plan(
            design=design,
            endpoint=endpoint.kind,
            test=endpoint.test,
            rule=endpoint.rule,
            reference=endpoint.reference,
            alpha=endpoint.alpha,
            looks=looks,
            monitor=monitor,
            patients_per_month=tables["conduct"].patients_per_month,
            switch_day=None if crossover is None else crossover.day,
        )
    built = [(f"[{name}]", content.get(name, {}), table) for name, table in tables.items()]
    built += _numbered("patients", content, patients) + _numbered("arms", content, arms)
    built += [("[looks]", given, numbers)] if numbers is not None else []
    built += [("[crossover]", content["crossover"], crossover)] if crossover is not None else []
    chosen: SimulationTable = tables["simulation"]
    return PlanFile(
        file=file.name,
        sha256=sha256(file),
        plan=plan,
        scenarios=read_scenarios(content, plan, crossover, file.name),
        settings=PlanSettings(trials=chosen.trials, seed=chosen.seed, processes=chosen.processes),
        defaults=(*_defaults(built), *_absent(content, numbers)),
    )


def _refuse_unknown(content: Mapping[str, Any], file: str) -> None:
    for name in content:
        if name not in KNOWN:
            close = suggest(name, KNOWN)
            hint = f" Did you mean {close!r}?" if close else ""
            raise InputError(f"{file}: unknown table [{name}]; known tables are {sorted(KNOWN)}.{hint}")
    missing = [f"[{name}]" if name in SINGLE else f"[[{name}]]" for name in NEEDED if not content.get(name)]
    if missing:
        raise InputError(f"{file}: the tables {missing} are missing; a plan needs them.")


def _crossover(content: Mapping[str, Any], design: str | None, arms: int, file: str) -> CrossoverTable | None:
    """Read [crossover], which stands in the file where the design is one; refuse a design that is another."""
    if (design == "crossover") != ("crossover" in content):
        raise InputError(
            f'{file}: a crossover needs both design = "crossover" in [trial] and the table [crossover] with '
            f"switch_day or switch_month; design is {design!r}, and [crossover] is "
            f"{'there' if 'crossover' in content else 'missing'}."
        )
    if design is not None and (design == "single-arm") != (arms == 1):
        raise InputError(f"{file}, [trial]: design is {design!r}, but [[arms]] has {arms}.")
    if design != "crossover":
        return None
    made: CrossoverTable = build(CrossoverTable, content["crossover"], f"{file}, [crossover]")
    return made


def _each(content: Mapping[str, Any], name: str, cls: type, file: str) -> tuple[Any, ...]:
    rows = content.get(name, [])
    if not isinstance(rows, list):
        raise InputError(f"{file}: {name} must be a list of tables; write [[{name}]], with two brackets.")
    return tuple(build(cls, row, f"{file}, [[{name}]] {place}") for place, row in enumerate(rows, start=1))


def _sized(arms: tuple[ArmTable, ...], looks: Any, file: str) -> tuple[Arm, ...]:
    """Give the arms with their patients; counts fixed by the looks are taken from there."""
    made = []
    for place, arm in enumerate(arms, start=1):
        where, n = f"{file}, [[arms]] {place}", arm.n
        if isinstance(looks, CountDesign):
            if n is not None and n != looks.n:
                raise InputError(
                    f"{where}: n is {n}, but the design of [looks] needs {looks.n} patients; leave n out, or "
                    "change the numbers of [looks]."
                )
            n = looks.n
        if n is None:
            raise InputError(f"{where}: ['n'] must be set; give the patients of the arm.")
        with located(where):
            made.append(arm.arm(n))
    return tuple(made)


def _design(tables: Mapping[str, Any], patients: tuple[Any, ...], arms: tuple[Arm, ...], file: str) -> Design:
    """Give the virtual trial that the tables describe, without effects."""
    groups = []
    for place, table in enumerate(patients, start=1):
        with located(f"{file}, [[patients]] {place}"):
            groups.append(table.group())
    diseases = {group.course.disease for group in groups}
    with located(f"{file}, [visits]"):
        crossover = tables["crossover"]
        visits = tables["visits"].windows(None if crossover is None else crossover.day)
    with located(f"{file}, [safety]"):
        events = tables["safety"].rates()
    _require_control(arms, file)
    with located(file):
        protocol = Protocol(
            id=tables["trial"].id,
            title=tables["trial"].title,
            design=_kind(len(arms), switched=tables["crossover"] is not None),
            data_kind="simulated",
            disease=diseases.pop() if len(diseases) == 1 else "mixed",
            arms=arms,
            visits=visits,
        )
        return Design(
            protocol=protocol,
            groups=tuple(groups),
            dropout_per_year=tables["conduct"].dropout_per_year,
            missed_share=tables["conduct"].missed_share,
            scans=tables["visits"].scanned(),
            event_rates=events,
        )


def _kind(arms: int, *, switched: bool) -> str:
    """Name the design in the words of a protocol."""
    if switched:
        return CROSSOVER
    return "single_arm" if arms == 1 else "rct_3arm" if arms == 3 else "rct_parallel"


def _require_control(arms: tuple[Arm, ...], file: str) -> None:
    """Refuse several arms without exactly one control, and a control that stands alone."""
    controls = [arm.id for arm in arms if arm.role == "control"]
    if len(controls) != (len(arms) > 1):
        raise InputError(
            f"{file}, [[arms]]: {len(arms)} arms, of which {controls} have role = 'control'; with several "
            "arms exactly one is the control, and a single arm is none."
        )


def _watched(arms: tuple[Arm, ...]) -> int:
    """Give the patients whom a rule that stops for harm watches: those of the largest experimental arm."""
    return max((arm.planned_n or 0 for arm in arms if arm.role == "experimental"), default=0)


Built = list[tuple[str, Mapping[str, Any], Any]]


def _numbered(name: str, content: Mapping[str, Any], tables: tuple[Any, ...]) -> Built:
    rows = content[name]
    return [
        (f"[[{name}]] {place}" if len(rows) > 1 else f"[[{name}]]", row, table)
        for place, (row, table) in enumerate(zip(rows, tables, strict=True), start=1)
    ]


def _defaults(built: Built) -> Iterable[tuple[str, str, str]]:
    """Give what was left out and is taken from a default that a number may depend on."""
    for where, given, table in built:
        idle = table.idle() if hasattr(table, "idle") else ()
        for field in dataclasses.fields(table):
            if field.name not in given and field.name not in (*NAMES_ONLY, *idle):
                yield where, field.name, _shown(field.name, getattr(table, field.name))


def _absent(content: Mapping[str, Any], looks: Any) -> Iterable[tuple[str, str, str]]:
    if looks is None:
        yield "[looks]", "kind", "none: one analysis, when all patients have finished"
    if not content.get("scenarios"):
        yield "[[scenarios]]", "name", "none but the trial without any effect"


def _shown(name: str, value: Any) -> str:
    if value is None or value == ():
        return NOT_GIVEN[name]
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{each:g}" for each in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
