"""What an article or paper said, claim by claim, as read from claims.toml."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from ranvier.course import CHANGE_RULES
from ranvier.errors import InputError, require_choice, suggest
from ranvier.result import json_ready
from ranvier.trial import RiskOfBias
from ranvier.trial._toml import build
from ranvier.verdict.outcomes import OUTCOMES
from ranvier.verdict.patients_of_study import PatientsOfStudy

__all__ = ["ARTICLE_KINDS", "KINDS", "Article", "Claim", "Claims", "read_claims"]

ARTICLE_KINDS = ("news article", "paper", "press release", "web page")
"""Every kind of publication whose claims can be appraised."""

KINDS: dict[str, tuple[str, ...]] = {
    "cohort": ("n",),
    "responders": ("outcome", "events", "n"),
    "stable": ("outcome", "events", "n"),
    "worse": ("outcome", "events", "n"),
    "change": ("outcome", "before", "after"),
    "direction": ("outcome", "direction"),
    "serious_events": ("events", "n"),
    "effective": (),
    "safe": (),
    "pooled": ("outcome", "low", "high"),
}
"""Every kind of claim, and the keys it needs."""

RULES_OF_EDSS = tuple(name for name, rule in CHANGE_RULES.items() if "edss" in rule.outcomes)
"""Rules of change of the EDSS, by name."""
UNITS = ("patients", "eyes", "patient-cycles", "injections")
DIRECTIONS = ("fell", "rose")


@dataclass(frozen=True, kw_only=True)
class Article:
    """What the claims were read in.

    Parameters
    ----------
    title : str
        Its title, or a description in our own words when the title was not kept.
    address : str
        Where it was read, spelled as in the sources table of the registry when it stands there.
    date : datetime.date
        Its date.
    kind : str
        One of `ARTICLE_KINDS`.
    """

    title: str
    address: str
    date: datetime.date
    kind: str

    def __post_init__(self) -> None:
        require_choice("kind of article", self.kind, ARTICLE_KINDS)

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One thing that was said about one study, or about several together.

    Parameters
    ----------
    id : str
        Short name, once per file.
    kind : str
        One of `KINDS`.
    studies : tuple of str
        Keys of the registry; more than one for a claim about several studies together.
    said : str
        What was said, in our own words.
    outcome : str, optional
        One of `OUTCOMES`.
    n, events : int, optional
        Denominator and count, as said.
    unit : {"patients", "eyes", "patient-cycles", "injections"}
        What `n` counts.
    subgroup : str, optional
        Whom `n` counts when it is not everybody, such as "SPMS".
    percent : float, optional
        A percentage as printed, such as 20 for 20 %.
    months : float, optional
        Months of follow-up, as said.
    before, after : float, optional
        A value before and after, as printed.
    direction : {"fell", "rose"}, optional
        Which way a quantity went, when only that was said.
    low, high : float, optional
        An interval, as printed, in the unit of `percent`, `ratio` or `difference` (or of `after` less
        `before`).
    level : float, optional
        Confidence level printed with the interval, such as 0.95.
    ratio, difference : float, optional
        A ratio or a difference as printed, with its interval; for a pooled value instead of `percent`.
    definition : str, optional
        What was said to count, in our own words.
    rule : str, optional
        Name of the rule of change that the definition amounts to, such as "edss-1.0-or-0.5".
    last_attack_reported : bool
        True when the days since each patient's last attack were reported.
    """

    id: str
    kind: str
    studies: tuple[str, ...]
    said: str
    outcome: str | None = None
    n: int | None = None
    events: int | None = None
    unit: str = "patients"
    subgroup: str | None = None
    percent: float | None = None
    months: float | None = None
    before: float | None = None
    after: float | None = None
    direction: str | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    ratio: float | None = None
    difference: float | None = None
    definition: str | None = None
    rule: str | None = None
    last_attack_reported: bool = False

    def __post_init__(self) -> None:
        where = f"claim {self.id!r}"
        require_choice(f"kind of {where}", self.kind, KINDS)
        missing = [key for key in KINDS[self.kind] if getattr(self, key) is None]
        if missing:
            raise InputError(f"{where}: a claim of kind {self.kind!r} needs {missing}; add them.")
        if not self.studies:
            raise InputError(f"{where}: 'studies' names no study; write study = \"...\" or studies = [...].")
        require_choice(f"unit of {where}", self.unit, UNITS)
        if self.outcome is not None:
            require_choice(f"outcome of {where}", self.outcome, OUTCOMES)
        if self.direction is not None:
            require_choice(f"direction of {where}", self.direction, DIRECTIONS)
        if self.rule is not None:
            require_choice(f"rule of {where}", self.rule, RULES_OF_EDSS)
        self._check_counts(where)
        self._check_interval(where)

    def _check_counts(self, where: str) -> None:
        if self.n is not None and self.n < 1:
            raise InputError(f"{where}: n is {self.n}; it must be 1 or more.")
        if self.events is not None and self.events < 0:
            raise InputError(f"{where}: events is {self.events}; it must be 0 or more.")
        if self.events is not None and self.n is None:
            raise InputError(
                f"{where}: events is {self.events} but n is missing; a count needs its denominator."
            )
        if self.events is not None and self.n is not None and self.events > self.n:
            raise InputError(f"{where}: events is {self.events} of n {self.n}; events cannot exceed n.")
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise InputError(f"{where}: percent is {self.percent:g}; it must be from 0 to 100.")
        if self.months is not None and self.months < 0:
            raise InputError(f"{where}: months is {self.months:g}; it must be 0 or more.")

    def _check_interval(self, where: str) -> None:
        if (self.low is None) != (self.high is None):
            raise InputError(f"{where}: an interval needs both low and high; one is missing.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(f"{where}: low {self.low:g} exceeds high {self.high:g}; exchange them.")
        printed = [name for name in ("percent", "ratio", "difference") if getattr(self, name) is not None]
        if len(printed) != 1 and (self.kind == "pooled" or printed[1:]):
            raise InputError(f"{where}: {printed} stand there; give one of percent, ratio and difference.")
        if self.level is not None and not 0 < self.level < 1:
            raise InputError(f"{where}: level is {self.level:g}; write a share such as 0.95.")

    @property
    def domain(self) -> str | None:
        """Give the domain of the outcome, or None when the claim names no outcome."""
        return OUTCOMES[self.outcome].domain if self.outcome else None

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Field names to values.
        """
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in self.__dataclass_fields__})
        return ready


@dataclass(frozen=True, kw_only=True)
class Claims:
    """An article and its claims.

    Parameters
    ----------
    article : Article
        What the claims were read in.
    claims : tuple of Claim
        The claims, in order.
    risk_of_bias : tuple of RiskOfBias
        Risk of bias of the studies as people judged it, at most one for each.
    patients : tuple of PatientsOfStudy
        What was reported of the patients of the studies, at most one for each.
    """

    article: Article
    claims: tuple[Claim, ...]
    risk_of_bias: tuple[RiskOfBias, ...] = ()
    patients: tuple[PatientsOfStudy, ...] = ()

    def __post_init__(self) -> None:
        names = [claim.id for claim in self.claims]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"claim ids {twice} stand there more than once; each may stand once.")
        if not names:
            raise InputError("there is no claim; add at least one [[claims]] table.")
        studies = [str(each.study) for each in self.risk_of_bias]
        if "None" in studies or len(set(studies)) < len(studies):
            raise InputError(
                f"risk_of_bias of the studies {studies}: each must name its study, and each study "
                "stands once."
            )
        described = [each.study for each in self.patients]
        if len(set(described)) < len(described):
            raise InputError(f"patients of the studies {described}: each study may stand once.")

    def to_dict(self) -> dict[str, Any]:
        """Give every field, JSON-ready.

        Returns
        -------
        dict
            Keys article, claims, risk_of_bias and patients.
        """
        names = ("article", "claims", "risk_of_bias", "patients")
        ready: dict[str, Any] = json_ready({name: getattr(self, name) for name in names})
        return ready


def read_claims(path: str | Path) -> Claims:
    """Read the claims of an article or paper from a TOML file.

    Parameters
    ----------
    path : str or Path
        The file; its keys stand in docs/claims.md.

    Returns
    -------
    Claims
        The article and its claims, checked.

    Raises
    ------
    InputError
        When the file cannot be read, a key or word is not known, or a count cannot be.

    Examples
    --------
    >>> import tempfile, pathlib, ranvier as rv
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "claims.toml"
    >>> _ = path.write_text('''
    ... [article]
    ... title = "A paper"
    ... address = "doi 10.1111/cns.12559"
    ... date = 2016-08-01
    ... kind = "paper"
    ... [[claims]]
    ... id = "better"
    ... study = "fu2016"
    ... kind = "responders"
    ... outcome = "edss_improved"
    ... events = 6
    ... n = 15
    ... said = "EDSS fell in six patients."
    ... ''')
    >>> rv.verdict.read_claims(path).claims[0].events
    6
    """
    file = Path(path)
    if file.is_dir():
        raise InputError(f"{file} is a folder; give the path of a claims.toml.")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = suggest(file.name, [other.name for other in file.parent.glob("*.toml")])
        hint = f" Did you mean {near!r}?" if near else ""
        raise InputError(f"there is no file {file}; give the path of a claims.toml.{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as text: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file.name} is not valid TOML: {error}; put texts in quotes.") from error
    return _claims(content, file.name)


def _claims(content: Mapping[str, Any], file: str) -> Claims:
    _refuse_unknown(content, ("article", "claims", "risk_of_bias", "patients"), file)
    article, rows = content.get("article"), content.get("claims")
    if not isinstance(article, Mapping):
        raise InputError(
            f"{file}: the table [article] is missing; it must hold title, address, date and kind."
        )
    if not isinstance(rows, list):
        raise InputError(f"{file}: there is no [[claims]] table; add at least one.")
    return Claims(
        article=Article(**_checked(Article, article, f"{file}, [article]")),
        claims=tuple(_claim(row, f"{file}, claim {number}") for number, row in enumerate(rows, start=1)),
        risk_of_bias=tuple(
            build(RiskOfBias, row, f"{file}, risk_of_bias {number}")
            for number, row in enumerate(content.get("risk_of_bias", ()), start=1)
        ),
        patients=tuple(
            build(PatientsOfStudy, row, f"{file}, patients {number}")
            for number, row in enumerate(content.get("patients", ()), start=1)
        ),
    )


def _claim(row: Any, where: str) -> Claim:
    if not isinstance(row, Mapping):
        raise InputError(f"{where}: {row!r} is not a table of keys and values.")
    if isinstance(row.get("id"), str):
        where = f"{where} ({row['id']!r})"
    if "study" in row and "studies" in row:
        raise InputError(f"{where}: study and studies both stand there; keep one.")
    values = dict(row)
    if "study" in values:
        values["studies"] = [values.pop("study")]
    return Claim(**_checked(Claim, values, where, also=("study",)))


def _checked(made: type, values: Mapping[str, Any], where: str, also: tuple[str, ...] = ()) -> dict[str, Any]:
    known = {field.name: field for field in fields(made)}
    _refuse_unknown(values, (*known, *also), where)
    missing = [name for name, field in known.items() if field.default is MISSING and name not in values]
    if missing:
        raise InputError(f"{where}: {missing} must be set.")
    return {key: _typed(value, str(known[key].type), f"{where}, {key}") for key, value in values.items()}


def _refuse_unknown(values: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in values:
        if key not in known:
            close = suggest(str(key), known)
            hint = f" Did you mean {close!r}?" if close else ""
            raise InputError(f"{where}: unknown key {key!r}; known keys are {sorted(known)}.{hint}")


def _typed(value: Any, kind: str, where: str) -> Any:
    """Check one value of the file against the type of its field, written as text."""
    if kind.startswith("tuple"):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(f"{where}: {value!r} must be a list of texts.")
        return tuple(value)
    wanted, words = {
        "str": (str, "text"),
        "int": (int, "a whole number"),
        "float": (int | float, "a number"),
        "bool": (bool, "true or false"),
        "datetime.date": (datetime.date, "a date such as 2024-02-24, without quotes"),
    }[kind.removesuffix(" | None")]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise InputError(f"{where}: {value!r} must be {words}.")
    return float(str(value)) if kind.startswith("float") else value
