"""What a report is made of: sections of paragraphs, tables, figures and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ranvier.errors import InputError
from ranvier.result import Estimate, json_ready, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Bullets", "DataTable", "Drawing", "Numbers", "Paragraph", "Report", "Section"]


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """One paragraph; a caution stands out."""

    text: str
    tone: str = "plain"

    kind = "paragraph"


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """A titled list of sentences; the tone tells favourable from unfavourable."""

    title: str
    items: tuple[str, ...]
    tone: str = "plain"

    kind = "bullets"


@dataclass(frozen=True, kw_only=True, eq=False)
class DataTable:
    """A table with its caption.

    Parameters
    ----------
    caption : str
        What the table shows.
    frame : polars.DataFrame
        The rows; numbers are written with the decimals they need.
    labels : mapping of str to str
        Heading of each column; columns without one use their name.
    note : str
        A sentence below the table.
    """

    caption: str
    frame: pl.DataFrame
    labels: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    kind = "table"


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """A figure with its words and the numbers behind it.

    Parameters
    ----------
    key : str
        Short name, unique in the report; prefixes every id inside the drawing.
    title : str
        What the figure shows.
    description : str
        The figure in words, for people who cannot see it.
    svg : str
        The drawing, text kept as text.
    data : DataTable
        The numbers behind it.
    """

    key: str
    title: str
    description: str
    svg: str
    data: DataTable

    kind = "figure"


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Estimates with their explanations."""

    estimates: tuple[Estimate, ...]

    kind = "numbers"


Block = Paragraph | Bullets | DataTable | Drawing | Numbers


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """One section of a report."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """Results in order, ready to be saved as a page or as numbers.

    Parameters
    ----------
    title, subtitle : str
        Heading of the page.
    banner : str
        Warning on top of every page; empty when the data are patients.
    sections : tuple of Section
        The content.
    meta : mapping
        What identifies the report: versions, settings, input hashes.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    banner: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    def html(self) -> str:
        """Give the report as one self-contained HTML page.

        Returns
        -------
        str
            The page; it needs no script and fetches nothing.
        """
        from ranvier.report.page import render

        return render(self)

    def to_dict(self) -> dict[str, Any]:
        """Give every number and sentence of the report, JSON-ready.

        Returns
        -------
        dict
            Title, banner, meta and sections; drawings are given by their data.
        """
        sections = [
            {
                "key": section.key,
                "title": section.title,
                "blocks": [_block_dict(block) for block in section.blocks],
            }
            for section in self.sections
        ]
        content = {
            "title": self.title,
            "subtitle": self.subtitle,
            "banner": self.banner,
            "meta": self.meta,
            "sections": sections,
        }
        ready: dict[str, Any] = json_ready(content)
        return ready

    def explain(self) -> str:
        """Give the sentences of the report; tables and figures are named, not shown.

        Returns
        -------
        str
            Section titles and their sentences.
        """
        lines = [self.title, self.banner]
        for section in self.sections:
            lines.append(f"\n{section.title}")
            for block in section.blocks:
                if isinstance(block, Paragraph):
                    lines.append(block.text)
                elif isinstance(block, Bullets):
                    lines += [block.title, *(f"- {item}" for item in block.items)]
                elif isinstance(block, Numbers):
                    lines += [f"- {estimate.quantity}: {estimate.text()}" for estimate in block.estimates]
                elif isinstance(block, DataTable):
                    lines.append(f"[table: {block.caption}; {plural(block.frame.height, 'row')}]")
                else:
                    lines.append(f"[figure: {block.title}]")
        return "\n".join(line for line in lines if line)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every number of the report that has an interval in units of a share.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure when None.

        Returns
        -------
        matplotlib Axes
            The axes drawn on.
        """
        from ranvier.result import Fit

        shares = tuple(
            estimate
            for section in self.sections
            for block in section.blocks
            if isinstance(block, Numbers)
            for estimate in block.estimates
            if estimate.unit == "share"
        )
        return Fit(title=self.title, estimates=shares, method_text="Shares of the report.").plot(ax)

    def save(self, path: str | Path) -> Path:
        """Write the report to a file; nothing is left behind when it cannot be finished.

        Parameters
        ----------
        path : str or Path
            Ends in .html or .json; its folder must exist.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        InputError
            When the ending is another or the folder does not exist.
        """
        target = Path(path)
        if not target.parent.is_dir():
            raise InputError(f"folder {str(target.parent)!r} does not exist; make it first.")
        if target.suffix not in _WRITERS:
            raise InputError(f"a report cannot be saved as {target.name!r}; use .html or .json.")
        _write({target: _WRITERS[target.suffix](self)})
        return target

    def save_all(
        self, folder: str | Path, name: str, *, tables: Mapping[str, pl.DataFrame] | None = None
    ) -> tuple[Path, ...]:
        """Write the report as page and as numbers side by side.

        Parameters
        ----------
        folder : str or Path
            Made when absent.
        name : str
            Name of both files without ending.
        tables : mapping of str to polars.DataFrame, optional
            Tables to write beside them as CSV, by name without ending.

        Returns
        -------
        tuple of Path
            The page, the numbers, and the tables in order.

        Raises
        ------
        InputError
            When the folder, or one above it, is a file. All are written or none is.
        """
        target = Path(folder)
        above = next(part for part in (target, *target.absolute().parents) if part.exists())
        if not above.is_dir():
            raise InputError(f"{str(above)!r} is a file; name a folder to write to.")
        content = {target / f"{name}.html": _page_text(self), target / f"{name}.json": _json_text(self)}
        for key, frame in (tables or {}).items():
            content[target / f"{key}.csv"] = frame.write_csv()
        target.mkdir(parents=True, exist_ok=True)
        _write(content)
        return tuple(content)

    def _repr_html_(self) -> str:
        return self.html()


def _page_text(report: Report) -> str:
    return report.html()


def _json_text(report: Report) -> str:
    import json

    return json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


_WRITERS = {".html": _page_text, ".json": _json_text}


def _write(content: Mapping[Path, str]) -> None:
    """Write every file beside its place, then move all of them; leave nothing half-written."""
    for target in content:
        if target.is_dir():
            raise InputError(f"{str(target)!r} is a folder; move it away or choose another name.")
    drafts = {target: target.with_name(target.name + ".part") for target in content}
    try:
        for target, draft in drafts.items():
            draft.write_text(content[target], encoding="utf-8", newline="\n")
        for target, draft in drafts.items():
            draft.replace(target)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _block_dict(block: Block) -> dict[str, Any]:
    """Give one block as a mapping; a drawing is given by its data, not by its strokes."""
    if isinstance(block, Drawing):
        parts: dict[str, Any] = {
            "title": block.title,
            "description": block.description,
            "data": block.data.frame,
        }
    elif isinstance(block, DataTable):
        parts = {"caption": block.caption, "rows": block.frame, "note": block.note}
    elif isinstance(block, Numbers):
        parts = {"estimates": [{**e.to_dict(), "explanation": e.explain()} for e in block.estimates]}
    elif isinstance(block, Bullets):
        parts = {"title": block.title, "tone": block.tone, "items": block.items}
    else:
        parts = {"text": block.text, "tone": block.tone}
    return {"kind": block.kind, **parts}
