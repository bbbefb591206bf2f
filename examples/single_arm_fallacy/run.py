"""How often both trials of the article would look as they did with no treatment effect at all.

Run it from the root of the checkout: ``python examples/single_arm_fallacy/run.py [--trials 10000]``. The
trials are reconstructions; the virtual ones come from `ranvier.simulate.null_band`.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import polars as pl

import ranvier as rv
from ranvier import course, simulate, stats

EXAMPLES = Path(__file__).resolve().parents[1]
SEED = 20
ANY_STEP = course.change_rule("edss-0.5")
USUAL = course.change_rule("edss-1.0-or-0.5")
LARGE = dataclasses.replace(
    ANY_STEP,
    name="edss-3.5",
    source="the falls of the two patients of the article",
    thresholds=(dataclasses.replace(ANY_STEP.thresholds[0], change=3.5),),
    note="",
)
ATTACKS = {"more than a year before": -400, "two months before": -60}
"""Day of the last attack, and of its treatment, that the patients of Lu 2012 are given."""


def responders(trial: rv.Trial, rule: course.ChangeRule, n_trials: int) -> tuple[simulate.Band, ...]:
    """Give how many improve with no treatment effect, with little and with much noise."""
    return simulate.null_band(trial, seed=SEED, n_trials=n_trials, rule=rule).of("responders")


def at_least(band: simulate.Band, count: int) -> float:
    """Give the share of virtual trials in which so many patients improve."""
    return sum(chance for value, chance in zip(band.values, band.chances, strict=True) if value >= count)


def written(share: float, n_trials: int) -> str:
    """Write a share; none of the virtual trials is a limit (rule of three), not zero."""
    return f"{100 * share:.2g} %" if share else f"below {300 / n_trials:.2g} %"


def dahbour(n_trials: int) -> dict[str, tuple[float, ...]]:
    """Print both halves for the ten patients with MS, and give the shares."""
    trial = rv.read_trial(EXAMPLES / "dahbour_2017")
    shares = {}
    print("Dahbour 2017, 10 patients: 2 improved, by 3.5 and 4 points.")
    print(f"  Exact interval of 2 of 10: {stats.proportion(2, 10).text()}.")
    print("  With no treatment effect, 2 or more improve by")
    for rule in (ANY_STEP, USUAL, LARGE):
        bands = responders(trial, rule, n_trials)
        shares[rule.name] = tuple(at_least(band, 2) for band in bands)
        low, high = (written(share, n_trials) for share in shares[rule.name])
        print(f"    {rule.name}: {low} (little noise), {high} (much)")
    print(
        "  So '2 of 10 improved' needs no treatment. Two falls of 3.5 points or more are not explained by\n"
        "  this noise, even though the model makes changes of 2 points and more too rare: unblinded rating,\n"
        "  a relapse before the baseline that was missed or treated, or an effect. Only a control group can\n"
        "  tell which."
    )
    return shares


def lu(n_trials: int) -> dict[str, tuple[float, ...]]:
    """Print how the answer for five patients with NMOSD hangs on one day, and give the shares."""
    trial = rv.read_trial(EXAMPLES / "lu_2012")
    shares = {}
    print("\nLu 2012, 5 patients with NMOSD: 4 improved.")
    print(f"  Exact interval of 4 of 5: {stats.proportion(4, 5).text()}.")
    print("  With no treatment effect, 4 or more improve by any step when the last attack was")
    for words, day in ATTACKS.items():
        known = trial.subjects.with_columns(
            pl.lit(day, dtype=pl.Int64).alias("last_attack_day"),
            pl.lit(day, dtype=pl.Int64).alias("last_rescue_day"),
        )
        relapses = trial.relapses.filter(pl.col("day") >= 0)
        given = trial.with_table("subjects", known).with_table("relapses", relapses)
        shares[words] = tuple(at_least(band, 4) for band in responders(given, ANY_STEP, n_trials))
        low, high = (written(share, n_trials) for share in shares[words])
        print(f"    {words}: {low} (little noise), {high} (much)")
    print("  One day in the baseline decides. Without it, improvement cannot be interpreted.")
    return shares


def main() -> None:
    """Read the command line and print both trials."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000, help="virtual trials of each kind")
    given = parser.parse_args()
    dahbour(given.trials)
    lu(given.trials)


if __name__ == "__main__":
    main()
