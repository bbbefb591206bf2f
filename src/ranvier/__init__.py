"""Ranvier: small cell-therapy trials in MS and NMOSD, from the bedside score to a verdict.

The parts are imported on first use, so that ``import ranvier`` costs next to nothing.

Examples
--------
>>> import ranvier as rv
>>> print(rv.stats.proportion(2, 10).text())
20.0 % (95 % interval 2.5 % to 55.6 %)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ranvier._version import __version__

if TYPE_CHECKING:
    from ranvier import (
        course,
        errors,
        evidence,
        io,
        mri,
        report,
        result,
        safety,
        scales,
        simulate,
        stats,
        tables,
        trial,
        verdict,
    )
    from ranvier.io import read_sdtm, read_trial
    from ranvier.trial import Protocol, Trial

__all__ = [
    "Protocol",
    "Trial",
    "__version__",
    "course",
    "errors",
    "evidence",
    "io",
    "mri",
    "read_sdtm",
    "read_trial",
    "report",
    "result",
    "safety",
    "scales",
    "simulate",
    "stats",
    "tables",
    "trial",
    "verdict",
]

_FROM = {
    "read_sdtm": "ranvier.io",
    "read_trial": "ranvier.io",
    "Trial": "ranvier.trial",
    "Protocol": "ranvier.trial",
}


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(importlib.import_module(_FROM[name]), name)
    if name in __all__:
        return importlib.import_module(f"ranvier.{name}")
    raise AttributeError(f"module 'ranvier' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
