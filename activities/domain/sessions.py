"""Sessions on their day: codes released when their gate is green, held by the clock, moved and cancelled with notice."""

import datetime as dt

import rules
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from activities.domain import changes, gates, notices, plan
from activities.domain.plan import Plan
from activities.enums import ActivityStatus, SessionStatus, SlotKind
from activities.models import Activity, Session
from activities.workflow import ACTIVITY, SESSION
from common import audit, clock, codes, locks
from common.actors import Actor, system
from common.errors import Conflict, Invalid, NotAllowed

CODE_LENGTH = 6
HELD_AFTER = dt.timedelta(minutes=30)
END_AFTER = dt.timedelta(hours=1)
RELEASE_WITHIN, RECHECK_WITHIN = dt.timedelta(days=7), dt.timedelta(days=1)
OPEN = frozenset({SessionStatus.PLANNED, SessionStatus.READY})
# Sessions of an agreed plan are moved with notice; before that the agenda itself is edited.
AGREED = frozenset({ActivityStatus.APPROVED, ActivityStatus.DESIGNATED, ActivityStatus.PUBLISHED})


def release(activity: Activity, *, by: Actor, facts: Plan | None = None) -> list[Session]:
    """Release the code of every session whose gate is green (WF-6), take it back where it turned red; assert a transaction."""
    locks.require_transaction()
    facts = facts or plan.load(activity)
    at = clock.now()
    changed = []
    for session in facts.sessions:
        if session.kind != SlotKind.EDUCATION or session.ends_at < at or session.status not in OPEN:
            continue
        green = not any(f.is_open for f in gates.for_session(session, facts))
        if green and session.status == SessionStatus.PLANNED:
            session.check_in_code = session.check_in_code or new_code()
            session.code_released_at = at
            SESSION.apply(session, "make_ready", by=by, at=at)
        elif not green and session.status == SessionStatus.READY:
            session.code_released_at = None
            SESSION.apply(session, "unready", by=by, at=at)
        else:
            continue
        session.save(update_fields=["status", "check_in_code", "code_released_at"])
        changed.append(session)
    return changed


def new_code() -> str:
    """A code that no open session has (decision 9); makers of codes wait for each other."""
    locks.lock_key("check_in_code", "all")
    while True:
        code = codes.make(CODE_LENGTH)
        if not Session.objects.filter(check_in_code=code, status__in=OPEN, removed_at=None).exists():
            return code


def release_due() -> int:
    """Each minute: look again at published activities with a session soon. Returns how many sessions changed."""
    at = clock.now()
    # A released code is asked about again on the last day only: disclosures and waivers expire without anybody's act.
    due = Q(status=SessionStatus.PLANNED, starts_at__lte=at + RELEASE_WITHIN) | Q(
        status=SessionStatus.READY, starts_at__lte=at + RECHECK_WITHIN
    )
    soon = Session.objects.filter(
        due, activity__status=ActivityStatus.PUBLISHED, kind=SlotKind.EDUCATION, removed_at=None, ends_at__gte=at
    )
    changed = 0
    for activity_id in sorted(set(soon.values_list("activity_id", flat=True))):
        with transaction.atomic(durable=True):
            changed += len(release(locks.lock_row(Activity.objects, pk=activity_id), by=system("clock")))
    return changed


def hold_due() -> int:
    """Each minute: sessions whose check-in is over are held. Returns how many."""
    at = clock.now()
    ran = (ActivityStatus.PUBLISHED, ActivityStatus.ENDED)
    due = Session.objects.filter(
        status__in=OPEN, ends_at__lt=at - HELD_AFTER, removed_at=None, activity__status__in=ran
    )
    ids = list(due.values_list("pk", flat=True)[:500])
    for session_id in ids:
        with transaction.atomic(durable=True):
            session = Session.objects.select_for_update(of=("self",)).filter(pk=session_id, status__in=OPEN).first()
            if session is not None:
                SESSION.apply(session, "hold", by=system("clock"), at=at)
                session.save(update_fields=["status"])
    return len(ids)


def end_due() -> int:
    """Each minute: a published activity whose last session is over has ended. Returns how many."""
    at = clock.now()
    live = Session.objects.filter(activity=OuterRef("pk"), removed_at=None).exclude(status=SessionStatus.CANCELLED)
    over = Activity.objects.filter(
        Exists(live), ~Exists(live.filter(ends_at__gt=at - END_AFTER)), status=ActivityStatus.PUBLISHED
    )
    ids = list(over.values_list("pk", flat=True)[:200])
    for activity_id in ids:
        with transaction.atomic(durable=True):
            activity = locks.lock_row(Activity.objects, pk=activity_id)
            if ACTIVITY.can(activity, "end"):
                ACTIVITY.apply(activity, "end", by=system("clock"), at=at)
                activity.save(update_fields=["status"])
    return len(ids)


def move_session(*, session_id: int, starts_at: dt.datetime, minutes: int, room: str, told: int, by: Actor) -> Session:
    """Move one session and tell everybody with a place; calendars follow by its raised sequence number.

    `told` is how many e-mails the page said this sends. Raises NotAllowed for anybody but its planners and the office,
    Conflict once it is over or when more people than that would be told, Invalid for a time gone by.
    """
    if not 5 <= minutes <= 24 * 60:
        raise Invalid(fields={"minutes": "Between 5 minutes and a day."})
    with transaction.atomic(durable=True):
        session = _lock_open(session_id, by)
        before = (session.starts_at, session.ends_at, session.room)
        session.starts_at, session.ends_at, session.room = starts_at, starts_at + dt.timedelta(minutes=minutes), room
        if before == (session.starts_at, session.ends_at, session.room):
            return session
        if starts_at != before[0] and starts_at <= clock.now():
            raise Invalid(fields={"starts_at": "Choose a time that is still to come."})
        people = notices.confirmed_audience(session.activity, told=told)
        session.sequence += 1
        session.save(update_fields=["starts_at", "ends_at", "room", "sequence"])
        audit.record(
            "session_moved",
            by=by,
            subject=session,
            old={"starts_at": before[0], "room": before[2]},
            new={"starts_at": starts_at, "room": room, "told": people},
        )
        if people:
            notices.tell_registrants(
                activity=session.activity,
                kind="moved",
                session=session,
                was_starts_at=before[0],
                was_ends_at=before[1],
                was_room=before[2],
            )
        _changed(session.activity, by)
        return session


def cancel_session(*, session_id: int, reason: str, told: int, by: Actor) -> Session:
    """Cancel one session; what was attended before stays in the ledger. Raises as `move_session`."""
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; everybody registered reads it."})
    with transaction.atomic(durable=True):
        session = _lock_open(session_id, by)
        people = notices.confirmed_audience(session.activity, told=told)
        SESSION.apply(session, "cancel", by=by, at=clock.now(), reason=reason)
        session.sequence += 1
        session.save(update_fields=["status", "sequence"])
        audit.record("session_cancelled", by=by, subject=session, new={"told": people}, reason=reason)
        if people:
            notices.tell_registrants(activity=session.activity, kind="cancelled", session=session, reason=reason)
        _changed(session.activity, by)
        return session


def _lock_open(session_id: int, by: Actor) -> Session:
    """The session of an agreed plan, held together with its activity as `release` holds them."""
    activity = locks.lock_row(
        Activity.objects, pk=Session.objects.values_list("activity_id", flat=True).get(pk=session_id)
    )
    if by.kind != "system" and not rules.has_perm("activities.edit_plan", by, activity):
        raise NotAllowed("Only the planners of this activity and the CME office can change its sessions.")
    changes.before_change(activity)
    session = locks.lock_row(Session.objects.select_related("activity"), pk=session_id)
    if (
        session.status not in OPEN
        or session.removed_at is not None
        or session.ends_at <= clock.now()
        or activity.status not in AGREED
    ):
        raise Conflict(
            "This session has ended, was cancelled or is not agreed yet. It cannot be moved or cancelled here."
        )
    return session


def _changed(activity: Activity, by: Actor) -> None:
    """The office looks again (WF-11); a new time can make a speaker be in two places, and a cancelled one end that."""
    changes.after_change(activity)
    if activity.status == ActivityStatus.PUBLISHED:
        release(activity, by=by)
