"""The work of `ranvier lesions`: counts of each mask, or what changed between two."""

from __future__ import annotations

import dataclasses
import datetime
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ranvier.errors import InputError, RanvierWarning

if TYPE_CHECKING:
    from ranvier import mri
    from ranvier.report import Report

__all__ = ["LesionInput", "LesionsMade", "run"]

Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class LesionInput:
    """The files of a run and how they are read.

    Parameters
    ----------
    masks : tuple of Path
        One mask or more; exactly one, the later one, when `before` is given.
    before : Path, optional
        The mask of the visit before.
    rule : str
        Name of a rule, one of `ranvier.mri.RULES`.
    threshold : float, optional
        Probability above which a voxel is lesion, for probability maps.
    image, image_before : Path, optional
        Scans to draw on.
    dates : tuple of str, optional
        Dates of the scans before and after, YYYY-MM-DD.
    tool : str, optional
        Who or what made the masks, with version.
    on_geometry : {"error", "warn"}
        As for `ranvier.mri.compare`.
    cord : bool
        Whether the masks are of the spinal cord, so that lengths stand beside the count.
    """

    masks: tuple[Path, ...]
    before: Path | None = None
    rule: str = "default"
    threshold: float | None = None
    image: Path | None = None
    image_before: Path | None = None
    dates: tuple[str, str] | None = None
    tool: str | None = None
    on_geometry: str = "error"
    cord: bool = False

    def __post_init__(self) -> None:
        if self.before is not None and len(self.masks) != 1:
            raise InputError(f"{len(self.masks)} masks and --before; name the one mask of the visit after.")
        if self.before is None and (self.image_before or self.dates):
            raise InputError("--image-before and --dates belong to a comparison; name the mask --before.")
        if self.image and len(self.masks) != 1:
            raise InputError(f"{len(self.masks)} masks and --image; an image is drawn for one mask only.")


@dataclass(frozen=True, kw_only=True)
class LesionsMade:
    """What was counted, and where it was written.

    Parameters
    ----------
    page : Report
        The page.
    written : tuple of Path
        The files; none without a folder.
    """

    page: Report
    written: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give everything, JSON-ready, when it was not written.

        Returns
        -------
        dict
            Keys written, or those of the page; its meta data hold every lesion.
        """
        if self.written:
            return {"written": [str(path) for path in self.written]}
        return self.page.to_dict()

    def text(self) -> str:
        """Give the counts with their tables and notes; the rows of single lesions stand in the files.

        Returns
        -------
        str
            Lines.
        """
        from ranvier.report import Bullets, DataTable, Paragraph

        lines = [self.page.title, *([self.page.subtitle] if self.page.subtitle else [])]
        for block in self.page.sections[0].blocks:
            if isinstance(block, Paragraph):
                lines += ["", block.text]
            elif isinstance(block, Bullets):
                lines += ["", block.title, *(f"- {item}" for item in block.items)]
            elif isinstance(block, DataTable) and not block.caption.startswith("Every "):
                lines += ["", block.caption, *_aligned(block)]
        return "\n".join([*lines, *(["", *map(str, self.written)] if self.written else [])])


def run(given: LesionInput, out: Path | None) -> LesionsMade:
    """Count the lesions of each mask, or compare two, and write what was found where a folder is given.

    Parameters
    ----------
    given : LesionInput
        The files and how they are read.
    out : Path or None
        Folder to write to.

    Returns
    -------
    LesionsMade
        The numbers and the files: lesions.html, lesions.json, lesions.csv.

    Raises
    ------
    InputError
        When a file cannot be read or two masks cannot be compared; nothing is written then.
    """
    from ranvier import mri, report

    rule = mri.rule_preset(given.rule)
    if given.threshold is not None:
        rule = dataclasses.replace(rule, threshold=given.threshold)
    dates = None if given.dates is None else (_date(given.dates[0]), _date(given.dates[1]))
    image, image_before = (
        None if path is None else _quiet(mri.read_image, path) for path in (given.image, given.image_before)
    )
    paths = (*([given.before] if given.before else []), *given.masks)
    masks = [_quiet(mri.read_mask, path, threshold=given.threshold, tool=given.tool) for path in paths]
    masks = _named_apart(masks, paths)
    if given.before is not None:
        options: dict[str, Any] = {"rule": rule, "on_geometry": given.on_geometry}
        change: mri.LesionComparison | mri.CordComparison
        if given.cord:
            change = _quiet(mri.compare_cord, *masks, **options)
        else:
            change = _quiet(mri.compare, *masks, **options)
        page = report.build_lesions(change, image=image, image_before=image_before, dates=dates)
    else:
        count = mri.cord if given.cord else mri.lesions
        found = [count(mask, rule=rule) for mask in masks]
        page = report.build_lesions(found[0] if len(found) == 1 else found, image=image)
    if out is None:
        return LesionsMade(page=page)
    table = page.meta["lesions"]
    return LesionsMade(page=page, written=page.save_all(out, "lesions", tables={"lesions": table}))


def _quiet(read: Callable[..., Read], *arguments: Any, **options: Any) -> Read:
    """Call without warnings: the same sentences stand among the notes, which are printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RanvierWarning)
        return read(*arguments, **options)


def _named_apart(masks: list[mri.Mask], paths: tuple[Path, ...]) -> list[mri.Mask]:
    """Call masks by their whole path where two files have the same name."""
    names = [mask.name for mask in masks]
    return [
        dataclasses.replace(mask, name=str(path)) if names.count(mask.name) > 1 else mask
        for mask, path in zip(masks, paths, strict=True)
    ]


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"date {text!r}; write it as YYYY-MM-DD, such as 2024-03-01.") from error


def _aligned(block: Any) -> list[str]:
    """Give a table as lines: words to the left, numbers to the right."""
    from ranvier.report.page import cells

    rows = cells(block.frame)
    heads = [block.labels.get(name, name) for name in block.frame.columns]
    numeric = [dtype.is_numeric() for dtype in block.frame.dtypes]
    texts = [heads, *([cell["text"] for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in texts
    ]
