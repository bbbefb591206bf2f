"""Counts that were published about cell therapy, and their exact intervals, to the printed digits."""

from __future__ import annotations

import re

import pytest

import ranvier as rv

# what was counted, events, patients, printed interval
PRINTED = [
    ("NurOwn: stopped for procedure events", 2, 18, "11.1 % (95 % interval 1.4 % to 34.7 %)"),
    ("Dahbour 2017: EDSS fell", 2, 10, "20.0 % (95 % interval 2.5 % to 55.6 %)"),
    ("Dahbour 2017: serious reactions", 0, 10, "0.0 % (95 % interval 0.0 % to 30.8 %)"),
    ("Lu 2012: serious reactions", 0, 5, "0.0 % (95 % interval 0.0 % to 52.2 %)"),
    ("both trials: serious reactions", 0, 15, "0.0 % (95 % interval 0.0 % to 21.8 %)"),
    ("review of transplants: deaths", 0, 133, "0.0 % (95 % interval 0.0 % to 2.7 %)"),
]

# the same, printed without decimals: low and high in percent
ROUNDED = [
    ("Dahbour 2017: EDSS fell", 2, 10, 3, 56),
    ("Lu 2012: improved", 4, 5, 28, 99),
]

# no event: upper one-sided 95 % bound, printed with two digits
ONE_SIDED = [(5, 0.45), (10, 0.26), (15, 0.18)]


def as_text(events: int, n: int) -> str:
    return rv.stats.proportion(events, n).text()


@pytest.mark.parametrize(("what", "events", "n", "printed"), PRINTED, ids=[row[0] for row in PRINTED])
def test_exact_interval_of_a_published_count_is_the_printed_one(
    what: str, events: int, n: int, printed: str
) -> None:
    assert as_text(events, n) == printed, what


@pytest.mark.parametrize(("what", "events", "n", "low", "high"), ROUNDED, ids=[row[0] for row in ROUNDED])
def test_exact_interval_rounds_to_the_printed_percent(
    what: str, events: int, n: int, low: int, high: int
) -> None:
    share = rv.stats.proportion(events, n)
    assert (f"{100 * share.low:.0f}", f"{100 * share.high:.0f}") == (str(low), str(high)), what


@pytest.mark.parametrize(("n", "printed"), ONE_SIDED)
def test_one_sided_bound_of_no_event_is_the_printed_one(n: int, printed: float) -> None:
    assert round(rv.stats.zero_event_bound(n, sided="one").high, 2) == printed
    assert round(rv.stats.proportion(0, n, level=0.90).high, 2) == printed


def test_the_counts_of_nurown_are_those_of_the_registry() -> None:
    rows = rv.evidence.registry().safety.filter(study_id="nurown2023", event_class="procedure related")
    assert rows.select("n_events", "n_at_risk").rows() == [(2, 18)]


def test_each_interval_stands_in_the_page_of_reproductions(request: pytest.FixtureRequest) -> None:
    page = (request.config.rootpath / "docs" / "reproductions.md").read_text(encoding="utf-8")
    for what, events, n, printed in PRINTED:
        high = re.findall(r"[\d.]+ %", printed)[-1]
        row = next((line for line in page.splitlines() if f"{events} of {n} " in line and high in line), None)
        assert row, f"the page lacks {what}: {events} of {n}, up to {high}"
