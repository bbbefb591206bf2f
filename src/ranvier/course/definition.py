"""What counts as an event of the disease course: one frozen definition made of small frozen parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ranvier.course._build import build, plain
from ranvier.course.parts import Baseline, Confirmation, Outcome, RelapseWindows, Selection
from ranvier.course.settings import paragraph
from ranvier.errors import DefinitionError, require_choice

__all__ = ["Definition", "Settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A definition as a paper states it, with a hash that any change of any option changes.

    Parameters
    ----------
    text : str
        The paragraph for the methods section.
    hash : str
        SHA-256 of the canonical JSON of the options, 64 hexadecimal digits.
    options : mapping
        Every option by name.
    """

    text: str
    hash: str
    options: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        return {"text": self.text, "hash": self.hash, "options": dict(self.options)}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What counts as worsening, improvement, RAW and PIRA.

    Parameters
    ----------
    name : str
        The short fixed name.
    source : str
        Where it was published.
    outcomes : tuple of Outcome
        One outcome; several make a composite, whose event is that of the outcome that changed first,
        confirmed on that outcome.
    baseline : Baseline
        Where the reference lies and what moves it.
    confirmation : Confirmation
        What it takes until a change is believed.
    relapses : RelapseWindows
        How relapses bar visits and make a worsening RAW or PIRA.
    selection : Selection
        Which events are kept.
    compat : {"msprog"}, optional
        Reproduce the R package msprog where it differs from the corrected rules; see docs/validation/course.
    note : str
        What a reader must know about it.

    Examples
    --------
    >>> import dataclasses
    >>> from ranvier.course import CDW_12W, Baseline
    >>> roving = dataclasses.replace(CDW_12W, name="my-roving", baseline=Baseline(scheme="roving"))
    >>> roving == Definition.from_dict(roving.to_dict())
    True
    """

    name: str
    source: str
    outcomes: tuple[Outcome, ...]
    baseline: Baseline = field(default_factory=Baseline)
    confirmation: Confirmation = field(default_factory=Confirmation)
    relapses: RelapseWindows = field(default_factory=RelapseWindows)
    selection: Selection = field(default_factory=Selection)
    compat: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.source:
            raise DefinitionError(f"definition {self.name!r} names no source.")
        columns = [outcome.column for outcome in self.outcomes]
        if not columns:
            raise DefinitionError(f"definition {self.name!r} names no outcome.")
        if len(set(columns)) < len(columns):
            raise DefinitionError(f"definition {self.name!r} names an outcome twice: {columns}.")
        self._held_fits()
        if self.compat is not None:
            require_choice("compat", self.compat, ("msprog",))
            self._msprog_can()

    def _held_fits(self) -> None:
        """Refuse selections that a reference that follows the best held level cannot serve."""
        if self.baseline.scheme != "best held":
            return
        if self.selection.events in {"first", "first improvement"}:
            raise DefinitionError(
                f"{self.selection.events!r} asks for improvement, which a baseline that follows the best "
                "held level does not count; ask for worsening."
            )
        if self.selection.proceed_from != "event":
            raise DefinitionError('scheme="best held" goes on from each visit to the next; set '
                                  'proceed_from="event".')  # fmt: skip

    def _msprog_can(self) -> None:
        """Refuse options in compat mode that msprog does not have."""
        beyond = {
            "a pre-treatment baseline": self.baseline.start != "first",
            "the best level after an event": self.baseline.level_after_event != "visit",
            "confirmation at the level of the event": self.confirmation.level != "threshold",
            "days between reference and event": self.selection.min_days_from_reference > 0,
            "merging of events": self.selection.merge_days > 0,
            "a best held reference": self.baseline.scheme == "best held",
            "a search that goes on from the best visit": self.selection.proceed_from == "best",
            "eligible events": self.selection.eligible != "all",
            "a composite": len(self.outcomes) > 1,
        }
        asked = [what for what, used in beyond.items() if used]
        if asked:
            raise DefinitionError(f"msprog has no {', no '.join(asked)}; leave compat out.")

    @property
    def flags(self) -> tuple[str, ...]:
        """Boolean columns of visits that say which visits may be events, or confirm them."""
        asked = {self.confirmation.eligible, self.selection.eligible}
        return tuple(sorted(asked - {"all", "scheduled"}))

    def to_dict(self) -> dict[str, Any]:
        """Give every option, JSON-ready.

        Returns
        -------
        dict
            Names to values; parts are dicts, tuples are lists.
        """
        options: dict[str, Any] = plain(self)
        return options

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> Definition:
        """Build a definition from what `to_dict` gave, or from the same options read from JSON.

        Parameters
        ----------
        options : mapping
            Names to values; what is left out takes its default.

        Returns
        -------
        Definition
            Equal to the one that `to_dict` was called on.

        Raises
        ------
        DefinitionError
            When an option is unknown or has a value that is not allowed; the message names the option, the
            value and what is allowed.
        """
        built: Definition = build(cls, options)
        return built

    def settings(self) -> Settings:
        """Say the definition as the methods section of a paper does, with a hash of all options.

        Returns
        -------
        Settings
            `text`, `hash`, `options`. Name, source and note do not enter the hash: two definitions that
            always give the same events under two names have the same hash.

        Examples
        --------
        >>> from ranvier.course import CDW_12W
        >>> print(CDW_12W.settings().text.split(".")[0])
        Disability was followed by EDSS
        """
        options = self.to_dict()
        counted = {key: value for key, value in options.items() if key not in {"name", "source", "note"}}
        canonical = json.dumps(_without_words(counted), sort_keys=True, separators=(",", ":"))
        return Settings(
            text=paragraph(self), hash=hashlib.sha256(canonical.encode()).hexdigest(), options=options
        )


def _without_words(options: Any) -> Any:
    """Leave names, sources and notes of rules out: they change no event."""
    if isinstance(options, dict):
        kept = (
            (key, value)
            for key, value in options.items()
            if key not in {"name", "source", "note", "outcomes"}
        )
        cleaned = {key: _without_words(value) for key, value in kept}
        outcomes = options.get("outcomes")
        if outcomes and isinstance(outcomes[0], dict):  # the outcomes of a definition, not those of a rule
            cleaned["outcomes"] = _without_words(outcomes)
        return cleaned
    return [_without_words(item) for item in options] if isinstance(options, list) else options
