"""Gathers the facts that eligibility reads, in a constant number of queries."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import Sum

from accounts.models import Person
from activities.domain import attendance
from activities.enums import SessionStatus, SlotKind
from activities.models import Activity, Session
from common import clock, locks, rulesets, statements
from credits.arithmetic import ZERO
from credits.entitlement import Busy, CreditFacts, Evidence, Facts, SessionFacts
from credits.enums import ClaimStatus, RequestStatus, Scope
from credits.models import ClaimLine, ClaimRequest, ClaimTotal, CreditType, Designation
from evaluations.domain import questionnaires, responses


@dataclass(frozen=True)
class Offer:
    """A credit type that a person may claim in an activity, and the designation behind it."""

    kind: CreditType
    designation: Designation


def load(person: Person, activity: Activity) -> Facts:
    """What decides what this person may claim in this activity now."""
    sessions = list(
        Session.objects.filter(activity=activity, removed_at=None, kind=SlotKind.EDUCATION).order_by("starts_at", "pk")
    )
    lines = _lines(person, sessions)
    here = [line for line in lines if line.activity_id == activity.pk]
    evidence: dict[int, list[Evidence]] = {}
    for row in attendance.of_person(person.pk, activity):
        evidence.setdefault(row.session_id, []).append(Evidence(row.method, row.minutes, row.at, row.recorded_by))
    late = dict(
        ClaimRequest.objects.filter(
            person=person, session__in=sessions, status=RequestStatus.GRANTED, granted_until__isnull=False
        ).values_list("session_id", "granted_until")
    )
    day = clock.now().date()
    return Facts(
        now=clock.now(),
        activity_status=activity.status,
        claim_opens=dt.timedelta(minutes=activity.claim_opens_minutes or rulesets.value_on("claim.opens_minutes_before_end", day)),
        claim_days=activity.claim_days or rulesets.value_on("claim.window_days", day),
        evaluation_required=activity.evaluation_required and questionnaires.current(activity) is not None,
        evaluation_done=responses.is_done(person.pk, activity.pk),
        sessions=tuple(
            _session(s, evidence.get(s.pk, []), [x for x in here if x.session_id == s.pk], late.get(s.pk)) for s in sessions
        ),
        credits=_credits(person, activity, offers(person, activity)),
        busy=_busy(lines),
    )  # fmt: skip


def offers(person: Person, activity: Activity) -> list[Offer]:
    """The credit types of this person here (law 6, IP-1): what was designated, met with the person's profession.

    Physicians are awarded what was designated; who has none of it gets attendance documentation that names the
    designated maximum (AMA-CERT-2).
    """
    live = list(
        Designation.objects.filter(activity=activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )
    found = [Offer(d.credit_type, d) for d in live if not d.credit_type.is_attendance and suits(d.credit_type, person)]
    if found or not live:
        return found
    named = next((d for d in live if not d.credit_type.is_attendance), live[0])
    return [Offer(CreditType.objects.get(code="attendance"), named)]


def suits(kind: CreditType, person: Person) -> bool:
    """IP-1: whether a credit type is one of this person's professions; physician is a fact of the degree (law 6)."""
    if kind.physicians_only and not person.is_physician:
        return False
    return not kind.professions or person.profession in kind.professions


def hold_designation(activity: Activity) -> None:
    """Keep the designation as it is until the claim commits: whoever changes it waits (a claim during a change)."""
    locks.require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM credits_designation WHERE activity_id = %s AND ended_at IS NULL FOR SHARE", [activity.pk]
        )


def _lines(person: Person, sessions: list[Session]) -> list[ClaimLine]:
    """Live lines of this person at the time of these sessions, in this activity and elsewhere. One query."""
    if not sessions:
        return []
    rows = ClaimLine.objects.filter(
        person=person,
        voided_at=None,
        session__starts_at__lt=max(s.ends_at for s in sessions),
        session__ends_at__gt=min(s.starts_at for s in sessions),
    )
    return list(rows.select_related("session").order_by("pk"))


def _session(
    session: Session, evidence: list[Evidence], lines: list[ClaimLine], late_until: dt.datetime | None
) -> SessionFacts:
    return SessionFacts(
        id=session.pk,
        title=session.title,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        cancelled=session.status == SessionStatus.CANCELLED,
        evidence=tuple(evidence),
        claimed=frozenset(line.credit_type_id for line in lines),
        held={line.credit_type_id: line.minutes for line in lines},
        late_until=late_until,
    )


def _busy(lines: list[ClaimLine]) -> tuple[Busy, ...]:
    """The time that claims took (AMA-CALC-4); several credit types of one session take it once."""
    taken: dict[int, Busy] = {}
    for line in lines:
        session = line.session
        assert session is not None
        before = taken.get(session.pk)
        minutes = max(line.minutes, before.minutes if before else 0)
        taken[session.pk] = Busy(session.title, session.starts_at, session.ends_at, minutes, session.pk)
    return tuple(taken.values())


def _credits(person: Person, activity: Activity, found: list[Offer]) -> tuple[CreditFacts, ...]:
    held = dict(
        ClaimTotal.objects.filter(claim__person=person, claim__activity=activity, claim__status=ClaimStatus.LIVE)
        .values_list("credit_type")
        .annotate(Sum("credits"))
        .order_by()
    )
    return tuple(
        CreditFacts(
            code=o.kind.code,
            rounding=o.designation.credit_type.rounding if o.kind.is_attendance else o.kind.rounding,
            maximum=o.designation.maximum,
            per_session=o.designation.scope == Scope.SESSION,
            already=held.get(o.kind.code, ZERO),
            awards=not o.kind.is_attendance,
            name=statements.plain(statements.runs(o.kind.unit_many)),
        )
        for o in found
    )
