"""Cells as people write them: what is read, and what becomes a finding."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import polars as pl
import pytest

from ranvier.errors import InputError
from ranvier.tables import FINDING_SCHEMA, READING_RULES, TABLES, parse


def visit(**cells: Any) -> tuple[dict[str, Any], pl.DataFrame]:
    """Read one visit of P1 on day 0 with some more cells; give the row and the findings."""
    raw = pl.DataFrame({"subject": ["P1"], "day": ["0"]} | {name: [cell] for name, cell in cells.items()})
    table, found = parse("visits", raw)
    return table.row(0, named=True), found


def subject(**cells: Any) -> tuple[dict[str, Any], pl.DataFrame]:
    """Read one subject with some more cells."""
    required = {"subject": "P1", "arm": "a", "diagnosis": "MS", "treated": "yes"} | cells
    table, found = parse("subjects", pl.DataFrame({name: [cell] for name, cell in required.items()}))
    return table.row(0, named=True), found


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_gets_all_its_columns_in_order(name: str) -> None:
    raw = pl.DataFrame({column: ["1"] for column in TABLES[name].key})
    table, found = parse(name, raw)
    assert dict(table.schema) == TABLES[name].schema
    assert dict(found.schema) == FINDING_SCHEMA
    assert table["row"].to_list() == [2]


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("edss", "4.5", 4.5),
        ("edss", " 4 ", 4.0),
        ("edss", "\N{NO-BREAK SPACE}4", 4.0),
        ("edss", "", None),
        ("edss", "  ", None),
        ("t25fw_s", "1e1", 10.0),
        ("t25fw_s", ".5", 0.5),
        ("pyramidal", "3", 3),
        ("pyramidal", "3.0", 3),
        ("pyramidal", "+3", 3),
        ("pyramidal", "-99", -99),
        ("rater", " Dr A ", "Dr A"),
        ("visit", "month 6", "month 6"),
    ],
)
def test_cell_is_read(column: str, cell: str, value: object) -> None:
    row, found = visit(**{column: cell})
    assert row[column] == value
    assert found.is_empty()


@pytest.mark.parametrize(
    ("column", "cell", "rule", "advice"),
    [
        ("edss", "4,5", "not-a-number", "Write a decimal point: 4.5."),
        ("edss", "n.d.", "not-a-number", "Leave the cell empty"),
        ("edss", "NaN", "not-a-number", "Leave the cell empty"),
        ("edss", "inf", "not-a-number", "Write a number"),
        ("edss", "1e999", "not-a-number", "Write a number"),
        ("edss", "about 4", "not-a-number", "Write a number"),
        ("pyramidal", "2.5", "not-a-whole-number", "no half grades"),
        ("pyramidal", "2,5", "not-a-whole-number", "without a comma"),
        ("pyramidal", "NA", "not-a-whole-number", "Leave the cell empty"),
        ("pyramidal", "2X", "not-a-whole-number", "Write a whole number"),
        ("pyramidal", "99999999999999999999", "not-a-whole-number", "Write a whole number"),
    ],
)
def test_cell_that_cannot_be_read_is_kept_in_a_finding(
    column: str, cell: str, rule: str, advice: str
) -> None:
    row, found = visit(**{column: cell})
    assert row[column] is None
    finding = found.row(0, named=True)
    assert (finding["rule"], finding["severity"], finding["value"]) == (rule, "error", cell)
    assert (finding["row"], finding["subject"], finding["day"], finding["column"]) == (2, "P1", 0, column)
    assert advice in finding["advice"]
    assert finding["allowed"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("yes", True),
        ("Yes", True),
        ("TRUE", True),
        ("1", True),
        ("no", False),
        ("False", False),
        ("0", False),
    ],
)
def test_flag_is_read(cell: str, value: bool) -> None:
    row, found = subject(treated=cell)
    assert row["treated"] is value
    assert found.is_empty()


def test_word_of_a_choice_is_read_in_any_case_and_kept_as_the_schema_writes_it() -> None:
    row, found = subject(sex="f", diagnosis=" nmosd ", aqp4="POSITIVE")
    assert (row["sex"], row["diagnosis"], row["aqp4"]) == ("F", "NMOSD", "positive")
    assert found.is_empty()


def test_misspelt_word_gets_a_suggestion() -> None:
    row, found = subject(aqp4="positiv")
    assert row["aqp4"] is None
    assert found["advice"].to_list() == ["Did you mean 'positive'?"]
    assert found["allowed"].to_list() == ["one of positive, negative"]


def test_flag_that_is_neither_yes_nor_no() -> None:
    assert subject(treated="perhaps")[1]["rule"].to_list() == ["not-yes-or-no"]


def test_date_in_a_column_of_days_is_told_its_column() -> None:
    _, found = subject(onset_day="2010-05-03")
    assert found["rule"].to_list() == ["not-a-day"]
    assert "onset_date" in found["advice"][0]


def test_names_of_columns_are_read_in_any_case() -> None:
    table, found = parse("visits", pl.DataFrame({" Subject": ["P1"], "DAY ": ["0"], "EDSS": ["4"]}))
    assert table["edss"].to_list() == [4.0]
    assert found.is_empty()


@pytest.mark.parametrize(
    ("column", "rule", "severity", "advice"),
    [
        ("pyramidial", "column-misspelt", "error", "Did you mean 'pyramidal'?"),
        ("acuity_right", "column-unknown", "query", "Did you mean 'acuity_right_logmar'?"),
        ("shoe_size", "column-unknown", "query", "otherwise leave it"),
    ],
)
def test_unknown_column_is_kept_as_text_and_named(column: str, rule: str, severity: str, advice: str) -> None:
    row, found = visit(**{column: "3"})
    assert row[column] == "3"
    assert found.select("rule", "severity", "column").row(0) == (rule, severity, column)
    assert advice in found["advice"][0]


def test_missing_column_that_every_row_needs() -> None:
    _, found = parse(
        "subjects", pl.DataFrame({"subject": ["P1"], "arm": ["a"], "diagnose": ["MS"], "treated": ["no"]})
    )
    assert found.select("rule", "column", "value").rows() == [("column-missing", "diagnosis", "diagnose")]
    assert "Did you mean it by 'diagnose'?" in found["advice"][0]


def test_column_of_dates_is_known() -> None:
    assert subject(onset_date="2010-05-03")[1].is_empty()


def test_rows_without_any_value_are_passed_over_and_the_others_keep_their_number() -> None:
    raw = pl.DataFrame({"subject": ["P1", "", "P2"], "day": ["0", None, "0"]})
    table, found = parse("visits", raw)
    assert table["row"].to_list() == [2, 4]
    assert found.is_empty()


def test_row_numbers_may_be_given() -> None:
    table, _ = parse("visits", pl.DataFrame({"subject": ["P1"], "day": ["0"], "row": [12]}))
    assert table["row"].to_list() == [12]


def test_typed_table_is_read_as_its_text_would_be() -> None:
    raw = pl.DataFrame(
        {
            "subject": [1, 2, 3],
            "day": [0.0, 7.0, 7.5],
            "edss": [4.0, float("nan"), float("inf")],
            "pyramidal": [2.0, 2.5, None],
            "rater": [date(2020, 1, 2), None, None],
        }
    )
    table, found = parse("visits", raw)
    assert table["subject"].to_list() == ["1", "2", "3"]
    assert table["day"].to_list() == [0, 7, None]
    assert table["edss"].to_list() == [4.0, None, None]
    assert table["pyramidal"].to_list() == [2, None, None]
    assert found.select("row", "column", "value").rows() == [
        (3, "pyramidal", "2.5"),
        (4, "day", "7.5"),
        (4, "edss", "inf"),
    ]


def test_parsing_a_parsed_table_changes_nothing() -> None:
    raw = pl.DataFrame({"subject": ["P1", "P2"], "day": ["0", "3"], "edss": ["4.5", ""], "note": ["a", "b"]})
    once, _ = parse("visits", raw)
    twice, found = parse("visits", once)
    assert twice.equals(once)
    assert found["rule"].to_list() == ["column-unknown"]


def test_pandas_table_is_accepted() -> None:
    table, found = parse("visits", pd.DataFrame({"subject": ["P1"], "day": [0], "edss": [4.5]}))
    assert table["edss"].to_list() == [4.5]
    assert found.is_empty()


def test_input_is_not_changed() -> None:
    raw = pl.DataFrame({"Subject": ["P1"], "day": [" 0 "]})
    parse("visits", raw)
    assert raw.columns == ["Subject", "day"]
    assert raw["day"].to_list() == [" 0 "]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (pl.DataFrame({"day": ["0"]}), "'subject' is missing"),
        (pl.DataFrame({"subjct": ["P1"], "day": ["0"]}), "Did you mean 'subjct'"),
        (pl.DataFrame({"subject": ["P1"]}), r"'day' \(or 'date' in a file\) is missing"),
        (pl.DataFrame({"subject": ["P1"], "day": ["0"], "DAY": ["1"]}), "more than once"),
        (pl.DataFrame({"subject": [["P1"]], "day": ["0"]}), "lists"),
        ("visits.csv", "str is not a table"),
    ],
)
def test_table_whose_rows_cannot_be_placed_is_refused(raw: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse("visits", raw)


def test_every_rule_of_reading_has_its_own_name_and_says_what_to_do() -> None:
    ids = [rule.id for rule in READING_RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.message.endswith(".") and rule.advice for rule in READING_RULES)
