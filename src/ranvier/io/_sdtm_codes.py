"""The words and codes of SDTM that have a place in the tables.

CDISC SDTM terminology 2025-03-25 (US National Cancer Institute), codelists EDSS01TC, KFSS1TC, T25FW1TC,
NHPT01TC, PASAT1TC, SDMT01TC, OETESTCD, NVTESTCD, OUT and AESEV. Codes marked as ours are sponsor-defined:
SDTM has no code for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "DIAGNOSES",
    "MASK",
    "MRI_TESTS",
    "OUTCOMES",
    "PHENOTYPES",
    "PLACEBO",
    "PRODUCT_WORDS",
    "QUALIFIER_DAYS",
    "RELAPSE",
    "RELATED",
    "ROUTES",
    "VISIT_TESTS",
    "YES_NO",
    "Test",
]

SECONDS: Mapping[str, float] = {
    "SEC": 1.0,
    "S": 1.0,
    "SECOND": 1.0,
    "SECONDS": 1.0,
    "MIN": 60.0,
    "MSEC": 1e-3,
    "MS": 1e-3,
}
MILLISECONDS: Mapping[str, float] = {"MSEC": 1.0, "MS": 1.0, "SEC": 1000.0, "S": 1000.0}
CUBIC_MM: Mapping[str, float] = {
    "MM3": 1.0,
    "MM^3": 1.0,
    "UL": 1.0,
    "CM3": 1000.0,
    "CM^3": 1000.0,
    "ML": 1000.0,
    "CC": 1000.0,
}
ANY: Mapping[str, float] = {}
"""The unit does not matter: a score or a count."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """One test of SDTM: the domain it is written to, its column, unit and whether trials are averaged."""

    domain: str
    code: str
    name: str
    category: str
    column: str
    units: Mapping[str, float]
    unit: str = ""
    sided: tuple[str, ...] = ()
    averaged: bool = False


def _test(domain: str, code: str, name: str, category: str, column: str) -> Test:
    return Test(domain=domain, code=code, name=name, category=category, column=column, units=ANY)


KFSS = (
    ("101", "Pyramidal Functions", "pyramidal"),
    ("102", "Cerebellar Functions", "cerebellar"),
    ("103", "Brain Stem Functions", "brainstem"),
    ("104", "Sensory Functions", "sensory"),
    ("105", "Bowel and Bladder Functions", "bowel_bladder"),
    ("106", "Visual or Optic Functions", "visual"),
    ("107", "Cerebral or Mental Functions", "cerebral"),
)
VISIT_TESTS: tuple[Test, ...] = (
    _test("RS", "EDSS0101", "EDSS01-Expanded Disability Score", "EDSS", "edss"),
    *(_test("RS", f"KFSS{code}", f"KFSS1-{name}", "KFSS", column) for code, name, column in KFSS),
    *(_test("RS", f"NSFS{code}", f"NSFS-{name}", "NEUROSTATUS", column) for code, name, column in KFSS),
    _test("RS", "NSFSAMB", "NSFS-Ambulation Code", "NEUROSTATUS", "ambulation"),
    Test(
        domain="FT",
        code="T25FW101",
        name="T25FW1-Time to Complete 25-Foot Walk",
        category="T25FW",
        column="t25fw_s",
        units=SECONDS,
        unit="sec",
        averaged=True,
    ),
    Test(
        domain="FT",
        code="NHPT0101",
        name="NHPT01-Time to Complete 9-Hole Peg Test",
        category="NHPT",
        column="nhpt_{}_s",
        units=SECONDS,
        unit="sec",
        sided=("dominant", "nondominant"),
        averaged=True,
    ),
    _test("FT", "PASAT101", "PASAT1-Total Correct", "PASAT", "pasat"),
    _test("FT", "SDMT0101", "SDMT01-Total Score", "SDMT", "sdmt"),
    Test(
        domain="OE",
        code="MNARSLOG",
        name="Log10 Minimum Angle of Resolution",
        category="VISUAL ACUITY",
        column="acuity_{}_logmar",
        units=ANY,
        unit="logMAR",
        sided=("right", "left"),
    ),
    Test(
        domain="OE",
        code="NUMLCOR",
        name="Number of Letters Correct",
        category="VISUAL ACUITY",
        column="acuity_{}_logmar",
        units=ANY,
        sided=("right", "left"),
    ),
    Test(
        domain="NV",
        code="P100LAT",
        name="P100 Latency",
        category="VISUAL EVOKED POTENTIAL",
        column="p100_{}_ms",
        units=MILLISECONDS,
        unit="msec",
        sided=("right", "left"),
    ),
)
"""Every test that fills a column of visits; NSFS codes (Neurostatus grades, ambulation) are ours."""

MASK = _test("NV", "LESMASK", "File of the Lesion Mask", "MRI", "mask")
MRI_TESTS: tuple[Test, ...] = (
    _test("NV", "T2LESNUM", "Number of T2 Lesions", "MRI", "t2_count"),
    Test(
        domain="NV",
        code="T2LESVOL",
        name="Volume of T2 Lesions",
        category="MRI",
        column="t2_volume_mm3",
        units=CUBIC_MM,
        unit="mm3",
    ),
    _test("NV", "GDLESNUM", "Number of Gd Enhancing Lesions", "MRI", "gad_count"),
    _test("NV", "T2NEWNUM", "Number of New T2 Lesions", "MRI", "new_t2"),
    _test("NV", "T2ENLNUM", "Number of Enlarging T2 Lesions", "MRI", "enlarging_t2"),
    MASK,
)
"""Every test that fills a column of mri; the codes are ours."""

YES_NO = {"Y": True, "YES": True, "N": False, "NO": False}
RELATED = dict.fromkeys(
    (
        "Y", "YES", "RELATED", "POSSIBLY RELATED", "PROBABLY RELATED", "DEFINITELY RELATED", "POSSIBLE",
        "PROBABLE", "DEFINITE", "CERTAIN", "LIKELY", "REASONABLE POSSIBILITY",
    ),
    True,
) | dict.fromkeys(
    (
        "N", "NO", "NOT RELATED", "UNRELATED", "NONE", "UNLIKELY", "UNLIKELY RELATED", "REMOTE",
        "NO REASONABLE POSSIBILITY",
    ),
    False,
)  # fmt: skip
"""AEREL has no terminology; possible and more counts as related, remote and unlikely as not related."""

OUTCOMES = {
    "RECOVERED/RESOLVED": "recovered",
    "RECOVERED": "recovered",
    "RESOLVED": "recovered",
    "RECOVERING/RESOLVING": "recovering",
    "NOT RECOVERED/NOT RESOLVED": "not recovered",
    "RECOVERED/RESOLVED WITH SEQUELAE": "sequelae",
    "FATAL": "fatal",
    "UNKNOWN": "unknown",
}
ROUTES = {
    "INTRAVENOUS": "intravenous",
    "INTRATHECAL": "intrathecal",
    "INTRACEREBROVENTRICULAR": "intracerebroventricular",
    "INTRAVENTRICULAR - BRAIN": "intracerebroventricular",
    "INTRALESIONAL": "intralesional",
}
PLACEBO = r"PLACEBO|SHAM|VEHICLE"
PRODUCT_WORDS = (
    (PLACEBO, "placebo"),
    (r"\bMSC[- ]?NP\b", "msc_np"),
    (r"\bMSC[- ]?NTF\b", "msc_ntf"),
    (r"\bA?HSCT\b|HEMATOPOIETIC|HAEMATOPOIETIC", "ahsct"),
    (r"\bBM[- ]?MNC\b|MONONUCLEAR", "bm_mnc"),
    (r"\bNSC\b|NEURAL STEM|NEURAL PRECURSOR", "nsc"),
    (r"\bSVF\b|STROMAL VASCULAR", "svf"),
    (r"\bMSC\b|MESENCHYMAL", "msc"),
)
"""What in EXTRT names a product; the first that is found counts."""

DIAGNOSES = (
    (r"\bMOGAD\b|MYELIN OLIGODENDROCYTE", "MOGAD"),
    (r"\bNMO(SD)?\b|NEUROMYELITIS OPTICA|DEVIC", "NMOSD"),
    (r"MULTIPLE SCLEROSIS|\bMS\b|\b(RR|SP|PP)MS\b", "MS"),
)
PHENOTYPES = (
    (r"SECONDARY[- ]PROGRESSIVE|\bSPMS\b", "SPMS"),
    (r"PRIMARY[- ]PROGRESSIVE|\bPPMS\b", "PPMS"),
    (r"RELAPSING[- /]*REMITTING|\bRRMS\b", "RRMS"),
)
RELAPSE = r"RELAPSE|EXACERBATION|\bATTACK"

QUALIFIER_DAYS = {
    "onset_day": "ONSETDY",
    "last_attack_day": "LATTKDY",
    "last_rescue_day": "LRESCDY",
    "enrolled_day": "ENROLDY",
    "last_contact_day": "LCONTDY",
}
"""Study days in SUPPDM that SDTM has no own place for when there are no dates."""
