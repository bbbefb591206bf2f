"""The evidence report: what is known about cells in MS and NMOSD, from the registry alone."""

from __future__ import annotations

from ranvier.evidence import Registry, registry
from ranvier.report.building import versions
from ranvier.report.evidence_harms import harm_blocks
from ranvier.report.evidence_sections import comparison_blocks, uncontrolled_blocks
from ranvier.report.evidence_studies import certainty_blocks, contradiction_blocks, study_blocks
from ranvier.report.model import Block, Bullets, Paragraph, Report, Section
from ranvier.result import plural
from ranvier.verdict import StudySummary, say, study_verdict

__all__ = ["build_evidence"]

HOW = (
    """Every value stands in the registry with its source and a certainty of reading: A in the study's own
    abstract, table or registry record; B secondary, or partly derived; C a review table or news article only;
    D believed wrong. A and B are pooled, C is shown and not pooled, D is never used.""",
    """Shares are pooled by a model of the counts: binomial in each study, log odds normal between studies,
    spread by maximum likelihood, interval by Student's t; nothing is added to a count of zero. This is done
    within one family of cells, one disease and one kind of design; a group of one study is not pooled. Beside
    each stands the exact interval of the counts added up.""",
    """Ratios of two arms are as the trial printed them; from counts they carry the exact interval of
    Barnard's test, in arms of more than 50 the score interval of Miettinen and Nurminen.""",
    """Of studies that may share patients, and of several arms or months of one study, one count is used.""",
    """Counts of any serious event, and of only those put down to the treatment, are added up apart.""",
    """Counts of patient-cycles are shown and not pooled.""",
    """Certainty follows GRADE by rule: randomised starts high, all else low; each step has its number.""",
    """The registry holds what could be read; most full texts could not. Other studies may exist.""",
)
SOURCES = (
    "Page MJ, et al. (2021). The PRISMA 2020 statement. BMJ 372:n71. doi:10.1136/bmj.n71",
    "Guyatt GH, et al. (2008). GRADE: an emerging consensus. BMJ 336:924.",
    "Clopper CJ, Pearson ES (1934). doi:10.1093/biomet/26.4.404",
)

NMOSD = "NMOSD"


def build_evidence(source: Registry | None = None) -> Report:
    """Give the report on what is known about cell therapy in MS and NMOSD.

    Parameters
    ----------
    source : Registry, optional
        The registry that comes with the package when None; or your own, from `evidence.read_registry`.

    Returns
    -------
    Report
        What may be said, counts and table of studies, controlled comparisons, what happened without a control
        group, aHSCT apart, harms with their bounds, disagreements between sources, certainty, methods.

    Raises
    ------
    InputError
        When a table holds what cannot be.

    Notes
    -----
    Every word about a study follows by rule from its fields, as in `verdict.study_verdict`. Shares of several
    studies are pooled within one family of cells, one disease and one kind of design; aHSCT, which is
    chemotherapy, stands in sections of its own.

    References
    ----------
    Page MJ, et al. (2021). The PRISMA 2020 statement. BMJ 372:n71. doi:10.1136/bmj.n71
    Guyatt GH, et al. (2008). GRADE: an emerging consensus. BMJ 336:924.

    Examples
    --------
    >>> import ranvier as rv
    >>> page = rv.report.build_evidence()
    >>> [section.key for section in page.sections][:3]
    ['result', 'compared', 'uncontrolled']
    """
    held = registry() if source is None else source
    keys = held.studies["study_id"]
    reported = [key for key in keys if held.study(key).has_result]
    summaries = tuple(study_verdict(key, registry=held).studies[0] for key in reported)
    with_result = tuple(each for each in summaries if each.benefit != "no result")
    compared = tuple(sorted((each for each in with_result if each.contrasts), key=_size))
    cells = tuple(each for each in compared if not each.study.is_chemotherapy)
    chemotherapy = tuple(each for each in compared if each.study.is_chemotherapy)
    sections = (
        ("result", "What may be said", _headline(held, with_result)),
        ("compared", "Compared with a control group", comparison_blocks(held, cells, key="ratios")),
        (
            "uncontrolled",
            "What happened without a control group",
            uncontrolled_blocks(held, chemotherapy=False),
        ),
        (
            "ahsct",
            "aHSCT, another treatment",
            [
                Paragraph(text=say("apart")),
                *comparison_blocks(held, chemotherapy, key="ratios-ahsct"),
                *uncontrolled_blocks(held, chemotherapy=True),
            ],
        ),
        ("harms", "Harms", harm_blocks(held)),
        ("certainty", "How sure one can be", certainty_blocks(held, with_result)),
        ("contradictions", "Where sources disagree", contradiction_blocks(held)),
        ("studies", "The studies", study_blocks(held)),
        ("methods", "Methods", _methods()),
    )
    return Report(
        title="Cell therapy in MS and NMOSD: what is known",
        subtitle=_sizes(held),
        sections=tuple(
            Section(key=key, title=title, blocks=tuple(blocks)) for key, title, blocks in sections
        ),
        meta={**versions(), "summaries": compared, "contradictions": held.contradictions},
    )


def _headline(held: Registry, summaries: tuple[StudySummary, ...]) -> list[Block]:
    """Say what randomised trials showed, that NMOSD has none, and what stands apart."""
    names = held.names()
    random = [each for each in summaries if each.study.randomised]
    cells = [each for each in random if not each.study.is_chemotherapy]
    apart = [each for each in random if each.study.is_chemotherapy]
    unclear = [each for each in summaries if each.study.control == "unclear"]
    shown = sum(each.benefit == "effect shown" for each in cells)
    limited = sum(each.benefit == "positive, with limits" for each in cells)
    rest = len(cells) - shown - limited
    trials = plural(len(cells), "randomised trial")
    key = (
        f"{trials} of cells other than aHSCT {'has' if len(cells) == 1 else 'have'} a result here: {shown} "
        f"showed an effect that meets every requirement, {limited} {_were(limited)} positive with limits, "
        f"{rest} showed no difference or {_were(rest)} inconclusive."
    )
    blocks: list[Block] = [
        Paragraph(text=key, tone="key"),
        Bullets(title="Randomised, cells other than aHSCT", items=_lines(cells, names)),
    ]
    if unclear:
        blocks.append(Bullets(title="With controls, assignment not clear", items=_lines(unclear, names)))
    blocks.append(Bullets(title="Randomised, aHSCT, kept apart", items=_lines(apart, names) or ("none",)))
    blocks.append(Bullets(title="NMOSD", items=(_nmosd(held, summaries),)))
    return blocks


def _sizes(held: Registry) -> str:
    """Say how much the registry holds."""
    tables = ("studies", "outcomes", "safety", "sources")
    heights = [getattr(held, name).height for name in tables]
    nouns = (("study", "studies"), ("result",), ("safety count",), ("source",))
    return ", ".join(plural(height, *noun) for height, noun in zip(heights, nouns, strict=True))


def _size(summary: StudySummary) -> int:
    """Put large studies first."""
    return -(summary.study.n or 0)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _lines(summaries: list[StudySummary], names: dict[str, str]) -> tuple[str, ...]:
    """Give the headline of each study under a name that no other has, largest first."""
    ordered = sorted(summaries, key=_size)
    return tuple(each.headline.replace(each.study.label, names[each.study.study_id], 1) for each in ordered)


def _nmosd(held: Registry, summaries: tuple[StudySummary, ...]) -> str:
    """Say whether NMOSD has a randomised result, and how many studies without a control it has."""
    found = [each for each in summaries if each.study.disease == NMOSD]
    random = [each for each in found if each.study.randomised]
    alone = [each for each in found if not each.study.randomised]
    apart = sum(each.study.is_chemotherapy for each in alone)
    others = (
        f"{plural(len(alone) - apart, 'study', 'studies')} of cells other than aHSCT and {apart} of aHSCT"
    )
    if random:
        chemotherapy = sum(each.study.is_chemotherapy for each in random)
        trials = plural(len(random), "randomised trial")
        found_words = f"{trials} in NMOSD with a result, {chemotherapy} of them of aHSCT"
        return f"{found_words}; not assigned by chance: {others}."
    reason = held.placebo_response(disease=NMOSD, route=None, cell_class="MSC").reason
    return f"{reason[:1].upper()}{reason[1:]}. There is a result of {others}, not assigned by chance."


def _methods() -> list[Block]:
    return [
        Bullets(title="How this page was made", items=tuple(" ".join(each.split()) for each in HOW)),
        Bullets(title="Sources", items=SOURCES),
    ]
