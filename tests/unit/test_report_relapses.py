"""Relapses before and after treatment in a report, beside the fall that the entry rule makes by itself."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

import ranvier as rv
from ranvier import course, stats
from ranvier.cli.demo import examples
from ranvier.errors import InputError
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph
from ranvier.trial import Arm, Entry, Protocol, Trial
from ranvier.verdict import EXPECTED_RATES, analyse, assess, compare_periods, expected_falls

TOML = """\
[trial]
id = "small"
title = "A small trial"
design = "single_arm"
data_kind = "patients"
disease = "MS"

[[arms]]
id = "cells"
label = "Cells"

[[visits]]
label = "baseline"
day = 0
window = [-30, 0]
baseline = true

[[visits]]
label = "month 12"
day = 365
window = [-30, 30]
"""

GIVEN = Entry(rule="two-in-two-years", rate_per_year=0.6, size=1.24, source="our registry")
NOBODY_MEETS = Entry(min_relapses=5, window_years=1.0)
Build = Callable[..., Trial]

DAYS: dict[str, tuple[int, ...]] = {
    "P1": (-400, -200, -30),
    "P2": (-300, -100),
    "P3": (-500, -50, 200),
    "P4": (-600, -250, 365),
}
CONTACT = {"P1": 365, "P2": 730, "P3": 200, "P4": 400}


def trial_of(
    build: Build, entry: Entry | None = None, days: dict[str, tuple[int, ...]] | None = None, **more: Any
) -> Trial:
    def change(rows: dict[str, list[dict[str, Any]]]) -> None:
        arms = more.get("arm_of", {})
        rows["subjects"] = [
            {
                "subject": name,
                "arm": arms.get(name, "cells"),
                "diagnosis": "MS",
                "onset_day": -3000,
                "last_contact_day": CONTACT[name],
                "treated": "yes",
            }
            for name in DAYS
        ]
        rows["doses"] = [{"subject": name, "day": 0, "product": "msc"} for name in DAYS]
        rows["visits"] = [
            {"subject": name, "day": day, "visit": label, "edss": 4.0}
            for name in DAYS
            for day, label in ((0, "baseline"), (365, "month 12"))
            if day <= CONTACT[name]
        ]
        rows["relapses"] = [
            {"subject": name, "day": day} for name, row in (days or DAYS).items() for day in row
        ] or [{"subject": "P1", "day": None}]
        rows["mri"], rows["adverse_events"] = [], []

    protocol = replace(Protocol.from_dict(tomllib.loads(TOML)), entry=entry, **more.get("protocol", {}))
    return build(change, protocol)


def blocks_of(trial: Trial, key: str = "relapses") -> tuple[Block, ...]:
    return next(section.blocks for section in rv.report.build(trial).sections if section.key == key)


def words(blocks: Sequence[Block]) -> str:
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            parts.append(block.text)
        elif isinstance(block, Bullets):
            parts += [block.title, *block.items]
        elif isinstance(block, DataTable):
            parts += [block.caption, str(block.frame.rows()), block.note]
    return "\n".join(parts)


def table(blocks: Sequence[Block], caption: str) -> pl.DataFrame:
    return next(b.frame for b in blocks if isinstance(b, DataTable) and b.caption.startswith(caption))


def test_rates_and_ratio_are_those_of_stats(build_trial: Build) -> None:
    trial = trial_of(build_trial)
    found = compare_periods(trial)[0]
    wide = course.relapse_rate(trial.relapses, trial.subjects).table
    before, after = (wide.filter(period=name) for name in ("before", "after"))
    columns = [
        *(part["relapses"].to_list() for part in (before, after)),
        *(part["years"].to_list() for part in (before, after)),
    ]
    assert (found.before.inputs["events"], found.after.inputs["events"]) == (6, 2)
    assert found.before.value == stats.rate(6, sum(columns[2])).value
    exact = stats.before_after(*columns)
    assert (found.ratio.value, found.ratio.low, found.ratio.high, found.ratio.p_value) == (
        exact.value,
        exact.low,
        exact.high,
        exact.p_value,
    )
    assert found.ratio.method == "conditional"


def test_equal_time_is_cut_to_the_shorter_period_of_each_patient(build_trial: Build) -> None:
    found = compare_periods(trial_of(build_trial))[0]
    row = found.compared.filter(
        years_looked_at=1, after_is="equal time", last_relapse_before="counted"
    ).to_dicts()[0]
    # P3 was followed for 200 days: its relapse on day 200 is the last day, the one on day -50 counts. The
    # relapse of P4 on day 365 lies on the first day after a year.
    assert (row["relapses_before"], row["relapses_after"]) == (2 + 2 + 1 + 1, 1)
    assert row["years_before"] == row["years_after"] == pytest.approx((365 * 3 + 200) / 365.25)
    assert found.swapped is not None
    assert found.swapped.p_value == row["p_swapping"]
    exact = stats.before_after([2, 2, 1, 1], [0, 0, 1, 0], 1.0, 1.0, method="permutation")
    assert (found.swapped.value, found.swapped.low, found.swapped.p_value) == (
        exact.value,
        exact.low,
        exact.p_value,
    )


def test_two_years_and_the_last_relapse_not_counted_stand_beside_it(build_trial: Build) -> None:
    rows = compare_periods(trial_of(build_trial))[0].compared.filter(after_is="all follow-up")
    assert rows.select("years_looked_at", "last_relapse_before", "relapses_before").rows() == [
        (1, "counted", 6),
        (1, "not counted", 2),
        (2, "counted", 9),
        (2, "not counted", 5),
    ]


def test_without_an_entry_rule_the_section_says_what_to_write(build_trial: Build) -> None:
    said = words(blocks_of(trial_of(build_trial)))
    assert "a fall cannot be separated from selection" in said
    assert "Write the rule into trial.toml as the part [entry]" in said
    assert "Seen, and expected" not in said


def test_the_expected_fall_is_that_of_stats_and_stands_beside_what_was_seen(build_trial: Build) -> None:
    trial = trial_of(build_trial, GIVEN)
    blocks = blocks_of(trial)
    fit = stats.expected_after_entry(rate=0.6, size=1.24, entry=stats.TWO_IN_TWO_YEARS)
    rows = table(blocks, "Seen, and expected").rows(named=True)
    assert [(row["what"], row["years_looked_at"]) for row in rows] == [
        ("seen", 1),
        ("expected, rate 0.6, size 1.24", 1),
        ("seen", 2),
        ("expected, rate 0.6, size 1.24", 2),
    ]
    for row, years in ((rows[1], "1"), (rows[3], "2")):
        expected = fit.diagnostics["sensitivity"][years]
        assert row["ratio"] == expected["ratio"]
        assert row["ratio_without_last"] == expected["ratio_without_last"]
        assert (row["before_per_year"], row["after_per_year"]) == (expected["before"], expected["after"])
    assert rows[0]["ratio"] == compare_periods(trial)[0].ratio.value
    assert "our registry" in words(blocks)
    assert "meet the rule in all 4 treated patients" in words(blocks)


def test_without_a_rate_several_are_tried_and_said(build_trial: Build) -> None:
    blocks = blocks_of(trial_of(build_trial, Entry(rule="prevent")))
    frame = table(blocks, "Seen, and expected").filter(pl.col("what") != "seen")
    assert frame.height == 2 * len(EXPECTED_RATES)
    assert "gives no rate_per_year and no size; several are tried" in words(blocks)


def test_patients_who_do_not_meet_the_rule_are_counted(build_trial: Build) -> None:
    blocks = blocks_of(trial_of(build_trial, NOBODY_MEETS))
    assert "meet the rule in 0 of 4 treated patients" in words(blocks)


def test_a_rule_and_a_rate_that_do_not_fit_are_refused(build_trial: Build) -> None:
    entry = Entry(min_relapses=9, window_years=1.0, rate_per_year=0.01, source="s")
    with pytest.raises(InputError, match=r"trial\.toml, entry: fewer than one patient in ten million"):
        analyse(trial_of(build_trial, entry))
    with pytest.raises(InputError, match="give rate_per_year, or correct the rule"):
        expected_falls(Entry(min_relapses=60, window_years=0.1))


def test_a_short_record_before_is_named(build_trial: Build) -> None:
    recent = dict.fromkeys(DAYS, (-30, 40))
    assert "No relapse earlier than one year before" in words(blocks_of(trial_of(build_trial, days=recent)))
    late = dict.fromkeys(DAYS, (40,))
    assert "No relapse before the first dose is on record" in words(
        blocks_of(trial_of(build_trial, days=late))
    )
    assert "No relapse" not in words(blocks_of(trial_of(build_trial))).replace("No relapse in either", "")


def test_relapses_that_were_not_recorded_are_not_compared(build_trial: Build) -> None:
    trial = trial_of(build_trial)
    tables = {name: frame for name, frame in trial.tables.items() if name != "relapses"}
    bare = Trial(protocol=trial.protocol, tables=tables)
    assert compare_periods(bare) == ()
    assert "Relapses were not recorded" in words(blocks_of(bare))
    assert not any("entry rule" in line for line in assess(bare).beside)


def test_arms_are_compared_apart(build_trial: Build) -> None:
    trial = trial_of(
        build_trial,
        GIVEN,
        arm_of={"P3": "none", "P4": "none"},
        protocol={
            "design": "rct_parallel",
            "arms": (Arm(id="cells", label="Cells"), Arm(id="none", label="None", role="control")),
        },
    )
    found = compare_periods(trial)
    assert [(part.arm, part.ratio.n) for part in found] == [(", Cells", 2), (", None", 2)]
    frame = table(blocks_of(trial), "Seen, and expected")
    assert {"seen, Cells", "seen, None"} <= set(frame["what"])
    assert not any("entry rule" in line for line in assess(trial).beside)
    without = replace(trial, protocol=replace(trial.protocol, entry=None))
    assert "here the control arm shows how many" in words(blocks_of(without))


def test_the_verdict_sets_the_entry_rule_beside_the_ratio(build_trial: Build) -> None:
    def beside(entry: Entry | None) -> str:
        return "\n".join(assess(trial_of(build_trial, entry)).beside)

    assert "trial.toml names no entry rule" in beside(None)
    given = beside(GIVEN)
    assert "The entry rule alone (at least 2 relapses in the last 2 years" in given
    assert "without any treatment." in given
    assert "of the ratio that was seen holds it." in given
    assert "makes a ratio between 0.31 and 0.87" in beside(Entry(rule="prevent"))


def test_the_json_holds_the_numbers_and_nothing_is_called_an_effect(build_trial: Build) -> None:
    report = rv.report.build(trial_of(build_trial, GIVEN))
    content = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert content["meta"]["relapse_periods"][0]["ratio"]["method"] == "conditional"
    assert len(content["meta"]["expected_falls"]) == 2
    section = next(part for part in report.sections if part.key == "relapses")
    numbers = [e for b in section.blocks if isinstance(b, Numbers) for e in b.estimates]
    assert not any("effect" in estimate.quantity for estimate in numbers)
    assert "effect" not in words(section.blocks[1:]).replace("without any effect", "")


def test_lu_2012_shows_the_section_and_invents_no_entry_rule() -> None:
    trial = rv.read_trial(examples() / "lu_2012")
    assert trial.protocol.entry is None
    blocks = blocks_of(trial)
    assert "a fall cannot be separated from selection" in words(blocks)
    assert table(blocks, "Other ways to look at the same 5 patients").height == 8
