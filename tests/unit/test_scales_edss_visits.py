"""EDSS of a table of visits: which value is used, why, and where the examiner differs."""

import json

import pandas as pd
import polars as pl
import pytest

from ranvier.errors import InputError
from ranvier.result import TRACE_SCHEMA
from ranvier.scales import EdssRules, edss
from ranvier.tables import FINDING_SCHEMA

VISITS = pl.DataFrame(
    {
        "subject": ["P01", "P01", "P02", "P02", "P03"],
        "day": [0, 84, 0, 91, 0],
        "visual": [1, 1, 0, 0, None],
        "brainstem": [0, 0, 1, 1, 0],
        "pyramidal": [3, 4, 2, None, 2],
        "cerebellar": [2, 3, 2, 2, 2],
        "sensory": [2, 2, 0, 0, 0],
        "bowel_bladder": [1, 1, 0, 0, 0],
        "cerebral": [0, 0, 0, 0, 0],
        "ambulation": [1, 1, 2, 9, 0],
        "edss": [3.5, 4.0, 4.5, 6.5, 2.5],
        "row": [2, 3, 4, 5, 6],
    }
)


def test_each_visit_gets_its_edss_source_and_deciding_rule():
    table = edss(VISITS, ambulation_coding="0-16").table
    assert table.columns == ["subject", "day", "edss", "edss_derived", "edss_recorded", "source", "rule"]
    assert table.select("subject", "day", "edss", "source", "rule").rows() == [
        ("P01", 0, 3.5, "derived", "one grade 3 and one or two grade 2 give 3.5"),
        ("P01", 84, 4.5, "derived", "one grade 4 and one or two grade 3 give 4.5"),
        ("P02", 0, 4.5, "derived", "ambulation code 2 (300–499 m without help) sets at least 4.5"),
        ("P02", 91, 6.5, "derived", "walking decides: code 9 (bilateral aid, 5–119 m) is 6.5"),
        ("P03", 0, 2.5, "recorded", "recorded by the examiner; grades incomplete"),
    ]
    assert table["edss_derived"].to_list() == [3.5, 4.5, 4.5, 6.5, None]


def test_a_different_edss_of_the_examiner_is_a_query_and_the_derived_one_is_used():
    scored = edss(VISITS, ambulation_coding="0-16")
    assert dict(scored.findings.schema) == FINDING_SCHEMA
    assert scored.findings.to_dicts() == [
        {
            "rule": "edss-differs",
            "severity": "query",
            "file": "visits",
            "row": 3,
            "subject": "P01",
            "day": 84,
            "column": "edss",
            "value": "4.0",
            "message": "The examiner recorded EDSS 4.0, but one grade 4 and one or two grade 3 give 4.5.",
            "allowed": "4.5",
            "advice": "Compare grades, ambulation code and EDSS with the score sheet; correct what is wrong.",
        }
    ]


def test_the_trace_has_one_coded_decision_for_each_visit():
    scored = edss(VISITS, ambulation_coding="0-16")
    assert dict(scored.trace.schema) == TRACE_SCHEMA
    assert scored.trace.select("step", "outcome", "reason").rows() == [
        ("score EDSS", "3.5", "one-3-some-2"),
        ("score EDSS", "4.5", "one-4-some-3"),
        ("score EDSS", "4.5", "walk-2"),
        ("score EDSS", "6.5", "walk-9"),
        ("score EDSS", "2.5", "recorded"),
    ]
    assert set(scored.trace["reason"]) <= set(scored.reasons)
    assert scored.explain("P03") == ("day 0, score EDSS: 2.5 — recorded by the examiner; grades incomplete")


def test_every_reason_has_a_sentence():
    reasons = edss(VISITS, ambulation_coding="0-16").reasons
    assert all(isinstance(words, str) and "{" not in words for words in reasons.values())


def test_a_visit_without_grades_and_without_a_record_has_no_edss_and_is_counted():
    scored = edss(VISITS.drop("edss", "row"), ambulation_coding="0-16")
    last = scored.table.row(-1, named=True)
    assert (last["edss"], last["source"]) == (None, None)
    assert last["rule"] == "not known: grades incomplete and nothing recorded by the examiner"
    assert scored.left_out[0].n == 1
    assert "Left out: 1 (visits with incomplete grades and no recorded EDSS)." in scored.explain()
    assert scored.findings.is_empty()
    assert scored.trace["outcome"][-1] == "not known"


def test_the_explanation_counts_derived_recorded_and_different_values():
    text = edss(VISITS, ambulation_coding="0-16").explain()
    assert "4 EDSS derived" in text
    assert "1 taken as the examiner recorded" in text
    assert "differs from the derived one at 1 visit." in text
    assert "Neurostatus 04/10" in text


def test_rules_and_scheme_are_used_and_recorded_in_the_definition():
    scored = edss(
        VISITS,
        ambulation_coding="0-12",
        scheme="kurtzke1983",
        rules=EdssRules(one_four_some_twos=4.0),
    )
    assert scored.definition.to_dict() == {
        "ambulation_coding": "0-12",
        "scheme": "kurtzke1983",
        "rules": {"cerebral_one_counts": True, "one_four_some_twos": 4.0, "one_four_three_threes": 5.0},
        "converted": False,
    }
    assert scored.table["edss"][3] == 8.0  # code 9 of the older coding


def test_the_result_can_be_written_as_json():
    assert json.loads(json.dumps(edss(VISITS, ambulation_coding="0-16").to_dict()))["name"] == "EDSS"


def test_any_dataframe_gives_the_same_table():
    expected = edss(VISITS, ambulation_coding="0-16").table
    pandas = pd.DataFrame(VISITS.to_dict(as_series=False))
    for visits in (VISITS.lazy(), pandas, VISITS.with_columns(pl.col("pyramidal", "day").cast(pl.Float64))):
        assert edss(visits, ambulation_coding="0-16").table.equals(expected)


def test_row_order_does_not_matter_and_more_columns_are_ignored():
    expected = edss(VISITS, ambulation_coding="0-16").table
    turned = edss(VISITS.reverse().with_columns(site=pl.lit("A")), ambulation_coding="0-16").table
    assert turned.reverse().equals(expected)


def test_no_visits_give_an_empty_table():
    scored = edss(VISITS.clear(), ambulation_coding="0-16")
    assert scored.table.height == scored.trace.height == scored.findings.height == 0


def test_a_table_of_nulls_gives_no_edss():
    names = [name for name in VISITS.columns if name not in ("subject", "day")]
    nothing = VISITS.with_columns(pl.lit(None).alias(name) for name in names)
    assert edss(nothing, ambulation_coding="0-16").table["edss"].null_count() == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            pl.Series("cerebral", [0, 0, 0, 9, 0]),
            "visits, subject 'P02', day 91: cerebral is 9; allowed are whole numbers from 0 to 5",
        ),
        (pl.Series("sensory", [2.5, 2, 0, 0, 0]), "subject 'P01', day 0: sensory is 2.5"),
        (pl.Series("sensory", ["2", "2", "0", "0", "0"]), "sensory holds .*'2'"),
        (pl.Series("edss", [3.5, 4.2, 4.5, 6.5, 2.5]), "subject 'P01', day 84: edss is 4.2; allowed are 0"),
        (pl.Series("edss", [0.5, 4.0, 4.5, 6.5, 2.5]), "subject 'P01', day 0: edss is 0.5"),
        (pl.Series("edss", ["3.5"] * 5), "column 'edss' holds String"),
        (pl.Series("day", [0.5, 84.0, 0.0, 91.0, 0.0]), "column 'day' holds 0.5; give whole days"),
        (pl.Series("day", ["0"] * 5), "column 'day' holds String; give whole days"),
    ],
)
def test_a_wrong_value_is_refused_with_subject_day_and_what_is_allowed(change, words):
    with pytest.raises(InputError, match=words):
        edss(VISITS.with_columns(change), ambulation_coding="0-16")


def test_a_misspelt_column_is_refused_with_the_closest_name():
    with pytest.raises(InputError, match=r"lacks the columns \['pyramidal'\].*Did you mean 'pyramidial'"):
        edss(VISITS.rename({"pyramidal": "pyramidial"}), ambulation_coding="0-16")


def test_something_that_is_no_dataframe_is_refused():
    with pytest.raises(InputError, match="visits is a list; give a dataframe"):
        edss([1, 2], ambulation_coding="0-16")
