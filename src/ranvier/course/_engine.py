"""Finds the kernel: compiled when the extra `fast` is installed, as plain Python otherwise."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
from types import ModuleType
from typing import Any

__all__ = ["can_compile", "search"]

SOURCES: dict[str, dict[str, str]] = {
    "_change": {},
    "kernel": {"ask": "_change"},
    "_reach": {"ask": "_change", "find": "kernel"},
    "_held": {"ask": "_change", "find": "kernel"},
}
"""Modules of the kernel, and the names under which each knows those before it."""


ENTRIES = {"search_all": "kernel", "milestone_all": "_reach", "held_all": "_held"}
"""Functions that Python calls, with their modules; the others are only called by the kernel."""


def can_compile() -> bool:
    """Whether the extra `fast` is installed."""
    return importlib.util.find_spec("numba") is not None


@functools.cache
def search(entry: str = "search_all", *, compiled: bool) -> Any:
    """Give the search over all patients, compiled or plain."""
    home = ENTRIES[entry]
    module = _twins()[home] if compiled else importlib.import_module(f"ranvier.course.{home}")
    return getattr(module, entry)


# The kernel never allocates, and counting references to arrays (nrt) would cost more than the search.
@functools.cache
def _twins() -> dict[str, ModuleType]:
    """Load the kernel's source a second time and compile it; the first stays plain, as the test oracle."""
    import numba

    compiler: Any = numba.njit

    twins: dict[str, ModuleType] = {}
    for name, known in SOURCES.items():
        spec = importlib.util.find_spec(f"ranvier.course.{name}")
        copied = importlib.util.spec_from_file_location(f"ranvier.course.{name}_compiled", spec.origin)  # type: ignore[union-attr]
        twin = importlib.util.module_from_spec(copied)  # type: ignore[arg-type]
        sys.modules[twin.__name__] = twin  # where the cache on disk looks for it
        copied.loader.exec_module(twin)  # type: ignore[union-attr]
        for alias, other in known.items():
            setattr(twin, alias, twins[other])
        for label, thing in list(vars(twin).items()):
            if inspect.isfunction(thing) and thing.__module__ == twin.__name__:
                inner = label not in ENTRIES
                bare = {
                    "cache": True,
                    "error_model": "numpy",
                    "no_cpython_wrapper": inner,
                    "no_cfunc_wrapper": inner,
                    "_nrt": False,
                }
                setattr(twin, label, compiler(**bare)(thing))
        twins[name] = twin
    return twins
