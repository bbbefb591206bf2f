"""A straightforward EDSS scorer, one patient at a time: what one would write by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

SYSTEMS = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")
VISUAL = (0, 1, 2, 2, 3, 3, 4)
BOWEL_BLADDER = (0, 1, 2, 3, 3, 4, 5)
FLOORS = {0: 0.0, 1: 2.0, 2: 4.5}
ALONE = {3: 5.0, 4: 5.5, 5: 6.0, 6: 6.0, 7: 6.0, 8: 6.5, 9: 6.5} | {
    code: 2 + code / 2 for code in range(10, 17)
}


def score(row: Mapping[str, Any]) -> float | None:
    """Give the EDSS of one score sheet, or None when it is not known."""
    code = row["ambulation"]
    if code is None:
        return None
    if code in ALONE:
        return ALONE[code]
    grades = [row[system] for system in SYSTEMS]
    if None in grades:
        return None
    grades[0] = VISUAL[grades[0]]
    grades[5] = BOWEL_BLADDER[grades[5]]
    return max(_step(Counter(grades)), FLOORS[code])


def score_with_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the EDSS of one score sheet with a sentence, a trace row and a finding."""
    step = score(row)
    if step is None:
        words = "recorded by the examiner; grades incomplete"
    elif row["ambulation"] in ALONE:
        words = f"walking decides: code {row['ambulation']} is {step:.1f}"
    else:
        words = f"the grades or ambulation code {row['ambulation']} give {step:.1f}"
    recorded = row["edss"]
    edss = recorded if step is None else step
    finding = None
    if step is not None and recorded is not None and step != recorded:
        finding = f"the examiner recorded EDSS {recorded:.1f}, but {words}"
    trace = (row["subject"], row["day"], "score EDSS", edss, words)
    return {"subject": row["subject"], "day": row["day"], "edss": edss, "trace": trace, "finding": finding}


def _step(n: Counter[int]) -> float:
    """Give the step of a walking patient from the counts of converted grades."""
    if n[5] or n[6]:
        return 5.0
    if n[4]:
        return _step_with_4(n)
    if n[3]:
        return _step_with_3(n)
    if n[2]:
        return (2.0, 2.5, 3.0, 3.0, 3.5, 4.0, 4.0)[n[2] - 1]
    return (0.0, 1.0, 1.5)[min(n[1], 2)]


def _step_with_4(n: Counter[int]) -> float:
    if n[4] > 1 or n[3] >= 3:
        return 5.0
    return 4.5 if n[3] or n[2] else 4.0


def _step_with_3(n: Counter[int]) -> float:
    if n[3] > 2:
        return (4.0, 4.0, 4.5, 5.0, 5.0)[n[3] - 3]
    if n[3] == 2:
        return 4.0 if n[2] else 3.5
    return (3.0, 3.5, 3.5, 4.0)[min(n[2], 3)]
