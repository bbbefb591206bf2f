"""One claim appraised: what its design allows, what other sources say, and the one plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from ranvier.evidence import PlaceboResponse
from ranvier.result import Estimate, json_ready, number, percent
from ranvier.verdict.certainty import Certainty
from ranvier.verdict.claims import Claim
from ranvier.verdict.findings import Finding
from ranvier.verdict.lints import Lint
from ranvier.verdict.natural import NaturalFact
from ranvier.verdict.phrases import beside, design_sentence
from ranvier.verdict.sentences import LABELS, say
from ranvier.verdict.summary import Contradiction, StudySummary
from ranvier.verdict.without_effect import WithoutEffect

__all__ = ["ClaimAppraisal"]


_IN_THE_SENTENCE = {("serious_events", "zero"), ("direction", "outcome_name")}
"""Kinds of claim whose plain sentence already says what a lint says."""


_SAME_QUESTION = ("improve_half", "unchanged", "worse_half")
"""Facts on the share without treatment that answer the same question as a claimed share."""


@dataclass(frozen=True, kw_only=True)
class ClaimAppraisal:
    """One claim, and everything that must stand beside it.

    Parameters
    ----------
    claim : Claim
        What was said.
    label : str
        One of `LABELS`.
    may_say : str
        The one plain sentence that may be said instead.
    class_of_claim : {"effect", "change in course", "what happened"}
        The most that the design of every study named allows.
    estimate : Estimate, optional
        The share that was said, with its exact interval.
    of_treated : Estimate, optional
        The same count among all treated, when the claim counted a subgroup.
    lints : tuple of Lint
        What is wrong or deserves care.
    contradictions : tuple of Contradiction
        Sources of the registry that disagree about what was claimed.
    agree, disagree : tuple of Finding
        Results of the registry that give the same, or another, value.
    favourable, unfavourable : tuple of Finding
        All results of the studies named, side by side.
    unmentioned : tuple of Finding
        Unfavourable results that no claim of the article speaks of.
    placebo : PlaceboResponse, optional
        Share on placebo in the nearest randomised trial, for claims of a share that improved.
    natural_history : tuple of NaturalFact
        What happens without the treatment.
    interpretable : bool
        False when improvement cannot be interpreted because the day of the last attack is not known.
    without_effect : WithoutEffect, optional
        What such patients show with no treatment effect, for claims of an improved EDSS without controls.
    certainty : Certainty
        In GRADE terms.
    studies : tuple of StudySummary
        The studies named.
    """

    claim: Claim
    label: str
    may_say: str
    class_of_claim: str
    estimate: Estimate | None
    of_treated: Estimate | None
    lints: tuple[Lint, ...]
    contradictions: tuple[Contradiction, ...]
    agree: tuple[Finding, ...]
    disagree: tuple[Finding, ...]
    favourable: tuple[Finding, ...]
    unfavourable: tuple[Finding, ...]
    unmentioned: tuple[Finding, ...]
    placebo: PlaceboResponse | None
    natural_history: tuple[NaturalFact, ...]
    interpretable: bool
    without_effect: WithoutEffect | None
    certainty: Certainty
    studies: tuple[StudySummary, ...]

    @property
    def said(self) -> str:
        """Give what was said."""
        return self.claim.said

    @property
    def design(self) -> str:
        """Give the designs of the studies named."""
        return ", ".join(dict.fromkeys(summary.study.design for summary in self.studies))

    @property
    def study_labels(self) -> str:
        """Give author and year of the studies named."""
        return ", ".join(summary.study.label for summary in self.studies)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Give everything that belongs beside the claim, in reading order."""
        lines = [self.may_say]
        lines += [] if self.interpretable else [say("attack_unknown")]
        lines += [
            found.sentence for found in self.lints if (self.claim.kind, found.code) not in _IN_THE_SENTENCE
        ]
        lines += self.without_effect.sentences if self.without_effect else ()
        lines += self._expected()
        lines += [fact.sentence for fact in self.natural_history]
        lines += [_disagreement(each) for each in self.contradictions]
        lines += list(dict.fromkeys(design_sentence(summary.study) for summary in self.studies))
        return tuple(dict.fromkeys(lines))

    def _expected(self) -> list[str]:
        """Set the share beside the share on placebo and the share without treatment."""
        lines = []
        share = self.of_treated or self.estimate
        if self.placebo is not None:
            lines.append(beside(self.placebo))
            if share is not None and self.placebo.estimate is not None:
                lines.append(_beside(share, self.placebo.estimate.value, "placebo"))
        facts = [fact for fact in self.natural_history if fact.code in _SAME_QUESTION]
        if share is not None:
            lines += [_beside(share, fact.values[0], "natural") for fact in facts]
        return lines

    def explain(self) -> str:
        """Give the claim, its label and every sentence beside it.

        Returns
        -------
        str
            One line per sentence.
        """
        head = f"{self.claim.id} ({self.study_labels}): {self.label} — {LABELS[self.label]}."
        return "\n".join(
            [
                head,
                f"  Said: {self.claim.said}",
                *(f"  {line}" for line in self.sentences),
                f"  {self._sure()}",
            ]
        )

    def _sure(self) -> str:
        return self.certainty.explain()

    def to_dict(self) -> dict[str, Any]:
        """Give every field and the sentences, JSON-ready.

        Returns
        -------
        dict
            Field names to values; studies as their keys, since their summaries stand in the verdict.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields["studies"] = [summary.study.study_id for summary in self.studies]
        ready: dict[str, Any] = json_ready(fields | {"sentences": self.sentences, "design": self.design})
        return ready

    def _repr_html_(self) -> str:
        return (
            f"<p><strong>{escape(self.label)}</strong>: {escape(self.claim.said)}</p>"
            f"<p>{escape(self.may_say)}</p>"
        )


def _beside(share: Estimate, other: float, which: str) -> str:
    holds = share.low <= other <= share.high
    values = {"low": percent(share.low), "high": percent(share.high), "share": percent(other)}
    if which == "natural":
        return say("holds_natural" if holds else "excludes_natural", **values)
    return say("holds_placebo" if holds else "excludes_placebo", **values)


def _disagreement(found: Contradiction) -> str:
    return say(
        "contradiction",
        id=found.issue_id,
        a=found.claim_a,
        source_a=found.source_a,
        b=found.claim_b,
        source_b=found.source_b,
        assessment=found.assessment[:1].upper() + found.assessment[1:],
    )


def mean_text(value: float | None) -> str:
    """Write a mean with at least one decimal, so that 4.0 reads as a mean.

    Parameters
    ----------
    value : float or None
        The mean.

    Returns
    -------
    str
        Such as "4.0".
    """
    return number(value, digits=1 if value is None or round(value, 1) == value else 2)
