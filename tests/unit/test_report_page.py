"""One page that needs nothing else, says what its figures show, and takes any text for text."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from ranvier.cli.demo import examples
from ranvier.io import read_trial
from ranvier.report import DataTable, Drawing, Paragraph, Report, Section, build, build_appraisal
from ranvier.report.drawing import draw, name_lanes, short
from ranvier.verdict import appraise, read_claims

VOID = {"meta", "link", "br", "img", "hr", "input"}
FETCHING = ("script", "link", "img", "iframe", "object", "embed", "base", "form", "source", "image")
HOSTILE = (
    '<script>alert(1)</script> $x_{1}$ & "q" \'a\' 😀 שלום 患者 </svg><b onload=x> #1c2331 id="timeline"'
)


class Page(HTMLParser):
    """The elements of a page, refused when they do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.words.setdefault(self.open[-1], []).append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def report() -> Report:
    return build(read_trial(examples() / "lu_2012"))


@pytest.fixture(scope="module")
def appraisal() -> Report:
    return build_appraisal(appraise(read_claims(examples() / "news_article" / "claims.toml")))


@pytest.fixture(scope="module", params=["report", "appraisal"])
def html(request: pytest.FixtureRequest) -> str:
    made: Report = request.getfixturevalue(request.param)
    return made.html()


def test_page_fetches_nothing_and_runs_no_script(html: str) -> None:
    page = Page(html)
    assert not [tag for tag, _ in page.tags if tag in FETCHING]
    named = [name for _, attributes in page.tags for name in attributes]
    assert not [
        name for name in named if name in ("src", "srcset", "data", "action") or name.startswith("on")
    ]
    links = [str(value) for _, each in page.tags for name, value in each.items() if name.endswith("href")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"@import|url\((?!#)", html)


def test_page_forbids_fetching_by_policy(html: str) -> None:
    policies = [meta["content"] for meta in Page(html).all("meta") if "http-equiv" in meta]
    assert len(policies) == 1
    assert str(policies[0]).startswith("default-src 'none'")
    assert "script" not in str(policies[0])


def test_every_id_stands_once_and_every_link_has_its_target(html: str) -> None:
    page = Page(html)
    ids = Counter(each["id"] for _, each in page.tags if "id" in each)
    assert [name for name, count in ids.items() if count > 1] == []
    links = {str(value)[1:] for _, each in page.tags for name, value in each.items() if name.endswith("href")}
    clips = set(re.findall(r"url\(#([^)]+)\)", html))
    labels = {
        name for _, each in page.tags for name in str(each.get("aria-labelledby") or "").split() if name
    }
    assert (links | clips | labels) <= set(ids)


def test_every_figure_has_a_name_words_and_the_numbers_behind_it(html: str) -> None:
    page = Page(html)
    assert len(page.all("svg")) == len(page.all("figure")) == len(page.all("figcaption")) > 0
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    for figure in re.findall(r"<figure.*?</figure>", html, flags=re.DOTALL):
        assert re.search(r"<details>.*<table>.*<td", figure, flags=re.DOTALL)


def test_text_in_figures_stays_text(html: str) -> None:
    for svg in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL):
        assert svg.count("<text") > 2


def test_tables_name_their_columns_and_say_what_they_show(html: str) -> None:
    page = Page(html)
    assert len(page.all("table")) == len(page.all("caption")) > 0
    assert all(heading["scope"] == "col" for heading in page.all("th"))


def test_page_is_the_same_to_the_byte_when_built_again(report: Report) -> None:
    again = build(read_trial(examples() / "lu_2012"))
    assert again.html() == report.html()
    assert again.to_dict() == report.to_dict()


def test_page_does_not_depend_on_the_process(report: Report) -> None:
    code = (
        "import hashlib, ranvier as rv; from ranvier.cli.demo import examples;"
        "page = rv.report.build(rv.read_trial(examples() / 'lu_2012')).html();"
        "print(hashlib.sha256(page.encode()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "4711", "PATH": ""},
    )
    assert done.stdout.strip() == hashlib.sha256(report.html().encode()).hexdigest()


def hostile_trial(build_trial, text: str):
    def change(rows) -> None:
        for table in rows.values():
            for row in table:
                row["subject"] = row["subject"].replace("P1", text)
        rows["adverse_events"][0]["term"] = text
        rows["visits"][0]["rater"] = text

    trial = build_trial()
    protocol = trial.protocol.to_dict() | {"title": text, "masking": text, "notes": [text]}
    protocol["arms"] = [{"id": "cells", "label": text, "role": "experimental"}]
    return build_trial(change, type(trial.protocol)(**_parts(trial.protocol, protocol)))


def _parts(protocol, content):
    arm = type(protocol.arms[0])(**content["arms"][0])
    kept = {name: getattr(protocol, name) for name in protocol.__dataclass_fields__}
    return kept | {
        "title": content["title"],
        "masking": content["masking"],
        "notes": (content["notes"][0],),
        "arms": (arm,),
    }


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "_$\\frac{x}$^%", "x" * 400, "\u202eright to left\u202c שלום", "{{ 7 * 7 }}{% raw %}"],
    ids=["markup", "formula", "very long", "right to left", "template"],
)
def test_any_text_of_the_data_is_shown_as_text(build_trial, text: str) -> None:
    page = Page(build(hostile_trial(build_trial, text)).html())
    assert not page.all("script")
    assert not page.all("b")
    assert page.words["title"] == [text]
    assert text in page.words["td"]
    drawn = [words for words in page.words["text"] if words == short(text)]
    assert len(drawn) >= 3, "timeline, EDSS course and change name the patient"


def test_letters_that_the_font_lacks_are_left_to_the_reader() -> None:
    svg = draw("a", lambda figure: figure.add_subplot().set_title("患者 हि"), size=(2, 2), title="A")
    assert "患者 हि" in svg


def test_text_that_looks_like_an_attribute_is_not_changed() -> None:
    text = 'id="x" url(#a) href="#b" font-family: serif; #1c2331'
    svg = draw("a", lambda figure: figure.add_subplot().set_title(text), size=(2, 2), title=text)
    assert text in Page(f"<body>{svg}</body>").words["text"]


def test_name_of_a_drawing_is_escaped() -> None:
    svg = draw("a", lambda figure: figure.add_subplot(), size=(2, 2), title=HOSTILE)
    assert Page(svg).all("svg")[0]["aria-label"] == HOSTILE


@pytest.mark.parametrize(
    ("name", "letters", "shown"),
    [("P1", 9, "P1"), ("123456789", 9, "123456789"), ("1234567890", 9, "1234…7890"), ("", 9, "")],
)
def test_long_name_loses_its_middle(name: str, letters: int, shown: str) -> None:
    assert short(name, letters=letters) == shown


def test_lanes_keep_the_two_ends_of_a_long_name() -> None:
    svg = draw("a", lambda f: name_lanes(f.add_subplot(), ["a" * 40 + "1"]), size=(3, 2), title="A")
    assert "aaa…" in svg
    assert "a1<" in svg


def test_cells_of_a_table_are_written_with_the_decimals_they_need() -> None:
    frame = pl.DataFrame(
        {
            "edss": [4.5, None],
            "day": [-7, 0],
            "yes": [True, None],
            "name": ["a", ""],
            "nan": [float("nan"), 1],
        }
    )
    table = DataTable(caption="T", frame=frame)
    page = Page(
        Report(title="T", subtitle="", sections=(Section(key="s", title="S", blocks=(table,)),)).html()
    )
    assert page.words["td"] == ["4.5", "−7", "yes", "a", "not known", "–", "0", "–", "–", "1"]


def test_table_without_rows_says_so() -> None:
    table = DataTable(caption="Nothing", frame=pl.DataFrame(schema={"day": pl.Int64}))
    page = Report(title="T", subtitle="", sections=(Section(key="s", title="S", blocks=(table,)),)).html()
    assert "No rows." in page


def test_figure_without_rows_is_still_a_page(tmp_path: Path) -> None:
    empty = DataTable(caption="c", frame=pl.DataFrame())
    svg = draw("k", lambda figure: figure.add_subplot(), size=(2, 2), title="t")
    figure = Drawing(key="k", title="t", description="d", svg=svg, data=empty)
    blocks = (figure, Paragraph(text="<p>"))
    page = Page(Report(title="T", subtitle="", sections=(Section(key="s", title="S", blocks=blocks),)).html())
    assert "<p>" in page.words["p"]
