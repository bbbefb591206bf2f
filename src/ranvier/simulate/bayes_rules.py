"""When a trial succeeds, or ends without success, by the posterior chance of a share."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ranvier.errors import InputError, require_choice
from ranvier.result import percent
from ranvier.simulate._streams import whole
from ranvier.stats import SHARE_PRIORS, SharePrior

__all__ = ["FUTILITY_RULES", "BayesRule"]

FUTILITY_RULES = ("predictive", "posterior")
"""What futility is judged by: the chance of success at the last look, given the data so far; or the posterior
chance that success asks for."""


@dataclass(frozen=True, kw_only=True)
class BayesRule:
    """Success or futility by posterior chances of shares of patients.

    Parameters
    ----------
    looks : tuple of int
        Patients at each look, rising: in each arm of a randomised trial, in the one arm of another, in each
        treated arm when the rule watches serious events. The last is the end.
    level : float
        Success at a look where the posterior chance of a share beyond what is asked for is at least this.
    reference : float, optional
        One arm: the share that the true share must beat; that of the plan when None. Serious events: the
        share of patients that must not be exceeded, required.
    margin : float
        Two arms: the difference of the shares, in the favourable direction, that must be exceeded.
    prior, control_prior : {"jeffreys", "uniform", "neutral"} or SharePrior
        Beliefs before the data on the share with the event counted, in treated and control arm.
    futility : float, optional
        At a look before the last the trial ends without success when the chance named by `futility_by` is at
        most this; never when None.
    futility_by : {"predictive", "posterior"}
        See `FUTILITY_RULES`.

    Raises
    ------
    InputError
        When looks do not rise, a chance or share is not between 0 and 1, or a name is not known.

    Notes
    -----
    With beta prior (a, b) and x of n patients with the event the posterior is Beta(a + x, b + n - x), as in
    `stats.beta_binomial`. Looking often at a posterior does not keep a chance of error: how often such a rule
    claims success without any effect is what the simulation tells.

    Examples
    --------
    >>> rule = BayesRule(looks=(10, 20, 30), level=0.95, reference=0.2, futility=0.05)
    >>> rule.text()
    'success when the posterior chance is at least 95.0 % after 10, 20 and 30 patients; an earlier end without
    success when the predictive chance is at most 5.0 %'
    """

    looks: tuple[int, ...]
    level: float = 0.975
    reference: float | None = None
    margin: float = 0.0
    prior: SharePrior | str = "jeffreys"
    control_prior: SharePrior | str = "jeffreys"
    futility: float | None = None
    futility_by: str = "predictive"

    def __post_init__(self) -> None:
        sizes = tuple(whole("a look of looks", look, 1) for look in self.looks)
        if not sizes or any(first >= second for first, second in pairwise(sizes)):
            raise InputError(
                f"looks is {list(sizes)}; give numbers of patients, each larger than the one before."
            )
        object.__setattr__(self, "looks", sizes)
        for name in ("level", "reference", "futility"):
            value = getattr(self, name)
            if not (value is None or 0 < value < 1):
                raise InputError(
                    f"{name} of the rule is {value!r}; it must lie between 0 and 1. Write 0.95 for 95 %."
                )
        if not -1 < self.margin < 1:
            raise InputError(f"margin is {self.margin!r}; a difference of shares lies between -1 and 1.")
        require_choice("futility_by", self.futility_by, FUTILITY_RULES)
        for name in ("prior", "control_prior"):
            given = getattr(self, name)
            if isinstance(given, str):
                require_choice(name.replace("_", " "), given, SHARE_PRIORS)
                object.__setattr__(self, name, SHARE_PRIORS[given])
            elif not isinstance(given, SharePrior):
                raise InputError(f"{name} is {given!r}; give a SharePrior or one of {list(SHARE_PRIORS)}.")
        if self.futility is not None and self.futility_by == "posterior" and self.futility >= self.level:
            raise InputError(
                f"futility is {self.futility:g}, not below the level {self.level:g}: every look would end "
                "the trial."
            )

    @property
    def beliefs(self) -> tuple[SharePrior, SharePrior]:
        """Give the priors of the treated and of the control arm."""
        one, two = (
            SHARE_PRIORS[prior] if isinstance(prior, str) else prior
            for prior in (self.prior, self.control_prior)
        )
        return one, two

    def text(self) -> str:
        """Say the rule in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        sizes = [str(look) for look in self.looks]
        at = sizes[0] if len(sizes) == 1 else f"{', '.join(sizes[:-1])} and {sizes[-1]}"
        said = f"success when the posterior chance is at least {percent(self.level)} after {at} patients"
        if self.futility is None:
            return said
        return (
            f"{said}; an earlier end without success when the {self.futility_by} chance is at most "
            f"{percent(self.futility)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        plain = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        one, two = self.beliefs
        return {**plain, "looks": list(self.looks), "prior": one.to_dict(), "control_prior": two.to_dict()}
