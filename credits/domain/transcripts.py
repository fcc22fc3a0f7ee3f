"""A person's transcript: computed from live claims, printed as a frozen document that anybody can check (AMA-TRN-1)."""

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from credits.domain import external, overview, reports, topics
from credits.domain.external import External, Sum
from credits.domain.overview import Earned
from credits.domain.reports import Report
from credits.domain.topics import Tagged
from credits.domain.transcript_filters import ALL, ELSEWHERE, OURS, Filters
from credits.meters import Earning
from credits.models import (
    Certificate,
    ClaimLine,
    ClaimTotal,
    CreditType,
    Designation,
    Topic,
    TranscriptDocument,
    TranscriptFile,
)

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Row:
    """One line: an activity in one year and one credit type, with all its sessions claimed then.

    `credits` is what was awarded; 0 for attendance, whose `credit_runs` say what the activity was designated for.
    `beside` is what is printed beside the amount of a single claim, such as a UAN. `topics` are minutes per topic of what
    was claimed, by code; `topic_lines` the same by name.
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
    beside: str
    certificates: tuple[Certificate, ...]
    claim_ids: tuple[int, ...]
    kind: CreditType
    activity_id: int
    topics: Mapping[str, int] = field(default_factory=dict)
    topic_lines: tuple[tuple[str, int], ...] = ()
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True)
class Total:
    """The sum of one credit type over the period; `label` is its unit in the right number."""

    credit_type: CreditType
    value: Decimal
    label: list[statements.Run]


@dataclass(frozen=True)
class Choices:
    """What there is to filter by in everything a person has: years, credit types and topics, as value and label."""

    years: list[int]
    kinds: list[tuple[str, str]]
    topics: list[tuple[str, str]]


@dataclass(frozen=True)
class Transcript:
    """What a person earned that the filters leave, newest first: what we issued, and apart from it what they entered."""

    filters: Filters
    rows: tuple[Row, ...]
    external: tuple[External, ...]
    totals: tuple[Total, ...]
    elsewhere: tuple[Sum, ...]
    choices: Choices
    topic_names: Mapping[str, str]
    earnings: tuple[Earning, ...]  # of everything, whatever the filters leave: for meters

    @property
    def years(self) -> list[tuple[int, list[Row]]]:
        return by_year(self.rows)

    @property
    def attended(self) -> int:
        """Lines that document attendance and award nothing."""
        return sum(not row.awarded for row in self.rows)

    @property
    def is_empty(self) -> bool:
        return not self.rows and not self.external

    @property
    def entered(self) -> bool:
        """Whether the person entered any of the lines from elsewhere."""
        return any(not line.origin for line in self.external)

    @property
    def origins(self) -> list[str]:
        """The former systems that lines from elsewhere were recorded from."""
        return external.origins(self.external)

    @property
    def year_totals(self) -> list[tuple[int, list[Total]]]:
        """What we issued, by year and type."""
        return [(year, _totals((r.kind, r.credits) for r in rows)) for year, rows in self.years]

    @property
    def topic_hours(self) -> list[tuple[str, Decimal]]:
        """Hours of each topic in what we issued, never rounded up."""
        once: dict[tuple[int, int], Counter[str]] = {}
        for row in self.rows:  # the same hour may carry several types of credit
            key = (row.last_on.year, row.activity_id)
            once[key] = once.get(key, Counter()) | Counter(row.topics)
        sums = sum(once.values(), Counter())
        named = [(code, name) for code, name in self.topic_names.items() if sums[code]]
        return [(name, topics.hours(sums[code])) for code, name in named]

    @property
    def together(self) -> list[tuple[str, Decimal]]:
        """Ours and elsewhere of the same type in one sum, for types that both have."""
        ours = {t.credit_type.code: t for t in self.totals}
        return [(ours[s.code].credit_type.name, ours[s.code].value + s.value) for s in self.elsewhere if s.code in ours]


def by_year(rows: Iterable[Row]) -> list[tuple[int, list[Row]]]:
    """Lines that stand newest first, a list a year."""
    return [(year, list(found)) for year, found in groupby(rows, key=lambda row: row.last_on.year)]


def load(person: Person, filters: Filters = ALL) -> Transcript:
    """The part of a transcript that the filters leave. A constant number of queries, however long it is.

    Days are compared with the last day attended of each claim.
    """
    claims, names = overview.earned(person), dict(Topic.objects.values_list("pk", "name"))
    of = ClaimTotal.objects.filter(claim__in=overview.live_claims(person)).values("designation")
    designations = {
        d.pk: d for d in Designation.objects.filter(pk__in=of).select_related("credit_type").only("credit_type")
    }
    known = _Known(
        facts=_printed(person),
        sessions=_sessions_of(person),
        tagged=_topics_of(person),
        reports=reports.of_claims(e.claim.pk for e in claims),
        topic_names=names,
    )
    groups: dict[tuple[int, int, str], list[tuple[Earned, ClaimTotal]]] = {}
    for earned in claims:
        for total in earned.totals:
            if total.designation_id:
                total.designation = designations[total.designation_id]
            key = (earned.claim.participated_on.year, earned.claim.activity_id, total.credit_type_id)
            groups.setdefault(key, []).append((earned, total))
    every = [_row(members, known) for members in groups.values()]
    elsewhere = [replace(e, topic_words=tuple(names.get(t, t) for t in e.topics)) for e in external.of_person(person)]
    within = [[pair for pair in g if filters.has_day(pair[0].claim.participated_on)] for g in groups.values()]
    rows = every if filters.since is filters.until is None else [_row(members, known) for members in within if members]
    kept = tuple(r for r in rows if _shows(r, filters, names))
    others = tuple(e for e in elsewhere if _shows_external(e, filters, names))
    return Transcript(
        filters=filters, rows=kept, external=others, totals=tuple(_totals((r.kind, r.credits) for r in kept)),
        elsewhere=tuple(external.sums(others)), choices=_choices(every, elsewhere, names), topic_names=names,
        earnings=_all_earnings(claims, known, elsewhere),
    )  # fmt: skip


def earnings(person: Person) -> tuple[Earning, ...]:
    """What meters count, of everything on a transcript; the lines themselves are not made."""
    claims = overview.earned(person)
    known = _Known(facts={}, sessions=_sessions_of(person), tagged=_topics_of(person), reports={}, topic_names={})
    return _all_earnings(claims, known, external.of_person(person))


def _all_earnings(claims: Sequence[Earned], known: "_Known", elsewhere: Iterable[External]) -> tuple[Earning, ...]:
    return (*_earnings(claims, known), *external.earnings(elsewhere))


@dataclass(frozen=True)
class _Known:
    """What the rows are made from, fetched once."""

    facts: Mapping[int, dict[str, Any]]
    sessions: Mapping[int, tuple[dt.datetime, int]]
    tagged: Tagged
    reports: Mapping[int, list[Report]]
    topic_names: Mapping[str, str]


def _printed(person: Person) -> dict[int, dict[str, Any]]:
    """Claim id → what its certificate says."""
    rows = Certificate.objects.filter(claim__in=overview.live_claims(person)).exclude(
        status__in=["superseded", "revoked"]
    )
    return dict(rows.values_list("claim_id", "snapshot__facts"))


def _topics_of(person: Person) -> Tagged:
    return topics.of_activities(overview.live_claims(person).values("activity"))


def _sessions_of(person: Person) -> dict[int, tuple[dt.datetime, int]]:
    """When each session of the claims begins, and its minutes."""
    of = ClaimLine.objects.filter(claim__in=overview.live_claims(person)).values("session")
    rows = Session.objects.filter(pk__in=of).values_list("pk", "starts_at", "ends_at")
    return {pk: (start, int((end - start).total_seconds() // 60)) for pk, start, end in rows}


def _row(members: Sequence[tuple[Earned, ClaimTotal]], known: _Known) -> Row:
    newest, sample = members[0]
    activity: Activity = newest.claim.activity
    sum_of = ClaimTotal(
        credit_type=sample.credit_type, designation=sample.designation,
        credits=sum((t.credits for _e, t in members), ZERO), designated=sum((t.designated for _e, t in members), ZERO),
    )  # fmt: skip
    sessions = {pk for e, t in members for pk in e.sessions_of(t.credit_type_id)}
    zone = ZoneInfo(activity.zone)
    single = len(members) == 1
    beside = certificate_document.beside(sample) if single else ""
    days = {known.sessions[pk][0].astimezone(zone).date() for pk in sessions} | {e.claim.participated_on for e, _t in members}  # fmt: skip
    # Law 4: what was printed is read from the print; only what was never printed is read from the live rows.
    printed = known.facts.get(newest.claim.pk) or {}
    kind = str(printed.get("learning_format", activity.learning_format)).capitalize()
    tagged: Counter[str] = Counter()
    for earned, total in members:
        for piece in _pieces(earned, total, known):
            tagged.update(piece.topics)
    return Row(
        first_on=min(days), last_on=newest.claim.participated_on, title=str(printed.get("title", activity.title)),
        format=f"{kind}, series" if activity.is_series else kind, is_series=activity.is_series, sessions=len(sessions),
        awarded=not sample.credit_type.is_attendance, credits=sum_of.credits,
        credit_runs=(single and _line_printed(printed, sample)) or certificate_document.credit_runs(sum_of),
        unit_runs=_unit(sum_of.credit_type, sum_of.credits, beside), beside=beside,
        certificates=tuple(e.certificate for e, _t in members if e.certificate), claim_ids=tuple(e.claim.pk for e, _t in members),
        kind=sample.credit_type, activity_id=activity.pk, topics=dict(tagged),
        topic_lines=tuple((name, tagged[code]) for code, name in known.topic_names.items() if tagged[code]), reports=tuple(r for e, t in members for r in known.reports.get(e.claim.pk, ()) if r.credit_type in {"", t.credit_type_id}),
    )  # fmt: skip


@dataclass(frozen=True)
class _Piece:
    """What one total of a claim says of one session or piece of work: `place` is the same in every claim of it."""

    place: tuple[int, int | str]
    minutes: int
    credit_minutes: int
    topics: Mapping[str, int]


def _pieces(earned: Earned, total: ClaimTotal, known: _Known) -> Iterator[_Piece]:
    """A total is rounded once (decision 7); its parts are in proportion to the time of each."""
    kind, activity_id = total.credit_type, earned.claim.activity_id
    held = earned.held.get(total.credit_type_id) or {"": total.minutes}
    time = topics.credited_minutes(total.minutes, total.credits, kind)
    credit = time if kind.is_attendance else int(total.credits * 60)
    weights = list(held.values())
    for place, minutes, credited in zip(
        held, topics.spread(time, weights), topics.spread(credit, weights), strict=True
    ):
        session_id = place if isinstance(place, int) else None
        offered = int(total.designated * 60) if session_id is None else known.sessions[session_id][1]
        tagged = known.tagged.get((activity_id, session_id), {})
        yield _Piece((activity_id, place), minutes, credited, topics.counted(tagged, credited=minutes, offered=offered))


def _earnings(claims: Iterable[Earned], known: _Known) -> Iterator[Earning]:
    """One for each session or piece of work, however many claims and types of credit it carries: it is one hour.

    Points that follow another type (MOC-5) are no hours beside those of that type.
    """
    days: dict[tuple[int, int | str], dt.date] = {}
    hours: dict[tuple[int, int | str], Counter[str]] = defaultdict(Counter)
    kinds: dict[tuple[int, int | str], Counter[str]] = defaultdict(Counter)
    tagged: dict[tuple[int, int | str], dict[str, int]] = defaultdict(dict)
    for earned in claims:
        for total in earned.totals:
            kind = total.credit_type
            for piece in _pieces(earned, total, known):
                days.setdefault(piece.place, earned.claim.participated_on)
                hours[piece.place][kind.kin] += 0 if kind.follows else piece.minutes
                kinds[piece.place][kind.code] += piece.credit_minutes
                for code, minutes in piece.topics.items():
                    tagged[piece.place][code] = max(minutes, tagged[piece.place].get(code, 0))
    for place, on in days.items():
        yield Earning(on, max(hours[place].values()), dict(kinds[place]), tagged[place])


def _shows(row: Row, filters: Filters, names: Mapping[str, str]) -> bool:
    return (
        filters.source != ELSEWHERE
        and filters.kind in {"", row.kind.code}
        and (not filters.topic or filters.topic in row.topics)
        and filters.has_text(row.title, row.format, *(names.get(t, "") for t in row.topics))
    )


def _shows_external(row: External, filters: Filters, names: Mapping[str, str]) -> bool:
    return (
        filters.source != OURS
        and filters.has_day(row.earned_on)
        and filters.kind in {"", row.kind_code}
        and (not filters.topic or filters.topic in row.topics)
        and filters.has_text(
            row.title, row.provider_name, row.origin, row.number, *(names.get(t, "") for t in row.topics)
        )
    )


def _choices(rows: Sequence[Row], elsewhere: Sequence[External], names: Mapping[str, str]) -> Choices:
    years = {r.last_on.year for r in rows} | {e.earned_on.year for e in elsewhere}
    kinds = {r.kind.code: (r.kind.position, r.kind.name) for r in rows}
    kinds |= {e.kind_code: (99, e.kind_name) for e in elsewhere if e.kind_code not in kinds}
    found = {t for r in rows for t in r.topics} | {t for e in elsewhere for t in e.topics}
    ordered = sorted(kinds.items(), key=lambda pair: pair[1])
    return Choices(
        sorted(years, reverse=True), [(code, name) for code, (_position, name) in ordered],
        [(code, name) for code, name in names.items() if code in found],
    )  # fmt: skip


def _line_printed(facts: Mapping[str, Any], total: ClaimTotal) -> Any:
    """What the certificate says of one credit type; those of one line only say it once."""
    lines = facts.get("lines")
    if lines is None:
        return facts.get("credit_runs")
    return next((line["runs"] for line in lines if line["credit_type"] == total.credit_type_id), None)


def _totals(amounts: Iterable[tuple[CreditType, Decimal]]) -> list[Total]:
    """One sum per family: credit for teaching is AMA PRA credit too (AMA-FMT-1T)."""
    sums: dict[str, tuple[CreditType, Decimal]] = {}
    for kind, amount in amounts:
        if not kind.is_attendance:
            first, value = sums.get(kind.kin, (kind, ZERO))
            sums[kind.kin] = (min(first, kind, key=lambda k: k.position), value + amount)
    return [
        Total(kind, value, _unit(kind, value))
        for kind, value in sorted(sums.values(), key=lambda pair: pair[0].position)
    ]


def _unit(kind: CreditType, amount: Decimal, beside: str = "") -> list[statements.Run]:
    return statements.runs(certificate_document.unit(kind.unit_one, kind.unit_many, amount) + beside)


# --- the document --------------------------------------------------------------------------------------


def make(*, person_id: int, filters: Filters = ALL, by: Actor) -> TranscriptDocument:
    """Freeze what the filters leave of a person's own transcript and have it rendered; the same content is made once.

    Raises NotAllowed for somebody else's.
    """
    from credits.documents import transcript as document

    if by.person_id != person_id:
        raise NotAllowed("A transcript is made by the person it is about. The CME office can send it on request.")
    with transaction.atomic(durable=True):
        # A double press waits here and then finds the first.
        person = Person.objects.select_for_update(of=("self",)).get(pk=person_id)
        provider = Provider.current()
        frozen = document.content(person, load(person, filters), clock.today(provider.zone))
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
