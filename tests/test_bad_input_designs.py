"""Every way in which input to planning can be wrong, and the words that say so.

One table: calls that are refused. Add a row for each new public function and each new mistake.
"""

from __future__ import annotations

from typing import Any

import pytest

import ranvier as rv
from ranvier.errors import InputError, RanvierError

ERRORS = {"alpha": 0.05, "beta": 0.2}
CHANGES = {-1.0: 0.5, 0.0: 0.5}
TWO = rv.stats.group_sequential(2)
RELAPSES = {"dispersion": 0.8, "years": 1}

# function (as users call it), arguments, options, error, words of the message
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[RanvierError], str]] = [
    ("stats.simon", (0.3, 0.1), ERRORS, InputError, r"p0 is 0.3 and p1 is 0.1; .* must lie below"),
    ("stats.simon", (0.0, 0.1), ERRORS, InputError, r"p0 is 0.0; .* above 0 and below 1"),
    ("stats.simon", (0.1, "half"), ERRORS, InputError, r"p1 is 'half'; it must be a number"),
    ("stats.simon", (0.1, 0.3), {"alpha": 5, "beta": 0.2}, InputError, r"alpha is 5; .* Write 0.05 for 5 %"),
    ("stats.simon", (0.1, 0.3), {"alpha": 0.05, "beta": 0.8}, InputError, r"beta is 0.8; .* below 0.5"),
    (
        "stats.simon",
        (0.1, 0.3),
        {**ERRORS, "criterion": "optimum"},
        InputError,
        r"unknown criterion 'optimum'.*Did you mean 'optimal'",
    ),
    ("stats.simon", (0.1, 0.3), {**ERRORS, "most": 1}, InputError, r"most is 1; .* from 2 to 1000"),
    (
        "stats.simon",
        (0.1, 0.12),
        {**ERRORS, "most": 50},
        InputError,
        r"no two-stage design of up to 50 .* raise most",
    ),
    ("stats.single_stage", (0.1, 0.1), ERRORS, InputError, r"p0 is 0.1 and p1 is 0.1"),
    ("stats.single_stage", (0.1, 0.3), {**ERRORS, "most": 10}, InputError, r"no size up to 10 keeps alpha"),
    ("stats.exact_sequential", (0, 0.1, 0.3), {}, InputError, r"looks is 0; give from 1 to 50"),
    ("stats.exact_sequential", ([10, 10], 0.1, 0.3), {}, InputError, r"looks is \[10, 10\]; .* larger than"),
    ("stats.exact_sequential", ([10, 2000], 0.1, 0.3), {}, InputError, r"looks ends with 2000; .* 1000"),
    ("stats.exact_sequential", ([10, 20.5], 0.1, 0.3), {}, InputError, r"looks is 20.5; .* whole number"),
    ("stats.exact_sequential", (3, 0.1, 0.11), {}, InputError, r"no trial of up to 1000 patients"),
    ("stats.exact_sequential", (3, 0.1, 0.3), {"spending": "pococ"}, InputError, r"Did you mean 'pocock'"),
    ("stats.exact_sequential", (3, 0.1, 0.3), {"futility": "all"}, InputError, r"unknown futility 'all'"),
    ("stats.group_sequential", (0,), {}, InputError, r"looks is 0; give from 1 to 50"),
    ("stats.group_sequential", ([0.5, 0.9],), {}, InputError, r"looks is \[0.5, 0.9\]; .* the last one 1"),
    ("stats.group_sequential", ([0.5, 0.4, 1],), {}, InputError, r"the rising fractions"),
    ("stats.group_sequential", (["a", 1],), {}, InputError, r"looks is \['a', 1\]"),
    ("stats.group_sequential", (3,), {"boundary": "haybittle"}, InputError, r"unknown boundary 'haybittle'"),
    ("stats.group_sequential", (3,), {"sided": 3}, InputError, r"sided is 3; it must be 1 or 2"),
    ("stats.group_sequential", (3,), {"alpha": 0}, InputError, r"alpha is 0; .* above 0 and below 1"),
    (
        "stats.group_sequential",
        (3,),
        {"sided": 2, "futility": "pocock"},
        InputError,
        r"bounds for futility belong to one-sided",
    ),
    (
        "stats.group_sequential",
        (3,),
        {"boundary": "wang-tsiatis"},
        InputError,
        r"'wang-tsiatis' needs delta",
    ),
    (
        "stats.group_sequential",
        (3,),
        {"boundary": "wang-tsiatis", "delta": 0.7},
        InputError,
        r"delta is 0.7; it must be from -0.5 to 0.5",
    ),
    (
        "stats.group_sequential",
        (3,),
        {"delta": 0.1},
        InputError,
        r"delta is 0.1, but the boundary .* has none",
    ),
    ("stats.conditional_power", (float("nan"),), {"design": TWO}, InputError, r"z is nan; .* finite"),
    (
        "stats.conditional_power",
        (1,),
        {"design": TWO, "look": 2},
        InputError,
        r"look is 2; .* before the last",
    ),
    ("stats.promising_zone", (rv.stats.group_sequential(3),), {}, InputError, r"with two looks"),
    ("stats.promising_zone", (TWO,), {"floor": 0.9}, InputError, r"floor is 0.9; .* below the target 0.8"),
    ("stats.promising_zone", (TWO,), {"most": 1}, InputError, r"most is 1; it must be a number above 1"),
    ("stats.size_means", (0, 1), {}, InputError, r"difference is 0; there is nothing to find"),
    ("stats.size_means", (1, -1), {}, InputError, r"sd is -1; it must be a number above 0"),
    ("stats.size_means", (1, 1), {"ratio": 0}, InputError, r"ratio is 0"),
    ("stats.size_means", (1, 1), {"sided": 0}, InputError, r"sided is 0; it must be 1 or 2"),
    ("stats.size_means", (1e-6, 1), {}, InputError, r"more than 1000000 patients .* too small beside sd"),
    ("stats.size_pairs", (0, 1), {}, InputError, r"difference is 0"),
    ("stats.size_pairs", (1, float("inf")), {}, InputError, r"sd is inf"),
    ("stats.size_events", (1,), {}, InputError, r"hazard_ratio is 1; there is no difference"),
    ("stats.size_events", (-1,), {}, InputError, r"hazard_ratio is -1; .* above 0"),
    ("stats.size_events", (0.999,), {}, InputError, r"more than 1000000 events .* too close to 1"),
    (
        "stats.size_relapses",
        (0.01, 0.99999),
        {"dispersion": 0, "years": 1},
        InputError,
        r"more than 1000000 patients in an arm .* rate_ratio is too close to 1",
    ),
    (
        "stats.promising_zone",
        (rv.stats.group_sequential([0.9, 1], boundary="pocock"),),
        {"floor": 0.79},
        InputError,
        r"no first statistic from 0, .* to 2.07, .* between floor 0.79 and target 0.8",
    ),
    ("stats.size_relapses", (-0.5, 0.5), RELAPSES, InputError, r"rate is -0.5; .* above 0"),
    ("stats.size_relapses", (0.5, 1), RELAPSES, InputError, r"rate_ratio is 1; there is no difference"),
    (
        "stats.size_relapses",
        (0.5, 0.5),
        {**RELAPSES, "dispersion": -1},
        InputError,
        r"dispersion is -1; .* Poisson",
    ),
    ("stats.size_relapses", (0.5, 0.5), {**RELAPSES, "years": 0}, InputError, r"years is 0"),
    ("stats.size_relapses", (0.5, 0.5), {**RELAPSES, "variance": "pool"}, InputError, r"'pooled'"),
    ("stats.size_shares", (0.5, 0.5), {}, InputError, r"both 0.5; there is no difference"),
    ("stats.size_shares", (50, 0.5), {}, InputError, r"first is 50; a share is from 0 to 1"),
    ("stats.size_shares", (0.8, 0.2), {"test": "barnard"}, InputError, r"unknown test 'barnard'"),
    ("stats.size_shares", (0.8, 0.2), {"sided": 3}, InputError, r"sided is 3"),
    ("stats.size_shares", (0.8, 0.2), {"ratio": -1}, InputError, r"ratio is -1"),
    ("stats.size_changes", (CHANGES,), {"test": "t"}, InputError, r"unknown test 't'"),
    ("stats.size_changes", (CHANGES,), {"most": 3}, InputError, r"no size up to 3 has the power"),
    ("stats.size_changes", ({-1: 0.5, 1: 0.6},), {}, InputError, r"add up to 1.1; they must"),
    ("stats.size_changes", ({-1: 0.5, 1: 0.5},), {}, InputError, r"mean of 0; there is no side"),
    ("stats.size_changes", ({-1: 1.0},), {}, InputError, r"at least two of them"),
    ("stats.size_changes", ([0.5, 0.5],), {}, InputError, r"give the chance of each possible change"),
    (
        "stats.size_changes",
        ({change / 10: 0.1 for change in range(-4, 6)},),
        {},
        InputError,
        r"allow more than 100000 samples; .* simulate",
    ),
]


@pytest.mark.parametrize(("name", "arguments", "options", "error", "words"), CALLS)
def test_call_is_refused_in_words(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], error: type[RanvierError], words: str
) -> None:
    function: Any = rv
    for part in name.split("."):
        function = getattr(function, part)
    with pytest.raises(error, match=words):
        function(*arguments, **options)


def test_methods_of_a_design_refuse_in_words() -> None:
    """What is asked of a design can be wrong too."""
    design = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
    with pytest.raises(InputError, match=r"n is 20; a trial of this design ends at one of \[12, 35\]"):
        design.estimate(3, 20)
    with pytest.raises(InputError, match=r"cannot end with 5 of 12: it goes on, or ended before"):
        design.estimate(5, 12)
    with pytest.raises(InputError, match=r"cannot end with 1 of 35: it would have ended before"):
        design.estimate(1, 35)
    with pytest.raises(InputError, match=r"events is 13, more than n = 12"):
        design.estimate(13, 12)
    with pytest.raises(InputError, match=r"shares holds 1.5; a true share is from 0 to 1"):
        design.characteristics([1.5])
    with pytest.raises(InputError, match=r"a size is 0; it must be at least 1"):
        rv.stats.single_stage(0.1, 0.3, alpha=0.05, beta=0.2).saw_tooth([0])
    rule = rv.stats.promising_zone(TWO)
    for made in (TWO, rule):
        with pytest.raises(InputError, match=r"multiples holds inf"):
            made.characteristics([float("inf")])
    with pytest.raises(InputError, match=r"second is 'a'; it must be a finite number"):
        rule.combine(1.0, "a")  # type: ignore[arg-type]
    size = rv.stats.size_means(1.0, 1.0)
    with pytest.raises(InputError, match=r"alpha is 0.05 for the size and 0.025 for the design"):
        size.with_looks(TWO)
    with pytest.raises(InputError, match=r"design is 'of'; make one with group_sequential"):
        size.with_looks("of")  # type: ignore[arg-type]
    looks = rv.stats.group_sequential(2, alpha=0.05, sided=2)
    with pytest.raises(InputError, match=r"has looks already"):
        size.with_looks(looks).with_looks(looks)
