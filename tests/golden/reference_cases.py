"""Writes tests/golden/reference_cases.json: synthetic patients for the peers that keep their own references.

Run from the root of the repository: python tests/golden/reference_cases.py, then the peers that read it:
tests/golden/edssprogression.py (Python) and tests/golden/msoutcomes.R. None of the patients is real.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SEED = 20250811
STEPS = np.array([0.0, *np.arange(2, 20) / 2.0])
SYSTEMS = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")


def grades(rng: np.random.Generator, before: dict[str, int], edss: float, worse: bool) -> dict[str, int]:
    """Draw functional systems that follow the EDSS roughly, so that one of them leads a worsening."""
    now = {
        name: int(np.clip(grade + rng.choice([-1, 0, 0, 0, 0, 0, 1]), 0, 5)) for name, grade in before.items()
    }
    if worse:
        lead = str(rng.choice(["pyramidal", "pyramidal", "pyramidal", "cerebellar", "sensory"]))
        now[lead] = min(now[lead] + int(rng.integers(1, 3)), 5)
    if edss >= 4:
        now["pyramidal"] = max(now["pyramidal"], int(rng.integers(1, 4)))
    return now


def course_of(rng: np.random.Generator, days: np.ndarray, attacks: np.ndarray) -> list[dict[str, Any]]:
    """Draw visits whose EDSS drifts up, wavers, jumps with attacks and keeps some of the jumps."""
    place, left, rows = float(rng.integers(2, 9)), 0.0, []
    drift = float(rng.choice([0.0, 0.15, 0.4]))
    now = {name: int(rng.integers(0, 3)) for name in SYSTEMS}
    before = -1.0
    for day in days:
        hit = sum(0 <= day - attack <= 60 for attack in attacks)
        left += sum(0.5 for attack in attacks if 60 < day - attack <= 200 and rng.random() < 0.3)
        place = float(np.clip(place + drift + rng.choice([-1, 0, 0, 0, 0, 1]), 0, 18))
        edss = float(STEPS[int(np.clip(round(place + left + 2 * hit), 0, 18))])
        now = grades(rng, now, edss, edss > before >= 0)
        rows.append(
            {"day": int(day), "edss": edss, **now, "ambulation": int(max(0, round(2 * (edss - 3.5))))}
        )
        before = edss
    return rows


def patients(name: str, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Draw one data set."""
    visits: list[dict[str, Any]] = []
    relapses: list[dict[str, Any]] = []
    for number in range(n):
        many = int(rng.integers(4, 22))
        gaps = rng.integers(80, 100, many) if name == "regular" else rng.integers(10, 200, many)
        days = np.cumsum(gaps) - gaps[0]
        most = {"regular": 3, "irregular": 4, "crowded": 9}[name]
        attacks = np.unique(rng.integers(-60, max(int(days[-1]), 1), int(rng.integers(0, most))))
        subject = f"{name[0]}{number:03d}"
        visits += [{"subject": subject, **row} for row in course_of(rng, days, attacks)]
        relapses += [{"subject": subject, "day": int(attack)} for attack in attacks]
    return {"name": name, "visits": columns(visits), "relapses": columns(relapses)}


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows into columns."""
    return {key: [row[key] for row in rows] for key in rows[0]}


def main() -> None:
    """Write the cases."""
    rng = np.random.default_rng(SEED)
    data = [patients(name, 70, rng) for name in ("regular", "irregular", "crowded")]
    text = json.dumps({"seed": SEED, "data": data}, separators=(",", ":"))
    (HERE / "reference_cases.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
