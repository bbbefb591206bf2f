"""A tiny SDTM folder for any test to change: two patients with a dose, and what they need."""

from __future__ import annotations

from pathlib import Path

DM = """\
STUDYID,USUBJID,RFSTDTC,RFXSTDTC,RFICDTC,RFPENDTC,SITEID,AGE,AGEU,SEX,ARMCD,ARM,ACTARMCD,ACTARM
S1,P1,2020-03-02,2020-03-02,2020-02-20,2021-03-02,01,40,YEARS,F,MSC,Cells,MSC,Cells
S1,P2,2020-05-10,2020-05-10,2020-05-01,2021-05-10,02,50,YEARS,M,PBO,Placebo,PBO,Placebo
"""
EX = """\
USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXROUTE,EXSTDTC,EXENDTC,EXSTDY
P1,1,AUTOLOGOUS MSC,70000000,CELLS,INTRATHECAL,2020-03-02,2020-03-02,1
P2,1,PLACEBO,0,CELLS,INTRATHECAL,2020-05-10,2020-05-10,1
"""
MH = """\
USUBJID,MHSEQ,MHTERM,MHSTDTC
P1,1,Relapsing-remitting multiple sclerosis,2015-04
P2,1,Secondary progressive multiple sclerosis,
"""


def write_sdtm_folder(folder: Path, **domains: str | None) -> Path:
    """Write CSV domains; those not named are the patients above, None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"dm": DM, "ex": EX, "mh": MH, **domains}.items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder
