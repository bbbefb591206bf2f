"""The page on rare events says what the goldens say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).with_name("rare_events_page.py")))
FIGURE = re.compile(r"\b1e-?\d+(?= \|)")


@pytest.mark.slow
def test_no_difference_is_larger_than_the_page_says() -> None:
    printed, found = SCRIPT["PAGE"].read_text(encoding="utf-8"), SCRIPT["differences"]()
    # The bounds have room for other machines, so they are compared as bounds and all else as text.
    assert FIGURE.sub("", printed) == FIGURE.sub("", SCRIPT["page"](found))
    shown = [float(figure) for figure in FIGURE.findall(printed)]
    measured = [value for values in found.values() for value in values]
    assert len(shown) == len(measured)
    assert all(value < bound for value, bound in zip(measured, shown, strict=True))
