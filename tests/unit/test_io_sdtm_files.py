"""The four formats of SDTM files hold one content, and a damaged file is refused in words."""

from __future__ import annotations

import gzip
import json
import runpy
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ranvier.errors import InputError
from ranvier.io import read_sdtm

SMALL = runpy.run_path(str(Path(__file__).parent / "sdtm_folder.py"))
write_sdtm_folder = SMALL["write_sdtm_folder"]
AE = {"USUBJID": ["P1", "P2"], "AESEQ": [1.0, 1.0], "AEDECOD": ["HEADACHE", "FEVER"], "AESTDY": [3.0, None]}


def dataset_json(**changes: Any) -> dict[str, Any]:
    listed = [{"itemOID": f"IT.AE.{name}", "name": name, "label": name, "dataType": "string"} for name in AE]
    rows = [list(row) for row in zip(*AE.values(), strict=True)]
    head = {"datasetJSONVersion": "1.1.0", "itemGroupOID": "IG.AE", "records": len(rows), "name": "AE"}
    return head | {"label": "Adverse Events", "columns": listed, "rows": rows} | changes


def lines(content: dict[str, Any]) -> bytes:
    head = {key: value for key, value in content.items() if key != "rows"}
    return "\n".join(json.dumps(part) for part in [head, *content["rows"]]).encode()


def write_xpt(path: Path, columns: dict[str, list[Any]]) -> None:
    import pyreadstat

    pyreadstat.write_xport(pl.DataFrame(columns), str(path), table_name="AE", file_format_version=5)


def events(folder: Path) -> pl.DataFrame:
    trial = read_sdtm(folder)
    return trial.adverse_events.select("subject", "day", "term", "aeseq", "row")


@pytest.mark.parametrize("name", ["ae.json", "ae.ndjson", "ae.dsjc", "gzip.dsjc", "ae.xpt", "AE.XPT"])
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    folder = write_sdtm_folder(tmp_path / "sdtm")
    path = folder / name.replace("gzip", "ae")
    if name.lower() == "ae.xpt":
        write_xpt(path, AE)
    elif name == "ae.json":
        path.write_text(json.dumps(dataset_json()), encoding="utf-8")
    else:
        text = lines(dataset_json())
        packed = {"ae.ndjson": text, "ae.dsjc": zlib.compress(text), "gzip.dsjc": gzip.compress(text)}
        path.write_bytes(packed[name])
    assert events(folder).rows() == [("P1", 2, "HEADACHE", "1", 2), ("P2", None, "FEVER", "1", 3)]


BROKEN: dict[str, tuple[str, Any, str]] = {
    "too few cells": (
        "ae.json",
        json.dumps(dataset_json(rows=[["P1", 1, "HEADACHE"]])),
        r"ae\.json, row 2: 3 cells, but 4 columns are named",
    ),
    "row that is no list": ("ae.json", json.dumps(dataset_json(rows=["P1"])), r"row 2: no cells"),
    "records cut off": (
        "ae.ndjson",
        lines(dataset_json(records=9)),
        r"says that it holds 9 records, but there are 2",
    ),
    "truncated gzip": (
        "ae.dsjc",
        gzip.compress(lines(dataset_json()) * 50)[:-20],
        r"ae\.dsjc cannot be unpacked .* cut off: copy it anew",
    ),
    "not packed": ("ae.dsjc", lines(dataset_json()), r"ae\.dsjc cannot be unpacked"),
    "no JSON": ("ae.json", "{", r"ae\.json is not valid JSON: .*line 1"),
    "older version": (
        "ae.json",
        json.dumps(dataset_json(datasetJSONVersion="1.0.0")),
        r"is not Dataset-JSON 1\.1: datasetJSONVersion is '1\.0\.0'",
    ),
    "another JSON": ("ae.json", "[1, 2]", r"is not Dataset-JSON 1\.1: datasetJSONVersion is None"),
    "empty lines": ("ae.ndjson", "\n", r"is not Dataset-JSON 1\.1"),
    "no columns": ("ae.json", json.dumps(dataset_json(columns=[])), r"does not name its columns"),
    "column twice": (
        "ae.json",
        json.dumps(dataset_json(columns=[{"name": "A"}] * 4)),
        r"the columns \['A'\] stand there more than once",
    ),
    "not UTF-8": ("ae.json", b"\xff\xff", r"ae\.json is not UTF-8 at byte 0"),
    "no transport file": (
        "ae.xpt",
        b"HEADER RECORD" * 30,
        r"ae\.xpt is not a SAS transport file that can be read",
    ),
    "no subject": ("ae.csv", "AESEQ,AEDECOD\n1,A\n", r"ae\.csv lacks USUBJID"),
    "there twice": ("ex.json", json.dumps(dataset_json()), r"ex\.csv and ex\.json are both there"),
    "supplement of nothing": (
        "suppdm.csv",
        "USUBJID,QVAL\nP1,Y\n",
        r"suppdm\.csv lacks USUBJID, QNAM or QVAL",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_damaged_file_is_refused_in_words(tmp_path: Path, what: str) -> None:
    name, content, words = BROKEN[what]
    folder = write_sdtm_folder(tmp_path / "sdtm")
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=words):
        read_sdtm(folder)


def test_text_that_is_not_ascii_in_a_transport_file_is_read_and_named(tmp_path: Path) -> None:
    folder = write_sdtm_folder(tmp_path / "sdtm")
    write_xpt(
        folder / "ae.xpt", {"USUBJID": ["P1"], "AESEQ": [1.0], "AEDECOD": ["KOPFWEH X"], "AESTDY": [3.0]}
    )
    content = (folder / "ae.xpt").read_bytes()
    for written, shown in ((b"KOPFWEH \xfc", "KOPFWEH ü"), ("KOPFWEÜ".encode(), "KOPFWEÜ")):
        (folder / "ae.xpt").write_bytes(content.replace(b"KOPFWEH X", written.ljust(9)))
        trial = read_sdtm(folder)
        assert trial.adverse_events["term"].to_list() == [shown]
        found = trial.read_findings.filter(rule="sdtm-not-ascii")
        assert found.select("file", "row", "subject", "column", "value").rows() == [
            ("ae.xpt", 2, "P1", "AEDECOD", shown)
        ]


def test_transport_files_need_pyreadstat_and_say_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sdtm_folder(tmp_path / "sdtm")
    (folder / "ae.xpt").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(InputError, match=r"need pyreadstat; install it with: .*ranvier\[sdtm\]"):
        read_sdtm(folder)


def test_missing_dm_and_misspelt_dm_are_refused(tmp_path: Path) -> None:
    folder = write_sdtm_folder(tmp_path / "sdtm", dm=None)
    with pytest.raises(InputError, match=r"holds no DM .*names the subjects"):
        read_sdtm(folder)
    (folder / "dms.xpt").write_bytes(b"")
    with pytest.raises(InputError, match=r"There is 'dms\.xpt': did you mean that"):
        read_sdtm(folder)


def test_two_studies_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = write_sdtm_folder(tmp_path / "sdtm", dm=SMALL["DM"].replace("S1,P2", "S2,P2"))
    with pytest.raises(InputError, match=r"dm\.csv holds 2 studies \(S1, S2\)"):
        read_sdtm(folder)


def test_numbers_of_a_transport_file_come_back_exactly(tmp_path: Path) -> None:
    from ranvier.io._sdtm_files import read_dataset

    numbers = [0.1, 1 / 3, -2.5e-20, 123456789.0, 6.02e23, struct.unpack("d", b"\1\2\3\4\5\6\7\x40")[0]]
    write_xpt(tmp_path / "ae.xpt", {"X": numbers})
    frame, _ = read_dataset(tmp_path / "ae.xpt")
    assert frame["X"].cast(pl.Float64).to_list() == numbers
