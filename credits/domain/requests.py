""" "I was there" and "I claim late": a policy instead of e-mail (AMA-CLAIM-1 leaves the time to claim to the provider).

A learner asks in two taps. Where the attendance is on record and the allowance of the year is not used up, the answer
is yes at once; without a record a coordinator confirms it first; beyond the allowance the office decides. Nobody
grants anything after the year in which the session took place.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from accounts.domain import people
from accounts.domain.profile import main_emails
from accounts.models import Person, Provider
from activities.domain import attendance
from activities.enums import EDITING_ROLES
from activities.models import Activity, ActivityRole, AttendanceEvidence, Session
from common import audit, clock, locks, mail, rulesets
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from credits import eligibility
from credits.domain import facts
from credits.enums import RequestStatus
from credits.models import ClaimRequest

PORTAL = "the portal, by the provider’s rule for late claims"


@dataclass(frozen=True)
class Policy:
    """What late claims a person has left for a session, and the last day anything can be granted for it."""

    allowance: int
    used: int
    last_day: dt.date
    closes_at: dt.datetime

    @property
    def left(self) -> int:
        return max(self.allowance - self.used, 0)


def policy(person_id: int, session: Session, zone: str) -> Policy:
    """The rule for late claims as it stands for this person and session today. One query."""
    local = ZoneInfo(zone)
    starts, ends = _year(session.starts_at.astimezone(local).date())
    opens, closes = (dt.datetime.combine(day, dt.time(), local) for day in (starts, ends + dt.timedelta(days=1)))
    used = ClaimRequest.objects.filter(
        person=person_id,
        is_late=True,
        status=RequestStatus.GRANTED,
        session__starts_at__gte=opens,
        session__starts_at__lt=closes,
    ).count()
    return Policy(allowance=rulesets.value_on("late.allowance"), used=used, last_day=ends, closes_at=closes)


def _year(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the provider's fiscal year around a day."""
    month = Provider.current().fiscal_year_start_month
    first = dt.date(day.year if day.month >= month else day.year - 1, month, 1)
    return first, first.replace(year=first.year + 1) - dt.timedelta(days=1)


def ask(*, person_id: int, session_id: int, note: str, by: Actor) -> ClaimRequest:
    """Ask to be counted in, or to claim late. Granted at once where the record and the allowance say so.

    Raises Conflict when there is nothing to ask for: it can be claimed already, not yet, or never again.
    """
    with transaction.atomic(durable=True):
        # The person's lock is also the claim's: two phones cannot use the same last late claim.
        person = people.hold(person_id)
        session = Session.objects.select_related("activity__department").get(pk=session_id)
        found = _verdict(person, session)
        if found.verdict not in {"closed", "no_evidence"}:
            raise Conflict(found.reason)
        before = ClaimRequest.objects.filter(person=person, session=session, status=RequestStatus.ASKED).first()
        if before is not None:
            return before
        limits = policy(person.pk, session, session.activity.zone)
        late, at = found.verdict == "closed", clock.now()
        if late and at >= limits.closes_at:
            raise Conflict(f"Credit of that year was final on {limits.last_day:%b %-d, %Y}. Nobody can add to it now.")
        row = ClaimRequest.objects.create(
            person=person, session=session, is_late=late, needs_attendance=not found.session.evidence,
            note=note.strip()[:300], asked_at=at,
        )  # fmt: skip
        audit.record("claim_request_asked", by=by, subject=row, new={"late": late, "note": note})
        if late and found.session.evidence and limits.left:
            _grant(row, limits, by_label=PORTAL, reason="", at=at)
        else:
            _tell_deciders(row)
        return row


def letters(rows: Sequence[ClaimRequest]) -> int:
    """How many e-mails an answer to these requests sends at most: one each, to whoever has an address. One query."""
    known = main_emails([row.person_id for row in rows]) if rows else {}
    return sum(row.person_id in known for row in rows)


def confirm(*, activity_id: int, request_ids: Iterable[int], by: Actor, told: int = 1) -> Sequence[ClaimRequest]:
    """A coordinator confirms attendance for many: who has nothing on record gets evidence by staff, and late ones their
    late claim if one is left.

    What came on record since they asked (a webinar report, a mark of the door) stands as it is: it may say fewer minutes.
    Nobody confirms their own (law 7). What is beyond the allowance stays open for the office. Answers the rows decided on.
    `told` is how many e-mails the page said this sends. Raises Conflict when it would be more.
    """
    with transaction.atomic(durable=True):
        rows = _open(activity_id, request_ids, by, told)
        at = clock.now()
        for row in rows:
            if not _verdict(row.person, row.session).session.evidence:
                attendance.add_present(
                    session=row.session, person=row.person, minutes=None, at=at, by=by,
                    reason=f"Confirmed on request: {row.note}"[:250] if row.note else "Confirmed on request",
                )  # fmt: skip
            _look_again(row)
            limits = policy(row.person_id, row.session, row.session.activity.zone)
            if not row.is_late or (limits.left and at < limits.closes_at):
                _grant(row, limits, by_label=by.label, reason="Attendance confirmed", at=at)
            audit.record("claim_request_confirmed", by=by, subject=row, new={"status": row.status})
        return rows


def refuse(
    *, activity_id: int, request_ids: Iterable[int], reason: str, by: Actor, told: int = 1
) -> Sequence[ClaimRequest]:
    """Say no to many, with the reason that each of them reads by e-mail; `told` as for `confirm`."""
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why. The learners read it."})
    with transaction.atomic(durable=True):
        rows = _open(activity_id, request_ids, by, told)
        for row in rows:
            _decide(row, RequestStatus.REFUSED, by_label=by.label, reason=reason, at=clock.now())
            audit.record("claim_request_refused", by=by, subject=row, reason=reason)
            _tell_learner(row)
        return rows


def grant(*, request_id: int, reason: str, by: Actor) -> ClaimRequest:
    """The office lets a late claim through beyond the allowance, until the year is final."""
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})
    if not by.is_office:
        raise NotAllowed("Only the CME office decides beyond the allowance.")
    with transaction.atomic(durable=True):
        activity_id = ClaimRequest.objects.values_list("session__activity", flat=True).get(pk=request_id)
        row = _open(activity_id, [request_id], by)[0]
        _look_again(row)
        if row.needs_attendance:
            raise Conflict("Nothing on record shows that this person was there. Confirm the attendance first.")
        at, limits = clock.now(), policy(row.person_id, row.session, row.session.activity.zone)
        if at >= limits.closes_at:
            raise Conflict(f"Credit of that year was final on {limits.last_day:%b %-d, %Y}.")
        _grant(row, limits, by_label=by.label, reason=reason, at=at)
        audit.record("claim_request_granted", by=by, subject=row, reason=reason)
        return row


def open_for(activity: Activity) -> QuerySet[ClaimRequest]:
    """Requests of an activity that wait for somebody, oldest first."""
    return (
        ClaimRequest.objects.filter(session__activity=activity, status=RequestStatus.ASKED)
        .annotate(on_record=Exists(AttendanceEvidence.objects.of(OuterRef("person")).standing().filter(session=OuterRef("session"))))
        .select_related("person", "session").order_by("session__starts_at", "asked_at", "pk")
    )  # fmt: skip


def decided_for(activity: Activity, *, limit: int) -> QuerySet[ClaimRequest]:
    """The newest decisions of an activity."""
    return (
        ClaimRequest.objects.filter(session__activity=activity).exclude(status=RequestStatus.ASKED)
        .select_related("person", "session").order_by("-decided_at", "-pk")[:limit]
    )  # fmt: skip


def _open(activity_id: int, request_ids: Iterable[int], by: Actor, told: int = 1) -> list[ClaimRequest]:
    """The chosen requests, locked, people before requests as everywhere."""
    locks.require_transaction()
    wanted = list(request_ids)
    if not wanted:
        raise Invalid("Choose at least one person.")
    people = ClaimRequest.objects.filter(pk__in=wanted, session__activity=activity_id).values("person")
    list(Person.objects.select_for_update(of=("self",)).filter(pk__in=people).order_by("pk"))
    rows = list(
        ClaimRequest.objects.select_for_update(of=("self",)).filter(pk__in=wanted, session__activity=activity_id, status=RequestStatus.ASKED)
        .select_related("person", "session__activity__department").order_by("session__starts_at", "pk")
    )  # fmt: skip
    if not rows:
        raise Conflict("Somebody decided this already. Look at the list once more.")
    if any(row.person_id == by.person_id for row in rows):
        raise NotAllowed("Nobody confirms their own attendance. Ask a colleague or the CME office.")
    mail.require_shown(letters(rows), shown=told)
    return rows


def _look_again(row: ClaimRequest) -> None:
    """What the record and the clock say of a request now: both may be others than when it was asked."""
    found = _verdict(row.person, row.session)
    row.needs_attendance, row.is_late = not found.session.evidence, found.verdict == "closed"
    row.save(update_fields=["needs_attendance", "is_late"])


def _verdict(person: Person, session: Session) -> eligibility.SessionVerdict:
    known = facts.load(person, session.activity)
    mine = next((s for s in known.sessions if s.id == session.pk), None)
    if mine is None:
        raise Conflict("This part of the activity carries no credit.")
    return eligibility.verdict(known, mine)


def _grant(row: ClaimRequest, limits: Policy, *, by_label: str, reason: str, at: dt.datetime) -> None:
    if row.is_late:
        row.granted_until = min(at + dt.timedelta(days=rulesets.value_on("late.grant_days")), limits.closes_at)
    _decide(row, RequestStatus.GRANTED, by_label=by_label, reason=reason, at=at)
    if by_label != PORTAL:  # whom the portal answers at once reads it on the page
        _tell_learner(row)


def _decide(row: ClaimRequest, status: str, *, by_label: str, reason: str, at: dt.datetime) -> None:
    locks.require_transaction()
    row.status, row.decided_at, row.decided_by, row.decision_reason = status, at, by_label[:250], reason
    row.save(update_fields=["status", "decided_at", "decided_by", "decision_reason", "granted_until"])


def _tell_learner(row: ClaimRequest) -> None:
    activity = row.session.activity
    to = main_emails([row.person_id]).get(row.person_id)
    if not to:
        return
    context = {
        "person": row.person, "session": row.session, "activity": activity, "request": row, "granted": row.status == RequestStatus.GRANTED,
    }  # fmt: skip
    if row.status == RequestStatus.GRANTED:
        subject, label, path = (
            "You can claim your credit",
            "Claim your credit",
            reverse("credits:claim", args=[activity.number]),
        )
    else:
        subject, label, path = (
            "About your request for credit",
            "See what was checked",
            reverse("credits:why_session", args=[row.session_id]),
        )
    mail.send(
        "claim_request_decided", to=to, to_name=row.person.full_name, subject=f"{subject}: {row.session.title}",
        context=context | {"button_url": settings.PORTAL_BASE_URL + path, "button_label": label}, key=f"claim-request:{row.pk}:{row.status}",
    )  # fmt: skip


def _tell_deciders(row: ClaimRequest) -> None:
    """The activity's planners when attendance is to be confirmed; the office finds exceptions in its list.

    One mail a day and person, however many learners ask.
    """
    if not row.needs_attendance:
        return
    activity = row.session.activity
    roles = ActivityRole.objects.filter(activity=activity, role__in=EDITING_ROLES, removed_at=None).select_related(
        "person"
    )
    people = {role.person_id: role.person for role in roles if role.person_id != row.person_id}
    day = clock.today(activity.zone)
    for person_id, to in main_emails(people).items():
        mail.send(
            "claim_request_asked", to=to, to_name=people[person_id].full_name,
            subject=f"Attendance to confirm: {activity.title}", key=f"claim-requests:{activity.pk}:{person_id}:{day}",
            context={
                "person": people[person_id], "activity": activity, "button_label": "Open the list",
                "button_url": settings.PORTAL_BASE_URL + reverse("credits:claim_requests", args=[activity.number]),
            },
        )  # fmt: skip
