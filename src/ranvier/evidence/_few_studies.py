"""The result under a prior that stands beside a pool of few studies, and where else to look for shares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ranvier.evidence.bayes_pooling import TAU_PRIORS, TAU_SCALE, pool_bayes, scale_is_known
from ranvier.evidence.pooled_studies import Pool

__all__ = ["FEW", "with_companions"]

FEW = 5
"""Below this many studies the variance between them is hardly known (specs: statistics)."""

_SHARES = ("PR", "PLN", "PLO", "PAS", "PFT")


def with_companions(pool: Pool, effect: Any) -> Pool:
    """Set beside a pool what must be read with it.

    Parameters
    ----------
    pool : Pool
        The pool.
    effect : EffectSizes or array-like
        What was pooled.

    Returns
    -------
    Pool
        The same with, for two to four studies, the result under a half-normal prior, where the measure has a
        scale on which that prior means something; and with the notes that say so.
    """
    k, notes = pool.studies.height, []
    few = 2 <= k < FEW and pool.method != "common"
    estimates = pool.estimates
    if few and scale_is_known(effect):
        believed = pool_bayes(effect, level=pool.level)
        named = f"pooled {pool.scale.quantity} under a prior (half-normal, scale {TAU_SCALE:g})"
        beside = replace(believed.estimates[0], quantity=named)
        estimates = (*estimates, beside)
        notes.append(
            f"Because there are only {k} studies, the result under a prior stands beside: "
            f"{TAU_PRIORS['half-normal']}, scale {TAU_SCALE:g}; evidence.pool_bayes gives all of it."
        )
    elif few:
        notes.append(
            "A prior on the variance between studies would help; on this scale it must be stated: "
            "evidence.pool_bayes(..., tau_scale=...)."
        )
    if pool.scale.code in _SHARES:
        notes.append(
            "evidence.pool_counts models the counts themselves, exactly where nobody or everybody "
            "has the event; "
            "prefer it for shares of patients."
        )
    return replace(pool, estimates=estimates, notes=(*pool.notes, *notes)) if notes else pool
