"""Each start of the demo: one session running now and one that ended and is due, in the weekly series (decision 20)."""

import datetime as dt

from django.db import transaction

from accounts.models import Identity, User
from activities.models import Activity, ActivityRole, AttendanceEvidence, CheckInDevice, Registration, Session
from common import clock, codes

SERIES = "Medicine Grand Rounds"
RUNNING = "Sepsis: The First Hour, Case by Case"
NEXT = "Sepsis: The Day After"
SOON_OVER = dt.timedelta(minutes=20)


def top_up() -> Session | None:
    """Make sure that something runs now, and that the named learners have something to claim. Returns what runs."""
    with transaction.atomic(durable=True):
        activity = Activity.objects.filter(title=SERIES, kind="RSS", status="published").first()
        if activity is None:
            return None
        now = clock.now()
        held = Session.objects.filter(activity=activity, removed_at=None).exclude(status="cancelled")
        running = held.filter(starts_at__lte=now, ends_at__gt=now).order_by("-ends_at").first()
        if running is None:
            running = _session(activity, RUNNING, now - dt.timedelta(minutes=15))
        elif (
            running.ends_at <= now + SOON_OVER
            and not held.filter(starts_at__gte=running.ends_at, starts_at__lte=running.ends_at + SOON_OVER).exists()
        ):
            # A start again: what runs is left alone, and the next follows it; two at a time would be in each other's way.
            _session(activity, NEXT, running.ends_at)
        due = Session.objects.filter(
            activity=activity, ends_at__lte=now, ends_at__gte=now - dt.timedelta(days=2), removed_at=None
        ).first()
        if due is None:
            due = _session(activity, "Delirium: What the Night Team Sees", now - dt.timedelta(hours=20))
        for name in ("physician", "nurse"):
            _attended(due, f"{name}@lakeshore.example")
        _expected(due, "reviewer@lakeshore.example")
        _on_one_tablet(due)
        if "self" not in activity.check_in_ways:
            activity.check_in_ways = [*activity.check_in_ways, "self"]
            activity.save(update_fields=["check_in_ways"])
        return running


def _session(activity: Activity, title: str, starts: dt.datetime) -> Session:
    starts = starts.replace(second=0, microsecond=0)
    session = Session.objects.create(
        activity=activity, status="ready", title=title, starts_at=starts, ends_at=starts + dt.timedelta(minutes=60), room=activity.location,
        method="lecture", check_in_code=codes.make(6), code_released_at=starts - dt.timedelta(hours=1),
    )  # fmt: skip
    session.objectives.set(activity.objectives.filter(removed_at=None)[:1])
    speaker = ActivityRole.objects.filter(activity=activity, role="speaker", removed_at=None).order_by("pk").first()
    if speaker:
        ActivityRole.objects.create(
            activity=activity,
            session=session,
            person=speaker.person,
            role="speaker",
            assumed_at=starts,
            added_by="set-up",
        )
    return session


def _attended(session: Session, email: str) -> None:
    identity, user = (
        Identity.objects.filter(kind="email", value=email).first(),
        User.objects.filter(email=email).first(),
    )
    if identity is None or user is None:
        return
    if (
        not Registration.objects.filter(activity=session.activity, person=user.person)
        .exclude(status="cancelled")
        .exists()
    ):
        Registration.objects.create(
            activity=session.activity, person=user.person, created_at=session.starts_at, source="check-in"
        )
    AttendanceEvidence.objects.bulk_create(
        [
            AttendanceEvidence(
                session=session,
                identity=identity,
                method="code",
                at=session.starts_at,
                recorded_by="learner",
                recorded_at=session.starts_at,
            )
        ],
        ignore_conflicts=True,
    )


def _expected(session: Session, email: str) -> None:
    """Registered and not on record: somebody who can state that they attended."""
    user = User.objects.filter(email=email).first()
    if user is None:
        return
    if not Registration.objects.filter(activity=session.activity, person=user.person).exists():
        Registration.objects.create(
            activity=session.activity, person=user.person, created_at=session.starts_at - dt.timedelta(days=30)
        )


def _on_one_tablet(session: Session) -> None:
    """Five people who signed in on one browser, one after the other: something for the office to look at."""
    if CheckInDevice.objects.filter(evidence__session=session).exists():
        return
    there = AttendanceEvidence.objects.filter(session=session).values("identity")
    owned = Identity.objects.filter(kind="email", links__ended_at=None, links__person__user=None).exclude(pk__in=there)
    known = owned.filter(links__person__registrations__activity=session.activity).order_by("pk").distinct()[:5]
    rows = [
        AttendanceEvidence(
            session=session, identity=identity, method="qr", at=at, recorded_by="learner", recorded_at=at,
        )
        for identity, at in ((one, session.starts_at + dt.timedelta(minutes=2, seconds=40 * n)) for n, one in enumerate(known))
    ]  # fmt: skip
    made = AttendanceEvidence.objects.bulk_create(rows)
    CheckInDevice.objects.bulk_create(CheckInDevice(evidence=row, device=codes.digest("tablet")[:32]) for row in made)
