"""The house rules that no linter knows: public names, docstrings, sizes, and what an import may load."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import ranvier

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "ranvier"
PARTS = sorted(
    module.name
    for module in pkgutil.walk_packages(ranvier.__path__, "ranvier.")
    if not module.name.rsplit(".", 1)[-1].startswith("_")
)


def public_objects() -> list[tuple[str, object]]:
    found = {}
    for name in PARTS:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", []):
            thing = getattr(module, public)
            if inspect.isfunction(thing) or inspect.isclass(thing):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return sorted(found.items())


@pytest.mark.parametrize("name", PARTS)
def test_every_module_says_what_it_is_and_lists_its_public_names(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, name
    if name != "ranvier.cli":
        assert hasattr(module, "__all__"), name
    for public in getattr(module, "__all__", []):
        assert hasattr(module, public), f"{name}.{public}"


@pytest.mark.parametrize(
    ("name", "thing"), public_objects(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_public_name_has_a_complete_docstring(name: str, thing: object) -> None:
    text = inspect.getdoc(thing) or ""
    assert text, name
    if inspect.isfunction(thing):
        parameters = [p for p in inspect.signature(thing).parameters if not p.startswith("_")]
        assert not parameters or "Parameters\n----------" in text, f"{name} does not describe its parameters"
        assert "Returns\n-------" in text or inspect.signature(thing).return_annotation == "None", name


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_holds_two_ideas(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: path.name)
def test_no_test_file_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


@pytest.mark.parametrize("command", ["import ranvier", "import ranvier.cli"])
def test_importing_loads_nothing_heavy(command: str) -> None:
    heavy = {"numpy", "polars", "scipy", "matplotlib"}
    probe = f"{command}; import sys; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_part_is_refused_by_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = ranvier.scores  # type: ignore[attr-defined]


def test_the_parts_are_listed_for_completion() -> None:
    assert {"scales", "stats", "read_trial"} <= set(dir(ranvier))


def test_every_decision_page_is_in_order() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for part in (
            "**Question.**",
            "**Choice.**",
            "**Reasons.**",
            "**Cost.**",
            "**What would change our mind.**",
        ):
            assert part in text, f"{page.name} lacks {part}"
