"""Every rule of change by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ranvier.course.presets import EDSS_1_0_5, EDSS_1_5_1_0_5, EDSS_ANY, LOGMAR_0_2, NHPT_20, T25FW_20
from ranvier.course.rule import ChangeRule
from ranvier.course.thresholds import (
    EDSS_C_IMPROVEMENT,
    EDSS_C_WORSENING,
    EDSS_D,
    FS_1,
    SDMT_3_OR_10,
    SDMT_4_OR_20,
)
from ranvier.errors import require_choice

__all__ = ["CHANGE_RULES", "change_rule"]

CHANGE_RULES: Mapping[str, ChangeRule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            EDSS_ANY, EDSS_1_0_5, EDSS_1_5_1_0_5, LOGMAR_0_2, T25FW_20, NHPT_20, EDSS_C_WORSENING,
            EDSS_C_IMPROVEMENT, EDSS_D, SDMT_4_OR_20, SDMT_3_OR_10, FS_1,
        )
    }
)  # fmt: skip
"""Every preset rule, by name; `EDSS_RULES` has the rules of the EDSS by letter."""


def change_rule(name: str) -> ChangeRule:
    """Give one preset rule by its name.

    Parameters
    ----------
    name : str
        Name of the rule, such as "edss-1.0-or-0.5".

    Returns
    -------
    ChangeRule
        The rule.

    Raises
    ------
    InputError
        When there is no such rule; the message names those that are.

    Examples
    --------
    >>> change_rule("edss-0.5").smallest_change(4.0)
    0.5
    >>> change_rule("sdmt-4-or-20pct").smallest_change(50)
    4.0
    """
    require_choice("change rule", name, list(CHANGE_RULES))
    return CHANGE_RULES[name]
