"""Risk of bias as people judged it, domain by domain, with one of three published tools."""

from __future__ import annotations

from dataclasses import dataclass

from ranvier.errors import InputError, require_choice

__all__ = ["BIAS_TOOLS", "BiasJudgement", "RiskOfBias"]

ROB_2 = (
    "randomisation process",
    "deviations from intended interventions",
    "missing outcome data",
    "measurement of the outcome",
    "selection of the reported result",
)
ROBINS_I = (
    "confounding",
    "selection of participants",
    "classification of interventions",
    "deviations from intended interventions",
    "missing data",
    "measurement of outcomes",
    "selection of the reported result",
)
JBI = (
    "clear criteria for inclusion",
    "condition measured in a standard, reliable way",
    "valid methods for identification of the condition",
    "consecutive inclusion",
    "complete inclusion",
    "demographics reported",
    "clinical information reported",
    "outcomes or follow-up reported",
    "presenting site reported",
    "appropriate statistical analysis",
)

BIAS_TOOLS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "RoB 2": (ROB_2, ("low", "some concerns", "high")),
    "ROBINS-I": (ROBINS_I, ("low", "moderate", "serious", "critical", "no information")),
    "JBI case series": (JBI, ("yes", "no", "unclear", "not applicable")),
}
"""Domains (or questions) of each tool, and the judgements that it allows."""

SERIOUS = {"high": 1, "serious": 1, "critical": 2}
"""Judgements of a domain that make the whole study so, by the rule of their tool, and the levels of GRADE
that they cost. The JBI list gives no overall judgement, so that it costs none by itself."""

SOURCES = {
    "RoB 2": "Sterne JAC, et al. (2019). RoB 2. BMJ 366:l4898. doi:10.1136/bmj.l4898",
    "ROBINS-I": "Sterne JA, et al. (2016). ROBINS-I. BMJ 355:i4919. doi:10.1136/bmj.i4919",
    "JBI case series": "Munn Z, et al. (2020). JBI Evid Synth 18:2127-2133",
}


@dataclass(frozen=True, kw_only=True)
class BiasJudgement:
    """One domain or question, judged.

    Parameters
    ----------
    domain : str
        As the tool names it, see `BIAS_TOOLS`.
    judgement : str
        One that the tool allows.
    reason : str
        Why, in the words of the reviewers.
    """

    domain: str
    judgement: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RiskOfBias:
    """The part `[risk_of_bias]` of trial.toml, or one `[[risk_of_bias]]` of a file of claims.

    Parameters
    ----------
    tool : {"RoB 2", "ROBINS-I", "JBI case series"}
        The tool.
    domains : tuple of BiasJudgement
        Every domain of the tool, each once.
    study : str, optional
        Study of the registry; None for the trial at hand.
    outcome : str
        The result that was judged; RoB 2 and ROBINS-I judge one result, not a study.
    judged_by : str
        Who judged, such as "two reviewers, consensus".

    Raises
    ------
    InputError
        When the tool, a domain or a judgement is unknown, or a domain is missing or stands twice.

    References
    ----------
    Sterne et al. 2019, doi:10.1136/bmj.l4898; Sterne et al. 2016, doi:10.1136/bmj.i4919; Munn et al. 2020.

    Examples
    --------
    >>> judged = RiskOfBias(
    ...     tool="RoB 2", domains=tuple(BiasJudgement(domain=name, judgement="low") for name in ROB_2)
    ... )
    >>> judged.levels, judged.worst
    (0, ())
    """

    tool: str
    domains: tuple[BiasJudgement, ...]
    study: str | None = None
    outcome: str = ""
    judged_by: str = ""

    def __post_init__(self) -> None:
        require_choice("tool of risk_of_bias", self.tool, BIAS_TOOLS)
        named, allowed = BIAS_TOOLS[self.tool]
        for each in self.domains:
            require_choice(f"domain of {self.tool}", each.domain, named)
            require_choice(f"judgement of {each.domain!r}", each.judgement, allowed)
        given = [each.domain for each in self.domains]
        twice = sorted({name for name in given if given.count(name) > 1})
        missing = [name for name in named if name not in given]
        if twice or missing:
            raise InputError(
                f"risk_of_bias by {self.tool}: every domain must stand once; missing {missing}, "
                f"twice {twice}."
            )

    @property
    def levels(self) -> int:
        """Levels of GRADE that the judgement costs: that of the worst domain."""
        return max(SERIOUS.get(each.judgement, 0) for each in self.domains)

    @property
    def worst(self) -> tuple[BiasJudgement, ...]:
        """The domains whose judgement costs a level."""
        return tuple(each for each in self.domains if each.judgement in SERIOUS)

    @property
    def source(self) -> str:
        """Where the tool was published."""
        return SOURCES[self.tool]

    def text(self) -> str:
        """Say in one sentence how the domains were judged.

        Returns
        -------
        str
            The tool, who judged, and how often each judgement was given.
        """
        words = [each.judgement for each in self.domains]
        counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
        by = f" by {self.judged_by}" if self.judged_by else ""
        of = f" of {self.outcome}" if self.outcome else ""
        return f"Risk of bias{of}, {self.tool}, judged{by}: {counts} of {len(words)}."
