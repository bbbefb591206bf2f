"""Terms of a model as columns: ``arm * visit + baseline`` over text and numbers, coded as R codes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from ranvier.errors import DefinitionError

__all__ = ["Factor", "columns", "names", "parse"]

Floats = NDArray[np.float64]
Term = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Factor:
    """One variable of the model as columns.

    Parameters
    ----------
    values : ndarray, shape (n, c)
        The number itself, or one 0/1 column per level but the first.
    labels : tuple of str
        Name of each column.
    levels : tuple of str
        Levels of a category; empty for a number.
    """

    values: Floats
    labels: tuple[str, ...]
    levels: tuple[str, ...] = ()

    def at(self, level: str) -> Floats:
        """Give the row of a level."""
        return np.array([float(level == each) for each in self.levels[1:]])

    def average(self) -> Floats:
        """Give the mean of a number over the rows; of a category, all levels weighted equally."""
        if self.levels:
            return np.full(len(self.levels) - 1, 1 / len(self.levels))
        mean: Floats = self.values.mean(axis=0)
        return mean


def category(name: str, codes: NDArray[np.int64], levels: tuple[str, ...]) -> Factor:
    """Give a category coded against its first level; one level alone has no column."""
    values = (codes[:, None] == np.arange(1, len(levels))).astype(float)
    return Factor(values=values, labels=tuple(f"{name}[{level}]" for level in levels[1:]), levels=levels)


def parse(text: str) -> tuple[Term, ...]:
    """Read ``a * b + c`` as the terms a, b, c, a:b; ``*`` brings all lower terms along, ``:`` does not."""
    terms: list[Term] = []
    for part in text.split("+"):
        crossed = [tuple(name.strip() for name in piece.split(":")) for piece in part.split("*")]
        if any(not name for piece in crossed for name in piece):
            raise DefinitionError(
                f"fixed is {text!r}; write terms as 'arm * visit + baseline', where * crosses two columns "
                "and their own terms come along."
            )
        for size in range(1, len(crossed) + 1):
            for chosen in combinations(crossed, size):
                term = tuple(dict.fromkeys(name for piece in chosen for name in piece))
                if all(set(term) != set(known) for known in terms):
                    terms.append(term)
    for term in terms:
        for lower in combinations(term, len(term) - 1):
            if lower and all(set(lower) != set(known) for known in terms):
                raise DefinitionError(
                    f"fixed is {text!r}; the term {':'.join(term)} needs {':'.join(lower)} beside it. "
                    f"Write {' * '.join(term)}."
                )
    return tuple(sorted(terms, key=len))


def columns(terms: tuple[Term, ...], parts: Mapping[str, Floats]) -> Floats:
    """Give the columns of the design, an intercept first, from the columns (n, c) of each variable."""
    n = next(iter(parts.values())).shape[0]
    built = [np.ones((n, 1))]
    for term in terms:
        block = np.ones((n, 1))
        for name in term:
            block = (block[:, :, None] * parts[name][:, None, :]).reshape(n, -1)
        built.append(block)
    return np.concatenate(built, axis=1)


def names(terms: tuple[Term, ...], factors: Mapping[str, Factor]) -> list[str]:
    """Name the columns of the design."""
    named = ["intercept"]
    for term in terms:
        named += [":".join(labels) for labels in product(*(factors[name].labels for name in term))]
    return named
