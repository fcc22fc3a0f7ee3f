"""The evidence ledger (law 1): check-ins and corrections add rows; what is known is read from all of them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import rules
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.module_loading import import_string

from accounts.domain import identities
from accounts.models import Identity, IdentityLink, Person
from activities.domain import changing, checkout, registrations, ways
from activities.enums import PUBLIC, SEAT_TAKING, CheckInBy, CheckInWay, EvidenceMethod, SessionStatus, SlotKind
from activities.models import Activity, AttendanceEvidence, CheckInDevice, Registration, Session
from common import audit, clock, codes, locks, ratelimit, rulesets
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.views import note

CODE_LENGTH = 6
WRONG_CODE = "wrong_code"  # noted, so that the office sees who guesses
TRIES_WINDOW = dt.timedelta(minutes=10)
SESSION_OPEN = frozenset({SessionStatus.PLANNED, SessionStatus.READY})
CHANGING_SOURCE = "changing code"  # the source of evidence that came by a code of the screen


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


def session_of_code(*, typed: str, person_id: int | str, late: int = changing.LATE) -> Session:
    """The session that a code belongs to. Raises Invalid for a wrong code, Conflict after too many.

    Wrong tries are counted per person, or per phone that nobody knows, not per network address: a hall shares one
    (decision 23). Of codes that change,
    those of the last `late` steps count too.
    """
    code = codes.normalize(typed)
    _require_tries(person_id)
    released = Session.objects.filter(removed_at=None, code_released_at__isnull=False, activity__status__in=PUBLIC)
    found = released.filter(check_in_code=code).exclude(check_in_code="").select_related("activity")
    session = found.order_by("-starts_at").first()
    if session is None:
        session = _session_of_changing(code, released, late)
    elif session.check_in_by == CheckInBy.CHANGING:
        raise Invalid(fields={"code": "The code of this session changes. Type the one that is on the screen now."})
    if session is None:
        _count_wrong(person_id)
        raise Invalid(fields={"code": "No session has this code. Look again at the screen in the room."})
    return session


def session_of_scan(*, token: str, person_id: int, scanned_at: dt.datetime | None) -> Session:
    """The session whose changing code was scanned, now or a while ago by this browser (`scanned_at`).

    Raises Conflict for a code that has changed since, such as a photograph of it; Invalid for one that we never made.
    """
    _require_tries(person_id)
    scan = changing.read(token)
    if scan is None:
        _count_wrong(person_id)
        raise Invalid("This is no code of ours. Scan the one on the screen in the room.")
    released = Session.objects.filter(removed_at=None, code_released_at__isnull=False, activity__status__in=PUBLIC)
    session = released.filter(pk=scan.session_id).select_related("activity").first()
    if session is None or session.check_in_by != CheckInBy.CHANGING:
        raise Conflict("This session takes another code now. Scan the one on the screen in the room.")
    recent = scanned_at is not None and dt.timedelta(0) <= clock.now() - scanned_at <= changing.SCAN_LASTS
    if not scan.fresh and not recent:
        raise Conflict(
            "This code has changed since it was on the screen",
            "Scan the one that is there now, or type the letters beside it. No screen in sight? Give your name at the desk; it counts the same.",
        )
    return session


def _session_of_changing(code: str, released: QuerySet[Session], late: int) -> Session | None:
    """Among the sessions that run now. Two queries, the second only for a code that is right."""
    at, margin = clock.now(), dt.timedelta(hours=1)
    near = released.filter(
        check_in_by=CheckInBy.CHANGING, starts_at__lte=at + margin, ends_at__gte=at - margin, status__in=SESSION_OPEN
    )
    session_id, fresh = changing.session_of(code, near.values_list("pk", flat=True), late=late)
    if session_id is None:
        return None
    if not fresh:
        raise Invalid(fields={"code": "This code has changed. Type the one that is on the screen now."})
    return released.select_related("activity").get(pk=session_id)


def _require_tries(person_id: int | str) -> None:
    if ratelimit.used("check_in_wrong", person_id) >= rulesets.value_on("checkin.tries"):
        raise Conflict("Ten codes did not match. Wait ten minutes, or give your name at the desk; both count the same.")


def keep_device(evidence: AttendanceEvidence, cookie: str) -> None:
    """Which browser a check-in came from, inside the caller's transaction. One query."""
    locks.require_transaction()
    CheckInDevice.objects.bulk_create(
        [CheckInDevice(evidence=evidence, device=codes.digest(cookie)[:32])], ignore_conflicts=True
    )


def _count_wrong(person_id: int | str) -> None:
    if isinstance(person_id, int):  # of a phone that nobody knows the message is noted
        note(WRONG_CODE, Person(pk=person_id), Actor(kind="system", label="check-in", person_id=person_id))
    ratelimit.hit("check_in_wrong", person_id, limit=rulesets.value_on("checkin.tries"), per=TRIES_WINDOW)


def choose_code(*, session_id: int, check_in_by: str, check_out: bool = False, by: Actor) -> Session:
    """One code for the session, or one that changes on the screen, and whether people check out too. Raises NotAllowed for anybody but its planners and
    the office, Conflict once check-in is over."""
    if check_in_by not in CheckInBy.values:
        raise Invalid(fields={"check_in_by": "Choose one of the two."})
    with transaction.atomic(durable=True):
        session = locks.lock_row(Session.objects.select_related("activity"), pk=session_id)
        if not rules.has_perm("activities.edit_plan", by, session.activity):
            raise NotAllowed("Only the planners of this activity and the CME office choose how people check in.")
        if not may_choose_code(session):
            raise Conflict("Check-in for this session is over. What was recorded stays as it is.")
        old, new = (session.check_in_by, session.check_out), (check_in_by, check_out)
        if old != new:
            session.check_in_by, session.check_out = new
            session.save(update_fields=["check_in_by", "check_out"])
            audit.record(
                "check_in_chosen", by=by, subject=session, old={"code": old[0], "check_out": old[1]}, new={"code": new[0], "check_out": new[1]}
            )  # fmt: skip
    return session


def may_choose_code(session: Session) -> bool:
    """Whether it still matters which code counts."""
    return session.status in SESSION_OPEN and session.removed_at is None and window(session)[1] >= clock.now()


def check_in(
    *, session_id: int, person_id: int, method: str, disclosure_sha: str = "", device: str = "", by: Actor
) -> CheckIn:
    """Record that a person is in the room; register them first if seats remain (decision 8).

    `device` is the number of the browser's cookie. Raises Conflict outside the window, for a cancelled session or a full
    activity, or where it was taken back. A second tap changes nothing; after checking out it is coming back.
    """
    with transaction.atomic(durable=True):
        session = Session.objects.select_related("activity").get(pk=session_id)
        at = clock.now()
        source = CHANGING_SOURCE if session.check_in_by == CheckInBy.CHANGING else ""
        _require_open(session, method, at)
        person = Person.objects.get(pk=person_id)
        registrations.ensure_registered(activity=session.activity, person=person, at=at)
        if session.check_out and (back := checkout.enter_again(session, person, at, by)) is not None:
            return CheckIn(session, back, is_new=True)
        before = first_hand(session, person, method)
        if before is not None:
            return CheckIn(session, require_standing(before), is_new=False)
        minutes = checkout.minutes_from(session, at)
        identity = identities.of_person(person)
        row = put(
            session=session, identity=identity, method=method, at=at, minutes=minutes, source=source, recorded_at=at, by=by,
        )  # fmt: skip
        if device and row.at == at:
            keep_device(row, device)
        if disclosure_sha:
            # The text itself belongs to a higher app; it keeps what was on the page of this act (SII-3.5d, e).
            record = import_string(settings.DISCLOSURE_DELIVERY)
            record(
                activity=session.activity, session=session, person=person, sha=disclosure_sha, channel="check-in", at=at
            )
        return CheckIn(session, row, is_new=row.at == at)


def check_in_unknown(*, session_id: int, kind: str, value: str, method: str, by: Actor) -> AttendanceEvidence:
    """Record what a phone or a badge said that nobody knows yet; the row waits for its owner. A second time changes nothing.

    Raises as `check_in`; nobody is registered, because nobody is known.
    """
    with transaction.atomic(durable=True):
        session = Session.objects.select_related("activity").get(pk=session_id)
        at = clock.now()
        source = CHANGING_SOURCE if session.check_in_by == CheckInBy.CHANGING else ""
        _require_open(session, method, at)
        minutes = checkout.minutes_from(session, at)
        identity = identities.identity(kind=kind, value=value)
        return put(
            session=session, identity=identity, method=method, at=at, minutes=minutes, source=source, recorded_at=at, by=by,
        )  # fmt: skip


def mark_present(*, session_id: int, person_id: int, minutes: int | None, reason: str, by: Actor) -> AttendanceEvidence:
    """Staff or coordinator say that somebody was there; the reason is kept with the row.

    Raises NotAllowed for oneself, Conflict before the door opens or for a cancelled session, Invalid for more minutes than it has.
    """
    with transaction.atomic(durable=True):
        session = Session.objects.select_related("activity").get(pk=session_id)
        person = Person.objects.get(pk=person_id)
        require_seen(session, person.pk, by)
        _require_minutes(session, minutes)
        return add_present(session=session, person=person, minutes=minutes, reason=reason, at=clock.now(), by=by)


def require_seen(session: Session, person_id: int | None, by: Actor) -> None:
    """What holds whoever says that a person is or was there: nobody says it of themselves, nor before it could be."""
    if person_id is not None and person_id == by.person_id:
        raise NotAllowed("Nobody marks themselves present. Check in with the code, or ask a colleague.")
    if session.status == SessionStatus.CANCELLED:
        raise Conflict("This session was cancelled.")
    if clock.now() < window(session)[0]:
        raise Conflict("Nobody can be there yet. The door opens with check-in.")


def _require_minutes(session: Session, minutes: int | None) -> None:
    if minutes is not None and not 0 < minutes <= session.minutes:
        raise Invalid(fields={"minutes": f"Between 1 and {session.minutes} minutes."})


def add_present(
    *, session: Session, person: Person, minutes: int | None, reason: str, at: dt.datetime, by: Actor
) -> AttendanceEvidence:
    """The row that says somebody saw a person there; assert an open transaction. Raises Conflict when it stands already.

    One that was taken back is followed by another, as every correction is (law 1).
    """
    locks.require_transaction()
    identity = identities.of_person(person)
    last = AttendanceEvidence.objects.filter(
        session=session, identity=identity, method=EvidenceMethod.STAFF, superseded_by=None
    ).first()
    if last is not None and not last.withdrawn:
        raise Conflict("This person is marked present already. Correct that row instead.")
    row = AttendanceEvidence.objects.create(
        session=session, identity=identity, method=EvidenceMethod.STAFF, at=at, minutes=minutes, recorded_by=by.label,
        recorded_at=at, supersedes=last, reason=reason or ("Marked present again" if last else ""),
    )  # fmt: skip
    audit.record("marked_present", by=by, subject=session, new={"person": person.pk, "minutes": minutes}, reason=reason)
    return row


def state(*, session: Session, person: Person, minutes: int, at: dt.datetime, by: Actor) -> AttendanceEvidence:
    """The row behind a learner's own statement; assert an open transaction."""
    identity = identities.of_person(person)
    return put(
        session=session, identity=identity, method=EvidenceMethod.SELF, at=at, minutes=minutes, recorded_at=at, by=by
    )


def correct(*, evidence_id: int, minutes: int | None, withdrawn: bool, reason: str, by: Actor) -> AttendanceEvidence:
    """Supersede a row of the ledger: the old one stays, the new one says why (law 1).

    Raises NotAllowed for one's own row, unless it is taken back; Invalid for more minutes than the session has.
    """
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; others will read it."})
    with transaction.atomic(durable=True):
        old = AttendanceEvidence.objects.select_for_update(of=("self",)).select_related("session").get(pk=evidence_id)
        if not withdrawn:
            if by.person_id and old.identity.links.filter(ended_at=None, person=by.person_id).exists():
                raise NotAllowed("Nobody corrects their own attendance. Ask a colleague.")
            _require_minutes(old.session, minutes)
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
    return list(AttendanceEvidence.objects.of(person_id).standing().filter(session__activity=activity).order_by("at"))


def took_part(person_id: int, activity: Activity) -> bool:
    """Whether the ledger has anything that stands of a person in an activity. One query."""
    return AttendanceEvidence.objects.of(person_id).standing().filter(session__activity=activity).exists()


def open_sessions(person_id: int) -> list[Session]:
    """Sessions that this person is registered for and can check in to now. One query."""
    at = clock.now()
    margin = dt.timedelta(hours=1)
    seat = Registration.objects.filter(activity=OuterRef("activity"), person=person_id, status__in=SEAT_TAKING)
    near = Session.objects.filter(
        Exists(seat), activity__check_in_ways__contains=[CheckInWay.CODE], removed_at=None, kind=SlotKind.EDUCATION, starts_at__lte=at + margin, ends_at__gte=at - margin, code_released_at__isnull=False,
    ).exclude(status=SessionStatus.CANCELLED).select_related("activity")  # fmt: skip
    # A hall asks this within one minute.
    near = near.only("title", "room", "starts_at", "ends_at", *Activity.line("activity__"))
    return sorted((s for s in near if window(s)[0] <= at <= window(s)[1]), key=lambda s: (s.starts_at, s.pk))


def present(sessions: Iterable[Session]) -> dict[int, int]:
    """How many people each session has evidence of: whose several identities are known counts once. One query."""
    rows = AttendanceEvidence.objects.standing().filter(session__in=list(sessions))
    owner = IdentityLink.objects.filter(identity=OuterRef("identity"), ended_at=None).values("person")[:1]
    seen: dict[int, set[tuple[int | None, int]]] = {}
    for session_id, person_id, identity_id in rows.annotate(owner=Subquery(owner)).values_list(
        "session", "owner", "identity"
    ):
        seen.setdefault(session_id, set()).add((person_id, 0) if person_id else (None, identity_id))
    return {key: len(value) for key, value in seen.items()}


def _require_open(session: Session, method: str, at: dt.datetime) -> None:
    from zoneinfo import ZoneInfo

    if session.status == SessionStatus.CANCELLED or session.activity.status not in PUBLIC:
        raise Conflict("This session was cancelled.")
    if session.code_released_at is None:
        raise NotAllowed("Check-in opens when the session is ready.")
    ways.require_method(session.activity, method)
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


def first_hand(session: Session, person: Person, method: str) -> AttendanceEvidence | None:
    """The row that this way of knowing has of a person already, by any of their identities."""
    return AttendanceEvidence.objects.of(person).filter(session=session, method=method, supersedes=None).first()


def put(
    *,
    session: Session,
    identity: Identity,
    method: str,
    at: dt.datetime,
    minutes: int | None,
    source: str = "",
    recorded_at: dt.datetime,
    by: Actor,
) -> AttendanceEvidence:
    """Add a first-hand row inside the caller's transaction; the same one again finds the first.

    Raises Conflict where that was taken back: who did it answers for it, and no second press undoes it.
    """
    locks.require_transaction()
    row = AttendanceEvidence(
        session=session, identity=identity, method=method, at=at, minutes=minutes, recorded_by=by.label, recorded_at=recorded_at, source=source,
    )  # fmt: skip
    AttendanceEvidence.objects.bulk_create([row], ignore_conflicts=True)
    return require_standing(
        AttendanceEvidence.objects.get(session=session, identity=identity, method=method, supersedes=None)
    )


def require_standing(first: AttendanceEvidence) -> AttendanceEvidence:
    """A first-hand row, unless what became of it was taken back: then Conflict, so that nobody is told that they are in."""
    tip = AttendanceEvidence.objects.filter(
        session=first.session_id, identity=first.identity_id, method=first.method, superseded_by=None
    ).first()
    if tip is not None and tip.withdrawn:
        raise Conflict(
            "Your check-in was taken back. Were you there? Tell whoever runs the session; they can mark you present."
        )
    return first
