"""At the door: whoever runs a session sees who is in, adds people by name, and takes back what was wrong."""

from dataclasses import dataclass

import rules
from django.db import transaction

from accounts.domain import identities, people, sign_in
from accounts.enums import IdentityKind
from accounts.models import Identity, Person
from activities.domain import attendance, checkout, roster, ways
from activities.enums import CheckInWay, EvidenceMethod
from activities.models import AttendanceEvidence, Session, WalkIn
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

SEEN = "Seen at the door"
TAKEN_BACK = "Taken back at the door"
NEWEST = 60  # names on the page; the whole record is one link away


@dataclass(frozen=True)
class There:
    """One person who is in: how that is known first, and the row at the door that can be taken back."""

    name: str
    person_id: int | None
    address: str
    evidence: AttendanceEvidence
    own: AttendanceEvidence | None


def there(session: Session) -> list[There]:
    """Who is in, the newest first, each person once. Two queries."""
    found: dict[tuple[str, int], list[roster.Line]] = {}
    for line in roster.lines(session):
        if not line.evidence.withdrawn:
            key = ("p", line.person.pk) if line.person else ("i", line.evidence.identity_id)
            found.setdefault(key, []).append(line)
    rows = []
    for lines in found.values():
        first = min(lines, key=lambda line: (line.evidence.at, line.evidence.pk))
        own = next((x.evidence for x in lines if x.evidence.method == EvidenceMethod.STAFF), None)
        rows.append(
            There(
                first.name,
                first.person.pk if first.person else None,
                first.evidence.identity.value,
                first.evidence,
                own,
            )
        )
    return sorted(rows, key=lambda row: (row.evidence.at, row.evidence.pk), reverse=True)


def add(*, session_id: int, person_id: int, by: Actor) -> AttendanceEvidence:
    """Somebody whom the portal knows is here. Raises Conflict when they are in already."""
    with transaction.atomic(durable=True):
        session = _hold(session_id, by)
        person = people.live(person_id)
        attendance.require_seen(session, person.pk, by)
        if person.deactivated_at is not None:
            raise Conflict("This account is closed. The CME office can help.")
        return _put(session, identities.of_person(person), person, "", by)


def add_walk_in(*, session_id: int, name: str, email: str, by: Actor) -> AttendanceEvidence:
    """Somebody who may have no account yet, by name and e-mail: the row waits for them until they sign in with it.

    Raises Invalid for what is no address, Conflict when they are in already.
    """
    given = " ".join(name.split())
    value = sign_in.normalize_email(email)
    if not given:
        raise Invalid(fields={"name": "Write their name."})
    with transaction.atomic(durable=True):
        session = _hold(session_id, by)
        person = people.find_by_email(value)
        if person is not None:
            attendance.require_seen(session, person.pk, by)
            return _put(session, identities.of_person(person), person, "", by)
        identity = identities.identity(kind=IdentityKind.EMAIL, value=value)
        return _put(session, identity, None, given, by)


def take_back(*, session_id: int, evidence_id: int, by: Actor) -> AttendanceEvidence:
    """Void a row that was added at the door; it stays in the record with who took it back (law 1)."""
    with transaction.atomic(durable=True):
        session = _hold(session_id, by)
        row = AttendanceEvidence.objects.filter(session=session, pk=evidence_id, method=EvidenceMethod.STAFF).first()
        if row is None:
            raise Conflict("This row is not of the door. Correct it in the record.")
        if row.withdrawn or AttendanceEvidence.objects.filter(supersedes=row).exists():
            raise Conflict("This was taken back or corrected already.")
        return _supersede(row, withdrawn=True, reason=TAKEN_BACK, by=by)


def _hold(session_id: int, by: Actor) -> Session:
    """The session, locked: two people at one door do not add the same person twice."""
    session = locks.lock_row(Session.objects.select_related("activity"), pk=session_id, removed_at=None)
    if not rules.has_perm("activities.edit_plan", by, session.activity):
        raise NotAllowed("Only the planners of this activity and the CME office mark people present.")
    attendance.require_seen(session, None, by)
    return session


def _put(session: Session, identity: Identity, person: Person | None, name: str, by: Actor) -> AttendanceEvidence:
    locks.require_transaction()
    ways.require(session.activity, CheckInWay.DOOR)
    who = {"identity__links__person": person, "identity__links__ended_at": None} if person else {"identity": identity}
    live = AttendanceEvidence.objects.filter(session=session, superseded_by=None, **who)
    if live.filter(withdrawn=False).exists():
        raise Conflict(f"{person.full_name if person else name} is in already.")
    gone = live.filter(method=EvidenceMethod.STAFF, withdrawn=True).order_by("-pk").first()
    if gone is not None:
        return _supersede(gone, withdrawn=False, reason=SEEN, by=by)
    at = clock.now()
    row = AttendanceEvidence.objects.create(
        session=session, identity=identity, method=EvidenceMethod.STAFF, at=min(at, session.ends_at), recorded_by=by.label,
        recorded_at=at, reason=SEEN, minutes=checkout.minutes_from(session, at) if at < session.ends_at else None,
    )  # fmt: skip
    if name:
        WalkIn.objects.create(evidence=row, name=name)
    audit.record("marked_present", by=by, subject=session, new={"person": person.pk if person else name}, reason=SEEN)
    return row


def _supersede(old: AttendanceEvidence, *, withdrawn: bool, reason: str, by: Actor) -> AttendanceEvidence:
    row = AttendanceEvidence.objects.create(
        session_id=old.session_id, identity_id=old.identity_id, method=old.method, at=old.at, minutes=old.minutes,
        recorded_by=by.label, recorded_at=clock.now(), supersedes=old, withdrawn=withdrawn, reason=reason,
    )  # fmt: skip
    audit.record("evidence_corrected", by=by, subject=old, new={"withdrawn": withdrawn}, reason=reason)
    return row
