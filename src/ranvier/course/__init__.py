"""Disease course: change since baseline, and relapses before and after the first dose."""

from ranvier.course.agreement import kappa, kappa_matrix
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
from ranvier.course.relapse_definition import (
    ADJUDICATION_LEVELS,
    LLUFRIU_2014,
    NMOSD_OBJECTIVE,
    PREVENT,
    RELAPSE_24H_30D,
    RELAPSE_DEFINITIONS,
    SAKURA,
    ObjectiveRule,
    RelapseDefinition,
    relapse_preset,
)
from ranvier.course.relapse_reports import RELAPSE_REPORT_REASONS, AcceptedRelapses, accepted_relapses
from ranvier.course.relapses import DAYS_PER_YEAR, RelapseRate, relapse_rate
from ranvier.course.rule import ChangeRule, Threshold

__all__ = [
    "ADJUDICATION_LEVELS",
    "CHANGE_RULES",
    "DAYS_PER_YEAR",
    "EDSS_1_0_5",
    "EDSS_1_5_1_0_5",
    "EDSS_ANY",
    "LLUFRIU_2014",
    "LOGMAR_0_2",
    "NHPT_20",
    "NMOSD_OBJECTIVE",
    "PREVENT",
    "RELAPSE_24H_30D",
    "RELAPSE_DEFINITIONS",
    "RELAPSE_REPORT_REASONS",
    "SAKURA",
    "SMALLEST_REAL_CHANGE",
    "T25FW_20",
    "AcceptedRelapses",
    "Change",
    "ChangeRule",
    "ObjectiveRule",
    "RelapseDefinition",
    "RelapseRate",
    "SmallestChange",
    "Threshold",
    "accepted_relapses",
    "at_schedule",
    "change",
    "change_rule",
    "kappa",
    "kappa_matrix",
    "relapse_preset",
    "relapse_rate",
    "smallest_real_change",
]
