"""The published numbers that virtual patients are built from and held against."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import polars as pl

from ranvier.errors import require_choice

__all__ = ["parameter", "parameters"]


def parameters() -> pl.DataFrame:
    """Give the numbers on the course without treatment that the simulation uses.

    Returns
    -------
    polars.DataFrame
        Columns id, disease, phenotype, domain, quantity, value (as read), value_number, unit, ci_low,
        ci_high, n, population, source, doi_or_pmid, seen_in, status (seen = read in the source; derived =
        computed from such numbers), note. Ids are those of `ranvier.evidence`; those that begin with `SIM_`
        stand only here.

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.simulate.parameters().filter(id="AFFIRM_DEDSS")["value_number"].to_list()
    [0.27]
    """
    return _load()


def parameter(parameter_id: str) -> dict[str, Any]:
    """Give one number on the course without treatment.

    Parameters
    ----------
    parameter_id : str
        Its id, such as "AFFIRM_DEDSS".

    Returns
    -------
    dict
        Column names of `parameters` to values.

    Raises
    ------
    InputError
        When there is no such number.

    Examples
    --------
    >>> import ranvier as rv
    >>> rv.simulate.parameter("RTM_PRE")["value_number"]
    1.72
    """
    rows = _load()
    require_choice("parameter", parameter_id, rows["id"])
    return rows.row(by_predicate=pl.col("id") == parameter_id, named=True)


@functools.cache
def _load() -> pl.DataFrame:
    with (resources.files("ranvier.simulate") / "data" / "parameters.csv").open("rb") as stream:
        frame = pl.read_csv(stream.read(), infer_schema=False)
    return frame.with_columns(
        pl.col("value").cast(pl.Float64, strict=False).alias("value_number"),
        pl.col("ci_low", "ci_high").cast(pl.Float64),
        pl.col("n").cast(pl.Int64),
    )
