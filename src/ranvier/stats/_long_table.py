"""From a long table to what a mixed model needs: who counts, the design, each patient's visits in a row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranvier.errors import InputError, suggest
from ranvier.result import LeftOut
from ranvier.stats._terms import Factor, category, columns, names

if TYPE_CHECKING:
    from ranvier.stats.mixed_model import MixedModel

__all__ = ["LongTable", "read"]

Floats = NDArray[np.float64]

NUMBER = re.compile(r"(?:(?<!\S)-)?\d+(?:\.\d+)?")
"""A number in the name of a visit; a hyphen is a minus sign only after a space, as in "week -2"."""
ALL_PATIENTS = "all patients"
"""Label where the model has no arms."""
SMALLEST_SHARE = 1e-9
"""Share of a column's length that the columns before it must leave; below it nothing is new."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LongTable:
    """The used rows of the table, coded.

    `x` is (n_rows, p), `subject` and `visit` give the place of each row, `group` and `times` belong to
    patients.
    """

    outcome: Floats
    x: Floats
    column_names: list[str]
    factors: dict[str, Factor]
    subject: NDArray[np.int64]
    visit: NDArray[np.int64]
    subjects: list[str]
    visits: tuple[str, ...]
    arms: tuple[str, ...]
    group: NDArray[np.int64]
    groups: tuple[str, ...]
    times: Floats | None
    left_out: tuple[LeftOut, ...]

    def side_by_side(self, rows: Floats) -> Floats:
        """Give values of rows (n_rows, q) as (n_patients, m, q), zero at visits that were not seen."""
        wide = np.zeros((len(self.subjects), len(self.visits), rows.shape[1]))
        wide[self.subject, self.visit] = rows
        return wide

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Give which visits each patient has."""
        seen = np.zeros((len(self.subjects), len(self.visits)), dtype=bool)
        seen[self.subject, self.visit] = True
        return seen


def as_polars(table: Any) -> pl.DataFrame:
    """Give any eager dataframe as polars, NaN as null."""
    try:
        frame: pl.DataFrame = nw.from_native(table, eager_only=True).to_polars()
    except TypeError as problem:
        raise InputError(
            f"{type(table).__name__} is not a table; give a polars, pandas or pyarrow dataframe."
        ) from problem
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    return frame.with_columns(pl.col(floats).fill_nan(None)) if floats else frame


def read(table: Any, model: MixedModel) -> LongTable:
    """Read the table as the model says; refuse what it cannot hold, and count what is left out."""
    given = as_polars(table)
    _require(given, model)
    used, left_out = _usable(given, model)
    used, visits = _visit_order(used, model)
    subject, subjects = _codes(used[model.subject].cast(pl.String))
    visit = _place(used[model.visit].cast(pl.String), visits)
    _refuse_twice(subject, visit, subjects, visits)
    factors = {name: _factor(used, name, model, visits) for name in model.variables}
    x = columns(model.terms, {name: factor.values for name, factor in factors.items()})
    group, groups = _per_patient(used, model.groups, subject, subjects)
    if model.arm in factors:
        _per_patient(used, model.arm, subject, subjects)
    long = LongTable(
        outcome=used[model.outcome].cast(pl.Float64).to_numpy(),
        x=x,
        column_names=names(model.terms, factors),
        factors=factors,
        subject=subject,
        visit=visit,
        subjects=subjects,
        visits=visits,
        arms=factors[model.arm].levels if model.arm in factors else (ALL_PATIENTS,),
        group=group,
        groups=groups,
        times=None,
        left_out=left_out,
    )
    if model.time is None:
        return long
    times = long.side_by_side(used[model.time].cast(pl.Float64).to_numpy()[:, None])[:, :, 0]
    return LongTable(**{**vars(long), "times": times})


def _require(given: pl.DataFrame, model: MixedModel) -> None:
    """Refuse a table that lacks a column, or has text where numbers are needed."""
    missing = [name for name in model.columns if name not in given.columns]
    if missing:
        close = suggest(missing[0], given.columns)
        hint = f" Did you mean {close!r}?" if close else ""
        if missing == [model.arm]:
            hint = f" For a trial with one arm write fixed={model.visit!r}."
        raise InputError(f"the table lacks the columns {missing}; it has {given.columns}.{hint}")
    for name in (model.outcome, model.time):
        if name is not None and not given.schema[name].is_numeric():
            raise InputError(f"the column {name!r} is {given.schema[name]}; it must hold numbers.")
        if name is not None and given[name].cast(pl.Float64).is_infinite().any():
            raise InputError(f"the column {name!r} holds an infinite value; a missing one is null.")


def _usable(given: pl.DataFrame, model: MixedModel) -> tuple[pl.DataFrame, tuple[LeftOut, ...]]:
    """Keep complete rows; count the others by the first thing that they lack."""
    rest, left = given.select(model.columns), []
    for name in (model.subject, model.visit, model.outcome, *model.columns[3:]):
        n = rest[name].null_count()
        if n:
            left.append(LeftOut(n=n, reason=f"rows without {name}"))
            rest = rest.drop_nulls(name)
    if rest.is_empty():
        raise InputError(
            f"no row of the table is complete in {list(model.columns)}; nothing is left to estimate from."
        )
    everyone = given[model.subject].cast(pl.String).drop_nulls().n_unique()
    without = everyone - rest[model.subject].cast(pl.String).n_unique()
    left.append(LeftOut(n=without, reason="patients without a complete row"))
    return rest, tuple(each for each in left if each.n)


def _visit_order(used: pl.DataFrame, model: MixedModel) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Give the rows with labelled visits, and the labels in time."""
    column = used[model.visit]
    if column.dtype.is_numeric():
        days = column.unique().sort().to_list()
        labels = {day: f"{model.visit} {int(day) if day == int(day) else day}" for day in days}
        used = used.with_columns(column.replace_strict(labels, return_dtype=pl.String))
        return used, _asked(tuple(labels.values()), model)
    if isinstance(column.dtype, pl.Enum) and model.visit_order is None:
        return used, tuple(column.unique().sort().cast(pl.String).to_list())
    return used, _asked(tuple(column.cast(pl.String).unique().to_list()), model)


def _asked(found: tuple[str, ...], model: MixedModel) -> tuple[str, ...]:
    """Order visits as asked for, or by the one number in names that are otherwise alike."""
    if model.visit_order is not None:
        unknown = sorted(set(found) - set(model.visit_order))
        if unknown:
            raise InputError(
                f"the column {model.visit!r} holds {unknown[0]!r}, which is not in visit_order "
                f"{list(model.visit_order)}."
            )
        return tuple(visit for visit in model.visit_order if visit in found)
    numbers = {visit: NUMBER.findall(visit) for visit in found}
    words = {NUMBER.sub("", visit) for visit in found}
    if len(words) > 1 or any(len(each) != 1 for each in numbers.values()):
        raise InputError(
            f"the order of the visits {sorted(found)} cannot be read from their names; give visit_order, "
            "such as visit_order=('baseline', 'month 3')."
        )
    return tuple(sorted(found, key=lambda visit: float(numbers[visit][0])))


def _codes(column: pl.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Give each row's place among the sorted values."""
    levels = column.unique().sort()
    return _place(column, tuple(levels.to_list())), levels.to_list()


def _place(column: pl.Series, levels: tuple[str, ...]) -> NDArray[np.int64]:
    """Give each row's place among the levels."""
    dtype = pl.Enum(levels)
    return column.cast(dtype).to_physical().cast(pl.Int64).to_numpy()


def _refuse_twice(
    subject: NDArray[np.int64], visit: NDArray[np.int64], subjects: list[str], visits: tuple[str, ...]
) -> None:
    """Refuse two rows for one visit of a patient."""
    key = np.sort(subject * len(visits) + visit)
    twice = np.flatnonzero(key[1:] == key[:-1])
    if twice.size:
        who, when = divmod(int(key[twice[0]]), len(visits))
        raise InputError(
            f"patient {subjects[who]!r} has more than one row for visit {visits[when]!r}; keep one row "
            "per patient and visit."
        )


def _factor(used: pl.DataFrame, name: str, model: MixedModel, visits: tuple[str, ...]) -> Factor:
    """Code one variable: visits in their order, the arm with the control first, other text by alphabet."""
    column = used[name]
    if name == model.visit:
        return category(name, _place(column.cast(pl.String), visits), visits)
    if column.dtype.is_numeric() and name != model.arm and name not in model.categorical:
        values = column.cast(pl.Float64).to_numpy()
        if not np.isfinite(values).all():
            raise InputError(f"the column {name!r} holds an infinite value; a missing one is null.")
        return Factor(values=values[:, None], labels=(name,))
    levels = column.unique().sort().cast(pl.String).to_list()
    if name == model.arm and model.control is not None:
        if model.control not in levels:
            raise InputError(f"control is {model.control!r}; the column {name!r} holds {levels}.")
        levels = [model.control, *(level for level in levels if level != model.control)]
    return category(name, _place(column.cast(pl.String), tuple(levels)), tuple(levels))


def _per_patient(
    used: pl.DataFrame, name: str | None, subject: NDArray[np.int64], subjects: list[str]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Give one value per patient; refuse a patient with two."""
    if name is None:
        return np.zeros(len(subjects), dtype=np.int64), ("",)
    codes, levels = _codes(used[name].cast(pl.String))
    own = np.zeros(len(subjects), dtype=np.int64)
    own[subject] = codes
    mixed = np.flatnonzero(own[subject] != codes)
    if mixed.size:
        who = subjects[subject[mixed[0]]]
        raise InputError(f"patient {who!r} has more than one value of {name!r}; it must stay the same.")
    return own, tuple(levels)


def independent(long: LongTable) -> tuple[Floats, Floats]:
    """Give the design with orthonormal columns and the matrix back; refuse columns that say nothing new."""
    length = np.linalg.norm(long.x, axis=0)
    q, r = np.linalg.qr(long.x / np.where(length > 0, length, 1.0))
    if long.x.shape[0] >= long.x.shape[1]:
        spare = np.abs(np.diagonal(r)) < SMALLEST_SHARE
    else:
        spare = np.arange(long.x.shape[1]) >= long.x.shape[0]
    if spare.any():
        name = long.column_names[int(np.flatnonzero(spare)[0])]
        raise InputError(
            f"the mean of {name} cannot be told apart from the other terms with {long.x.shape[0]} rows; a "
            "combination of categories may have no patient. Leave out that term, or join categories."
        )
    return q, np.linalg.inv(r) / length[:, None]
