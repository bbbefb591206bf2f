"""What was claimed, on what such patients show with no treatment effect."""

from __future__ import annotations

from ranvier.course import change_rule
from ranvier.report.model import Block, Bullets, Drawing
from ranvier.report.null_section import model_numbers, null_figure
from ranvier.verdict import Appraisal, ClaimAppraisal, rule_words

__all__ = ["how_simulated", "null_drawings"]

WORDS = {"responders": "patients improved", "edss_change": "mean change of EDSS"}


def null_drawings(each: ClaimAppraisal) -> list[Drawing]:
    """Draw what was claimed on what such patients show with no treatment effect.

    Parameters
    ----------
    each : ClaimAppraisal
        The claim.

    Returns
    -------
    list of Drawing
        One for each endpoint and rule; empty when nothing was simulated.
    """
    if each.without_effect is None:
        return []
    found: dict[str, Drawing] = {}
    for endpoint in each.without_effect.endpoints:
        for band in each.without_effect.bands:
            rule = change_rule(str(band.diagnostics["rule"]))
            by = f" by {rule_words(rule)}" if endpoint == "responders" else ""
            title = f"{each.study_labels}: {WORDS[endpoint]}{by}, with no treatment effect."
            if title not in found:
                key = f"null-{each.claim.id}-{rule.name}"
                found[title] = null_figure(band, endpoint, key=key, title=title)
    return list(found.values())


def how_simulated(appraisal: Appraisal) -> tuple[Block, ...]:
    """Say how patients were simulated with no treatment effect, and from which numbers.

    Parameters
    ----------
    appraisal : Appraisal
        The appraisal.

    Returns
    -------
    tuple of Block
        Empty when nobody was simulated.
    """
    told = [each.without_effect for each in appraisal.claims if each.without_effect is not None]
    bands = [band for each in told for band in each.bands]
    if not bands:
        return ()
    lines = dict.fromkeys(f"Description of the patients: {each.source}." for each in told if each.source)
    lines |= dict.fromkeys(line for band in bands for line in (*band.refusals, band.method_text, *band.notes))
    return (
        Bullets(title="How patients were simulated with no treatment effect", items=tuple(lines)),
        model_numbers(line for band in bands for line in band.assumptions),
    )
