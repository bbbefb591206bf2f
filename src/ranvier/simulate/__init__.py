"""Virtual patients and virtual trials: what happens without, or with, a treatment."""

from ranvier.simulate.bayes_rules import FUTILITY_RULES, BayesRule
from ranvier.simulate.characteristics import operating_characteristics
from ranvier.simulate.characteristics_result import OperatingCharacteristics
from ranvier.simulate.counterparts import randomised_instead
from ranvier.simulate.designs import Design, EventRate, Group
from ranvier.simulate.effects import NO_EFFECT, Effect
from ranvier.simulate.entry_criteria import EntryCriteria
from ranvier.simulate.histories import VirtualPatients, natural_history
from ranvier.simulate.null_bands import null_band
from ranvier.simulate.null_result import NULL_ENDPOINTS, Band, NullBand
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
from ranvier.simulate.plan_files import PlanFile, PlanSettings, read_plan
from ranvier.simulate.plan_template import new_plan
from ranvier.simulate.plans import PLAN_ENDPOINTS, PLAN_TESTS, Plan, PlanScenario
from ranvier.simulate.published_numbers import parameter, parameters
from ranvier.simulate.replicates import Replicates, replicate
from ranvier.simulate.scenarios import HIGH, LOW, SCENARIOS, Scenario, scenario
from ranvier.simulate.virtual_trials import trial

__all__ = [
    "FUTILITY_RULES",
    "HIGH",
    "LOW",
    "NMOSD",
    "NO_EFFECT",
    "NULL_ENDPOINTS",
    "PHENOTYPES",
    "PLAN_ENDPOINTS",
    "PLAN_TESTS",
    "PPMS",
    "RRMS",
    "SCENARIOS",
    "SPMS",
    "VALUE_KINDS",
    "Band",
    "BayesRule",
    "Design",
    "Effect",
    "EntryCriteria",
    "EventRate",
    "Group",
    "NullBand",
    "OperatingCharacteristics",
    "Phenotype",
    "Plan",
    "PlanFile",
    "PlanScenario",
    "PlanSettings",
    "Replicates",
    "Scenario",
    "Value",
    "VirtualPatients",
    "natural_history",
    "new_plan",
    "null_band",
    "operating_characteristics",
    "parameter",
    "parameters",
    "phenotype",
    "randomised_instead",
    "read_plan",
    "replicate",
    "scenario",
    "trial",
]
