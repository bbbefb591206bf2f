"""The page on relapse models says what the goldens say."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| (\d+) \| (1e-?\d+) \|$", re.MULTILINE)


@pytest.mark.slow
def test_the_page_is_what_the_goldens_give() -> None:
    path = Path(__file__).with_name("models_counts_page.py")
    spec = importlib.util.spec_from_file_location("models_counts_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    printed, found = module.PAGE.read_text("utf-8"), module.differences()
    # The bounds have room for other machines, so they are compared as bounds and all else as text.
    assert ROW.sub("", printed) == ROW.sub("", module.page())
    rows = ROW.findall(printed)
    assert {name: (peer, int(count)) for name, peer, count, _ in rows} == {
        name: (peer, len(found[name])) for name, peer in module.CALLS.items()
    }
    for name, _, _, bound in rows:
        assert max(found[name]) < float(bound), name
