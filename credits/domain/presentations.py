"""That somebody presented, and for how long: what teaching credit rests on (AMA-FMT-1T). Written down by the office."""

from django.db import transaction

from accounts.models import Person
from activities.domain import reviewing
from activities.enums import FACULTY_ROLES
from activities.models import Activity, ActivityRole, Session
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from credits.models import ClaimLine, Designation, Presentation


def speakers(activity: Activity) -> list[tuple[Session, Person]]:
    """Who is named for which session, in its order. One query."""
    rows = ActivityRole.objects.filter(
        activity=activity, session__isnull=False, removed_at=None, role__in=FACULTY_ROLES, session__removed_at=None, session__kind="education",
    ).select_related("session", "person")  # fmt: skip
    return [(r.session, r.person) for r in rows.order_by("session__starts_at", "pk") if r.session is not None]


def of_activity(activity: Activity) -> list[Presentation]:
    """What is on record. One query."""
    rows = Presentation.objects.filter(session__activity=activity, ended_at=None).select_related("session", "person")
    return list(rows.order_by("session__starts_at", "pk"))


def is_offered(activity: Activity) -> bool:
    """Whether teaching credit is designated here. One query."""
    return Designation.objects.filter(activity=activity, ended_at=None, credit_type__teaching=True).exists()


def record(*, session_id: int, person_id: int, minutes: int, original: bool, by: Actor) -> Presentation:
    """Write down that a speaker presented. Raises Invalid for minutes beyond the session, Conflict for a second row."""
    with transaction.atomic(durable=True):
        session = locks.lock_row(Session.objects.select_related("activity"), pk=session_id)
        reviewing.require_may_decide(by, session.activity)
        if not any(s.pk == session_id and p.pk == person_id for s, p in speakers(session.activity)):
            raise Invalid(fields={"who": "Nobody of that name speaks in this session."})
        if session.ends_at > clock.now():
            raise Invalid(fields={"who": "This session is not over yet."})
        if not 0 < minutes <= session.minutes:
            raise Invalid(fields={"minutes": f"From 1 to {session.minutes} minutes, the length of the session."})
        if Presentation.objects.filter(session=session, person_id=person_id, ended_at=None).exists():
            raise Conflict("This presentation is written down already.")
        row = Presentation.objects.create(
            session=session, person_id=person_id, minutes=minutes, original=original, recorded_at=clock.now(), recorded_by=by.label[:250],
        )  # fmt: skip
        audit.record("presentation_recorded", by=by, subject=row, new={"person": person_id, "minutes": minutes})
        return row


def take_back(*, presentation_id: int, reason: str, by: Actor) -> Presentation:
    """Take a row back that was wrong. Raises Conflict while a claim rests on it: withdraw the claim first."""
    if not by.is_office:
        raise NotAllowed("The CME office keeps this record.")
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})
    with transaction.atomic(durable=True):
        row = locks.lock_row(Presentation.objects.select_related("session__activity"), pk=presentation_id)
        reviewing.require_may_decide(by, row.session.activity)
        if row.ended_at is not None:
            raise Conflict("This was taken back already.")
        if ClaimLine.objects.filter(presentation=row, voided_at=None).exists():
            raise Conflict("Credit was claimed for it. Withdraw that claim first.")
        row.ended_at, row.ended_by = clock.now(), by.label[:250]
        row.save(update_fields=["ended_at", "ended_by"])
        audit.record("presentation_taken_back", by=by, subject=row, reason=reason.strip())
        return row
