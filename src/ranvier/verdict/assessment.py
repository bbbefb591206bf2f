"""The verdict on a trial at hand, from its own numbers and the registry."""

from __future__ import annotations

from ranvier import evidence
from ranvier.evidence import Registry, Study
from ranvier.result import Estimate, number, p_text, percent, plural
from ranvier.trial import Trial
from ranvier.verdict.analysis import analyse
from ranvier.verdict.certainty import certainty
from ranvier.verdict.conclusion import Verdict
from ranvier.verdict.confirmed import ConfirmedEvents
from ranvier.verdict.findings import Finding, share_text
from ranvier.verdict.lesion_activity import LesionActivity
from ranvier.verdict.natural import natural_facts
from ranvier.verdict.numbers import Analysis, Measured
from ranvier.verdict.phrases import beside, design_sentence, identity
from ranvier.verdict.sentences import say

__all__ = ["assess"]

ROUTES = {
    "intravenous": "IV",
    "intrathecal": "IT",
    "intracerebroventricular": "ICV",
}
"""Routes of the protocol, as the registry writes them."""

KINDS = {"reconstruction": "a reconstruction", "simulated": "simulated"}
"""What the data are when they are not patients, as the end of a sentence."""

HAPPENED = {"improved": "had improved", "worse": "had worsened"}
"""Status of a patient at a visit, as a verb for one patient and for several."""

UNKNOWN_CLASS = "MSC"
"""Cell class whose randomised trials are looked at when the protocol names none."""


def assess(trial: Trial | Analysis, *, registry: Registry | None = None) -> Verdict:
    """Give the verdict on a trial at hand.

    Parameters
    ----------
    trial : Trial or Analysis
        The trial, or its numbers when they are at hand already.
    registry : Registry, optional
        Published trials to set beside it; the packaged registry when None.

    Returns
    -------
    Verdict
        What may be said: capped by the design, favourable and unfavourable side by side, with the share on
        placebo in the nearest randomised trial and the certainty in GRADE terms.

    Raises
    ------
    InputError
        When the data hold errors, no visits are planned, nobody was treated, or the cell class is unknown.

    Notes
    -----
    A result is favourable or unfavourable by its direction alone, whatever its p value; the interval stands
    with it. A count of spinal cord lesions has no direction, because it rises when a long lesion breaks up
    while healing; length and volume have one, where they are known. Arms are described; their differences
    are not judged.

    References
    ----------
    Guyatt GH, et al. (2008). GRADE: an emerging consensus. doi:10.1136/bmj.39489.470347.AD

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> verdict = rv.verdict.assess(rv.read_trial(examples() / "dahbour_2017"))
    >>> print(verdict.headline[0])
    This trial (n=10, uncontrolled): not shown to be effective.
    """
    numbers = trial if isinstance(trial, Analysis) else analyse(trial)
    held = evidence.registry() if registry is None else registry
    study = _as_study(numbers)
    given = numbers.trial.protocol.product.co_intervention
    judged = numbers.trial.protocol.risk_of_bias
    sure = certainty(held, study, None, given_with=[given] if given else [], judged=judged)
    found = _findings(numbers)
    signs = {
        sign: tuple(finding for finding in found if finding.sign == sign)
        for sign in ("favourable", "unfavourable", "neither")
    }
    return Verdict(
        title=f"Verdict on {numbers.trial.protocol.title}",
        headline=_headline(numbers, study),
        beside=_beside(numbers, held, study),
        **signs,
        certainty=sure,
        studies=(),
        estimates=(*numbers.responders, *numbers.safety),
    )


def _as_study(numbers: Analysis) -> Study:
    """Describe the trial at hand as the registry describes a published one."""
    protocol, flow = numbers.trial.protocol, numbers.flow
    cells = protocol.product.cell_class
    controls = {arm.id for arm in protocol.arms if arm.role == "control"}
    arms = numbers.trial.subjects.filter(treated=True)["arm"]
    n_control = int(arms.is_in(list(controls)).sum()) if controls else 0
    return Study(
        study_id=protocol.id,
        author="this trial",
        design=protocol.design,
        certainty="A",
        masking=protocol.masking,
        disease=protocol.disease,
        cell_class=cells or UNKNOWN_CLASS,
        route=ROUTES.get(protocol.product.site or ""),
        n_registered=flow.registered,
        n_treated=flow.treated - n_control,
        n_control=n_control,
        n_evaluable=flow.evaluable,
        registration=protocol.registration,
    )


def _headline(numbers: Analysis, study: Study) -> tuple[str, ...]:
    """Give the sentences to read first: what the design allows, what happened, what is not known."""
    flow = numbers.flow
    code = "arms_described" if study.n_control else "not_effective"
    lines = [say(code, **identity(study)), design_sentence(study)]
    lines += [_responder(numbers, share).sentence for share in numbers.responders]
    lines += [_confirmed(part) for part in numbers.confirmed if part.shares]
    if numbers.trial.protocol.data_kind != "patients":
        lines.append(say("not_patients", kind=KINDS[numbers.trial.protocol.data_kind]))
    if not numbers.can_interpret_improvement:
        lines.append(say("attack_unknown_in", count=numbers.attack_unknown, n=_patients(flow.treated)))
    registered = "not seen" if flow.registered is None else flow.registered
    lines.append(say("counts_n", registered=registered, treated=flow.treated, evaluable=flow.evaluable))
    return tuple(lines)


def _confirmed(part: ConfirmedEvents) -> str:
    """Say how many changes a later visit confirmed, and how many it could not."""
    name = part.definition.name
    arms = [share.quantity.rpartition(name)[2].strip(", )") for share in part.shares]
    shares = "; ".join(
        f"{f'{arm}: ' if arm else ''}{share.inputs['events']} of {share.n}"
        for arm, share in zip(arms, part.shares, strict=True)
    )
    values = {"kind": part.kind, "definition": name, "share": shares}
    if part.only_at_last_visit:
        return say("confirmed_last_only", **values, last=part.only_at_last_visit)
    return say("confirmed_change", **values)


def _beside(numbers: Analysis, registry: Registry, study: Study) -> tuple[str, ...]:
    """Give the share on placebo in the nearest randomised trial, and what happens without treatment."""
    lines = []
    shares = [share for share in numbers.responders if share.quantity.startswith("patients improved")]
    if shares:
        placebo = registry.placebo_response(
            disease=study.disease or "mixed", route=study.route, cell_class=study.cell_class or UNKNOWN_CLASS
        )
        lines.append(beside(placebo))
        if placebo.estimate is not None and len(shares) == 1:
            lines.append(_held(shares[0], placebo.estimate.value))
        lines += _without_effect(numbers)
    lines += [fact.sentence for fact in natural_facts(registry, study.disease or "", "edss")]
    if numbers.relapse_rates:
        lines += [fact.sentence for fact in natural_facts(registry, study.disease or "", "relapse")]
        lines += _from_entry(numbers)
    return tuple(lines)


def _without_effect(numbers: Analysis) -> list[str]:
    """Say how often so many patients improve with no treatment effect, in the null band of the trial."""
    bands = () if numbers.null is None else numbers.null.of("responders")
    if not bands or bands[0].observed is None:
        return []
    chances = [each.chance_text() for each in bands]
    values = {"count": f"{bands[0].observed:.0f}", "n": _patients(bands[0].n), "visit": numbers.final_visit}
    return [say("null_band", **values, low=chances[0], high=chances[-1])]


def _from_entry(numbers: Analysis) -> list[str]:
    """Say what the entry rule alone makes of the relapses, in the year before the first dose."""
    protocol, falls = numbers.trial.protocol, numbers.expected_falls
    if protocol.control == "randomised":
        return []  # the control arm shows what choosing patients makes
    entry = protocol.entry
    if entry is None or falls is None:
        return [say("entry_not_given")]
    rows = falls.filter(years_looked_at=1).sort("ratio")
    ratios = rows["ratio"].to_list()
    rule = entry.relapses.text()
    if len(ratios) > 1:
        return [say("entry_range", rule=rule, low=number(ratios[0]), high=number(ratios[-1]))]
    before, after = rows.select("before_per_year", "after_per_year").row(0)
    lines = [
        say(
            "entry_expected",
            rule=rule,
            before=number(before),
            after=number(after),
            ratio=number(ratios[0]),
        )
    ]
    for part in numbers.relapse_periods:
        seen = part.ratio
        code = "entry_holds" if seen.low <= ratios[0] <= seen.high else "entry_excludes"
        lines.append(say(code, low=number(seen.low), high=number(seen.high), arm=part.arm))
    return lines


def _held(share: Estimate, other: float) -> str:
    code = "holds_placebo" if share.low <= other <= share.high else "excludes_placebo"
    return say(code, low=percent(share.low), high=percent(share.high), share=percent(other))


def _findings(numbers: Analysis) -> tuple[Finding, ...]:
    """Give every result with its direction."""
    found = [_responder(numbers, share) for share in numbers.responders]
    found += [_change(numbers, change, lower_is_better=True) for change in numbers.edss_change]
    found += [_relapses(numbers, rates) for rates in numbers.relapse_rates]
    found += [
        _measured(numbers, part, estimate)
        for part in (*numbers.lesions, *numbers.acuity)
        for estimate in part.estimates
    ]
    found += [_active(numbers, part) for part in numbers.lesion_activity]
    found += [_event(numbers, share) for share in numbers.safety]
    return tuple(found)


def _patients(count: int) -> str:
    return plural(count, "patient")


def _finding(numbers: Analysis, outcome: str, sentence: str, sign: str, estimate: Estimate) -> Finding:
    return Finding(
        study_id=numbers.trial.protocol.id,
        outcome=outcome,
        sentence=sentence,
        sign=sign,
        source_url="",
        source_type=numbers.trial.protocol.data_kind,
        certainty="A",
        n=estimate.n,
        estimate=estimate,
    )


def _responder(numbers: Analysis, share: Estimate) -> Finding:
    events = share.inputs["events"]
    good = share.quantity.startswith("patients improved")
    status, _, rest = share.quantity.removeprefix("patients ").partition(" ")
    words, n = f"{HAPPENED[status]} {rest}", _patients(share.n)
    if events == 0:
        sentence, sign = say("nobody", outcome=words, n=n, high=percent(share.high)), "neither"
    else:
        sentence = say("somebody", outcome=words, events=events, n=n, share=share_text(share))
        sign = "favourable" if good else "unfavourable"
    return _finding(numbers, "edss_improved" if good else "edss_worse", sentence, sign, share)


def _change(numbers: Analysis, change: Estimate, *, lower_is_better: bool | None) -> Finding:
    """Give a typical change; without a direction when None, or when it is zero."""
    p = "" if change.p_value is None else f"; {p_text(change.p_value)}"
    sentence = say("typical", outcome=change.quantity, value=change.text(), p=p)
    if lower_is_better is None or change.value == 0:
        sign = "neither"
    else:
        sign = "favourable" if (change.value < 0) == lower_is_better else "unfavourable"
    return _finding(numbers, change.quantity, sentence, sign, change)


def _measured(numbers: Analysis, part: Measured, estimate: Estimate) -> Finding:
    counted_cord = part.unit == "lesions" and "spinal cord" in part.name
    return _change(numbers, estimate, lower_is_better=None if counted_cord else True)


def _active(numbers: Analysis, part: LesionActivity) -> Finding:
    """Say in how many patients scans after the first dose show lesions that appeared or grew."""
    share = part.patients
    words = f"had a {share.quantity.removeprefix('patients with a ')}, on a scan after the first dose"
    n = _patients(share.n)
    if part.lesions == 0:
        sentence, sign = say("nobody", outcome=words, n=n, high=percent(share.high)), "neither"
    else:
        events = share.inputs["events"]
        sentence = say("somebody", outcome=words, events=events, n=n, share=share_text(share))
        sign = "unfavourable"
    if part.caveat:
        sentence += f" {part.caveat}"
    return _finding(numbers, "mri_new_or_enlarging", sentence, sign, share)


def _relapses(numbers: Analysis, rates: tuple[Estimate, ...]) -> Finding:
    before, after, ratio = rates
    sentence = say(
        "relapse_rates",
        arm=ratio.quantity.removeprefix("relapse rate after over before"),
        before=number(before.value),
        after=number(after.value),
        ratio=ratio.text(),
    )
    sign = (
        "neither"
        if before.value == after.value
        else "favourable"
        if after.value < before.value
        else "unfavourable"
    )
    return _finding(numbers, "relapse_rate", sentence, sign, ratio)


def _event(numbers: Analysis, share: Estimate) -> Finding:
    words = share.quantity.removeprefix("patients with ")
    events = share.inputs["events"]
    if events == 0:
        sentence = say("nobody_with", event=words, n=_patients(share.n), high=percent(share.high))
        sign = "neither"
    else:
        unit = "patient" if share.n == 1 else "patients"
        sentence = say("harm", event=words, events=events, n=share.n, unit=unit, share=share_text(share))
        sign = "unfavourable"
    return _finding(numbers, words, sentence, sign, share)
