"""Whatever the design: no errors in a virtual trial, and the same numbers again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.simulate import Design, Effect, EntryCriteria, Group, Period, replicate, trial
from ranvier.trial import Arm, EntryRule, Protocol, VisitWindow

PHENOTYPES = st.sampled_from(["RRMS", "SPMS", "PPMS"])
LOW_EDSS, HIGH_EDSS = st.sampled_from([0.0, 1.0, 3.0]), st.sampled_from([4.5, 6.5, 9.5])


@st.composite
def designs(draw: st.DrawFn) -> Design:
    gaps = draw(st.lists(st.integers(31, 200), min_size=0, max_size=4))
    late = draw(st.integers(0, 15))
    day, visits = (
        0,
        [VisitWindow(label="first", day=-3, window=(-draw(st.integers(0, 20)), 3), baseline=True)],
    )
    for number, gap in enumerate(gaps):
        day += gap
        visits.append(VisitWindow(label=f"visit {number}", day=day, window=(-late, late)))
    names = draw(st.lists(PHENOTYPES, min_size=1, max_size=3, unique=True))
    rule = draw(st.sampled_from([None, EntryRule()]))
    groups = tuple(
        Group(
            phenotype=name,
            share=draw(st.integers(1, 3)),
            entry=EntryCriteria(
                relapses=rule if name == "RRMS" else None, edss=(draw(LOW_EDSS), draw(HIGH_EDSS))
            ),
        )
        for name in names
    )
    protocol = Protocol(
        id="any",
        title="Any design",
        design="single_arm",
        data_kind="simulated",
        disease="MS",
        arms=(Arm(id="a", label="A", planned_n=draw(st.integers(1, 9))),),
        visits=tuple(visits),
    )
    effects = Effect(relapse_ratio=draw(st.sampled_from([0.0, 1.0, 3.0])))
    periods = (Period(from_day=0, effect=effects), Period(from_day=31, carry_over=draw(st.floats(0, 1))))
    return Design(
        protocol=protocol,
        groups=groups,
        scenario=draw(st.sampled_from(["low", "high"])),
        effects={"a": effects if day < 62 else draw(st.sampled_from([effects, periods]))},
        dropout_per_year=draw(st.sampled_from([0.0, 0.5, 20.0])),
        missed_share=draw(st.sampled_from([0.0, 0.4])),
        scans=("first",) * draw(st.booleans()),
        acuity=draw(st.booleans()),
        p100=draw(st.booleans()),
    )


@settings(max_examples=15, deadline=None)
@given(designs(), st.integers(0, 1_000))
def test_a_virtual_trial_never_has_a_finding_of_severity_error(design: Design, seed: int) -> None:
    found = trial(design, seed=seed).check().table
    assert found.filter(severity="error").is_empty()


@settings(max_examples=6, deadline=None)
@given(designs(), st.integers(0, 1_000), st.sampled_from([3, 7]))
def test_fewer_trials_are_the_first_of_more(design: Design, seed: int, size: int) -> None:
    more = replicate(design, n_trials=10, seed=seed, block_trials=size).table
    fewer = replicate(design, n_trials=4, seed=seed, block_trials=size).table
    assert fewer.equals(more.head(4))


@settings(max_examples=6, deadline=None)
@given(designs(), st.integers(0, 1_000))
def test_equal_designs_make_equal_trials(design: Design, seed: int) -> None:
    again = replace(design)
    assert again.hash == design.hash
    assert trial(again, seed=seed).visits.equals(trial(design, seed=seed).visits)
