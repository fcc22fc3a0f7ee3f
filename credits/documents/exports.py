"""A transcript to take away: CSV for spreadsheets, JSON for programs (docs/developer/transcripts.md)."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import Person, Provider
from common import statements
from credits.domain.external import External
from credits.domain.transcripts import Row, Transcript

FORMAT = "cme-transcript/1"
HEAD = (
    "Source", "First day", "Last day", "Title", "Provider", "Format", "Sessions", "Credit type", "Credit", "Statement", "Topics",
    "Certificates", "Reported",
)  # fmt: skip
ISSUED, ENTERED, FORMER = "issued", "entered by the learner, not verified", "recorded from {}, not issued here"


def table(found: Transcript, provider: str) -> Iterator[list[Any]]:
    """The lines for a CSV file: what was issued, then what was entered. Credit stays a number."""
    for row in found.rows:
        yield [
            ISSUED, row.first_on, row.last_on, row.title, provider, row.format, row.sessions, row.kind.name,
            row.credits if row.awarded else "", statements.plain(row.credit_runs), "; ".join(f"{name} ({minutes} min)" for name, minutes in row.topic_lines),
            "; ".join(c.code if c.status != "revoked" else f"{c.code} (revoked)" for c in row.certificates), "; ".join(r.words for r in row.reports),
        ]  # fmt: skip
    for line in found.external:
        yield [
            FORMER.format(line.origin) if line.origin else ENTERED, line.earned_on, line.earned_on, line.title, line.provider_name, line.format, "", line.kind_name, line.amount,
            f"{line.amount:.2f} {statements.plain(line.unit_runs)}", "; ".join(line.topic_words), line.number, "",
        ]  # fmt: skip


def document(person: Person, found: Transcript, made_at: dt.datetime) -> dict[str, Any]:
    """Everything as one object. Credit is a text with two decimals, so that no reader turns it into a float."""
    provider = Provider.current()
    return {
        "format": FORMAT, "made_at": made_at, "provider": provider.name, "person": person.name_with_degrees, "filters": found.filters.as_data,
        "totals": [{"type": t.credit_type.code, "name": t.credit_type.name, "credit": f"{t.value:.2f}"} for t in found.totals],
        "totals_by_topic": [{"topic": name, "hours": f"{value:.2f}"} for name, value in found.topic_hours],
        "attended": found.attended, "issued": [_issued(row) for row in found.rows],
        "elsewhere": {
            "verified": False,
            "totals": [{"name": s.name, "credit": f"{s.value:.2f}"} for s in found.elsewhere],
            "lines": [_entered(line) for line in found.external],
        },
    }  # fmt: skip


def as_json(person: Person, found: Transcript, made_at: dt.datetime) -> str:
    return json.dumps(document(person, found, made_at), cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _issued(row: Row) -> dict[str, Any]:
    return {
        "first_day": row.first_on, "last_day": row.last_on, "title": row.title, "format": row.format, "sessions": row.sessions,
        "type": row.kind.code, "awarded": row.awarded, "credit": f"{row.credits:.2f}" if row.awarded else None, "statement": statements.plain(row.credit_runs),
        "topic_minutes": dict(row.topics), "certificates": [{"code": c.code, "status": c.status} for c in row.certificates],
        "reports": [{"to": r.to, "state": r.state, "on": r.on, "text": r.text} for r in row.reports],
    }  # fmt: skip


def _entered(line: External) -> dict[str, Any]:
    return {
        "id": None if line.origin else line.pk, "recorded_from": line.origin or None, "certificate_number": line.number or None, "day": line.earned_on, "title": line.title, "provider": line.provider_name, "type": line.kind.code if line.kind else None,
        "type_name": line.kind_name, "credit": f"{line.amount:.2f}", "topics": list(line.topics),
        "proof": {"name": line.proof.name, "sha256": line.proof.sha256} if line.proof else None,
    }  # fmt: skip
