"""Virtual patients and virtual trials: what happens without, or with, a treatment."""

from ranvier.simulate.designs import Design, EventRate, Group
from ranvier.simulate.effects import NO_EFFECT, Effect
from ranvier.simulate.entry_criteria import EntryCriteria
from ranvier.simulate.phenotypes import (
    NMOSD,
    PHENOTYPES,
    PPMS,
    RRMS,
    SPMS,
    VALUE_KINDS,
    Phenotype,
    Value,
    phenotype,
)
from ranvier.simulate.published_numbers import parameter, parameters
from ranvier.simulate.scenarios import HIGH, LOW, SCENARIOS, Scenario, scenario
from ranvier.simulate.virtual_trials import trial

__all__ = [
    "HIGH",
    "LOW",
    "NMOSD",
    "NO_EFFECT",
    "PHENOTYPES",
    "PPMS",
    "RRMS",
    "SCENARIOS",
    "SPMS",
    "VALUE_KINDS",
    "Design",
    "Effect",
    "EntryCriteria",
    "EventRate",
    "Group",
    "Phenotype",
    "Scenario",
    "Value",
    "parameter",
    "parameters",
    "phenotype",
    "scenario",
    "trial",
]
