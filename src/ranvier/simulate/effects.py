"""What a treatment is taken to do in a simulated arm."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from ranvier.errors import InputError

__all__ = ["NO_EFFECT", "Effect"]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a treatment does from day 0 on; 1 and 0 mean nothing.

    Parameters
    ----------
    relapse_ratio : float
        Ratio of the relapse rate to that without the treatment.
    progression_ratio : float
        Ratio of the rate of relapse-independent steps.
    lesion_ratio : float
        Ratio of the rate of new T2 lesions.
    edss_shift : float
        EDSS points added at every visit after day 0; below 0 is an improvement.

    Raises
    ------
    InputError
        When a ratio is below 0 or not finite, or the shift is larger than the scale.

    Examples
    --------
    >>> Effect(relapse_ratio=0.5).text()
    'relapse rate times 0.5'
    >>> NO_EFFECT.text()
    'no effect'
    """

    relapse_ratio: float = 1.0
    progression_ratio: float = 1.0
    lesion_ratio: float = 1.0
    edss_shift: float = 0.0

    def __post_init__(self) -> None:
        for name in ("relapse_ratio", "progression_ratio", "lesion_ratio"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise InputError(f"{name} is {value!r}; a ratio of rates must be finite and 0 or more.")
        if not -10 <= self.edss_shift <= 10:
            raise InputError(
                f"edss_shift is {self.edss_shift!r}, larger than the scale; it must be from -10 to 10."
            )

    def text(self) -> str:
        """Say the effect in one phrase.

        Returns
        -------
        str
            A phrase without a full stop.
        """
        ratios = {
            "relapse rate": self.relapse_ratio,
            "progression": self.progression_ratio,
            "new lesions": self.lesion_ratio,
        }
        parts = [f"{name} times {ratio:g}" for name, ratio in ratios.items() if ratio != 1]
        parts += [f"EDSS {self.edss_shift:+g} points"] if self.edss_shift else []
        return ", ".join(parts) or "no effect"

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


NO_EFFECT = Effect()
"""A treatment that does nothing."""
