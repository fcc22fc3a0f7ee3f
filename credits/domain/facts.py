"""Gathers the facts that eligibility reads, in a constant number of queries."""

import datetime as dt
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from accounts.models import Person
from activities.domain import attendance
from activities.enums import SessionStatus, SlotKind
from activities.models import Activity, Session
from common import clock, locks, rulesets
from credits.eligibility import CreditFacts, Evidence, Facts, SessionFacts
from credits.enums import Scope
from credits.models import ClaimLine, ClaimTotal, CreditType, Designation
from evaluations.domain import questionnaires, responses


def load(person: Person, activity: Activity) -> Facts:
    """What decides what this person may claim in this activity now."""
    sessions = Session.objects.filter(activity=activity, removed_at=None, kind=SlotKind.EDUCATION).order_by(
        "starts_at", "pk"
    )
    credit_type, designation = offered(person, activity)
    code = credit_type.code if credit_type else ""
    claimed = set(
        ClaimLine.objects.filter(person=person, activity=activity, voided_at=None, credit_type_id=code).values_list(
            "session_id", flat=True
        )
    )
    evidence: dict[int, list[Evidence]] = {}
    for row in attendance.of_person(person.pk, activity):
        evidence.setdefault(row.session_id, []).append(Evidence(row.method, row.minutes, row.at, row.recorded_by))
    day = clock.now().date()
    return Facts(
        now=clock.now(),
        activity_status=activity.status,
        claim_opens=dt.timedelta(minutes=activity.claim_opens_minutes or rulesets.value_on("claim.opens_minutes_before_end", day)),
        claim_days=activity.claim_days or rulesets.value_on("claim.window_days", day),
        evaluation_required=activity.evaluation_required and questionnaires.current(activity) is not None,
        evaluation_done=responses.is_done(person.pk, activity.pk),
        sessions=tuple(
            SessionFacts(
                id=s.pk, title=s.title, starts_at=s.starts_at, ends_at=s.ends_at, cancelled=s.status == SessionStatus.CANCELLED,
                evidence=tuple(evidence.get(s.pk, ())), claimed=s.pk in claimed,
            )
            for s in sessions
        ),
        credit=_credit(person, activity, credit_type, designation),
    )  # fmt: skip


def offered(person: Person, activity: Activity) -> tuple[CreditType | None, Designation | None]:
    """The credit type of this person here and the designation behind it (law 6, IP-1).

    Physicians are awarded what was designated; everybody else gets attendance documentation that names the
    designated maximum (AMA-CERT-2).
    """
    live = list(
        Designation.objects.filter(activity=activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )
    for designation in live:
        kind = designation.credit_type
        if kind.is_attendance:
            continue
        if kind.physicians_only and not person.is_physician:
            continue
        if kind.professions and person.profession not in kind.professions:
            continue
        return kind, designation
    if not live:
        return None, None
    named = next((d for d in live if not d.credit_type.is_attendance), live[0])
    return CreditType.objects.get(code="attendance"), named


def hold_designation(activity: Activity) -> None:
    """Keep the designation as it is until the claim commits: whoever changes it waits (a claim during a change)."""
    locks.require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM credits_designation WHERE activity_id = %s AND ended_at IS NULL FOR SHARE", [activity.pk]
        )


def _credit(
    person: Person, activity: Activity, kind: CreditType | None, designation: Designation | None
) -> CreditFacts | None:
    if kind is None or designation is None:
        return None
    already = ClaimTotal.objects.filter(
        claim__person=person, claim__activity=activity, claim__status="live", credit_type=kind
    ).aggregate(n=Sum("credits"))["n"]
    rounding = designation.credit_type.rounding if kind.is_attendance else kind.rounding
    return CreditFacts(
        code=kind.code, rounding=rounding, maximum=designation.maximum, per_session=designation.scope == Scope.SESSION,
        already=already or Decimal("0.00"), awards=not kind.is_attendance,
    )  # fmt: skip
