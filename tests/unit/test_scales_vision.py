"""Visual acuity: every notation, the words below the chart, and what is refused."""

import numpy as np
import polars as pl
import pytest

from ranvier.errors import InputError
from ranvier.result import TRACE_SCHEMA
from ranvier.scales import acuity, logmar

# Conversion table of michaelbach.de/sci/acuity.html: decimal, Snellen in metres, logMAR (rounded there)
TABLE = [
    (2.0, "6/3", -0.30),
    (1.6, "6/3.8", -0.20),
    (1.0, "6/6", 0.00),
    (0.8, "6/7.5", 0.10),
    (0.5, "6/12", 0.30),
    (0.32, "6/19", 0.50),
    (0.25, "6/24", 0.60),
    (0.2, "20/100", 0.70),
    (0.1, "20/200", 1.00),
    (0.05, "20/400", 1.30),
]


@pytest.mark.parametrize(("decimal", "snellen", "expected"), TABLE)
def test_decimal_and_snellen_agree_with_the_published_table(decimal, snellen, expected):
    assert float(logmar(decimal, notation="decimal")) == pytest.approx(expected, abs=0.01)
    assert float(logmar(snellen, notation="snellen")) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("letters", "expected"), [(100, -0.3), (85, 0.0), (70, 0.3), (35, 1.0), (0, 1.7)])
def test_one_etdrs_letter_is_two_hundredths_and_85_letters_are_0(letters, expected):
    assert float(logmar(letters, notation="etdrs")) == pytest.approx(expected, abs=1e-12)
    assert letters == pytest.approx(85 - 50 * expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("counting fingers", 1.9),
        ("CF", 1.9),
        ("hand movement", 2.3),
        ("Hand  Motion", 2.3),
        ("light perception", 2.7),
        ("no light perception", 3.0),
        ("nlp", 3.0),
    ],
)
def test_words_below_the_chart_have_their_published_values(words, expected):
    assert float(logmar(words, notation="off-chart")) == expected


def test_the_shape_is_kept_and_missing_stays_missing():
    result = logmar([[1.0, None], [float("nan"), 0.1]], notation="decimal")
    assert np.array_equal(result, [[0.0, np.nan], [np.nan, 1.0]], equal_nan=True)
    assert not np.signbit(result[0, 0])
    assert logmar([], notation="snellen").shape == (0,)


def test_a_series_is_read_and_logmar_passes_through():
    assert logmar(pl.Series([0.3, None]), notation="logmar")[0] == 0.3


def test_words_among_chart_values_are_converted_and_imputations_are_marked():
    result = acuity(["20/40", "hm", None, "LP", "no light perception"], notation="snellen")
    assert result.table.columns == ["row", "value", "logmar", "imputed"]
    assert result.table["logmar"].round(2).to_list() == [0.3, 2.3, None, 2.7, 3.0]
    assert result.table["imputed"].to_list() == [False, False, None, True, True]
    assert result.table["value"].to_list() == ["20/40", "hm", None, "LP", "no light perception"]
    assert result.trace["reason"].to_list() == ["chart", "off-chart", "missing", "imputed", "imputed"]
    assert dict(result.trace.schema) == TRACE_SCHEMA
    assert "concern 2 of 5 values" in result.explain()


@pytest.mark.parametrize("values", [[0.5, "CF"], ["0.5", "CF"], pl.Series(["0.5", "CF"])])
def test_numbers_in_a_column_of_text_are_read_as_numbers(values):
    assert acuity(values, notation="decimal").table["logmar"].round(2).to_list() == [0.3, 1.9]


def test_no_acuities_give_an_empty_table():
    assert acuity([], notation="etdrs").table.height == 0


@pytest.mark.parametrize(
    ("value", "notation", "words"),
    [
        (0, "decimal", "acuity at position 0 is 0; allowed are decimal numbers above 0"),
        ([1.0, -0.5], "decimal", "position 1 is -0.5"),
        (50, "decimal", "as decimal is logMAR −1.70.*Check the notation"),
        (0.0001, "decimal", "as decimal is logMAR 4.00"),
        (np.inf, "decimal", "is inf"),
        (True, "decimal", "is True"),
        ("0.5", "decimal", "is '0.5'"),
        ("20/0", "snellen", "is '20/0'; allowed are fractions such as"),
        ("0/20", "snellen", "is '0/20'"),
        ("20/40-2", "snellen", "Letters beyond a line depend on the chart"),
        ("20/40 + 2", "snellen", "Letters beyond a line depend on the chart"),
        (0.5, "snellen", "is 0.5; allowed are fractions"),
        (101, "etdrs", "is 101; allowed are letters from 0 to 100"),
        (-1, "etdrs", "is -1"),
        (85, "logmar", "as logmar is logMAR 85.00"),
        ("finger count", "off-chart", "Did you mean 'finger counting'"),
        (1.0, "off-chart", "is 1.0; allowed are one of"),
        ([[1], [1, 2]], "decimal", "is \\[1\\]"),
        (1.0, "jaeger", "unknown notation 'jaeger'; use one of"),
    ],
)
def test_an_acuity_that_is_not_in_its_notation_is_refused(value, notation, words):
    with pytest.raises(InputError, match=words):
        logmar(value, notation=notation)


def test_a_wrong_acuity_in_a_mixed_column_is_refused_at_its_own_place():
    with pytest.raises(InputError, match="position 2 is 'fingers'"):
        acuity([0.5, "CF", "fingers"], notation="decimal")
