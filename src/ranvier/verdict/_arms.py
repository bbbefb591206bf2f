"""The rows of each arm, in the order in which arms are named everywhere."""

from __future__ import annotations

import polars as pl

from ranvier.trial import Trial

__all__ = ["by_arm"]


def by_arm(trial: Trial, table: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Give the rows of each arm with the words that follow a quantity; no words when there is one arm.

    The arms that got cells come first, then the controls, each in the order of the patients.
    """
    arms = trial.subjects.select("subject", "arm")
    joined = table.join(arms, on="subject", how="left") if "arm" not in table.columns else table
    labels = {arm.id: arm.label for arm in trial.protocol.arms}
    controls = {arm.id for arm in trial.protocol.arms if arm.role == "control"}
    names = sorted(arms["arm"].unique(maintain_order=True), key=lambda name: name in controls)
    return [
        (f", {labels.get(name, name)}" if len(names) > 1 else "", joined.filter(pl.col("arm") == name))
        for name in names
    ]
