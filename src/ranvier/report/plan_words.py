"""Words of a plan: who takes part, what is claimed, and how often, in sentences."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.errors import InputError
from ranvier.report.plan_numbers import given_text
from ranvier.result import percent, plural
from ranvier.simulate import OperatingCharacteristics, Plan
from ranvier.stats import CountDesign

__all__ = [
    "NOISE_WORDS",
    "against",
    "check_noise",
    "claims",
    "counted",
    "each_month",
    "measured",
    "noise_rows",
    "null_rows",
    "ordered",
    "patients",
    "scenario_names",
    "who_enters",
    "with_patients",
]

NOISE_WORDS = {"low": "little noise", "high": "much noise"}
"""What each noise of the EDSS is called on the page."""


def patients(plan: Plan) -> str:
    """Say how many patients each arm has.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    str
        Such as "20 patients in each arm".
    """
    sizes = list(plan.sizes.values())
    most = "up to " if plan.looks is not None else ""
    if len(sizes) == 1:
        return f"{most}{plural(sizes[0], 'patient')}"
    if len(set(sizes)) == 1:
        return f"{most}{plural(sizes[0], 'patient')} in each {'sequence' if plan.switched else 'arm'}"
    named = [f"{arm.planned_n} ({arm.label})" for arm in plan.design.protocol.arms]
    return f"{most}{', '.join(named[:-1])} and {named[-1]} patients"


def with_patients(plan: Plan) -> str:
    """Say the same as the start of a sentence.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    str
        Such as "With 20 patients in each arm".
    """
    return f"With {patients(plan)}"


def claims(plan: Plan) -> str:
    """Say what a success of this design is called; one arm shows no effect.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    str
        The end of "this trial would".
    """
    if not plan.several:
        return "be called a success"
    return "show an effect" if len(plan.treated) == 1 else "show an effect of at least one treatment"


def each_month(pace: float) -> str:
    """Say how many patients come in a month.

    Parameters
    ----------
    pace : float
        Patients per month.

    Returns
    -------
    str
        Such as "2 patients".

    Examples
    --------
    >>> each_month(1.0), each_month(0.5)
    ('1 patient', '0.5 patients')
    """
    return f"{pace:g} patient{'s' * (pace != 1)}"


def measured(plan: Plan) -> str:
    """Say what the endpoint is, with its visit.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    str
        A phrase without a full stop.
    """
    last = max(plan.design.protocol.visits, key=lambda visit: visit.day).label
    said = {
        "improved": f"patients whose EDSS is improved at {last}",
        "worse": f"patients whose EDSS is worse at {last}",
        "confirmed_worsening": "patients with worsening of the EDSS confirmed after 12 weeks",
        "edss_change": _periods_text(plan) or f"change of the EDSS from baseline to {last}",
        "relapses": f"relapses per year from the first dose to {last}",
        "new_t2": "new T2 lesions per year after the first scan",
        "serious_event": f"patients with a serious adverse event by {last}",
    }
    return said[plan.endpoint]


def _periods_text(plan: Plan) -> str | None:
    """Say what is compared in a crossover, with the visits that end its periods; None in other designs."""
    if plan.switch_day is None:
        return None
    visits = sorted(plan.design.protocol.visits, key=lambda visit: visit.day)
    first = [visit.label for visit in visits if visit.day <= plan.switch_day][-1]
    return f"EDSS at the end of each of two periods ({first}, {visits[-1].label}) in the same patients"


def counted(plan: Plan) -> str:
    """Say which patients a design of counts looks for: those whose result is favourable.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    str
        "with the outcome", or "without the outcome" where less of it is better.
    """
    return f"{'with' if plan.favourable == 'more' else 'without'} the outcome"


def against(plan: Plan) -> str:
    """Say what a single arm is held against.

    Parameters
    ----------
    plan : Plan
        The plan of one arm.

    Returns
    -------
    str
        A phrase.
    """
    if plan.test_name == "before-after":
        return "its patients' own relapses before entry"
    if isinstance(plan.looks, CountDesign):
        return f"a fixed share of {given_text(100 * plan.looks.p0)} % of patients {counted(plan)}"
    fixed = plan.fixed or 0.0
    if plan.endpoint == "edss_change":
        return f"a fixed change of {given_text(fixed)} EDSS points"
    if plan.test_name == "poisson":
        what = "relapses" if plan.endpoint == "relapses" else "new lesions"
        return f"a fixed rate of {fixed:g} {what} per year"
    return f"a fixed share of {given_text(100 * fixed)} % of patients"


def who_enters(plan: Plan) -> tuple[str, ...]:
    """Say which patients enter, course by course.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    tuple of str
        Such as "50 % RRMS (EDSS 2.0 to 5.5)", without a full stop.
    """
    groups = plan.design.groups
    total = sum(group.share for group in groups)
    return tuple(
        f"{f'{percent(group.share / total, digits=0)} ' * (len(groups) > 1)}{group.course.name} "
        f"({group.entry.text()})"
        for group in groups
    )


def check_noise(found: OperatingCharacteristics) -> None:
    """Refuse what was not simulated with little and with much noise: all words are about both.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.

    Raises
    ------
    InputError
        When another noise was simulated, or only one of them.
    """
    names = found.table["noise"].unique(maintain_order=True).to_list()
    if set(names) != set(NOISE_WORDS):
        raise InputError(
            f"the noise that was simulated is {names}; the page is about little and much noise, so simulate "
            f"with noise={tuple(NOISE_WORDS)}."
        )


def null_rows(found: OperatingCharacteristics) -> pl.DataFrame:
    """Give the rows of the scenario without any effect.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.

    Returns
    -------
    polars.DataFrame
        One row for each noise, of the first such scenario.
    """
    rows = found.table.filter("null")
    return rows.filter(pl.col("scenario") == rows["scenario"][0])


def scenario_names(found: OperatingCharacteristics) -> list[str]:
    """Give the names of the scenarios, those without any effect last.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.

    Returns
    -------
    list of str
        Each name once.
    """
    return list(dict.fromkeys(found.table.sort("null", maintain_order=True)["scenario"]))


def ordered(found: OperatingCharacteristics, frame: pl.DataFrame) -> pl.DataFrame:
    """Put the rows of a table in the order of `scenario_names`.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.
    frame : polars.DataFrame
        One of its tables.

    Returns
    -------
    polars.DataFrame
        The same rows.
    """
    names = scenario_names(found)
    places = pl.Series("place", [names.index(name) for name in frame["scenario"]])
    return frame.with_columns(places).sort("place", maintain_order=True).drop("place")


def noise_rows(found: OperatingCharacteristics, scenario: str) -> list[dict[str, Any]]:
    """Give the rows of one scenario, little noise first.

    Parameters
    ----------
    found : OperatingCharacteristics
        What was simulated.
    scenario : str
        Its name.

    Returns
    -------
    list of dict
        One for each noise.
    """
    return found.table.filter(pl.col("scenario") == scenario).to_dicts()
