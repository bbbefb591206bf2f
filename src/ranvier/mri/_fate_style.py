"""How each fate of a lesion is drawn: one colour, one line and one hatch in every picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["STYLES", "Style"]


@dataclass(frozen=True, kw_only=True)
class Style:
    """One fate in pictures; the line or the hatch alone is enough to tell it from the others."""

    colour: str
    line: Any
    """A line style of matplotlib: a name, or an offset with lengths on and off."""
    width: float
    """Points."""
    hatch: str
    filled: bool = True
    """Whether bars are filled; only what is no longer there is hollow."""

    def bar(self) -> dict[str, Any]:
        """Give the arguments of a bar."""
        return {
            "facecolor": self.colour if self.filled else "none",
            "edgecolor": "white" if self.filled and self.hatch else self.colour,
            "hatch": self.hatch,
            "linewidth": 0.0 if self.filled else self.width,
        }


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "new": Style(colour="#e03c31", line="-", width=1.4, hatch=""),
        "enlarging": Style(colour="#d97706", line=(0, (4, 1.6)), width=1.4, hatch="////"),
        "stable": Style(colour="#8a8f98", line="-", width=0.8, hatch="...."),
        "shrinking": Style(colour="#3b8ee0", line=(0, (1, 1.3)), width=1.4, hatch="\\\\\\\\"),
        "resolved": Style(colour="#2a9d8f", line=(0, (5, 1.5, 1, 1.5)), width=1.3, hatch="", filled=False),
        "cut": Style(colour="#a06cd5", line=(0, (1, 2.5)), width=1.2, hatch="xxxx"),
        "below limit": Style(colour="#8a8f98", line=(0, (1, 1.5)), width=0.8, hatch="oo"),
        "counted": Style(colour="#d97706", line="-", width=1.4, hatch=""),
    }
)
"""By fate, and `counted` for a lesion of one scan. The colours stand out at 3 : 1 or more from black and from
white, so that they serve on dark images and on light and dark pages."""
