"""What a trial's tables hold, and the rules that check them."""

from ranvier.tables.checks import RULES, check
from ranvier.tables.reading import parse
from ranvier.tables.rule import Rule
from ranvier.tables.rules_reading import READING_RULES
from ranvier.tables.schema import EDSS_STEPS, FINDING_SCHEMA, TABLES, Column, Table, empty, table

__all__ = [
    "EDSS_STEPS",
    "FINDING_SCHEMA",
    "READING_RULES",
    "RULES",
    "TABLES",
    "Column",
    "Rule",
    "Table",
    "check",
    "empty",
    "parse",
    "table",
]
