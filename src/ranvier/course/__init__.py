"""Disease course: change since baseline, and relapses before and after the first dose."""

from ranvier.course.baseline import Change, at_schedule, change
from ranvier.course.presets import (
    CHANGE_RULES,
    EDSS_1_0_5,
    EDSS_1_5_1_0_5,
    EDSS_ANY,
    LOGMAR_0_2,
    NHPT_20,
    SMALLEST_REAL_CHANGE,
    T25FW_20,
    SmallestChange,
    change_rule,
    smallest_real_change,
)
from ranvier.course.relapses import DAYS_PER_YEAR, RelapseRate, relapse_rate
from ranvier.course.rule import ChangeRule, Threshold

__all__ = [
    "CHANGE_RULES",
    "DAYS_PER_YEAR",
    "EDSS_1_0_5",
    "EDSS_1_5_1_0_5",
    "EDSS_ANY",
    "LOGMAR_0_2",
    "NHPT_20",
    "SMALLEST_REAL_CHANGE",
    "T25FW_20",
    "Change",
    "ChangeRule",
    "RelapseRate",
    "SmallestChange",
    "Threshold",
    "at_schedule",
    "change",
    "change_rule",
    "relapse_rate",
    "smallest_real_change",
]
