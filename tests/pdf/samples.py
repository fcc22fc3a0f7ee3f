"""Contexts as the credits app freezes them, for tests and the bench."""

import copy
from typing import Any

AMA = {"text": "AMA PRA Category 1 Credits", "style": "mark"}


def run(text: str, style: str = "") -> dict[str, str]:
    return {"text": text, "style": style}


def part(kind: str, *runs: dict[str, str]) -> dict[str, Any]:
    return {"kind": kind, "runs": list(runs)}


TITLE = "Sepsis in the First Hour: Recognition, Cultures, and Antibiotic Timing"
PLACE = "at Harbor Auditorium, Lakeshore, on November 17, 2026"
ACCREDITATION = (
    "The Lakeshore University School of Medicine is accredited by the Accreditation Council for Continuing Medical Education (ACCME) "
    "to provide continuing medical education for physicians."
)
JOINT = (
    "This activity has been planned and implemented in accordance with the accreditation requirements and policies of the Accreditation Council "
    "for Continuing Medical Education (ACCME) through the joint providership of Lakeshore University School of Medicine and Harbor Health Alliance. "
    "The Lakeshore University School of Medicine is accredited by the ACCME to provide continuing medical education for physicians."
)

_PHYSICIAN: dict[str, Any] = {
    "version": "certificate/1",
    "lang": "en",
    "code": "LS-26-7KQ4-MX2H-9TRW",
    "verify_url": "https://cme.lakeshore.example/verify/LS-26-7KQ4-MX2H-9TRW",
    "verify_short": "cme.lakeshore.example/verify",
    "issued_on": "November 17, 2026",
    "number": 1,
    "provider_name": "Lakeshore University School of Medicine",
    "office_name": "Office of Continuing Medical Education",
    "office_address": "400 Harbor Walk, Lakeshore",
    "signer_name": "Marcus Adeyemi, MD, MEd",
    "signer_title": "Associate Dean for Continuing Medical Education",
    "signature": "signature.svg",
    "heading": "",
    "sentence": [
        part("org", run("The Lakeshore University School of Medicine")),
        part("lead", run("certifies that")),
        part("name", run("Elena R. Marchetti, MD")),
        part("text", run("has participated in the live activity titled")),
        part("title", run(TITLE)),
        part("text", run(f"{PLACE}, and is awarded")),
        part("credit", run("2.75", "strong"), run(" "), AMA, run(".")),
    ],
    "statements": [[run(ACCREDITATION)]],
    "sessions": [],
}


def physician(name: str = "Elena R. Marchetti, MD", **changes: Any) -> dict[str, Any]:
    context = copy.deepcopy(_PHYSICIAN) | changes
    for piece in context["sentence"]:
        if piece["kind"] == "name":
            piece["runs"] = [run(name)]
    return context


def attendance(name: str = "Ruth Castellanos, RN", **changes: Any) -> dict[str, Any]:
    context = physician(name, **changes)
    context["sentence"][-2:] = [
        part("text", run(f"{PLACE}.")),
        part("designation", run("This activity was designated for "), run("3.00", "strong"), run(" "), AMA, run(".")),
    ]
    return context


def titled(context: dict[str, Any], title: str) -> dict[str, Any]:
    context = copy.deepcopy(context)
    for piece in context["sentence"]:
        if piece["kind"] == "title":
            piece["runs"] = [run(title)]
    return context


def series(count: int = 8) -> dict[str, Any]:
    sessions = [
        {"date": f"Sep {day}, 2026", "title": f"Grand Rounds {day}: what the last year changed", "credits": "1.00"}
        for day in range(1, count + 1)
    ]
    context = titled(physician(sessions=sessions), "Medicine Grand Rounds 2026–27")
    context["sentence"][-2:] = [
        part("text", run("at Harbor Auditorium, Lakeshore, from September 8 to November 17, 2026, and is awarded")),
        part("credit", run(f"{count}.00", "strong"), run(" "), AMA, run(".")),
    ]
    return context


def transcript(rows: int = 9, name: str = "Elena R. Marchetti, MD", physician: bool = True) -> dict[str, Any]:
    titles = [
        TITLE,
        "Medicine Grand Rounds 2026–27",
        "Lakeshore Hospital Medicine Update",
        "Opioid Prescribing After Surgery",
        "Difficult Conversations at the Bedside",
    ]
    lines = [
        {
            "date": "Nov 17, 2026" if i % 4 else "Sep 8 to Nov 10, 2026",
            "title": titles[i % 5],
            "sub": ("Infectious disease", "", "Risk management 1.00")[i % 3],
            "format": ("Live activity", "Live activity, series", "Enduring material", "Manuscript review activity")[
                i % 4
            ],
            "credits": "2.75" if physician else "",
            "credit_runs": [AMA] if physician else [run("Attended; designated for 3.00 "), AMA],
            "code": f"LS-26-7KQ4-MX2H-{9000 + i}",
        }
        for i in range(rows)
    ]
    half = (rows + 1) // 2
    return {
        "version": "transcript/1",
        "lang": "en",
        "code": "LT-26-4WHD-8P6R-TT7N",
        "verify_url": "https://cme.lakeshore.example/verify/LT-26-4WHD-8P6R-TT7N",
        "verify_short": "cme.lakeshore.example/verify",
        "provider_name": "Lakeshore University School of Medicine",
        "office_name": "Office of Continuing Medical Education",
        "office_address": "400 Harbor Walk, Lakeshore",
        "person_name": name,
        "person_line": "Hospital Medicine",
        "period": "January 1, 2025 to November 22, 2026",
        "generated_on": "November 22, 2026",
        "totals": [{"label_runs": [AMA], "value": "46.50", "caption": "awarded by Lakeshore"}] if physician else [],
        "groups": [
            {"title": title, "rows": part} for title, part in (("2026", lines[:half]), ("2025", lines[half:])) if part
        ],
        "notes": ["Credits are those the physician claimed.", [run(ACCREDITATION)]],
    }
