"""The estimand of the primary endpoint, in the five parts of ICH E9(R1)."""

from __future__ import annotations

from dataclasses import dataclass

from ranvier.errors import InputError, require_choice

__all__ = ["STRATEGIES", "Estimand", "IntercurrentEvent"]

STRATEGIES: dict[str, str] = {
    "treatment policy": "values count whether or not it happens",
    "hypothetical": "values are those that would have been seen had it not happened",
    "composite": "its occurrence is part of the endpoint",
    "while on treatment": "values count up to its occurrence",
    "principal stratum": "only patients in whom it would (or would not) happen count",
}
"""The strategies of ICH E9(R1) for an intercurrent event, and what each means."""


@dataclass(frozen=True, kw_only=True)
class IntercurrentEvent:
    """Something after the start of treatment that changes what the endpoint means, and how it is handled.

    Parameters
    ----------
    event : str
        What may happen, such as "rescue therapy" or "death".
    strategy : str
        One of `STRATEGIES`.
    """

    event: str
    strategy: str

    def __post_init__(self) -> None:
        if not self.event.strip():
            raise InputError("an intercurrent event has no text; write what may happen.")
        require_choice(f"strategy of intercurrent event {self.event!r}", self.strategy, STRATEGIES)


@dataclass(frozen=True, kw_only=True)
class Estimand:
    """What the trial wants to know, independent of how it is computed.

    Parameters
    ----------
    population : str
        The patients it is about.
    treatment : str
        The treatment, and what it is compared with.
    endpoint : str
        The variable of each patient.
    summary : str
        How the groups are summed up, such as "difference of means" or "rate ratio".
    intercurrent_events : tuple of IntercurrentEvent
        Each event with its strategy; none when none is foreseen.
    """

    population: str
    treatment: str
    endpoint: str
    summary: str
    intercurrent_events: tuple[IntercurrentEvent, ...] = ()

    def __post_init__(self) -> None:
        for name in ("population", "treatment", "endpoint", "summary"):
            if not getattr(self, name).strip():
                raise InputError(f"{name} of the estimand is empty; write it, or leave the whole table out.")
        names = [part.event for part in self.intercurrent_events]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"intercurrent events {twice} stand there more than once; each has one strategy."
            )

    def text(self) -> str:
        """Give the estimand in one paragraph.

        Returns
        -------
        str
            Sentences.

        Examples
        --------
        >>> print(
        ...     Estimand(
        ...         population="adults with NMOSD",
        ...         treatment="cells against placebo",
        ...         endpoint="relapses in two years",
        ...         summary="rate ratio",
        ...         intercurrent_events=(IntercurrentEvent(event="death", strategy="while on treatment"),),
        ...     ).text()
        ... )
        Estimand (ICH E9 R1). Population: adults with NMOSD. Treatment: cells against placebo.
        Endpoint: relapses in two years. Summary: rate ratio. Intercurrent events: death: while on
        treatment (values count up to its occurrence).
        """
        events = "; ".join(
            f"{part.event}: {part.strategy} ({STRATEGIES[part.strategy]})"
            for part in self.intercurrent_events
        )
        return (
            f"Estimand (ICH E9 R1). Population: {self.population}. Treatment: {self.treatment}. Endpoint: "
            f"{self.endpoint}. Summary: {self.summary}. Intercurrent events: {events or 'none named'}."
        )
