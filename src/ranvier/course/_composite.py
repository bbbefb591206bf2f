"""The events of a composite: one stream per patient, made of the events of its outcomes."""

from __future__ import annotations

import numpy as np
import polars as pl

from ranvier.course._arrays import Floats, Ints
from ranvier.course.parts import Selection

__all__ = ["COMPOSITE_REASONS", "one_stream", "part_of_composite"]

COMPOSITE_REASONS = {
    "part-of-event": (
        "it began before the event of another outcome of the composite was confirmed, so that both are one "
        "event"
    ),
    "not-first": "another outcome of the composite had its event first",
}
"""Why an event of one outcome is no event of the composite."""


def one_stream(who: Ints, sign: Ints, day: Floats, until: Floats, selection: Selection) -> Ints:
    """Give the places of the events that are events of the composite.

    Parameters
    ----------
    who, sign, day : ndarray, shape (n,)
        Patient, direction and first day of each event; events of an earlier outcome stand before.
    until : ndarray, shape (n,)
        Day of the first confirmation; the first day itself where there is none.
    selection : Selection
        Which events are kept, and where the search goes on after one.

    Returns
    -------
    ndarray
        By patient and day.

    Notes
    -----
    Of events on one day that of the earlier outcome is kept. All events: in each direction the earliest is
    kept, and what begins up to its confirmation (or on its day, when the search goes on from the event)
    belongs to it; then the earliest of the rest, and so on.
    """
    if selection.events != "all":
        order = np.lexsort((day, who))
        first: Ints = order[np.unique(who[order], return_index=True)[1]]
        return first
    _, stream = np.unique(np.column_stack([who, sign]), axis=0, return_inverse=True)
    stream = stream.reshape(-1)
    left = np.lexsort((day, stream))
    reach = day if selection.proceed_from == "event" else np.maximum(day, until)
    reach = np.maximum(reach, day + selection.merge_days - 1)
    last = np.full(int(stream.max(initial=-1)) + 1, -np.inf)
    kept = []
    while len(left):  # once per event of the patient who has most
        heads = left[np.unique(stream[left], return_index=True)[1]]
        kept.append(heads)
        last[stream[heads]] = reach[heads]
        left = left[day[left] > last[stream[left]]]
    places = np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)
    in_order: Ints = places[np.lexsort((day[places], who[places]))]
    return in_order


def part_of_composite(
    table: pl.DataFrame, selection: Selection, schema: pl.Schema
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep the events of the composite, and give the decisions on the others.

    Parameters
    ----------
    table : polars.DataFrame
        Events of all outcomes, those of an earlier outcome before.
    selection : Selection
        Which events are kept.
    schema : polars.Schema
        Columns of the decisions.

    Returns
    -------
    table, trace : polars.DataFrame
        The events kept, and one row per event left out.
    """
    day = table["day"].to_numpy().astype(np.float64)
    until = table.select(pl.coalesce("confirmed_day", "day")).to_series().to_numpy().astype(np.float64)
    who = table["subject"].rank("dense").to_numpy().astype(np.int64)
    sign = (table["event"] == "worsening").to_numpy().astype(np.int64)
    places = one_stream(who, sign, day, until, selection)
    out = np.setdiff1d(np.arange(table.height), places)
    why = "part-of-event" if selection.events == "all" else "not-first"
    refused = table[out].with_columns(
        pl.lit("selection").alias("step"),
        pl.lit("left out").alias("outcome"),
        pl.lit(why).alias("reason"),
        pl.coalesce("confirmed_day", "day").alias("until_day"),
        pl.lit(None, dtype=pl.Int64).alias("visits_used"),
    )
    return table[places], refused.select(list(schema)).cast(schema)
