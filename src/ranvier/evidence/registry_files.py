"""A registry of your own: the same tables in a folder, and the checks that they need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl

from ranvier.errors import InputError, suggest
from ranvier.evidence.collection import TABLE_FILES, Registry, registry, typed
from ranvier.evidence.registry_selection import CERTAINTIES
from ranvier.evidence.study import CELL_FAMILIES
from ranvier.evidence.study_checks import check_studies
from ranvier.io import read_plain
from ranvier.tables import FINDING_SCHEMA, Rule
from ranvier.trial import DESIGNS

__all__ = ["REGISTRY_RULES", "check_registry", "read_registry"]

NEEDED = ("studies", "arms", "outcomes", "safety")
"""Tables that a registry cannot do without; others are empty when absent."""
NATURAL = "natural_history"
PARTS = ("edss_improved", "edss_stable", "edss_worse")

_RULES = (
    Rule(
        id="key-twice",
        severity="error",
        message="This study_id stands more than once.",
        advice="Give each study one row and one key.",
    ),
    Rule(
        id="key-unknown",
        severity="error",
        message="There is no study, or no arm of it, with this key.",
        advice="Write the key as in studies.csv and arms.csv, or add the study or arm.",
    ),
    Rule(
        id="word-unknown",
        severity="error",
        message="This word is none of those that are known.",
        advice="Use one of the words allowed; a registry that uses others cannot be grouped or judged.",
    ),
    Rule(
        id="events-above-n",
        severity="error",
        message="There are more patients with the event than patients.",
        advice="Count patients, not events, or look up the denominator.",
        allowed="from 0 to n",
    ),
    Rule(
        id="bounds-exchanged",
        severity="error",
        message="The lower bound of an interval exceeds its upper bound.",
        advice="Exchange them, or look them up.",
    ),
    Rule(
        id="shared-patients",
        severity="query",
        message="Other studies of the registry share, or may share, patients with this one.",
        advice="Nothing when that is known: at most one study of a group is pooled.",
    ),
)
REGISTRY_RULES: dict[str, Rule] = {rule.id: rule for rule in _RULES}
"""Checks of the keys and words of a registry, by id; results are checked by `STUDY_RULES`."""


def read_registry(folder: str | os.PathLike[str]) -> Registry:
    """Read a registry of your own from a folder of CSV files.

    Parameters
    ----------
    folder : path
        Holds studies.csv, arms.csv, outcomes.csv and safety.csv, and where there are any, contradictions.csv,
        endpoint_definitions.csv, patients_partial.csv, sources.csv and centres.csv, with the columns of the
        packaged tables (their README explains each). natural_history.csv is the packaged one when absent.

    Returns
    -------
    Registry
        The tables; `check_registry` says what in them cannot be right or deserves care.

    Raises
    ------
    InputError
        When the folder, a needed table or a column is missing, a column is misspelt, or a cell that must be a
        number is none.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import ranvier as rv
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("studies", "arms", "outcomes", "safety"):
    ...     table = getattr(rv.evidence.registry(), name).filter(study_id="fu2016")
    ...     table.write_csv(folder / f"{name}.csv")
    >>> rv.evidence.read_registry(folder).study("fu2016").n_treated
    15
    """
    home = Path(folder)
    if not home.is_dir():
        raise InputError(f"there is no folder {str(folder)!r}; give the folder that holds studies.csv.")
    present = sorted(path.name for path in home.iterdir() if path.is_file())
    tables: dict[str, Any] = {}
    for name, file in TABLE_FILES.items():
        packaged = getattr(registry(), name)
        if file in present:
            tables[name] = _read(home / file, packaged)
            continue
        close = suggest(file, present)
        if name in NEEDED or (close is not None and close not in TABLE_FILES.values()):
            hint = f" There is {close!r}: rename it." if close else ""
            raise InputError(f"{home} holds no {file}, which a registry needs.{hint}")
        tables[name] = packaged if name == NATURAL else packaged.clear()
    return Registry(**tables)


def _read(path: Path, packaged: pl.DataFrame) -> pl.DataFrame:
    """Read one table with the columns of the packaged one."""
    frame = read_plain(path).drop("row").cast(pl.String)
    wanted = [name for name in packaged.columns if not name.endswith("_number")]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        close = {name: suggest(name, set(frame.columns) - set(wanted)) for name in missing}
        hints = "".join(f" Is {word!r} the column {name!r}?" for name, word in close.items() if word)
        raise InputError(
            f"{path.name} lacks the columns {missing}; they may be empty, but they must stand there.{hints}"
        )
    cells = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    return typed(cells.select(wanted, *(name for name in frame.columns if name not in wanted)), path.name)


def check_registry(source: Registry) -> pl.DataFrame:
    """Give everything in a registry that cannot be right or deserves care.

    Parameters
    ----------
    source : Registry
        Your own, from `read_registry`, or the packaged one.

    Returns
    -------
    polars.DataFrame
        Columns of `ranvier.tables.FINDING_SCHEMA`, errors first; the study stands in `subject`. Rules are
        those of `REGISTRY_RULES` and of `STUDY_RULES`. Rows of certainty D are kept to show why they are
        wrong, and C to be shown with a mark: neither is a finding here.

    Raises
    ------
    InputError
        When `source` is no registry.

    Notes
    -----
    The first row of a table is row 2, as a spreadsheet numbers it. Parts are added up where improved, stable
    and worse are counted in the same arm at the same month.

    Examples
    --------
    >>> import ranvier as rv
    >>> found = rv.evidence.check_registry(rv.evidence.registry())
    >>> found.filter(severity="error").select("rule", "subject").unique().rows()
    []
    """
    if not isinstance(source, Registry):
        raise InputError(f"source is {type(source).__name__}; give what read_registry or registry returned.")
    found = [pl.DataFrame(schema=FINDING_SCHEMA), *_keys(source), *_words(source), *_numbers(source)]
    if not any(part.filter(pl.col("rule").is_in(["key-twice", "key-unknown"])).height for part in found):
        found += [_study_rows(source), _outcome_rows(source), _safety_rows(source)]
    every = pl.concat(found)
    return every.sort(pl.col("severity") == "error", descending=True, maintain_order=True)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    rows = frame.with_row_index("row", offset=2).with_columns(pl.col("row").cast(pl.Int64))
    return rows.with_columns(pl.col("study_id").alias("subject"))


def _write(rule: str, rows: pl.DataFrame, table: str, column: str, **more: Any) -> pl.DataFrame:
    more.setdefault("value", pl.col(column))
    return REGISTRY_RULES[rule].findings(rows, file=TABLE_FILES[table], column=column, **more)


def _keys(held: Registry) -> list[pl.DataFrame]:
    studies = _numbered(held.studies)
    found = [_write("key-twice", studies.filter(pl.col("study_id").is_duplicated()), "studies", "study_id")]
    for name in ("arms", "outcomes", "safety"):
        rows = _numbered(getattr(held, name))
        known = pl.col("study_id").is_in(held.studies["study_id"].to_list())
        found.append(_write("key-unknown", rows.filter(~known), name, "study_id"))
        if name != "arms":
            lost = rows.filter(known).join(held.arms, on=["study_id", "arm_id"], how="anti", nulls_equal=True)
            found.append(_write("key-unknown", lost, name, "arm_id"))
    return found


def _words(held: Registry) -> list[pl.DataFrame]:
    allowed = (
        ("studies", "design", tuple(DESIGNS)),
        ("studies", "cell_class", tuple(CELL_FAMILIES)),
        ("studies", "disease", ("MS", "NMOSD", "mixed")),
        *((name, "certainty", tuple(CERTAINTIES)) for name in NEEDED),
    )
    found = []
    for name, column, words in allowed:
        rows = _numbered(getattr(held, name))
        wrong = rows.filter(~pl.col(column).is_in(words).fill_null(value=False))
        found.append(_write("word-unknown", wrong, name, column, allowed=", ".join(words)))
    return found


def _numbers(held: Registry) -> list[pl.DataFrame]:
    outcomes, safety = _numbered(held.outcomes), _numbered(held.safety)
    above = (
        ("outcomes", outcomes.filter(pl.col("n_events") > pl.col("n"))),
        ("safety", safety.filter(pl.col("n_events") > pl.col("n_at_risk"))),
    )
    found = [_write("events-above-n", rows, name, "n_events") for name, rows in above]
    exchanged = outcomes.filter(pl.col("ci_lo") > pl.col("ci_hi"))
    return [*found, _write("bounds-exchanged", exchanged, "outcomes", "ci_lo")]


def _study_rows(held: Registry) -> pl.DataFrame:
    """Hold registered against reported patients, and name shared patients."""
    rows = _numbered(held.studies)
    registered = rows.select(
        pl.col("study_id").alias("study"),
        "row",
        pl.when(pl.col("registration").is_not_null()).then(pl.col("n_enrolled")).alias("n_registered"),
        pl.when(~pl.col("design").str.starts_with("rct")).then(pl.col("n_treated")).alias("n_treated"),
        pl.col("n_control").alias("n_controls"),
    )
    found = check_studies(registered, file=TABLE_FILES["studies"]).filter(rule="registered-n")
    control = pl.col("design").replace_strict(DESIGNS, default="")
    single = rows.filter(control.is_in(["uncontrolled", "before-after"]), pl.col("n_control") > 0)
    arms = single.select(pl.col("study_id").alias("study"), "row", pl.col("n_control").alias("n_controls"))
    if arms.height:
        found = pl.concat([found, check_studies(arms, file=TABLE_FILES["studies"])])
    shared = rows.filter(pl.col("overlap_group").is_not_null() & pl.col("overlap_group").is_duplicated())
    return pl.concat([found, _write("shared-patients", shared, "studies", "overlap_group")])


def _outcome_rows(held: Registry) -> pl.DataFrame:
    """Hold counts against percentages, parts against n, and intervals against their level."""
    rows = _numbered(held.outcomes).filter(pl.col("certainty") != "D")
    unit = pl.col("definition").fill_null("").str.contains("patient-cycle")
    shares = pl.col("statistic").is_in(["percent", "kaplan_meier_percent"])
    plain = pl.col("statistic") == "percent"
    counted = rows.select(
        pl.col("study_id").alias("study"),
        "row",
        pl.col("n_events").alias("events"),
        "n",
        pl.when(plain).then(pl.col("value_number")).alias("percent"),
        pl.when(shares).then(pl.col("ci_lo")).alias("low"),
        pl.when(shares).then(pl.col("ci_hi")).alias("high"),
        pl.when(pl.col("ci_lo").is_not_null()).then(pl.col("ci_level")).alias("level"),
        pl.when(unit).then(pl.lit("patient-cycles")).otherwise(pl.lit("patients")).alias("unit"),
    )
    wanted = ["percent-of-n", "interval-level", "implied-n", "centring"]
    found = check_studies(counted, file=TABLE_FILES["outcomes"]).filter(pl.col("rule").is_in(wanted))
    parts = _parts(rows)
    sums = check_studies(parts, file=TABLE_FILES["outcomes"]) if parts.height else found.clear()
    cycles = counted.filter(pl.col("unit") != "patients")
    alone = check_studies(cycles, file=TABLE_FILES["outcomes"]) if cycles.height else found.clear()
    return pl.concat([found, sums.filter(rule="sum-of-parts"), alone.filter(rule="unit-not-patients")])


def _parts(rows: pl.DataFrame) -> pl.DataFrame:
    """Give improved, stable and worse of each arm and month side by side."""
    counted = rows.filter(pl.col("outcome").is_in(PARTS), pl.col("statistic") == "count")
    key = ["study_id", "arm_id", "timepoint_months", "definition"]
    wide = counted.group_by(key, maintain_order=True).agg(
        pl.col("row").first(),
        pl.col("n").max(),
        *(
            pl.col("n_events").filter(pl.col("outcome") == name).first().alias(name.removeprefix("edss_"))
            for name in PARTS
        ),
    )
    return wide.rename({"study_id": "study"})


def _safety_rows(held: Registry) -> pl.DataFrame:
    """Hold zeros against the words of their source, and denominators against patients."""
    rows = _numbered(held.safety).filter(pl.col("certainty") != "D")
    if rows.is_empty():
        return pl.DataFrame(schema=FINDING_SCHEMA)
    patients = pl.col("denominator_unit").fill_null("patients").str.contains("patients")
    counted = rows.select(
        pl.col("study_id").alias("study"),
        "row",
        pl.col("n_events").alias("events"),
        pl.col("n_at_risk").alias("n"),
        "statement",
        pl.when(patients).then(pl.lit("patients")).otherwise(pl.col("denominator_unit")).alias("unit"),
    )
    zero = check_studies(counted, file=TABLE_FILES["safety"]).filter(rule="blank-as-zero")
    others = counted.filter(pl.col("unit") != "patients")
    units = [check_studies(each, file=TABLE_FILES["safety"]) for each in others.partition_by("unit")]
    return pl.concat([zero, *(each.filter(rule="unit-not-patients") for each in units)])
