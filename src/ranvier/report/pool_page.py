"""The page of a pooled table: what `ranvier pool` writes."""

from __future__ import annotations

import polars as pl

from ranvier.errors import InputError
from ranvier.evidence import Pool, PooledTable, leave_one_out
from ranvier.report.building import versions
from ranvier.report.drawing import draw_plot
from ranvier.report.model import Block, Bullets, DataTable, Drawing, Numbers, Paragraph, Report, Section
from ranvier.result import number, plural
from ranvier.verdict import lint_pool

__all__ = ["build_pool", "forest_figure"]


def build_pool(found: PooledTable, *, title: str | None = None) -> Report:
    """Give the page of a table of studies that was pooled.

    Parameters
    ----------
    found : PooledTable
        From `evidence.pool_table`.
    title : str, optional
        Heading; what was pooled when None.

    Returns
    -------
    Report
        One section per group: the pooled value, what must be read beside it, forest plot, numbers, the pooled
        value without each study; then the questions of the checks, and methods.

    Raises
    ------
    InputError
        When `found` is something else.

    Examples
    --------
    >>> import ranvier as rv
    >>> trials = {"study": ["A", "B", "C"], "events": [2, 3, 9], "n": [10, 12, 20]}
    >>> found = rv.evidence.pool_table(trials, measure="logit proportion")
    >>> [section.key for section in rv.report.build_pool(found).sections]
    ['result-1', 'methods']
    """
    if not isinstance(found, PooledTable):
        raise InputError(f"found is {type(found).__name__}; give what evidence.pool_table returned.")
    several = len(found.pools) > 1
    sections = [
        Section(
            key=f"result-{place}",
            title=name if several else "What the studies give together",
            blocks=(*_group(each, found.data[name], place), *_correlations(found, name)),
        )
        for place, (name, each) in enumerate(found.pools.items(), start=1)
    ]
    if found.findings.height:
        sections.append(
            Section(key="findings", title="Questions of the checks", blocks=_findings(found.findings))
        )
    sections.append(Section(key="methods", title="Methods", blocks=_methods(found)))
    studies = sum(each.studies.height for each in found.pools.values())
    first = next(iter(found.pools.values()))
    groups = f" in {plural(len(found.pools), 'group')}" if several else ""
    return Report(
        title=title or first.scale.quantity[:1].upper() + first.scale.quantity[1:],
        subtitle=f"{plural(studies, 'study', 'studies')}{groups}",
        sections=tuple(sections),
        meta={**versions(), **found.to_dict(), "lints": _all_lints(found)},
    )


def forest_figure(pool: Pool, *, key: str, title: str) -> Drawing:
    """Draw the forest plot of a pool for a page.

    Parameters
    ----------
    pool : Pool
        The pool.
    key : str
        Short name, unique on the page.
    title : str
        What the figure shows, without a full stop.

    Returns
    -------
    Drawing
        The figure with the numbers behind it.
    """
    main = pool.estimates[0]
    ahead = "" if pool.prediction is None else "; grey: where a new study is expected"
    return Drawing(
        key=key,
        title=f"{title}.",
        description=f"Squares: studies with their {100 * pool.level:g} % intervals, areas by weight; "
        f"diamond: pooled value, {main.text()}{ahead}.",
        svg=draw_plot(key, pool.plot, title=title),
        data=DataTable(caption="Effects on the scale that was pooled", frame=pool.studies),
    )


def _group(pool: Pool, data: pl.DataFrame, place: int) -> list[Block]:
    main = pool.estimates[0]
    several = pool.studies.height > 1
    words = f"{main.quantity[:1].upper()}{main.quantity[1:]}: {main.text()}."
    if not several:
        words = f"{pool.studies['study'][0]}: {main.text()}. One study; nothing was pooled."
    beside = (*(each.sentence for each in lint_pool(pool, data)), *pool.notes)
    blocks: list[Block] = [Paragraph(text=words, tone="key")]
    if beside:
        blocks.append(Bullets(title="What must be read beside it", items=tuple(dict.fromkeys(beside))))
    if several:
        blocks.append(forest_figure(pool, key=f"forest-{place}", title=pool.title))
    blocks.append(Numbers(estimates=tuple(each for each in pool.estimates if each.low == each.low)))
    if several:
        blocks.append(_without_each(pool))
    return blocks


def _without_each(pool: Pool) -> DataTable:
    """Give the pooled value without each study, as it is read."""
    rows = []
    for row in leave_one_out(pool).table.iter_rows(named=True):
        value, low, high = (row[f"read_{name}"] for name in ("value", "low", "high"))
        if value is None:
            rows.append((row["without"], "not known", ""))
            continue
        value, low, high = pool.scale.texts(value, low, high)
        rows.append((row["without"], value, f"{low} to {high}"))
    return DataTable(
        caption="The pooled value without each study",
        frame=pl.DataFrame(
            rows, schema=dict.fromkeys(("without", "pooled", "interval"), pl.String), orient="row"
        ),
    )


def _correlations(found: PooledTable, name: str) -> tuple[Block, ...]:
    """Give the pooled change with other correlations of before and after, where one was stated."""
    if name not in found.correlations:
        return ()
    return (
        DataTable(
            caption="The pooled change with other correlations of before and after",
            frame=found.correlations[name].select(
                pl.col("correlation").map_elements(lambda each: f"{each:g}", return_dtype=pl.String),
                *(
                    pl.col(each).map_elements(number, return_dtype=pl.String)
                    for each in ("value", "low", "high")
                ),
            ),
            labels={"value": "pooled", "low": "from", "high": "to"},
        ),
    )


def _findings(findings: pl.DataFrame) -> tuple[Block, ...]:
    return (
        DataTable(
            caption="Each question, and what to do",
            frame=findings.select("row", "subject", "column", "value", "message", "advice"),
            labels={"subject": "study", "message": "what was found", "advice": "what to do"},
        ),
    )


def _methods(found: PooledTable) -> tuple[Block, ...]:
    how = dict.fromkeys(each.method_text for each in found.pools.values())
    sources = dict.fromkeys(
        source for each in found.pools.values() for part in each.estimates for source in part.references
    )
    left = [
        f"{name}: {each.n} left out, {each.reason}."
        for name, pool in found.pools.items()
        for each in pool.left_out
        if each.n
    ]
    blocks: list[Block] = [Bullets(title="How it was made", items=(*how, *left))]
    return (*blocks, Bullets(title="Sources", items=tuple(sources)))


def _all_lints(found: PooledTable) -> dict[str, list[dict[str, object]]]:
    return {
        name: [each.to_dict() for each in lint_pool(pool, found.data[name])]
        for name, pool in found.pools.items()
    }
