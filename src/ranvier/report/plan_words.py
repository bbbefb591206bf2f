"""Words of a plan: who takes part, what is claimed, and how often, in sentences."""

from __future__ import annotations

from typing import Any

import polars as pl

from ranvier.result import number, percent, plural
from ranvier.simulate import OperatingCharacteristics, Plan

__all__ = [
    "NOISE_WORDS",
    "against",
    "claims",
    "each_month",
    "errors_text",
    "measured",
    "noise_rows",
    "null_rows",
    "ordered",
    "patients",
    "scenario_names",
    "share_text",
    "span",
    "who_enters",
    "with_patients",
]

NOISE_WORDS = {"low": "little noise", "high": "much noise"}
"""What each noise of the EDSS is called on the page."""
FEW = 3
"""Rule of three: a share that no virtual trial showed may still be 3 of so many trials."""


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
        "new_t2": "new T2 lesions after the first scan",
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
    fixed = plan.fixed
    if plan.endpoint == "edss_change":
        return f"a fixed change of {number(fixed or 0.0, digits=1)} EDSS points"
    if plan.test_name == "poisson":
        what = "relapses" if plan.endpoint == "relapses" else "new lesions"
        return f"a fixed rate of {fixed or 0:g} {what} per year"
    return f"a fixed share of {percent(fixed)} of patients"


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


def share_text(share: float, trials: int, *, unit: bool = True) -> str:
    """Write a share of virtual trials as far as they tell it.

    Parameters
    ----------
    share : float
        Share of virtual trials.
    trials : int
        How many there were.
    unit : bool
        Whether the percent sign is written.

    Returns
    -------
    str
        A percentage, or a limit where no trial, or every trial, did it.

    Examples
    --------
    >>> share_text(0.0213, 10_000), share_text(0.0, 10_000), share_text(1.0, 1_000)
    ('2.1 %', 'less than 0.1 %', 'more than 99.7 %')
    """
    limit = max(FEW / trials, 0.001)
    if share == 0:
        said = f"less than {number(100 * limit, digits=1)}"
    elif share == 1:
        said = f"more than {number(100 - 100 * limit, digits=1)}"
    else:
        said = number(100 * share, digits=1)
    return f"{said} %" if unit else said


def span(shares: list[float], trials: int) -> str:
    """Write the range of a share over little and much noise.

    Parameters
    ----------
    shares : list of float
        Shares of virtual trials.
    trials : int
        How many there were for each.

    Returns
    -------
    str
        Such as "54.9 to 62.0 %"; one value where both are written alike.

    Examples
    --------
    >>> span([0.62, 0.5491], 10_000), span([0.0213, 0.0214], 10_000), span([0.9991, 1.0], 2_000)
    ('54.9 to 62.0 %', '2.1 %', '99.9 % or more')
    """
    if max(shares) == 1 > min(shares) > 0:
        return f"{share_text(min(shares), trials)} or more"
    if min(shares) == 0 < max(shares) < 1:
        return f"{share_text(max(shares), trials)} or less"
    low, high = share_text(min(shares), trials), share_text(max(shares), trials)
    return low if low == high else f"{share_text(min(shares), trials, unit=False)} to {high}"


def errors_text(errors: list[float]) -> str:
    """Write the largest Monte Carlo error of some shares.

    Parameters
    ----------
    errors : list of float
        Standard errors of shares.

    Returns
    -------
    str
        In percentage points.

    Examples
    --------
    >>> errors_text([0.0014, 0.0049])
    '0.5 percentage points'
    """
    return f"{number(100 * max(errors), digits=1 if max(errors) >= 0.001 else 2)} percentage points"
