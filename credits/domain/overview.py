"""What a learner sees first: what is due, what comes, what was claimed. Constant queries, however much there is."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Person
from activities.domain.windows import MOST_DAYS, MOST_MINUTES
from activities.enums import CLAIMABLE, SlotKind
from activities.models import Activity, AttendanceEvidence, Session
from common import clock, rulesets, statements
from credits.domain import achievements, facts
from credits.enums import ClaimStatus, RequestStatus
from credits.models import (
    Achievement,
    Certificate,
    Claim,
    ClaimLine,
    ClaimRequest,
    ClaimTotal,
    CreditType,
    Designation,
    Presentation,
)
from evaluations.models import Completion

# An activity's own window lasts a year at most; then comes the grace. It opens a day before the end at most.
LOOK_BACK, EARLIEST = dt.timedelta(days=MOST_DAYS + 65), dt.timedelta(minutes=MOST_MINUTES)


@dataclass(frozen=True)
class ToClaim:
    """An activity with attendance or work that is not claimed yet, and until when the first of it can be."""

    activity: Activity
    sessions: int
    closes_at: dt.datetime
    evaluation_done: bool


def to_claim(person: Person) -> list[ToClaim]:
    """Done, over (or about to be), unclaimed, in time, granted late or in the grace; what closes first comes first. Six queries."""
    at = clock.now()
    days, grace = rulesets.value_on("claim.window_days"), dt.timedelta(days=rulesets.value_on("claim.grace_days"))
    found: dict[int, tuple[Activity, list[dt.datetime]]] = {}
    granted = dict(
        ClaimRequest.objects.filter(person=person, status=RequestStatus.GRANTED, granted_until__gt=at)
        .order_by("granted_until").values_list("session", "granted_until")
    )  # fmt: skip
    over = [(s.activity, s.ends_at, granted.get(s.pk)) for s in _attended(person, at)]
    over += [(activity, done_at, None) for activity, done_at in (*_taught(person, at), *_worked(person))]
    for activity, done_at, late in over:
        closes = done_at + dt.timedelta(days=activity.claim_days or days)
        if at > closes:
            closes = max(closes + grace, late or closes)
        if at <= closes:
            found.setdefault(activity.pk, (activity, []))[1].append(closes)
    done = set(
        Completion.objects.filter(person=person, questionnaire__activity__in=found).values_list(
            "questionnaire__activity_id", flat=True
        )
    )
    rows = [
        ToClaim(activity, len(closing), min(closing), activity.pk in done or not activity.evaluation_required)
        for activity, closing in found.values()
    ]
    return sorted(rows, key=lambda r: r.closes_at)


def _attended(person: Person, at: dt.datetime) -> list[Session]:
    attended = AttendanceEvidence.objects.of(person).standing().filter(session=OuterRef("pk"))
    claimed = ClaimLine.objects.filter(session=OuterRef("pk"), person=person, voided_at=None)
    designated = Designation.objects.filter(activity=OuterRef("activity"), ended_at=None)
    sessions = (
        Session.objects.filter(Exists(attended), ~Exists(claimed), Exists(designated), kind=SlotKind.EDUCATION, removed_at=None, activity__status__in=CLAIMABLE)
        .filter(ends_at__lte=at + EARLIEST, ends_at__gte=at - LOOK_BACK)
        .exclude(status="cancelled").select_related("activity").only("ends_at", *Activity.line("activity__")).order_by("ends_at")
    )  # fmt: skip
    return [s for s in sessions if at >= s.ends_at - facts.opens_before(s.activity)]


def _taught(person: Person, at: dt.datetime) -> list[tuple[Activity, dt.datetime]]:
    """Sessions that the person presented in and where teaching credit is designated (AMA-FMT-1T)."""
    claimed = ClaimLine.objects.filter(session=OuterRef("session"), person=person, voided_at=None)
    designated = Designation.objects.filter(
        activity=OuterRef("session__activity"), ended_at=None, credit_type__teaching=True
    )
    rows = (
        Presentation.objects.filter(~Exists(claimed), Exists(designated), person=person, ended_at=None, original=True)
        .filter(session__ends_at__lte=at, session__ends_at__gte=at - LOOK_BACK, session__activity__status__in=CLAIMABLE)
        .exclude(session__status="cancelled").select_related("session__activity")
    )  # fmt: skip
    return [(row.session.activity, row.session.ends_at) for row in rows] if person.is_physician else []


def _worked(person: Person) -> list[tuple[Activity, dt.datetime]]:
    """Work on record that counts and is not claimed; of several tries at one assessment, one."""
    designated = Designation.objects.filter(activity=OuterRef("activity"), ended_at=None)
    rows = Achievement.objects.of(person).standing().filter(
        Exists(designated), accepted=True, activity__status__in=CLAIMABLE,
    ).select_related("activity").order_by("completed_at", "pk")  # fmt: skip
    best = {(row.activity_id, achievements.unit_of(row)): row for row in reversed(rows)}
    if not best:
        return []
    lines = ClaimLine.objects.filter(person=person, voided_at=None, session=None).values_list("activity", "unit")
    return [
        (row.activity, max(row.completed_at, row.recorded_at)) for key, row in best.items() if key not in set(lines)
    ]


@dataclass(frozen=True)
class Earned:
    """One live claim with its certificate (revoked, where none took its place), as the home page and transcript list it.

    `totals` are in the order of their types. `held` are the minutes of what stands, by the code of a credit type and the
    session or the piece of work; `sessions` counts those of all of them.
    """

    claim: Claim
    certificate: Certificate | None
    totals: tuple[ClaimTotal, ...]
    sessions: int
    held: Mapping[str, Mapping[int | str, int]]

    def sessions_of(self, code: str) -> set[int]:
        return {place for place in self.held.get(code, ()) if isinstance(place, int)}

    @property
    def attended_only(self) -> bool:
        return all(t.credit_type.is_attendance for t in self.totals)

    @property
    def amounts(self) -> list[tuple[Decimal, list[statements.Run]]]:
        """Each amount with its unit: 2.75 "*AMA PRA Category 1 Credits*™"."""
        return [
            (t.credits, statements.runs(t.credit_type.unit_one if t.credits <= 1 else t.credit_type.unit_many))
            for t in self.totals
            if not t.credit_type.is_attendance
        ]


def live_claims(person: Person) -> QuerySet[Claim]:
    """Whose rows a transcript is made from; asked for inside other queries, so that none carries thousands of keys."""
    return Claim.objects.filter(person=person, status=ClaimStatus.LIVE)


def earned(person: Person, *, limit: int | None = None) -> list[Earned]:
    """A person's live claims, newest first. Five queries."""
    claims = (
        live_claims(person)
        .select_related("activity")
        .only("participated_on", "claimed_at", *Activity.line("activity__"))
    )
    rows = list(claims.order_by("-participated_on", "-pk")[:limit])
    wanted: Any = [c.pk for c in rows] if limit else live_claims(person)
    certificates = Certificate.objects.filter(claim__in=wanted).exclude(status="superseded").order_by("pk")
    by_claim = {c.claim_id: c for c in certificates.defer("snapshot")}  # the newest: one issued after a revoked one
    kinds = CreditType.objects.in_bulk()
    totals: dict[int, list[ClaimTotal]] = defaultdict(list)
    for total in ClaimTotal.objects.filter(claim__in=wanted).order_by("pk"):
        total.credit_type = kinds[total.credit_type_id]
        totals[total.claim_id].append(total)
    held: dict[int, dict[str, dict[int | str, int]]] = defaultdict(lambda: defaultdict(dict))
    lines = ClaimLine.objects.filter(claim__in=wanted, voided_at=None).order_by("pk")
    for claim_id, code, session_id, unit, minutes in lines.values_list(
        "claim", "credit_type", "session", "unit", "minutes"
    ):
        held[claim_id][code][session_id or unit] = minutes
    return [
        Earned(
            claim=c, certificate=by_claim.get(c.pk), sessions=len({place for found in held[c.pk].values() for place in found if isinstance(place, int)}),
            totals=tuple(sorted(totals[c.pk], key=lambda t: t.credit_type.position)), held=dict(held[c.pk]),
        )
        for c in rows
    ]  # fmt: skip
