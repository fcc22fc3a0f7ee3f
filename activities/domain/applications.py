"""An application's way to the office: begin, sign, send, answer, take back (WF-1)."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.domain.people import email_of
from accounts.models import Department, Person, Provider
from activities.domain import gaps, gates, people, plan, snapshots
from activities.domain.editing import ATTESTATIONS, lock_editable
from activities.enums import EDITABLE, ActivityKind, ActivityStatus, Section
from activities.models import Activity, ActivityNumber, ChangeRequest, PracticeGap, Submission
from activities.workflow import ACTIVITY
from common import audit, clock, findings, locks, mail, rulesets
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.findings import Finding


def create_application(
    *, department: Department, title: str, kind: str, by: Actor, part: str = "", gap: PracticeGap | None = None
) -> Activity:
    """A new draft with its number; the gap it begins from is linked; `part` is the role of whoever begins it, if any."""
    with transaction.atomic(durable=True):
        if not (by.is_office or department.pk in by.departments):
            raise NotAllowed("You can plan for your own department. The CME office can add you to another.")
        activity = create(department=department, title=title, kind=kind, by=by)
        if gap is not None:
            gaps.link(activity=activity, gap=gap)
        if part:
            person = Person.objects.get(pk=by.person_id or 0)
            people.add_person_role(activity=activity, person=person, role=part, by=by)
    return activity


def create(*, department: Department, title: str, kind: str, by: Actor) -> Activity:
    """The same inside a caller's transaction, without a gap and without people."""
    locks.require_transaction()
    zone = Provider.current().zone
    at = clock.now()
    activity = Activity.objects.create(
        number=next_number(clock.today(zone).year), kind=ActivityKind(kind), title=title.strip(), department=department, zone=zone,
        created_at=at, changed_at=at, created_by=Person.objects.get(pk=by.person_id or 0),
    )  # fmt: skip
    audit.record("application_created", by=by, subject=activity, new={"number": activity.number})
    return activity


def next_number(year: int) -> str:
    """The next activity number of a year, such as 2026-0132; two callers wait for each other (decision 9)."""
    locks.require_transaction()
    ActivityNumber.objects.bulk_create([ActivityNumber(year=year)], ignore_conflicts=True)
    row = locks.lock_row(ActivityNumber.objects.all(), year=year)
    row.last += 1
    row.save(update_fields=["last"])
    return str(row)


def open_before_signing(activity_plan: plan.Plan) -> list[Finding]:
    """What must be mended before the director signs: everything but the signature itself."""
    return [f for f in gates.for_submission(activity_plan) if f.is_open and f.section != Section.SIGN]


def sign_application(*, activity_id: int, name: str, by: Actor) -> Activity:
    """The activity director attests independence, balance and privacy, and signs (APP-16, SII-1, SII-2, CME-REC-5)."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        facts = plan.load(activity)
        if by.person_id not in {r.person_id for r in facts.directors}:
            raise NotAllowed("Only the activity director can sign this application.")
        if not name.strip():
            raise Invalid(fields={"signed_name": "Type your name as your signature."})
        findings.require_clean(open_before_signing(facts))
        for attestation in ATTESTATIONS:
            setattr(activity, attestation, True)
        activity.signed_at, activity.signed_by_id, activity.signed_name = clock.now(), by.person_id, name.strip()
        activity.save(update_fields=[*ATTESTATIONS, "signed_at", "signed_by", "signed_name"])
        audit.record("application_signed", by=by, subject=activity, new={"name": activity.signed_name})
    return activity


def submit_application(*, activity_id: int, by: Actor) -> Submission:
    """Send the plan to the office, first time or again: gate, state, frozen plan, receipt. Raises Conflict while open."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        facts = plan.load(activity)
        findings.require_clean(gates.for_submission(facts))
        at = clock.now()
        verb = "submit" if activity.status == ActivityStatus.DRAFT else "resubmit"
        ACTIVITY.apply(activity, verb, by=by, at=at)
        days = int(rulesets.value_on("application.answer_days"))
        activity.submitted_at, activity.answer_due_on = at, working_days_after(clock.today(activity.zone), days)
        activity.changed_at = at
        activity.save(update_fields=["status", "submitted_at", "answer_due_on", "changed_at"])
        submission = Submission.objects.create(
            activity=activity,
            number=activity.submissions.count() + 1,
            plan=snapshots.freeze(facts),
            submitted_at=at,
            submitted_by=by.label,
        )
        audit.record("application_submitted", by=by, subject=activity, new={"submission": submission.number})
        _send_receipts(facts, submission, by)
    return submission


def working_days_after(day: dt.date, count: int) -> dt.date:
    """The date `count` working days (Monday to Friday) after a day."""
    while count > 0:
        day += dt.timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _send_receipts(facts: plan.Plan, submission: Submission, by: Actor) -> None:
    activity = facts.activity
    readers = {r.person_id: r.person for r in facts.directors}
    sender = Person.objects.filter(pk=by.person_id or 0).first()
    if sender is not None:
        readers.setdefault(sender.pk, sender)
    for person in readers.values():
        address = email_of(person)
        if address:
            mail.send(
                "application_received", to=address, to_name=person.full_name,
                subject=_("The CME office has your application: %(title)s") % {"title": activity.title},
                context={
                    "activity": activity, "submission": submission, "submitter": by.label,
                    "button_url": settings.PORTAL_BASE_URL + reverse("activities:plan_detail", args=[activity.number]),
                    "button_label": _("See the application"),
                },
                key=f"received:{activity.pk}:{submission.number}:{person.pk}",
            )  # fmt: skip


def withdraw_application(*, activity_id: int, reason: str, by: Actor) -> Activity:
    """Take the application back for good; the record stays. The reason is kept with the transition."""
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
        ACTIVITY.apply(activity, "withdraw", by=by, at=clock.now(), reason=reason.strip())
        activity.save(update_fields=["status"])
        audit.record("application_withdrawn", by=by, subject=activity, reason=reason.strip())
    return activity


def answer_request(*, activity_id: int, request_id: int, text: str, by: Actor) -> ChangeRequest:
    """Say what was done about one request of the office; it can be said again until the application goes back."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        request = activity.change_requests.filter(pk=request_id, settled_at=None).first()
        if request is None:
            raise Conflict("The office has already settled this request.")
        if not text.strip():
            raise Invalid(fields={"answer": "Say what you changed, or why it stays as it is."})
        request.answer, request.answered_at, request.answered_by_id = text.strip(), clock.now(), by.person_id
        request.save(update_fields=["answer", "answered_at", "answered_by"])
        audit.record("request_answered", by=by, subject=activity, new={"request": request.pk})
    return request


def submit_by(activity: Activity) -> dt.date | None:
    """The last day to send the application so that the office can decide in time; None without a first day."""
    if activity.starts_on is None:
        return None
    return activity.starts_on - dt.timedelta(days=int(rulesets.value_on("application.lead_days", scope=activity.kind)))


def is_editable(activity: Activity) -> bool:
    return activity.status in EDITABLE
