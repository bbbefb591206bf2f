"""Write the reconstructed patients of two published trials.

Run it from the root of the checkout: ``python examples/make_reconstructions.py``. It writes the same bytes
every time. Nothing here is a patient: the rows are made to match what was published, and what no source gives
is listed under ``invented`` in each trial.toml.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DAYS_PER_MONTH = 30.4375
SUBJECT_COLUMNS = (
    *("subject", "arm", "sex", "age_years", "diagnosis", "phenotype", "aqp4", "onset_day", "last_attack_day"),
    *("last_rescue_day", "enrolled_day", "last_contact_day", "treated", "site"),
)
EVENT_COLUMNS = (
    *("subject", "day", "term", "end_day", "body_system", "grade", "serious", "related", "outcome"),
    "procedure_related",
)
DOSE_COLUMNS = (
    *("subject", "day", "product", "source", "donor", "route", "cells", "cells_per_kg", "co_intervention"),
)

Row = dict[str, Any]


def day_of(months: int) -> int:
    """Give the day of a visit planned some months after the first dose."""
    return round(months * DAYS_PER_MONTH)


def pick(chance: random.Random, choices: Sequence[float]) -> float:
    """Give one of the choices; random() is the one draw that Python keeps the same in every version."""
    return choices[int(chance.random() * len(choices))]


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Give a table as CSV; not known is empty."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        return f"{value:g}" if isinstance(value, float) else str(value)

    lines = [",".join(columns), *(",".join(cell(row.get(column)) for column in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def toml_text(content: Mapping[str, Any]) -> str:
    """Give a trial.toml; lists of tables become [[name]]."""

    def value(item: Any) -> str:
        if isinstance(item, bool | int | str):
            return json.dumps(item, ensure_ascii=False)
        if item and isinstance(item[0], str):
            return "[\n" + "".join(f"  {value(part)},\n" for part in item) + "]"
        return "[" + ", ".join(value(part) for part in item) + "]"

    def body(part: Mapping[str, Any]) -> str:
        return "".join(f"{key} = {value(item)}\n" for key, item in part.items())

    blocks = ["# Written by examples/make_reconstructions.py; change it there.\n"]
    for name, part in content.items():
        if isinstance(part, Mapping):
            blocks.append(f"[{name}]\n{body(part)}")
        else:
            blocks += [f"[[{name}]]\n{body(table)}" for table in part]
    return "\n".join(blocks)


def readme_text(content: Mapping[str, Any], *, unknown: Sequence[str]) -> str:
    """Give the README of one folder: what was published, what was invented, what is not known."""
    trial = content["trial"]
    sources = {source["id"]: source for source in content["sources"]}
    lines = [
        f"# {trial['title']}",
        "",
        (
            "**A reconstruction, not data of patients.** The rows were made by "
            "`examples/make_reconstructions.py` to match"
        ),
        "the published numbers below. Use them to try the software, never to learn about the treatment.",
        "",
        "## Published, and matched",
        "",
        "| published | source |",
        "|---|---|",
        *(f"| {margin['text']} | {margin['source']} |" for margin in content["margins"]),
        "",
        "## Invented, because no source gives it",
        "",
        "| table | column | how it was filled |",
        "|---|---|---|",
        *(f"| {item['table']} | {item['column']} | {item['how']} |" for item in content["invented"]),
        "",
        "## Not known, and left empty",
        "",
        *(f"- {item}" for item in unknown),
        "",
        "## Notes",
        "",
        *(f"- {note}" for note in trial["notes"]),
        "",
        "## Sources",
        "",
        *(
            f"- {key}: {source['citation']}{' <' + source['url'] + '>' if 'url' in source else ''}"
            for key, source in sources.items()
        ),
    ]
    return "\n".join(lines) + "\n"


# Dahbour 2017

DAHBOUR_STEPS = (3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0)
DAHBOUR_ENTRY_LIMIT = 6.0
DAHBOUR_MONTHS = (0, 3, 6, 12)
CARRIED = (
    "The value of baseline is repeated at every visit before the last; a change appears at the last visit "
    "only, so that no confirmation is made up that nobody reported."
)

DAHBOUR_NOTES = [
    "The registry gives 13 enrolled, the paper reports 10; what became of the other 3 is not known.",
    "The cells were followed by medium conditioned by them: nothing can be attributed to the cells alone.",
    "Falls of 4.0 and 3.5 are unusually large for SPMS; rater, last attack and confirmation were not seen.",
    "'No significant change' in eight patients may hide small worsening.",
    "Events that were not serious were not counted in what we read: the empty table says nothing about them.",
    "Relapses were not reported in what we read, so that there is no relapses.csv.",
    "The registry bars patients with a relapse or steroids in the month before; no days were seen.",
    "The registry asks for no number of relapses before entry, so that trial.toml has no part [entry].",
    "New lesions, enhancement and relapses were not reported: NEDA cannot be judged, and [neda] is absent.",
]

DAHBOUR: dict[str, Any] = {
    "trial": {
        "id": "dahbour_2017",
        "title": "Dahbour 2017 (reconstruction): marrow stromal cells and conditioned medium in MS",
        "design": "single_arm",
        "data_kind": "reconstruction",
        "disease": "MS",
        "masking": "open",
        "registration": "NCT01895439",
        "registered_n": 13,
        "study_id": "dahbour2017",
        "adverse_events_recorded": "serious",
        "notes": DAHBOUR_NOTES,
    },
    "product": {
        "cell_class": "MSC",
        "donor": "autologous",
        "origin": "bone marrow",
        "site": "intrathecal",
        "co_intervention": "medium conditioned by the same cells, afterwards",
    },
    "arms": [{"id": "msc", "label": "Marrow MSC, then their conditioned medium", "role": "experimental"}],
    "visits": [
        {
            "label": "baseline" if months == 0 else f"month {months}",
            "day": day_of(months),
            "window": [-30, 0] if months == 0 else [-30, 30],
            "baseline": months == 0,
        }
        for months in DAHBOUR_MONTHS
    ],
    "endpoints": [
        {
            "id": "edss-responder",
            "title": "EDSS better at month 12",
            "kind": "edss_responder",
            "visit": "month 12",
            "definition": "edss-1.0-or-0.5",
            "primary": True,
        },
        {
            "id": "lesion-volume",
            "title": "Lesion volume at month 12",
            "kind": "lesion_volume",
            "visit": "month 12",
        },
        {
            "id": "lesion-count",
            "title": "Lesion count at month 12",
            "kind": "lesion_count",
            "visit": "month 12",
        },
        {"id": "serious-event", "title": "Patients with a serious event", "kind": "serious_event"},
    ],
    "sources": [
        {
            "id": "abstract",
            "citation": "Dahbour S et al. CNS Neurosci Ther 2017;23(11):866-874, doi 10.1111/cns.12759 "
            "(abstract)",
            "url": "https://pubmed.ncbi.nlm.nih.gov/28961381/",
        },
        {
            "id": "registry",
            "citation": "ClinicalTrials.gov NCT01895439",
            "url": "https://clinicaltrials.gov/ct2/show/NCT01895439",
        },
        {"id": "news", "citation": "News article, medicaltrend.org, 2024-02-24"},
    ],
    "margins": [
        {"text": "10 patients treated", "source": "abstract"},
        {"text": "13 patients enrolled", "source": "registry"},
        {"text": "EDSS at entry 6.0 or less", "source": "registry"},
        {"text": "8 patients with SPMS, 2 with RRMS", "source": "news"},
        {"text": "visits at months 3, 6 and 12", "source": "news"},
        {"text": "EDSS fell by 4.0 in one patient and by 3.5 in another", "source": "abstract"},
        {"text": "both of them had SPMS", "source": "news"},
        {"text": "no significant change of EDSS in the other 8", "source": "news"},
        {"text": "lesion volume increased significantly", "source": "abstract"},
        {
            "text": "lesion count: trend to improvement, not called significant",
            "source": "abstract",
        },
        {"text": "autologous bone-marrow cells, then conditioned medium", "source": "abstract"},
        {"text": "injected intrathecally", "source": "registry"},
        {"text": "no serious reaction in 10", "source": "news"},
    ],
    "invented": [
        {
            "table": "subjects",
            "column": "subject",
            "how": "Numbers; which patient is which means nothing.",
        },
        {
            "table": "subjects",
            "column": "last_contact_day",
            "how": "Day of the planned month 12 visit, as 10 patients were reported.",
        },
        {"table": "doses", "column": "day", "how": "One dose on day 0; the number of doses was not seen."},
        {
            "table": "visits",
            "column": "day",
            "how": "Exactly on the planned day, baseline on the day of the dose.",
        },
        {
            "table": "visits",
            "column": "edss (baseline)",
            "how": "6.0 in D01 and D02, so that the values after the fall are the highest possible; in the "
            "others drawn from the steps from 3.0 to 6.0. Only the upper limit was published.",
        },
        {
            "table": "visits",
            "column": "edss (month 12)",
            "how": "Baseline less 4.0 and less 3.5 in D01 and D02 (the month was not stated); exactly "
            "unchanged in eight.",
        },
        {"table": "visits", "column": "edss (months 3 and 6)", "how": CARRIED},
        {
            "table": "mri",
            "column": "day",
            "how": "Baseline and month 12, the fewest scans that show a change.",
        },
        {
            "table": "mri",
            "column": "region",
            "how": "Brain, as the article is indexed for imaging of the brain.",
        },
        {
            "table": "mri",
            "column": "t2_volume_mm3",
            "how": "Drawn at baseline; 5 % more at month 12 in every patient. Only the direction was "
            "published.",
        },
        {
            "table": "mri",
            "column": "t2_count",
            "how": "Drawn at baseline; at month 12 one fewer in four patients, one more in one, the same in "
            "five.",
        },
        {
            "table": "trial.toml",
            "column": "visits.window",
            "how": "30 days on either side; none was seen.",
        },
        {
            "table": "trial.toml",
            "column": "endpoints.definition",
            "how": "The usual rule; the paper's was not seen. Every rule in use gives the same two patients.",
        },
    ],
}


def dahbour() -> dict[str, str]:
    """Give the files of examples/dahbour_2017, by name."""
    chance = random.Random(2017)
    names = [f"D{number:02}" for number in range(1, 11)]
    falls = {"D01": 4.0, "D02": 3.5}
    subjects: list[Row] = []
    visits: list[Row] = []
    mri: list[Row] = []
    volumes: set[int] = set()
    for place, name in enumerate(names):
        subjects.append(
            {
                "subject": name,
                "arm": "msc",
                "diagnosis": "MS",
                "phenotype": "SPMS" if place < 8 else "RRMS",
                "last_contact_day": day_of(12),
                "treated": "yes",
            }
        )
        fall = falls.get(name, 0.0)
        start = DAHBOUR_ENTRY_LIMIT if fall else pick(chance, DAHBOUR_STEPS)
        visits += [
            {
                "subject": name,
                "day": day_of(months),
                "visit": "baseline" if months == 0 else f"month {months}",
                "edss": f"{start - fall if months == 12 else start:.1f}",
            }
            for months in DAHBOUR_MONTHS
        ]
        volume = 0
        while volume == 0 or volume in volumes:
            volume = 1000 + 20 * int(chance.random() * 400)
        volumes.add(volume)
        count = 8 + int(chance.random() * 17)
        later = count + (-1 if 2 <= place < 6 else 1 if place == 6 else 0)
        for day, lesions, size in ((0, count, volume), (day_of(12), later, volume + volume // 20)):
            mri.append(
                {
                    "subject": name,
                    "day": day,
                    "region": "brain",
                    "t2_count": lesions,
                    "t2_volume_mm3": size,
                }
            )
    doses = [
        {
            "subject": name,
            "day": 0,
            "product": "msc",
            "source": "bone marrow",
            "donor": "autologous",
            "route": "intrathecal",
            "co_intervention": "medium conditioned by the same cells",
        }
        for name in names
    ]
    return {
        "trial.toml": toml_text(DAHBOUR),
        "subjects.csv": csv_text(SUBJECT_COLUMNS, subjects),
        "doses.csv": csv_text(DOSE_COLUMNS, doses),
        "visits.csv": csv_text(("subject", "day", "visit", "edss"), visits),
        "mri.csv": csv_text(("subject", "day", "region", "t2_count", "t2_volume_mm3"), mri),
        "adverse_events.csv": csv_text(EVENT_COLUMNS, []),
        "README.md": readme_text(
            DAHBOUR,
            unknown=[
                "sex and age",
                (
                    "days of onset, last attack and last steroid pulse (so that improvement cannot be "
                    "interpreted)"
                ),
                "functional-system grades and ambulation",
                "number of cells, number and dates of doses",
                "timed walk, peg test, MMSE, OCT and evoked potentials (only a trend was published)",
                "adverse events that were not serious",
                "relapses",
                "new and enhancing lesions (so that NEDA cannot be judged)",
            ],
        ),
    }


# Lu 2012

LU_MONTHS = (0, 6, 12, 18)
LU_START = (4.0, 4.5, 5.0, 5.5, 6.5)
LU_RELAPSE_BEFORE = -183
LU_RELAPSE_AFTER = 274

LU_NOTES = [
    "Five patients without a control group.",
    "The news article's 'EDSS 4.9 to 4.0' is not in these rows (certainty D): a review gives 5.1 for Lu.",
    "4.9 and 4.0 are baseline and month 24 of Fu 2016: 15 patients, autologous marrow cells, intravenous.",
    "The article implies 24 months of follow-up, a review says so; the abstract says 18, used here.",
    "The abstract says that four improved, not by how much or on which scale.",
    "The abstract says 'few adverse events'; two rows stand for them, and what they were is not known.",
    "Age, sex, antibody and baseline EDSS come from a review's row, matched by 4 of 5 being 80 %.",
    "Five NMO patients from the same city were treated by two routes (doi 10.3389/fneur.2020.00967).",
    "Whether they are these five is not settled, so that the route is left empty.",
    "Which relapses a patient needed to enter was not seen, so that trial.toml has no part [entry].",
    "New lesions, enhancement and brain scans were not reported: NEDA cannot be judged; [neda] is absent.",
    "With five patients no exact two-sided signed-rank test reaches p < 0.05 (the smallest is 0.0625).",
]

LU: dict[str, Any] = {
    "trial": {
        "id": "lu_2012",
        "title": "Lu 2012 (reconstruction): umbilical-cord stromal cells in NMOSD",
        "design": "single_arm",
        "data_kind": "reconstruction",
        "disease": "NMOSD",
        "masking": "open",
        "study_id": "lu2012",
        "notes": LU_NOTES,
    },
    "product": {"cell_class": "MSC", "donor": "allogeneic", "origin": "umbilical cord"},
    "arms": [{"id": "msc", "label": "Umbilical-cord MSC", "role": "experimental"}],
    "visits": [
        {
            "label": "baseline" if months == 0 else f"month {months}",
            "day": day_of(months),
            "window": [-30, 0] if months == 0 else [-30, 30],
            "baseline": months == 0,
        }
        for months in LU_MONTHS
    ],
    "endpoints": [
        {
            "id": "edss-responder",
            "title": "EDSS better at month 18",
            "kind": "edss_responder",
            "visit": "month 18",
            "definition": "edss-0.5",
            "primary": True,
        },
        {"id": "relapse-rate", "title": "Relapses before and after", "kind": "relapse_rate"},
        {
            "id": "lesion-volume",
            "title": "Lesion volume at month 18",
            "kind": "lesion_volume",
            "visit": "month 18",
        },
        {
            "id": "lesion-count",
            "title": "Spinal cord lesions at month 18",
            "kind": "lesion_count",
            "visit": "month 18",
        },
        {
            "id": "acuity",
            "title": "Visual acuity at month 18",
            "kind": "acuity",
            "visit": "month 18",
            "definition": "logmar-0.2",
        },
        {"id": "serious-event", "title": "Patients with a serious event", "kind": "serious_event"},
    ],
    "sources": [
        {
            "id": "abstract",
            "citation": "Lu et al. Curr Neurovasc Res 2012 (abstract page; year from the news article)",
            "url": "http://alpha.eurekaselect.com/node/103635/4",
        },
        {
            "id": "review",
            "citation": "Review table 2, row [90], Cells 2022;11:2165",
            "url": "https://pmc.ncbi.nlm.nih.gov/articles/PMC9318423/table/cells-11-02165-t002",
        },
        {"id": "news", "citation": "News article, medicaltrend.org, 2024-02-24"},
        {
            "id": "fu2016",
            "citation": "Fu Y et al. CNS Neurosci Ther 2016;22:677-685, doi 10.1111/cns.12559",
            "url": "https://pmc.ncbi.nlm.nih.gov/articles/PMC6492909",
        },
    ],
    "margins": [
        {"text": "5 patients with NMO, followed for 18 months", "source": "abstract"},
        {"text": "allogeneic umbilical-cord cells", "source": "abstract"},
        {"text": "5 women, 5 of 5 with AQP4 antibody", "source": "review"},
        {"text": "mean age 35", "source": "review"},
        {"text": "mean baseline EDSS 5.1", "source": "review"},
        {"text": "evaluated every 6 months, 4 times", "source": "news"},
        {"text": "4 of 5 improved", "source": "abstract"},
        {"text": "relapse frequencies were reduced", "source": "abstract"},
        {"text": "MRI lesions decreased in volume", "source": "abstract"},
        {"text": "number of spinal cord lesions reduced", "source": "news"},
        {"text": "visual acuity better in 2", "source": "news"},
        {"text": "few adverse events", "source": "abstract"},
        {"text": "no serious reaction in 5", "source": "news"},
    ],
    "invented": [
        {
            "table": "subjects",
            "column": "subject",
            "how": "Numbers; which patient is which means nothing.",
        },
        {"table": "subjects", "column": "age_years", "how": "Drawn so that the mean is 35."},
        {
            "table": "subjects",
            "column": "last_contact_day",
            "how": "Day of the month 18 visit, the published follow-up.",
        },
        {"table": "doses", "column": "day", "how": "One dose on day 0; the number of doses was not seen."},
        {
            "table": "visits",
            "column": "day",
            "how": "Exactly on the planned day, baseline on the day of the dose.",
        },
        {
            "table": "visits",
            "column": "edss (baseline)",
            "how": "Five different steps with the mean 5.1, in drawn order.",
        },
        {
            "table": "visits",
            "column": "edss (month 18)",
            "how": "0.5 less in four patients, the smallest step there is; the size was not published.",
        },
        {"table": "visits", "column": "edss (months 6 and 12)", "how": CARRIED},
        {
            "table": "visits",
            "column": "acuity_right_logmar",
            "how": "0.5 throughout; 0.3 at month 18 in two patients, the smallest change that the rule "
            "counts.",
        },
        {"table": "visits", "column": "acuity_left_logmar", "how": "0.5 throughout."},
        {
            "table": "relapses",
            "column": "day",
            "how": "One relapse per patient half a year before the dose; one after it, at month 9, in the "
            "patient who did not improve: the fewest rows with a lower frequency in everyone and no claim "
            "that relapses stopped.",
        },
        {
            "table": "mri",
            "column": "day",
            "how": "Baseline and month 18, the fewest scans that show a change.",
        },
        {
            "table": "mri",
            "column": "region",
            "how": "Spinal cord only; the news article names it.",
        },
        {
            "table": "mri",
            "column": "t2_volume_mm3",
            "how": "Drawn at baseline; 5 % less at month 18. Only the direction was published.",
        },
        {
            "table": "mri",
            "column": "t2_count",
            "how": "2 at baseline and 1 at month 18 in every patient. Only the direction was published.",
        },
        {
            "table": "adverse_events",
            "column": "all",
            "how": "Two events that were not serious, on day 0, the fewest that 'few' can mean; what they "
            "were is not known.",
        },
        {
            "table": "trial.toml",
            "column": "visits.window",
            "how": "30 days on either side; none was seen.",
        },
        {
            "table": "trial.toml",
            "column": "endpoints.definition",
            "how": "Any step of EDSS and two lines of acuity; the paper's rules were not seen.",
        },
    ],
}


def lu() -> dict[str, str]:
    """Give the files of examples/lu_2012, by name."""
    chance = random.Random(2012)
    names = [f"L{number:02}" for number in range(1, 6)]
    spread = [1 + int(chance.random() * 12) for _ in range(2)]
    ages = [35 - spread[0], 35 - spread[1], 35, 35 + spread[1], 35 + spread[0]]
    starts = list(LU_START)
    order: list[float] = []
    while starts:
        order.append(starts.pop(int(chance.random() * len(starts))))
    subjects: list[Row] = []
    visits: list[Row] = []
    mri: list[Row] = []
    for place, (name, age, start) in enumerate(zip(names, ages, order, strict=True)):
        subjects.append(
            {
                "subject": name,
                "arm": "msc",
                "sex": "F",
                "age_years": age,
                "diagnosis": "NMOSD",
                "aqp4": "positive",
                "last_contact_day": day_of(18),
                "treated": "yes",
            }
        )
        for months in LU_MONTHS:
            last = months == LU_MONTHS[-1]
            visits.append(
                {
                    "subject": name,
                    "day": day_of(months),
                    "visit": "baseline" if months == 0 else f"month {months}",
                    "edss": f"{start - 0.5 if last and place < 4 else start:.1f}",
                    "acuity_right_logmar": "0.3" if last and place < 2 else "0.5",
                    "acuity_left_logmar": "0.5",
                }
            )
        volume = 500 + 20 * int(chance.random() * 50)
        for day, lesions, size in ((0, 2, volume), (day_of(18), 1, volume - volume // 20)):
            mri.append(
                {
                    "subject": name,
                    "day": day,
                    "region": "spinal cord",
                    "t2_count": lesions,
                    "t2_volume_mm3": size,
                }
            )
    relapses = [{"subject": name, "day": LU_RELAPSE_BEFORE} for name in names]
    relapses.append({"subject": names[-1], "day": LU_RELAPSE_AFTER})
    events = [
        {"subject": name, "day": 0, "term": "not stated", "serious": "no"} for name in (names[0], names[1])
    ]
    doses = [
        {"subject": name, "day": 0, "product": "msc", "source": "umbilical cord", "donor": "allogeneic"}
        for name in names
    ]
    eyes = ("acuity_right_logmar", "acuity_left_logmar")
    return {
        "trial.toml": toml_text(LU),
        "subjects.csv": csv_text(SUBJECT_COLUMNS, subjects),
        "doses.csv": csv_text(DOSE_COLUMNS, doses),
        "visits.csv": csv_text(("subject", "day", "visit", "edss", *eyes), visits),
        "relapses.csv": csv_text(("subject", "day", "end_day", "severity", "rescue", "confirmed"), relapses),
        "mri.csv": csv_text(("subject", "day", "region", "t2_count", "t2_volume_mm3"), mri),
        "adverse_events.csv": csv_text(EVENT_COLUMNS, events),
        "README.md": readme_text(
            LU,
            unknown=[
                "route, number of cells, number and dates of doses",
                (
                    "days of onset, last attack and last steroid pulse (so that improvement cannot be "
                    "interpreted)"
                ),
                "functional-system grades and ambulation",
                "lesions of the brain",
                "new and enhancing lesions (so that NEDA cannot be judged)",
                "relapses needed to enter (so that a fall cannot be separated from selection)",
                "what the adverse events were",
            ],
        ),
    }


def build() -> dict[str, str]:
    """Give every file of both folders, by its path below examples/."""
    folders = {"dahbour_2017": dahbour(), "lu_2012": lu()}
    return {f"{folder}/{name}": text for folder, files in folders.items() for name, text in files.items()}


if __name__ == "__main__":
    for path, text in build().items():
        target = Path(__file__).parent / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        print(target)
