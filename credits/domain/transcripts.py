"""A person's transcript: computed from live claims, printed as a frozen document that anybody can check (AMA-TRN-1)."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import Person, Provider
from activities.models import Activity, Session
from common import clock, jobs, pdf, statements
from common.actors import Actor
from common.errors import NotAllowed
from credits.documents import certificate as certificate_document
from credits.domain import overview
from credits.domain.overview import Earned
from credits.models import Certificate, ClaimTotal, CreditType, Designation, TranscriptDocument, TranscriptFile

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Row:
    """One line: an activity in one year and one credit type, with all its sessions claimed then.

    `credits` is what was awarded; 0 for attendance, whose `credit_runs` say what the activity was designated for.
    """

    first_on: dt.date
    last_on: dt.date
    title: str
    format: str
    is_series: bool
    sessions: int
    awarded: bool
    credits: Decimal
    credit_runs: list[statements.Run]
    unit_runs: list[statements.Run]
    certificates: tuple[Certificate, ...]
    claim_ids: tuple[int, ...]


@dataclass(frozen=True)
class Total:
    """The sum of one credit type over the period; `label` is its unit in the right number."""

    credit_type: CreditType
    value: Decimal
    label: list[statements.Run]


@dataclass(frozen=True)
class Transcript:
    """What a person earned in a period, newest first. Both ends are included; None is open."""

    since: dt.date | None
    until: dt.date | None
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]

    @property
    def years(self) -> list[tuple[int, list[Row]]]:
        return [(year, list(rows)) for year, rows in groupby(self.rows, key=lambda row: row.last_on.year)]

    @property
    def attended(self) -> int:
        """Lines that document attendance and award nothing."""
        return sum(not row.awarded for row in self.rows)


def load(person: Person, *, since: dt.date | None = None, until: dt.date | None = None) -> Transcript:
    """The transcript of a period, by the last day attended of each claim. Seven queries, however long it is."""
    claims = overview.earned(person, since=since, until=until)
    designations = Designation.objects.select_related("credit_type").in_bulk(
        {t.designation_id for e in claims for t in e.claim.totals.all() if t.designation_id}
    )
    facts = dict(
        Certificate.objects.filter(pk__in=[e.certificate.pk for e in claims if e.certificate]).values_list(
            "claim_id", "snapshot__facts"
        )
    )
    lines = [line for e in claims for line in e.claim.lines.all() if line.session_id]
    starts = dict(Session.objects.filter(pk__in={line.session_id for line in lines}).values_list("pk", "starts_at"))
    groups: dict[tuple[int, int, str], list[tuple[Earned, ClaimTotal]]] = {}
    for earned in claims:
        for total in earned.claim.totals.all():
            if total.designation_id:
                total.designation = designations[total.designation_id]
            groups.setdefault(
                (earned.claim.participated_on.year, earned.claim.activity_id, total.credit_type_id), []
            ).append((earned, total))
    rows = tuple(_row(members, starts, facts) for members in groups.values())
    return Transcript(since, until, rows, tuple(_totals(t for members in groups.values() for _earned, t in members)))


def _row(
    members: Sequence[tuple[Earned, ClaimTotal]], starts: dict[int, dt.datetime], facts: dict[int, dict[str, Any]]
) -> Row:
    newest, sample = members[0]
    activity: Activity = newest.claim.activity
    sum_of = ClaimTotal(
        credit_type=sample.credit_type, designation=sample.designation,
        credits=sum((t.credits for _e, t in members), ZERO), designated=sum((t.designated for _e, t in members), ZERO),
    )  # fmt: skip
    sessions = {
        line.session_id
        for e, _t in members
        for line in e.claim.lines.all()
        if line.session_id and line.voided_at is None
    }
    zone = ZoneInfo(activity.zone)
    single = len(members) == 1
    days = {starts[pk].astimezone(zone).date() for pk in sessions} | {e.claim.participated_on for e, _t in members}
    # Law 4: what was printed is read from the print; only what was never printed is read from the live rows.
    printed = facts.get(newest.claim.pk) or {}
    kind = str(printed.get("learning_format", activity.learning_format)).capitalize()
    return Row(
        first_on=min(days), last_on=newest.claim.participated_on, title=str(printed.get("title", activity.title)),
        format=f"{kind}, series" if activity.is_series else kind, is_series=activity.is_series, sessions=len(sessions),
        awarded=not sample.credit_type.is_attendance, credits=sum_of.credits,
        credit_runs=(single and printed.get("credit_runs")) or certificate_document.credit_runs(sum_of),
        unit_runs=_unit(sum_of.credit_type, sum_of.credits),
        certificates=tuple(e.certificate for e, _t in members if e.certificate), claim_ids=tuple(e.claim.pk for e, _t in members),
    )  # fmt: skip


def _totals(totals: Iterable[ClaimTotal]) -> list[Total]:
    sums: dict[str, tuple[CreditType, Decimal]] = {}
    for total in totals:
        kind = total.credit_type
        if not kind.is_attendance:
            sums[kind.code] = (kind, sums.get(kind.code, (kind, ZERO))[1] + total.credits)
    return [
        Total(kind, value, _unit(kind, value))
        for kind, value in sorted(sums.values(), key=lambda pair: pair[0].position)
    ]


def _unit(kind: CreditType, amount: Decimal) -> list[statements.Run]:
    return statements.runs(certificate_document.unit(kind.unit_one, kind.unit_many, amount))


# --- the document --------------------------------------------------------------------------------------


def make(*, person_id: int, since: dt.date | None, until: dt.date | None, by: Actor) -> TranscriptDocument:
    """Freeze a person's own transcript of a period and have it rendered; the same content is made once.

    Raises NotAllowed for somebody else's.
    """
    from credits.documents import transcript as document

    if by.person_id != person_id:
        raise NotAllowed("A transcript is made by the person it is about. The CME office can send it on request.")
    with transaction.atomic(durable=True):
        # A double press waits here and then finds the first.
        person = Person.objects.select_for_update(of=("self",)).get(pk=person_id)
        provider = Provider.current()
        frozen = document.content(person, load(person, since=since, until=until), clock.today(provider.zone))
        digest = document.digest(frozen)
        row = TranscriptDocument.objects.filter(person=person, content_hash=digest).first()
        if row is not None:
            return row
        at = clock.now()
        code = certificate_document.new_code(provider, at.year)
        row = TranscriptDocument.objects.create(
            person=person,
            code=code,
            snapshot=document.coded(frozen, code),
            content_hash=digest,
            template_version=document.VERSION,
            requested_at=at,
        )
        jobs.later("credits.tasks.render_transcript", row.pk, key=f"transcript:{row.pk}")
        return row


def render(document_id: int) -> None:
    """Render a transcript. Safe to run twice: the second finds it ready, or loses the lock.

    Raises NotYet while the PDF engine is missing on this host.
    """
    row = TranscriptDocument.objects.filter(pk=document_id, ready_at=None).first()
    if row is None:
        return
    title = f"Transcript of {row.snapshot['person_name']}"
    try:
        content = pdf.render(
            "pdf/transcript.html",
            row.snapshot,
            title=title,
            lang=row.snapshot["lang"],
            identifier=row.code,
            created=row.requested_at,
        )
    except pdf.PdfUnavailable as error:
        raise jobs.NotYet(str(error)) from error
    with transaction.atomic(durable=True):
        row = TranscriptDocument.objects.select_for_update().get(pk=document_id)
        if row.ready_at is not None:
            return
        TranscriptFile.objects.create(document=row, content=content)
        row.ready_at, row.sha256 = clock.now(), hashlib.sha256(content).hexdigest()
        row.save(update_fields=["ready_at", "sha256"])
