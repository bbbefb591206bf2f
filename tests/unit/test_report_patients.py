"""The figure of each patient: reference, thresholds, event and confirmation on the curve, and in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from matplotlib.figure import Figure

import ranvier as rv
from ranvier.cli.demo import examples
from ranvier.report import patient_figure
from ranvier.report.drawing import DAYS_PER_MONTH
from ranvier.report.model import Block, Drawing, Paragraph
from ranvier.report.patients import patients_section
from ranvier.trial import Endpoint, Trial
from ranvier.verdict import analyse

LABELS = {0: "baseline", 91: None, 183: None, 365: "month 12"}
STABLE = (4.0, 4.0, 4.0, 4.0)
WORSE = (4.0, 5.0, 5.0, 5.0)
Build = Callable[..., Trial]
Scores = dict[str, Sequence[float | None]]


def section(build: Build, scores: Scores, *endpoints: Endpoint, **more: Any) -> list[Block]:
    return patients_section(analyse(build(scores, *endpoints, labels=LABELS, **more)))


def drawings(blocks: Sequence[Block]) -> list[Drawing]:
    return [block for block in blocks if isinstance(block, Drawing)]


def intro(blocks: Sequence[Block]) -> str:
    assert isinstance(blocks[0], Paragraph)
    return blocks[0].text


def test_confirmed_worsening_shows_reference_threshold_and_confirmation(followed: Build) -> None:
    (figure,) = drawings(section(followed, {"P1": WORSE}))
    columns = ["day", "edss", "reference", "change", "worse_from", "better_from", "what"]
    assert figure.data.frame.select(columns).rows() == [
        (0, 4.0, 4.0, 0.0, 5.0, 3.0, "reference"),
        (91, 5.0, 4.0, 1.0, 5.0, 3.0, "confirmed worsening"),
        (183, 5.0, 4.0, 1.0, 5.0, 3.0, "confirmation"),
        (365, 5.0, 4.0, 1.0, 5.0, 3.0, ""),
    ]
    said = figure.description
    assert "Reference 4.0 (day 0); worsening counts from 5.0; improvement counts from 3.0." in said
    assert "1.0 above the reference of 4.0 (day 0) with a threshold of 1.0: worsening confirmed" in said
    assert "does not ask for events of this kind" not in said, "the other search judges improvement only"
    for label in ("worse from 5.0", "better from 3.0", "reference 4.0", "confirmed worsening", "dose"):
        assert f">{label}<" in figure.svg


def test_change_at_the_last_visit_is_marked_as_unconfirmed(followed: Build) -> None:
    (figure,) = drawings(section(followed, {"P1": (4.0, 4.0, 4.0, 2.0)}))
    assert figure.data.frame["what"].to_list() == ["", "", "", "unconfirmed improvement"]
    assert figure.description.count("it is the last visit, so that nothing can confirm the change") == 1


def test_patient_without_a_change_is_drawn_in_a_small_trial_and_it_is_said(followed: Build) -> None:
    (figure,) = drawings(section(followed, {"P1": STABLE}))
    assert figure.description.endswith("No change reached the threshold.")
    assert "relapse" not in figure.svg


def test_relapses_are_crosses_and_early_ones_are_counted(followed: Build) -> None:
    (figure,) = drawings(section(followed, {"P1": WORSE}, relapses=[("P1", 80), ("P1", -900)]))
    assert ">relapse<" in figure.svg
    assert "1 relapse more than a year before the first visit not drawn." in figure.description


def test_relapse_before_the_first_visit_lies_inside_the_figure(
    followed: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    def keep(key: str, paint: Callable[[Figure], None], **_: Any) -> str:
        figure = Figure()
        paint(figure)
        limits.append(figure.axes[0].get_xlim())
        return ""

    monkeypatch.setattr(patient_figure, "draw", keep)
    section(followed, {"P1": WORSE}, relapses=[("P1", -183)])
    assert limits[0][0] * DAYS_PER_MONTH < -183
    assert limits[0][1] * DAYS_PER_MONTH > 365


def test_one_visit_gives_no_reference_and_says_so(followed: Build) -> None:
    (figure,) = drawings(section(followed, {"P1": (4.0, None, None, None)}))
    assert "Without a reference no change of the EDSS can be judged." in figure.description
    assert figure.data.frame["reference"].to_list() == [None]


def test_thresholds_beyond_the_ends_of_the_scale_are_not_drawn(followed: Build) -> None:
    lowest, highest = drawings(section(followed, {"P1": (0.0,) * 4, "P2": (10.0,) * 4}))
    assert lowest.data.frame.select("worse_from", "better_from").row(0) == (1.5, None)
    assert highest.data.frame.select("worse_from", "better_from").row(0) == (None, 9.5)


def test_moving_reference_gives_each_visit_its_own(followed: Build) -> None:
    endpoint = Endpoint(id="w", title="W", kind="confirmed_worsening", definition="roving-12w")
    (figure,) = drawings(section(followed, {"P1": (5.0, 3.0, 3.0, 4.0)}, endpoint))
    assert figure.data.frame["worse_from"].to_list()[0] == 6.0
    assert figure.data.frame["worse_from"].to_list()[-1] == 4.0
    assert "improvement has its own" in figure.data.note


def test_definitions_that_differ_are_named(followed: Build) -> None:
    endpoint = Endpoint(id="w", title="W", kind="confirmed_worsening", definition="cdw-24w")
    (figure,) = drawings(section(followed, {"P1": WORSE}, endpoint))
    assert "By cdw-24w, day 91: EDSS 5.0" in figure.description


def test_larger_trials_show_patients_with_a_change_and_stop_at_forty(followed: Build) -> None:
    mixed = {f"W{n}": WORSE for n in range(2)} | {f"S{n:02d}": STABLE for n in range(11)}
    blocks = section(followed, mixed)
    assert [figure.title for figure in drawings(blocks)] == ["W0.", "W1."]
    assert "2 patients with a confirmed or an unconfirmed change; 11 of 13 had none." in intro(blocks)
    nobody = section(followed, {f"S{n:02d}": STABLE for n in range(13)})
    assert intro(nobody) == "None of 13 patients had a change that reached the threshold; nobody is drawn."


@pytest.mark.slow
def test_the_cap_says_how_many_are_left_out(followed: Build) -> None:
    blocks = section(followed, {f"W{n:02d}": WORSE for n in range(43)})
    assert len(drawings(blocks)) == 40
    assert "The first 40 are drawn; 3 patients left out." in intro(blocks)


def test_patients_without_edss_are_counted(followed: Build) -> None:
    blocks = section(followed, {"P1": WORSE, "P2": (None,) * 4})
    assert "1 treated patient without any EDSS cannot be drawn." in intro(blocks)
    assert section(followed, {"P1": (None,) * 4}) == []


def test_names_with_markup_are_text_and_ids_are_unique(followed: Build) -> None:
    name = '<b onload="x">P&1</b>'
    page = rv.report.build(followed({name: WORSE, "P2": WORSE}, labels=LABELS)).html()
    assert "<b onload" not in page
    assert page.count('id="patient-1"') == page.count('id="patient-2"') == 1
    assert "patient-1-axes_1" in page


def test_same_trial_gives_the_same_bytes(followed: Build) -> None:
    first, second = (drawings(section(followed, {"P1": WORSE}))[0] for _ in range(2))
    assert first.svg == second.svg


def test_page_of_ten_patients_stays_light() -> None:
    page = rv.report.build(rv.read_trial(examples() / "dahbour_2017")).html()
    assert page.count('<figure id="patient-') == 10
    assert len(page.encode()) < 600_000
