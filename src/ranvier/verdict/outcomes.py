"""The outcomes that claims and studies speak of: in plain words, by domain, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ranvier.errors import require_choice

__all__ = ["OUTCOMES", "Outcome", "better_direction", "outcome"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One outcome.

    Parameters
    ----------
    name : str
        Name in the registry and in claims.toml.
    words : str
        A noun phrase for sentences.
    domain : str
        What it measures: edss, relapse, lesions, vision, walking, hand, quality, course or other.
    better : {"higher", "lower"} or None
        Which way is better; None when only the row can say.
    """

    name: str
    words: str
    domain: str
    better: str | None


_ROWS: tuple[tuple[str, str, str, str | None], ...] = (
    ("edss_mean", "mean EDSS", "edss", "lower"),
    ("edss_change", "EDSS change", "edss", "lower"),
    ("edss_change_difference", "difference in EDSS change", "edss", "lower"),
    ("edss_change_individual", "EDSS change of one patient", "edss", "lower"),
    ("edss_improved", "EDSS improvement", "edss", "higher"),
    ("edss_plus_improved", "EDSS-Plus improvement", "edss", "higher"),
    ("edss_stable", "unchanged EDSS", "edss", None),
    ("edss_improved_or_stable", "better or unchanged EDSS", "edss", None),
    ("edss_worse", "EDSS worsening", "edss", "lower"),
    ("edss_improvement_not_maintained_in_size", "improvement that shrank later", "edss", "lower"),
    ("edss_vs_control", "EDSS", "edss", "lower"),
    ("clinical_improved", "clinical improvement", "edss", "higher"),
    ("beneficial_pct", "share called improved or unchanged", "edss", None),
    ("sum_functional_scores_change", "change of summed functional scores", "edss", "lower"),
    ("nrs_mean", "mean neurological rating score", "edss", "higher"),
    ("arr", "relapse rate", "relapse", "lower"),
    ("relapse_any", "any relapse", "relapse", "lower"),
    ("relapse_free", "freedom from relapse", "relapse", "higher"),
    ("relapse_free_off_drugs", "freedom from relapse without drugs", "relapse", "higher"),
    ("relapse_free_survival", "relapse-free survival", "relapse", "higher"),
    ("relapse_frequency", "relapse frequency", "relapse", "lower"),
    ("relapse_vs_control", "relapses", "relapse", "lower"),
    ("relapses_per_patient", "relapses per patient", "relapse", "lower"),
    ("mri_lesion_count", "number of MRI lesions", "lesions", "lower"),
    ("mri_lesion_count_cord", "number of spinal cord lesions", "lesions", "lower"),
    ("mri_lesion_volume_change", "MRI lesion volume", "lesions", "lower"),
    ("mri_new_or_enlarging", "new or enlarging MRI lesions", "lesions", "lower"),
    ("mri_new_t2", "new T2 lesions", "lesions", "lower"),
    ("mri_no_new_t2", "no new T2 lesion", "lesions", "higher"),
    ("mri_inactive", "no active MRI lesion", "lesions", "higher"),
    ("mri_activity_free_survival", "survival without MRI activity", "lesions", "higher"),
    ("gel_any", "any gadolinium lesion", "lesions", "lower"),
    ("gel_change", "change of gadolinium lesions", "lesions", "lower"),
    ("gel_cumulative_mean", "gadolinium lesions", "lesions", "lower"),
    ("gel_total_rate_ratio", "gadolinium lesions", "lesions", "lower"),
    ("cutter_rule_met", "paradoxical worsening by the Cutter rule", "lesions", "lower"),
    ("brain_atrophy_rate", "rate of brain atrophy", "lesions", "lower"),
    ("visual_acuity", "mean visual acuity", "vision", None),
    ("visual_acuity_improved", "better visual acuity", "vision", "higher"),
    ("vision_improved", "better vision", "vision", "higher"),
    ("vision_worse", "worse vision", "vision", "lower"),
    ("low_contrast_acuity_8letters", "low-contrast acuity better by 8 letters", "vision", "higher"),
    ("ambulation_score_change", "change of ambulation score", "walking", "lower"),
    ("t25fw_improved", "better timed walk", "walking", "higher"),
    ("t25fw_improved_25pct", "timed walk better by 25 %", "walking", "higher"),
    ("t25fw_pct_change", "change of timed walk", "walking", None),
    ("6mwt_pct_change", "change of six-minute walk", "walking", "higher"),
    ("msws12_improved_10", "walking questionnaire better by 10 points", "walking", "higher"),
    ("9hpt_improved_25pct", "peg test better by 25 %", "hand", "higher"),
    ("9hpt_dominant_pct_change", "change of peg test, dominant hand", "hand", None),
    ("9hpt_nondominant_pct_change", "change of peg test, other hand", "hand", None),
    ("msqol54_phcs_change", "change of physical quality of life", "quality", "higher"),
    ("msqol54_phcs_difference", "physical quality of life", "quality", "higher"),
    ("msqol54_mhcs_difference", "mental quality of life", "quality", "higher"),
    ("msqol54_phcs_registry_listing", "physical quality of life as the registry lists it", "quality", None),
    ("confirmed_progression", "confirmed progression", "course", "lower"),
    ("progression_hazard_ratio", "confirmed progression", "course", "lower"),
    ("progression_free_survival", "progression-free survival", "course", "higher"),
    ("event_free_survival", "event-free survival", "course", "higher"),
    ("treatment_failure_primary", "treatment failure (primary definition)", "course", "lower"),
    ("treatment_failure_alt_3m", "treatment failure (second definition, 3 months)", "course", "lower"),
    ("treatment_failure_alt_6m", "treatment failure (second definition, 6 months)", "course", "lower"),
    ("neda", "no evidence of disease activity", "course", "higher"),
    ("efficacy", "efficacy outcomes", "other", None),
    ("other_tests_trend", "other tests (walk, peg test, cognition, OCT, VEP, lesion count)", "other", None),
    ("response_text", "response as a review prints it", "other", None),
    ("function", "neurological function", "other", "higher"),
)

OUTCOMES: dict[str, Outcome] = {
    name: Outcome(name=name, words=words, domain=domain, better=better)
    for name, words, domain, better in _ROWS
}
"""Every outcome by its name; a claim may use no other."""


def outcome(name: str) -> Outcome:
    """Give one outcome by its name.

    Parameters
    ----------
    name : str
        Name of the outcome.

    Returns
    -------
    Outcome
        The outcome.

    Raises
    ------
    InputError
        When the name is not known; the message gives the closest one.

    Examples
    --------
    >>> from ranvier.verdict import outcome
    >>> outcome("mri_lesion_volume_change").words
    'MRI lesion volume'
    """
    require_choice("outcome", name, OUTCOMES)
    return OUTCOMES[name]


def better_direction(row: Mapping[str, Any]) -> str | None:
    """Say which way is better for one result of the registry.

    Parameters
    ----------
    row : mapping
        A row of `Registry.outcomes`.

    Returns
    -------
    {"higher", "lower"} or None
        What the row says, else what its unit says, else what holds for the outcome; None = not known.
    """
    unit = row["unit"] or ""
    if "positive = better" in unit:
        return "higher"
    if "negative = better" in unit:
        return "lower"
    return row["direction_better"] or OUTCOMES[row["outcome"]].better
