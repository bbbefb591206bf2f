"""A one-arm trial that counts patients with an outcome: its boundary, its exact chances and its estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ranvier.errors import InputError
from ranvier.result import Estimate, json_ready, number, p_text, percent, plural
from ranvier.stats._count_paths import endings, first_stage_mean
from ranvier.stats._inputs import as_count, as_level, find_root

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CountDesign"]

ONE_ARM = "A single arm shows what happened to its patients, not what would have happened without treatment."
ORDER = (
    "Exact for the stops of the design: outcomes are ordered by the stage at which the trial ended, "
    "then by the "
    "count; the value is the unbiased estimate, the mean share of the first stage given how the trial ended."
)


@dataclass(frozen=True, kw_only=True)
class CountDesign:
    """A plan that counts patients with an outcome at one or more looks, with exact chances.

    Parameters
    ----------
    title : str
        What kind of design it is.
    p0, p1 : float
        Share that is too low to go on with, and share of interest.
    alpha, beta : float
        Limits that the design was asked to keep.
    looks : tuple of int
        Patients at each look, rising.
    futility : tuple of int or None
        The trial ends without success at a look with at most so many; None where it cannot.
    efficacy : tuple of int or None
        The trial ends with success at a look with at least so many; None where it cannot.
    method_text : str
        How the design was found, in sentences.
    admissible : tuple of dict
        Other designs worth a thought, each as a row of numbers.
    notes : tuple of str
        Sentences that a reader must not miss.
    references : tuple of str
        Sources of the method.
    """

    title: str
    p0: float
    p1: float
    alpha: float
    beta: float
    looks: tuple[int, ...]
    futility: tuple[int | None, ...]
    efficacy: tuple[int | None, ...]
    method_text: str
    admissible: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = field(default=(ONE_ARM,))
    references: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Give the largest number of patients."""
        return self.looks[-1]

    @property
    def type_one_error(self) -> float:
        """Give the exact chance of success when the true share is p0."""
        return float(self.characteristics([self.p0])["success"].item())

    @property
    def power(self) -> float:
        """Give the exact chance of success when the true share is p1."""
        return float(self.characteristics([self.p1])["success"].item())

    def characteristics(self, shares: Sequence[float] | None = None) -> pl.DataFrame:
        """Give how the trial ends, and after how many patients, at given true shares.

        Parameters
        ----------
        shares : sequence of float, optional
            True shares from 0 to 1; p0, p1 and five steps between them when None.

        Returns
        -------
        polars.DataFrame
            Columns share, success (chance to end with success), early_futility and early_success (chances to
            end so before the last look), expected_n (patients on average).

        Raises
        ------
        InputError
            When a share is not from 0 to 1.

        Notes
        -----
        Exact: every count that the trial can reach is carried from look to look. Nothing is simulated.
        """
        chosen = np.linspace(self.p0, self.p1, 7).tolist() if shares is None else [float(p) for p in shares]
        wrong = [share for share in chosen if not 0 <= share <= 1]
        if wrong:
            raise InputError(f"shares holds {wrong[0]!r}; a true share is from 0 to 1.")
        rows = []
        for share in chosen:
            ends = endings(share, self.looks, self.futility, self.efficacy)
            good = [float(end[top:].sum()) for end, top in zip(ends, self._tops(), strict=True)]
            all_ends = [float(end.sum()) for end in ends]
            rows.append(
                {
                    "share": share,
                    "success": sum(good),
                    "early_futility": sum(all_ends[:-1]) - sum(good[:-1]),
                    "early_success": sum(good[:-1]),
                    "expected_n": float(np.dot(all_ends, self.looks)),
                }
            )
        return pl.DataFrame(rows)

    def table(self) -> pl.DataFrame:
        """Give the boundary, one row for each look.

        Returns
        -------
        polars.DataFrame
            Columns look, n (patients), stop_at_most and success_at_least (counts; null where none), ends_p0
            and ends_p1 (chances that the trial ends at this look when the true share is p0 or p1).
        """
        ends = [endings(share, self.looks, self.futility, self.efficacy) for share in (self.p0, self.p1)]
        return pl.DataFrame(
            {
                "look": range(1, len(self.looks) + 1),
                "n": self.looks,
                "stop_at_most": self.futility,
                "success_at_least": self.efficacy,
                "ends_p0": [float(end.sum()) for end in ends[0]],
                "ends_p1": [float(end.sum()) for end in ends[1]],
            },
            schema_overrides={
                "look": pl.Int64,
                "n": pl.Int64,
                "stop_at_most": pl.Int64,
                "success_at_least": pl.Int64,
            },
        )

    def estimate(
        self, events: int, n: int, *, level: float = 0.95, quantity: str = "share with the outcome"
    ) -> Estimate:
        r"""Give the share after a trial that followed the design, with its exact interval and p value.

        Parameters
        ----------
        events : int
            Patients with the outcome when the trial ended.
        n : int
            Patients when it ended: one of the looks.
        level : float
            Confidence level, two-sided.
        quantity : str
            What the share is.

        Returns
        -------
        Estimate
            The unbiased value; the p value is twice the smaller tail for a true share of p0.

        Raises
        ------
        InputError
            When a trial of this design cannot end with `events` of `n`.

        Notes
        -----
        With outcomes ordered by stage and count, the bounds solve :math:`P(\text{at least as high}) = a / 2`
        and :math:`P(\text{at most as high}) = a / 2`, :math:`a = 1 - \mathrm{level}`. The plain share events
        / n leans low after an early stop for futility and high after one for success. The one-sided p value
        among the notes is at most the exact type I error exactly when the trial ended with success.

        References
        ----------
        Jung SH, Kim KM (2004). Statistics in Medicine 23:881-896
        Koyama T, Chen H (2008). Statistics in Medicine 27:3145-3154

        Examples
        --------
        >>> import ranvier as rv
        >>> design = rv.stats.simon(0.1, 0.3, alpha=0.1, beta=0.1)
        >>> print(design.estimate(8, 35).text())
        25.5 % (95 % interval 10.7 % to 42.2 %)
        """
        count, size, confidence = as_count("events", events), as_count("n", n), as_level(level)
        place = self._ending(count, size)
        tail = (1 - confidence) / 2
        at_most, at_least = self._tails(place, count, self.p0)
        low = self._bound(place, count, tail, upper=False)
        high = self._bound(place, count, tail, upper=True)
        value = first_stage_mean(self.looks, self.futility, self.efficacy)[place][count]
        middle = find_root(lambda share: self._excess(place, count, share), 0.0, 1.0)
        return Estimate(
            quantity=quantity,
            value=float(value),
            low=low,
            high=high,
            level=confidence,
            method="stagewise-exact",
            method_text=ORDER,
            n=size,
            unit="share",
            p_value=min(1.0, 2 * min(at_most, at_least)),
            null=f"the true share is {percent(self.p0)}",
            inputs={"events": count, "n": size, "looks": self.looks},
            notes=(
                (
                    f"One-sided {p_text(at_least)} for a true share of at most {percent(self.p0)}; the "
                    "design "
                    f"calls this {'a success' if self._succeeds(place, count) else 'no success'}."
                ),
                (
                    f"The share that is as likely to be exceeded as not is {percent(middle)}; the plain "
                    "share "
                    f"is {percent(count / size)}."
                ),
                ONE_ARM,
            ),
            references=("Jung SH, Kim KM (2004). Statistics in Medicine 23:881-896",),
        )

    def _tops(self) -> list[int]:
        """Give the smallest count of success at each look; one above the look where there is none."""
        return [look + 1 if top is None else top for look, top in zip(self.looks, self.efficacy, strict=True)]

    def _succeeds(self, place: int, count: int) -> bool:
        return count >= self._tops()[place]

    def _ending(self, count: int, size: int) -> int:
        """Give the look at which a trial ended with this count; refuse what the design does not allow."""
        if size not in self.looks:
            raise InputError(
                f"n is {size}; a trial of this design ends at one of {list(self.looks)} patients. For a "
                "trial "
                "that went another way report the share with `proportion` and say so."
            )
        if count > size:
            raise InputError(f"events is {count}, more than n = {size}; events must be from 0 to n.")
        place = self.looks.index(size)
        if endings(0.5, self.looks, self.futility, self.efficacy)[place][count] > 0:
            return place
        raise InputError(
            f"a trial of this design cannot end with {count} of {size}: "
            + (
                "it would have ended before."
                if place == len(self.looks) - 1
                else "it goes on, or ended before."
            )
        )

    def _tails(self, place: int, count: int, share: float) -> tuple[float, float]:
        """Give the chances of endings at most and at least as high as this one.

        Lowest is the first stop for futility with no outcome, highest the first success with only outcomes.
        """
        ends, tops = endings(share, self.looks, self.futility, self.efficacy), self._tops()
        parts = [end[:top] for end, top in zip(ends, tops, strict=True)]
        parts += [end[top:] for end, top in zip(ends[::-1], tops[::-1], strict=True)]
        good = self._succeeds(place, count)
        part = len(parts) - 1 - place if good else place
        here = sum(each.size for each in parts[:part]) + count - (tops[place] if good else 0)
        chances = np.concatenate(parts)
        return min(1.0, float(chances[: here + 1].sum())), min(1.0, float(chances[here:].sum()))

    def _excess(self, place: int, count: int, share: float) -> float:
        """Give by how much the endings as low are likelier than those as high."""
        at_most, at_least = self._tails(place, count, share)
        return at_most - at_least

    def _bound(self, place: int, count: int, tail: float, *, upper: bool) -> float:
        """Give the share at which the ending is as rare as the tail says, on one side."""
        side = 0 if upper else 1

        def excess(share: float) -> float:
            return self._tails(place, count, share)[side] - tail

        end = 1.0 if upper else 0.0
        return end if excess(end) >= 0 else find_root(excess, 0.0, 1.0)

    def paragraph(self) -> str:
        """Give the text for a protocol.

        Returns
        -------
        str
            Sentences with every number that a reader needs to check the plan.
        """
        two = self.characteristics([self.p0, self.p1])
        parts = [
            (
                f"{self.title}. A share of {percent(self.p0)} of patients with the outcome would be too "
                "low; a "
                f"share of {percent(self.p1)} would be of interest."
            )
        ]
        for place, look in enumerate(self.looks):
            low, high = self.futility[place], self.efficacy[place]
            said = [] if low is None else [f"ends without success if at most {low} of them had the outcome"]
            said += [] if high is None else [f"succeeds if at least {high} had it"]
            if said:
                parts.append(f"With {plural(look, 'patient')} the trial {' and '.join(said)}.")
        wrong, right = two["success"]
        parts.append(
            f"The chance of success is {percent(wrong)} when the true share is {percent(self.p0)} (limit "
            f"{percent(self.alpha)}) and {percent(right)} when it is {percent(self.p1)}."
        )
        if len(self.looks) > 1:
            parts.append(
                f"On average {number(two['expected_n'][0], digits=1)} patients are treated in the first "
                "case, in "
                f"which {percent(two['early_futility'][0])} of trials end early without success, and "
                f"{number(two['expected_n'][1], digits=1)} in the second; never more than {self.n}."
            )
        parts.append("All chances are exact (binomial); no normal approximation is used.")
        return " ".join(parts)

    def explain(self) -> str:
        """Say in plain sentences what the design is, how it was found and what to bear in mind.

        Returns
        -------
        str
            Sentences.
        """
        return " ".join([self.paragraph(), self.method_text, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Give every field, the table, the characteristics and the paragraph, JSON-ready.

        Returns
        -------
        dict
            Field names to values, and n, type_one_error, power, table, characteristics, paragraph.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        more = {
            "n": self.n,
            "type_one_error": self.type_one_error,
            "power": self.power,
            "table": self.table(),
            "characteristics": self.characteristics(),
            "paragraph": self.paragraph(),
        }
        ready: dict[str, Any] = json_ready({**fields, **more})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw which counts end the trial at each look.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.stats._design_drawing import draw_counts

        return draw_counts(self.looks, self.futility, self.efficacy, ax)

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self.title)}</strong>: {escape(self.paragraph())}</p>"
