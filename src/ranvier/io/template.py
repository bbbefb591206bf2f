"""A new, empty trial folder for a site to fill."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

from ranvier.io._dates import date_name
from ranvier.io._draft import new_folder
from ranvier.tables import TABLES, Column

__all__ = ["new_trial"]

PROTOCOL = """\
# The protocol of the trial. Lines that begin with # are explanations or items left out.

[trial]
id = "my-trial"                        # short name, used in file names
title = "Title of the trial"
design = "single_arm"                  # single_arm, single_arm_before_after, rct_parallel, case_series, ...
data_kind = "patients"                 # patients, reconstruction or simulated
disease = "MS"                         # MS, NMOSD or mixed
# masking = "open label"               # who did not know the treatment
# registration = "NCT00000000"
# registered_n = 10                    # patients that the registry announces

# The highest ambulation code of the scoring sheet tells the coding (15 or 16: "0-16"; 12 or 13: "0-12").
# Take the # away from one of the two lines. There is no default, because one code means two different walks.
# ambulation_coding = "0-16"
# ambulation_coding = "0-12"

# What was given, item by item of the DOSES recommendations (doi 10.1177/0363546518798803).
[product]
# cell_class = "MSC"                   # MSC, MSC-NP, MSC-NTF, NSC, BM-MNC, SVF or aHSCT
# donor = "autologous"
# origin = "bone marrow"
# separation = "density gradient, plastic adherence, passage 3"
# exhibited = "CD73+ CD90+ CD105+"
# site = "intrathecal"
# dose = "1e6 cells per kg"
# schedule = "day 0 and day 90"
# co_intervention = "none"

[[arms]]
id = "cells"
label = "Cells"
role = "experimental"                  # experimental or control
# planned_n = 10

# Scheduled visits: day counted from the first dose (day 0), window = days allowed [before, after].
# Exactly one visit is the baseline.
[[visits]]
label = "baseline"
day = -7
window = [-21, 7]
baseline = true

[[visits]]
label = "month 6"
day = 180
window = [-21, 21]

[[visits]]
label = "month 12"
day = 365
window = [-30, 30]

# Relapses that a patient must have had to enter. Choosing patients with recent relapses makes relapses fall
# afterwards without any treatment; with this part the report says by how much.
# [entry]
# rule = "two-in-two-years"            # or "prevent"; or, in place of a name, the rule written out:
# min_relapses = 2
# window_years = 1
# or_else = {min_relapses = 3, window_years = 2, also = {min_relapses = 1, window_years = 1}}
# rate_per_year = 0.6                  # mean of all patients from whom the trial chose, entered or not
# size = 1.24                          # size of the negative binomial of their yearly counts
# source = "where the two numbers were read"

# No evidence of disease activity. Without this part neda-3 without a re-baseline scan is used.
# [neda]
# definition = "neda-3"                # neda-3 or neda-4
# worsening = "cdw-12w"                # what counts as confirmed worsening
# rebaseline_visit = "month 6"         # or rebaseline_days = [150, 240]
# missing = "strict"                   # strict or available

# How lesions of the masks in mri.csv are counted. Without this part the rule is "default".
# [lesions]
# rule = "default"                     # default, mcdonald2017, msseg, anima_evolution, lst, lst_ai, sct
# tool = "LST-AI 1.1.0"                # who or what made the masks, with version
# threshold = 0.5                      # only for probability maps

[[endpoints]]
id = "edss-12"
title = "Change of EDSS at month 12"
kind = "edss_change"                   # edss_responder, edss_change, relapse_rate, lesion_count, acuity, ...
visit = "month 12"
primary = true

# What the trial wants to know, in the five parts of ICH E9(R1). Strategies: treatment policy, hypothetical,
# composite, while on treatment, principal stratum.
# [estimand]
# population = "adults with relapsing MS who got a dose"
# treatment = "cells, whatever else was given"
# endpoint = "change of EDSS from baseline to month 12"
# summary = "mean change"
# intercurrent_events = [
#     { event = "rescue therapy", strategy = "treatment policy" },
#     { event = "death", strategy = "composite" },
# ]
"""

INTRODUCTION = """\
A trial folder for ranvier
==========================

1. Fill in trial.toml: what was planned.
2. Fill in the tables, one row for each patient, visit, dose and so on. subjects and visits are needed.
3. Run:  ranvier check {name}
4. Run:  ranvier report {name} --out report

How to write
- Save from a spreadsheet as "CSV UTF-8 (comma separated)". Numbers have a decimal point.
- Time is whole days from the patient's first dose, which is day 0; days before it are negative.
  In place of a column day you may give a column date, and end_date in place of end_day, and so on;
  dates are year-month-day, such as 2016-03-04. Only the month known: 2016-03. Only the year: 2016.
- What is not known stays empty. Never write -99, NA or n.d.
- yes or no for questions. Upper and lower case do not matter in words that can be chosen.
- Use names for patients that do not identify them.

An asterisk marks what every row needs.
"""


def new_trial(folder: str | os.PathLike[str]) -> Path:
    """Write an empty trial folder: trial.toml to fill, a table of each kind with its columns, and README.txt.

    Parameters
    ----------
    folder : path
        A folder that does not exist yet, or is empty.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        When the folder holds something, or the folder above it does not exist. Nothing is overwritten, and
        nothing is left half-written.

    Examples
    --------
    >>> import tempfile
    >>> made = new_trial(Path(tempfile.mkdtemp()) / "my-trial")
    >>> sorted(path.name for path in made.iterdir())[:3]
    ['README.txt', 'adverse_events.csv', 'doses.csv']
    """
    with new_folder(folder) as draft:
        (draft / "trial.toml").write_text(PROTOCOL, encoding="utf-8", newline="\n")
        readme = "\n".join([INTRODUCTION.format(name=Path(folder).name), *map(_explained, TABLES)])
        (draft / "README.txt").write_text(readme, encoding="utf-8", newline="\n")
        for name, definition in TABLES.items():
            header = ",".join(column.name for column in definition.columns)
            (draft / f"{name}.csv").write_text(header + "\n", encoding="utf-8", newline="\n")
        (draft / "masks").mkdir()
    return Path(folder)


def _explained(name: str) -> str:
    """Explain each column of a table with its unit and range."""
    definition = TABLES[name]
    title = f"{name}.csv{'' if definition.required else ' (if there are any)'}"
    key = ", ".join(definition.key)
    lines = [title, "-" * len(title), f"One row for each {key}.", ""]
    return "\n".join([*lines, *(_line(column) for column in definition.columns), ""])


def _line(column: Column) -> str:
    star = "*" if column.required else " "
    dated = f" Or {date_name(column.name)}." if column.kind == "day" else ""
    text = f"{column.description} {column.range_text[:1].upper()}{column.range_text[1:]}.{dated}"
    head = f"{star} {column.name:<22}"
    return textwrap.fill(text, 110, initial_indent=head, subsequent_indent=" " * len(head))
