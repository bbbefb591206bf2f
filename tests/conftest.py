"""A small valid trial for any test to change, and the settings of the whole suite."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import settings

from ranvier.tables import parse
from ranvier.trial import Endpoint, Protocol, Trial

TOML = """\
[trial]
id = "small"
title = "A small trial"
design = "single_arm"
data_kind = "patients"
disease = "mixed"
ambulation_coding = "0-16"

[[arms]]
id = "cells"
label = "Cells"

[[visits]]
label = "baseline"
day = -7
window = [-21, 7]
baseline = true

[[visits]]
label = "month 12"
day = 365
window = [-30, 30]
"""

Rows = list[dict[str, Any]]

settings.register_profile("ranvier", deadline=None)  # a deadline is a timed test: it fails on a busy machine
settings.load_profile("ranvier")

MUST_RUN = os.environ.get("RANVIER_MUST_RUN", "")
"""A marker whose tests may not be skipped; .ci/run sets it, where the tools and the data are at hand."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and MUST_RUN and item.get_closest_marker(MUST_RUN):
        report.outcome = "failed"
        report.longrepr = f"skipped, although tests marked {MUST_RUN!r} must run here: {report.longrepr}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of other people's data beside the clone; skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared is not beside this clone")
    return folder


GRADES: dict[str, Any] = {
    "visual": 1,
    "brainstem": 1,
    "pyramidal": 3,
    "cerebellar": 2,
    "sensory": 2,
    "bowel_bladder": 1,
    "cerebral": 1,
    "ambulation": 2,
    "edss": 4.5,
    "acuity_right_logmar": 0.1,
    "acuity_left_logmar": 0.0,
}


def small_tables() -> dict[str, Rows]:
    """Give the rows of a trial without any finding: one patient with NMOSD and one with MS."""
    return {
        "subjects": [
            {
                "subject": "P1",
                "arm": "cells",
                "sex": "F",
                "age_years": 40,
                "diagnosis": "NMOSD",
                "aqp4": "positive",
                "onset_day": -2000,
                "last_attack_day": -200,
                "last_rescue_day": -190,
                "enrolled_day": -20,
                "last_contact_day": 400,
                "treated": "yes",
            },
            {
                "subject": "P2",
                "arm": "cells",
                "sex": "M",
                "age_years": 50,
                "diagnosis": "MS",
                "phenotype": "SPMS",
                "onset_day": -5000,
                "enrolled_day": -20,
                "last_contact_day": 380,
                "treated": "yes",
            },
        ],
        "doses": [
            {"subject": "P1", "day": 0, "product": "msc", "source": "bone marrow", "donor": "autologous",
             "route": "intrathecal", "cells": 7e7, "cells_per_kg": 1e6},
            {"subject": "P2", "day": 0, "product": "msc", "cells": 6e7, "cells_per_kg": 1e6},
            {"subject": "P2", "day": 90, "product": "msc"},
        ],
        "visits": [
            {"subject": "P1", "day": -7, "visit": "baseline", **GRADES},
            {"subject": "P1", "day": 365, "visit": "month 12", **GRADES},
            {"subject": "P2", "day": -10, "visit": "baseline", **GRADES},
            {"subject": "P2", "day": 360, "visit": "month 12", **GRADES},
        ],
        "relapses": [
            {"subject": "P1", "day": -200, "end_day": -170, "severity": "mild", "rescue": "yes",
             "confirmed": "yes"},
            {"subject": "P1", "day": 100, "end_day": 130, "severity": "mild", "rescue": "no",
             "confirmed": "yes"},
        ],
        "mri": [
            {"subject": "P1", "day": -7, "region": "brain", "t2_count": 10, "t2_volume_mm3": 900,
             "gad_count": 1},
            {"subject": "P1", "day": 360, "region": "brain", "t2_count": 11, "t2_volume_mm3": 950,
             "gad_count": 0, "new_t2": 1, "enlarging_t2": 0},
        ],
        "adverse_events": [
            {"subject": "P1", "day": 0, "term": "headache", "end_day": 2, "grade": 1, "serious": "no",
             "related": "no", "outcome": "recovered", "procedure_related": "yes"},
        ],
    }  # fmt: skip


def small_protocol() -> Protocol:
    """Give the protocol of the small trial."""
    return Protocol.from_dict(tomllib.loads(TOML))


def make_trial(rows: dict[str, Rows], protocol: Protocol | None = None) -> Trial:
    """Build a trial from rows, through the same reading of cells as a file."""
    tables, found = {}, []
    for name, content in rows.items():
        text = [{key: None if cell is None else str(cell) for key, cell in row.items()} for row in content]
        columns = dict.fromkeys(key for row in text for key in row)
        if text:
            raw = pl.DataFrame(text, schema=dict.fromkeys(columns, pl.String))
            tables[name], about = parse(name, raw)
            found.append(about)
    findings = {"read_findings": pl.concat(found)} if found else {}
    return Trial(protocol=protocol or small_protocol(), tables=tables, **findings)


def write_folder(folder: Path, rows: dict[str, Rows] | None = None, toml: str = TOML) -> Path:
    """Write the small trial, or other rows, as a folder of CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trial.toml").write_text(toml, encoding="utf-8")
    for name, content in (rows or small_tables()).items():
        columns = list(dict.fromkeys(key for row in content for key in row))
        lines = [",".join(columns)]
        lines += [
            ",".join("" if row.get(key) is None else str(row[key]) for key in columns) for row in content
        ]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def trial_folder(tmp_path: Path) -> Path:
    """Give a folder with a small valid trial: two patients, every table, no finding."""
    return write_folder(tmp_path / "small")


@pytest.fixture
def build_trial() -> Callable[..., Trial]:
    """Give the function that builds the small trial, after a change of its rows where one is given."""

    def build(
        change: Callable[[dict[str, Rows]], None] | None = None, protocol: Protocol | None = None
    ) -> Trial:
        rows = small_tables()
        if change:
            change(rows)
        return make_trial(rows, protocol)

    return build


@pytest.fixture
def followed() -> Callable[..., Trial]:
    """Give the function that builds a trial of one arm from the EDSS of each patient at the same days."""

    def build(
        scores: Mapping[str, Sequence[float | None]],
        *endpoints: Endpoint,
        labels: Mapping[int, str | None],
        relapses: Sequence[tuple[str, int]] = (),
    ) -> Trial:
        rows = small_tables()
        rows["subjects"] = [
            {"subject": name, "arm": "cells", "diagnosis": "MS", "last_contact_day": 380, "treated": "yes"}
            for name in scores
        ]
        rows["doses"] = [{"subject": name, "day": 0, "product": "msc"} for name in scores]
        rows["visits"] = [
            {"subject": name, "day": day, "visit": label, "edss": score}
            for name, values in scores.items()
            for (day, label), score in zip(labels.items(), values, strict=True)
        ]
        rows["relapses"] = [{"subject": name, "day": day} for name, day in relapses]
        rows["mri"], rows["adverse_events"] = [], []
        small = tomllib.loads(TOML)
        small["trial"]["disease"] = "MS"
        small["visits"] = [
            {
                "label": label,
                "day": day,
                "window": [-30, 0 if label == "baseline" else 30],
                "baseline": label == "baseline",
            }
            for day, label in labels.items()
            if label
        ]
        return make_trial(rows, replace(Protocol.from_dict(small), endpoints=endpoints))

    return build
