"""Results in order: one self-contained page, or every number as JSON."""

from ranvier.report.building import BANNERS, build, build_appraisal
from ranvier.report.evidence_page import build_evidence
from ranvier.report.findings import trial_findings
from ranvier.report.lesion_page import build_lesions
from ranvier.report.model import Bullets, DataTable, Drawing, Numbers, Paragraph, Report, Section
from ranvier.report.plan_page import build_plan
from ranvier.report.plan_paragraph import plan_paragraph
from ranvier.report.pool_page import build_pool
from ranvier.report.safety_page import build_safety, safety_errors

__all__ = [
    "BANNERS",
    "Bullets",
    "DataTable",
    "Drawing",
    "Numbers",
    "Paragraph",
    "Report",
    "Section",
    "build",
    "build_appraisal",
    "build_evidence",
    "build_lesions",
    "build_plan",
    "build_pool",
    "build_safety",
    "plan_paragraph",
    "safety_errors",
    "trial_findings",
]
