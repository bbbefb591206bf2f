"""The page on secondary progression holds the numbers of the definition."""

from pathlib import Path

from ranvier.course import LORSCHEIDER_2016

PAGE = Path(__file__).resolve().parents[2] / "docs" / "definitions" / "secondary_progression.md"


def test_the_page_holds_the_numbers_of_the_definition():
    page = PAGE.read_text(encoding="utf-8")
    confirm = LORSCHEIDER_2016.progression.confirmation.windows[0]
    assert f"| at least {LORSCHEIDER_2016.least_edss:g} |" in page
    assert f"| at least {LORSCHEIDER_2016.least_pyramidal} |" in page
    assert f"the first one {confirm.days} days later or more" in page
    assert LORSCHEIDER_2016.progression.relapses.to_confirmation == (31, 0)
    bands = LORSCHEIDER_2016.progression.outcomes[0].worsening.thresholds
    assert [(band.high, band.change) for band in bands] == [(5.5, 1.0), (10.0, 0.5)]
