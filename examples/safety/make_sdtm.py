"""Write a small synthetic SDTM data set of a cell-therapy trial in MS into a folder.

Run it from the root of the checkout: ``python examples/safety/make_sdtm.py FOLDER [--format csv]``. Of the
formats, ``dataset-json`` (default) and ``csv`` need nothing, ``xpt`` needs pyreadstat. The same seed writes
the same content. **Nothing here is a patient**: rates are round numbers, none is an estimate.

What is in it (study SYNMS01, 44 screened, 40 assigned to an arm, one year, dates as in a submission):

- DM: 20 planned for MSC (cells), 20 for PBO (placebo); 4 screen failures (ARMCD SCRNFAIL); 2 patients planned
  for PBO who got cells (ARM differs from ACTARM); 1 assigned to MSC and never treated (ACTARMCD NOTTRT);
  1 without RFXENDTC. 39 patients are in EX.
- EX: two doses (day 1 and about day 90), EXDOSE in cells; SUPPEX with source, donor and cells per kg.
- AE: 170 rows with CTCAE grade (AETOXGR), seriousness and relation; events before the first dose;
  partial start dates (6: 2 year only, 4 year-month), one event without any start date, events without an end,
  one fatal event (in PBO), the same term twice on one day in 4 patients; SUPPAE with AETRTEM
  (treatment-emergent) and AERELPRC (related to the procedure). No serious event of placebo is related to it.
- CE: relapses (CECAT RELAPSE) before and after the first dose, with SUPPCE for steroids and confirmation, one
  row with CEOCCUR = N, and one clinical event that is no relapse.
- DS: informed consent, randomisation, disposition, screen failures. MH: diagnosis with the course of MS.
- SV: planned visits and unscheduled ones (fractional VISITNUM, not in TV).
- RS: EDSS0101 and KFSS101 to KFSS107 (Kurtzke 1983), KFSS102A, some "Unknown".
- FT: T25FW101 twice per visit (FTREPNUM), NHPT0101 by hand (FTLAT), PASAT101, SDMT0101. SC: dominant hand.
- OE: logMAR acuity per eye. NV: P100 latency per eye, and lesions under sponsor codes (see docs/sdtm.md).
- CM: steroids for relapses, which ranvier does not read. TS, TA, TV: title, arms, planned visits.
- trial.toml: data_kind = "simulated" and what SDTM has no place for; ``--without-protocol`` leaves it out.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

STUDY = "SYNMS01"
SEED = 20_240_229
PER_ARM, SCREEN_FAILURES = 20, 4
ARMS = {"MSC": "Mesenchymal stromal cells", "PBO": "Placebo"}
VISITS = (("SCREENING", 1.0, -14), ("BASELINE", 2.0, -3), ("MONTH 3", 3.0, 91), ("MONTH 6", 4.0, 183),
          ("MONTH 9", 5.0, 274), ("MONTH 12", 6.0, 365))  # fmt: skip
FIRST_SCREENING = datetime.date(2021, 3, 1)
CREATED = "2024-02-29T12:00:00"

TERMS = (
    ("HEADACHE", "NERVOUS SYSTEM DISORDERS", 1.2, 0.9),
    ("NASOPHARYNGITIS", "INFECTIONS AND INFESTATIONS", 0.6, 0.6),
    ("PYREXIA", "GENERAL DISORDERS AND ADMINISTRATION SITE CONDITIONS", 0.7, 0.2),
    ("BACK PAIN", "MUSCULOSKELETAL AND CONNECTIVE TISSUE DISORDERS", 0.6, 0.5),
    ("FATIGUE", "GENERAL DISORDERS AND ADMINISTRATION SITE CONDITIONS", 0.4, 0.4),
    ("URINARY TRACT INFECTION", "INFECTIONS AND INFESTATIONS", 0.4, 0.3),
    ("MENINGITIS ASEPTIC", "INFECTIONS AND INFESTATIONS", 0.1, 0.0),
    ("POST LUMBAR PUNCTURE SYNDROME", "INJURY, POISONING AND PROCEDURAL COMPLICATIONS", 0.4, 0.3),
)
"""Term, body system, events per patient with cells and with placebo."""
PROCEDURAL = ("POST LUMBAR PUNCTURE SYNDROME", "BACK PAIN")
OF_CELLS = ("PYREXIA", "HEADACHE", "MENINGITIS ASEPTIC")
SEVERITY = ("MILD", "MODERATE", "SEVERE", "SEVERE", "SEVERE")
KFSS = {
    "KFSS101": ("KFSS1-Pyramidal Functions", 4), "KFSS102": ("KFSS1-Cerebellar Functions", 3),
    "KFSS103": ("KFSS1-Brain Stem Functions", 2), "KFSS104": ("KFSS1-Sensory Functions", 3),
    "KFSS105": ("KFSS1-Bowel and Bladder Functions", 3), "KFSS106": ("KFSS1-Visual or Optic Functions", 2),
    "KFSS107": ("KFSS1-Cerebral or Mental Functions", 2),
}  # fmt: skip
LABELS = {
    "TS": "Trial Summary", "TA": "Trial Arms", "TV": "Trial Visits", "DM": "Demographics", "EX": "Exposure",
    "SUPPEX": "Supplemental Qualifiers for EX", "AE": "Adverse Events", "CE": "Clinical Events",
    "SUPPAE": "Supplemental Qualifiers for AE", "SUPPCE": "Supplemental Qualifiers for CE",
    "DS": "Disposition", "MH": "Medical History", "SV": "Subject Visits", "SC": "Subject Characteristics",
    "RS": "Disease Response and Clin Classification", "FT": "Functional Tests",
    "OE": "Ophthalmic Examinations", "NV": "Nervous System Findings", "CM": "Concomitant Medications",
}  # fmt: skip

Row = dict[str, Any]


class Patient:
    """One synthetic patient: who, in which arm, when."""

    def __init__(self, number: int, arm: str, actual: str, rng: np.random.Generator) -> None:
        self.id = f"{STUDY}-{number:03d}"
        self.number = number
        self.arm, self.actual = arm, actual
        self.rng = rng
        self.screened = FIRST_SCREENING + datetime.timedelta(days=9 * number)
        self.first_dose = self.screened + datetime.timedelta(days=int(rng.integers(14, 29)))
        self.last_day = 365 if rng.random() > 0.12 else int(rng.integers(100, 300))
        self.edss = float(rng.choice(np.arange(3.0, 7.0, 0.5)))

    @property
    def treated(self) -> bool:
        """Say whether any dose was given."""
        return self.actual in ARMS

    @property
    def assigned(self) -> bool:
        """Say whether the patient passed screening."""
        return self.arm in ARMS

    def date(self, day: int) -> str:
        """Give the ISO date of a day counted from the first dose (day 0)."""
        return (self.first_dose + datetime.timedelta(days=day)).isoformat()


def study_day(day: int) -> int:
    """Give the SDTM study day, which has no day 0."""
    return day + 1 if day >= 0 else day


def patients(seed: int) -> list[Patient]:
    """Give the screened patients: who got what was planned, and who did not."""
    planned = [arm for _ in range(PER_ARM) for arm in ARMS] + ["SCRNFAIL"] * SCREEN_FAILURES
    actual = list(planned)
    actual[5] = actual[17] = "MSC"  # planned for placebo, got cells
    actual[8] = "NOTTRT"  # assigned to cells, never treated
    children = np.random.SeedSequence(seed).spawn(len(planned))
    made = zip(range(1, len(planned) + 1), planned, actual, children, strict=True)
    return [Patient(number, arm, got, np.random.default_rng(child)) for number, arm, got, child in made]


def demographics(people: Iterable[Patient]) -> list[Row]:
    """Give DM, one row per screened patient."""
    words = {**ARMS, "SCRNFAIL": "Screen Failure", "NOTTRT": "Not Treated"}
    rows = []
    for who in people:
        last = who.date(who.last_day) if who.assigned else who.screened.isoformat()
        second = who.date(90) if who.treated and who.number != 3 else ""
        rows.append({
            "STUDYID": STUDY, "DOMAIN": "DM", "USUBJID": who.id, "SUBJID": f"{who.number:03d}",
            "RFSTDTC": who.date(0) if who.treated else "", "RFENDTC": last if who.treated else "",
            "RFXSTDTC": who.date(0) if who.treated else "", "RFXENDTC": second,
            "RFICDTC": who.screened.isoformat(), "RFPENDTC": last, "DTHFL": "Y" if who.number == 20 else "",
            "SITEID": f"{1 + who.number % 3:02d}", "AGE": int(who.rng.integers(25, 60)), "AGEU": "YEARS",
            "SEX": "F" if who.rng.random() < 0.7 else "M", "ARMCD": who.arm, "ARM": words[who.arm],
            "ACTARMCD": who.actual, "ACTARM": words[who.actual], "COUNTRY": "DEU",
        })  # fmt: skip
    return rows


def exposure(people: Iterable[Patient]) -> tuple[list[Row], list[Row]]:
    """Give EX and SUPPEX: two doses of cells, or of placebo."""
    rows, more = [], []
    for who in people:
        if not who.treated:
            continue
        weight = int(who.rng.integers(50, 95))
        for number, day in enumerate((0, 90 + int(who.rng.integers(-4, 5))), start=1):
            if day > who.last_day:
                continue
            cells = 1e6 * weight if who.actual == "MSC" else 0
            rows.append({
                "STUDYID": STUDY, "DOMAIN": "EX", "USUBJID": who.id, "EXSEQ": number,
                "EXTRT": "AUTOLOGOUS MSC" if cells else "PLACEBO", "EXDOSE": cells, "EXDOSU": "CELLS",
                "EXROUTE": "INTRATHECAL", "EXSTDTC": who.date(day), "EXENDTC": who.date(day),
                "EXSTDY": study_day(day), "EXENDY": study_day(day),
            })  # fmt: skip
            if cells:
                facts = {"EXSOURCE": "bone marrow", "EXDONOR": "autologous", "EXCELLKG": "1000000"}
                more += supplement("EX", who.id, number, facts)
    return rows, more


def supplement(domain: str, subject: str, number: int, facts: dict[str, str]) -> list[Row]:
    """Give the SUPP-- rows of one parent row."""
    return [
        {"STUDYID": STUDY, "RDOMAIN": domain, "USUBJID": subject, "IDVAR": f"{domain}SEQ",
         "IDVARVAL": str(number), "QNAM": name, "QLABEL": name, "QVAL": value, "QORIG": "CRF"}
        for name, value in facts.items()
    ]  # fmt: skip


def adverse_events(people: Iterable[Patient]) -> tuple[list[Row], list[Row]]:
    """Give AE and SUPPAE, with the irregular rows that a reader must survive."""
    rows, more = [], []
    for who in people:
        drawn = _draw_events(who) if who.treated else []
        for number, event in enumerate(drawn, start=1):
            row, emergent = _event_row(who, number, event)
            rows.append(row)
            procedural = "Y" if event["term"] in PROCEDURAL and 0 <= event["day"] < 5 else "N"
            facts = {"AETRTEM": "Y" if emergent else "N", "AERELPRC": procedural}
            more += supplement("AE", who.id, number, facts)
    return rows, more


def _draw_events(who: Patient) -> list[Row]:
    events = []
    for term, system, cells, placebo in TERMS:
        for _ in range(who.rng.poisson(cells if who.actual == "MSC" else placebo)):
            near = who.rng.random() < 0.4
            day = int(who.rng.integers(0, 5) if near else who.rng.integers(-14, who.last_day))
            grade = int(who.rng.choice([1, 2, 3], p=[0.65, 0.28, 0.07]))
            events.append({"term": term, "system": system, "day": day, "grade": grade,
                           "length": int(who.rng.geometric(0.15))})  # fmt: skip
    if who.number == 20:
        events.append({"term": "PNEUMONIA ASPIRATION", "system": TERMS[1][1], "day": who.last_day - 2,
                       "grade": 5, "length": 2})  # fmt: skip
    events.sort(key=lambda event: (event["day"], event["term"]))
    if who.number == 1 and events:
        events.insert(1, {**events[0], "grade": 2})  # the same term twice on one day
    return events


def _event_row(who: Patient, number: int, event: Row) -> tuple[Row, bool]:
    day, grade = event["day"], event["grade"]
    end = min(day + event["length"], who.last_day)
    ongoing = grade < 5 and (event["length"] > 12 or day + event["length"] > who.last_day)
    start, known = who.date(day), study_day(day)
    if number == 1 and who.number in (2, 4, 6, 7, 10, 11):
        start, known = start[: 4 if who.number in (2, 7) else 7], ""
    if number == 1 and who.number == 13:
        start, known = "", ""
    outcome = "NOT RECOVERED/NOT RESOLVED" if ongoing else "RECOVERED/RESOLVED"
    related = 0 <= day < 30 and who.actual == "MSC" and event["term"] in OF_CELLS
    row = {
        "STUDYID": STUDY, "DOMAIN": "AE", "USUBJID": who.id, "AESEQ": number,
        "AETERM": event["term"].capitalize(), "AEDECOD": event["term"], "AEBODSYS": event["system"],
        "AESEV": SEVERITY[grade - 1], "AETOXGR": str(grade),
        "AESER": "Y" if grade == 5 or event["term"] == "MENINGITIS ASEPTIC" else "N",
        "AEREL": "RELATED" if related else "NOT RELATED", "AEOUT": "FATAL" if grade == 5 else outcome,
        "AESTDTC": start,
        "AEENDTC": "" if ongoing else who.date(end), "AESTDY": known,
        "AEENDY": "" if ongoing else study_day(end),
    }  # fmt: skip
    return row, day >= 0


def relapses(people: Iterable[Patient]) -> tuple[list[Row], list[Row], list[Row]]:
    """Give CE, SUPPCE, and the steroids in CM."""
    rows, more, drugs = [], [], []
    for who in (one for one in people if one.treated):
        before = [-int(day) for day in who.rng.integers(60, 700, who.rng.poisson(1.4))]
        after = [int(day) for day in who.rng.integers(20, who.last_day, who.rng.poisson(0.4))]
        for number, day in enumerate(sorted({*before, *after}), start=1):
            rescue = who.rng.random() < 0.7
            word = str(who.rng.choice(["MILD", "MODERATE", "SEVERE"], p=[0.4, 0.45, 0.15]))
            rows.append(_clinical_event(who, number, day, day + 30, severity=word))
            facts = {"CERESCUE": "Y" if rescue else "N", "CECONF": "Y" if who.rng.random() < 0.8 else "N"}
            more += supplement("CE", who.id, number, facts)
            if rescue:
                drugs.append({"STUDYID": STUDY, "DOMAIN": "CM", "USUBJID": who.id, "CMSEQ": number,
                              "CMTRT": "METHYLPREDNISOLONE", "CMINDC": "MS RELAPSE",
                              "CMSTDTC": who.date(day + 2), "CMSTDY": study_day(day + 2)})  # fmt: skip
    first = next(who for who in people if who.treated)
    rows.append({**_clinical_event(first, 90, 40, 45), "CEOCCUR": "N"})
    rows.append({**_clinical_event(first, 91, 50, 52), "CETERM": "OPTIC DISC SWELLING", "CECAT": "OTHER"})
    return rows, more, drugs


def _clinical_event(who: Patient, number: int, start: int, end: int, *, severity: str = "MILD") -> Row:
    return {
        "STUDYID": STUDY, "DOMAIN": "CE", "USUBJID": who.id, "CESEQ": number,
        "CETERM": "MULTIPLE SCLEROSIS RELAPSE", "CECAT": "RELAPSE", "CEPRESP": "", "CEOCCUR": "",
        "CESEV": severity, "CESTDTC": who.date(start), "CEENDTC": who.date(min(end, who.last_day)),
        "CESTDY": study_day(start), "CEENDY": study_day(min(end, who.last_day)),
    }  # fmt: skip


def milestones(people: Iterable[Patient]) -> tuple[list[Row], list[Row], list[Row]]:
    """Give DS, MH and SC."""
    disposition, history, traits = [], [], []
    for who in people:
        screened = who.screened.isoformat()
        steps = [("INFORMED CONSENT OBTAINED", "PROTOCOL MILESTONE", screened)]
        if who.assigned:
            steps.append(("RANDOMIZED", "PROTOCOL MILESTONE", who.date(-1)))
            left = "COMPLETED" if who.last_day == 365 else "WITHDRAWAL BY SUBJECT"
            end = "DEATH" if who.number == 20 else left
            steps.append((end, "DISPOSITION EVENT", who.date(who.last_day)))
        else:
            steps.append(("SCREEN FAILURE", "DISPOSITION EVENT", screened))
        disposition += [
            {"STUDYID": STUDY, "DOMAIN": "DS", "USUBJID": who.id, "DSSEQ": number, "DSTERM": what,
             "DSDECOD": what, "DSCAT": kind, "DSSTDTC": when}
            for number, (what, kind, when) in enumerate(steps, start=1)
        ]  # fmt: skip
        course = str(who.rng.choice(["RELAPSING-REMITTING", "SECONDARY PROGRESSIVE"], p=[0.6, 0.4]))
        onset = (who.screened - datetime.timedelta(days=int(who.rng.integers(700, 6000)))).isoformat()
        history.append({"STUDYID": STUDY, "DOMAIN": "MH", "USUBJID": who.id, "MHSEQ": 1,
                        "MHTERM": f"{course} MULTIPLE SCLEROSIS", "MHCAT": "PRIMARY DIAGNOSIS",
                        "MHSTDTC": onset[:7]})  # fmt: skip
        hand = "RIGHT" if who.rng.random() < 0.9 else "LEFT"
        traits.append({"STUDYID": STUDY, "DOMAIN": "SC", "USUBJID": who.id, "SCSEQ": 1,
                       "SCTESTCD": "HANDDOM", "SCTEST": "Dominant Hand", "SCORRES": hand,
                       "SCSTRESC": hand})  # fmt: skip
    return disposition, history, traits


class Findings:
    """Rows of SV, RS, FT, OE and NV, numbered within patient and domain."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {name: [] for name in ("SV", "RS", "FT", "OE", "NV")}
        self._count: dict[tuple[str, str], int] = {}

    def visit(self, who: Patient, label: str, number: float, day: int) -> Row:
        """Add a visit, and give what its findings share."""
        planned = {name: study_day(when) for name, _, when in VISITS}
        start, known = who.date(day), study_day(day) if who.treated else ""
        at: Row = {"VISITNUM": number, "VISIT": label}
        self.rows["SV"].append({"STUDYID": STUDY, "DOMAIN": "SV", "USUBJID": who.id, **at,
                                "VISITDY": planned.get(label, ""), "SVSTDTC": start, "SVENDTC": start,
                                "SVSTDY": known, "SVENDY": known})  # fmt: skip
        return {**at, "DTC": start, "DY": known}

    def add(self, domain: str, who: Patient, at: Row, test: tuple[str, ...], value: Any, **more: Any) -> None:
        """Add one finding; `test` is code, name and category."""
        place = (domain, who.id)
        self._count[place] = self._count.get(place, 0) + 1
        number = value if isinstance(value, int | float) else ""
        unit = more.pop("unit", "")
        row = {"STUDYID": STUDY, "DOMAIN": domain, "USUBJID": who.id, "SEQ": self._count[place],
               "TESTCD": test[0], "TEST": test[1], "CAT": test[2], "ORRES": str(value), "ORRESU": unit,
               "STRESC": str(value), "STRESN": number, "STRESU": unit, "LAT": "", "LOC": "", "REPNUM": "",
               **more}  # fmt: skip
        common = {"STUDYID", "DOMAIN", "USUBJID"}
        named = {key if key in common else domain + key: cell for key, cell in row.items()}
        times = {"VISITNUM": at["VISITNUM"], "VISIT": at["VISIT"], f"{domain}DTC": at["DTC"],
                 f"{domain}DY": at["DY"]}  # fmt: skip
        self.rows[domain].append({**named, **times})


def findings(people: Iterable[Patient]) -> dict[str, list[Row]]:
    """Give visits and what was measured at them."""
    made = Findings()
    for who in people:
        for label, number, planned in VISITS:
            early = planned < 0
            if not who.assigned and label != "SCREENING":
                continue
            if not early and (planned > who.last_day or not who.treated):
                continue
            shift = 0 if planned < 0 or planned == 365 else int(who.rng.integers(-6, 7))
            day = (who.screened - who.first_dose).days if label == "SCREENING" else planned + shift
            at = made.visit(who, label, number, min(day, who.last_day))
            if label != "SCREENING":
                _measure(made, who, at, scanned=label in ("BASELINE", "MONTH 6", "MONTH 12"))
        if who.treated and who.number % 4 == 0 and who.last_day > 140:
            at = made.visit(who, "UNSCHEDULED 3.1", 3.1, 120 + who.number % 7)
            made.add("RS", who, at, ("EDSS0101", "EDSS01-Expanded Disability Score", "EDSS"), who.edss + 0.5)
    return made.rows


def _measure(made: Findings, who: Patient, at: Row, *, scanned: bool) -> None:
    rng = who.rng
    step = float(np.clip(who.edss + rng.choice([-0.5, 0.0, 0.5], p=[0.15, 0.7, 0.15]), 1.0, 9.5))
    made.add("RS", who, at, ("EDSS0101", "EDSS01-Expanded Disability Score", "EDSS"), step)
    for code, (name, highest) in KFSS.items():
        unknown = rng.random() < 0.02
        made.add("RS", who, at, (code, name, "KFSS"), "Unknown" if unknown else int(rng.integers(0, highest)))
    made.add("RS", who, at, ("KFSS102A", "KFSS1-Weakness Interferes With Testing", "KFSS"), "NOT CHECKED")
    walk = 4.0 + step**2 / 4
    for trial in (1, 2):
        time = round(walk * float(rng.uniform(0.92, 1.08)), 1)
        made.add("FT", who, at, ("T25FW101", "T25FW1-Time to Complete 25-Foot Walk", "T25FW"), time,
                 unit="sec", REPNUM=trial)  # fmt: skip
    for side in ("RIGHT", "LEFT"):
        time = round(float(rng.uniform(18, 32)), 1)
        made.add("FT", who, at, ("NHPT0101", "NHPT01-Time to Complete 9-Hole Peg Test", "NHPT"), time,
                 unit="sec", LAT=side)  # fmt: skip
    made.add("FT", who, at, ("PASAT101", "PASAT1-Total Correct", "PASAT"), int(rng.integers(30, 60)))
    made.add("FT", who, at, ("SDMT0101", "SDMT01-Total Score", "SDMT"), int(rng.integers(30, 65)))
    for side in ("RIGHT", "LEFT"):
        acuity, latency = float(rng.choice([-0.1, 0.0, 0.1])), round(float(rng.normal(112, 8)), 1)
        made.add("OE", who, at, ("MNARSLOG", "Log10 Minimum Angle of Resolution", "VISUAL ACUITY"), acuity,
                 unit="logMAR", LAT=side, LOC="EYE")  # fmt: skip
        made.add("NV", who, at, ("P100LAT", "P100 Latency", "VISUAL EVOKED POTENTIAL"), latency, unit="msec",
                 LAT=side, LOC="EYE")  # fmt: skip
    if scanned:
        lesions = {"T2LESNUM": ("Number of T2 Lesions", int(rng.integers(5, 30)), ""),
                   "T2LESVOL": ("Volume of T2 Lesions", round(float(rng.uniform(800, 9000)), 1), "mm3"),
                   "GDLESNUM": ("Number of Gd Enhancing Lesions", int(rng.poisson(0.5)), "")}  # fmt: skip
        for code, (name, value, unit) in lesions.items():
            made.add("NV", who, at, (code, name, "MRI"), value, unit=unit, LOC="BRAIN")


def design() -> dict[str, list[Row]]:
    """Give TS, TA and TV."""
    facts = (
        ("TITLE", "Trial Title", "Synthetic trial of mesenchymal stromal cells in multiple sclerosis"),
        ("INDIC", "Trial Indication", "MULTIPLE SCLEROSIS"), ("RANDOM", "Trial is Randomized", "Y"),
        ("TBLIND", "Trial Blinding Schema", "DOUBLE BLIND"), ("TCNTRL", "Control Type", "PLACEBO"),
        ("INTMODEL", "Intervention Model", "PARALLEL"), ("PLANSUB", "Planned Number of Subjects", "40"),
        ("NARMS", "Planned Number of Arms", "2"),
    )  # fmt: skip
    summary = [{"STUDYID": STUDY, "DOMAIN": "TS", "TSSEQ": 1, "TSPARMCD": code, "TSPARM": name,
                "TSVAL": value} for code, name, value in facts]  # fmt: skip
    arms = [{"STUDYID": STUDY, "DOMAIN": "TA", "ARMCD": code, "ARM": name, "TAETORD": order, "ETCD": element,
             "EPOCH": epoch}
            for code, name in ARMS.items()
            for order, element, epoch in ((1, "SCRN", "SCREENING"), (2, code, "TREATMENT"))]  # fmt: skip
    visits = [{"STUDYID": STUDY, "DOMAIN": "TV", "VISITNUM": number, "VISIT": label,
               "VISITDY": study_day(day), "ARMCD": "", "TVSTRL": label.capitalize()}
              for label, number, day in VISITS]  # fmt: skip
    return {"TS": summary, "TA": arms, "TV": visits}


def protocol() -> str:
    """Give trial.toml, with what SDTM has no place for."""
    head = f"""\
# Written by examples/safety/make_sdtm.py; change it there.

[trial]
id = "{STUDY.lower()}"
title = "Synthetic trial of mesenchymal stromal cells in multiple sclerosis"
design = "rct_parallel"
data_kind = "simulated"
disease = "MS"
masking = "double blind"
edss_scheme = "kurtzke1983"
registered_n = 40

[product]
cell_class = "MSC"
donor = "autologous"
origin = "bone marrow"
site = "intrathecal"

[[arms]]
id = "MSC"
label = "Mesenchymal stromal cells"
planned_n = 20

[[arms]]
id = "PBO"
label = "Placebo"
role = "control"
planned_n = 20
"""
    for label, _, day in VISITS:
        window = "[-14, 0]" if label == "SCREENING" else "[-3, 3]" if label == "BASELINE" else "[-21, 21]"
        head += f'\n[[visits]]\nlabel = "{label}"\nday = {day}\nwindow = {window}\n'
        head += "baseline = true\n" if label == "BASELINE" else ""
    return (
        head
        + """
[[endpoints]]
id = "edss-12"
title = "EDSS better at month 12"
kind = "edss_responder"
visit = "MONTH 12"
definition = "edss-1.0-or-0.5"
primary = true

[[stopping_rules]]
id = "related-serious"
text = "Stop for review at the second serious event related to the cells."
"""
    )


def domains(seed: int = SEED) -> dict[str, list[Row]]:
    """Give every domain of the data set as rows."""
    people = patients(seed)
    exposed, exposed_more = exposure(people)
    events, events_more = adverse_events(people)
    clinical, clinical_more, drugs = relapses(people)
    disposition, history, traits = milestones(people)
    return {
        **design(), "DM": demographics(people), "EX": exposed, "SUPPEX": exposed_more, "AE": events,
        "SUPPAE": events_more, "CE": clinical, "SUPPCE": clinical_more, "CM": drugs, "DS": disposition,
        "MH": history, "SC": traits, **findings(people),
    }  # fmt: skip


def _columns(rows: list[Row]) -> dict[str, bool]:
    """Give the columns in order, and whether each holds numbers."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        name: any(isinstance(row.get(name), int | float) for row in rows)
        and all(row.get(name, "") == "" or isinstance(row[name], int | float) for row in rows)
        for name in names
    }


def _dataset_json(name: str, rows: list[Row]) -> str:
    columns = _columns(rows)
    listed = [
        {"itemOID": f"IT.{name}.{column}", "name": column, "label": column,
         "dataType": "float" if number else "string",
         **({} if number else {"length": max([1, *(len(str(row.get(column, ""))) for row in rows)])})}
        for column, number in columns.items()
    ]  # fmt: skip
    cells = [
        [(row.get(column, "") if row.get(column, "") != "" else None) if number else str(row.get(column, ""))
         for column, number in columns.items()]
        for row in rows
    ]  # fmt: skip
    content = {"datasetJSONCreationDateTime": CREATED, "datasetJSONVersion": "1.1.0", "studyOID": STUDY,
               "itemGroupOID": f"IG.{name}", "records": len(rows), "name": name, "label": LABELS[name],
               "columns": listed, "rows": cells}  # fmt: skip
    return json.dumps(content, indent=None, separators=(",", ":"))


def write(folder: Path, *, kind: str = "dataset-json", seed: int = SEED, with_protocol: bool = True) -> Path:
    """Write the data set into a folder, which is made where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in domains(seed).items():
        path = folder / f"{name.lower()}.{'json' if kind == 'dataset-json' else kind}"
        if kind == "dataset-json":
            path.write_text(_dataset_json(name, rows), encoding="utf-8")
        elif kind == "csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(_columns(rows)), restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        else:
            _write_xpt(path, name, rows)
    if with_protocol:
        (folder / "trial.toml").write_text(protocol(), encoding="utf-8", newline="\n")
    return folder


def _write_xpt(path: Path, name: str, rows: list[Row]) -> None:
    import polars as pl
    import pyreadstat

    frame = pl.DataFrame({
        column: [None if row.get(column, "") == "" else float(row[column]) for row in rows]
        if number
        else [str(row.get(column, "")) for row in rows]
        for column, number in _columns(rows).items()
    })  # fmt: skip
    pyreadstat.write_xport(frame, str(path), table_name=name, file_label=LABELS[name], file_format_version=5)


def main() -> None:
    """Read the command line and write the data set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--format", default="dataset-json", choices=["dataset-json", "csv", "xpt"])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--without-protocol", action="store_true", help="leave out trial.toml")
    given = parser.parse_args()
    write(given.folder, kind=given.format, seed=given.seed, with_protocol=not given.without_protocol)
    print(f"wrote {len(domains(given.seed))} domains to {given.folder}")


if __name__ == "__main__":
    main()
