"""A stopping rule of the protocol: the words, and the numbers that make it a boundary."""

from __future__ import annotations

from dataclasses import dataclass

from ranvier.errors import InputError, require_choice

__all__ = ["STOPPING_EVENTS", "STOPPING_METHODS", "StoppingRule"]

STOPPING_METHODS: dict[str, str] = {
    "binomial": "exact binomial test at each look, not adjusted for repeated looks",
    "pocock": "exact binomial test at each look, with one stricter limit for all of them, so that the chance "
    "of ever stopping is held",
    "beta-binomial": "posterior probability that the true share is above the limit, beta prior",
    "poisson": "exact Poisson test of events per patient-year at each look, not adjusted for repeated looks",
}
"""Every method of a stopping rule, and what it does."""

STOPPING_EVENTS = ("any", "serious", "related", "procedure_related", "fatal")
"""Classes of adverse events that a stopping rule can count."""

NUMBERS = ("limit", "max_n", "looks", "level", "prior", "min_grade", "window_days")


@dataclass(frozen=True, kw_only=True)
class StoppingRule:
    """One stopping rule: the protocol's words, and the numbers that make it a boundary where it has any.

    Parameters
    ----------
    id, text : str
        Short name, and the rule in the protocol's words.
    method : str, optional
        One of `STOPPING_METHODS`; None when the rule is a judgement and no boundary.
    limit : float, optional
        Highest share of patients (or, for "poisson", rate per patient-year) that is still acceptable.
    level : float
        "binomial" and "poisson": stop when the exact one-sided lower bound at this level is above `limit`.
        "pocock": the chance of ever stopping at a true share of `limit` is at most 1 - level.
        "beta-binomial": stop when the probability that the share is above `limit` exceeds this level.
    max_n : int, optional
        Patients up to whom the rule looks, after each one; or give `looks`.
    looks : tuple of float
        Numbers of patients (or patient-years) at which the rule looks.
    prior : tuple of float
        The two parameters of the beta prior; (1, 1) when not given.
    events : tuple of str
        Classes that an event must all belong to, of `STOPPING_EVENTS`.
    min_grade : int, optional
        Lowest grade that counts.
    window_days : int, optional
        Only events up to this day after the first dose count, and a patient without one counts when followed
        for that long.
    arms : tuple of str
        Arms that are counted; all arms with cells when empty.
    """

    id: str
    text: str
    method: str | None = None
    limit: float | None = None
    level: float = 0.95
    max_n: int | None = None
    looks: tuple[float, ...] = ()
    prior: tuple[float, ...] = ()
    events: tuple[str, ...] = ("serious",)
    min_grade: int | None = None
    window_days: int | None = None
    arms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where = f"stopping rule {self.id!r}"
        if self.method is None:
            defaults = {name: field.default for name, field in self.__dataclass_fields__.items()}
            given = [name for name in NUMBERS if getattr(self, name) != defaults[name]]
            if given:
                raise InputError(
                    f"{where} has {given} but no method; add method, one of {list(STOPPING_METHODS)}, or "
                    "leave the numbers out."
                )
            return
        require_choice(f"method of {where}", self.method, STOPPING_METHODS)
        for name in self.events:
            require_choice(f"events of {where}", name, STOPPING_EVENTS)
        if not self.events:
            raise InputError(f'{where} counts no events; give events, such as ["serious"].')
        if self.limit is None:
            raise InputError(f"{where} has no limit; give the highest share or rate that is acceptable.")
        if (self.max_n is None) == (not self.looks):
            raise InputError(f"{where}: give either max_n or looks, so that it is known when the rule looks.")
        if self.min_grade is not None and not 1 <= self.min_grade <= 5:
            raise InputError(f"{where}: min_grade is {self.min_grade}; a grade is 1 to 5.")
        if self.window_days is not None and self.window_days < 0:
            raise InputError(f"{where}: window_days is {self.window_days}; give 0 or more days.")
