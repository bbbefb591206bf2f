"""A registry of your own: read from a folder, checked row by row, reported like the packaged one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.evidence import REGISTRY_RULES, check_registry, read_registry
from ranvier.evidence.collection import TABLE_FILES

PACKAGED = Path(rv.evidence.__file__).parent / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in TABLE_FILES.values():
        (tmp_path / file).write_bytes((PACKAGED / file).read_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def held():
    return rv.evidence.registry()


def test_the_packaged_tables_read_from_a_folder_are_the_packaged_registry(folder, held):
    mine = read_registry(folder)
    for name in TABLE_FILES:
        assert getattr(mine, name).equals(getattr(held, name)), name


def test_tables_that_a_registry_can_do_without_are_empty_when_absent(folder, held):
    for name in ("contradictions", "endpoints", "patients", "sources", "centres", "natural_history"):
        (folder / TABLE_FILES[name]).unlink()
    mine = read_registry(folder)
    assert mine.contradictions.is_empty()
    assert mine.natural_history.equals(held.natural_history)
    assert rv.verdict.study_verdict("uccelli2021", registry=mine).headline[0].endswith("was shown.")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "studies.csv",
            "n_treated",
            "n_treatd",
            r"lacks the columns \['n_treated'\].*Is 'n_treatd' the column",
        ),
        (
            "studies.csv",
            ",13,10,0,10,",
            ",13,ten,0,10,",
            r"row 2, column 'n_treated': 'ten' is not a whole number",
        ),
        ("outcomes.csv", ",6.1,0.6,", ",6.1,x,", r"column 'sd': 'x' is not a number"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_row_and_column(folder, file, old, new, words):
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_registry(folder)


def test_a_missing_or_misspelt_file_is_named(folder):
    (folder / "studies.csv").rename(folder / "study.csv")
    with pytest.raises(InputError, match=r"holds no studies.csv.*There is 'study.csv': rename it"):
        read_registry(folder)
    with pytest.raises(InputError, match="there is no folder"):
        read_registry(folder / "none")


def test_the_packaged_registry_has_no_error_and_asks_what_is_known(held):
    found = check_registry(held)
    assert found.filter(severity="error").is_empty()
    registered = found.filter(rule="registered-n")
    assert ("dahbour2017", "13 registered, 10 reported") in registered.select("subject", "value").rows()
    units = found.filter(rule="unit-not-patients")
    assert {"petrou2020", "it_bmmsc37_2019"} <= set(units["subject"])
    assert found.filter(rule="interval-level", subject="nash2017")["value"].to_list() == ["90"] * 4 + ["IQR"]
    assert {"bonab2005", "bonab2012"} <= set(found.filter(rule="shared-patients")["subject"])


def with_(held, table, study, column, value):
    frame = getattr(held, table)
    first = frame.with_row_index("place").filter(study_id=study)["place"][0]
    cell = pl.when(pl.int_range(frame.height) == first).then(pl.lit(value)).otherwise(pl.col(column))
    return replace(held, **{table: frame.with_columns(cell.cast(frame.schema[column]).alias(column))})


# table, study, column, value, rule, value of the finding
WRONG = [
    ("studies", "fu2016", "study_id", "dahbour2017", "key-twice", "dahbour2017"),
    ("outcomes", "fu2016", "study_id", "fu2017", "key-unknown", "fu2017"),
    ("outcomes", "fu2016", "arm_id", "mesc", "key-unknown", "mesc"),
    ("studies", "fu2016", "design", "rct", "word-unknown", "rct"),
    ("studies", "fu2016", "cell_class", "HSCT", "word-unknown", "HSCT"),
    ("safety", "fu2016", "certainty", "E", "word-unknown", "E"),
    ("outcomes", "bonab2005", "n_events", 9, "events-above-n", "9"),
    ("outcomes", "uccelli2021", "ci_lo", 2.0, "bounds-exchanged", "2.0"),
    ("outcomes", "bonab2005", "n_events", 2, "sum-of-parts", "2 + 2 + 0 = 4, n 5"),
    ("studies", "fu2016", "n_control", 12, "rct-as-single-arm", "12 controls"),
    ("safety", "fu2016", "statement", None, "blank-as-zero", "0"),
]


@pytest.mark.parametrize(("table", "study", "column", "value", "rule", "shown"), WRONG)
def test_what_cannot_be_is_found_in_its_row(held, table, study, column, value, rule, shown):
    before = check_registry(held).filter(rule=rule)
    found = check_registry(with_(held, table, study, column, value)).filter(rule=rule)
    assert found.height > before.height
    assert shown in found["value"].to_list()
    row = found.filter(value=shown).row(0, named=True)
    assert row["file"] == TABLE_FILES[table]
    assert row["row"] >= 2


def test_every_rule_of_a_registry_is_tried_above():
    assert {row[4] for row in WRONG} | {"shared-patients"} >= set(REGISTRY_RULES)
