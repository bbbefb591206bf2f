"""The lesion masks of a trial: counted, compared with the scan before and with the numbers typed in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import polars as pl

from ranvier.mri._scan_masks import CORD_LENGTHS, Row, Scan, walk
from ranvier.mri.rule import rule_preset
from ranvier.mri.scan_counts import ScanCounts
from ranvier.result import TRACE_SCHEMA, plural
from ranvier.tables import FINDING_SCHEMA
from ranvier.tables import Rule as Check
from ranvier.trial import LesionPlan, Trial

__all__ = ["count_scans"]

TYPED = ("t2_count", "t2_volume_mm3", "new_t2", "enlarging_t2")
"""Columns of mri that a mask gives as well."""

SINCE_BEFORE = ("new_t2", "enlarging_t2")

VOLUME_SLACK = 0.01
"""Part by which a typed volume may differ before it is asked about: programs round voxel sizes."""

UNREADABLE = Check(
    id="mask-unreadable",
    severity="error",
    message="The lesion mask cannot be read.",
    allowed="a NIfTI file with one volume of 0 and 1, labels, or probabilities with a threshold in [lesions]",
    advice="",
)
NOT_COMPARABLE = Check(
    id="mask-not-comparable",
    severity="query",
    message="The lesion mask cannot be compared with that of the scan before.",
    allowed="masks of one patient on one grid",
    advice="",
)
SAME_FILE = Check(
    id="mask-repeated",
    severity="query",
    message="The lesion mask is the same file, byte for byte, as that of the scan before.",
    allowed="one mask for each scan",
    advice="Check which scan the mask belongs to.",
)
DISAGREES = Check(
    id="count-differs-from-mask",
    severity="query",
    message="The number typed in differs from what the lesion mask gives.",
    advice="Check both: the mask, the rule of [lesions], and the number.",
)

REASONS = {
    "agrees": "the typed number and the mask agree",
    "differs": "the typed number and the mask differ",
    "not-typed": "no number was typed in; the mask gives it",
    "no-mask": "the scan has no mask",
    "first-scan": "there is no scan of this region before it to compare with",
    "no-mask-before": "the scan before has no mask that can be read",
    "not-readable": "the mask cannot be read",
    "not-comparable": "the mask cannot be compared with that of the scan before",
}

METHOD = (
    "Each mask was counted and compared with the mask of the scan before of the same patient and region. For "
    "each region and measure one source enters the results: the masks, where every scan with a typed number "
    "has one, else the typed numbers; the two are never mixed."
)


def count_scans(trial: Trial) -> ScanCounts:
    """Count the lesions of every mask that a trial names, and set them beside the typed numbers.

    Parameters
    ----------
    trial : Trial
        From `ranvier.read_trial`; its protocol's `lesions` says how masks are counted.

    Returns
    -------
    ScanCounts
        One row per scan and measure. Columns row (of mri), subject, day, region, mask, measure (t2_count,
        t2_volume_mm3, new_t2, enlarging_t2), typed, counted, reason. `findings` holds a query for each typed
        number that differs and for each mask that cannot be compared, and an error for each that cannot be
        read.

    Raises
    ------
    InputError
        When the rule of `[lesions]` is not known.

    Notes
    -----
    t2_volume_mm3 is the volume of the counted lesions; it differs from a typed one above 1 %. new_t2 and
    enlarging_t2 count groups since the scan before; without a readable mask of that scan they are not known.
    At most two masks of one patient are held at a time.

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> counted = count_scans(rv.read_trial(examples() / "lu_2012"))
    >>> counted.table.filter(pl.col("counted").is_not_null()).height
    0
    """
    plan = trial.protocol.lesions or LesionPlan()
    rule = rule_preset(plan.rule)
    if plan.threshold is not None and plan.threshold != rule.threshold:
        named = f"{rule.name}, threshold {plan.threshold:g}"
        rule = dataclasses.replace(rule, name=named, threshold=plan.threshold)
    seen = [scan for rows in _series(trial.mri) for scan in walk(rows, trial.masks, rule, plan)]
    table = _long(seen)
    sources = _sources(table)
    return ScanCounts(
        name="Lesions counted from masks",
        table=table,
        trace=_trace(table),
        reasons=REASONS,
        method=f"{METHOD} {rule.text()} Settings {rule.fingerprint()}.",
        definition=rule,
        findings=_findings(seen, table, trial.files.get("mri", "mri")),
        references=(rule.source,),
        mri=_used(trial.mri, seen, table, sources),
        sources=sources,
        pairs=pl.DataFrame([scan.pair for scan in seen if scan.pair], infer_schema_length=None),
        by_rule=pl.DataFrame([row for scan in seen for row in scan.by_rule], infer_schema_length=None),
        masks=trial.masks,
        plan=plan,
        notes=_notes(seen, plan),
    )


def _series(mri: pl.DataFrame) -> Iterator[list[Row]]:
    """Give the scans of each patient and region in the order of time."""
    ordered = mri.sort("subject", "region", "day", "row", nulls_last=True)
    for _, rows in ordered.group_by("subject", "region", maintain_order=True):
        yield rows.to_dicts()


def _long(seen: list[Scan]) -> pl.DataFrame:
    rows = []
    for scan in seen:
        for measure in TYPED:
            typed, counted = scan.row[measure], scan.counted.get(measure)
            state = scan.change if measure in SINCE_BEFORE else scan.state
            rows.append(
                {
                    **{name: scan.row[name] for name in ("row", "subject", "day", "region", "mask")},
                    "measure": measure,
                    "typed": typed,
                    "counted": counted,
                    "reason": state if counted is None else _verdict(measure, typed, counted),
                }
            )
    return pl.DataFrame(
        rows,
        schema={
            "row": pl.Int64,
            "subject": pl.String,
            "day": pl.Int64,
            "region": pl.String,
            "mask": pl.String,
            "measure": pl.String,
            "typed": pl.Float64,
            "counted": pl.Float64,
            "reason": pl.String,
        },
    )


def _verdict(measure: str, typed: float | None, counted: float) -> str:
    if typed is None:
        return "not-typed"
    slack = VOLUME_SLACK * counted if measure == "t2_volume_mm3" else 0.0
    return "agrees" if abs(typed - counted) <= slack else "differs"


def _sources(table: pl.DataFrame) -> pl.DataFrame:
    """Decide for each region and measure whether the masks or the typed numbers enter."""
    typed_alone = (
        pl.col("typed").is_not_null() & pl.col("counted").is_null() & (pl.col("reason") != "first-scan")
    )
    whole = pl.col("counted").is_not_null().any() & ~typed_alone.any()
    return table.group_by("region", "measure", maintain_order=True).agg(
        pl.when(whole).then(pl.lit("masks")).otherwise(pl.lit("typed")).alias("source"),
        pl.len().alias("scans"),
        pl.col("counted").is_not_null().sum().alias("with_mask"),
        pl.col("typed").is_not_null().sum().alias("with_number"),
    )


def _used(mri: pl.DataFrame, seen: list[Scan], table: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Put the counts of the masks where they are the source; typed numbers of a first scan stay."""
    chosen = table.join(sources, on=["region", "measure"]).with_columns(
        pl.when(pl.col("source") == "masks")
        .then(pl.coalesce("counted", "typed"))
        .otherwise("typed")
        .alias("used")
    )
    wide = chosen.pivot(on="measure", index="row", values="used") if chosen.height else None
    lengths = pl.DataFrame(
        [
            {"row": scan.row["row"], **{name: scan.counted.get(name) for name in CORD_LENGTHS}}
            for scan in seen
        ],
        schema={"row": mri.schema["row"], **dict.fromkeys(CORD_LENGTHS, pl.Float64)},
    )
    joined = mri.join(lengths, on="row", how="left", maintain_order="left")
    if wide is None:
        return joined
    types = pl.Schema({name: mri.schema[name] for name in TYPED})
    kept = joined.drop(TYPED).join(
        wide.with_columns(pl.col("row").cast(mri.schema["row"])), on="row", how="left", maintain_order="left"
    )
    return kept.cast(types).select(joined.columns)


def _findings(seen: list[Scan], table: pl.DataFrame, file: str) -> pl.DataFrame:
    found = [pl.DataFrame(schema=FINDING_SCHEMA)]
    for check, problems in (
        (UNREADABLE, [scan for scan in seen if scan.state == "not-readable"]),
        (NOT_COMPARABLE, [scan for scan in seen if scan.change == "not-comparable"]),
        (SAME_FILE, [scan for scan in seen if scan.same_file]),
    ):
        for scan in problems:
            row = pl.DataFrame([{name: scan.row[name] for name in ("row", "subject", "day", "mask")}])
            advice = scan.problem or None
            found.append(check.findings(row, file=file, column="mask", value=pl.col("mask"), advice=advice))
    for measure in TYPED:
        rows = table.filter(pl.col("measure") == measure, pl.col("reason") == "differs")
        said = pl.format("{} by the mask {}", _figure("counted", measure), "mask")
        found.append(
            DISAGREES.findings(rows, file=file, column=measure, value=_figure("typed", measure), allowed=said)
        )
    return pl.concat(found)


def _figure(column: str, measure: str) -> pl.Expr:
    if measure == "t2_volume_mm3":
        return pl.col(column).round(1).cast(pl.String)
    return pl.col(column).cast(pl.Int64).cast(pl.String)


def _notes(seen: list[Scan], plan: LesionPlan) -> tuple[str, ...]:
    with_mask = [scan for scan in seen if scan.state == "counted"]
    if not with_mask:
        return ()
    made = f"made by {plan.tool}" if plan.tool else "by whom or what is not recorded"
    verb = "have" if len(with_mask) != 1 else "has"
    counted = f"{plural(len(with_mask), 'scan')} of {len(seen)} {verb} a mask that was counted ({made})."
    said = [note for scan in with_mask for note in scan.notes]
    return (counted, *(f"{note} ({plural(said.count(note), 'mask')})" for note in dict.fromkeys(said)))


def _trace(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        "subject",
        "day",
        pl.format("{}, {}", "measure", "region").alias("step"),
        pl.when(pl.col("counted").is_not_null())
        .then(pl.lit("counted"))
        .otherwise(pl.lit("not counted"))
        .alias("outcome"),
        "reason",
    ).cast(pl.Schema(TRACE_SCHEMA))
