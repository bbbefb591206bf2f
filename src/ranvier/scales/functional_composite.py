"""Multiple Sclerosis Functional Composite: walk, hands and PASAT as one z-score against a named reference."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import narwhals as nw
import polars as pl

from ranvier.errors import InputError, require_choice
from ranvier.result import TRACE_SCHEMA, Derivation, LeftOut, number, plural
from ranvier.trial import take

__all__ = ["MsfcReference", "msfc"]

WALK, HANDS, PASAT = "t25fw_s", ("nhpt_dominant_s", "nhpt_nondominant_s"), "pasat"
COLUMNS = ("subject", "day", WALK, *HANDS, PASAT)
WALK_LIMIT_S, HAND_LIMIT_S = 180.0, 300.0
"""The manual ends a trial after this many seconds, so that a longer time is a code or a mistake."""
PASAT_ITEMS = 60
SCORES = ("z_walk", "z_hand", "z_pasat", "msfc")
REASONS = {
    "scored": "compared with the reference",
    "missing": "not recorded; not imputed",
    "missing-dominant": "the dominant hand was not recorded; not imputed",
    "missing-nondominant": "the other hand was not recorded; not imputed",
    "missing-hands": "neither hand was recorded; not imputed",
    "over-limit": "compared with the reference, but longer than the manual allows for a trial",
    "mean-of-three": "mean of the three z-scores",
    "incomplete": "a component is missing; not imputed",
}
SOURCES = (
    "Fischer JS et al. MSFC administration and scoring manual, revised October 2001. National MS Society",
    "Cutter GR et al. (1999). Brain 122:871-882. doi:10.1093/brain/122.5.871",
)


@dataclass(frozen=True, kw_only=True)
class MsfcReference:
    """Means and standard deviations of the population that the z-scores of the MSFC refer to.

    Parameters
    ----------
    walk_mean_s, walk_sd_s : float
        Timed 25-foot walk, seconds.
    hand_mean_per_s, hand_sd_per_s : float
        Mean of the reciprocal nine-hole-peg times of both hands, 1/seconds.
    pasat_mean, pasat_sd : float
        PASAT-3, correct answers.
    source : str
        Which population it is.

    Raises
    ------
    InputError
        When a mean is not above 0, a standard deviation is not above 0, or no source is named.

    Examples
    --------
    >>> from ranvier.scales import MsfcReference
    >>> own = MsfcReference(
    ...     walk_mean_s=6.0, walk_sd_s=2.0, hand_mean_per_s=0.05, hand_sd_per_s=0.01,
    ...     pasat_mean=48.0, pasat_sd=10.0, source="baseline of the registry, n = 812",
    ... )
    >>> own.pasat_sd
    10.0
    """

    walk_mean_s: float
    walk_sd_s: float
    hand_mean_per_s: float
    hand_sd_per_s: float
    pasat_mean: float
    pasat_sd: float
    source: str

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if name == "source":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise InputError(
                    f"MSFC reference: {name} is {value!r}; it must be a number above 0. Give the "
                    "mean and the standard deviation of the population."
                )
        if not isinstance(self.source, str) or not self.source.strip():
            raise InputError(
                "MSFC reference: source is empty; name the population, for it changes the score."
            )

    @classmethod
    def from_baseline(cls, visits: Any) -> MsfcReference:
        """Give the reference made of a study's own baseline visits.

        Parameters
        ----------
        visits : dataframe
            The baseline visits alone, one row per subject, with the columns that `msfc` needs.

        Returns
        -------
        MsfcReference
            Its `source` says how many patients each component rests on.

        Raises
        ------
        InputError
            As in `msfc`, and when a subject has two rows or a component has fewer than two different values.

        Notes
        -----
        Mean and standard deviation (n - 1) of the recorded values of each component, all arms together. A
        patient without one component still counts for the others.

        Examples
        --------
        >>> import polars as pl
        >>> from ranvier.scales import MsfcReference
        >>> baseline = pl.DataFrame({
        ...     "subject": ["P1", "P2"], "day": [0, 0], "t25fw_s": [5.0, 7.0],
        ...     "nhpt_dominant_s": [20.0, 25.0], "nhpt_nondominant_s": [20.0, 25.0], "pasat": [50, 40],
        ... })
        >>> own = MsfcReference.from_baseline(baseline)
        >>> own.walk_mean_s, own.pasat_mean, round(own.hand_mean_per_s, 6)
        (6.0, 45.0, 0.045)
        >>> own.source
        "the study's own baseline (walk 2, hands 2, PASAT 2 patients)"
        """
        given = _columns(visits)
        twice = given.filter(pl.col("subject").is_duplicated())["subject"].unique().sort().to_list()
        if twice:
            raise InputError(
                f"subjects {twice[:10]} have more than one baseline row; give one row per subject."
            )
        parts = given.select(walk=pl.col(WALK), hand=_hand(), pasat=pl.col(PASAT).cast(pl.Float64))
        moments: list[float] = []
        for name in parts.columns:
            known = parts[name].drop_nulls()
            if known.n_unique() < 2:
                raise InputError(
                    f"the baseline holds {plural(known.n_unique(), 'different value')} of {name}; mean and "
                    "SD need two or more. Use the reference 'task-force' or another population."
                )
            moments += known.to_frame().select(mean=pl.all().mean(), sd=pl.all().std()).row(0)
        walk, hand, pasat = (parts[name].count() for name in parts.columns)
        return cls(
            walk_mean_s=moments[0],
            walk_sd_s=moments[1],
            hand_mean_per_s=moments[2],
            hand_sd_per_s=moments[3],
            pasat_mean=moments[4],
            pasat_sd=moments[5],
            source=f"the study's own baseline (walk {walk}, hands {hand}, PASAT {pasat} patients)",
        )

    def text(self) -> str:
        """Say the reference in one phrase.

        Returns
        -------
        str
            Source, means and standard deviations.
        """
        return (
            f"{self.source}: walk {self.walk_mean_s:.6g} s (SD {self.walk_sd_s:.6g}), hands "
            f"{self.hand_mean_per_s:.4g}/s (SD {self.hand_sd_per_s:.4g}), PASAT {self.pasat_mean:.6g} "
            f"(SD {self.pasat_sd:.6g})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return dataclasses.asdict(self)


REFERENCES = MappingProxyType(
    {
        "task-force": MsfcReference(
            walk_mean_s=9.5353,
            walk_sd_s=11.4058,
            hand_mean_per_s=0.0439,
            hand_sd_per_s=0.0101,
            pasat_mean=45.0311,
            pasat_sd=12.0771,
            source=(
                "task force of the National MS Society (constants from a cohort's script that follows the "
                "manual)"
            ),
        )
    }
)
"""Populations by name. The constants are those of a cohort's script that follows the manual."""


def msfc(visits: Any, *, reference: str | MsfcReference) -> Derivation:
    """Give the Multiple Sclerosis Functional Composite of each visit, with its three z-scores.

    Parameters
    ----------
    visits : dataframe
        Any dataframe that narwhals knows, one row per subject and day, with the columns subject, day, t25fw_s
        (mean of two walks), nhpt_dominant_s, nhpt_nondominant_s (mean of two trials each) and pasat (correct
        answers, 0 to 60). Null is missing; further columns are ignored.
    reference : {"task-force"} or MsfcReference
        The population that the z-scores refer to. There is no default: it changes the score.

    Returns
    -------
    Derivation
        `table`, in the order of the visits: subject, day, z_walk, z_hand, z_pasat, msfc; higher is better.
        `trace` has one row per visit and score, with the reason where it is null and a note where a time is
        longer than the manual allows. `definition` is the reference in force.

    Raises
    ------
    InputError
        When a column is missing, the reference is unknown, a time is not above 0, or PASAT is not a whole
        number from 0 to 60.

    See Also
    --------
    MsfcReference.from_baseline : the study's own baseline as the reference.

    Notes
    -----
    z_walk = -(time - mean) / SD; z_hand = (mean of the two hands' reciprocal times - mean) / SD; z_pasat =
    (score - mean) / SD; msfc is the mean of the three, and null when one of them is. Scores with different
    references must not be compared or pooled.

    A patient who cannot do a test because of MS is not told apart from one who was not tested: null is
    missing. The codes that stand for "unable" (walk 165.79476 s, which is z -13.7 of the task force; hand
    777 s; PASAT 0) are scored as written when the table holds them; nothing puts them there. PASAT improves
    with practice. The constants of the task force were taken from a cohort's script that follows the manual,
    not from the manual itself.

    References
    ----------
    Fischer JS, Jak AJ, Kniker JE, Rudick RA, Cutter G. Multiple Sclerosis Functional Composite:
    administration and scoring manual. Revised October 2001, National Multiple Sclerosis Society.
    Cutter GR et al. (1999). Brain 122:871-882. doi:10.1093/brain/122.5.871

    Examples
    --------
    >>> import polars as pl
    >>> from ranvier.scales import msfc
    >>> visits = pl.DataFrame({
    ...     "subject": ["P1", "P1"], "day": [0, 180], "t25fw_s": [6.0, 8.0], "nhpt_dominant_s": [20.0, 25.0],
    ...     "nhpt_nondominant_s": [22.0, None], "pasat": [50, 48],
    ... })
    >>> scored = msfc(visits, reference="task-force")
    >>> scored.table["msfc"].round(3).to_list()
    [0.367, None]
    >>> print(scored.explain("P1").splitlines()[-1])
    day 180, msfc: not known — a component is missing; not imputed
    """
    if not isinstance(reference, MsfcReference):
        require_choice("reference", reference, REFERENCES)
        reference = REFERENCES[reference]
    given = _columns(visits)
    table = _scores(given, reference)
    trace = _trace(given, table)
    over = int((trace["reason"] == "over-limit").sum())
    return Derivation(
        name="MSFC",
        table=table,
        method=(
            "MSFC is the mean of three z-scores: minus the time of the 25-foot walk, the mean reciprocal "
            "time of the two hands on the nine-hole peg test, and PASAT. Reference: "
            f"{reference.text()}. Higher is better. Nothing is imputed. {plural(over, 'component')} with a "
            f"time beyond the limit of the manual ({WALK_LIMIT_S:g} s walk, {HAND_LIMIT_S:g} s hand)."
        ),
        trace=trace,
        reasons=REASONS,
        definition=reference,
        left_out=(LeftOut(n=table["msfc"].null_count(), reason="visits with a missing component"),),
        references=SOURCES,
    )


def _columns(visits: Any) -> pl.DataFrame:
    """Give the needed columns in their types, or say which value cannot be one of the test."""
    given = take(visits, "visits", COLUMNS)
    raw = nw.from_native(visits, eager_only=True).to_polars()
    for name in ("day", PASAT):
        cut = raw[name].cast(pl.Float64) != given[name] if raw[name].dtype.is_float() else pl.Series([False])
        _refuse(given.with_columns(raw[name]).filter(cut.fill_null(value=False)), name, "whole numbers")
    for name in (WALK, *HANDS):
        wrong = (pl.col(name) <= 0) | pl.col(name).is_infinite()
        _refuse(given.filter(wrong), name, "seconds above 0, or null when not tested")
    outside = ~pl.col(PASAT).is_between(0, PASAT_ITEMS)
    _refuse(given.filter(outside), PASAT, f"0 to {PASAT_ITEMS} correct answers, or null when not tested")
    return given


def _refuse(wrong: pl.DataFrame, name: str, allowed: str) -> None:
    """Name the first row whose value cannot be."""
    if wrong.height:
        subject, day, value = wrong["subject"][0], wrong["day"][0], wrong[name][0]
        raise InputError(
            f"visits, subject {subject!r}, day {day}: {name} is {value:g}; allowed are {allowed}. Correct "
            "the value, or leave it out."
        )


def _hand() -> pl.Expr:
    """Give the mean of the reciprocal times of both hands; null when one is missing."""
    dominant, other = (1.0 / pl.col(name) for name in HANDS)
    return (dominant + other) / 2.0


def _scores(given: pl.DataFrame, reference: MsfcReference) -> pl.DataFrame:
    """Give the three z-scores and their mean."""
    z_scores = given.select(
        "subject",
        "day",
        z_walk=-(pl.col(WALK) - reference.walk_mean_s) / reference.walk_sd_s,
        z_hand=(_hand() - reference.hand_mean_per_s) / reference.hand_sd_per_s,
        z_pasat=(pl.col(PASAT) - reference.pasat_mean) / reference.pasat_sd,
    )
    return z_scores.with_columns(msfc=(pl.col("z_walk") + pl.col("z_hand") + pl.col("z_pasat")) / 3.0)


def _trace(given: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Give one row per visit and score, in the order of the visits."""
    dominant, other = (pl.col(name) for name in HANDS)
    reasons = {
        "z_walk": _first((pl.col(WALK).is_null(), "missing"), (pl.col(WALK) > WALK_LIMIT_S, "over-limit")),
        "z_hand": _first(
            (dominant.is_null() & other.is_null(), "missing-hands"),
            (dominant.is_null(), "missing-dominant"),
            (other.is_null(), "missing-nondominant"),
            (pl.max_horizontal(*HANDS) > HAND_LIMIT_S, "over-limit"),
        ),
        "z_pasat": _first((pl.col(PASAT).is_null(), "missing")),
        "msfc": _first((pl.col("msfc").is_null(), "incomplete"), otherwise="mean-of-three"),
    }
    wide = given.with_columns(table.select(SCORES)).with_row_index("place")
    rows = [
        wide.select(
            "place",
            "subject",
            "day",
            step=pl.lit(score),
            outcome=pl.Series([number(value) for value in wide[score]], dtype=pl.String),
            reason=reasons[score],
        )
        for score in SCORES
    ]
    return pl.concat(rows).sort("place", maintain_order=True).drop("place").cast(pl.Schema(TRACE_SCHEMA))


def _first(*cases: tuple[pl.Expr, str], otherwise: str = "scored") -> pl.Expr:
    """Give the reason code of the first condition that holds."""
    codes = [pl.when(condition).then(pl.lit(code)) for condition, code in cases]
    return pl.coalesce(*codes, pl.lit(otherwise))
