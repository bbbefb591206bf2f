"""Short phrases about one study: who it is, what its design allows, how many, and what stands beside it."""

from __future__ import annotations

from typing import Any

from ranvier.evidence import PlaceboResponse, Study
from ranvier.result import percent
from ranvier.verdict.contrasts import Contrast
from ranvier.verdict.outcomes import OUTCOMES
from ranvier.verdict.sentences import say

__all__ = ["beside", "class_of_claim", "counts_sentence", "design_sentence", "identity", "limits"]

SMALL_TRIAL = 100
"""Patients below which a positive trial is called small (the usual bound for a first confirming trial)."""

_CLASSES = {"randomised": "effect", "before-after": "change in course"}


def class_of_claim(control: str) -> str:
    """Say what a design can show.

    Parameters
    ----------
    control : str
        Class of control, one of the values of `ranvier.trial.DESIGNS`.

    Returns
    -------
    {"effect", "change in course", "what happened"}
        The most that may be claimed.
    """
    return _CLASSES.get(control, "what happened")


def identity(study: Study) -> dict[str, Any]:
    """Give the values that every headline carries.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    dict
        Keys label, n and control.
    """
    return {
        "label": study.label,
        "n": study.n if study.n is not None else "not seen",
        "control": f"{study.control}, aHSCT" if study.is_chemotherapy else study.control,
    }


def limits(study: Study, judged: Contrast | None) -> list[str]:
    """Give the limits of a positive trial in short words.

    Parameters
    ----------
    study : Study
        The study.
    judged : Contrast or None
        The comparison that it is judged by.

    Returns
    -------
    list of str
        Such as ["small", "one centre"].
    """
    found = {
        "limit_unclear": not study.randomised,
        "limit_small": study.n is not None and study.n < SMALL_TRIAL,
        "limit_one_centre": study.n_centres == 1,
        "limit_cycles": judged is not None and judged.unit == "patient-cycles",
    }
    return [say(code) for code, holds in found.items() if holds]


def design_sentence(study: Study) -> str:
    """Say what the design of a study can show.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    str
        One sentence.
    """
    if study.randomised:
        return say("class_effect")
    if class_of_claim(study.control) == "change in course":
        return say("class_change")
    return say("class_happened", control=study.control)


def counts_sentence(study: Study) -> str:
    """Give registered, treated and evaluable patients side by side.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    str
        One sentence; what no source gives is "not seen".
    """
    registered = study.n_registered if study.registration else None
    counts = {"registered": registered, "treated": study.n_treated, "evaluable": study.n_evaluable}
    words = {key: "not seen" if value is None else value for key, value in counts.items()}
    if study.n_control:
        return say("counts_control", **words, control=study.n_control)
    return say("counts_n", **words)


def beside(placebo: PlaceboResponse) -> str:
    """Give the sentence on the share that responded on placebo.

    Parameters
    ----------
    placebo : PlaceboResponse
        Share in the nearest randomised trial.

    Returns
    -------
    str
        The share, or why there is none.
    """
    if placebo.estimate is None or placebo.outcome is None:
        return say("no_placebo", reason=placebo.reason)
    return say(
        "beside_placebo",
        arm=placebo.arm_label,
        study=placebo.study_label,
        events=placebo.events,
        n=placebo.n,
        unit=placebo.unit,
        share=percent(placebo.estimate.value),
        outcome=OUTCOMES[placebo.outcome].words,
    )
