"""Everything that can be found in a trial: by the checks, by the scoring, and in the names of definitions."""

from __future__ import annotations

import polars as pl

from ranvier.course import CHANGE_RULES, PRESETS
from ranvier.scales import edss
from ranvier.tables import FINDING_SCHEMA
from ranvier.trial import Trial
from ranvier.verdict.analysis import with_masks, with_scoring

__all__ = ["trial_findings"]


def trial_findings(trial: Trial) -> pl.DataFrame:
    """Give everything that the checks and the scoring find.

    Parameters
    ----------
    trial : Trial
        The trial.

    Returns
    -------
    polars.DataFrame
        Columns of `ranvier.tables.FINDING_SCHEMA`. Definitions of endpoints are looked up, and lesion masks
        are counted, too. The examiner's EDSS is compared with the derived one only when the checks find no
        error, because grades with errors cannot be scored.
    """
    found = pl.concat([_unknown_definitions(trial), with_masks(trial)[2]])
    if found.filter(pl.col("severity") == "error").height:
        return found
    coding = trial.protocol.ambulation_coding or "0-16"
    scored = edss(trial.visits, ambulation_coding=coding, scheme=trial.protocol.edss_scheme)
    return with_scoring(found, trial, scored)


def _unknown_definitions(trial: Trial) -> pl.DataFrame:
    """Give one finding for each endpoint whose definition is not one of `ranvier.course`."""
    rows = []
    for endpoint in trial.protocol.endpoints:
        known = list(PRESETS if endpoint.kind.startswith("confirmed") else CHANGE_RULES)
        if endpoint.definition is None or endpoint.definition in known:
            continue
        rows.append(
            {
                "rule": "definition-unknown",
                "severity": "error",
                "file": "trial.toml",
                "column": f"endpoints, {endpoint.id}",
                "value": endpoint.definition,
                "message": "The definition of the endpoint is not known.",
                "allowed": "one of " + ", ".join(known),
                "advice": "Use one of these names; docs/definitions has their thresholds.",
            }
        )
    return pl.DataFrame(rows, schema=FINDING_SCHEMA)
