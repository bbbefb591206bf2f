"""claims.toml: what is read, and what is refused with the place and the closest word."""

from __future__ import annotations

import datetime
import json

import pytest

import ranvier as rv
from ranvier.errors import InputError
from ranvier.verdict import KINDS, Claim

ARTICLE = """
[article]
title = "An article"
address = "example"
date = 2024-02-24
kind = "news article"
"""
CLAIM = """
[[claims]]
id = "better"
study = "dahbour2017"
kind = "responders"
outcome = "edss_improved"
events = 2
n = 10
said = "EDSS fell in two."
"""


def read(tmp_path, text):
    path = tmp_path / "claims.toml"
    path.write_text(text, encoding="utf-8")
    return rv.verdict.read_claims(path)


def test_article_and_claims_are_read(tmp_path):
    found = read(tmp_path, ARTICLE + CLAIM)
    assert found.article.date == datetime.date(2024, 2, 24)
    assert found.claims[0].studies == ("dahbour2017",)
    assert json.dumps(found.to_dict())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("events = 2", "event = 2", "claim 1 .'better'.*unknown key 'event'.*Did you mean 'events'"),
        ("events = 2", "events = 12", "claim 'better': events is 12 of n 10"),
        ("events = 2", "events = -2", "events is -2; it must be 0 or more"),
        ("events = 2", "events = 2.5", "claim 1 .'better'., events: 2.5 must be a whole number"),
        ("events = 2", "events = true", "True must be a whole number"),
        ("n = 10\n", "", "claim 'better'.*needs .'n'."),
        ("n = 10", "n = 0", "n is 0; it must be 1 or more"),
        ('"responders"', '"responder"', "unknown kind of claim 'better'.*Did you mean 'responders'"),
        ('"edss_improved"', '"edss_improve"', "Did you mean 'edss_improved'"),
        ('study = "dahbour2017"', 'studies = "dahbour2017"', "must be a list of texts"),
        ('study = "dahbour2017"', "", ".'studies'. must be set"),
        ('study = "dahbour2017"', "studies = []", "'studies' names no study"),
        ('study = "dahbour2017"', 'study = "a"\nstudies = ["b"]', "both stand there"),
        ('id = "better"\n', "", "claim 1: .'id'. must be set"),
        ("date = 2024-02-24", 'date = "2024-02-24"', "must be a date"),
        ('kind = "news article"', 'kind = "news"', "unknown kind of article"),
        ("[article]", "[artikle]", "unknown key 'artikle'.*Did you mean 'article'"),
        ("n = 10", "n = 10\nlow = 0.1", "both low and high"),
        ("n = 10", "n = 10\nlow = 3\nhigh = 1", "low 3 exceeds high 1"),
        ("n = 10", "n = 10\nlevel = 95", "level is 95; write a share"),
        ("n = 10", "n = 10\npercent = 120", "percent is 120"),
        ("n = 10", "n = 10\nmonths = -1", "months is -1"),
        ("n = 10", 'n = 10\nunit = "patient"', "Did you mean 'patients'"),
        ("n = 10", 'n = 10\ndirection = "down"', "unknown direction"),
        ('title = "An article"', "title = ", "not valid TOML"),
    ],
)
def test_wrong_content_is_refused_with_its_place(tmp_path, old, new, words):
    text = (ARTICLE + CLAIM).replace(old, new, 1)
    assert text != ARTICLE + CLAIM
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


def test_claim_ids_stand_once(tmp_path):
    with pytest.raises(InputError, match=r"'better'. stand there more than once"):
        read(tmp_path, ARTICLE + CLAIM + CLAIM)


def test_article_without_claims_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no \[\[claims\]\] table"):
        read(tmp_path, ARTICLE)
    with pytest.raises(InputError, match="there is no claim"):
        read(tmp_path, "claims = []\n" + ARTICLE)
    with pytest.raises(InputError, match="not a table"):
        read(tmp_path, "claims = [1]\n" + ARTICLE)


def test_claims_without_an_article_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\[article\] is missing"):
        read(tmp_path, CLAIM)


def test_misspelt_file_name_gets_the_closest(tmp_path):
    (tmp_path / "claims.toml").write_text(ARTICLE, encoding="utf-8")
    with pytest.raises(InputError, match=r"Did you mean 'claims.toml'"):
        rv.verdict.read_claims(tmp_path / "claim.toml")


def test_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "claims.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as text"):
        rv.verdict.read_claims(tmp_path / "claims.toml")
    with pytest.raises(InputError, match="is a folder"):
        rv.verdict.read_claims(tmp_path)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_says_what_it_needs(kind):
    if not KINDS[kind]:
        assert Claim(id="x", kind=kind, studies=("a",), said="").kind == kind
        return
    with pytest.raises(InputError, match=f"claim 'x': a claim of kind '{kind}' needs"):
        Claim(id="x", kind=kind, studies=("a",), said="")
