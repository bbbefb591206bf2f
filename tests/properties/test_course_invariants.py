"""What must hold for any visits, relapses, scans and events."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier import course, mri, safety

settings.register_profile("course", max_examples=30, deadline=None)
FEW = settings.get_profile("course")

SCHEDULE = pl.DataFrame(
    {
        "visit": ["baseline", "month 6", "month 12"],
        "planned_day": [0, 183, 365],
        "low_day": [-30, 120, 300],
        "high_day": [5, 260, 430],
        "baseline": [True, False, False],
    }
)
RULES = st.sampled_from([None, course.EDSS_ANY, course.EDSS_1_0_5, course.EDSS_1_5_1_0_5])
NAMES = st.sampled_from(["P1", "P2", "P3"])
DAYS = st.integers(-400, 800)
STEPS = st.none() | st.sampled_from([0.0, *(step / 2 for step in range(2, 21))])
LABELS = st.sampled_from([None, "baseline", "month 6", "month 12", "relapse"])
VISITS = st.lists(
    st.fixed_dictionaries({"subject": NAMES, "day": st.none() | DAYS, "visit": LABELS, "edss": STEPS}),
    max_size=14,
).map(
    lambda rows: pl.DataFrame(
        rows, schema={"subject": pl.String, "day": pl.Int64, "visit": pl.String, "edss": pl.Float64}
    )
)
RELAPSES = st.lists(st.fixed_dictionaries({"subject": NAMES, "day": DAYS}), max_size=12).map(
    lambda rows: pl.DataFrame(rows, schema={"subject": pl.String, "day": pl.Int64})
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "subject": NAMES,
            "day": DAYS,
            "term": st.sampled_from(["fever", "headache"]),
            "serious": st.booleans(),
            "related": st.none() | st.booleans(),
        }
    ),
    max_size=12,
).map(
    lambda rows: pl.DataFrame(
        rows,
        schema={
            "subject": pl.String,
            "day": pl.Int64,
            "term": pl.String,
            "serious": pl.Boolean,
            "related": pl.Boolean,
        },
    )
)
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "treated": st.none() | st.booleans(),
            "last_contact_day": st.none() | st.integers(0, 900),
            "onset_day": st.none() | st.integers(-900, 0),
        }
    ),
    min_size=3,
    max_size=3,
).map(
    lambda rows: pl.DataFrame(
        [
            {"subject": f"P{place}", "arm": "a" if place < 3 else "b", **row}
            for place, row in enumerate(rows, start=1)
        ],
        schema={
            "subject": pl.String,
            "arm": pl.String,
            "treated": pl.Boolean,
            "last_contact_day": pl.Int64,
            "onset_day": pl.Int64,
        },
    )
)


def shuffled(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    return frame.sample(fraction=1.0, shuffle=True, seed=seed)


@FEW
@given(VISITS, RULES, st.integers(0, 5))
def test_order_of_visits_does_not_matter(visits, rule, seed):
    first = course.change(visits, SCHEDULE, rule=rule)
    second = course.change(shuffled(visits, seed), shuffled(SCHEDULE, seed), rule=rule)
    assert first.table.equals(second.table)
    assert first.trace.equals(second.trace)
    assert first.left_out == second.left_out


@FEW
@given(VISITS)
def test_every_row_of_visits_is_decided_on_exactly_once(visits):
    trace = course.at_schedule(visits, SCHEDULE).trace
    assert trace.filter(pl.col("outcome") != "missing").height == visits.height


@FEW
@given(VISITS)
def test_served_visits_lie_in_their_window_and_no_row_serves_twice(visits):
    table = course.at_schedule(visits, SCHEDULE).table.join(SCHEDULE, on="visit").drop_nulls("day")
    assert table.filter(~pl.col("day").is_between("low_day", "high_day")).is_empty()
    assert table.filter(pl.col("baseline") & (pl.col("day") > 0)).is_empty()
    served = course.at_schedule(visits, SCHEDULE).trace.filter(outcome="used")
    assert served.height == table.height


@FEW
@given(VISITS, RULES)
def test_pairs_and_those_left_out_add_up_to_everybody(visits, rule):
    result = course.change(visits, SCHEDULE, rule=rule)
    everybody = visits["subject"].n_unique()
    without_baseline, *lacking = (left.n for left in result.left_out)
    assert result.table.height == 2 * (everybody - without_baseline) - sum(lacking)


@FEW
@given(VISITS, RULES)
def test_patient_who_never_changes_is_never_a_responder(visits, rule):
    still = visits.with_columns(edss=pl.lit(4.0))
    assert set(course.change(still, SCHEDULE, rule=rule).table["status"]) <= {"stable", None}


@FEW
@given(VISITS, RULES)
def test_silent_patient_adds_no_row(visits, rule):
    silent = pl.DataFrame(
        {"subject": ["P9"], "day": [0], "visit": ["baseline"], "edss": [4.0]}, schema=visits.schema
    )
    before = course.change(visits, SCHEDULE, rule=rule).table
    assert course.change(pl.concat([visits, silent]), SCHEDULE, rule=rule).table.equals(before)


@FEW
@given(VISITS)
def test_stricter_rule_never_finds_more(visits):
    def found(rule):
        table = course.change(visits, SCHEDULE, rule=rule).table
        return set(table.filter(pl.col("status") != "stable").select("subject", "visit").iter_rows())

    assert found(course.EDSS_1_0_5) <= found(course.EDSS_ANY)


@FEW
@given(RELAPSES, PEOPLE, st.integers(0, 5))
def test_order_of_relapses_and_patients_does_not_matter(relapses, people, seed):
    first = course.relapse_rate(relapses, people)
    second = course.relapse_rate(shuffled(relapses, seed), shuffled(people, seed))
    assert first.table.equals(second.table)
    assert first.trace.equals(second.trace)
    assert first.left_out == second.left_out


@FEW
@given(RELAPSES, PEOPLE)
def test_every_relapse_is_counted_or_says_why_not(relapses, people):
    rate = course.relapse_rate(relapses, people)
    decisions = rate.trace.filter(step="relapse")
    assert decisions.height == relapses.height
    assert decisions.filter(outcome="counted").height == rate.table["relapses"].sum()
    assert set(rate.trace["reason"]) <= set(rate.reasons)
    assert rate.table["years"].min() is None or rate.table["years"].min() >= 0


@FEW
@given(RELAPSES, PEOPLE)
def test_patient_without_relapses_adds_time_and_no_relapse(relapses, people):
    quiet = pl.DataFrame(
        {"subject": ["P9"], "arm": ["a"], "treated": [True], "last_contact_day": [365], "onset_day": [None]},
        schema=people.schema,
    )
    before = course.relapse_rate(relapses, people).totals()
    after = course.relapse_rate(relapses, pl.concat([people, quiet])).totals()
    assert after["relapses"].equals(before["relapses"])
    assert (after["years"] > before["years"]).all()


@FEW
@given(VISITS, st.integers(0, 5))
def test_order_of_scans_does_not_matter_and_regions_do_not_mix(visits, seed):
    brain = visits.select("subject", "day", region=pl.lit("brain"), t2_count=pl.col("edss").cast(pl.Int64))
    cord = brain.with_columns(region=pl.lit("spinal cord"))
    both = mri.change(shuffled(pl.concat([brain, cord]), seed), SCHEDULE).table
    alone = mri.change(brain, SCHEDULE).table
    assert both.filter(region="brain").equals(alone)
    assert both.filter(region="spinal cord").drop("region").equals(alone.drop("region"))


@FEW
@given(EVENTS, PEOPLE, st.integers(0, 5))
def test_order_of_events_and_patients_does_not_matter(events, people, seed):
    first = safety.incidence(events, people)
    second = safety.incidence(shuffled(events, seed), shuffled(people, seed))
    assert first.table.drop("years").equals(second.table.drop("years"))
    assert (first.table["years"] - second.table["years"]).abs().fill_null(0).max() in {None, 0.0}
    assert first.left_out == second.left_out


@FEW
@given(EVENTS, PEOPLE)
def test_patients_with_events_are_at_most_the_events_and_at_most_the_treated(events, people):
    table = safety.incidence(events, people).table
    assert (table["subjects"] <= table["events"]).all()
    assert (table["subjects"] <= table["n"]).all()
    assert (table["years"] >= 0).all()
    classes = table.filter(kind="class")
    whole = dict(classes.filter(event="any").select("arm", "subjects").iter_rows())
    assert all(part <= whole[arm] for arm, part in classes.select("arm", "subjects").iter_rows())
    assert table.height == table.select("arm", "kind", "event").n_unique()


@FEW
@given(EVENTS, PEOPLE)
def test_every_event_is_decided_on_once(events, people):
    result = safety.incidence(events, people)
    assert result.trace.height == events.height
    counted = result.table.filter(event="any")["events"].sum()
    assert result.trace.filter(outcome="counted").height == counted
