"""The patients of a study as far as they were reported: the part [[patients]] of a file of claims."""

from __future__ import annotations

from dataclasses import dataclass

from ranvier.errors import InputError

__all__ = ["PatientsOfStudy"]


@dataclass(frozen=True, kw_only=True)
class PatientsOfStudy:
    """One `[[patients]]` of a file of claims: what must be known to simulate them with no effect.

    Parameters
    ----------
    study : str
        Study of the registry.
    source : str
        Where it was read, and what of it is an assumption.
    edss : tuple of float, optional
        Lowest and highest EDSS at the first dose; one number where only a mean was reported.
    n_rrms, n_spms, n_ppms, n_nmosd : int, optional
        Patients of each course; those of the registry when none is given.
    last_attack_days : tuple of float, optional
        Days between the last attack (or its treatment) and the first dose, fewest and most.

    Raises
    ------
    InputError
        When a list has another length.

    Examples
    --------
    >>> PatientsOfStudy(study="dahbour2017", source="registry record", edss=(3.0, 6.0)).range_of_edss
    (3.0, 6.0)
    """

    study: str
    source: str
    edss: tuple[float, ...] | None = None
    n_rrms: int | None = None
    n_spms: int | None = None
    n_ppms: int | None = None
    n_nmosd: int | None = None
    last_attack_days: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.edss is not None and len(self.edss) not in (1, 2):
            raise InputError(
                f"edss is {list(self.edss)}; write the mean, or the lowest and the highest value."
            )
        if self.last_attack_days is not None and len(self.last_attack_days) != 2:
            raise InputError(
                f"last_attack_days is {list(self.last_attack_days)}; write the fewest and the most days."
            )

    @property
    def range_of_edss(self) -> tuple[float, float] | None:
        """Give the lowest and the highest EDSS; twice the mean where only that is known."""
        return None if self.edss is None else (self.edss[0], self.edss[-1])

    @property
    def attack_days(self) -> tuple[float, float] | None:
        """Give the fewest and the most days since the last attack."""
        days = self.last_attack_days
        return None if days is None else (days[0], days[1])
