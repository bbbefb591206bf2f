"""A definition from plain options: in full, or as a preset with changes."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ranvier import course, io
from ranvier.course import CDW_24W, CHANGE_RULES, EDSS_RULES, PRESETS, Baseline, Definition, Window
from ranvier.course import definition_from as given
from ranvier.errors import DefinitionError, InputError
from ranvier.result import json_ready

IN_FULL = """\
name = "walk-12w"
source = "protocol of our trial, section 5"

[[outcomes]]
column = "t25fw_s"
worsening = "t25fw-20pct"

[baseline]
start = "pre-treatment"
visits = 2
of = "min"

[confirmation]
windows = [{ days = 84, left = 14 }, { days = 168, left = 14, right = 30 }]

[relapses.free]
event = { before = "none", after = 30 }
"""


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_alone_is_that_preset(name: str) -> None:
    assert given({"preset": name}) == PRESETS[name]
    assert given({"preset": name, "baseline": {"scheme": PRESETS[name].baseline.scheme}}) == PRESETS[name]


@pytest.mark.parametrize("name", PRESETS)
def test_options_settings_and_json_give_the_same_definition_again(name: str) -> None:
    definition = PRESETS[name]
    settings = definition.settings().to_dict()
    for options in (definition.to_dict(), settings, json.loads(json.dumps(json_ready(settings)))):
        again = given(options)
        assert again == definition
        assert again.settings().hash == definition.settings().hash


def test_changes_of_a_part_leave_the_rest_of_the_part_alone() -> None:
    mine = given(
        {"preset": "msbase", "baseline": {"scheme": "on worsening"}, "selection": {"events": "first"}}
    )
    assert mine.baseline == dataclasses.replace(PRESETS["msbase"].baseline, scheme="on worsening")
    assert mine.outcomes == PRESETS["msbase"].outcomes


def test_the_name_and_the_source_say_what_was_changed() -> None:
    mine = given({"preset": "cdw-24w", "baseline": {"scheme": "roving"}, "selection": {"merge_days": 30}})
    assert mine.name == "cdw-24w, changed"
    assert mine.source.startswith(
        "preset cdw-24w with changed baseline.scheme, selection.merge_days, after Mon"
    )
    assert mine.source in mine.settings().text
    own = given({"preset": "cdw-24w", "name": "ours", "source": "protocol", "baseline": {"scheme": "roving"}})
    assert (own.name, own.source) == ("ours", "protocol")


def test_a_list_is_replaced_as_a_whole() -> None:
    mine = given({"preset": "kappos-2020", "confirmation": {"windows": [{"days": 168}]}})
    assert mine.confirmation.windows == (Window(days=168),)


def test_a_definition_in_full_takes_defaults_and_names_of_rules() -> None:
    mine = given(tomllib.loads(IN_FULL))
    assert mine.outcomes[0].worsening == course.T25FW_20
    assert mine.baseline == Baseline(start="pre-treatment", visits=2, of="min")
    assert mine.confirmation.windows[0] == Window(days=84, left=14, right=None)
    assert mine.relapses.free.event == course.Around(before=None, after=30)
    assert mine.relapses.to_baseline == (30, 0)


def test_every_rule_can_be_given_by_its_name() -> None:
    for name, rule in CHANGE_RULES.items():
        for column in rule.outcomes:
            options = {"name": "x", "source": "y", "outcomes": [{"column": column, "worsening": name}]}
            assert given(options).outcomes[0].worsening == rule


def test_whole_and_broken_numbers_that_are_equal_have_one_hash() -> None:
    bands = [{"low": 0, "high": 10, "change": 1}]
    rule = {"name": "one", "outcomes": ["edss"], "source": "test", "thresholds": bands}
    options: dict[str, Any] = {
        "name": "x",
        "source": "y",
        "outcomes": [{"column": "edss", "worsening": rule}],
    }
    whole = given(options)
    whole_by_hand = dataclasses.replace(
        whole,
        outcomes=(
            course.Outcome(
                column="edss",
                worsening=course.ChangeRule(
                    name="one",
                    outcomes=("edss",),
                    source="test",
                    thresholds=(course.Threshold(low=0, high=10, change=1),),
                ),
            ),
        ),
    )
    bands[0].update(low=0.0, high=10.0, change=1.0)
    broken = given(options)
    assert whole == broken == whole_by_hand
    assert whole.settings().hash == broken.settings().hash == whole_by_hand.settings().hash


WINDOWS = "confirmation.windows"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preset": "cdw-24"}, r"unknown definition 'cdw-24'.*Did you mean 'cdw-24w'"),
        ({"preset": 24}, r"preset is 24; it must be the name of a preset"),
        ({"presset": "cdw-24w"}, r"no option 'presset'.*Did you mean 'preset'"),
        ({"preset": "cdw-24w", "basline": {}}, r"no option 'basline'.*Did you mean 'baseline'"),
        (
            {"preset": "cdw-24w", "baseline": "roving"},
            r"baseline is 'roving'; give the options of a Baseline",
        ),
        (
            {"preset": "cdw-24w", "baseline": {"sheme": "roving"}},
            r"baseline has no option 'sheme'.*'scheme'\?",
        ),
        ({"preset": "cdw-24w", "baseline": {"scheme": "rovin"}}, r"baseline: unknown .*'rovin'.*'roving'\?"),
        (
            {"preset": "cdw-24w", "baseline": {"visits": "2"}},
            r"baseline.visits is '2'; it must be a whole number",
        ),
        ({"preset": "cdw-24w", "baseline": {"visits": True}}, r"baseline.visits is True; it must be a whole"),
        (
            {"preset": "cdw-24w", "baseline": {"after_relapse": 1}},
            r"after_relapse is 1; it must be true or false",
        ),
        (
            {"preset": "cdw-24w", "baseline": {"never_better": True}},
            r"baseline: never_better .*after_relapse",
        ),
        ({"preset": "cdw-24w", "confirmation": {"windows": 84}}, rf"{WINDOWS} is 84; it must be a list"),
        (
            {"preset": "cdw-24w", "confirmation": {"windows": [84]}},
            rf"{WINDOWS}\[0\] is 84; give the options",
        ),
        ({"preset": "cdw-24w", "confirmation": {"windows": [{}]}}, rf"{WINDOWS}\[0\] lacks .*\['days'\]"),
        (
            {"preset": "cdw-24w", "confirmation": {"windows": [{"days": 84.5}]}},
            rf"{WINDOWS}\[0\].days is 84.5",
        ),
        ({"preset": "cdw-24w", "confirmation": {"windows": [{"days": -1}]}}, rf"{WINDOWS}\[0\]: .*is -1"),
        ({"preset": "cdw-24w", "confirmation": {"sustained_days": "long"}}, r"a whole number, or 'none'"),
        (
            {"preset": "cdw-24w", "relapses": {"to_baseline": [30]}},
            r"to_baseline is \[30\].* list of 2 numbers",
        ),
        ({"preset": "cdw-24w", "relapses": {"association": [-90, 0]}}, r"relapses: association is -90"),
        ({"preset": "cdw-24w", "compat": "mspog"}, r"unknown compat 'mspog'.*Did you mean 'msprog'"),
        ({"name": "x", "source": "y"}, r"lacks the options \['outcomes'\]"),
        ({"name": "x", "source": "y", "outcomes": []}, r"names no outcome"),
        (
            {"name": "x", "source": "y", "outcomes": [{"column": "edss", "worsening": "sdmt-4-or-20pct"}]},
            r"outcomes\[0\]: rule 'sdmt-4-or-20pct' is not for 'edss'",
        ),
        (
            {"name": "x", "source": "y", "outcomes": [{"column": "edss", "worsening": "edss-0.6"}]},
            r"outcomes\[0\].worsening: unknown change rule 'edss-0.6'",
        ),
        (
            CDW_24W.settings().to_dict() | {"options": PRESETS["cdw-12w"].to_dict()},
            r"hash is '\w+', but the options give '\w+': they were edited",
        ),
        (["cdw-24w"], r"holds no options by name"),
    ],
)
def test_what_is_no_definition_is_refused_by_option_and_value(options: Any, words: str) -> None:
    with pytest.raises((DefinitionError, InputError), match=words):
        given(options)


def test_from_dict_names_the_option_too() -> None:
    with pytest.raises(DefinitionError, match=r"Definition has no option 'base'.*Did you mean"):
        Definition.from_dict(CDW_24W.to_dict() | {"base": 1})


def test_rules_by_letter_have_names() -> None:
    for pair in EDSS_RULES.values():
        assert all(CHANGE_RULES[rule.name] is rule for rule in pair)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("d.yaml", "preset: x", r"d.yaml is no definition; .*\.toml or \.json"),
        ("d.toml", "preset = cdw", r"d.toml is not valid TOML"),
        ("d.toml", 'preset = "a"\npreset = "b"', r"d.toml is not valid TOML"),
        ("d.json", "{", r"d.json is not valid JSON"),
        ("d.json", "[1]", r"holds no options by name"),
        ("d.json", '{"name": 1, "name": 2}', r"d.json: 'name' is given twice"),
        ("d.json", '{"days": NaN}', r"d.json: NaN is no number"),
        ("d.json", "\xff", r"not UTF-8|not valid JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        io.read_definition(tmp_path / name)


def test_a_file_of_another_name_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "definition.toml").write_text('preset = "cdw-12w"', encoding="utf-8")
    with pytest.raises(InputError, match=r"there is no file .*Did you mean 'definition.toml'"):
        io.read_definition(tmp_path / "defnition.toml")


def test_settings_inside_a_larger_file_are_taken(tmp_path: Path) -> None:
    whole = {"patients": 3, "settings": CDW_24W.settings().to_dict()}
    (tmp_path / "settings.json").write_text(json.dumps(json_ready(whole)), encoding="utf-8")
    assert given(io.read_definition(tmp_path / "settings.json")) == CDW_24W


PAGE = Path(__file__).resolve().parents[2] / "docs" / "definitions" / "definition_files.md"


def test_the_files_shown_on_the_page_are_definitions(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(shown) == 2
    made = []
    for text in shown:
        (tmp_path / "definition.toml").write_text(text, encoding="utf-8")
        made.append(given(io.read_definition(tmp_path / "definition.toml")))
    assert [definition.name for definition in made] == ["our-cdw", "walk-or-hand"]
    assert made[0].confirmation.windows == (Window(days=168, left=14, right=90),)
    assert made[1].outcomes[1].worsening.smallest_change(20.0) == 5.0
    assert made[1].relapses.free.event.before is None
