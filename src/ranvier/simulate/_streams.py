"""Random numbers that depend on what is simulated, never on who simulates it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from ranvier.errors import InputError
from ranvier.result import json_ready

__all__ = ["digest", "said", "stream", "whole"]

UNSAID: dict[str, Any] = {
    "acuity": False,
    "p100": False,
    "matrix": None,
    "acuity_shift_logmar": 0.0,
    "p100_shift_ms": 0.0,
}
"""Options that change nothing at these values: left out of hashes, so that trials made before they were there
come out again."""


def said(content: Any) -> Any:
    """Leave out options that change nothing, however deep they lie."""
    if isinstance(content, dict):
        return {
            name: said(value)
            for name, value in content.items()
            if name not in UNSAID or value != UNSAID[name]
        }
    return [said(value) for value in content] if isinstance(content, list | tuple) else content


def digest(content: Any) -> str:
    """Give the SHA-256 of what is simulated."""
    text = json.dumps(json_ready(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def stream(seed: int, what: str, scenario: str, block: int) -> np.random.Generator:
    """Give the random numbers of one block.

    Philox is a counter-based generator: the key comes from the seed, the hash of the design and the scenario,
    the upper quarter of the counter is the block. No block can run into another (2**192 draws), and none has
    to wait for another.
    """
    key = hashlib.sha256(f"{seed}|{what}|{scenario}".encode()).digest()
    bits = np.random.Philox(key=int.from_bytes(key[:16], "little"), counter=block << 192)
    return np.random.Generator(bits)


def whole(name: str, value: Any, low: int) -> int:
    """Give a whole number of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise InputError(f"{name} is {value!r}; it must be a whole number of at least {low}.")
    return int(value)
