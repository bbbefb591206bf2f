"""The verdict: what may be said, favourable and unfavourable side by side, and how sure one can be."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ranvier import evidence
from ranvier.errors import InputError
from ranvier.evidence import Registry
from ranvier.result import Estimate, Fit, json_ready
from ranvier.verdict.certainty import LEVELS, Certainty
from ranvier.verdict.findings import Finding
from ranvier.verdict.summary import StudySummary, summarise

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Verdict", "draw_shares", "lowest", "study_verdict"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What may be said, in sentences from a fixed list with numbers from results.

    Parameters
    ----------
    title : str
        What the verdict is about.
    headline : tuple of str
        The sentences to read first.
    favourable, unfavourable, neither : tuple of Finding
        Results and harms side by side; "neither" holds zero counts and results without a direction.
    certainty : Certainty
        In GRADE terms; the lowest where there are several studies.
    studies : tuple of StudySummary
        One summary per study of the registry; empty for the verdict on a trial's own data.
    estimates : tuple of Estimate
        The shares that are drawn.
    beside : tuple of str
        What stands beside the result of a trial at hand: the share on placebo, the course without treatment.
    """

    title: str
    headline: tuple[str, ...]
    favourable: tuple[Finding, ...]
    unfavourable: tuple[Finding, ...]
    neither: tuple[Finding, ...]
    certainty: Certainty
    studies: tuple[StudySummary, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    beside: tuple[str, ...] = ()

    def explain(self) -> str:
        """Give the whole verdict as text.

        Returns
        -------
        str
            Title, headline, then each study with its sentences, one per line.
        """
        lines = [self.title, *self.headline, *self.beside]
        for summary in self.studies:
            lines += ["", summary.headline, *(f"  {sentence}" for sentence in summary.sentences)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every share with its exact interval, from 0 to 1.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        return draw_shares(self.title, self.estimates, ax)

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.headline)
        return f"<p><strong>{escape(self.title)}</strong></p><ul>{lines}</ul>"


def draw_shares(title: str, estimates: tuple[Estimate, ...], ax: Axes | None) -> Axes:
    """Draw shares with their intervals on an axis from 0 to 1.

    Parameters
    ----------
    title : str
        Title of the figure.
    estimates : tuple of Estimate
        Shares, first on top.
    ax : matplotlib Axes or None
        Where to draw; a new figure when None.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    drawn = Fit(title=title, estimates=estimates, method_text="").plot(ax)
    drawn.set_xlim(0, 1)
    drawn.set_xlabel("share, with its exact interval")
    return drawn


def lowest(levels: tuple[Certainty, ...]) -> Certainty:
    """Give the lowest of several certainties.

    Parameters
    ----------
    levels : tuple of Certainty
        At least one.

    Returns
    -------
    Certainty
        The lowest; the one with most steps down when several are equal.

    Raises
    ------
    InputError
        When there is none.
    """
    if not levels:
        raise InputError("there is no study to give a certainty for; name at least one.")
    return min(levels, key=lambda each: (LEVELS.index(each.level), -sum(step.levels for step in each.steps)))


def study_verdict(study_id: str, *, registry: Registry | None = None, level: float = 0.95) -> Verdict:
    """Give the verdict on one study of the registry.

    Parameters
    ----------
    study_id : str
        Key of the study, such as "uccelli2021".
    registry : Registry, optional
        Where to look; the packaged registry when None.
    level : float
        Confidence level of every interval.

    Returns
    -------
    Verdict
        Headline, favourable and unfavourable results, certainty and summary.

    Raises
    ------
    InputError
        When the registry has no such study.

    Notes
    -----
    Every word follows from the fields of the study by rule: the design caps the claim; the comparison judged
    is the one marked as primary, else the first with an interval; a difference was shown when the interval
    leaves out no effect, or without an interval when p is below 0.05, or without p when an exact interval
    leaves out the share of the other arm.

    References
    ----------
    Guyatt GH, et al. (2008). GRADE: an emerging consensus. BMJ 336:924.

    Examples
    --------
    >>> import ranvier as rv
    >>> print(rv.verdict.study_verdict("uccelli2021").headline[0])
    Uccelli 2021 (n=144, randomised): no effect on gadolinium lesions was shown.
    """
    held = evidence.registry() if registry is None else registry
    summary = summarise(held, study_id, level=level)
    found = (*summary.favourable, *summary.unfavourable, *summary.neither)
    return Verdict(
        title=f"Verdict on {summary.study.label}",
        headline=(summary.headline, *summary.sentences),
        favourable=summary.favourable,
        unfavourable=summary.unfavourable,
        neither=summary.neither,
        certainty=summary.certainty,
        studies=(summary,),
        estimates=tuple(finding.estimate for finding in found if finding.estimate is not None),
    )
