"""The pages about the course engine hold what the code does; run this file to write them anew."""

# ruff: noqa: E501 (lines of the pages are lines of Markdown)

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ranvier import course
from ranvier.course import PRESETS, Baseline, Confirmation, Definition, RelapseWindows, Selection, Window
from ranvier.course.parts import Around

ROOT = Path(__file__).resolve().parents[2]
PRESET_PAGE = ROOT / "docs" / "definitions" / "course_presets.md"
VALIDATION_PAGE = ROOT / "docs" / "validation" / "course.md"
CASES = ROOT / "tests" / "golden" / "msprog_cases.json"
GOLDEN = ROOT / "tests" / "golden" / "msprog.json"
EDSSPROGRESSION = ROOT / "tests" / "golden" / "edssprogression.json"
MSOUTCOMES = ROOT / "tests" / "golden" / "msoutcomes.json"

PRESET_HEAD = """\
# Presets of the disease course

`ranvier.course.preset(name)` gives a definition by name; `definition.settings()` gives its paragraph for a methods section and
a hash. Vary one with `dataclasses.replace`. A test compares this page with the code. Where a source was not at hand in full,
the last line of a section says what stands in.

## Threshold rules of the EDSS

| rule | for | reference | smallest change that counts |
|---|---|---|---|
"""

VALIDATION_HEAD = """\
# Disease course: agreement with the peers, and where ranvier differs

The script `tests/golden/msprog.R` runs the R package msprog ({version}, R {r}) on {sets} option sets and {data} synthetic data
sets ({names}: 20 patients each, with shuffled rows, several visits on one day, missing values,
single visits, relapses on visit days, before the first visit and none at all). `compat="msprog"` gives the same **{events} events** in every one of the
{cells} combinations: patient, type, day, value, reference, confirmation and relapse-free day of each window, days sustained.
{failed}
The **{milestones} milestones** of {levels} more option sets (`value_milestone`) are the same too.
No disagreement is left on the list of the test. One behaviour is out of reach: imputing with a probability between 0 and 1 is
unseeded there.

Without `compat` ranvier applies the rules as they are written in words. The differences, each with one patient (EDSS unless
said otherwise, confirmed after 84 days; tests/unit/test_course_mistakes.py holds the same as tests):

"""


def around(part: Around) -> str:
    ends = ["joined" if days is None else f"{days}" for days in (part.before, part.after)]
    return f"{ends[0]} before, {ends[1]} after"


def window(part: Window) -> str:
    return f"{part.days} (−{part.left}, {'no limit' if part.right is None else f'+{part.right}'})"


def options_of(definition: Definition) -> list[tuple[str, str]]:
    base, confirm, near = definition.baseline, definition.confirmation, definition.relapses
    return [
        ("outcome", ", ".join(part.column for part in definition.outcomes)),
        ("rule of worsening", ", ".join(f"`{part.worsening.name}`" for part in definition.outcomes)),
        ("rule of improvement", ", ".join(f"`{part.better_rule.name}`" for part in definition.outcomes)),
        ("baseline", base.scheme),
        ("first reference", base.start),
        ("moves after a relapse", "yes" if base.after_relapse else "no"),
        ("never better", "yes" if base.never_better else "no"),
        ("level after an event", base.level_after_event),
        *(
            [("better level held, days", str(base.hold_days)), ("references", base.references)]
            if base.scheme == "best held" else []
        ),
        ("confirmation, days", "; ".join(window(part) for part in confirm.windows)),
        ("must hold at", confirm.check),
        ("sustained", "to the end" if confirm.to_end else str(confirm.sustained_days or "no condition")),
        ("days from relapse (reference, event, confirmation)", f"{near.to_baseline}, {near.to_event}, {near.to_confirmation}"),
        ("RAW, days after and before onset", f"{near.association}"),
        ("relapse-free: preceding visit", f"{around(near.free.preceding)} ({near.free.preceding_visit})"),
        ("relapse-free: event", around(near.free.event)),
        ("relapse-free: confirmation", around(near.free.confirmation)),
        ("events kept", definition.selection.events),
        ("search goes on from", definition.selection.proceed_from),
        ("settings hash", f"`{definition.settings().hash[:16]}`"),
    ]  # fmt: skip


def preset_page() -> str:
    rows = [
        f"| {letter} | {label} | {f'{band.low:g}' if band.low == band.high else f'{band.low:g} to {band.high:g}'} "
        f"| {band.change:g} |"
        for letter, pair in course.EDSS_RULES.items()
        for label, rule in zip(("worsening", "improvement"), pair, strict=True)
        for band in rule.thresholds
    ]
    parts = [PRESET_HEAD + "\n".join(rows) + "\n"]
    for definition in PRESETS.values():
        table = "\n".join(f"| {name} | {value} |" for name, value in options_of(definition))
        parts.append(
            f"\n## `{definition.name}`\n\nSource: {definition.source}\n\n| option | value |\n|---|---|\n{table}\n\n"
            f"{definition.note}\n"
        )
    return "".join(parts)


def change(definition: Definition, **parts: Any) -> Definition:
    return dataclasses.replace(definition, **parts)


ALL = Selection(events="all")
FIXED_ALL = change(course.ROVING_12W, baseline=Baseline())
NEAR = RelapseWindows(to_baseline=(0, 0))
SDMT = change(course.CDW_12W, outcomes=(course.Outcome(column="sdmt", worsening=course.SDMT_4_OR_20),))
PAIR = (Window(days=168, left=7, right=730), Window(days=84, left=7, right=30))
NARROW = change(course.CDW_12W, confirmation=Confirmation(windows=(Window(days=84, left=7, right=14),)))
PIRA_FIXED = change(course.PIRA_12W, baseline=Baseline())

# title, why, scores by day, relapses (onset, end), definition, level of a milestone
DIFFERENCES: list[tuple[str, str, dict[int, float], list[tuple[int, int | None]], Definition, float | None]] = [
    (
        "A relapse shortly before the first visit counts",
        (
            "msprog drops relapses that begin earlier than the days kept between relapse and reference, so that a worsening "
            "well within the days of association is not RAW."
        ),
        {0: 4, 20: 5, 110: 5, 200: 5}, [(-40, None)], change(course.ROVING_12W, relapses=NEAR), None,
    ),
    (
        "A step left by a relapse is not PIRA later",
        (
            "With a reference that does not move, msprog skips the RAW event and takes the next visit of the same step, by "
            "then far enough from the relapse, for PIRA."
        ),
        {0: 4, 90: 4, 180: 5, 270: 5, 360: 5}, [(170, None)], PIRA_FIXED, None,
    ),
    (
        "One step is one event",
        "With a reference that does not move and all events kept, msprog counts the same lasting step again and again.",
        {0: 4, 90: 5, 180: 5, 270: 5, 360: 5, 450: 5}, [], FIXED_ALL, None,
    ),
    (
        "A relapse step is not counted again after re-baselining",
        "msprog may place the new reference between the relapse and the step that it has just counted.",
        {0: 4, 60: 4, 90: 5, 180: 5, 270: 5, 360: 5}, [(50, None)],
        change(course.CDW_12W, baseline=Baseline(after_relapse=True), relapses=NEAR, selection=ALL), None,
    ),
    (
        "The reference moves after every relapse",
        "msprog moves it only when a later visit differs from the old reference; otherwise it ends the search.",
        {0: 4, 90: 3.5, 180: 3.5, 270: 4.5, 360: 4.5}, [(50, None)],
        change(course.CDW_12W, baseline=Baseline(after_relapse=True)), None,
    ),
    (
        "Relapse end dates bound a relapse",
        "Given end dates, msprog calls every worsening RAW, even years after the end.",
        {0: 4, 90: 4, 180: 5, 270: 5}, [(30, 60)],
        change(course.ROVING_12W, relapses=RelapseWindows(end_days=True)), None,
    ),
    (
        "A change that did not last hides nothing",
        (
            "Asked for worsening that lasts to the end, msprog moves a roving reference after a confirmed change that it then "
            "refuses, and no longer sees the same step when it comes to stay."
        ),
        {0: 3, 90: 4, 180: 4, 270: 3.5, 360: 4, 450: 4, 540: 4.5}, [],
        change(course.ROVING_12W, confirmation=Confirmation(to_end=True)), None,
    ),
    (
        "The order of confirmation windows does not matter",
        "msprog confirms at the first visit of the window that is named first (here 168 days or 84 days).",
        {0: 4, 90: 5, 180: 5, 270: 4, 360: 5}, [], change(course.CDW_12W, confirmation=Confirmation(windows=PAIR)), None,
    ),
    (
        "Never better, where lower is worse",
        "msprog keeps the higher number, which on the SDMT (here) is the better one, and sees a fall of 5 points.",
        {0: 50, 100: 56, 200: 51, 300: 51}, [(60, None)],
        change(SDMT, baseline=Baseline(after_relapse=True, never_better=True)), None,
    ),
    (
        "A milestone is searched visit by visit",
        "After an attempt that fails, msprog jumps behind the whole plateau (milestone 6).",
        {0: 6, 40: 6, 130: 6, 200: 5}, [], NARROW, 6.0,
    ),
    (
        "A milestone near a relapse",
        "msprog forgets its own condition on relapses where higher is worse (milestone 6, 30 days after a relapse).",
        {0: 5, 90: 6, 180: 6, 270: 6}, [(80, None)],
        change(course.CDW_12W, relapses=RelapseWindows(to_event=(30, 0))), 6.0,
    ),
]  # fmt: skip

MORE = """\
## Other differences

- **Two rows of one patient and day.** msprog keeps the last row of the file. ranvier takes equal values as one visit and refuses
  different ones.
- **Order of relapses.** msprog's search for the next relapse follows the order of the file; ranvier sorts.
- **Rounding.** msprog compares floats as they are, so that 4.1 s to 4.92 s is not 20 %; ranvier allows 1e-9.
- **A worsening that began with a relapse but was confirmed from a later visit** keeps its origin: RAW, not PIRA.
- **The value of a visit is never overwritten.** With the never-better option msprog writes the old value into the data.
- **Imputing** draws from a seed and the patient's name, so that order and company of patients do not matter.
- **Days without a date, relapses of unknown patients** are refused; msprog drops them.

## R and Python

The Python package pymsprog (1.0.7) was run once by hand on the same option sets without end dates and the data sets regular and
irregular; this is no part of the tests. Of 285 combinations that it finished, 275 gave the patients, types and days of msprog.
The ten others:

- three with re-baselining and relapses in shuffled order: msprog's answer hangs on the order of the file, pymsprog's and
  ranvier's do not;
- four with the longer confirmation window named first: msprog confirms by the window named first;
- three with changes of the SDMT below the threshold: pymsprog moves the reference in the wrong direction, msprog does not.

It stopped with an error in 13 combinations, and does not know the word "change" for changes below the threshold in 14.
"""


PEERS = """\

## EDSSProgression (Bern and Vienna)

`tests/golden/edssprogression.py` runs the Python package EDSSProgression (commit {commit}) on {sets} option sets and three
synthetic data sets of 70 patients (regular, irregular, crowded with relapses). `Baseline(scheme="best held", references="two")`
gives the same **{events} events** in all {cells} combinations, with type, value and reference: {types}. The preset
`bern-vienna` holds the options that the package recommends. Not built: its merging of events and the search of earlier
references for one that is far enough (backtracking).

## MSoutcomes (MSBase)

`tests/golden/msoutcomes.R` runs the R package MSoutcomes ({version}) on the same data. Of its **{found} events** (confirmed
worsening after 3 and 6 months, sustained to the end or not; improvement; PIRA) ranvier has all but {lost}, with day, value and
reference, and {more} more:

- {last} more because the patient's last visit lies within 30 days of a relapse. The package measures how long a worsening lasts up
  to its last visit away from relapses, so that nothing is "sustained to the end" there; in words it is.
- {qualifying} more, and the one event that differs, because of the reference after an event. In words it is the lowest score within the confirmation
  period; the package takes the lowest of those visits that would themselves be confirmed.

**Secondary progression** (`secondary_progression`, to the end): of {spms} patients whom the package finds, ranvier finds
{both}, {same} of them on the same day. The package forgives one visit below the threshold, waives the pyramidal grade from EDSS 5.5,
moves the reference after a relapse only when disability is left, and may put the onset at the baseline visit itself; none of
this is in the abstract of the paper that ranvier follows.
"""


def peers() -> str:
    golden = json.loads(EDSSPROGRESSION.read_text(encoding="utf-8"))
    lines = [line for case in golden["cases"] for kept in case["events"].values() for line in kept]
    types = Counter(line.split("|")[2] for line in lines)
    kept = json.loads(MSOUTCOMES.read_text(encoding="utf-8"))
    tests = ROOT / "tests" / "golden" / "test_msoutcomes.py"
    spec = importlib.util.spec_from_file_location("msoutcomes_golden", tests)
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    known = [(line, why) for found in other.KNOWN.values() for line, why in found.items()]
    more = [why for line, why in known if line.startswith("+")]
    onsets = [other.spms(name) for name in other.DATA]
    return PEERS.format(
        commit=golden["commit"], sets=len(golden["cases"]), events=len(lines),
        cells=len(golden["cases"]) * len(golden["cases"][0]["events"]),
        types=", ".join(f"{n} {kind}" for kind, n in sorted(types.items())),
        version=kept["version"], found=sum(len(other.theirs(ask, name)) for ask in other.ASKS for name in other.DATA),
        lost=sum(line.startswith("-") for line, _ in known), more=len(more),
        last=more.count(other.LAST_VISIT), qualifying=more.count(other.QUALIFYING),
        spms=sum(len(there) for _, there in onsets), both=sum(len(here.keys() & there.keys()) for here, there in onsets),
        same=sum(there.get(subject) == day for here, there in onsets for subject, day in here.items()),
    )  # fmt: skip


def outcome_of(difference: tuple[Any, ...], compat: str | None) -> str:
    _, _, scores, attacks, definition, level = difference
    column = definition.outcomes[0].column
    visits = pl.DataFrame(
        {"subject": ["P1"] * len(scores), "day": list(scores), column: [float(v) for v in scores.values()]}
    )
    relapses = pl.DataFrame(
        [("P1", *attack) for attack in attacks],
        schema={"subject": pl.String, "day": pl.Int64, "end_day": pl.Int64}, orient="row",
    )  # fmt: skip
    asked = change(definition, compat=compat)
    if level is None:
        found = course.events(visits, relapses, definition=asked)
    else:
        found = course.milestone(visits, relapses, level=level, definition=asked)
    said = [
        " ".join(filter(None, [row["type"] or row["event"], f"on day {row['day']}"]))
        for row in found.table.iter_rows(named=True)
    ]
    return ", ".join(said) or "no event"


def validation_page() -> str:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    events = sum(len(case["events"]) for row in golden["results"] for case in row)
    failed = sum(len(case["failed"]) for row in golden["results"] for case in row)
    head = VALIDATION_HEAD.format(
        version=golden["version"][0], r=golden["R"][0], sets=len(golden["results"]), data=len(golden["data"]),
        names=", ".join(golden["data"]), events=events, cells=len(golden["results"]) * len(golden["data"]),
        milestones=sum(len(case["events"]) for row in golden["milestones"] for case in row),
        levels=len(golden["milestones"]),
        failed=f"msprog stopped with an error for {failed} patients; they are left out."
        if failed else "msprog stopped with an error nowhere in this grid.",
    )  # fmt: skip
    parts = [head]
    for difference in DIFFERENCES:
        title, why, scores, attacks, *_ = difference
        days = " | ".join(str(day) for day in scores)
        values = " | ".join(f"{value:g}" for value in scores.values())
        relapses = "; ".join(f"day {day}" + ("" if end is None else f" to day {end}") for day, end in attacks)
        parts.append(
            f"## {title}\n\n{why}\n\n| day | {days} |\n|---|{'---|' * len(scores)}\n| score | {values} |\n\n"
            f"Relapse: {relapses or 'none'}. ranvier: **{outcome_of(difference, None)}**; msprog: "
            f"**{outcome_of(difference, 'msprog')}**.\n\n"
        )
    return "".join([*parts, MORE, peers()])


@pytest.mark.parametrize(
    ("path", "make"),
    [(PRESET_PAGE, preset_page), (VALIDATION_PAGE, validation_page)],
    ids=["presets", "validation"],
)
def test_page_holds_what_the_code_does(path: Path, make: Any) -> None:
    assert path.read_text(encoding="utf-8") == make()


@pytest.mark.parametrize("difference", DIFFERENCES, ids=[row[0] for row in DIFFERENCES])
def test_each_difference_is_one(difference: tuple[Any, ...]) -> None:
    assert outcome_of(difference, None) != outcome_of(difference, "msprog")


if __name__ == "__main__":
    PRESET_PAGE.write_text(preset_page(), encoding="utf-8")
    VALIDATION_PAGE.write_text(validation_page(), encoding="utf-8")
