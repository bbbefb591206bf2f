"""The errors of ranvier, and the one way a choice is refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ConvergenceError",
    "DefinitionError",
    "InputError",
    "RanvierError",
    "RanvierWarning",
    "require_choice",
    "suggest",
]


class RanvierError(Exception):
    """Root of every error that ranvier raises on purpose."""


class InputError(RanvierError, ValueError):
    """Data or an argument that cannot be used; the message says where and what is allowed."""


class DefinitionError(RanvierError, ValueError):
    """A definition that contradicts itself."""


class ConvergenceError(RanvierError, RuntimeError):
    """An iterative method that did not settle; there is never a silent fall-back."""


class RanvierWarning(UserWarning):
    """The answer stands but deserves care; the same sentence is among the notes of the result."""


def suggest(word: str, allowed: Iterable[str]) -> str | None:
    """Give the allowed word closest to a misspelt one.

    Parameters
    ----------
    word : str
        What was written.
    allowed : iterable of str
        What may be written.

    Returns
    -------
    str or None
        The closest allowed word, or None when nothing is close.

    Examples
    --------
    >>> suggest("pyramidial", ["pyramidal", "sensory"])
    'pyramidal'
    """
    by_folded = {choice.casefold(): choice for choice in allowed}
    close = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def require_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Refuse a value that is not one of the allowed words.

    Parameters
    ----------
    name : str
        What the value is, as the user calls it.
    value : object
        The value given.
    allowed : iterable of str
        The words that may be used.

    Raises
    ------
    InputError
        When the value is not allowed; the message lists what is, and the closest word.

    Examples
    --------
    >>> require_choice("method", "wilson", ["clopper-pearson", "wilson"])
    >>> require_choice("method", "wilsn", ["clopper-pearson", "wilson"])
    Traceback (most recent call last):
    ...
    ranvier.errors.InputError: unknown method 'wilsn'; use one of ['clopper-pearson', 'wilson']. \
Did you mean 'wilson'?
    """
    words = list(allowed)
    if value in words:
        return
    close = suggest(str(value), words)
    hint = f" Did you mean {close!r}?" if close else ""
    raise InputError(f"unknown {name} {value!r}; use one of {words}.{hint}")
