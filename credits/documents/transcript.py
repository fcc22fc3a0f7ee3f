"""A transcript as it is printed: a frozen dict of every line (law 4; AMA-TRN-1)."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import Person, Provider
from common import statements
from credits.documents.dates import long_date
from credits.documents.statements import accreditation
from credits.domain.external import External
from credits.domain.transcript_filters import ELSEWHERE, OURS
from credits.domain.transcripts import Row, Transcript
from credits.enums import CertificateStatus

VERSION = "transcript/3"
CLAIMED = "Credits are those the learner claimed. Records are kept for six years."
TOPICS = " Topics may count for a state or a board; only the board decides."
ATTENDED = "Attendance is documented here; no credit of this profession was designated. Records are kept for six years."


def content(person: Person, found: Transcript, on: dt.date) -> dict[str, Any]:
    """Everything on a transcript but its code."""
    provider = Provider.current()
    return {
        "version": VERSION,
        "lang": "en",
        "verify_short": f"{settings.PORTAL_BASE_URL.split('://')[-1]}/verify",
        "provider_name": provider.name,
        "office_name": provider.office_name,
        "office_address": provider.office_address,
        "person_name": person.name_with_degrees,
        "person_line": person.specialty,
        "period": period(found, on),
        "generated_on": long_date(on),
        "totals": [
            {"label_runs": total.label, "value": f"{total.value:.2f}", "caption": f"awarded by {provider.short_name}"}
            for total in found.totals
        ]
        + ([_attended(found)] if found.attended else []),
        "part": part(found),
        "groups": [group for year, rows in found.years for group in _of_year(year, rows)],
        "elsewhere": _elsewhere(found, person, provider) if found.external else None,
        "notes": [
            (CLAIMED if found.totals else ATTENDED) + (TOPICS if any(row.topics for row in found.rows) else ""),
            statements.runs(accreditation(on)),
        ],
        # For the verification page: which claims it stands on.
        "claims": sorted(claim_id for row in found.rows for claim_id in row.claim_ids),
    }


def digest(frozen: dict[str, Any]) -> str:
    """The same content has the same name, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(frozen, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


def coded(frozen: dict[str, Any], code: str) -> dict[str, Any]:
    """The content with the code that it is verified by."""
    return {**frozen, "code": code, "verify_url": f"{settings.PORTAL_BASE_URL}/verify/{code}/"}


def period(found: Transcript, on: dt.date) -> str:
    """ "January 1, 2025 to November 22, 2026"; without a first day, from the first line on."""
    since, until = found.filters.since, found.filters.until
    days = [row.first_on for row in found.rows] + [line.earned_on for line in found.external]
    first = since or min(days, default=None)
    last = min(until or on, on)
    if first is None:
        return f"all years to {long_date(last)}"
    return long_date(first) if first >= last else f"{long_date(first)} to {long_date(last)}"


def part(found: Transcript) -> str:
    """What it leaves out besides days, for who reads the paper: "Only: AMA PRA Category 1; pain management"."""
    filters = found.filters
    kinds = dict(found.choices.kinds)
    said = [
        kinds.get(filters.kind, filters.kind), found.topic_names.get(filters.topic, filters.topic),
        f"“{filters.text}”" if filters.text else "",
        {OURS: "issued here", ELSEWHERE: "earned elsewhere"}.get(filters.source, ""),
    ]  # fmt: skip
    return f"A part of the transcript, only: {'; '.join(text for text in said if text)}" if any(said) else ""


def short_dates(row: Row) -> str:
    """ "Nov 17, 2026", "Sep 8 to Nov 10, 2026"."""
    last = f"{row.last_on:%b} {row.last_on.day}, {row.last_on.year}"
    if row.first_on == row.last_on:
        return last
    year = "" if row.first_on.year == row.last_on.year else f", {row.first_on.year}"
    return f"{row.first_on:%b} {row.first_on.day}{year} to {last}"


def _of_year(year: int, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A table for each unit, which stands once at its head; the first says the year.

    A unit in each of 600 lines says nothing new and takes half of their room, and of the time to typeset them.
    """
    units: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda r: r.kind.position):
        units.setdefault(row.kind.unit_many if row.awarded else "", []).append(row)
    return [
        {
            "title": "" if place else str(year),
            "unit_runs": statements.runs(unit),
            "rows": [_row(row) for row in found],
            "total": f"{sum(row.credits for row in found):.2f}" if unit and len(found) > 1 else "",
        }
        for place, (unit, found) in enumerate(units.items())
    ]


def _row(row: Row) -> dict[str, Any]:
    codes = [c.code for c in row.certificates if c.status != CertificateStatus.REVOKED]
    revoked = len(row.certificates) > len(codes)
    return {
        "topics": ", ".join(f"{name} {minutes} min" for name, minutes in row.topic_lines),
        "date": short_dates(row),
        "title": f"{row.title}, {row.sessions} sessions" if row.is_series and row.sessions > 1 else row.title,
        "sub": f"{len(codes)} certificates"
        if len(codes) > 1
        else "certificate revoked"
        if revoked and not codes
        else "",
        "format": row.format,
        "credits": f"{row.credits:.2f}" if row.awarded else "",
        "credit_runs": statements.runs(row.beside.strip(" ,")) if row.awarded else row.credit_runs,
        "code": codes[0] if len(codes) == 1 else "",
    }


def _elsewhere(found: Transcript, person: Person, provider: Provider) -> dict[str, Any]:
    """Apart from what was issued, and in no total of it."""
    said = [f"Entered by {person.full_name}."] if found.entered else []
    if found.origins:
        word = "Where it says so, recorded" if found.entered else "Recorded"
        said.append(f"{word} by {provider.office_name or provider.name} from {', '.join(found.origins)}.")
    said.append(f"{provider.name} did not issue or check it, and it is in none of the totals above.")
    return {
        "title": "Earned elsewhere, not verified" if found.entered else "Earned in a former system, not issued here",
        "note": " ".join(said),
        "totals": [{"label_runs": s.label, "value": f"{s.value:.2f}"} for s in found.elsewhere],
        "rows": [
            {
                "date": f"{line.earned_on:%b} {line.earned_on.day}, {line.earned_on.year}", "title": line.title, "provider": line.provider_name,
                "credits": f"{line.amount:.2f}", "credit_runs": line.unit_runs, "proof": _beside(line),
            }
            for line in found.external
        ],
    }  # fmt: skip


def _beside(line: External) -> str:
    """What stands below a line's title: where it was recorded from, or who holds the proof."""
    if line.origin:
        return f"recorded from {line.origin}" + (f", certificate {line.number}" if line.number else "")
    return "proof held by the learner" if line.proof else ""


def _attended(found: Transcript) -> dict[str, Any]:
    one = found.attended == 1
    return {
        "label_runs": [{"text": "activity attended" if one else "activities attended", "style": ""}],
        "value": str(found.attended),
        "caption": "designated credit on each line",
    }
