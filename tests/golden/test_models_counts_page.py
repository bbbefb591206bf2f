"""The page on relapse models says what the goldens say."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_the_page_is_what_the_goldens_give() -> None:
    path = Path(__file__).with_name("models_counts_page.py")
    spec = importlib.util.spec_from_file_location("models_counts_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text("utf-8") == module.page()
