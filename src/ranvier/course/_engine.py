"""Finds the kernel: compiled when the extra `fast` is installed, as plain Python otherwise."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from types import ModuleType
from typing import Any

__all__ = ["can_compile", "search"]

SOURCES = ("_change", "kernel")
"""Modules of the kernel; each may call those before it."""


def can_compile() -> bool:
    """Whether the extra `fast` is installed."""
    return importlib.util.find_spec("numba") is not None


@functools.cache
def search(*, compiled: bool) -> Any:
    """Give the search over all patients, compiled or plain."""
    if not compiled:
        from ranvier.course.kernel import search_all

        return search_all
    return _twins()["kernel"].search_all


def _twins() -> dict[str, ModuleType]:
    """Load the kernel's source a second time and compile it; the first stays plain, as the test oracle."""
    import numba

    twins: dict[str, ModuleType] = {}
    for name in SOURCES:
        spec = importlib.util.find_spec(f"ranvier.course.{name}")
        copied = importlib.util.spec_from_file_location(f"ranvier.course.{name}_compiled", spec.origin)  # type: ignore[union-attr,arg-type]
        twin = importlib.util.module_from_spec(copied)  # type: ignore[arg-type]
        sys.modules[twin.__name__] = twin  # where the cache on disk looks for it
        copied.loader.exec_module(twin)  # type: ignore[union-attr]
        if name == "kernel":
            twin.ask = twins["_change"]  # type: ignore[attr-defined]
        for label, thing in list(vars(twin).items()):
            if inspect.isfunction(thing) and thing.__module__ == twin.__name__:
                bare = {} if label == "search_all" else {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
                setattr(twin, label, numba.njit(cache=True, **bare)(thing))
        twins[name] = twin
    return twins
