"""Results that explain themselves: one number, several numbers, or a derived table."""

from ranvier.result.derivation import TRACE_SCHEMA, Derivation
from ranvier.result.estimate import Estimate, Fit, LeftOut
from ranvier.result.wording import json_ready, number, p_text, percent, plural, positive_texts

__all__ = [
    "TRACE_SCHEMA",
    "Derivation",
    "Estimate",
    "Fit",
    "LeftOut",
    "json_ready",
    "number",
    "p_text",
    "percent",
    "plural",
    "positive_texts",
]
