"""What a learner sees first: what is due, what comes, what was claimed. Constant queries, however much there is."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from accounts.models import Person
from activities.enums import CLAIMABLE, SlotKind
from activities.models import Activity, AttendanceEvidence, Session
from common import clock, rulesets
from credits.enums import ClaimStatus
from credits.models import Certificate, Claim, ClaimLine, Designation
from evaluations.models import Completion


@dataclass(frozen=True)
class ToClaim:
    """An activity with attendance that is not claimed yet, and until when it can be."""

    activity: Activity
    sessions: int
    closes_at: dt.datetime
    evaluation_done: bool


def to_claim(person: Person) -> list[ToClaim]:
    """Attended, ended (or about to), unclaimed, in time; the one that closes first comes first. Two queries."""
    at = clock.now()
    opens = dt.timedelta(minutes=rulesets.value_on("claim.opens_minutes_before_end"))
    days = rulesets.value_on("claim.window_days")
    attended = AttendanceEvidence.objects.filter(
        session=OuterRef("pk"),
        identity__links__person=person,
        identity__links__ended_at=None,
        superseded_by=None,
        withdrawn=False,
    )
    claimed = ClaimLine.objects.filter(session=OuterRef("pk"), person=person, voided_at=None)
    designated = Designation.objects.filter(activity=OuterRef("activity"), ended_at=None)
    sessions = (
        Session.objects.filter(Exists(attended), ~Exists(claimed), Exists(designated), kind=SlotKind.EDUCATION, removed_at=None, activity__status__in=CLAIMABLE)
        .filter(ends_at__lte=at + opens, ends_at__gte=at - dt.timedelta(days=400))
        .exclude(status="cancelled").select_related("activity").order_by("ends_at")
    )  # fmt: skip
    found: dict[int, list[Session]] = {}
    for session in sessions:
        if at <= session.ends_at + dt.timedelta(days=session.activity.claim_days or days):
            found.setdefault(session.activity_id, []).append(session)
    done = set(
        Completion.objects.filter(person=person, questionnaire__activity__in=found).values_list(
            "questionnaire__activity_id", flat=True
        )
    )
    rows = []
    for activity_id, attended_sessions in found.items():
        activity = attended_sessions[0].activity
        closes = attended_sessions[0].ends_at + dt.timedelta(days=activity.claim_days or days)
        rows.append(
            ToClaim(activity, len(attended_sessions), closes, activity_id in done or not activity.evaluation_required)
        )
    return sorted(rows, key=lambda r: r.closes_at)


@dataclass(frozen=True)
class Earned:
    """One live claim with its certificate, as the home page and transcript list it."""

    claim: Claim
    certificate: Certificate | None
    credits: Decimal
    attended_only: bool
    sessions: int


def earned(
    person: Person, *, limit: int | None = None, since: dt.date | None = None, until: dt.date | None = None
) -> list[Earned]:
    """A person's live claims, newest first. Four queries."""
    claims = (
        Claim.objects.filter(person=person, status=ClaimStatus.LIVE)
        .select_related("activity")
        .order_by("-participated_on", "-pk")
    )
    if since:
        claims = claims.filter(participated_on__gte=since)
    if until:
        claims = claims.filter(participated_on__lte=until)
    claims = claims.prefetch_related("totals__credit_type", "lines")
    rows = list(claims[:limit] if limit else claims)
    live = Certificate.objects.filter(claim__in=rows).filter(~Q(status__in=["superseded", "revoked"])).defer("snapshot")
    by_claim = {c.claim_id: c for c in live}
    return [
        Earned(
            claim=c, certificate=by_claim.get(c.pk), credits=sum((t.credits for t in c.totals.all()), Decimal("0.00")),
            attended_only=all(t.credit_type.is_attendance for t in c.totals.all()), sessions=len(c.lines.all()),
        )
        for c in rows
    ]  # fmt: skip
