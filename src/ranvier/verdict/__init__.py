"""What was said, and what may be said: claims, appraisals and verdicts."""

from ranvier.verdict.analysis import analyse
from ranvier.verdict.appraisal import Appraisal, appraise
from ranvier.verdict.arm_differences import ArmDifference, arm_differences
from ranvier.verdict.assessment import assess
from ranvier.verdict.certainty import LEVELS, Certainty, Downgrade, optimal_information_size
from ranvier.verdict.claim_appraisal import ClaimAppraisal
from ranvier.verdict.claims import ARTICLE_KINDS, KINDS, Article, Claim, Claims, read_claims
from ranvier.verdict.conclusion import Verdict, study_verdict
from ranvier.verdict.confirmed import ConfirmedEvents
from ranvier.verdict.contrasts import Contrast
from ranvier.verdict.findings import Finding
from ranvier.verdict.harms import Harms, RuleState, analyse_harms
from ranvier.verdict.lesion_activity import LesionActivity, lesion_activity
from ranvier.verdict.lints import Lint
from ranvier.verdict.natural import NATURAL_SENTENCES, NaturalFact
from ranvier.verdict.neda_result import NedaResult, judge_neda
from ranvier.verdict.numbers import Analysis, Flow, Measured
from ranvier.verdict.outcomes import OUTCOMES, Outcome, outcome
from ranvier.verdict.patients_of_study import PatientsOfStudy
from ranvier.verdict.phrases import class_of_claim
from ranvier.verdict.pool_lints import POOL_LINTS, lint_pool
from ranvier.verdict.relapse_periods import (
    EXPECTED_RATES,
    EXPECTED_SIZES,
    RelapsePeriods,
    compare_periods,
    expected_falls,
)
from ranvier.verdict.sentences import LABELS, SENTENCES, say
from ranvier.verdict.summary import BENEFITS, Contradiction, Requirement, StudySummary
from ranvier.verdict.without_effect import WithoutEffect, rule_words, without_effect

__all__ = [
    "ARTICLE_KINDS",
    "BENEFITS",
    "EXPECTED_RATES",
    "EXPECTED_SIZES",
    "KINDS",
    "LABELS",
    "LEVELS",
    "NATURAL_SENTENCES",
    "OUTCOMES",
    "POOL_LINTS",
    "SENTENCES",
    "Analysis",
    "Appraisal",
    "ArmDifference",
    "Article",
    "Certainty",
    "Claim",
    "ClaimAppraisal",
    "Claims",
    "ConfirmedEvents",
    "Contradiction",
    "Contrast",
    "Downgrade",
    "Finding",
    "Flow",
    "Harms",
    "LesionActivity",
    "Lint",
    "Measured",
    "NaturalFact",
    "NedaResult",
    "Outcome",
    "PatientsOfStudy",
    "RelapsePeriods",
    "Requirement",
    "RuleState",
    "StudySummary",
    "Verdict",
    "WithoutEffect",
    "analyse",
    "analyse_harms",
    "appraise",
    "arm_differences",
    "assess",
    "class_of_claim",
    "compare_periods",
    "expected_falls",
    "judge_neda",
    "lesion_activity",
    "lint_pool",
    "optimal_information_size",
    "outcome",
    "read_claims",
    "rule_words",
    "say",
    "study_verdict",
    "without_effect",
]
