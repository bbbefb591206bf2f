"""The page of a planned trial: what `ranvier plan` writes."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ranvier.errors import InputError
from ranvier.report.building import BANNERS, versions
from ranvier.report.model import Block, Bullets, DataTable, Paragraph, Report, Section
from ranvier.report.null_section import model_numbers
from ranvier.report.plan_effects import what_is_done
from ranvier.report.plan_figures import ends_figure, power_figure
from ranvier.report.plan_headline import headline_blocks
from ranvier.report.plan_numbers import share_text
from ranvier.report.plan_paragraph import looks_text, plan_paragraph
from ranvier.report.plan_words import (
    NOISE_WORDS,
    check_noise,
    each_month,
    measured,
    noise_rows,
    ordered,
    patients,
    scenario_names,
    who_enters,
)
from ranvier.result import percent, plural
from ranvier.simulate import (
    NO_EFFECT,
    SCENARIOS,
    OperatingCharacteristics,
    Plan,
    PlanFile,
    PlanScenario,
)
from ranvier.simulate._plan_tests import SHARES
from ranvier.stats import StoppingBoundary, zero_event_bound

__all__ = ["build_plan"]

BIAS_OF_ARMS = (
    "Truth: the same difference in trials of very many patients. Bias: difference found less the true one."
)
BIAS_OF_PERIODS = (
    "True difference: that of both sequences at the end of the first period, as parallel arms show it. Bias: "
    "difference found less the true one; what stays of a treatment given first makes it."
)
BIAS_OF_ONE = (
    "Bias: what is seen less what the treatment does. It comes from the patients and from the fixed number, "
    "not from the treatment."
)
ONE_IN = (5, 10, 20, 50, 100)
"""Serious events of one patient in so many, for which the chance to miss them is given."""
OF_LESIONS = ("new t2", "lesion")
"""How the lines of the numbers begin that only lesion counts depend on."""
UNITS = {"edss_change": "EDSS points", "relapses": "relapses per year", "new_t2": "new lesions per year"}
"""Unit of each endpoint that is no share of patients."""
SHARED_NOTE = (
    "Entry criteria are applied to simulated histories, so that regression to the mean arises by itself; "
    "how the model compares with published numbers, and where it misses them, stands in the documentation "
    "(validation, natural history)."
)


def build_plan(
    found: OperatingCharacteristics,
    *,
    scenarios: Sequence[PlanScenario] = (),
    given: PlanFile | None = None,
    comparison: OperatingCharacteristics | None = None,
) -> Report:
    """Give the page of a plan that was simulated.

    Parameters
    ----------
    found : OperatingCharacteristics
        From `simulate.operating_characteristics`.
    scenarios : sequence of PlanScenario
        The scenarios that were simulated, the one that matters most first; those of `given` when empty.
    given : PlanFile, optional
        The file that the plan was read from; the page lists what it left to defaults, and the paragraph for
        the protocol holds its scenarios.
    comparison : OperatingCharacteristics, optional
        For one arm: the same patients randomised, `simulate.randomised_instead` of the plan.

    Returns
    -------
    Report
        In words what the trial would show; scenarios with pictures; how the trial ends; serious events that
        it would miss; the paragraph for the protocol; the numbers of the model with their sources; methods.

    Raises
    ------
    InputError
        When `found` or `comparison` is something else, a scenario was not simulated, or not
        both little and much noise were.
    """
    for name, value in (("found", found), ("comparison", comparison)):
        if not isinstance(value, OperatingCharacteristics) and (value is not None or name == "found"):
            raise InputError(
                f"{name} is {type(value).__name__}; give what simulate.operating_characteristics returned."
            )
        if value is not None:
            check_noise(value)
    listed = tuple(scenarios) or (() if given is None else given.scenarios)
    absent = [each.name for each in listed if each.name not in found.table["scenario"].to_list()]
    if absent:
        raise InputError(f"the scenarios {absent} were not simulated; those that were: {_simulated(found)}.")
    plan = found.plan
    planned = listed if given is None else given.scenarios
    parts: list[tuple[str, str, Sequence[Block]]] = [
        ("result", "What this trial would show", headline_blocks(found, listed, comparison)),
        ("scenarios", "Scenario by scenario", _scenarios(found, listed)),
        ("ends", "When the trial ends", _ends(found)),
        ("safety", "What it would miss", _safety(plan)),
        ("protocol", "For the protocol", _protocol(found, planned)),
        ("assumptions", "What was assumed", _assumptions(plan, given)),
        ("methods", "How it was simulated", _methods(found)),
    ]
    return Report(
        title=plan.design.protocol.title,
        subtitle=f"Plan · {patients(plan)} · {measured(plan)}",
        banner=BANNERS["simulated"],
        sections=tuple(Section(key=key, title=title, blocks=tuple(blocks)) for key, title, blocks in parts),
        meta={
            **versions(),
            "data_kind": "simulated",
            "characteristics": found.to_dict(),
            "scenarios": [each.to_dict() for each in listed],
            "file": None if given is None else given.to_dict(),
            "comparison": None if comparison is None else comparison.to_dict(),
            "paragraph": plan_paragraph(found, scenarios=planned),
        },
    )


def _simulated(found: OperatingCharacteristics) -> list[str]:
    return found.table["scenario"].unique(maintain_order=True).to_list()


def _scenarios(found: OperatingCharacteristics, listed: Sequence[PlanScenario]) -> list[Block]:
    plan = found.plan
    done = {each.name: what_is_done(plan, each) for each in listed}
    names = scenario_names(found)
    frame = pl.DataFrame(
        {"scenario": names, "done": [done.get(name, NO_EFFECT.text()) for name in names]}
        | {noise: [_success(found, name, (noise,), "success") for name in names] for noise in NOISE_WORDS}
        | {"error": [_success(found, name, tuple(NOISE_WORDS), "success_error") for name in names]}
    )
    blocks: list[Block] = [
        power_figure(found),
        DataTable(
            caption="How often the trial would "
            + ("claim an effect" if plan.several else "end in success")
            + ", % of virtual trials",
            frame=frame,
            labels={"done": "treatment does", "error": "± Monte Carlo error"} | NOISE_WORDS,
        ),
    ]
    if len(plan.treated) > 1:
        arms = ordered(found, found.arms).select(
            "scenario",
            pl.col("noise").replace(NOISE_WORDS),
            pl.col("arm").replace({arm.id: arm.label for arm in plan.treated}),
            (pl.col("success") * 100).round(1),
        )
        blocks.append(
            DataTable(
                caption="Each treatment against the control", frame=arms, labels={"success": "% of trials"}
            )
        )
    return [*blocks, _biases(found)]


def _success(found: OperatingCharacteristics, scenario: str, noises: tuple[str, ...], column: str) -> float:
    """Give the largest percentage of a scenario, with some noises."""
    shares = [row[column] for row in noise_rows(found, scenario) if row["noise"] in noises]
    return round(float(100 * max(shares)), 2)


def _biases(found: OperatingCharacteristics) -> DataTable:
    """Give what the trials would report, beside what is true."""
    plan = found.plan
    source = ordered(found, found.arms if len(plan.treated) > 1 else found.table)
    factor, digits = (100, 1) if plan.endpoint in SHARES else (1, 2)
    unit = UNITS.get(plan.endpoint, "% (differences in percentage points)")
    columns = ["outcome", "untreated", "estimate", "truth", "bias"]
    keep = ["scenario", "arm", "noise"] if "arm" in source.columns else ["scenario", "noise"]
    frame = source.select(*keep, *((pl.col(name) * factor).round(digits) for name in columns)).with_columns(
        pl.col("noise").replace(NOISE_WORDS),
        *([pl.col("arm").replace({arm.id: arm.label for arm in plan.treated})] if "arm" in keep else []),
    )
    seen = "change seen" if plan.fixed is None else "distance from the fixed number"
    one = {"untreated": "the same patients untreated", "estimate": seen}
    several = {"untreated": "control arm", "estimate": "difference found", "truth": "true difference"}
    labels = {"outcome": "treated arm"} | (
        several if plan.several else one | {"truth": "what treatment does"}
    )
    note = BIAS_OF_ARMS if plan.several else BIAS_OF_ONE
    if plan.switched:
        labels |= {"outcome": "periods with the treatment", "untreated": "periods without"}
        note = BIAS_OF_PERIODS
    return DataTable(caption=f"Mean of the trials, {unit}", frame=frame, labels=labels, note=note)


def _ends(found: OperatingCharacteristics) -> list[Block]:
    plan, table = found.plan, ordered(found, found.table)
    blocks: list[Block] = [Paragraph(text=" ".join(looks_text(plan)))]
    if plan.looks is not None or plan.monitor is not None:
        blocks.append(ends_figure(found))
    columns = {
        "expected_n": "patients who decide it",
        "expected_enrolled": "patients who have entered",
        "expected_months": "months",
    }
    known = [name for name in columns if table[name].null_count() < table.height]
    if plan.looks is not None or plan.monitor is not None or "expected_months" in known:
        frame = table.select(
            "scenario", pl.col("noise").replace(NOISE_WORDS), *(pl.col(name).round(1) for name in known)
        )
        blocks.append(
            DataTable(caption="Size and duration on average", frame=frame, labels=columns, note=_pace(plan))
        )
    return blocks


def _pace(plan: Plan) -> str:
    if plan.patients_per_month is None:
        return "No months are given, because the plan does not say how many patients come in a month."
    return (
        f"{each_month(plan.patients_per_month)} a month, entering evenly; the months run from the first "
        "patient to the visit that decides."
    )


def _safety(plan: Plan) -> list[Block]:
    """Say which serious events so few patients would not show."""
    n = sum(plan.sizes.values() if plan.switched else (plan.sizes[arm.id] for arm in plan.treated))
    bound = zero_event_bound(n, sided="one")
    missed = [(1 - 1 / k) ** n for k in ONE_IN]
    blocks: list[Block] = [
        Paragraph(
            text=f"With {plural(n, 'treated patient')} a serious event that hits 1 in {ONE_IN[2]} is missed "
            f"with probability {share_text(missed[2])}, one that hits 1 in {ONE_IN[-1]} with "
            f"{share_text(missed[-1])}. No event in {n} leaves a true share of up to {percent(bound.high)} "
            "(one-sided 95 % bound)."
        ),
        DataTable(
            caption=f"Chance that none of {n} treated patients has the event",
            frame=pl.DataFrame(
                {
                    "one": [f"1 in {k}" for k in ONE_IN],
                    "missed": [share_text(each, unit=False) for each in missed],
                }
            ),
            labels={"one": "the event hits", "missed": "missed, %"},
            note="Exact (binomial), with all patients followed to the end.",
        ),
    ]
    if isinstance(plan.monitor, StoppingBoundary):
        where = "In each treated arm: " if len(plan.treated) > 1 else ""
        blocks.append(Paragraph(text=f"{where}{plan.monitor.explain()}"))
    elif plan.monitor is None:
        blocks.append(Paragraph(text="The plan has no rule that stops the trial for harm."))
    return blocks


def _protocol(found: OperatingCharacteristics, listed: Sequence[PlanScenario]) -> list[Block]:
    return [
        Paragraph(
            text="Sample size, ready to be copied. Check that every assumption is yours, and name your "
            "reasons for the effects assumed: the simulation says how often the trial would find them, not "
            "whether they are there.",
        ),
        Paragraph(text=plan_paragraph(found, scenarios=listed), tone="key"),
    ]


def _assumptions(plan: Plan, given: PlanFile | None) -> list[Block]:
    blocks: list[Block] = [
        Bullets(title="Who enters", items=tuple(f"{each}." for each in who_enters(plan))),
        Bullets(
            title="Noise of the EDSS",
            items=tuple(f"{NOISE_WORDS[name]}: {each.text()}." for name, each in SCENARIOS.items()),
        ),
        model_numbers(
            (group.course.explain() for group in plan.design.groups),
            without=() if plan.endpoint == "new_t2" else OF_LESIONS,
        ),
        Paragraph(text=SHARED_NOTE, tone="note"),
    ]
    if given is not None and given.defaults:
        blocks.append(
            DataTable(
                caption=f"What {given.file} leaves out, and what was taken",
                frame=pl.DataFrame(
                    given.defaults, schema=dict.fromkeys(("table", "key", "taken"), pl.String), orient="row"
                ),
            )
        )
    return blocks


def _methods(found: OperatingCharacteristics) -> list[Block]:
    always = "A trial without any effect is always simulated beside the scenarios listed."
    blocks: list[Block] = [Paragraph(text=f"{found.method_text} {always}")]
    return [*blocks, *([Bullets(title="How to read it", items=found.notes)] if found.notes else [])]
