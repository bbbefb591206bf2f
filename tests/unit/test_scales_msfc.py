"""MSFC: z-scores computed by hand, the reference that must be named, and what stays missing."""

import dataclasses
import json

import pandas as pd
import polars as pl
import pytest

from ranvier import course
from ranvier.errors import InputError
from ranvier.result import TRACE_SCHEMA
from ranvier.scales import MsfcReference, msfc

# Round constants, so that every z-score can be checked in the head
OWN = MsfcReference(
    walk_mean_s=6.0,
    walk_sd_s=2.0,
    hand_mean_per_s=0.04,
    hand_sd_per_s=0.01,
    pasat_mean=48.0,
    pasat_sd=10.0,
    source="registry A",
)
SCORES = ["z_walk", "z_hand", "z_pasat", "msfc"]


def visit(walk=6.0, dominant=25.0, other=25.0, pasat=48, day=0, subject="P1"):
    return {
        "subject": subject,
        "day": day,
        "t25fw_s": walk,
        "nhpt_dominant_s": dominant,
        "nhpt_nondominant_s": other,
        "pasat": pasat,
    }


def visits(*rows):
    kinds = {"t25fw_s": pl.Float64, "nhpt_dominant_s": pl.Float64, "nhpt_nondominant_s": pl.Float64}
    return pl.DataFrame(rows, schema_overrides=kinds | {"pasat": pl.Int64}, infer_schema_length=None)


def reason(result, step):
    return result.trace.filter(step=step)["reason"].to_list()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (visit(), [0.0, 0.0, 0.0, 0.0]),
        (visit(walk=8.0), [-1.0, 0.0, 0.0, -1 / 3]),  # slower walk is worse
        (visit(walk=4.0), [1.0, 0.0, 0.0, 1 / 3]),
        (visit(dominant=20.0, other=20.0), [0.0, 1.0, 0.0, 1 / 3]),  # 1/20 = 0.05
        (visit(dominant=20.0, other=50.0), [0.0, -0.5, 0.0, -1 / 6]),  # (0.05 + 0.02) / 2 = 0.035, not 1/35
        (visit(pasat=58), [0.0, 0.0, 1.0, 1 / 3]),
        (visit(walk=10.0, dominant=50.0, other=50.0, pasat=28), [-2.0, -2.0, -2.0, -2.0]),
    ],
)
def test_the_composite_is_the_mean_of_three_z_scores(given, expected):
    result = msfc(visits(given), reference=OWN)
    assert result.table.select(SCORES).row(0) == pytest.approx(expected, abs=1e-12)


def test_the_task_force_reference_has_its_own_constants():
    # (9.5353 - 6) / 11.4058; ((1/20 + 1/22) / 2 - 0.0439) / 0.0101; (50 - 45.0311) / 12.0771
    result = msfc(visits(visit(6.0, 20.0, 22.0, 50)), reference="task-force")
    assert result.table.select(SCORES).row(0) == pytest.approx(
        [0.309956, 0.378938, 0.411432, 0.366775], abs=1e-6
    )
    mean = msfc(visits(visit(9.5353, 1 / 0.0439, 1 / 0.0439, 45)), reference="task-force").table
    assert mean.select("z_walk", "z_hand").row(0) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_the_code_of_those_unable_to_walk_is_13_7_standard_deviations_below():
    result = msfc(visits(visit(165.79476, 777.0, 777.0, 0)), reference="task-force")
    assert result.table["z_walk"][0] == pytest.approx(-13.7, abs=1e-6)
    assert reason(result, "z_hand") == ["over-limit"]


def test_the_reference_must_be_given_and_is_printed():
    with pytest.raises(TypeError, match="reference"):
        msfc(visits(visit()))
    assert "task force" in msfc(visits(visit()), reference="task-force").method
    for constant in ("9.5353", "11.4058", "0.0439", "0.0101", "45.0311", "12.0771"):
        assert constant in msfc(visits(visit()), reference="task-force").explain()
    assert "Reference: registry A: walk 6 s (SD 2)" in msfc(visits(visit()), reference=OWN).method
    with pytest.raises(InputError, match="Did you mean 'task-force'"):
        msfc(visits(visit()), reference="taskforce")


def test_a_missing_component_is_not_imputed_and_says_why():
    result = msfc(
        visits(
            visit(walk=None, day=0),
            visit(dominant=None, day=1),
            visit(other=None, day=2),
            visit(dominant=None, other=None, day=3),
            visit(pasat=None, day=4),
            visit(day=5),
        ),
        reference=OWN,
    )
    assert result.table["msfc"].to_list() == [None] * 5 + [0.0]
    assert result.table["z_walk"].to_list() == pytest.approx([None, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert reason(result, "z_walk") == ["missing"] + ["scored"] * 5
    hands = ["missing-dominant", "missing-nondominant", "missing-hands"]
    assert reason(result, "z_hand") == ["scored", *hands, "scored", "scored"]
    assert reason(result, "z_pasat") == ["scored"] * 4 + ["missing", "scored"]
    assert reason(result, "msfc") == ["incomplete"] * 5 + ["mean-of-three"]
    assert result.left_out[0].n == 5
    assert set(result.trace["reason"]) <= set(result.reasons)
    assert "day 2, z_hand: not known — the other hand was not recorded; not imputed" in result.explain("P1")


def test_times_beyond_the_limits_of_the_manual_are_scored_and_marked():
    rows = visits(visit(walk=180.0, other=300.0), visit(walk=180.1, day=1), visit(dominant=300.1, day=2))
    result = msfc(rows, reference=OWN)
    assert reason(result, "z_walk") == ["scored", "over-limit", "scored"]
    assert reason(result, "z_hand") == ["scored", "scored", "over-limit"]
    assert result.table["msfc"].null_count() == 0
    assert "2 components with a time beyond the limit" in result.method


def test_the_own_baseline_gives_mean_and_sd_of_each_component():
    baseline = visits(
        visit(4.0, 20.0, 20.0, 40, subject="P1"),
        visit(6.0, 25.0, 25.0, 50, subject="P2"),
        visit(8.0, 50.0, 50.0, None, subject="P3"),
    )
    own = MsfcReference.from_baseline(baseline)
    assert (own.walk_mean_s, own.walk_sd_s) == (6.0, 2.0)
    assert own.hand_mean_per_s == pytest.approx(0.11 / 3)  # 0.05, 0.04, 0.02
    assert own.hand_sd_per_s == pytest.approx(((0.04**2 + 0.01**2 + 0.05**2) / 9 / 2) ** 0.5)
    assert (own.pasat_mean, own.pasat_sd) == pytest.approx((45.0, 50**0.5))
    assert own.source == "the study's own baseline (walk 3, hands 3, PASAT 2 patients)"
    assert msfc(baseline, reference=own).table["z_walk"].to_list() == [1.0, 0.0, -1.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([visit(), visit()], r"\['P1'\] have more than one baseline row"),
        ([visit()], "1 different value of walk"),
        ([visit(4.0, 20.0, 20.0), visit(5.0, 20.0, 20.0, 47, subject="P2")], "1 different value of hand"),
        ([visit(pasat=None), visit(5.0, 20.0, 20.0, None, subject="P2")], "0 different values of pasat"),
    ],
)
def test_a_baseline_without_spread_is_no_reference(rows, words):
    with pytest.raises(InputError, match=words):
        MsfcReference.from_baseline(visits(*rows))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"walk_sd_s": 0.0}, r"walk_sd_s is 0\.0"),
        ({"pasat_sd": -1.0}, r"pasat_sd is -1\.0"),
        ({"hand_sd_per_s": float("nan")}, "hand_sd_per_s is nan"),
        ({"walk_mean_s": None}, "walk_mean_s is None"),
        ({"source": " "}, "source is empty"),
    ],
)
def test_a_reference_is_checked_when_made(change, words):
    with pytest.raises(InputError, match=words):
        dataclasses.replace(OWN, **change)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (visit(walk=0.0), r"subject 'P1', day 0: t25fw_s is 0; allowed are seconds above 0"),
        (visit(walk=float("inf")), "t25fw_s is inf"),
        (visit(dominant=0.0), "nhpt_dominant_s is 0"),
        (visit(other=-3.0), "nhpt_nondominant_s is -3"),
        (visit(pasat=61), "pasat is 61; allowed are 0 to 60"),
        (visit(pasat=-1), "pasat is -1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_place(given, words):
    with pytest.raises(InputError, match=words):
        msfc(visits(given), reference=OWN)


def test_a_part_of_a_point_or_of_a_day_is_refused():
    for name in ("pasat", "day"):
        rows = visits(visit()).with_columns(pl.lit(45.5).alias(name))
        with pytest.raises(InputError, match=rf"{name} is 45\.5; allowed are whole numbers"):
            msfc(rows, reference=OWN)


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match=r"lacks the columns \['pasat'\].*Did you mean 'pasat3'"):
        msfc(visits(visit()).rename({"pasat": "pasat3"}), reference=OWN)


def test_pandas_and_an_empty_table_are_ordinary_input():
    rows = visits(visit(8.0), visit(pasat=None, day=90))
    frame = pd.DataFrame(rows.to_dict(as_series=False))
    assert msfc(frame, reference=OWN).table.equals(msfc(rows, reference=OWN).table)
    empty = msfc(rows.clear(), reference=OWN)
    assert empty.table.columns == ["subject", "day", *SCORES]
    assert empty.table.height == 0
    assert dict(empty.trace.schema) == TRACE_SCHEMA


def test_the_result_is_json_ready_with_its_reference():
    ready = json.loads(json.dumps(msfc(visits(visit()), reference=OWN).to_dict()))
    assert ready["definition"]["source"] == "registry A"


def test_the_course_takes_the_composite_as_an_outcome():
    walks = [6.0, 6.0, 12.0, 12.0]  # msfc 0, 0, -1, -1: higher is better, so that this is a worsening
    rows = visits(*(visit(walk, day=90 * place) for place, walk in enumerate(walks)))
    scored = rows.join(msfc(rows, reference=OWN).table, on=["subject", "day"])
    rule = course.ChangeRule(
        name="msfc-half",
        outcomes=("msfc",),
        thresholds=(course.Threshold(low=-50.0, high=10.0, change=0.5),),
        source="test",
        lower_is_better=False,
    )
    definition = dataclasses.replace(
        course.CDW_12W,
        name="msfc-12w",
        source="test",
        outcomes=(course.Outcome(column="msfc", worsening=rule),),
    )
    found = course.events(scored, definition=definition)
    kept = ("measure", "event", "day", "reference", "value", "threshold", "confirmed_day")
    assert found.table.select(kept).rows() == [("msfc", "worsening", 180, 0.0, -1.0, 0.5, 270)]
    assert "MSFC" in found.method
    assert "1.0 below the reference of 0.0" in found.explain("P1")
