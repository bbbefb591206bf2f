"""What holds for every report: text stays text, and the order of rows says nothing."""

from __future__ import annotations

import html
import json
import random
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.report import Bullets, DataTable, Paragraph, Report, Section
from ranvier.report.drawing import short
from ranvier.verdict import assess

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


def page_of(text: str) -> Report:
    frame = pl.DataFrame({"name": [text]}, schema={"name": pl.String})
    blocks = (
        Paragraph(text=text),
        Bullets(title=text, items=(text,)),
        DataTable(caption=text, frame=frame, note=text),
    )
    return Report(
        title=text, subtitle=text, banner=text, sections=(Section(key="s", title=text, blocks=blocks),)
    )


@given(text=TEXT)
@settings(max_examples=60, deadline=None)
def test_no_text_becomes_markup(text: str) -> None:
    page = page_of(text).html()
    plain = page_of("plain").html()
    empty_parts = text == ""
    assert html.unescape(re.search(r"<title>(.*?)</title>", page, flags=re.DOTALL)[1]) == text
    if not empty_parts:
        assert page.count("<") == plain.count("<")


@given(text=TEXT)
@settings(max_examples=60, deadline=None)
def test_every_text_comes_back_from_the_numbers(text: str) -> None:
    content = page_of(text).to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["sections"][0]["blocks"][2]["rows"] == [{"name": text}]


@given(text=st.text(max_size=80), letters=st.integers(3, 40))
def test_short_name_fits_and_keeps_its_ends(text: str, letters: int) -> None:
    shown = short(text, letters=letters)
    assert len(shown) <= max(letters, 0)
    if len(text) <= letters:
        assert shown == text
    else:
        assert (shown[0], shown[-1]) == (text[0], text[-1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_of_rows_and_patients_changes_no_sentence(build_trial, seed: int) -> None:
    def shuffle(rows) -> None:
        for table in rows.values():
            random.Random(seed).shuffle(table)

    assert assess(build_trial(shuffle)).to_dict() == assess(build_trial()).to_dict()


def test_shifting_no_day_but_naming_patients_otherwise_changes_no_sentence(build_trial) -> None:
    def rename(rows) -> None:
        for table in rows.values():
            for row in table:
                row["subject"] = {"P1": "Z9", "P2": "A0"}[row["subject"]]

    assert assess(build_trial(rename)).to_dict() == assess(build_trial()).to_dict()
