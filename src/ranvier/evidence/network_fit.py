"""What a network of trials is: every comparison, direct against indirect evidence, ranks with their range."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import require_choice
from ranvier.evidence._network_model import Net, direct_trials
from ranvier.evidence._pooled import below, quantile
from ranvier.evidence.pooled_studies import Scale
from ranvier.result import Fit, LeftOut, json_ready, number, p_text, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Network"]

_SPLIT = ("direct", "indirect", "difference")


@dataclass(frozen=True, kw_only=True, eq=False)
class Network(Fit):
    """Treatments compared through a network of trials.

    Parameters
    ----------
    comparisons : polars.DataFrame
        treatment, comparator, effect, standard_error, statistic, p_value (on the pooled scale); value, low,
        high, prediction_low, prediction_high (as the measure is read); trials (how many compare the two
        directly): every pair, both ways.
    treatments : polars.DataFrame
        treatment, trials, patients (null where not given): the reference first.
    studies : polars.DataFrame
        study, design, arms, added (whether 0.5 was added to its cells): one row per trial.
    reference : str
        The treatment with which the others are compared first.
    method : str
        How the variance between trials was estimated.
    interval : str
        How intervals were made.
    level : float
        Confidence level.
    scale : Scale
        How values are read.
    net : Net
        What splits are computed from.
    left_out : tuple of LeftOut
        Who was left out and why.
    """

    comparisons: pl.DataFrame
    treatments: pl.DataFrame
    studies: pl.DataFrame
    reference: str
    method: str
    interval: str
    level: float
    scale: Scale
    net: Net = field(repr=False)
    left_out: tuple[LeftOut, ...] = ()

    def league(self, *, digits: int | None = None) -> pl.DataFrame:
        """Give all comparisons as a square of words: the treatment of the row against that of the column.

        Parameters
        ----------
        digits : int, optional
            Decimals; when None, two for a difference, and digits of its own for each ratio and bound.

        Returns
        -------
        polars.DataFrame
            treatment, and one column per treatment, such as "−0.45 (−0.80 to −0.10)"; empty on the diagonal.

        Examples
        --------
        >>> import ranvier as rv
        >>> two = {"study": ["A", "B"], "treatment": ["msc", "nsc"], "comparator": ["placebo", "placebo"]}
        >>> given = {**two, "effect": [-0.5, -0.2], "variance": [0.04, 0.09]}
        >>> net = rv.evidence.network(given, reference="placebo", method="common", interval="wald")
        >>> net.league()["placebo"].to_list()
        ['', '−0.50 (−0.89 to −0.11)', '−0.20 (−0.79 to 0.39)']
        """
        names = self.treatments["treatment"].to_list()
        words = {}
        for row in self.comparisons.iter_rows(named=True):
            value, low, high = self.scale.texts(row["value"], row["low"], row["high"], digits=digits)
            words[row["treatment"], row["comparator"]] = f"{value} ({low} to {high})"
        square = {other: [words.get((one, other), "") for one in names] for other in names}
        return pl.DataFrame({"treatment": names, **square})

    def ranking(self, *, better: str) -> pl.DataFrame:
        r"""Give P-scores, with the range of ranks that the comparisons leave open.

        Parameters
        ----------
        better : {"lower", "higher"}
            Which values are better for the patient.

        Returns
        -------
        polars.DataFrame
            treatment, p_score, first_rank, last_rank; the highest P-score first. The ranks are those that no
            interval of a comparison excludes.

        Raises
        ------
        InputError
            When `better` is neither.

        Notes
        -----
        The P-score of a treatment is the mean, over all others, of one less the one-sided p value of being
        better: 1 is certainly the best, 0.5 no better or worse than most. It says nothing on how much
        better, nor whether the trials can be believed: a treatment from one small trial can lead. Read it
        with the ranks beside it, which are seldom as narrow as the order suggests; their intervals are not
        adjusted for their number.

        References
        ----------
        Rücker G, Schwarzer G (2015). BMC Med Res Methodol 15:58

        Examples
        --------
        >>> import ranvier as rv
        >>> two = {"study": ["A", "B"], "treatment": ["msc", "nsc"], "comparator": ["placebo", "placebo"]}
        >>> given = {**two, "effect": [-0.5, -0.2], "variance": [0.04, 0.09]}
        >>> net = rv.evidence.network(given, reference="placebo", method="common", interval="wald")
        >>> net.ranking(better="lower").select("treatment", "first_rank", "last_rank").rows()
        [('msc', 1, 2), ('nsc', 1, 3), ('placebo', 2, 3)]
        """
        require_choice("better", better, ("lower", "higher"))
        sign = -1.0 if better == "lower" else 1.0
        statistic = sign * self.comparisons["statistic"].to_numpy()
        share = below(self.diagnostics["df"], statistic)
        # An interval excludes 0 when its p value is below what the level leaves.
        clear = self.comparisons["p_value"].to_numpy() < 1 - self.level
        table = self.comparisons.select("treatment").with_columns(
            pl.Series("p_score", share),
            pl.Series("worse", clear & (statistic < 0)),
            pl.Series("better", clear & (statistic > 0)),
        )
        most = self.treatments.height
        return (
            table.group_by("treatment", maintain_order=True)
            .agg(
                pl.col("p_score").mean(),
                first_rank=1 + pl.col("worse").sum().cast(pl.Int64),
                last_rank=most - pl.col("better").sum().cast(pl.Int64),
            )
            .sort("p_score", descending=True, maintain_order=True)
        )

    def split(self) -> pl.DataFrame:
        r"""Set direct against indirect evidence, for every pair that trials compare.

        Returns
        -------
        polars.DataFrame
            treatment, comparator, trials; direct, indirect and difference, each with `_low` and `_high`, as
            the measure is read (the difference of logarithms is a ratio of ratios); p_value of the
            difference.
            All null where there is no indirect evidence, or too little to estimate the variance between
            trials.

        Raises
        ------
        ConvergenceError
            When the variance between trials does not settle.

        Notes
        -----
        For each pair the network is fitted again with a difference of its own in the trials that hold both:
        half of it belongs to each of the two arms, so that the order of the arms of a trial with more than
        two changes nothing. Direct less indirect is its coefficient. The tests of several pairs are not
        independent and not adjusted; one of twenty is below 0.05 by chance.

        References
        ----------
        Dias S, Welton NJ, Caldwell DM, Ades AE (2010). Stat Med 29:932-944
        White IR (2015). Stata J 15:951-985

        Examples
        --------
        >>> import polars as pl
        >>> import ranvier as rv
        >>> rows = {"study": ["A", "B", "C", "D"], "treatment": ["msc", "nsc", "msc", "msc"]}
        >>> rows["comparator"] = ["placebo", "placebo", "nsc", "placebo"]
        >>> given = {**rows, "effect": [-0.5, -0.2, 0.1, -0.3], "variance": [0.04, 0.09, 0.08, 0.06]}
        >>> net = rv.evidence.network(given, reference="placebo", method="common", interval="wald")
        >>> net.split().select("treatment", "direct", pl.col("indirect").round(2)).row(0)
        ('msc', -0.42, -0.1)
        """
        names = self.treatments["treatment"].to_list()
        pairs = [
            (one, other)
            for place, one in enumerate(names)
            for other in names[:place]
            if direct_trials(self.net.trials, one, other)
        ]
        rows = [self._split(*pair) for pair in pairs]
        numbers = [f"{part}{end}" for part in _SPLIT for end in ("", "_low", "_high")]
        schema = {"treatment": pl.String, "comparator": pl.String, "trials": pl.Int64}
        return pl.DataFrame(rows, schema={**schema, **dict.fromkeys([*numbers, "p_value"], pl.Float64)})

    def _split(self, one: str, other: str) -> dict[str, Any]:
        """Give one row of `split`."""
        row: dict[str, Any] = {
            "treatment": one,
            "comparator": other,
            "trials": direct_trials(self.net.trials, one, other),
        }
        left = self.net.df - 1
        if left < 1 and not (self.method == "common" and self.interval == "wald"):
            return row
        found = self.net.split(one, other)
        if found is None:
            return row
        state, along = found
        factor = 1.0
        if self.interval.startswith("knapp-hartung"):
            factor = state.q / left
            factor = factor if self.interval.endswith("unfloored") else max(factor, 1.0)
        df = math.inf if self.interval == "wald" else left
        wanted = np.array([[*along, 1.0], [*along, 0.0], [*np.zeros(len(along)), 1.0]])
        value = wanted @ state.beta * math.sqrt(self.net.unit)
        error = np.sqrt(np.einsum("ij,jk,ik->i", wanted, state.phi, wanted) * factor * self.net.unit)
        reach = quantile(df, self.level) * error
        for place, part in enumerate(_SPLIT):
            row[part] = self.scale.read(float(value[place]))
            row[f"{part}_low"] = self.scale.read(float(value[place] - reach[place]))
            row[f"{part}_high"] = self.scale.read(float(value[place] + reach[place]))
        row["p_value"] = 2 * float(below(df, -np.abs(value[2:] / error[2:]))[0])
        return row

    def explain(self) -> str:
        """Say in plain sentences how the treatments were compared, what came out, and what it cannot say.

        Returns
        -------
        str
            Sentences.
        """
        found = self.diagnostics
        lines = [f"{self.title}, {plural(found['designs'], 'design')}. {self.method_text}"]
        lines += [f"Left out: {left.n} ({left.reason})." for left in self.left_out if left.n]
        direct = dict(
            self.comparisons.filter(pl.col("comparator") == self.reference)
            .select(pl.col("treatment"), pl.col("trials"))
            .iter_rows()
        )
        for each in self.estimates:
            told = ""
            if each.p_value is not None:
                name = each.quantity.removeprefix(f"{self.scale.quantity}, ").removesuffix(
                    f" against {self.reference}"
                )
                told = f" ({p_text(each.p_value)}; direct trials: {direct[name]})"
            lines.append(f"{each.quantity[:1].upper()}{each.quantity[1:]}: {each.text()}{told}.")
        lines += self._tests()
        return "\n".join([*lines, *self.notes])

    def _tests(self) -> list[str]:
        """Say what the tests between and within designs found."""
        found, lines = self.diagnostics, []
        for name, words in (
            ("q_within", "Between trials of the same design"),
            ("q_between", "Between designs (inconsistency)"),
        ):
            if found[f"{name}_df"]:
                df = plural(found[f"{name}_df"], "degree of freedom", "degrees of freedom")
                lines.append(
                    f"{words}: Q = {number(found[name])} on {df} ({p_text(found[f'{name}_p_value'])}, with "
                    "effects common to all trials)."
                )
        if not math.isnan(found["q_between_random"]):
            lines.append(
                "Between designs, allowing for the variance between trials of the same design: Q = "
                f"{number(found['q_between_random'])} ({p_text(found['q_between_random_p_value'])})."
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values; the scale by what is read and its unit.
        """
        hidden = {"scale", "net"}
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in hidden}
        scale = {"quantity": self.scale.quantity, "unit": self.scale.unit, "measure": self.scale.code}
        ready: dict[str, Any] = json_ready({**fields, "scale": scale})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each treatment against the reference: interval, and prediction as a thin line.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.evidence._network_drawing import draw_forest

        return draw_forest(self, ax)

    def graph(self, ax: Axes | None = None) -> Axes:
        """Draw who was compared with whom.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on. Areas of the circles follow the patients, or the trials where patients are not
            known; widths of the lines and the numbers on them are trials that compare the two.
        """
        from ranvier.evidence._network_drawing import draw_graph

        return draw_graph(self, ax)
