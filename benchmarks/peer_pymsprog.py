"""Runs pymsprog on two CSV files and prints its CPU seconds and events as JSON.

pymsprog 1.0.7 needs numpy < 2, so that its own interpreter runs this file:
`python peer_pymsprog.py visits.csv relapses.csv`.
"""

import json
import sys
import time

import pandas as pd
from pymsprog import MSprog

KINDS = {"CDW": "worsening", "CDI": "improvement"}


def main() -> None:
    """Find all events by a roving baseline, confirmed after 12 weeks."""
    visits, relapses = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])
    start = time.process_time()
    _, table = MSprog(
        visits, subj_col="subject", value_col="edss", date_col="day", outcome="edss",
        relapse=relapses, rsubj_col="subject", rdate_col="day", event="multiple", RAW_PIRA=True,
        baseline="roving", conf_days=84, conf_tol_days=[7, 730], date_format="day",
        include_dates=True, include_stable=False, verbose=0,
    )  # fmt: skip
    taken = time.process_time() - start
    events = [
        (int(who), KINDS[kind], float(day))
        for who, kind, day in zip(table["subject"], table["event_type"], table["date"], strict=True)
        if kind in KINDS
    ]
    print(json.dumps({"cpu_s": taken, "events": sorted(events)}))


if __name__ == "__main__":
    main()
