"""Risk of bias as people judged it, in the certainty of a trial at hand and of published studies."""

from __future__ import annotations

from pathlib import Path

import pytest

import ranvier as rv
from ranvier.cli.demo import examples
from ranvier.errors import InputError
from ranvier.trial import BIAS_TOOLS, BiasJudgement, RiskOfBias


def judged(tool: str, usual: str, *worse: tuple[str, str], study: str | None = None) -> RiskOfBias:
    by_domain = dict(worse)
    domains = tuple(
        BiasJudgement(domain=name, judgement=by_domain.get(name, usual)) for name in BIAS_TOOLS[tool][0]
    )
    return RiskOfBias(tool=tool, domains=domains, study=study)


def claims(tmp_path: Path, study: str, bias: RiskOfBias | None) -> rv.verdict.Appraisal:
    lines = [
        "[article]", 'title = "A page"', 'address = "a page"', "date = 2024-01-01", 'kind = "news article"',
        "[[claims]]", 'id = "it"', f'study = "{study}"', 'kind = "effective"', 'said = "It works."',
    ]  # fmt: skip
    if bias is not None:
        lines += ["[[risk_of_bias]]", f'study = "{study}"', f'tool = "{bias.tool}"']
        for each in bias.domains:
            lines += [
                "[[risk_of_bias.domains]]",
                f'domain = "{each.domain}"',
                f'judgement = "{each.judgement}"',
            ]
    path = tmp_path / "claims.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return rv.verdict.appraise(rv.verdict.read_claims(path))


def test_a_high_risk_costs_a_randomised_trial_one_level(tmp_path: Path) -> None:
    before = claims(tmp_path, "harris2024", None).verdict.studies[0].certainty
    high = judged("RoB 2", "low", ("missing outcome data", "high"))
    after = claims(tmp_path, "harris2024", high).verdict.studies[0].certainty
    named = [step.sentence for step in after.steps if "RoB 2" in step.sentence]
    already = sum(step.levels for step in before.steps if step.domain == "risk of bias")
    if already:
        assert not named
    else:
        assert named == ["−1 risk of bias: 1 of 5 domains of RoB 2 (missing outcome data: high)"]


def test_low_risk_takes_nothing_away_from_the_steps_found_by_rule(tmp_path: Path) -> None:
    before = claims(tmp_path, "harris2024", None).verdict.studies[0].certainty
    after = claims(tmp_path, "harris2024", judged("RoB 2", "low")).verdict.studies[0].certainty
    assert (after.level, after.steps) == (before.level, before.steps)


def test_a_trial_at_hand_without_controls_is_lowered_only_beyond_what_that_costs(tmp_path: Path) -> None:
    trial = rv.read_trial(examples() / "dahbour_2017")
    numbers = rv.verdict.analyse(trial)
    plain = rv.verdict.assess(numbers).certainty
    held = rv.evidence.registry()
    study = rv.verdict.assessment._as_study(numbers)
    serious = judged("ROBINS-I", "low", ("confounding", "serious"))
    critical = judged("ROBINS-I", "low", ("confounding", "critical"))
    lowered = [rv.verdict.certainty.certainty(held, study, None, judged=each) for each in (serious, critical)]
    named = [[step for step in each.steps if "ROBINS-I" in step.sentence] for each in lowered]
    assert named[0] == []  # the missing control group costs this level already
    assert [step.levels for step in named[1]] == [1]
    assert plain.level == "very low"


def test_the_jbi_list_costs_nothing_by_itself() -> None:
    bias = judged("JBI case series", "yes", ("consecutive inclusion", "no"))
    assert bias.levels == 0
    assert bias.text() == "Risk of bias, JBI case series, judged: 9 yes, 1 no of 10."
    assert "Munn" in bias.source


@pytest.mark.parametrize(
    ("tool", "domains", "words"),
    [
        ("RoB", (), "Did you mean 'RoB 2'"),
        ("RoB 2", (), "every domain must stand once; missing"),
        ("RoB 2", (BiasJudgement(domain="confounding", judgement="low"),), "domain of RoB 2"),
        (
            "RoB 2",
            (BiasJudgement(domain="missing outcome data", judgement="serious"),),
            "judgement of 'missing outcome data'",
        ),
    ],
)
def test_a_judgement_that_the_tool_does_not_know_is_refused(
    tool: str, domains: tuple[BiasJudgement, ...], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        RiskOfBias(tool=tool, domains=domains)


def test_a_study_that_the_registry_does_not_hold_is_refused(tmp_path: Path) -> None:
    bias = judged("RoB 2", "low", study="nobody")
    path = tmp_path / "x"
    path.mkdir()
    with pytest.raises(InputError, match=r"study of (claim 'it'|risk_of_bias)"):
        claims(path, "nobody2000", bias)


def test_the_page_of_a_claim_says_how_bias_was_judged(tmp_path: Path) -> None:
    appraisal = claims(tmp_path, "harris2024", judged("RoB 2", "low"))
    page = rv.report.build_appraisal(appraisal).html()
    assert "Risk of bias, RoB 2, judged: 5 low of 5." in page
    assert "doi:10.1136/bmj.l4898" in page
