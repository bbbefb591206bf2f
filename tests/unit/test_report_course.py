"""Confirmed disability events in a trial report: shares, every event, and what could not be confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

import ranvier as rv
from ranvier.cli.demo import examples
from ranvier.errors import InputError
from ranvier.report.course_marks import event_marks
from ranvier.report.course_section import confirmed_section
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Paragraph
from ranvier.trial import Endpoint, Trial
from ranvier.verdict import Analysis, analyse

LABELS = {-60: None, 0: "baseline", 91: "month 3", 183: "month 6", 365: "month 12"}
Build = Callable[..., Trial]


def numbers(
    build: Build, scores: dict[str, Sequence[float | None]], *endpoints: Endpoint, **more: Any
) -> Analysis:
    return analyse(build(scores, *endpoints, labels=LABELS, **more))


def words(blocks: Sequence[Block]) -> str:
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            parts.append(block.text)
        elif isinstance(block, Bullets):
            parts += [block.title, *block.items]
        elif isinstance(block, DataTable):
            parts += [block.caption, str(block.frame.rows())]
    return "\n".join(parts)


WORSE = {"P1": (4.0, 4.0, 5.0, 5.0, 5.0), "P2": (3.0, 3.0, 3.0, 3.0, 3.0)}


def test_the_share_and_every_event_stand_in_the_section(followed: Build) -> None:
    analysis = numbers(followed, WORSE, relapses=[("P1", 80)])
    worse, better = analysis.confirmed
    assert (worse.shares[0].value, worse.evaluable, better.shares[0].value) == (0.5, 2, 0.0)
    said = words(confirmed_section(analysis))
    assert "Confirmed worsening, definition cdw-12w." in said
    assert "('P1', 'edss', 'worsening', 'RAW', 91, 0, 4.0, 5.0, 1.0, 183," in said
    assert "1.0 above the reference (threshold 1.0); still there up to day 183" in said
    assert "P1. Day 91: EDSS 5.0, 1.0 above the reference of 4.0 (day 0)" in said
    assert "Confirmed improvement, definition cdi-12w: the rules of cdw-12w, for improvement." in said
    assert "No improvement was confirmed." in said


def test_the_reference_is_the_baseline_of_the_protocol_not_the_screening_visit(
    followed: Build,
) -> None:
    analysis = numbers(followed, {"P1": (3.0, 4.0, 4.0, 4.0, 4.0)})
    assert analysis.confirmed[0].events is not None
    assert analysis.confirmed[0].events.table.is_empty()


def test_a_change_at_the_last_visit_is_shown_as_unconfirmed_and_not_counted(followed: Build) -> None:
    analysis = numbers(followed, {"P1": (4.0, 4.0, 4.0, 4.0, 2.0)})
    better = analysis.confirmed[1]
    assert (better.shares[0].value, better.only_at_last_visit) == (0.0, 1)
    said = words(confirmed_section(analysis))
    assert "Unconfirmed (no later visit): 1 patient had an improvement of this size" in said
    assert "P1, day 365: EDSS 2.0, 2.0 below the reference of 4.0; not confirmed" in said


def test_visits_that_can_never_confirm_give_no_share(followed: Build) -> None:
    analysis = numbers(followed, {"P1": (None, 4.0, None, None, 2.0)})
    assert analysis.confirmed[0].evaluable == 0
    assert analysis.confirmed[0].shares == ()
    assert "The visits can never confirm a worsening" in words(confirmed_section(analysis))


def test_the_protocol_names_the_definition(followed: Build) -> None:
    endpoint = Endpoint(id="w", title="W", kind="confirmed_worsening", definition="cdw-24w", primary=True)
    analysis = numbers(followed, WORSE, endpoint)
    assert analysis.confirmed[0].definition.name == "cdw-24w"
    assert analysis.confirmed[0].events is not None
    assert analysis.confirmed[0].events.table["confirmed_day"].to_list() == [365]


def test_a_definition_that_needs_relapses_says_so_when_none_were_recorded(followed: Build) -> None:
    endpoint = Endpoint(id="p", title="P", kind="confirmed_worsening", definition="pira-12w")
    trial = followed(WORSE, endpoint, labels=LABELS)
    tables = {name: frame for name, frame in trial.tables.items() if name != "relapses"}
    analysis = analyse(Trial(protocol=trial.protocol, tables=tables))
    assert analysis.confirmed[0].events is None
    assert "needs relapses, which were not recorded" in words(confirmed_section(analysis))


@pytest.mark.parametrize(
    ("definition", "message"), [("cdw-12", "Did you mean 'cdw-12w'"), ("cdi-12w", "which has no worsening")]
)
def test_a_definition_that_cannot_serve_is_refused(followed: Build, definition: str, message: str) -> None:
    endpoint = Endpoint(id="w", title="W", kind="confirmed_worsening", definition=definition)
    with pytest.raises(InputError, match=message):
        numbers(followed, WORSE, endpoint)


def test_the_figure_marks_reference_event_and_confirmation(followed: Build) -> None:
    analysis = numbers(followed, WORSE)
    assert event_marks(analysis).rows() == [
        ("P1", 0, 4.0, "reference"),
        ("P1", 91, 5.0, "confirmed worsening"),
        ("P1", 183, 5.0, "confirmation"),
    ]
    report = rv.report.build(analysis.trial)
    section = next(part for part in report.sections if part.key == "edss")
    figure = next(
        block for block in section.blocks if isinstance(block, Drawing) and block.key == "edss-course"
    )
    assert "Square: reference of a confirmed event" in figure.description
    assert "confirmed worsening" in figure.svg


@pytest.mark.parametrize("name", ["dahbour_2017", "lu_2012"])
def test_the_reconstructions_say_that_their_falls_are_unconfirmed(name: str) -> None:
    report = rv.report.build(rv.read_trial(examples() / name))
    section = next(part for part in report.sections if part.key == "confirmed")
    said = words(section.blocks)
    assert "Unconfirmed (no later visit): 2 patients had an improvement of this size" in said
    assert "No improvement was confirmed." in said
