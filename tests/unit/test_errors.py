from __future__ import annotations

import pytest

from ranvier.errors import (
    ConvergenceError,
    DefinitionError,
    InputError,
    RanvierError,
    require_choice,
    suggest,
)


def test_every_error_is_a_ranvier_error() -> None:
    for error in (InputError, DefinitionError, ConvergenceError):
        assert issubclass(error, RanvierError)


def test_an_unknown_word_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(
        InputError, match=r"unknown method 'wald'; use one of \['clopper-pearson', 'wilson'\]"
    ):
        require_choice("method", "wald", ["clopper-pearson", "wilson"])


def test_a_misspelt_word_gets_the_closest_one() -> None:
    assert suggest("Cerebelar", ["cerebral", "cerebellar"]) == "cerebellar"
    assert suggest("mscs", ["MSC", "NSC"]) == "MSC"
    assert suggest("xyz", ["cerebral", "cerebellar"]) is None
