"""The first screen of a plan: what the trial would show, in words."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ranvier.report.model import Block, Bullets, Paragraph
from ranvier.report.plan_effects import benefit, what_is_done
from ranvier.report.plan_numbers import errors_text, share_text, span
from ranvier.report.plan_words import (
    NOISE_WORDS,
    against,
    claims,
    each_month,
    noise_rows,
    null_rows,
    with_patients,
)
from ranvier.result import number
from ranvier.simulate import SCENARIOS, OperatingCharacteristics, PlanScenario

__all__ = ["headline_blocks"]

WHY_EDSS = "Patients fluctuate, recover from attacks and are rated with error"
WHY = {
    "relapses": "Patients enter when they have relapses, and have fewer afterwards without any treatment",
    "new_t2": "Patients differ much in their lesions, and enter when the disease is active",
    "serious_event": "Patients have serious events with and without a treatment",
}
"""Why a single arm may succeed without any effect, where it is not the EDSS."""
USUAL = 0.8
"""Power that is usually asked for."""


def headline_blocks(
    found: OperatingCharacteristics,
    listed: Sequence[PlanScenario],
    comparison: OperatingCharacteristics | None,
) -> list[Block]:
    """Give what a reader must see first.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.
    listed : sequence of PlanScenario
        The scenarios, the one that matters most first.
    comparison : OperatingCharacteristics or None
        For one arm: the same patients randomised.

    Returns
    -------
    list of Block
        The headline, the caution of a single arm, the scenarios, and what must be read beside them.
    """
    shown = sorted((each for each in listed if not each.null), key=lambda each: not benefit(found.plan, each))
    blocks: list[Block] = [Paragraph(text=_headline(found, shown), tone="key")]
    if not found.plan.several:
        blocks.append(Paragraph(text=_single_arm(found, shown, comparison), tone="caution"))
    if found.plan.switched:
        blocks.append(Paragraph(text=_crossover(found, shown), tone="caution"))
    if found.plan.several and (low := _too_often(found)):
        blocks.append(Paragraph(text=low, tone="caution"))
    if shown:
        words = tuple(_one(found, each) for each in shown)
        title = "Power" if found.plan.several else "How often it would be called a success"
        blocks.append(Bullets(title=title, items=(*words, _without(found))))
    return [*blocks, Bullets(title="What must be read beside it", items=tuple(_beside(found, shown)))]


def _trials(found: OperatingCharacteristics) -> int:
    return int(found.diagnostics["n_trials"])


def _shares(found: OperatingCharacteristics, scenario: str) -> list[float]:
    return [row["success"] for row in noise_rows(found, scenario)]


def _null(found: OperatingCharacteristics) -> str:
    return str(null_rows(found)["scenario"][0])


def _headline(found: OperatingCharacteristics, shown: Sequence[PlanScenario]) -> str:
    plan, trials = found.plan, _trials(found)
    none = span(_shares(found, _null(found)), trials)
    start = f"{with_patients(plan)} this trial would"
    if not (shown and benefit(plan, shown[0])):
        return f"{start} {claims(plan)} in {none} of virtual trials in which the treatment does nothing."
    first = shown[0]
    share, done = span(_shares(found, first.name), trials), what_is_done(plan, first)
    error = (
        "Ranges: little to much noise of the EDSS; Monte Carlo error up to "
        f"{errors_text(found.table['success_error'].to_list())}."
    )
    if plan.several:
        return (
            f"{start} {claims(plan)} ({first.name}: {done}) in {share} of virtual trials; without any effect "
            f"it would claim one in {none}. {error}"
        )
    return (
        f"{start} {claims(plan)} in {share} of virtual trials if the treatment does what is hoped "
        f"({first.name}: {done}), and in {none} if it does nothing. {error}"
    )


def _single_arm(
    found: OperatingCharacteristics,
    shown: Sequence[PlanScenario],
    comparison: OperatingCharacteristics | None,
) -> str:
    plan, trials = found.plan, _trials(found)
    shares = _shares(found, _null(found))
    still = "still " if plan.error is not None and max(shares) > plan.error else ""
    said = (
        f"This is a single arm, held against {against(plan)}. {WHY.get(plan.endpoint, WHY_EDSS)}, so that a "
        "success says what happened to them, not what the treatment did: without any treatment effect the "
        f"trial would {still}be called a success in {span(shares, trials)} of virtual trials, and no alpha "
        "limits that share."
    )
    if comparison is None:
        return f"{said} Randomise the same patients, if you can: then a success can be read as an effect."
    arms, many = comparison.plan.sizes.values(), _trials(comparison)
    none = span(_shares(comparison, _null(comparison)), many)
    better = (
        f"{said} The better design: the same patients randomised 1:1 ({' and '.join(map(str, arms))}, "
        "treatment and control), where alpha limits it whoever enters. It would claim an effect in "
        f"{none} of virtual trials without one"
    )
    if not (shown and benefit(plan, shown[0])):
        return f"{better}."
    share = span(_shares(comparison, shown[0].name), many)
    return f"{better}, and show one in {share} if the treatment does what is hoped ({shown[0].name})."


def _crossover(found: OperatingCharacteristics, shown: Sequence[PlanScenario]) -> str:
    """Say what a crossover asks, and what it finds of an effect that stays and of one that is washed out."""
    said = (
        "This is a crossover: each patient is seen with and without the treatment. A treatment that stays, "
        "as cells do, makes it answer another question: patients who got it first still have it in the "
        "second period. The trial then averages treated against untreated patients (first period) with "
        "patients treated late against patients treated early (second period), and reports about half of an "
        "effect on the EDSS. Parallel arms compare treated with untreated patients to the end."
    )
    found_of = [_estimates(found, each) for each in shown if benefit(found.plan, each)][:2]
    return " ".join([said, *found_of])


def _estimates(found: OperatingCharacteristics, scenario: PlanScenario) -> str:
    """Say what one scenario would report, and what is true."""
    rows = noise_rows(found, scenario.name)
    estimate, truth = (_points([row[name] for row in rows]) for name in ("estimate", "truth"))
    done = what_is_done(found.plan, scenario)
    return f"{_capital(scenario.name)} ({done}): reported {estimate}, true {truth} EDSS points on average."


def _points(values: list[float]) -> str:
    low, high = (number(value, digits=2) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _too_often(found: OperatingCharacteristics) -> str | None:
    """Warn where success without any effect is above alpha by more than chance; no exact test does that."""
    if found.plan.error is None:
        return None
    far = null_rows(found).filter(pl.col("success") > found.plan.error + 3 * pl.col("success_error"))
    if far.is_empty():
        return None
    most = share_text(far["success"].to_list()[0], _trials(found))
    return (
        f"Without any effect this trial would claim one in {most} of virtual trials, more often than alpha "
        f"({100 * found.plan.error:g} %) allows: choose another test."
    )


def _one(found: OperatingCharacteristics, scenario: PlanScenario) -> str:
    """Say how often one scenario succeeds; how often it is ended for harm where it is nothing but harm."""
    said = f"{scenario.name} ({what_is_done(found.plan, scenario)}): {_both(found, scenario.name)}"
    if not benefit(found.plan, scenario):
        harm = span([row["stopped_harm"] or 0.0 for row in noise_rows(found, scenario.name)], _trials(found))
        stopped = f"; ended for harm in {harm}" if found.plan.monitor is not None else ""
        return f"{said}, without any benefit for the endpoint{stopped}."
    low = found.plan.several and max(_shares(found, scenario.name)) < USUAL
    return f"{said}{', below the 80 % that is usually asked for' if low else ''}."


def _without(found: OperatingCharacteristics) -> str:
    return f"without any effect: {_both(found, _null(found))}."


def _both(found: OperatingCharacteristics, scenario: str) -> str:
    rows, trials = noise_rows(found, scenario), _trials(found)
    return ", ".join(f"{share_text(row['success'], trials)} with {NOISE_WORDS[row['noise']]}" for row in rows)


def _beside(found: OperatingCharacteristics, shown: Sequence[PlanScenario]) -> list[str]:
    noise = "; ".join(f"{word}: {SCENARIOS[name].text()}" for name, word in NOISE_WORDS.items())
    said = [
        (
            f"Each share stands for {_trials(found):,} virtual trials. It is given for little and for much "
            f"noise of the EDSS, because nobody knows it well ({noise})."
        ),
    ]
    if shown:
        said.append(
            "An effect that is assumed is no finding: these numbers say how often the trial would notice "
            "it, if it were there."
        )
    return [*said, *_size(found)]


def _size(found: OperatingCharacteristics) -> list[str]:
    """Say patients and months, where they are known."""
    table, said = found.table, []
    if found.plan.looks is not None or found.plan.monitor is not None:
        said.append(
            f"On average {_range(table['expected_n'])} patients decide the trial, depending on the scenario."
        )
    months, pace = table["expected_months"].drop_nulls(), found.plan.patients_per_month
    if pace is not None and months.len():
        said.append(f"It takes {_range(months)} months on average, with {each_month(pace)} a month.")
    return said


def _range(column: pl.Series) -> str:
    low, high = (number(value, digits=1) for value in (column.min(), column.max()))  # type: ignore[arg-type]
    return low if low == high else f"{low} to {high}"
