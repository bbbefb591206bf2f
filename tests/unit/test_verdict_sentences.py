"""Every word of a verdict comes from a fixed list, and none of it claims what cannot be shown."""

from __future__ import annotations

import re

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.verdict import BENEFITS, LABELS, NATURAL_SENTENCES, OUTCOMES, SENTENCES, say

BANNED = re.compile(
    r"\b(safe|safely|safety|effective|effectively|efficacious|proven?|proves?|cures?|cured|reverses?|works?|promising|"
    r"breakthrough|well tolerated|demonstrates?)\b",
    re.IGNORECASE,
)
ALLOWED = ("not shown to be effective", "No safety count")

WORDS = (
    [(code, text) for code, text in SENTENCES.items()]
    + [(code, text) for code, (_, text) in NATURAL_SENTENCES.items()]
    + [(label, f"{label}: {meaning}") for label, meaning in (LABELS | BENEFITS).items()]
    + [(name, outcome.words) for name, outcome in OUTCOMES.items()]
)


@pytest.mark.parametrize(("code", "text"), WORDS, ids=[code for code, _ in WORDS])
def test_no_sentence_claims_what_cannot_be_shown(code, text):
    for phrase in ALLOWED:
        text = text.replace(phrase, "")
    assert not BANNED.search(text)


def test_not_shown_to_be_effective_is_the_only_use_of_the_word():
    using = {code for code, text in SENTENCES.items() if "effective" in text}
    assert using == {"not_effective"}


def test_no_number_is_written_into_a_sentence():
    kept = {
        code for code, text in SENTENCES.items() if re.search(r"\d", re.sub(r"\{[^}]*\}|[−]\d", "", text))
    }
    assert kept == {
        "down_control",  # 0 patients in a control group: what the rule found
        "lint_zero",  # 0 of {n}: the lint is about zero
        "lint_level",  # at {level} %, not at 95 %: the usual level
    }


def test_sentence_with_missing_or_unknown_values_is_refused():
    with pytest.raises(InputError, match="needs the values"):
        say("no_serious", n=15)
    with pytest.raises(InputError, match="Did you mean 'no_serious'"):
        say("no_seriuos", n=15)


def test_names_keep_their_letters():
    assert say("apart").startswith("aHSCT")


def test_own_words_of_every_study_verdict_claim_nothing_that_cannot_be_shown():
    for study_id in rv.evidence.registry().studies["study_id"]:
        text = " ".join(rv.verdict.study_verdict(study_id).headline).replace("not shown to be effective", "")
        assert not re.search(r"\b(safe|effective|proven|cure)\b", text), study_id
