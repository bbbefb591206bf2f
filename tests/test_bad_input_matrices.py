"""Every way in which a transition matrix or a crossover can be wrong, and the words that say so.

One table each for files, and for calls. Add a row for each new mistake. All matrices are made up.
"""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import DefinitionError, InputError, RanvierError, RanvierWarning
from ranvier.simulate import RRMS, SPMS, Effect, EntryCriteria, Group, TransitionMatrix

MADE: dict[str, Any] = runpy.run_path(str(Path(__file__).parent / "unit" / "simulated.py"))
ROWS = ((0.9, 0.1), (0.2, 0.8))
GIVEN: dict[str, Any] = {"phenotype": "SPMS", "states": (4, 6), "probabilities": ROWS, "cycle_days": 365.25}
MATRIX = TransitionMatrix(**GIVEN)
WRITTEN = dataclasses.replace(MATRIX, contains_rater_error=True)
TRIAL = rv.simulate.trial(MADE["design"](), seed=1)
HEAD = "phenotype,from,4,6\n"
LONG = "phenotype,from,to,probability\n"
GOOD = "SPMS,4,0.9,0.1\nSPMS,6,0.2,0.8\n"

# content of the file, options, words of the message
FILES: list[tuple[str, dict[str, Any], str]] = [
    (HEAD + GOOD, {"cycle_days": None}, r"does not say how long a cycle is; give cycle_days"),
    (HEAD + "SPMS,4,0.9,0.2\nSPMS,6,0.2,0.8\n", {}, r"row from 4: the chances sum to 1.1, not to 1"),
    (HEAD + "SPMS,4,0.9,0.10001\nSPMS,6,0.2,0.8\n", {}, r"row from 4: the chances sum to 1.00001"),
    (
        HEAD + "SPMS,4,1.1,-0.1\nSPMS,6,0.2,0.8\n",
        {},
        r"from 4 to 4: the chance is 1.1; it must be from 0 to 1",
    ),
    (HEAD + "SPMS,4,-0.1,1.1\nSPMS,6,0.2,0.8\n", {}, r"from 4 to 4: the chance is -0.1"),
    (HEAD + "SPMS,4,0.9,0.1\n", {}, r"can reach EDSS 6, but there is no row from there"),
    (HEAD + GOOD + "SPMS,4,0.9,0.1\n", {}, r"row 4: there is a second row from 4; keep one"),
    (HEAD + "SPMS,4,0.9,\nSPMS,6,0.2,0.8\n", {}, r"row 2, column '6': None is not a number"),
    (HEAD + "SPMS,4,x,0.1\nSPMS,6,0.2,0.8\n", {}, r"row 2, column '4': 'x' is not a number"),
    (HEAD + "SMPS,4,0.9,0.1\n", {}, r"unknown phenotype \(.*, row 2\) 'SMPS'.*Did you mean 'SPMS'"),
    (HEAD + GOOD + "RRMS,4,1,0\nRRMS,6,0,1\n", {}, r"holds the courses \['SPMS', 'RRMS'\]; say which one"),
    (HEAD + GOOD, {"phenotype": "RRMS"}, r"unknown phenotype of .* 'RRMS'; use one of \['SPMS'\]"),
    ("phenotype,form,4\nSPMS,4,1\n", {}, r"has no column 'from'.*Did you mean 'form'"),
    ("phenotype,from,4,six\nSPMS,4,1,0\n", {}, r"has the column 'six'; .* named by an EDSS"),
    ("phenotype,from\nSPMS,4\n", {}, r"has no column for an EDSS that is reached"),
    ("phenotype,from,4,4.0\nSPMS,4,1,0\n", {}, r"two columns for one EDSS"),
    (HEAD, {}, r"holds no row"),
    (LONG + "SPMS,4,4,1\nSPMS,4,4,1\n", {}, r"row 3: there is a second row from 4 to 4"),
    (LONG + "SPMS,4,4,0.5\n", {}, r"row from 4: the chances sum to 0.5"),
    (LONG + "SPMS,4,,1\n", {}, r"row 2, column 'to': None is not a number"),
    ("phenotype,from,to\nSPMS,4,4\n", {}, r"has no column 'probability'"),
    ("phenotype,from,to,probability,n\nSPMS,4,4,1,9\n", {}, r"has the column 'n'; .* no other"),
    ("phenotype,from,4,cycle_days\nSPMS,4,1,365\n", {}, r"cycle_days is \[365.0, 365.25\]"),
    ("phenotype,from,0.5\nSPMS,0.5,1\n", {}, r"states \[0.5\]; each must be an EDSS step"),
    ("phenotype,from,9,10\nSPMS,9,0.9,0.1\nSPMS,10,0,1\n", {}, r"Death \(10\) is not simulated"),
]


@pytest.mark.parametrize(("content", "options", "words"), FILES, ids=range(len(FILES)))
def test_a_file_with_a_wrong_matrix_is_refused(
    tmp_path: Path, content: str, options: dict[str, Any], words: str
) -> None:
    file = tmp_path / "matrix.csv"
    file.write_text(content)
    with pytest.raises(InputError, match=words):
        rv.simulate.read_matrix(file, **{"cycle_days": 365.25} | options)


def test_a_matrix_that_allows_no_improvement_warns(tmp_path: Path) -> None:
    file = tmp_path / "matrix.csv"
    file.write_text(HEAD + "SPMS,4,0.9,0.1\nSPMS,6,0,1\n")
    words = "smoothed or allows no improvement: .* cannot produce a null band of improvement"
    with pytest.warns(RanvierWarning, match=words):
        matrix = rv.simulate.read_matrix(file, cycle_days=365.25)
    assert "allows no improvement" in matrix.explain()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give a CSV file with a transition matrix"):
        rv.simulate.read_matrix(tmp_path / "none.csv", cycle_days=365.25)


def high_entry() -> Group:
    return Group(phenotype=SPMS.with_matrix(MATRIX), entry=EntryCriteria(edss=(8.0, 9.0)))


def doubled() -> Any:
    groups = (Group(phenotype=SPMS.with_matrix(MATRIX), entry=EntryCriteria(edss=(4.0, 6.0))),)
    return MADE["design"](groups=groups, effects={"cells": Effect(progression_ratio=20.0)})


# what is called, error, words of the message
CALLS: list[tuple[Any, type[RanvierError], str]] = [
    (lambda: TransitionMatrix(**GIVEN | {"phenotype": "CIS"}), InputError, r"unknown phenotype 'CIS'"),
    (lambda: TransitionMatrix(**GIVEN | {"cycle_days": 0}), InputError, r"cycle_days is 0; .* above 0 days"),
    (lambda: TransitionMatrix(**GIVEN | {"states": (6, 4)}), InputError, r"are \[6.0, 4.0\]; they must rise"),
    (lambda: TransitionMatrix(**GIVEN | {"states": ()}), InputError, r"there must be one"),
    (lambda: TransitionMatrix(**GIVEN | {"probabilities": ROWS[:1]}), InputError, r"2 states and rows of"),
    (
        lambda: TransitionMatrix(**GIVEN | {"probabilities": ((float("nan"), 1), ROWS[1])}),
        InputError,
        r"the chance is nan",
    ),
    (lambda: RRMS.with_matrix(MATRIX), DefinitionError, r"RRMS: the matrix is of SPMS"),
    (lambda: SPMS.with_matrix(ROWS), InputError, r"matrix is a tuple; give a TransitionMatrix"),
    (lambda: MATRIX.array(20), InputError, r"progression_ratio is 20: from 4 the chances .* more than 1"),
    (doubled, InputError, r"progression_ratio is 20"),
    (
        lambda: rv.simulate.trial(MADE["design"](groups=(high_entry(),)), seed=1),
        InputError,
        r"no state from EDSS 8 to 9, where patients enter; its states go from 4 to 6",
    ),
    (
        lambda: rv.simulate.natural_history(SPMS.with_matrix(MATRIX), n=0, days=[0, 365], seed=1),
        InputError,
        r"n is 0",
    ),
    (
        lambda: rv.simulate.null_band_of_matrix(TRIAL, MATRIX, seed=1),
        InputError,
        r"patients with RRMS, but no matrix of RRMS; give one",
    ),
    (
        lambda: rv.simulate.null_band_of_matrix(TRIAL, [MATRIX, MATRIX], seed=1),
        InputError,
        r"\['SPMS', 'SPMS'\]; give one for each course",
    ),
    (lambda: rv.simulate.null_band_of_matrix(TRIAL, [], seed=1), InputError, r"matrices are of \[\]"),
    (lambda: rv.simulate.null_band_of_matrix(TRIAL, [ROWS], seed=1), InputError, r"matrices holds a tuple"),
    (lambda: rv.simulate.null_band_of_matrix(1, MATRIX, seed=1), InputError, r"trial is a int; give a Trial"),
    (
        lambda: rv.simulate.null_band_of_matrix(TRIAL, MATRIX, seed=1, n_trials=99),
        InputError,
        r"n_trials is 99; .* at least 100",
    ),
    (
        lambda: rv.simulate.null_band_of_matrix(
            TRIAL, [WRITTEN, dataclasses.replace(WRITTEN, phenotype="RRMS")], seed=1
        ),
        InputError,
        r"has EDSS .* at the baseline, which no state of the matrix \(4, 6\) can be written as",
    ),
    (lambda: rv.stats.crossover([1, 2], [[1, 2]]), InputError, r"first_sequence must be a table of two"),
    (lambda: rv.stats.crossover([[1, 2]], [[1, 2, 3]]), InputError, r"second_sequence must be .* \(1, 3\)"),
    (lambda: rv.stats.crossover([], [[1, 2]]), InputError, r"first_sequence must be .* shape \(0,\)"),
    (lambda: rv.stats.crossover([[1, None]], [[1, 2]]), InputError, r"no patient with both periods among 1"),
    (lambda: rv.stats.crossover([["a", 1]], [[1, 2]]), InputError, r"must be one row of numbers"),
    (lambda: rv.stats.crossover([[1, 2]], [[1, 2]], level=95), InputError, r"level"),
    (lambda: rv.stats.crossover([[1, 2]], [[1, 2]], method="exct"), InputError, r"Did you mean 'exact'"),
]


@pytest.mark.parametrize(("call", "error", "words"), CALLS, ids=range(len(CALLS)))
def test_bad_input_is_refused_with_words_that_help(call: Any, error: type[RanvierError], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
