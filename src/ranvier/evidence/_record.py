"""A record of ClinicalTrials.gov as JSON: each part knows its place, so that messages can name it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ranvier.errors import InputError, suggest

__all__ = ["Part", "content"]


def content(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """Give the study of a file; refuse what is no JSON of one study."""
    file = Path(path)
    if not file.is_file():
        near = suggest(file.name, [other.name for other in file.parent.glob("*.json")])
        hint = f" Did you mean {near!r}?" if near else ""
        raise InputError(f"there is no file {str(path)!r}; give the JSON of one study.{hint}")
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not UTF-8 text: {error}.") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{file.name}, line {error.lineno}: not valid JSON ({error.msg}).") from error
    if not isinstance(found, Mapping) or "studies" in found:
        raise InputError(
            f"{file.name} is not the record of one study; save one of them as a file of its own."
        )
    if found.get("hasResults") is False or not found.get("resultsSection"):
        raise InputError(f"{file.name}: resultsSection is missing; this trial has posted no results.")
    return found


@dataclass(frozen=True)
class Part:
    """One object of the record, which knows its place for messages."""

    content: Mapping[str, Any]
    file: str
    place: str

    def part(self, name: str, *, needed: bool = False) -> Part:
        """Give an object below; an empty one when it is absent."""
        found = self.content.get(name)
        if found is None and not needed:
            found = {}
        if not isinstance(found, Mapping):
            raise InputError(f"{self.file}: {self.at(name)} is {found!r:.40}; it must be an object.")
        return Part(found, self.file, self.at(name))

    def parts(self, name: str) -> Iterator[Part]:
        """Give the objects of a list below."""
        found = self.content.get(name) or []
        if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
            raise InputError(f"{self.file}: {self.at(name)} must be a list of objects.")
        for row, each in enumerate(found):
            yield Part(each, self.file, f"{self.at(name)}[{row}]")

    def titles(self, name: str = "groups") -> dict[str, str]:
        """Give the titles of groups by their ids."""
        groups = list(self.parts(name))
        return {each.text("id") or "": each.text("title") or each.text("id") or "" for each in groups}

    def text(self, name: str) -> str | None:
        """Give a text; numbers are written out."""
        found = self.content.get(name)
        if isinstance(found, Mapping | list):
            raise InputError(f"{self.file}: {self.at(name)} must be a text.")
        return None if found is None or found == "" else str(found)

    def whole(self, name: str) -> int | None:
        """Give a whole number of at least 0; None when it was not posted."""
        found = self.text(name)
        if found is None:
            return None
        if not found.isdigit():
            raise InputError(f"{self.file}: {self.at(name)} is {found!r}; it must be a whole number.")
        return int(found)

    def number(self, name: str) -> float | None:
        """Give a number; None for words such as NA."""
        try:
            return float(self.text(name) or "")
        except ValueError:
            return None

    def at(self, name: str) -> str:
        """Give the place of a field."""
        return f"{self.place}.{name}" if self.place else name
