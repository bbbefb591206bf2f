"""The commands of ranvier. Heavy packages are imported inside the commands that need them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ranvier._version import __version__
from ranvier.errors import InputError, RanvierError

if TYPE_CHECKING:
    import polars as pl

    from ranvier.report import Report
    from ranvier.trial import Trial

__all__ = ["main"]

FINDINGS, USAGE = 1, 2
"""Exit status: 0 fine, 1 findings in the data, 2 input or options that cannot be used."""

SYSTEMS = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")
FOLDER = click.Path(path_type=Path)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
out_folder = click.option("--out", type=FOLDER, help="Folder to write to; nothing is written without it.")


def _plain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print an error of ranvier or of the disk as one line, without a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except RanvierError as error:
            click.echo(f"error: {error}", err=True)
            raise SystemExit(USAGE) from None
        except BrokenPipeError:
            raise  # click ends quietly when a reader such as `head` has had enough
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {name}{error.strerror or error}.", err=True)
            raise SystemExit(USAGE) from None

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ranvier")
def main() -> None:
    """From the bedside score to a verdict you can defend.

    Small cell-therapy trials in multiple sclerosis and NMOSD: check the data, score the EDSS, report the
    trial, appraise what was claimed. Exit status: 0 fine, 1 findings, 2 input that cannot be used.
    """


@main.command()
@click.option(
    "--out", type=FOLDER, default=Path("ranvier-demo"), show_default=True, help="Folder to write to."
)
@as_json
@_plain_errors
def demo(out: Path, as_json: bool) -> None:
    """Appraise a news article, report the two trials it is about, and plan the next one."""
    from ranvier.cli.demo import run

    made = run(out, show_progress=not as_json)
    if as_json:
        _print_json(made.to_dict())
    else:
        click.echo(made.text())


@main.command(short_help="Make a folder with an empty trial, or a plan.")
@click.argument("folder", type=FOLDER)
@click.option("--plan", is_flag=True, help="The plan of a trial to be simulated: design.toml.")
@as_json
@_plain_errors
def new(folder: Path, plan: bool, as_json: bool) -> None:
    """Make FOLDER with an empty trial (trial.toml and one CSV per table), or with a plan to start from."""
    if plan:
        from ranvier.simulate import new_plan as make
    else:
        from ranvier.io import new_trial as make
    made = make(folder)
    files = sorted(path.name for path in Path(made).iterdir())
    if as_json:
        _print_json({"folder": str(made), "files": files})
        return
    click.echo(f"made {made} with {', '.join(files)}")
    if plan:
        file = made / "design.toml"
        click.echo(f"change it, or try it as it is: ranvier plan {file} --out {made / 'page'}")
    else:
        click.echo("fill in trial.toml and the CSV files, then run: ranvier check " + str(made))


@main.command(short_help="Check a trial: every finding and what to do.")
@click.argument("folder", type=FOLDER)
@as_json
@_plain_errors
def check(folder: Path, as_json: bool) -> None:
    """Check the trial in FOLDER (or SDTM): every finding with file, row, patient, day and what to do."""
    from ranvier.report import trial_findings

    findings = trial_findings(_trial(folder))
    if as_json:
        _print_json(findings)
    else:
        _print_findings(findings)
    raise SystemExit(FINDINGS if findings.height else 0)


@main.command(short_help="Score the EDSS from grades.")
@click.argument("file", type=FOLDER, required=False)
@click.option("--coding", required=True, help="Coding of the ambulation column: 0-16 or 0-12; no default.")
@click.option("--scheme", default="neurostatus", show_default=True, help="neurostatus or kurtzke1983.")
@click.option("--ambulation", type=int, help="One patient: ambulation code.")
@click.option("--visual", type=int, help="One patient: visual grade.")
@click.option("--brainstem", type=int, help="One patient: brainstem grade.")
@click.option("--pyramidal", type=int, help="One patient: pyramidal grade.")
@click.option("--cerebellar", type=int, help="One patient: cerebellar grade.")
@click.option("--sensory", type=int, help="One patient: sensory grade.")
@click.option("--bowel-bladder", type=int, help="One patient: bowel and bladder grade.")
@click.option("--cerebral", type=int, help="One patient: cerebral grade.")
@click.option("--out", type=FOLDER, help="CSV file to write; printed when left out.")
@as_json
@_plain_errors
def score(
    file: Path | None, coding: str, scheme: str, out: Path | None, as_json: bool, **grades: int | None
) -> None:
    """Score the EDSS of every row of FILE (a CSV of grades), or of one patient from options.

    Columns of FILE: visual, brainstem, pyramidal, cerebellar, sensory, bowel_bladder, cerebral, ambulation;
    and subject, day and edss (what the examiner wrote) where there are.
    """
    from ranvier import io, scales

    if (file is None) == all(value is None for value in grades.values()):
        raise InputError(
            "give either a FILE of grades or the grades of one patient as options, such as --pyramidal 3."
        )
    visits = io.read_grades(file) if file is not None else _one_patient(grades)
    scored = scales.edss(visits, ambulation_coding=coding, scheme=scheme)
    written = None if out is None else str(io.write_table(scored.table, out))
    if as_json:
        content = {"rows": scored.table, "findings": scored.findings, "definition": scored.definition}
        _print_json(content if written is None else {"written": [written], "findings": scored.findings})
    elif file is None and written is None:
        row = scored.table.row(0, named=True)
        click.echo("EDSS not known" if row["edss"] is None else f"EDSS {row['edss']:.1f}: {row['rule']}")
    else:
        _print_scores(scored.table, scored.findings, written)
    raise SystemExit(FINDINGS if scored.findings is not None and scored.findings.height else 0)


@main.command(short_help="Report a trial as a page or as text.")
@click.argument("folder", type=FOLDER)
@out_folder
@as_json
@_plain_errors
def report(folder: Path, out: Path | None, as_json: bool) -> None:
    """Report the trial in FOLDER (or SDTM): as text, or as report.html and report.json in --out."""
    from ranvier import report as reports

    trial = _trial(folder)
    findings = trial.check().table.filter(severity="error")
    if findings.height:
        _print_json(findings) if as_json else _print_findings(findings)
        click.echo("errors stop a report; nothing was written.", err=True)
        raise SystemExit(FINDINGS)
    _deliver(reports.build(trial), out, "report", as_json=as_json)


@main.command(short_help="Appraise the claims of an article.")
@click.argument("claims", type=FOLDER)
@out_folder
@as_json
@_plain_errors
def appraise(claims: Path, out: Path | None, as_json: bool) -> None:
    """Appraise the claims of an article or paper, listed in the TOML file CLAIMS."""
    from ranvier import report as reports
    from ranvier import verdict

    appraisal = verdict.appraise(verdict.read_claims(claims))
    _deliver(reports.build_appraisal(appraisal), out, "appraisal", as_json=as_json)


@main.command(short_help="Find confirmed worsening and improvement.")
@click.argument("visits", type=FOLDER)
@click.option("--relapses", type=FOLDER, help="File of relapses; without it worsening has no type.")
@click.option("--subjects", type=FOLDER, help="File with subject and first_dose_date, which is day 0.")
@click.option(
    "--definition", required=True, help="Name of a preset, such as cdw-12w, or a TOML or JSON file."
)
@out_folder
@as_json
@_plain_errors
def course(
    visits: Path,
    relapses: Path | None,
    subjects: Path | None,
    definition: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Find the confirmed events of the visits in VISITS (CSV or Parquet: subject, day or date, outcomes).

    With dates, the first dose of each patient is day 0 where --subjects is given, the first visit otherwise.
    The settings.json of an earlier run may be given as the definition.
    """
    from ranvier.cli.course import run

    made = run(visits, relapses, subjects, definition, out)
    _print_json(made.to_dict()) if as_json else click.echo(made.text())


@main.command(short_help="Adverse events: counts, bounds, stopping rules.")
@click.argument("folder", type=FOLDER)
@click.option("--by", help="List events by nested (body system, then term), term, body_system or grade.")
@click.option(
    "--among", default="any", show_default=True, help="any, serious, related, procedure_related or fatal."
)
@click.option("--product", "products", multiple=True, help="For SDTM: a treatment and what it is, DRUG=msc.")
@out_folder
@as_json
@_plain_errors
def safety(
    folder: Path, by: str | None, among: str, products: tuple[str, ...], out: Path | None, as_json: bool
) -> None:
    """Count the adverse events of the trial (or of the SDTM files) in FOLDER.

    Prints text, or writes safety.html, safety.json and a CSV file of each table to --out. Errors in the data
    are listed on the page and set the exit status to 1.
    """
    from ranvier.cli.safety import run

    wrong = [each for each in products if "=" not in each]
    if wrong:
        raise InputError(f"--product is {wrong[0]!r}; write the treatment and what it is, such as DRUG=msc.")
    named = dict(each.split("=", 1) for each in products)
    made = run(folder, out, by=by, among=among, products=named)
    _print_json(made.to_dict()) if as_json else click.echo(made.text())
    if made.errors.height:
        click.echo(f"the data hold {made.errors.height} errors; see Data findings on the page.", err=True)
        raise SystemExit(FINDINGS)


@main.command(short_help="Count MRI lesions, or say what changed.")
@click.argument("masks", type=FOLDER, nargs=-1, required=True, metavar="MASK...")
@click.option("--before", type=FOLDER, help="Mask of the visit before: what became of each lesion.")
@click.option("--rule", default="default", show_default=True, help="What counts; see `ranvier.mri.RULES`.")
@click.option("--threshold", type=float, help="For probability maps: lesion above this probability.")
@click.option("--image", type=FOLDER, help="Scan to draw the lesions on, on the grid of the mask.")
@click.option("--image-before", type=FOLDER, help="The same for the visit before.")
@click.option("--dates", nargs=2, metavar="BEFORE AFTER", help="Dates of the two scans, YYYY-MM-DD.")
@click.option("--tool", help="Who or what made the masks, with version; recorded.")
@click.option("--cord", is_flag=True, help="Masks of the spinal cord: lengths beside the count.")
@click.option(
    "--on-geometry", default="error", show_default=True, help="Grids up to a voxel apart: error, warn."
)
@out_folder
@as_json
@_plain_errors
def lesions(out: Path | None, as_json: bool, **given: Any) -> None:
    """Count the lesions of each MASK (NIfTI), or compare one MASK with the one --before.

    Prints tables, or writes lesions.html, lesions.json and lesions.csv to --out as well.
    """
    from ranvier.cli.lesions import LesionInput, run

    made = run(LesionInput(**given), out)
    _print_json(made.to_dict()) if as_json else click.echo(made.text())


def _number_or_name(
    _context: click.Context, _option: click.Parameter, given: str | None
) -> float | str | None:
    """Give a number where the text is one."""
    try:
        return None if given is None else float(given)
    except ValueError:
        return given


@main.command(short_help="Pool the studies of a file.")
@click.argument("file", type=FOLDER)
@click.option("--measure", help="What is pooled, such as proportion; see `evidence.MEASURE_CODES`.")
@click.option("--method", help="counts (default for shares, rates, odds and rate ratios), common, reml, ...")
@click.option("--interval", help="knapp-hartung, t or wald; of counts: t, wald, profile or exact.")
@click.option("--by", help="Column of groups; each is pooled by itself.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Confidence level.")
@click.option("--correlation", callback=_number_or_name, help="For changes, of before and after; or edss.")
@out_folder
@as_json
@_plain_errors
def pool(file: Path, out: Path | None, as_json: bool, **options: Any) -> None:
    """Check the studies of FILE (CSV or Parquet, one row each) and pool them.

    Without --measure the columns effect and variance are pooled. Prints text, or writes pool.html and
    pool.json to --out. Errors in the table stop the pool; what was found sets the exit status to 1.
    """
    from ranvier.cli.pool import run

    made = run(file, out, **options)
    _print_json(made.to_dict()) if as_json else click.echo(made.text(), nl=bool(made.text()))
    if made.findings.height and not as_json:
        _print_findings(made.findings, who="study", err=made.found is not None)
    raise SystemExit(FINDINGS if made.doubtful else 0)


@main.command(short_help="Simulate the plan of a trial.")
@click.argument("design", type=FOLDER)
@click.option("--trials", type=click.IntRange(100), help="Virtual trials, in place of those of the file.")
@click.option("--seed", type=click.IntRange(0), help="Seed, in place of that of the file.")
@click.option("--processes", type=click.IntRange(1, 256), help="Processes that share the work.")
@out_folder
@as_json
@_plain_errors
def plan(design: Path, out: Path | None, as_json: bool, **changed: int | None) -> None:
    """Simulate the trial that DESIGN plans: power, false claims, size, duration, and words for the protocol.

    DESIGN is a file that `ranvier new --plan` makes. Prints text, or writes plan.html and plan.json to --out.
    """
    from ranvier.cli.plan import run

    made = run(design, out, show_progress=not as_json, **changed)
    _print_json(made.to_dict()) if as_json else click.echo(made.text())


def _trial(folder: Path) -> Trial:
    """Read a trial folder, or a folder of SDTM files."""
    from ranvier.io import is_sdtm, read_sdtm, read_trial

    return read_sdtm(folder) if is_sdtm(folder) else read_trial(folder)


def _deliver(made: Report, out: Path | None, name: str, *, as_json: bool) -> None:
    """Print a report, or write it as a page and as numbers."""
    if out is not None:
        paths = made.save_all(out, name)
        click.echo(
            json.dumps({"written": [str(path) for path in paths]}) if as_json else "\n".join(map(str, paths))
        )
    elif as_json:
        _print_json(made.to_dict())
    else:
        click.echo(made.explain())


def _print_json(content: Any) -> None:
    from ranvier.result import json_ready

    click.echo(json.dumps(json_ready(content), indent=1, ensure_ascii=False))


def _print_findings(findings: pl.DataFrame, *, who: str = "patient", err: bool = False) -> None:
    """Print each finding with its place, what is allowed and what to do."""
    from ranvier.result import plural

    say = functools.partial(click.echo, err=err)
    for row in findings.iter_rows(named=True):
        named = (("row", "row"), (who, "subject"), ("day", "day"), ("column", "column"))
        place = ", ".join(f"{word} {row[name]}" for word, name in named if row[name] is not None)
        value = "" if row["value"] is None else f" = {row['value']!r}"
        say(f"{row['severity']} {row['rule']}: {row['file']}{', ' if place else ''}{place}{value}")
        allowed = f" Allowed: {row['allowed']}." if row["allowed"] else ""
        say(f"  {row['message'].rstrip('.')}.{allowed}")
        say(f"  {row['advice']}")
    errors = findings.filter(severity="error").height
    queries = plural(findings.height - errors, "query", "queries")
    say(f"{plural(errors, 'error')}, {queries}" if findings.height else "nothing found")


def _print_scores(table: pl.DataFrame, findings: pl.DataFrame | None, written: str | None) -> None:
    """Print the scored rows, or where they stand; what differs from the examiner goes to standard error."""
    click.echo(table.write_csv(), nl=False) if written is None else click.echo(written)
    if findings is not None:
        for row in findings.iter_rows(named=True):
            click.echo(f"row {row['row']}, patient {row['subject']}: {row['message']}", err=True)


def _one_patient(grades: dict[str, int | None]) -> pl.DataFrame:
    """Put the grades of the options into a table of one row."""
    import polars as pl

    return pl.DataFrame(
        [{"subject": "patient", "day": 0, **grades}],
        schema={"subject": pl.String, "day": pl.Int64, **dict.fromkeys((*SYSTEMS, "ambulation"), pl.Int64)},
    )
