"""What the pages of an import show: progress, what would be or was written, what to do about problems. Reading only."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from activities.domain.imports import batches, kinds
from activities.domain.imports.lines import Reading, Sessions
from activities.enums import IMPORT_UNDER_WAY, ImportStatus, RowVerdict
from activities.models import Activity, ImportBatch, ImportRow, Session
from common import clock
from common.tabular import Value

WRONG = (RowVerdict.PROBLEM, RowVerdict.SUGGESTED)
TEMPLATE_HEAD = ("E-mail", "First name", "Last name", "Mobile phone", "NPI", "Session date", "Session", "Minutes")


@dataclass(frozen=True)
class Tab:
    """A verdict with how many rows have it; the empty key is all rows."""

    key: str
    label: str
    count: int


def tabs(batch: ImportBatch) -> list[Tab]:
    """All rows, then every verdict that occurs, what needs somebody first."""
    order = (
        RowVerdict.SUGGESTED,
        RowVerdict.PROBLEM,
        RowVerdict.MATCHED,
        RowVerdict.NEW,
        RowVerdict.DUPLICATE,
        RowVerdict.IGNORED,
    )
    found = [Tab(v.value, str(v.label), int(batch.counts.get(v, 0))) for v in order if batch.counts.get(v)]
    return [Tab("", "All", batch.rows), *found]


@dataclass(frozen=True)
class Progress:
    """How far a job is. `share` is None while nobody knows how many rows there are."""

    done: int
    total: int
    left: dt.timedelta | None

    @property
    def seconds(self) -> int:
        return int(self.left.total_seconds()) if self.left else 0

    @property
    def minutes(self) -> int:
        return -(-self.seconds // 60)


def progress(batch: ImportBatch) -> Progress | None:
    """Of an import that a job is at work on, with the time left at the speed so far."""
    if batch.status not in IMPORT_UNDER_WAY:
        return None
    left = None
    if batch.done and batch.total > batch.done and batch.started_at:
        left = (clock.now() - batch.started_at) / batch.done * (batch.total - batch.done)
    return Progress(batch.done, max(batch.total, batch.done), left)


def outside(batch: ImportBatch) -> int:
    """How many rows lie outside of every session: most of them, and the zone or the date order is wrong. One query."""
    return ImportRow.objects.filter(batch=batch, code="outside").count()


def of_activity(activity: Activity, session: Session | None = None) -> list[ImportBatch]:
    """Its imports, newest first; thrown away ones are left out. One query."""
    rows = (
        ImportBatch.objects.filter(activity=activity)
        .exclude(status=ImportStatus.DISCARDED)
        .select_related("file", "session")
    )
    return list((rows.filter(session=session) if session else rows).order_by("-pk")[:50])


def wrong_rows(batch: ImportBatch, verdict: str) -> tuple[list[str], Iterator[list[Value]]]:
    """Headings and rows for a download: what needs somebody, with the reason behind; the file's own columns come back as they were."""
    wanted = [verdict] if verdict in RowVerdict.values else list(WRONG)
    head = ["Row", "Verdict", "Reason", *batches.headings(batch)]
    rows = ImportRow.objects.filter(batch=batch, verdict__in=wanted).order_by("number", "part")

    def body() -> Iterator[list[Value]]:
        for row in rows.only("number", "verdict", "reason", "cells").iterator(chunk_size=2_000):
            yield [row.number, str(RowVerdict(row.verdict).label), row.reason, *row.cells]

    return head, body()


def template(activity: Activity) -> tuple[list[str], list[list[Value]]]:
    """A list to fill in: every column we read, and one row that shows how."""
    sessions = Sessions(activity)
    past = [s for s in sessions.all if sessions.why_not(s) is None] or sessions.all
    day, title, minutes = (
        (sessions.day(past[-1]), past[-1].title, past[-1].minutes) if past else (clock.today(activity.zone), "", 60)
    )
    return list(TEMPLATE_HEAD), [["example@example.org", "Elena", "Example", "202-555-0123", "", day, title, minutes]]


def remembered(batch: ImportBatch) -> ImportBatch | None:
    """The earlier import whose columns this one took over, for the page to say so."""
    old = batches.remembered(batch, batch.signature)
    return old if old is not None and old.pk != batch.pk and batch.preview == 0 else None


def context(batch: ImportBatch) -> Mapping[str, Any]:
    """What every page of an import shows of it."""
    kind = kinds.of(batch)
    return {
        "batch": batch, "activity": batch.activity, "reading": Reading.of(batch), "home": kind.home(batch), "base": kind.url(batch), "zone": kind.zone(batch),
        "is_history": batch.activity_id is None,
    }  # fmt: skip
