"""The page on mixed models holds what it says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).with_name("mixed_model_page.py")))
ROW = re.compile(r"^\| ([^|]+ \([^|]+\)) \| (.*\de-\d\d) \|$", re.MULTILINE)


@pytest.mark.slow
def test_no_difference_from_r_is_larger_than_the_page_says() -> None:
    rows = ROW.finditer(SCRIPT["PAGE"].read_text(encoding="utf-8"))
    shown = {row[1]: [float(figure) for figure in row[2].split("|")] for row in rows}
    found = SCRIPT["measured"]()
    assert set(shown) == set(found)
    for compared, figures in found.items():
        assert (figures <= shown[compared]).all(), compared
