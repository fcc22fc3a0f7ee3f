"""The office's part: take up, ask back, reject, approve (WF-2, WF-3). Nobody decides about their own (law 7)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.domain.people import email_of
from activities.domain import changes, gates, plan, reviewing
from activities.enums import AgreedHow, DecisionKind, Section
from activities.models import Activity, ChangeRequest, Decision, Submission
from activities.workflow import ACTIVITY
from common import audit, clock, findings, locks, mail
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.models import Waiver

NEVER_WAIVED = frozenset({"SII-3.2", "SII-4.2", "AMA-CORE-1"})


@dataclass(frozen=True)
class Ask:
    """One change to ask for: in which section, what, and the rule it rests on."""

    section: str
    text: str
    rule: str = ""


def start_review(*, activity_id: int, by: Actor) -> Activity:
    """Take a submitted application up. Raises Conflict while a planner is not cleared (WF-2, SII-3.4)."""
    with transaction.atomic(durable=True):
        activity = _locked(activity_id, by)
        findings.require_clean(gates.for_review(plan.load(activity)))
        ACTIVITY.apply(activity, "start_review", by=by, at=clock.now())
        activity.assigned_to_id = by.person_id
        activity.save(update_fields=["status", "assigned_to"])
        audit.record("review_started", by=by, subject=activity)
        return activity


def return_with_requests(*, activity_id: int, asks: Sequence[Ask], note: str = "", by: Actor) -> Activity:
    """Send the application back with at least one thing to change; nothing of it is lost."""
    wanted = [a for a in asks if a.text.strip()]
    if not wanted:
        raise Invalid(fields={"text": "Ask for at least one change, in a sentence the planners can act on."})
    with transaction.atomic(durable=True):
        activity = _locked(activity_id, by)
        at = clock.now()
        ACTIVITY.apply(activity, "return", by=by, at=at, reason=note)
        activity.save(update_fields=["status"])
        rows = [
            ChangeRequest(
                activity=activity,
                section=Section(a.section),
                text=a.text.strip(),
                rule=a.rule,
                asked_at=at,
                asked_by_id=by.person_id or 0,
            )
            for a in wanted
        ]
        ChangeRequest.objects.bulk_create(rows)
        _decide(activity, DecisionKind.RETURN, note, [], by, at)
        _tell(
            activity, "application_returned", f"Changes asked for: {activity.title}", {"requests": rows, "note": note}
        )
        return activity


def settle_request(*, activity_id: int, request_id: int, by: Actor) -> ChangeRequest:
    """Accept what the planners did about one request."""
    with transaction.atomic(durable=True):
        activity = _locked(activity_id, by)
        row = ChangeRequest.objects.select_for_update().filter(activity=activity, pk=request_id).first()
        if row is None or row.settled_at is not None:
            raise Conflict("This request is settled already.")
        row.settled_at, row.settled_by_id = clock.now(), by.person_id
        row.save(update_fields=["settled_at", "settled_by"])
        audit.record("request_settled", by=by, subject=activity, new={"request": row.pk})
        return row


def reject(*, activity_id: int, reason: str, by: Actor) -> Activity:
    """Turn the application down for good, with the reason the planners read."""
    _need(reason)
    with transaction.atomic(durable=True):
        activity = _locked(activity_id, by)
        at = clock.now()
        ACTIVITY.apply(activity, "reject", by=by, at=at, reason=reason)
        activity.save(update_fields=["status"])
        _decide(activity, DecisionKind.REJECT, reason, [], by, at)
        _tell(activity, "application_rejected", f"Not accepted: {activity.title}", {"reason": reason})
        return activity


def approve(*, activity_id: int, by: Actor) -> Activity:
    """Approve when every finding of WF-3 is clean and every request is settled; the findings are frozen with the decision.

    Two at once: the row lock lets one through, the other finds the activity approved.
    """
    with transaction.atomic(durable=True):
        activity = _locked(activity_id, by)
        facts = plan.load(activity)
        found = gates.for_approval(facts)
        if ACTIVITY.can(activity, "approve"):
            findings.require_clean(found)
            if facts.open_requests:
                raise Conflict(
                    "A change you asked for is not settled yet. Accept the answer, or send the application back."
                )
        at = clock.now()
        ACTIVITY.apply(activity, "approve", by=by, at=at)
        activity.approved_at = at
        activity.save(update_fields=["status", "approved_at"])
        _decide(activity, DecisionKind.APPROVE, "", [reviewing.frozen(f) for f in found], by, at)
        changes.agree(activity, how=AgreedHow.APPROVED, by=by)
        _tell(activity, "application_approved", f"Approved: {activity.title}", {})
        return activity


def cancel(*, activity_id: int, reason: str, told: int, by: Actor) -> Activity:
    """Cancel an approved or published activity and tell everybody who has a place.

    `told` is how many e-mails the page said this sends. Raises Conflict when it would be more.
    """
    from activities.domain import notices

    _need(reason)
    with transaction.atomic(durable=True):
        activity = _locked(activity_id, by)
        people = notices.confirmed_audience(activity, told=told)
        ACTIVITY.apply(activity, "cancel", by=by, at=clock.now(), reason=reason)
        activity.save(update_fields=["status"])
        audit.record("activity_cancelled", by=by, subject=activity, new={"told": people}, reason=reason)
        if people:
            notices.tell_registrants(activity=activity, kind="cancelled", reason=reason)
        return activity


def waive(*, activity_id: int, rule: str, reason: str, until: dt.date | None, by: Actor) -> Waiver:
    """Record an exception to one rule for one activity: the director only, never SII-3.2, SII-4.2, AMA-CORE-1 (WF-12)."""
    _need(reason)
    if not by.is_director:
        raise NotAllowed("Only the CME director can waive a rule (WF-12).")
    if rule in NEVER_WAIVED:
        raise Conflict(f"{rule} cannot be waived (WF-12).")
    with transaction.atomic(durable=True):
        activity = _locked(activity_id, by)
        row = Waiver.objects.create(
            rule=rule, subject_type=activity._meta.label_lower, subject_id=activity.pk, reason=reason, asked_by=by.label,
            approved_by_id=by.person_id or 0, approved_by_label=by.label, approved_at=clock.now(), until=until,
        )  # fmt: skip
        audit.record("rule_waived", by=by, subject=activity, new={"rule": rule}, reason=reason)
        return row


def _locked(activity_id: int, by: Actor) -> Activity:
    """The row, held; refused to whoever has a part in it before anything is read further."""
    activity = locks.lock_row(Activity.objects.select_related("department"), pk=activity_id)
    reviewing.require_may_decide(by, activity)
    return activity


def _need(reason: str) -> None:
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why, in a sentence the planners will read."})


def _decide(
    activity: Activity, kind: str, reason: str, found: Iterable[dict[str, Any]], by: Actor, at: dt.datetime
) -> None:
    submission = Submission.objects.filter(activity=activity).order_by("-number").first()
    if submission is None:
        raise Conflict("Nothing was submitted yet.")
    Decision.objects.create(
        activity=activity,
        submission=submission,
        kind=kind,
        reason=reason,
        findings=list(found),
        decided_at=at,
        decided_by_id=by.person_id or 0,
    )
    audit.record(f"application_{kind}", by=by, subject=activity, reason=reason)


def _tell(activity: Activity, template: str, subject: str, context: dict[str, Any]) -> None:
    """The news to the director of the activity and whoever began it, once per decision."""
    number = activity.decisions.count()
    people = {
        r.person_id: r.person for r in activity.roles.filter(role="director", removed_at=None).select_related("person")
    }
    people.setdefault(activity.created_by_id, activity.created_by)
    for person in people.values():
        address = email_of(person)
        if address:
            mail.send(
                template, to=address, to_name=person.full_name, subject=subject, key=f"{template}:{activity.pk}:{number}:{person.pk}",
                context={
                    "activity": activity, "button_label": "See the application",
                    "button_url": settings.PORTAL_BASE_URL + reverse("activities:plan_detail", args=[activity.number]), **context,
                },
            )  # fmt: skip
