"""Registering: a seat or a place in the queue, always decided under a lock on the activity (decision 8).

Every change of who holds a seat locks the activity's row first. The lock leaves the key free (`no_key`), so rows that
only point to the activity, such as attendance, are inserted meanwhile.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from accounts.models import Person
from activities.domain import notices
from activities.enums import SEAT_TAKING, ActivityKind, ActivityStatus, RegistrationStatus, SessionStatus
from activities.models import Activity, Registration, Session
from activities.workflow import REGISTRATION
from common import audit, clock, jobs, locks, rulesets, statements
from common.actors import Actor, system
from common.errors import Conflict, Invalid, NotAllowed
from common.models import Statement, TransitionLog

CONSENT = "LRN-6"
# An undone cancellation finds the seat still there: the queue is offered it only after the undo bar is gone.
UNDO_WINDOW = dt.timedelta(seconds=15)
_DOOR = system("check-in")
_CLOCK = system("waiting list")
_APART = system("records taken apart")


# --- reading ----------------------------------------------------------------------------------------


def closes_at(activity: Activity, first: dt.datetime | None, last: dt.datetime | None) -> dt.datetime | None:
    """When registration ends, from the first start and last end of its sessions: a course's start, a series' end.

    Without sessions the dates count, in the activity's zone; None: it never ends (an enduring material without a date).
    """
    if activity.kind == ActivityKind.COURSE:
        if first is not None:
            return first
        return clock.local(activity.starts_on, dt.time(), activity.zone) if activity.starts_on else None
    if last is not None:
        return last
    return clock.local(activity.ends_on + dt.timedelta(days=1), dt.time(), activity.zone) if activity.ends_on else None


def seats_left(activity: Activity) -> int | None:
    """Places nobody holds and nobody is offered; None where the room has no limit."""
    if activity.capacity is None:
        return None
    taken = Registration.objects.filter(activity=activity, status__in=SEAT_TAKING).count()
    return max(activity.capacity - taken, 0)


def of_person(activity: Activity, person_id: int | None) -> Registration | None:
    """The person's newest registration, a cancelled one included."""
    if person_id is None:
        return None
    return Registration.objects.filter(activity=activity, person_id=person_id).order_by("-pk").first()


def queue_position(registration: Registration) -> int:
    """1 for the person who is offered the next place."""
    ahead = _queue(registration.activity_id).filter(
        Q(created_at__lt=registration.created_at) | Q(created_at=registration.created_at, pk__lt=registration.pk)
    )
    return ahead.count() + 1


def latest(person_id: int | None) -> Registration | None:
    """The person's newest registration anywhere: nobody is asked twice for the same help."""
    return Registration.objects.filter(person_id=person_id).order_by("-pk").first() if person_id is not None else None


def one_press_is_enough(person_id: int | None) -> bool:
    """Whether this person knows what registering asks and asked for nothing the last time."""
    last = latest(person_id)
    return last is not None and not last.accommodation


@dataclass(frozen=True)
class Coming:
    """An activity that a person is registered for, with its next session."""

    activity: Activity
    status: str
    offered_until: dt.datetime | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    session_title: str

    @property
    def is_cancelled(self) -> bool:
        """The activity does not take place."""
        return self.activity.status == ActivityStatus.CANCELLED


def coming_up(person: Person, *, limit: int = 20) -> list[Coming]:
    """What the person is registered, waiting or offered a place for and is not over, soonest first; two queries."""
    at = clock.now()
    planned = Session.objects.filter(activity=OuterRef("activity"), removed_at=None)
    held = list(
        Registration.objects.filter(
            person=person, activity__status__in=[ActivityStatus.PUBLISHED, ActivityStatus.CANCELLED]
        )
        .exclude(status=RegistrationStatus.CANCELLED)
        .select_related("activity__department")
        .only("status", "offered_until", *Activity.line("activity__"), "activity__department__name")
        .annotate(is_planned=Exists(planned))
        .order_by("pk")
    )
    following = Session.objects.filter(activity__in={r.activity_id for r in held}, removed_at=None, ends_at__gt=at)
    following = following.exclude(status=SessionStatus.CANCELLED).only("activity", "title", "starts_at", "ends_at")
    following = following.order_by("activity", "starts_at", "pk").distinct("activity")
    nexts = {s.activity_id: s for s in following}
    found = [
        Coming(
            r.activity,
            r.status,
            r.offered_until,
            s.starts_at if s else None,
            s.ends_at if s else None,
            s.title if s else "",
        )
        for r in held
        if (s := nexts.get(r.activity_id)) or _is_ahead_by_date(r, at)
    ]
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    found.sort(key=lambda c: (c.starts_at or last, c.activity.starts_on or dt.date.max))
    return found[:limit]


def _is_ahead_by_date(registration: Registration, at: dt.datetime) -> bool:
    """The dates speak for what has no session, or none that takes place; else its sessions say that it is over."""
    activity = registration.activity
    by_date = (
        activity.status == ActivityStatus.CANCELLED or activity.is_any_time or not registration.is_planned  # type: ignore[attr-defined]
    )
    return by_date and (activity.ends_on is None or activity.ends_on >= at.date())


def consent_wording() -> tuple[str, str]:
    """The version and the text of the question that LRN-6 asks today (SII-2.3)."""
    row = statements.row(CONSENT)
    return row.version, row.body


# --- use cases --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answers:
    """What registering asks: `consent_wording` is the version of LRN-6 that was on the page, "" where none was."""

    share_consent: bool = False
    consent_wording: str = ""
    accommodation: str = ""


NO_ANSWERS = Answers()


def register(*, activity_id: int, by: Actor, answers: Answers = NO_ANSWERS) -> Registration:
    """Take a seat, or a place in the queue when there is none; a place on offer is accepted.

    Asking twice changes nothing. Raises Conflict when registration is closed.
    """
    person_id, at = _person_id(by), clock.now()
    _require_known_wording(answers)
    with transaction.atomic(durable=True):
        activity = _lock(activity_id)
        _require_open(activity, at)
        _offer_free_seats(activity, at)
        mine = _live(activity, person_id)
        free = seats_left(activity) != 0
        if mine is None:
            mine = _create(
                activity,
                person_id,
                RegistrationStatus.REGISTERED if free else RegistrationStatus.WAITING,
                by,
                at,
                answers,
            )
            notices.confirm(mine)
        elif mine.status == RegistrationStatus.OFFERED or (mine.status == RegistrationStatus.WAITING and free):
            _seat(mine, by, at)
            notices.confirm(mine)
    return mine


def accept_offer(*, activity_id: int, by: Actor) -> Registration:
    """Take the place on offer. Raises Conflict when it went to the next person or the activity began."""
    person_id, at = _person_id(by), clock.now()
    with transaction.atomic(durable=True):
        activity = _lock(activity_id)
        _require_open(activity, at)
        mine = _live(activity, person_id)
        if mine is None or mine.status == RegistrationStatus.WAITING:
            raise Conflict(
                "This offer has ended, and the place went to the next person. You can still register if a place is free."
            )
        if mine.status == RegistrationStatus.OFFERED:
            _seat(mine, by, at)
            notices.confirm(mine)
    return mine


def change_answers(*, activity_id: int, by: Actor, answers: Answers) -> Registration:
    """Give or take back the consent, change the request for accommodation (LRN-6, LRN-7)."""
    person_id = _person_id(by)
    _require_known_wording(answers)
    with transaction.atomic(durable=True):
        mine = _live(_lock(activity_id), person_id)
        if mine is None:
            raise Conflict("You are not registered for this activity.")
        old = {"share_consent": mine.share_consent, "consent_wording": mine.consent_wording}
        mine.share_consent, mine.consent_wording, mine.accommodation = (
            answers.share_consent,
            answers.consent_wording,
            answers.accommodation,
        )
        mine.save(update_fields=["share_consent", "consent_wording", "accommodation"])
        audit.record("registration_answers_changed", by=by, subject=mine, old=old, new=_consent(answers))
    return mine


def cancel(*, activity_id: int, by: Actor) -> Registration:
    """Give the place back; it is offered to the next person once it can no longer be undone."""
    person_id, at = _person_id(by), clock.now()
    with transaction.atomic(durable=True):
        activity = _lock(activity_id)
        mine = _live(activity, person_id)
        if mine is None:
            raise Conflict("You are not registered for this activity, so there is nothing to cancel.")
        REGISTRATION.apply(mine, "cancel", by=by, at=at)
        mine.cancelled_at = at
        mine.save(update_fields=["status", "cancelled_at"])
        if activity.capacity is not None:
            jobs.later("activities.jobs_learner.offer_free_seats", activity.pk, delay=UNDO_WINDOW)
    return mine


def can_undo(registration: Registration | None, at: dt.datetime) -> bool:
    """Whether a cancellation is fresh enough for the undo bar."""
    return (
        registration is not None
        and registration.cancelled_at is not None
        and at - registration.cancelled_at <= UNDO_WINDOW
    )


def undo_cancel(*, activity_id: int, by: Actor) -> Registration:
    """Take a cancellation back: the same place, answers and turn in the queue. Raises Conflict when it is too late."""
    person_id, at = _person_id(by), clock.now()
    with transaction.atomic(durable=True):
        activity = _lock(activity_id)
        if (mine := _live(activity, person_id)) is not None:
            return mine
        old = of_person(activity, person_id)
        # Somebody who needs longer than the bar may still undo, as long as the place is free.
        if old is None or old.cancelled_at is None or at - old.cancelled_at > 4 * UNDO_WINDOW:
            raise Conflict("This can no longer be undone. Register again; the portal remembers your answers.")
        was_waiting = TransitionLog.objects.filter(
            subject_type=Registration._meta.label_lower, subject_id=old.pk, verb="cancel", old="waiting"
        ).exists()
        if not was_waiting and seats_left(activity) == 0:
            raise Conflict("Somebody else has the place now. Register again to join the waiting list.")
        status = RegistrationStatus.WAITING if was_waiting else RegistrationStatus.REGISTERED
        answers = Answers(old.share_consent, old.consent_wording, old.accommodation)
        return _create(activity, person_id, status, by, at, answers, since=old.created_at)


def offer_free_seats(*, activity_id: int) -> None:
    """Offer free places to the people who wait longest; safe to repeat."""
    at = clock.now()
    with transaction.atomic(durable=True):
        activity = _lock(activity_id)
        if _is_open(activity, at):
            _offer_free_seats(activity, at)


def lapse_offer(*, registration_id: int) -> None:
    """End an offer that nobody answered in time and offer the place to the next person; safe to repeat."""
    at = clock.now()
    activity_id = Registration.objects.values_list("activity_id", flat=True).get(pk=registration_id)
    with transaction.atomic(durable=True):
        activity = _lock(activity_id)
        row = Registration.objects.select_for_update(of=("self",)).get(pk=registration_id)
        if row.status != RegistrationStatus.OFFERED or row.offered_until is None or row.offered_until > at:
            return
        # `offered_until` stays: who had an offer keeps a place in the list but is not asked again before others.
        REGISTRATION.apply(row, "lapse", by=_CLOCK, at=at)
        row.save(update_fields=["status"])
        if _is_open(activity, at):
            _offer_free_seats(activity, at)


def restore_place(*, registration_id: int) -> None:
    """Give back a place that was given up because two records were taken for one person; safe to repeat.

    When every place is taken meanwhile, they stand on the waiting list with their old turn.
    """
    at = clock.now()
    old = Registration.objects.get(pk=registration_id)
    with transaction.atomic(durable=True):
        activity = _lock(old.activity_id)
        if old.status != RegistrationStatus.CANCELLED or _live(activity, old.person_id) is not None:
            return
        full = _is_open(activity, at) and seats_left(activity) == 0
        answers = Answers(old.share_consent, old.consent_wording, old.accommodation)
        status = RegistrationStatus.WAITING if full else RegistrationStatus.REGISTERED
        _create(activity, old.person_id, status, _APART, at, answers, source=old.source, since=old.created_at)


def ensure_registered(*, activity: Activity, person: Person, at: dt.datetime) -> Registration:
    """The seat of somebody who checks in (decision 8): registers them if a place is free.

    Asserts an open transaction. Raises Conflict when every place is taken.
    """
    locks.require_transaction()
    mine = _live(activity, person.pk)
    if mine is not None and mine.status == RegistrationStatus.REGISTERED:
        return mine
    if mine is None and activity.capacity is None:
        return _create_unless_there(activity, person.pk, at)
    locked = _lock(activity.pk)
    mine = _live(locked, person.pk)
    if mine is None:
        if seats_left(locked) == 0:
            raise Conflict(_FULL)
        return _create(locked, person.pk, RegistrationStatus.REGISTERED, _DOOR, at, NO_ANSWERS, source="checkin")
    if mine.status == RegistrationStatus.WAITING and seats_left(locked) == 0:
        raise Conflict(_FULL)
    if mine.status != RegistrationStatus.REGISTERED:
        _seat(mine, _DOOR, at)
    return mine


# --- shared steps: all assert an open transaction and the lock on the activity ----------------------

_FULL = "Every place is taken, so the code cannot register you. Tell the person at the desk; they can find you a place."


def _lock(activity_id: int) -> Activity:
    locks.require_transaction()
    return Activity.objects.select_for_update(of=("self",), no_key=True).get(pk=activity_id)


def _person_id(by: Actor) -> int:
    if by.person_id is None:
        raise NotAllowed("Sign in to register.")
    return by.person_id


def _live(activity: Activity, person_id: int) -> Registration | None:
    return (
        Registration.objects.filter(activity=activity, person_id=person_id)
        .exclude(status=RegistrationStatus.CANCELLED)
        .first()
    )


def _queue(activity_id: int) -> QuerySet[Registration]:
    """Those who wait and were not asked yet, longest first."""
    return Registration.objects.filter(
        activity_id=activity_id, status=RegistrationStatus.WAITING, offered_until=None
    ).order_by("created_at", "pk")


def _times(activity: Activity) -> tuple[dt.datetime | None, dt.datetime | None]:
    live = Session.objects.filter(activity=activity, removed_at=None).exclude(status=SessionStatus.CANCELLED)
    found = live.aggregate(first=Min("starts_at"), last=Max("ends_at"))
    return found["first"], found["last"]


def _is_open(activity: Activity, at: dt.datetime) -> bool:
    ends = closes_at(activity, *_times(activity))
    return activity.status == ActivityStatus.PUBLISHED and (ends is None or at < ends)


def _require_open(activity: Activity, at: dt.datetime) -> None:
    if activity.status == ActivityStatus.CANCELLED:
        raise Conflict("This activity is cancelled.")
    if activity.status != ActivityStatus.PUBLISHED:
        raise Conflict("This activity takes no registrations now.")
    if not _is_open(activity, at):
        raise Conflict(
            "Registration closed when the activity began. If you are there, check in with the code in the room."
        )


def _create(
    activity: Activity, person_id: int, status: RegistrationStatus, by: Actor, at: dt.datetime, answers: Answers,
    *, source: str = "web", since: dt.datetime | None = None,
) -> Registration:  # fmt: skip
    locks.require_transaction()
    row = Registration.objects.create(
        activity=activity, person_id=person_id, status=status, created_at=since or at, source=source,
        share_consent=answers.share_consent, consent_wording=answers.consent_wording, accommodation=answers.accommodation,
    )  # fmt: skip
    # SII-2.3: the answer, the wording it was given to and the time stay findable whatever is changed later.
    audit.record("registered", by=by, subject=row, new={"status": status, "source": source, **_consent(answers)})
    return row


def _create_unless_there(activity: Activity, person_id: int, at: dt.datetime) -> Registration:
    """Without a limit nobody waits for anybody: three hundred check-ins at noon need no lock, only the unique key."""
    new = Registration(activity=activity, person_id=person_id, created_at=at, source="checkin")
    Registration.objects.bulk_create([new], ignore_conflicts=True)
    row = Registration.objects.exclude(status=RegistrationStatus.CANCELLED).get(activity=activity, person_id=person_id)
    audit.record(
        "registered", by=_DOOR, subject=row, new={"status": row.status, "source": row.source, **_consent(NO_ANSWERS)}
    )
    return row


def _seat(row: Registration, by: Actor, at: dt.datetime) -> None:
    """From the queue or an offer to a seat, through the transition table."""
    if row.status == RegistrationStatus.WAITING:
        _offer(row, by, at, at)
    REGISTRATION.apply(row, "accept", by=by, at=at)
    row.save(update_fields=["status"])


def _offer(row: Registration, by: Actor, at: dt.datetime, until: dt.datetime) -> None:
    REGISTRATION.apply(row, "offer", by=by, at=at)
    row.offered_until = until
    row.save(update_fields=["status", "offered_until"])


def _offer_free_seats(activity: Activity, at: dt.datetime) -> None:
    free = seats_left(activity)
    if free == 0:
        return
    waiting = list(_queue(activity.pk).select_related("person", "activity")[:free])
    if not waiting:
        return
    hold = dt.timedelta(hours=int(rulesets.value_on("registration.offer_hours", scope=activity.kind)))
    ends = closes_at(activity, *_times(activity))
    until = min(at + hold, ends) if ends else at + hold
    for row in waiting:
        _offer(row, _CLOCK, at, until)
        jobs.later("activities.jobs_learner.lapse_offer", row.pk, key=f"lapse:{row.pk}", delay=until - at)
        notices.offer(row)


def _require_known_wording(answers: Answers) -> None:
    known = answers.consent_wording and any(
        answers.consent_wording == row.version for row in Statement.objects.filter(code=CONSENT)
    )
    if (answers.share_consent or answers.consent_wording) and not known:
        raise Invalid(
            fields={"share_consent": "The wording of this question has changed. Reload the page and answer it again."}
        )


def _consent(answers: Answers) -> dict[str, str | bool]:
    return {"share_consent": answers.share_consent, "consent_wording": answers.consent_wording}
