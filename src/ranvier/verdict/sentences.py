"""Every sentence that a verdict may use; numbers are filled in from results, never written here."""

from __future__ import annotations

import string
from typing import Any

from ranvier.errors import InputError, require_choice

__all__ = ["LABELS", "SENTENCES", "say"]

LABELS: dict[str, str] = {
    "supported as a description": "the registry holds the same result from another source",
    "supported as an effect": "a randomised comparison in the registry showed it",
    "read nowhere else": "no source but the article itself gives this result",
    "cannot be interpreted": "it may have happened, and what it means cannot be known from what was reported",
    "overstated": "the sources give less than was said",
    "not shown": "the design or the data cannot show it",
    "cannot be right": "the numbers contradict each other, or what was pooled may not be pooled",
    "contradicted": "another source gives a different value",
    "belongs to another trial": "the figures equal those of another study; no source gives them here",
}
"""Every label of a claim, and what it means."""

SENTENCES: dict[str, str] = {
    "class_effect": "Randomised: the design can show an effect.",
    "class_change": "Before and after with a run-in: the design can show a change in course, not an effect.",
    "class_happened": "{control}: the design can show what happened, not an effect.",
    "not_effective": "{label} (n={n}, {control}): not shown to be effective.",
    "no_result": "{label} (n={n}, {control}): no result of this study is in the registry.",
    "no_difference": "{label} (n={n}, {control}): no difference between the arms was shown.",
    "no_effect": "{label} (n={n}, {control}): no effect on {outcome} was shown.",
    "inconclusive": "{label} (n={n}, {control}): inconclusive.",
    "positive": "{label} (n={n}, {control}): {words}.",
    "aggravated": "{label} (n={n}, {control}): unfavourable on {outcome}.",
    "apart": "aHSCT is chemotherapy with stem-cell rescue: another treatment, kept apart from other cells.",
    "ratio": "{outcome}: ratio {value} ({level} interval {low} to {high}{p}).",
    "ratio_range": "The interval runs from {low} to {high}.",
    "counts": (
        "{outcome}: {events} of {n} ({share}) with cells against {events_c} of {n_c} "
        "({share_c}) with {control}{p}{unit}."
    ),
    "means": "{outcome}: {value} with cells against {value_c} with {control}{p}{unit}.",
    "difference": "{outcome}: difference {value} ({level} interval {low} to {high}{p}).",
    "direction_contrast": "{outcome}: {value} with cells than with {control}{p}.",
    "direction_trend": "{outcome}: {value}{p}.",
    "others": "Of {n}, {good} favoured the cells, {bad} the control, and {rest} showed no difference.",
    "unmet": "Not met, or not known, of what an effect needs: {what}.",
    "subgroup": "Exploratory, in a subgroup.",
    "count": "{outcome} in {events} of {n} {unit} ({share}){when}.",
    "series": "{outcome}: {first} at the start, {last} at {months} months{n}{p}.",
    "direction": "{outcome} {verb}{when}{p}.",
    "single": "{outcome}: {value}{when}.",
    "printed_share": "{outcome}: {value} %{when}, without a count.",
    "printed_text": "{outcome}: {value}.",
    "no_serious": "No {event} in {n} {unit}; the true rate could be up to {high}.",
    "no_harm": "{event}: none in {n} {unit}; the true rate could be up to {high}.",
    "harm": "{event}: {events} of {n} {unit} ({share}).",
    "no_safety": "No safety count of this study is in the registry; that is not the same as none.",
    "cohort": "{n} {group} ({label}) were treated; this says who was treated.",
    "cohort_months": "{n} patients ({label}) were followed for {months} months, by another source.",
    "responders": "{events} of {n} {group} had {outcome} ({share}); this is what happened, not an effect.",
    "responders_controlled": (
        "{events} of {n} {group} had {outcome} ({share}); only the control arm can make it an effect."
    ),
    "of_treated": "Of all {n} treated it is {events} of {n}: {share}.",
    "stable": "{events} of {n} {group} had {outcome} ({share}); small worsening may hide in it.",
    "change": "{outcome} went from {before} to {after}; this is what happened, not an effect.",
    "change_elsewhere": (
        "The figures {before} to {after} match another trial, {other}; do not use them for {label}."
    ),
    "direction_fell": "{outcome} was said to have fallen; no size and no control group were given.",
    "direction_other": (
        "The sources of {label} give {held}, not {outcome}; no size and no control group were given."
    ),
    "contradicted": "Another source gives: {held}",
    "only_article": "By the {kind} only: {sentence}",
    "read_in_news": "{sentence} (read in a news article).",
    "direction_rose": "{outcome} was said to have risen; no size and no control group were given.",
    "attack_unknown": "Improvement cannot be interpreted without the day of the last attack.",
    "beside_placebo": (
        "On {arm} in {study}, the nearest randomised trial, {events} of {n} {unit} ({share}) had {outcome}."
    ),
    "no_placebo": "A share on placebo cannot be set beside it: {reason}.",
    "holds_placebo": "The interval {low} to {high} holds that share ({share}).",
    "excludes_natural": (
        "The interval {low} to {high} does not hold the share expected without treatment ({share})."
    ),
    "excludes_placebo": (
        "The interval {low} to {high} does not hold that share ({share}); the groups were not "
        "assigned by chance."
    ),
    "holds_natural": "The interval {low} to {high} holds the share expected without treatment ({share}).",
    "counts_n": "Registered {registered}, treated {treated}, evaluable {evaluable}.",
    "centres": "Number of centres: {centres}.",
    "unfavourable": "Unfavourable: {finding}",
    "favourable": "Favourable: {finding}",
    "none_favourable": "No favourable result is in the registry.",
    "none_unfavourable": "No unfavourable result is in the registry; that is not the same as none.",
    "certainty": "Certainty: {level} (starts {start}; {steps}).",
    "certainty_as_started": "Certainty: {level} (starts {start}, nothing taken off).",
    "down_control": "−1 risk of bias: 0 patients in a control group, masking: {masking}",
    "down_unclear": "−1 risk of bias: how the {n} controls were assigned is not clear",
    "down_external": "−1 risk of bias: the {n} controls were treated outside the trial",
    "down_disagree": (
        "−1 selective reporting: {n} disagreement between trial registry and report of results"
    ),
    "down_missing": "−1 risk of bias: {missing} of {n} without a result ({share})",
    "down_judged": "−1 risk of bias: {count} of {n} domains of {tool} ({names})",
    "down_judged_far": "−2 risk of bias: {count} of {n} domains of {tool} ({names})",
    "down_cycles": "−1 risk of bias: {n} patients counted as {cycles} patient-cycles",
    "down_registered": (
        "−1 selective reporting: {missing} of {n} registered patients not accounted for ({share})"
    ),
    "down_product": "−1 indirectness: given with another treatment ({count}: {what})",
    "down_size": "−1 imprecision: {n} of {needed} patients needed to show a ratio of {ratio}",
    "down_size_far": "−2 imprecision: {n} of {needed} patients needed to show a ratio of {ratio}",
    "down_threshold": "−1 imprecision: the interval {low} to {high} crosses {ratio}",
    "down_thresholds": "−2 imprecision: the interval {low} to {high} crosses both {ratio} and {ratio_2}",
    "arms_described": (
        "{label} (n={n}, {control}): each arm is described; differences between the arms are not judged here."
    ),
    "confirmed_change": "Confirmed {kind} ({definition}): {share}.",
    "confirmed_last_only": (
        "Confirmed {kind} ({definition}): {share}; {last} more had it at the last visit only, which nothing "
        "confirms."
    ),
    "not_patients": "The data are {kind}, not patients: no sentence here is about a treatment.",
    "attack_unknown_in": (
        "Improvement cannot be interpreted without the day of the last attack, unknown in {count} of {n}."
    ),
    "somebody": "{events} of {n} {outcome}: {share}.",
    "nobody": "None of {n} {outcome}; the true share could be up to {high}.",
    "nobody_with": "{event}: none in {n}; the true share could be up to {high}.",
    "typical": "{outcome}: {value}{p}.",
    "entry_expected": (
        "The entry rule alone ({rule}) makes {before} relapses a year before and {after} after, ratio "
        "{ratio}, without any treatment."
    ),
    "entry_range": (
        "The entry rule alone ({rule}) makes a ratio between {low} and {high} without any treatment, by how "
        "often the patients it chooses from relapse."
    ),
    "entry_holds": "The interval {low} to {high} of the ratio that was seen holds it{arm}.",
    "entry_excludes": (
        "The interval {low} to {high} of the ratio that was seen does not hold it{arm}; without a control "
        "group that says nothing about the cause."
    ),
    "entry_not_given": (
        "A fall in relapses cannot be told apart from choosing patients with recent relapses: trial.toml "
        "names no entry rule."
    ),
    "null_band": (
        "With no treatment effect, {count} or more of {n} are improved at {visit} in {low} of simulated "
        "trials with little noise and in {high} with much (see the null band)."
    ),
    "null_reported": (
        "With no treatment effect, EDSS is lower by {rule} in {count} or more of {n} such patients after "
        "{months} months in {low} of simulated trials with little noise and in {high} with much."
    ),
    "null_mean": (
        "With no treatment effect, the mean EDSS of {n} such patients falls by {fall} or more in {months} "
        "months in {low} of simulated trials with little noise and in {high} with much."
    ),
    "null_attack": (
        "The last attack was not reported: with little noise it is taken as more than a year before the "
        "first dose, with much noise as one to six months before."
    ),
    "null_missing": (
        "What such patients show with no treatment effect could not be simulated; not reported: {missing}."
    ),
    "relapse_rates": "Relapses a year{arm}: {before} before and {after} after the first dose; ratio {ratio}.",
    "article_claims": "{n}: {counts}.",
    "article_elsewhere": "{outcome} {before} → {after} matches another trial: {other}.",
    "article_safety": "{events} of {n} serious events leaves a true rate of up to {high}.",
    "need_control": "a randomised comparison",
    "need_margin": "an interval beyond the smallest important difference (ratio {ratio} or {ratio_2})",
    "need_confirmed": "a confirmed endpoint",
    "need_complete": "less than {share} missing",
    "need_mri": "no unfavourable MRI result",
    "limit_small": "small",
    "limit_one_centre": "one centre",
    "limit_cycles": "patient-cycles",
    "limit_unclear": "assignment not clear",
    "counts_control": (
        "Registered {registered}, treated {treated}, controls {control}, evaluable {evaluable}."
    ),
    "supported_effect": "{label}: an effect on {outcome} was shown in a randomised comparison.",
    "pooled": (
        "Pooled {outcome} as printed: {scale} {value}, {low} to {high}; of {k} named studies {controlled} "
        "had a control group."
    ),
    "article_certainty": "Certainty for {label}: {level}.",
    "article_omitted": "{label}, unfavourable and not mentioned in the {kind}: {finding}",
    "contradiction": ("Sources disagree ({id}): “{a}” in {source_a}; “{b}” in {source_b}. {assessment}."),
    "lint_percent": "{percent} % of {n} is not a whole number: {events} of {n} is {share}.",
    "lint_sum": "Better, unchanged and worse add up to {total}, not to {n}.",
    "lint_implied_n": "An interval from {low} to {high} would need {implied} patients; there were {n}.",
    "lint_centring": "The value {value} does not lie where its interval {low} to {high} puts it.",
    "lint_beyond": "The interval {low} to {high} passes what a percentage or a ratio can be.",
    "lint_level_unknown": "The interval {low} to {high} has no level; it may be a range.",
    "lint_level": "The interval {low} to {high} is at {level} %, not at 95 %, so it looks {looks}.",
    "lint_not_edss": "{values} is a mean, not a possible EDSS value: EDSS moves in half steps.",
    "lint_zero": "0 of {n}: the true rate could be up to {high}.",
    "lint_few": "With {n} {unit} the interval spans {width} percentage points.",
    "lint_subgroup": (
        "{events} of {n} counts {subgroup} only; of all {treated} treated it is {events} of "
        "{treated}: {share}."
    ),
    "lint_unit": "{n} counts {unit}, not patients.",
    "lint_blank": "No source but the {kind} states this zero, so it may mean not reported ({label}).",
    "lint_registered": (
        "{label}: {registered} registered, {reported} reported; {missing} ({share}) not accounted for."
    ),
    "lint_evaluable": (
        "{label}: {treated} treated, {evaluable} evaluable; {missing} ({share}) without a result."
    ),
    "lint_overlap": "{label} may hold the same patients as {other}; count them once.",
    "lint_rct_arm": "{label} had {n} controls; one arm alone throws the comparison away.",
    "lint_outcome_name": "The sources of {label} give {held}, not {said}.",
    "lint_elsewhere": (
        "{before} to {after} equals {other} (n={n}, {donor} {source}, {route}, {months} months){own}."
    ),
    "lint_follow_up": "{said} months were said; another source gives {months} months ({label}).",
    "lint_omitted": "The {kind} does not mention: {finding}",
    "lint_large": (
        "EDSS falls of {values} in {label} are large; no confirmation and no day of the last attack is known."
    ),
    "lint_product": "{label}: given together with {what}, so nothing can be put down to the cells alone.",
    "lint_centring_scale": (
        "The {scale} {value} does not lie where its interval {low} to {high} puts it, in the middle {where}."
    ),
    "lint_mixed_cells": (
        "Pooled together: aHSCT ({apart}) and other cells ({others}); aHSCT is chemotherapy, another "
        "treatment."
    ),
    "lint_shared": "{labels} share, or may share, patients and were pooled together; count them once.",
    "lint_pool_added": (
        "{added} was added to cells of zero in {touched} of {k} studies; with few events such additions "
        "decide the result. Exact intervals and binomial models need none."
    ),
    "lint_pool_alone": (
        "One arm per study, without a comparison: the pooled value says what happened, not an effect."
    ),
    "lint_pool_back": (
        "Freeman-Tukey values have no share that they can be turned back into; never use them alone."
    ),
    "lint_pool_counts": (
        "The counts alone are {events} of {n}, {share}; the pooled value {pooled} is {times} times that."
    ),
    "lint_pool_implied": (
        "The pooled interval {low} to {high} would need {implied} patients; the studies had {n}."
    ),
    "lint_pool_no_length": (
        "The interval ({interval}) has no length, because all studies gave the same value; chance alone "
        "leaves more than that, so that it cannot be believed."
    ),
    "lint_pool_zero": (
        "No study had an event: {events} of {n}; the true share could be up to {high}. The pooled value "
        "comes from what was added, not from data."
    ),
    "lint_definition": "What counted as {outcome} was not said.",
}
"""Every sentence by its code; braces are filled with numbers and names from results."""

_FIELDS = string.Formatter()


def say(code: str, **values: Any) -> str:
    """Fill one sentence.

    Parameters
    ----------
    code : str
        Key in `SENTENCES`.
    **values
        What stands in the braces; numbers are already written as text.

    Returns
    -------
    str
        The sentence, its first letter a capital unless the word is a name such as aHSCT.

    Raises
    ------
    InputError
        When the code is not known, or a value is missing or too many.

    Examples
    --------
    >>> from ranvier.verdict import say
    >>> say("no_serious", event="serious event", n=15, unit="patients", high="21.8 %")
    'No serious event in 15 patients; the true rate could be up to 21.8 %.'
    """
    require_choice("sentence", code, SENTENCES)
    template = SENTENCES[code]
    wanted = {name for _, name, _, _ in _FIELDS.parse(template) if name}
    if wanted != set(values):
        raise InputError(f"sentence {code!r} needs the values {sorted(wanted)}; got {sorted(values)}.")
    text = template.format(**values)
    if code.startswith(("limit_", "need_")) or not text.split(" ", 1)[0].islower():
        return text
    return text[:1].upper() + text[1:]
