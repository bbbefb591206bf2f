"""Writes tests/golden/edssprogression.json: events as the Python package EDSSProgression finds them.

Run from the root of the repository with an interpreter that has numpy and pandas, after
python tests/golden/reference_cases.py:

    python tests/golden/edssprogression.py FOLDER

FOLDER holds the package's source (github.com/drstrupf/multiple-sclerosis-disability-progression).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

OPTIONS: list[dict[str, Any]] = [
    {},
    {"opt_confirmation_time": 84},
    {"opt_confirmation_time": 84, "opt_confirmation_time_left_side_max_tolerance": 14},
    {"opt_confirmation_time": 168, "opt_confirmation_time_right_side_max_tolerance": 60},
    {"opt_confirmation_time": 365},
    {"opt_confirmation_included_values": "last"},
    {
        "opt_confirmation_included_values": "last",
        "opt_pira_allow_relapses_between_event_and_confirmation": True,
    },
    {"opt_confirmation_type": "monotonic"},
    {"opt_confirmation_type": "monotonic", "opt_confirmation_time": 84},
    {"opt_roving_reference_confirmation_time": 90},
    {"opt_roving_reference_confirmation_time": 180},
    {"opt_roving_reference_require_confirmation": False},
    {"opt_raw_before_relapse_max_time": 0},
    {"opt_raw_before_relapse_max_time": 0, "opt_raw_after_relapse_max_time": 30},
    {"opt_raw_before_relapse_max_time": 60, "opt_raw_after_relapse_max_time": 180},
    {"opt_larger_increment_from_0": False, "opt_max_score_that_requires_plus_1": 5.5},
    {"opt_minimal_distance_time": 180, "opt_minimal_distance_backtrack_decrease": False},
    {"opt_confirmation_require_confirmation_for_last_visit": False},
    {"return_first_event_only": True},
    {"return_first_event_only": True, "opt_confirmation_time": 84},
    {"opt_raw_after_relapse_max_time": 30, "opt_confirmation_time": 84},
    {
        "opt_roving_reference_confirmation_time": 90,
        "opt_confirmation_time": 84,
        "opt_raw_after_relapse_max_time": 60,
    },
]


def events_of(peer: Any, data: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """Give one line per event."""
    import pandas as pd

    visits, relapses = pd.DataFrame(data["visits"]), data["relapses"]
    lines = []
    for subject, rows in visits.groupby("subject", sort=False):
        follow_up = rows[["day", "edss"]].reset_index(drop=True)
        follow_up.columns = ["days_after_baseline", "edss_score"]
        attacks = [
            int(day)
            for name, day in zip(relapses["subject"], relapses["day"], strict=True)
            if name == subject
        ]
        found = peer.EDSSProgression(**options).add_progression_events_to_follow_up(follow_up, attacks)
        lines += [
            f"{subject}|{row.days_after_baseline:g}|{row.progression_type}|{row.edss_score:g}|"
            f"{row.progression_reference_score:g}|{row.progression_score:g}"
            for row in found[found["is_progression"]].itertuples()
        ]
    return lines


def main() -> None:
    """Run the package over every option set and data set."""
    import pandas as pd

    sys.path.insert(0, sys.argv[1])
    from definitions import edssprogression as peer

    cases = json.loads((HERE / "reference_cases.json").read_text(encoding="utf-8"))
    golden = {
        "peer": "EDSSProgression (github.com/drstrupf/multiple-sclerosis-disability-progression)",
        "commit": sys.argv[2] if len(sys.argv) > 2 else "",
        "pandas": pd.__version__,
        "line": "subject|day|type|edss|reference|event score",
        "cases": [
            {
                "options": options,
                "events": {data["name"]: events_of(peer, data, options) for data in cases["data"]},
            }
            for options in OPTIONS
        ],
    }
    (HERE / "edssprogression.json").write_text(json.dumps(golden, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
