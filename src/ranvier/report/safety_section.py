"""What a page says on harm: counts, bounds where nobody had one, comparisons, curves, stopping rules."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ranvier.report import safety_figures as figures
from ranvier.report.figures import interval_chart
from ranvier.report.model import Block, Bullets, DataTable, Numbers, Paragraph
from ranvier.result import Fit, number, p_text, percent, plural
from ranvier.stats import patients_to_exclude
from ranvier.verdict import Analysis, Harms, RuleState, analyse_harms

__all__ = [
    "comparison_blocks",
    "event_blocks",
    "listing_blocks",
    "none_seen_blocks",
    "over_time_blocks",
    "rule_blocks",
    "safety_section",
]

EVENTS_LISTED = 400
"""Rows of a table of events; the files of `ranvier safety --out` hold all of them."""

CLASS_WORDS = {
    "any": "any adverse event",
    "serious": "any serious event",
    "related": "any event related to the product",
    "procedure_related": "any event related to the procedure",
    "fatal": "any fatal event",
}
INDENT = "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}"


def safety_section(analysis: Analysis) -> list[Block]:
    """Give the blocks on adverse events of a trial report.

    Parameters
    ----------
    analysis : Analysis
        Every number of the trial.

    Returns
    -------
    list of Block
        Stopping rules first, then shares with exact bounds, events, comparison, curves and the listing.
    """
    if analysis.adverse is None:
        text = (
            "Adverse events were not recorded in these data. That says nothing about how often they happened."
        )
        return [Paragraph(text=text, tone="caution")]
    harms = analyse_harms(analysis.trial)
    blocks: list[Block] = [*rule_blocks(harms.rules), Paragraph(text=harms.incidence.method)]
    if analysis.trial.protocol.adverse_events_recorded == "serious":
        text = "Only serious adverse events were reported by the sources; nothing is said about the others."
        blocks.append(Paragraph(text=text, tone="caution"))
    blocks += [Paragraph(text=note) for note in analysis.safety_notes]
    if analysis.safety:
        fit = Fit(title="Patients with adverse events", estimates=analysis.safety, method_text="")
        blocks += [Numbers(estimates=analysis.safety), interval_chart(fit, key="safety-bounds")]
    blocks += [*none_seen_blocks(harms), *event_blocks(harms), *comparison_blocks(harms)]
    return [*blocks, *over_time_blocks(harms), *listing_blocks(harms)]


def event_blocks(harms: Harms) -> list[Block]:
    """Give the table of events: patients, share and events in each arm.

    Parameters
    ----------
    harms : Harms
        Every number on harm.

    Returns
    -------
    list of Block
        One wide table, and the person-years behind it.
    """
    table = harms.incidence.table
    named = pl.col("event").is_in(harms.classes) & (pl.col("kind") == "class")
    shown = table.filter(named | (pl.col("kind") != "class"))
    arms = shown["arm"].unique(maintain_order=True).to_list()
    keys = ["kind", "body_system", "event"]
    wide = shown.filter(arm=arms[0]).select(*keys) if arms else shown.select(keys)
    for arm in arms:
        part = shown.filter(arm=arm)
        rate = pl.col("rate_per_100_years").round(1)
        cell = pl.format("{} ({}\u00a0%) [{}]", "subjects", pl.col("percent").round(1), "events")
        size = part["n"][0]
        columns = [
            pl.when(pl.col("n") > 0).then(cell).alias(f"{arm} (n = {size})"),
            rate.alias(f"per 100 years, {arm}"),
        ]
        wide = wide.join(
            part.select(*keys, *columns), on=keys, how="left", nulls_equal=True, maintain_order="left"
        )
    nested = (pl.col("kind") == "term") & pl.col("body_system").is_not_null()
    name = (
        pl.when(pl.col("kind") == "class")
        .then(pl.col("event").replace(CLASS_WORDS))
        .when(nested)
        .then(pl.concat_str(pl.lit(INDENT), pl.col("event")))
        .otherwise(pl.col("event"))
    )
    left = tuple(f"{each.n}: {each.reason}" for each in harms.incidence.left_out if each.n)
    blocks: list[Block] = [
        DataTable(
            caption="Patients with each event",
            frame=wide.select(name.alias("event"), pl.exclude(keys)).head(EVENTS_LISTED),
            note="Patients with at least one event (% of the treated) [events]; then patients with a first "
            "event per 100 patient-years at risk."
            + (f" The first {EVENTS_LISTED} of {wide.height} rows." if wide.height > EVENTS_LISTED else ""),
        )
    ]
    return [*blocks, Bullets(title="Counted apart", items=left)] if left else blocks


def none_seen_blocks(harms: Harms) -> list[Block]:
    """Give the bounds for classes of events that nobody had, and what the registry has seen.

    Parameters
    ----------
    harms : Harms
        Every number on harm.

    Returns
    -------
    list of Block
        A table of bounds, and sentences on the registry; empty when every class was seen.
    """
    bounds = harms.none_seen.table
    blocks: list[Block] = []
    if bounds.height:
        one_arm = harms.incidence.table["arm"].n_unique() < 2
        frame = bounds.select(
            *([] if one_arm else ["arm"]),
            pl.col("event").replace(CLASS_WORDS),
            pl.format("0 of {}, up to {}", "n", _percent("two_sided")).alias("share, 95 % interval"),
            _percent("one_sided").alias("one-sided bound"),
            _percent("rule_of_three").alias("rule of three (3 / n)"),
            pl.col("rate_two_sided").round(1).alias("per 100 patient-years, up to"),
        )
        blocks.append(
            DataTable(
                caption="What nobody had, and how often it could still happen",
                frame=frame,
                note="Exact bounds. The rule of three approximates the one-sided bound; for few patients it "
                "is too high.",
            )
        )
    return blocks + _registry(harms)


def _bare_p(p: float) -> str:
    """Write a p value under a heading that says so."""
    return p_text(p).removeprefix("p = ").removeprefix("p ")


def _percent(column: str) -> pl.Expr:
    return pl.col(column).map_elements(percent, return_dtype=pl.String)


def _registry(harms: Harms) -> list[Block]:
    """Say what the registry has seen, and how many patients would exclude it."""
    found = harms.registry
    if found is None or not found.estimates:
        return []
    share = found.estimates[0]
    events = share.inputs["events"]
    aim = share.high if events == 0 else share.value
    needed = patients_to_exclude(aim, sided="two")
    words = "the highest share that this does not exclude" if events == 0 else "that share"
    seen = [
        f"{each.quantity[:1].upper()}{each.quantity[1:]}: {each.inputs['events']} of {each.n}, up to "
        f"{percent(each.high)}."
        for each in found.estimates
    ]
    seen += [found.apart] if found.apart else []
    arms = harms.incidence.table.select("arm", "n").unique()
    if harms.comparison is not None:  # who got no cells says nothing about their rate
        arms = arms.filter(pl.col("arm") != harms.comparison.reference)
    aimed = (
        f"To exclude {words} ({percent(aim)}) a trial needs {plural(int(needed.value), 'patient')} without a "
        f"serious event; this one treated {arms['n'].sum()}."
    )
    caution = (
        "Studies differ in follow-up; those that counted only events put down to the treatment say nothing "
        "of the others, and studies without a count are absent."
    )
    return [Bullets(title="Against the registry", items=(*seen, aimed, caution))]


def comparison_blocks(harms: Harms) -> list[Block]:
    """Give the dot plot, and each kind of event with its risk difference.

    Parameters
    ----------
    harms : Harms
        Every number on harm.

    Returns
    -------
    list of Block
        Figure and table; empty without a control arm.
    """
    compared = harms.comparison
    if compared is None:
        return []
    table = compared.table.filter(pl.col("subjects") + pl.col("reference_subjects") > 0)
    frame = table.select(
        pl.col("event").replace(CLASS_WORDS),
        "arm",
        pl.format("{}\u00a0of\u00a0{}", "subjects", "n").alias("patients"),
        pl.format("{}\u00a0of\u00a0{}", "reference_subjects", "reference_n").alias(compared.reference),
        *(
            (100 * pl.col(name)).round(1).alias(title)
            for name, title in (
                ("difference", "risk difference, points"),
                ("difference_low", "from"),
                ("difference_high", "to"),
            )
        ),
        *(
            pl.col(name).map_elements(number, return_dtype=pl.String).alias(title)
            for name, title in (("ratio", "ratio"), ("ratio_low", "ratio from"), ("ratio_high", "ratio to"))
        ),
        pl.col("p_value").map_elements(_bare_p, return_dtype=pl.String).alias("p (Fisher)"),
    )
    many = compared.table.filter(pl.col("kind") != "class").height
    return [
        figures.event_dots(compared),
        Paragraph(
            text=f"{plural(many, 'comparison')} of single kinds of events: some differ by chance alone, and "
            "nothing is adjusted for that. Look at what is large and plausible, not at p.",
            tone="caution",
        ),
        DataTable(
            caption=f"Every kind of event compared with {compared.reference}", frame=frame.head(EVENTS_LISTED)
        ),
    ]


def over_time_blocks(harms: Harms) -> list[Block]:
    """Give worst grades, time to the first event, and events over exposure.

    Parameters
    ----------
    harms : Harms
        Every number on harm.

    Returns
    -------
    list of Block
        The figures that have something to show.
    """
    blocks: list[Block] = []
    if harms.worst is not None and harms.worst.table.height:
        blocks.append(figures.worst_grade_bars(harms.worst))
    timed = harms.first.table.filter(pl.col("observed") & pl.col("days").is_not_null())
    if timed.height:
        blocks.append(figures.first_event_curves(harms.first))
    if harms.over_time.table["events"].sum():
        blocks.append(figures.events_over_time(harms.over_time))
    return blocks


def rule_blocks(rules: Sequence[RuleState]) -> list[Block]:
    """Give each stopping rule: where the trial stands, the table "stop if x of n", and its chances.

    Parameters
    ----------
    rules : sequence of RuleState
        From `verdict.analyse_harms`.

    Returns
    -------
    list of Block
        A sentence, a table, and a figure with the operating characteristics behind it.
    """
    blocks: list[Block] = []
    for found in rules:
        boundary, state = found.state.boundary, found.state
        years = boundary.method == "poisson"
        pending = found.counted.table.filter(status="pending").height
        waiting = f" {plural(pending, 'patient')} not yet followed for long enough." if pending else ""
        blocks += [
            Paragraph(
                text=f"Stopping rule {found.rule.id}: {state.explain()}{waiting}",
                tone="caution" if state.decision == "stop" else "key",
            ),
            Paragraph(text=f"{found.rule.text} {boundary.explain()}"),
            DataTable(
                caption=f"Stop if (rule {found.rule.id})",
                frame=boundary.table(),
                labels={
                    "stop_at": "events" if years else "patients with the event",
                    "from_look": f"of {boundary.unit}, from",
                    "to_look": "to",
                },
                note="; ".join(f"{left.n}: {left.reason}" for left in found.counted.left_out if left.n),
            ),
            DataTable(
                caption=f"How often the rule {found.rule.id} stops a trial (exact)",
                frame=boundary.characteristics(),
                labels={
                    "rate": "true events per patient-year" if years else "true share",
                    "stop": "chance of stopping",
                    "expected_n": f"{boundary.unit} when it ends, on average",
                    "expected_events": "events until then",
                },
            ),
            figures.stopping_figure(found),
        ]
    return blocks


def listing_blocks(harms: Harms) -> list[Block]:
    """Give every serious adverse event.

    Parameters
    ----------
    harms : Harms
        Every number on harm.

    Returns
    -------
    list of Block
        The listing, with events that do not count and why.
    """
    frame = harms.listing.table
    if frame.is_empty():
        return [Paragraph(text="No serious adverse event was recorded.")]
    empty = [name for name in frame.columns if frame.height and frame[name].null_count() == frame.height]
    return [
        DataTable(
            caption="Every serious adverse event",
            frame=frame.drop(empty),
            labels={
                "subject": "patient",
                "body_system": "body system",
                "end_day": "to day",
                "onset": "days from first dose",
                "duration_days": "days long",
                "procedure_related": "procedure-related",
                "treatment_emergent": "after the first dose",
            },
        )
    ]
