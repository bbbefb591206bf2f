"""The demonstration: a news article appraised, its two trials reported, what else is known, a plan."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import click

from ranvier import io, report, verdict
from ranvier.cli.plan import run as run_plan
from ranvier.errors import InputError

__all__ = ["Demonstration", "run"]

TRIALS = ("dahbour_2017", "lu_2012")
PLANNED = 2_000
"""Virtual trials of the plan: enough to see what a single arm does, in a second or two."""


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """What the demonstration found and wrote.

    Parameters
    ----------
    headline : tuple of str
        The verdict on the article, in sentences.
    claims : tuple of (said, label)
        What was said, and the label of the verdict.
    paths : tuple of Path
        Files written.
    """

    headline: tuple[str, ...]
    claims: tuple[tuple[str, str], ...]
    paths: tuple[Path, ...]

    def text(self) -> str:
        """Give the verdict table and the paths as text.

        Returns
        -------
        str
            Lines.
        """
        width = max((len(label) for _, label in self.claims), default=0)
        rows = [f"  {label:<{width}}  {said}" for said, label in self.claims]
        pages = [f"  {path}" for path in self.paths if path.suffix == ".html"]
        return "\n".join(
            [
                "The article's verdict",
                *(f"  {line}" for line in self.headline),
                "",
                "Claim by claim",
                *rows,
                "",
                "Open in a browser",
                *pages,
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Give headline, claims and paths, JSON-ready.

        Returns
        -------
        dict
            Keys headline, claims, paths.
        """
        claims = [{"said": said, "label": label} for said, label in self.claims]
        return {
            "headline": list(self.headline),
            "claims": claims,
            "paths": [str(path) for path in self.paths],
        }


def examples() -> Path:
    """Give the folder of examples: beside the modules in an installed package, at the root in a clone.

    Returns
    -------
    Path
        The folder.
    """
    installed = Path(str(resources.files("ranvier"))) / "examples"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[3] / "examples"


def run(out: Path, *, show_progress: bool = True) -> Demonstration:
    """Write the appraisal of the article, the reports of both trials, the evidence report, and a plan.

    Parameters
    ----------
    out : Path
        Folder to write to; made when absent.
    show_progress : bool
        Whether to draw a progress bar on standard error.

    Returns
    -------
    Demonstration
        Verdict and paths.

    Raises
    ------
    InputError
        When `out` is a file.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{str(out)!r} is a file; name a folder for the demonstration.")
    source = examples()
    written: list[Path] = []
    steps = 3 + len(TRIALS)
    with click.progressbar(length=steps, label="reporting", file=sys.stderr, hidden=not show_progress) as bar:
        appraisal = verdict.appraise(verdict.read_claims(source / "news_article" / "claims.toml"))
        written += report.build_appraisal(appraisal).save_all(out, "article")
        bar.update(1)
        for name in TRIALS:
            trial = io.read_trial(source / name)
            written += report.build(trial).save_all(out / trial.protocol.id, "report")
            bar.update(1)
        written += report.build_evidence().save_all(out, "evidence")
        bar.update(1)
        design = source / "plan" / "simon" / "design.toml"
        written += run_plan(design, out / "plan", show_progress=False, trials=PLANNED).written
        bar.update(1)
    return Demonstration(
        headline=tuple(appraisal.verdict.headline),
        claims=tuple((part.claim.said, part.label) for part in appraisal.claims),
        paths=tuple(written),
    )
