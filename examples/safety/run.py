"""Make a safety report from SDTM files: from synthetic ones, or from the folder that is named.

Run it from the root of the checkout::

    python examples/safety/run.py
    python examples/safety/run.py ../shared/sdtm/tdf --product XANOMELINE=msc --product PLACEBO=placebo

The first line writes synthetic files and reads them, the second reads those of the CDISC pilot. The report is
written to ``safety-report`` (or ``--out FOLDER``): safety.html, safety.json and the table of events as
incidence.csv. The synthetic trial is no trial: every number on its page comes from `make_sdtm.py`. XPT files
need the extra `sdtm`; the synthetic files are Dataset-JSON and need nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import ranvier as rv
from ranvier import io, report, safety, stats

MAKE = Path(__file__).with_name("make_sdtm.py")


def synthetic(folder: Path) -> Path:
    """Write the synthetic SDTM files into a folder and give it."""
    subprocess.run([sys.executable, str(MAKE), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def main() -> None:
    """Read, count, compare, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="folder of SDTM files; synthetic ones without it"
    )
    parser.add_argument("--out", type=Path, default=Path("safety-report"))
    parser.add_argument("--product", action="append", default=[], help="a treatment and what it is, DRUG=msc")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as draft:
        folder = given.folder or synthetic(Path(draft) / "sdtm")
        products = dict(each.split("=", 1) for each in given.product)
        trial = rv.read_sdtm(folder, products=products)
    page = report.build_safety(trial)
    written = page.save_all(given.out, "safety")
    counted = safety.incidence(trial.adverse_events, trial.subjects, doses=trial.doses, by="nested")
    io.write_table(counted.table, given.out / "incidence.csv")

    print(page.explain().split("\nMethods")[0])
    rule = stats.stopping_rule(20, limit=0.1, method="pocock", event="a serious event")
    print(f"\nA rule that this trial could have had: {rule.text()}")
    print(rule.characteristics([0.05, 0.1, 0.2, 0.3]))
    print(*written, sep="\n")


if __name__ == "__main__":
    main()
