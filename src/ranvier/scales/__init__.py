"""Scales: EDSS steps from score sheets, the MSFC from timed tests, and visual acuity as logMAR."""

from ranvier.scales.edss_rules import AMBULATION, STEP_RULES, EdssRules
from ranvier.scales.edss_scoring import edss_step
from ranvier.scales.edss_visits import edss
from ranvier.scales.functional_composite import MsfcReference, msfc
from ranvier.scales.vision import acuity, logmar

__all__ = [
    "AMBULATION",
    "STEP_RULES",
    "EdssRules",
    "MsfcReference",
    "acuity",
    "edss",
    "edss_step",
    "logmar",
    "msfc",
]
