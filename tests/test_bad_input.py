"""Every way in which input can be wrong, and the words that say so.

Two tables: calls that are refused with an `InputError`, and trial folders with a mistake. Add a row for each
new public function and each new mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import DefinitionError, InputError, RanvierError

VISIT = pl.DataFrame({"subject": ["P1"], "day": ["0"]})
COURSE = pl.DataFrame({"subject": ["P1", "P1"], "day": [0, 90], "edss": [4.0, 5.0]})
SCHEDULE: dict[str, Any] = {"schedule": pl.DataFrame(), "arms": [], "ambulation_coding": None}
EYE = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
MASK, WIDE = rv.mri.mask_from_array([[[1]]], EYE), rv.mri.mask_from_array([[[1, 0]]], EYE)
MSFC: dict[str, Any] = {
    "walk_mean_s": 6.0,
    "walk_sd_s": 2.0,
    "hand_mean_per_s": 0.05,
    "hand_sd_per_s": 0.01,
    "pasat_mean": 48.0,
    "pasat_sd": 10.0,
    "source": "test",
}

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("tables.table", ("visit",), {}, InputError, r"unknown table 'visit'.*Did you mean 'visits'"),
    ("tables.empty", ("visit",), {}, InputError, r"unknown table 'visit'"),
    ("tables.parse", ("visit", VISIT), {}, InputError, r"unknown table 'visit'"),
    ("tables.parse", ("visits", VISIT.drop("day")), {}, InputError, r"visits: the column 'day'.* is missing"),
    ("tables.parse", ("visits", {"subject": ["P1"]}), {}, InputError, r"dict is not a table"),
    ("tables.check", ({},), SCHEDULE, InputError, r"schedule lacks the columns \['visit'"),
    (
        "tables.check",
        ({},),
        SCHEDULE | {"ambulation_coding": "0-15"},
        InputError,
        r"unknown ambulation_coding",
    ),
    ("read_trial", ("no-such-folder",), {}, InputError, r"there is no folder 'no-such-folder'"),
    ("io.read_trial", (__file__,), {}, InputError, r"there is no folder"),
    ("io.new_trial", (__file__,), {}, InputError, r"is there already"),
    ("io.new_trial", ("no-such-folder/new",), {}, InputError, r"no folder 'no-such-folder' to write into"),
    ("io.write_trial", (None, __file__), {}, InputError, r"is there already"),
    ("read_sdtm", ("no-such-folder",), {}, InputError, r"there is no folder 'no-such-folder'"),
    ("io.read_sdtm", (Path(__file__).parent,), {}, InputError, r"tests holds no DM \(dm\.xpt"),
    ("io.read_sdtm", ("x",), {"arm": "actaul"}, InputError, r"unknown arm 'actaul'.*'actual'"),
    ("io.read_sdtm", ("x",), {"products": {"A": "mscs"}}, InputError, r"unknown product 'mscs'.*'msc'"),
    ("io.write_sdtm", (None, __file__), {}, InputError, r"is there already"),
    ("io.write_sdtm", (None, "new"), {"format": "sas"}, InputError, r"unknown format 'sas'.*'xpt'"),
    ("course.secondary_progression", (COURSE,), {}, InputError, r"needs relapses; give an empty table"),
    (
        "course.secondary_progression",
        (COURSE, VISIT.drop("day").clear().with_columns(day=pl.lit(0))),
        {},
        InputError,
        r"visits lacks the columns \[.pyramidal.\]",
    ),
    (
        "course.SpmsDefinition",
        (),
        {"name": "x", "source": "y", "least_edss": 12.0},
        DefinitionError,
        r"least_edss is 12\.0; it must lie between 0 and 10",
    ),
    ("io.read_table", ("no-such-file.csv", "visits"), {}, InputError, r"there is no file 'no-such-file.csv'"),
    (
        "io.write_course",
        (__file__,),
        {"events": VISIT, "trace": VISIT, "settings": {}},
        InputError,
        r"is a file; name a folder",
    ),
    ("trial.Entry", (), {}, InputError, r"needs min_relapses and window_years, or rule as one of"),
    ("trial.Entry", (), {"rule": "prevnt"}, InputError, r"Did you mean 'prevent'"),
    ("trial.NedaPlan", (), {"missing": "strickt"}, InputError, r"Did you mean 'strict'"),
    (
        "verdict.expected_falls",
        (rv.trial.Entry(min_relapses=9, window_years=1.0, rate_per_year=0.01, source="s"),),
        {},
        InputError,
        r"trial.toml, entry: fewer than one patient in ten million",
    ),
    (
        "trial.IntercurrentEvent",
        (),
        {"event": "death", "strategy": "ignore"},
        InputError,
        r"unknown strategy of",
    ),
    (
        "trial.Estimand",
        (),
        {"population": "", "treatment": "x", "endpoint": "x", "summary": "x"},
        InputError,
        r"population of the estimand is empty",
    ),
    (
        "mri.read_mask",
        ("no-such-mask.nii.gz",),
        {},
        InputError,
        r"no file 'no-such-mask.nii.gz'.*missing visit",
    ),
    ("mri.read_mask", (Path(__file__),), {}, InputError, r"test_bad_input.py: not a NIfTI file"),
    ("mri.read_mask", (Path(__file__).parent,), {}, InputError, r"tests is a folder"),
    ("mri.mask_from_array", ([[1]], EYE), {}, InputError, r"shape \(1, 1\); a mask is one volume"),
    ("mri.mask_from_array", ([[[1]]], [[1.0]]), {}, InputError, r"affine must be 4 × 4"),
    ("mri.mask_from_array", ([[[-1]]], EYE), {}, InputError, r"lowest value is -1.*Is it an image"),
    ("mri.mask_from_array", ([[[0.4]]], EYE), {}, InputError, r"a probability map. Say above which"),
    ("mri.mask_from_array", ([[[1]]], EYE), {"threshold": 1}, InputError, r"must lie between 0 and 1"),
    ("mri.mask_from_array", ([[[2]]], EYE), {"threshold": 0.5}, InputError, r"leave the threshold out"),
    ("mri.mask_from_array", ([[[float("nan")]]], EYE), {}, InputError, r"not all values are finite"),
    (
        "mri.Rule",
        (),
        {"name": "x", "source": "y", "connectivity": 4},
        DefinitionError,
        r"one of \[6, 18, 26\]",
    ),
    ("mri.rule_preset", ("mcdonald",), {}, InputError, r"Did you mean 'mcdonald2017'"),
    ("mri.lesions", (MASK,), {"rule": "defalt"}, InputError, r"Did you mean 'default'"),
    ("mri.lesions", ([[[1]]],), {"rule": "default"}, InputError, r"list is not a mask; make one with"),
    ("mri.summary", (MASK,), {"rule": 26}, InputError, r"26 is not a rule; give a Rule or one of"),
    ("mri.sensitivity", (MASK, WIDE), {"rule": "sct"}, InputError, r"shapes \(1, 1, 1\) and"),
    ("mri.agreement", (MASK, WIDE), {"rule": "sct"}, InputError, r"shapes \(1, 1, 1\) and"),
    ("mri.compare", (MASK, WIDE), {"rule": "default"}, InputError, r"\(1, 1, 1\) and \(1, 1, 2\)"),
    ("mri.compare", (MASK, MASK), {"rule": "sct", "on_geometry": "ask"}, InputError, r"one of \['error'"),
    ("course.kappa", ([True], []), {}, InputError, r"first has 1 verdicts and second 0"),
    ("course.kappa_matrix", ([1],), {}, InputError, r"give True or False for each definition"),
    ("course.relapse_preset", ("sakure",), {}, InputError, r"Did you mean 'sakura'"),
    ("course.ObjectiveRule", (), {}, DefinitionError, r"without a criterion"),
    ("course.RelapseDefinition", (), {"name": "", "source": "x"}, DefinitionError, r"needs a name"),
    (
        "course.accepted_relapses",
        (VISIT,),
        {"definition": rv.course.PREVENT},
        InputError,
        r"lacks the columns \['objective', 'committee'\]",
    ),
    ("course.preset", ("cdw-12",), {}, InputError, r"unknown definition 'cdw-12'.*Did you mean 'cdw-12w'"),
    (
        "course.events",
        (COURSE.drop("day"),),
        {"definition": "cdw-12w"},
        InputError,
        r"lacks the columns \['day'\]",
    ),
    ("course.events", (COURSE,), {"definition": "cdw-1w"}, InputError, r"unknown definition 'cdw-1w'"),
    (
        "course.events",
        (COURSE,),
        {"definition": "pira-12w"},
        InputError,
        r"needs relapses; give an empty table",
    ),
    ("course.worsening", (COURSE,), {"definition": "cdi-12w"}, InputError, r"keeps 'first improvement'"),
    ("course.improvement", (COURSE,), {"definition": "cdw-12w"}, InputError, r"keeps 'first worsening'"),
    (
        "course.milestone",
        (COURSE,),
        {"level": "six", "definition": "cdw-12w"},
        InputError,
        r"level is 'six'; it must be a number",
    ),
    ("course.neda", (COURSE, None, None), {}, InputError, r"give either schedule or horizon_days"),
    ("course.neda_preset", ("neda-5",), {}, InputError, r"unknown definition of NEDA 'neda-5'"),
    (
        "course.NedaDefinition",
        (),
        {"name": "n", "source": "s", "rebaseline": (9, 3)},
        DefinitionError,
        r"first and its last day",
    ),
    ("course.grid", ("cdw-12w", {}), {}, DefinitionError, r"'cdw-12w' is no definition"),
    (
        "course.grid",
        (rv.course.CDW_12W, {"baseline.sheme": ["fixed"]}),
        {},
        InputError,
        r"unknown option 'baseline.sheme'.*Did you mean 'baseline.scheme'",
    ),
    ("course.multiverse", (COURSE,), {"definitions": []}, InputError, r"give a list of one or more"),
    ("course.multiverse", (COURSE,), {"definitions": ["cdw-12"]}, InputError, r"Did you mean 'cdw-12w'"),
    (
        "course.multiverse",
        (COURSE,),
        {"definitions": ["cdw-12w", "CDW_12W"]},
        InputError,
        r"two definitions are named 'cdw-12w'",
    ),
    (
        "course.multiverse",
        (COURSE.drop("edss"),),
        {"definitions": ["cdw-12w"]},
        InputError,
        r"lacks the columns \['edss'\]",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "composite", "seed": 1},
        InputError,
        r"rater error is known for \['edss'\] only",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "cdw-12w", "seed": -1},
        InputError,
        r"seed is -1; it must be a whole number of 0 or more",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "cdw-12w", "seed": 1, "repeats": 0},
        InputError,
        r"repeats is 0; it must be a whole number of 1 or more",
    ),
    (
        "course.false_positive_rate",
        (COURSE,),
        {"definition": "cdw-12w", "seed": 1, "error": "between-rater"},
        InputError,
        r"'between-rater'.*Did you mean 'between-raters'",
    ),
    (
        "course.false_positive_rate",
        (COURSE.clear(),),
        {"definition": "cdw-12w", "seed": 1},
        InputError,
        r"no patient has an EDSS",
    ),
    (
        "course.definition_from",
        ({"preset": "cdw-12w", "baseline": {"visits": "two"}},),
        {},
        DefinitionError,
        r"baseline.visits is 'two'; it must be a whole number",
    ),
    (
        "course.definition_from",
        ({"presets": "cdw-12w"},),
        {},
        DefinitionError,
        r"no option 'presets'.*Did you mean 'preset'",
    ),
    ("io.read_course", ("no-visits.csv",), {}, InputError, r"there is no file 'no-visits.csv'"),
    ("io.read_definition", (__file__,), {}, InputError, r"a file that ends in .toml or .json"),
    ("io.read_definition", ("no.toml",), {}, InputError, r"there is no file 'no.toml'"),
    ("course.time_to_event", (COURSE, COURSE), {}, InputError, r"DataFrame holds no events"),
    ("io.read_grades", ("nothing.csv",), {}, InputError, r"there is no file 'nothing\.csv'"),
    ("io.write_table", (VISIT, "table.xlsx"), {}, InputError, r"cannot be written as 'table\.xlsx'.*\.csv"),
    ("io.write_table", (VISIT, "nowhere/t.csv"), {}, InputError, r"there is no folder 'nowhere'"),
    ("scales.edss_step", [2] * 8, {"ambulation_coding": "0-15"}, InputError, r"unknown ambulation_coding"),
    ("scales.edss_step", [2.5] * 8, {"ambulation_coding": "0-16"}, InputError, r"visual is 2\.5"),
    ("scales.edss", (VISIT,), {"ambulation_coding": "0-16"}, InputError, r"visits.*'?visual'?"),
    ("scales.logmar", (0.5,), {"notation": "decimals"}, InputError, r"unknown notation.*'decimal'"),
    ("scales.logmar", (-0.5,), {"notation": "decimal"}, InputError, r"-0\.5"),
    ("scales.acuity", ([0.5],), {"notation": "snelen"}, InputError, r"unknown notation.*'snellen'"),
    ("scales.msfc", (VISIT,), {"reference": "task-forse"}, InputError, r"unknown reference.*'task-force'"),
    (
        "scales.msfc",
        (VISIT,),
        {"reference": "task-force"},
        InputError,
        r"visits lacks the columns \['t25fw_s'",
    ),
    ("scales.MsfcReference", (), MSFC | {"walk_sd_s": 0.0}, InputError, r"walk_sd_s is 0\.0; .* above 0"),
    ("scales.MsfcReference.from_baseline", (VISIT,), {}, InputError, r"visits lacks the columns"),
    ("course.change_rule", ("edss-1",), {}, InputError, r"unknown.*'edss-1'.*'edss-1\.0"),
    ("course.change", (VISIT, SCHEDULE["schedule"]), {}, InputError, r"lacks the columns \['edss'\]"),
    ("course.at_schedule", (VISIT, pl.DataFrame()), {"column": "eds"}, InputError, r"'eds'.*'edss'"),
    ("course.relapse_rate", (VISIT, VISIT), {}, InputError, r"subjects lacks the columns \['treated'"),
    ("mri.change", (VISIT, pl.DataFrame()), {"column": "t2"}, InputError, r"'t2'"),
    ("evidence.serious_events", (), {"cell_class": "MCS"}, InputError, r"unknown cell_class 'MCS'"),
    ("verdict.read_claims", ("nothing.toml",), {}, InputError, r"there is no file nothing\.toml"),
    ("verdict.study_verdict", ("uccelli",), {}, InputError, r"'uccelli'"),
    ("verdict.say", ("no_such_sentence",), {}, InputError, r"unknown sentence 'no_such_sentence'"),
    ("verdict.outcome", ("eds",), {}, InputError, r"'eds'"),
]


def test_registry_names_what_it_does_not_hold() -> None:
    registry = rv.evidence.registry()
    with pytest.raises(InputError, match=r"'uccelli'"):
        registry.study("uccelli")
    with pytest.raises(InputError, match=r"unknown disease 'MSS'.*'MS'"):
        registry.placebo_response(disease="MSS", route="IV", cell_class="MSC")
    with pytest.raises(InputError, match=r"unknown cell_class 'stem'"):
        registry.placebo_response(disease="MS", route="IV", cell_class="stem")


def test_data_with_errors_are_refused_by_whatever_judges_them(trial_folder: Path) -> None:
    swapped("visits.csv", "4.5", "4.25")(trial_folder)
    trial = rv.read_trial(trial_folder)
    for judge in (rv.verdict.analyse, rv.verdict.assess, rv.report.build):
        with pytest.raises(InputError, match=r"the data hold 1 error; the first is edss-grid in visits\.csv"):
            judge(trial)


def test_claims_that_are_no_claims_are_refused(tmp_path: Path) -> None:
    claims = tmp_path / "claims.toml"
    claims.write_text("[article]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"claims"):
        rv.verdict.read_claims(claims)


def test_report_is_not_saved_under_another_ending(tmp_path: Path) -> None:
    report = rv.report.Report(title="T", subtitle="", sections=())
    with pytest.raises(InputError, match=r"cannot be saved as 'a\.pdf'; use \.html or \.json"):
        report.save(tmp_path / "a.pdf")
    with pytest.raises(InputError, match=r"folder .* does not exist"):
        report.save(tmp_path / "b" / "a.html")


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    function: Any = rv
    for part in name.split("."):
        function = getattr(function, part)
    with pytest.raises(error, match=words):
        function(*arguments, **options)


Change = Callable[[Path], object]


def text(name: str, content: str) -> Change:
    """Write one file."""
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


def content(name: str, content: bytes) -> Change:
    """Write one file of bytes."""
    return lambda folder: (folder / name).write_bytes(content)


def renamed(old: str, new: str) -> Change:
    """Rename one file."""
    return lambda folder: (folder / old).rename(folder / new)


def removed(name: str) -> Change:
    """Remove one file."""
    return lambda folder: (folder / name).unlink()


def swapped(name: str, old: str, new: str) -> Change:
    """Change text in one file, once."""

    def change(folder: Path) -> None:
        before = (folder / name).read_text(encoding="utf-8")
        assert old in before
        (folder / name).write_text(before.replace(old, new, 1), encoding="utf-8")

    return change


# what is wrong with the folder, words of the message
REFUSED: dict[str, tuple[Change, str]] = {
    "no protocol": (removed("trial.toml"), r"holds no trial\.toml"),
    "misspelt protocol": (renamed("trial.toml", "trail.toml"), r"There is 'trail\.toml'"),
    "protocol is no TOML": (
        text("trial.toml", "[trial]\nid = x\n"),
        r"trial\.toml is not valid TOML.*line 2",
    ),
    "protocol of binary": (content("trial.toml", b"\xff\xfe\0"), r"trial\.toml is in UTF-16"),
    "unknown key": (swapped("trial.toml", "disease =", "desease ="), r"unknown key 'desease'.*'disease'"),
    "unknown coding": (swapped("trial.toml", '"0-16"', '"0-15"'), r"unknown ambulation_coding '0-15'"),
    "control character": (
        swapped("subjects.csv", "P1", "P\x071"),
        r"subjects\.csv, line 2: there is a control character \(0x07\); delete it",
    ),
    "unknown cell class": (
        swapped("trial.toml", "[[arms]]", '[product]\ncell_class = "MSCs"\n\n[[arms]]'),
        r"unknown cell_class 'MSCs'.*Did you mean 'MSC'",
    ),
    "control arm without control": (
        swapped("trial.toml", 'label = "Cells"', 'label = "Cells"\nrole = "control"'),
        r"design 'single_arm' has no control group.*\['cells'\]",
    ),
    "unknown entry rule": (
        swapped("trial.toml", "[[arms]]", '[entry]\nrule = "prevnt"\n\n[[arms]]'),
        r"trial\.toml, entry: unknown rule of \[entry\] 'prevnt'.*Did you mean 'prevent'",
    ),
    "entry rule without its window": (
        swapped("trial.toml", "[[arms]]", "[entry]\nmin_relapses = 2\n\n[[arms]]"),
        r"\[entry\] needs min_relapses and window_years",
    ),
    "re-baseline at no visit": (
        swapped("trial.toml", "[[arms]]", '[neda]\nrebaseline_visit = "month 6"\n\n[[arms]]'),
        r"unknown rebaseline_visit of \[neda\] 'month 6'.*'month 12'",
    ),
    "unknown design": (
        swapped("trial.toml", "single_arm", "one_arm"),
        r"unknown design 'one_arm'.*'single_arm'",
    ),
    "no subjects": (removed("subjects.csv"), r"neither subjects\.csv nor subjects\.parquet"),
    "misspelt file": (renamed("visits.csv", "visit.csv"), r"visit\.csv is not.*Did you mean 'visits\.csv'"),
    "file in capitals": (renamed("visits.csv", "Visits.CSV"), r"Did you mean 'visits\.csv'"),
    "misspelt optional file": (renamed("doses.csv", "dosis.csv"), r"Did you mean 'doses\.csv'"),
    "old copy": (text("visits_old.csv", "a\n"), r"visits_old\.csv is not the name of a table"),
    "Excel workbook": (
        renamed("visits.csv", "visits.xlsx"),
        r"visits\.xlsx is not read: save it as visits\.csv",
    ),
    "empty file": (text("visits.csv", ""), r"visits\.csv is empty"),
    "file of blank lines": (text("visits.csv", "\n \n"), r"visits\.csv is empty"),
    "workbook called csv": (
        content("visits.csv", b"PK\x03\x04\x14\0"),
        r"visits\.csv is not.*an Excel workbook",
    ),
    "binary": (content("visits.csv", b"a,b\n\0,1\n"), r"visits\.csv is not a text file: it holds binary"),
    "Latin-1": (
        content("visits.csv", b"subject,day\nJos\xe9,1\n"),
        r"visits\.csv, line 2: byte 0xe9 is not UTF-8",
    ),
    "UTF-16": (content("visits.csv", "subject,day".encode("utf-16")), r"visits\.csv is in UTF-16"),
    "semicolons": (text("visits.csv", "subject;day\nP1;0\n"), r"separated by semicolons; commas are needed"),
    "tabs": (text("visits.csv", "subject\tday\nP1\t0\n"), r"separated by tabs; commas are needed"),
    "short row": (text("visits.csv", "subject,day,edss\nP1,0,4\nP1,9\n"), r"visits\.csv, line 3: 2 cells"),
    "long row": (text("visits.csv", "subject,day,edss\nP1,0,4,5\n"), r"visits\.csv, line 2: 4 cells"),
    "open quote": (text("visits.csv", 'subject,day\n"P1,0\n'), r"visits\.csv, line 2: quotes are wrong"),
    "stray quote": (text("visits.csv", 'subject,day\n"P"1,0\n'), r"visits\.csv, line 2: quotes are wrong"),
    "no column of days": (
        text("visits.csv", "subject,edss\nP1,4\n"),
        r"visits\.csv: the column 'day'.*missing",
    ),
    "no column of subjects": (text("visits.csv", "subjekt,day\nP1,4\n"), r"Did you mean 'subjekt'"),
    "column twice": (
        text("visits.csv", "subject,day,Day\nP1,4,5\n"),
        r"\['day'\] stand there more than once",
    ),
    "column without a name": (
        text("visits.csv", "subject,day,\nP1,4,5\n"),
        r"column 3 holds values but has no name",
    ),
    "column called row": (text("visits.csv", "subject,day,row\nP1,4,5\n"), r"the column 'row' is taken"),
    "no patients": (text("subjects.csv", "subject,arm\n"), r"subjects\.csv holds no patients yet"),
    "day and date": (
        text("visits.csv", "subject,day,date\nP1,4,2016-01-01\n"),
        r"both 'day' and 'date' are given",
    ),
    "dates without dated doses": (
        text("visits.csv", "subject,date\nP1,2016-01-01\n"),
        r"doses\.csv gives days",
    ),
    "no Parquet": (content("mri.parquet", b"PAR1 but not really"), r"mri\.(csv and mri\.)?parquet"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_folder_is_refused_in_words(trial_folder: Path, change: Change, words: str) -> None:
    change(trial_folder)
    with pytest.raises(InputError, match=words):
        rv.read_trial(trial_folder)


FIRST_VISIT = "P1,-7,baseline,1,1,3,2,2,1,1,2,4.5"

# what is wrong with a table; then rule, file, row and column of the finding
FOUND: dict[str, tuple[Change, tuple[str, str, int | None, str]]] = {
    "half grade": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,2.5,2,2,1,1,2,4.5"),
        ("not-a-whole-number", "visits.csv", 2, "pyramidal"),
    ),
    "EDSS 4.25": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,3,2,2,1,1,2,4.25"),
        ("edss-grid", "visits.csv", 2, "edss"),
    ),
    "decimal comma": (
        swapped("visits.csv", FIRST_VISIT, 'P1,-7,baseline,1,1,3,2,2,1,1,2,"4,5"'),
        ("not-a-number", "visits.csv", 2, "edss"),
    ),
    "n.d.": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,3,2,2,1,1,2,n.d."),
        ("not-a-number", "visits.csv", 2, "edss"),
    ),
    "-99": (
        swapped("visits.csv", FIRST_VISIT, "P1,-7,baseline,1,1,3,2,2,1,-99,2,4.5"),
        ("functional-system-range", "visits.csv", 2, "cerebral"),
    ),
    "two rows for one visit": (
        swapped("visits.csv", "P1,365,month 12", "P1,-7,"),
        ("visit-duplicate", "visits.csv", 3, "day"),
    ),
    "subject in visits but not in subjects": (
        swapped("visits.csv", "P2,-10", "P7,-10"),
        ("subject-unknown", "visits.csv", 4, "subject"),
    ),
    "days in the wrong order": (
        swapped("relapses.csv", "P1,100,130", "P1,100,13"),
        ("end-before-start", "relapses.csv", 3, "end_day"),
    ),
    "negative count": (
        swapped("mri.csv", "P1,-7,brain,10,900,1", "P1,-7,brain,10,900,-1"),
        ("count-negative", "mri.csv", 2, "gad_count"),
    ),
    "missing column": (
        swapped("subjects.csv", ",diagnosis,", ",disease,"),
        ("column-missing", "subjects.csv", None, "diagnosis"),
    ),
    "misspelt column": (
        swapped("visits.csv", "pyramidal", "pyramidial"),
        ("column-misspelt", "visits.csv", None, "pyramidial"),
    ),
    "date in a column of days": (
        swapped("relapses.csv", "P1,100,130", "P1,100,2016-03-04"),
        ("not-a-day", "relapses.csv", 3, "end_day"),
    ),
    "no ambulation coding": (
        swapped("trial.toml", "ambulation_coding", "# ambulation_coding"),
        ("ambulation-coding-missing", "visits.csv", 2, "ambulation"),
    ),
}


@pytest.mark.parametrize(("change", "finding"), FOUND.values(), ids=FOUND)
def test_mistake_in_a_table_is_an_error_that_says_where(
    trial_folder: Path, change: Change, finding: tuple[str, str, int | None, str]
) -> None:
    change(trial_folder)
    errors = rv.read_trial(trial_folder).check().table.filter(severity="error")
    assert finding in errors.select("rule", "file", "row", "column").rows()
    assert errors["advice"].str.len_chars().min() > 10  # type: ignore[operator]


@pytest.mark.parametrize(
    "change", ["half grade", "EDSS 4.25", "n.d.", "negative count", "days in the wrong order"]
)
def test_one_mistake_is_one_error(trial_folder: Path, change: str) -> None:
    FOUND[change][0](trial_folder)
    errors = rv.read_trial(trial_folder).check().table.filter(severity="error")
    assert errors.height == 1
