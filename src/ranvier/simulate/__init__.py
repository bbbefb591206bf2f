"""Virtual patients and virtual trials: what happens without, or with, a treatment."""

from ranvier.simulate.bayes_rules import FUTILITY_RULES, BayesRule
from ranvier.simulate.characteristics import operating_characteristics
from ranvier.simulate.characteristics_result import OperatingCharacteristics
from ranvier.simulate.clusters import dask_executor
from ranvier.simulate.counterparts import other_carry_over, randomised_instead
from ranvier.simulate.designs import Design, EventRate, Group
from ranvier.simulate.effects import NO_EFFECT, Effect, Period
from ranvier.simulate.entry_criteria import EntryCriteria
from ranvier.simulate.eyes import EYES, Eyes
from ranvier.simulate.histories import VirtualPatients, natural_history
from ranvier.simulate.matrices import TransitionMatrix
from ranvier.simulate.matrix_bands import null_band_of_matrix
from ranvier.simulate.matrix_files import read_matrix
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
from ranvier.simulate.plan_scenarios import PlanScenario
from ranvier.simulate.plan_template import new_plan
from ranvier.simulate.plans import PLAN_ENDPOINTS, PLAN_TESTS, Plan
from ranvier.simulate.power_of_tests import POWER_TESTS, Normal, power
from ranvier.simulate.published_numbers import parameter, parameters
from ranvier.simulate.replicates import Replicates, replicate
from ranvier.simulate.reported_bands import ReportedPatients, reported_null_band
from ranvier.simulate.scenarios import HIGH, LOW, SCENARIOS, Scenario, scenario
from ranvier.simulate.virtual_trials import trial

__all__ = [
    "EYES",
    "FUTILITY_RULES",
    "HIGH",
    "LOW",
    "NMOSD",
    "NO_EFFECT",
    "NULL_ENDPOINTS",
    "PHENOTYPES",
    "PLAN_ENDPOINTS",
    "PLAN_TESTS",
    "POWER_TESTS",
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
    "Eyes",
    "Group",
    "Normal",
    "NullBand",
    "OperatingCharacteristics",
    "Period",
    "Phenotype",
    "Plan",
    "PlanFile",
    "PlanScenario",
    "PlanSettings",
    "Replicates",
    "ReportedPatients",
    "Scenario",
    "TransitionMatrix",
    "Value",
    "VirtualPatients",
    "dask_executor",
    "natural_history",
    "new_plan",
    "null_band",
    "null_band_of_matrix",
    "operating_characteristics",
    "other_carry_over",
    "parameter",
    "parameters",
    "phenotype",
    "power",
    "randomised_instead",
    "read_matrix",
    "read_plan",
    "replicate",
    "reported_null_band",
    "scenario",
    "trial",
]
