"""The evidence ledger (law 1): check-ins and corrections add rows; what is known is read from all of them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.module_loading import import_string

from accounts.domain import identities
from accounts.models import Person
from activities.domain import registrations
from activities.enums import PUBLIC, SEAT_TAKING, EvidenceMethod, SessionStatus, SlotKind
from activities.models import Activity, AttendanceEvidence, Registration, Session
from common import audit, clock, codes, locks, ratelimit, rulesets
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

TRIES_WINDOW = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class CheckIn:
    """A check-in that stands: `is_new` is False for a second tap."""

    session: Session
    evidence: AttendanceEvidence
    is_new: bool


def window(session: Session) -> tuple[dt.datetime, dt.datetime]:
    """When a session can be checked in to (decision 8)."""
    day = session.starts_at.date()
    opens = dt.timedelta(minutes=rulesets.value_on("checkin.opens_minutes_before", day))
    closes = dt.timedelta(minutes=rulesets.value_on("checkin.closes_minutes_after", day))
    return session.starts_at - opens, session.ends_at + closes


def session_of_code(*, typed: str, person_id: int) -> Session:
    """The session that a code belongs to. Raises Invalid for a wrong code, Conflict after too many.

    Wrong tries are counted per person, not per address: a hall shares one address (decision 23).
    """
    code = codes.normalize(typed)
    tries = rulesets.value_on("checkin.tries")
    if ratelimit.used("check_in_wrong", person_id) >= tries:
        raise Conflict("Ten codes did not match. Wait ten minutes, or give your name at the desk; both count the same.")
    found = (
        Session.objects.filter(check_in_code=code, removed_at=None, code_released_at__isnull=False, activity__status__in=PUBLIC)
        .exclude(check_in_code="").select_related("activity").order_by("-starts_at").first()
    )  # fmt: skip
    if found is None:
        ratelimit.hit("check_in_wrong", person_id, limit=tries, per=TRIES_WINDOW)
        raise Invalid(fields={"code": "No session has this code. Look again at the screen in the room."})
    return found


def check_in(*, session_id: int, person_id: int, method: str, disclosure_sha: str = "", by: Actor) -> CheckIn:
    """Record that a person is in the room; register them first if seats remain (decision 8).

    Raises Conflict outside the window, for a cancelled session or a full activity. A second tap changes nothing.
    """
    with transaction.atomic(durable=True):
        session = Session.objects.select_related("activity").get(pk=session_id)
        at = clock.now()
        _require_open(session, at)
        person = Person.objects.get(pk=person_id)
        registrations.ensure_registered(activity=session.activity, person=person, at=at)
        before = _first_hand(session, person, method)
        if before is not None:
            return CheckIn(session, before, is_new=False)
        identity = identities.of_person(person)
        AttendanceEvidence.objects.bulk_create(
            [
                AttendanceEvidence(
                    session=session, identity=identity, method=method, at=at, recorded_by=by.label, recorded_at=at
                )
            ],
            ignore_conflicts=True,
        )
        row = AttendanceEvidence.objects.get(session=session, identity=identity, method=method, supersedes=None)
        if disclosure_sha:
            # The text itself belongs to a higher app; it keeps what was on the page of this act (SII-3.5d, e).
            record = import_string(settings.DISCLOSURE_DELIVERY)
            record(
                activity=session.activity, session=session, person=person, sha=disclosure_sha, channel="check-in", at=at
            )
        return CheckIn(session, row, is_new=row.at == at)


def mark_present(*, session_id: int, person_id: int, minutes: int | None, reason: str, by: Actor) -> AttendanceEvidence:
    """Staff or coordinator say that somebody was there; the reason is kept with the row."""
    with transaction.atomic(durable=True):
        session = Session.objects.select_related("activity").get(pk=session_id)
        person = Person.objects.get(pk=person_id)
        if minutes is not None and not 0 < minutes <= session.minutes:
            raise Invalid(fields={"minutes": f"Between 1 and {session.minutes} minutes."})
        return add_present(session=session, person=person, minutes=minutes, reason=reason, at=clock.now(), by=by)


def add_present(
    *, session: Session, person: Person, minutes: int | None, reason: str, at: dt.datetime, by: Actor
) -> AttendanceEvidence:
    """The row that says somebody saw a person there; assert an open transaction. Raises Conflict when it stands already."""
    locks.require_transaction()
    identity = identities.of_person(person)
    first = AttendanceEvidence.objects.filter(
        session=session, identity=identity, method=EvidenceMethod.STAFF, supersedes=None
    ).first()
    if first is not None:
        raise Conflict("This person is marked present already. Correct that row instead.")
    row = AttendanceEvidence.objects.create(
        session=session, identity=identity, method=EvidenceMethod.STAFF, at=at, minutes=minutes, recorded_by=by.label,
        recorded_at=at, reason=reason,
    )  # fmt: skip
    audit.record("marked_present", by=by, subject=session, new={"person": person.pk, "minutes": minutes}, reason=reason)
    return row


def correct(*, evidence_id: int, minutes: int | None, withdrawn: bool, reason: str, by: Actor) -> AttendanceEvidence:
    """Supersede a row of the ledger: the old one stays, the new one says why (law 1)."""
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; others will read it."})
    with transaction.atomic(durable=True):
        old = AttendanceEvidence.objects.select_for_update().select_related("session").get(pk=evidence_id)
        if AttendanceEvidence.objects.filter(supersedes=old).exists():
            raise Conflict("This row was corrected already. Correct the newest one.")
        at = clock.now()
        row = AttendanceEvidence.objects.create(
            session=old.session, identity_id=old.identity_id, method=old.method, at=old.at, minutes=minutes, recorded_by=by.label,
            recorded_at=at, supersedes=old, withdrawn=withdrawn, reason=reason,
        )  # fmt: skip
        audit.record(
            "evidence_corrected", by=by, subject=old, new={"minutes": minutes, "withdrawn": withdrawn}, reason=reason
        )
        return row


def of_person(person_id: int, activity: Activity) -> list[AttendanceEvidence]:
    """What the ledger says now about a person in an activity: superseded and withdrawn rows left out. One query."""
    rows = AttendanceEvidence.objects.filter(
        session__activity=activity,
        identity__links__person_id=person_id,
        identity__links__ended_at=None,
        superseded_by=None,
        withdrawn=False,
    )
    return list(rows.order_by("at"))


def open_sessions(person_id: int) -> list[Session]:
    """Sessions that this person is registered for and can check in to now. One query."""
    at = clock.now()
    margin = dt.timedelta(hours=1)
    seat = Registration.objects.filter(activity=OuterRef("activity"), person=person_id, status__in=SEAT_TAKING)
    near = Session.objects.filter(
        Exists(seat), removed_at=None, kind=SlotKind.EDUCATION, starts_at__lte=at + margin, ends_at__gte=at - margin, code_released_at__isnull=False,
    ).exclude(status=SessionStatus.CANCELLED).select_related("activity")  # fmt: skip
    # A hall asks this within one minute: only the columns that a line of a list shows.
    near = near.only("title", "room", "starts_at", "ends_at", "activity__zone")
    return sorted((s for s in near if window(s)[0] <= at <= window(s)[1]), key=lambda s: (s.starts_at, s.pk))


def present(sessions: Iterable[Session]) -> dict[int, int]:
    """How many people each session has evidence of. One query."""
    rows = AttendanceEvidence.objects.filter(session__in=list(sessions), superseded_by=None, withdrawn=False)
    seen: dict[int, set[int]] = {}
    for session_id, identity_id in rows.values_list("session_id", "identity_id"):
        seen.setdefault(session_id, set()).add(identity_id)
    return {key: len(value) for key, value in seen.items()}


def _require_open(session: Session, at: dt.datetime) -> None:
    from zoneinfo import ZoneInfo

    if session.status == SessionStatus.CANCELLED or session.activity.status not in PUBLIC:
        raise Conflict("This session was cancelled.")
    if session.code_released_at is None:
        raise NotAllowed("Check-in opens when the session is ready.")
    opens, closes = window(session)
    zone = ZoneInfo(session.activity.zone)
    if at < opens:
        raise Conflict(
            f"Check-in opens at {opens.astimezone(zone):%-I:%M %p}, {opens.astimezone(zone):%b %-d}.".replace(
                "AM", "am"
            ).replace("PM", "pm")
        )
    if at > closes:
        raise Conflict(
            "Check-in for this session has closed. If you were there, ask the coordinator to mark you present; it counts the same."
        )


def _first_hand(session: Session, person: Person, method: str) -> AttendanceEvidence | None:
    return AttendanceEvidence.objects.filter(
        session=session, method=method, supersedes=None, identity__links__person=person, identity__links__ended_at=None
    ).first()
