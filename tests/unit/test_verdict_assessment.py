"""What the verdict on a trial at hand may say: capped by the design, both sides, never more than the data."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ranvier.cli.demo import examples
from ranvier.errors import InputError
from ranvier.io import read_trial
from ranvier.report import build
from ranvier.trial import Arm, Product
from ranvier.verdict import analyse, assess


def sentences(verdict) -> list[str]:
    found = (*verdict.unfavourable, *verdict.favourable, *verdict.neither)
    return [*verdict.headline, *verdict.beside, *(each.sentence for each in found)]


def outcomes(findings) -> set[str]:
    return {finding.outcome for finding in findings}


@pytest.fixture(scope="module", params=["dahbour_2017", "lu_2012"])
def example(request: pytest.FixtureRequest):
    return read_trial(examples() / request.param)


def test_single_arm_is_never_called_effective_or_safe(example) -> None:
    for text in ("\n".join(sentences(assess(example))), build(example).explain()):
        rest = text.replace("not shown to be effective", "")
        assert not re.search(
            r"\beffective(ly|ness)?\b|\bsafe(ly|ty)?\b|\bproves?\b", rest, flags=re.IGNORECASE
        )


def test_design_caps_the_claim(example) -> None:
    headline = assess(example).headline
    assert headline[0].endswith("uncontrolled): not shown to be effective.")
    assert headline[1] == "Uncontrolled: the design can show what happened, not an effect."


def test_zero_events_leave_a_bound(example) -> None:
    zero = [share for share in analyse(example).safety if share.inputs["events"] == 0]
    assert zero
    text = "\n".join(sentences(assess(example)))
    for share in zero:
        words = share.quantity.removeprefix("patients with ")
        bound = f"{100 * share.high:.1f} %"
        start = f"{words[0].upper()}{words[1:]}: none in {share.n} patients; "
        assert f"{start}the true share could be up to {bound}." in text


def test_unfavourable_stands_before_favourable(example) -> None:
    bullets = [block for block in build(example).sections[0].blocks if block.kind == "bullets"]
    titles = [block.title for block in bullets]
    assert titles.index("Unfavourable") < titles.index("Favourable") < titles.index("Neither")


def test_every_result_stands_on_exactly_one_side(example) -> None:
    verdict = assess(example)
    found = [*verdict.favourable, *verdict.unfavourable, *verdict.neither]
    quantities = [finding.estimate.quantity for finding in found]
    assert len(quantities) == len(set(quantities)) > 5


def test_reconstruction_says_that_no_sentence_is_about_a_treatment(example) -> None:
    assert (
        "The data are a reconstruction, not patients: no sentence here is about a treatment."
        in assess(example).headline
    )


def test_simulated_data_are_named_in_good_english(build_trial) -> None:
    protocol = dataclasses.replace(build_trial().protocol, data_kind="simulated")
    headline = assess(build_trial(None, protocol)).headline
    assert "The data are simulated, not patients: no sentence here is about a treatment." in headline


def test_registered_treated_and_evaluable_stand_side_by_side(example) -> None:
    assert re.fullmatch(
        r"Registered (\d+|not seen), treated \d+, evaluable \d+\.", assess(example).headline[-1]
    )


UNKNOWN = "Improvement cannot be interpreted without the day of the last attack, unknown in 1 of 2 patients."


def test_improvement_is_not_interpreted_when_the_last_attack_is_unknown(build_trial) -> None:
    trial = build_trial()
    assert not analyse(trial).can_interpret_improvement
    assert UNKNOWN in assess(trial).headline


@pytest.mark.parametrize(
    "known",
    [{"last_attack_day": -900, "last_rescue_day": -890}, {"phenotype": "PPMS"}],
    ids=["day is known", "no attacks in PPMS"],
)
def test_improvement_is_interpreted_when_the_last_attack_is_known(build_trial, known) -> None:
    trial = build_trial(lambda rows: rows["subjects"][1].update(known))
    assert analyse(trial).can_interpret_improvement
    assert not [line for line in assess(trial).headline if "cannot be interpreted" in line]


def test_missing_rescue_day_alone_bars_interpretation(build_trial) -> None:
    trial = build_trial(lambda rows: rows["subjects"][1].update(last_attack_day=-900))
    assert UNKNOWN in assess(trial).headline


def in_the_cord(rows) -> None:
    for row, count, volume in zip(rows["mri"], (10, 4), (900, 500), strict=True):
        row |= {"region": "spinal cord", "t2_count": count, "t2_volume_mm3": volume, "gad_count": count}


def test_fewer_lesions_in_the_cord_are_neither_good_nor_bad_but_their_volume_is_good(build_trial) -> None:
    verdict = assess(build_trial(in_the_cord))
    assert "typical change of T2 lesion count, spinal cord at month 12" in outcomes(verdict.neither)
    assert "typical change of T2 lesion volume, spinal cord at month 12" in outcomes(verdict.favourable)


def test_more_lesions_in_the_brain_are_unfavourable(build_trial) -> None:
    verdict = assess(build_trial())
    assert "typical change of T2 lesion count, brain at month 12" in outcomes(verdict.unfavourable)


def worse(rows) -> None:
    rows["visits"][3] |= {"edss": 6.0, "ambulation": 5, "pyramidal": 4}


def test_worsening_is_unfavourable_and_the_zero_improvements_are_neither(build_trial) -> None:
    verdict = assess(build_trial(worse))
    assert "edss_worse" in outcomes(verdict.unfavourable)
    assert "edss_improved" in outcomes(verdict.neither)
    assert any(line.startswith("1 of 2 patients had worsened at month 12") for line in verdict.headline)


def test_group_of_mixed_disease_is_set_beside_no_placebo_group(build_trial) -> None:
    beside = assess(build_trial()).beside
    assert "no randomised trial in MS and NMOSD together" in beside[0]


def test_share_on_placebo_is_compared_with_one_arm_only(build_trial) -> None:
    control = Arm(id="control", label="Placebo", role="control")
    first = build_trial().protocol
    protocol = dataclasses.replace(first, disease="MS", arms=(*first.arms, control), design="rct_parallel")

    def two(rows) -> None:
        rows["subjects"][0]["arm"] = "control"

    verdict = assess(build_trial(two, protocol))
    assert verdict.beside[0].startswith("On ")
    assert not [line for line in verdict.beside if "holds that share" in line or "does not hold" in line]
    arms = [finding.sentence for finding in verdict.neither if finding.outcome == "edss_improved"]
    assert ["Cells" in arms[0], "Placebo" in arms[1]] == [True, True], "controls come last"
    single = assess(build_trial(None, dataclasses.replace(first, disease="MS")))
    assert [line for line in single.beside if "hold" in line]


def test_randomised_arms_are_not_compared(build_trial) -> None:
    control = Arm(id="control", label="Placebo", role="control")
    first = build_trial().protocol
    protocol = dataclasses.replace(first, arms=(*first.arms, control), design="rct_parallel")
    verdict = assess(build_trial(lambda rows: rows["subjects"][1].update(arm="control"), protocol))
    assert verdict.headline[0].endswith(
        "each arm is described; differences between the arms are not judged here."
    )
    assert not [line for line in sentences(verdict) if "effective" in line]


def test_relapse_rates_are_given_for_each_arm(build_trial) -> None:
    control = Arm(id="control", label="Placebo", role="control")
    first = build_trial().protocol
    protocol = dataclasses.replace(first, design="rct_parallel", arms=(*first.arms, control))
    numbers = analyse(build_trial(lambda rows: rows["subjects"][1].update(arm="control"), protocol))
    assert [[each.inputs["events"] for each in arm[:2]] for arm in numbers.relapse_rates] == [[1, 1], [0, 0]]
    assert [arm[2].quantity for arm in numbers.relapse_rates] == [
        "relapse rate after over before, Cells",
        "relapse rate after over before, Placebo",
    ]


def test_unknown_cell_class_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"unknown cell_class 'MCS'.*'MSC'"):
        Product(cell_class="MCS")


def test_certainty_of_a_small_uncontrolled_trial_is_very_low_and_each_step_has_its_number(example) -> None:
    certainty = assess(example).certainty
    assert certainty.level == "very low"
    assert certainty.steps
    assert all(re.search(r"\d", step.sentence) for step in certainty.steps)


def test_numbers_at_hand_give_the_same_verdict_as_the_trial(build_trial) -> None:
    trial = build_trial()
    assert assess(analyse(trial)).to_dict() == assess(trial).to_dict()


def test_change_at_the_last_visit_only_is_said_to_be_unconfirmed() -> None:
    trial = read_trial(examples() / "dahbour_2017")
    said = " ".join(assess(trial).headline)
    assert "Confirmed worsening (cdw-12w): 0 of 10." in said
    assert "Confirmed improvement (cdi-12w): 0 of 10; 2 more had it at the last visit only" in said
