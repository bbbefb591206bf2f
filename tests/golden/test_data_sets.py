"""Every method of evidence is compared with its peer on enough data sets, and the page says on how many."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).with_name("data_sets_page.py")))
COUNTED = list(SCRIPT["counted"]())


@pytest.mark.parametrize(("method", "names"), [(each[0], each[2]) for each in COUNTED])
def test_a_method_is_compared_on_enough_data_sets(method: str, names: set[str]) -> None:
    assert len(names) >= SCRIPT["LEAST"], method


def test_the_page_says_how_many() -> None:
    assert SCRIPT["PAGE"].read_text(encoding="utf-8") == SCRIPT["page"]()
