"""A learner's own statement that they attended, where the office takes one (AMA-CLAIM-1).

It fills a gap in the record after the session, within the time to claim, and never goes against it: whoever was asked
and said no, or corrected the record, has the last word.
"""

from dataclasses import dataclass

from django.db import transaction

from accounts.domain import people
from accounts.models import Person
from activities.domain import attendance, ways
from activities.enums import CheckInWay, EvidenceMethod, RegistrationStatus
from activities.models import Activity, AttendanceEvidence, Registration, SelfStatement, Session
from common import audit, clock, statements
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.templatetags.cme import local_date
from credits import eligibility
from credits.domain import facts
from credits.entitlement import Facts
from credits.enums import RequestStatus
from credits.models import ClaimRequest

STATEMENT = "CHECKIN-SELF"
NOT_OFFERED = "You can’t state this for yourself. “Why don’t I have this credit?” says what helps."


@dataclass(frozen=True)
class Wording:
    """The sentence as it stands today for a session, and which version of it."""

    text: str
    version: str


def wording(session: Session) -> Wording:
    row = statements.row(STATEMENT)
    day = local_date(session.starts_at, session.activity.zone)
    return Wording(statements.fill(row.body, session=session.title, day=day), row.version)


def offered(person: Person, activity: Activity, known: Facts) -> frozenset[int]:
    """Sessions of which this person may state that they attended: registered before they ended. No query where none is to be stated, else three."""
    if not ways.takes(activity, CheckInWay.SELF):
        return frozenset()
    lacking = {
        s.id for s in known.sessions
        if known.now >= s.ends_at and eligibility.verdict(known, s).verdict == "no_evidence"
    }  # fmt: skip
    if not lacking:
        return frozenset()
    place = Registration.objects.filter(activity=activity, person=person, status=RegistrationStatus.REGISTERED).first()
    if place is None:
        return frozenset()
    lacking -= {
        s.id for s in known.sessions if s.ends_at < place.created_at
    }  # who registered afterwards was not expected
    # No way around an answer: what others took off the record, asked about or refused stays with them.
    corrected = AttendanceEvidence.objects.of(person).filter(session__in=lacking).values_list("session_id", flat=True)
    asked = ClaimRequest.objects.filter(person=person, session__in=lacking).exclude(status=RequestStatus.GRANTED)
    return frozenset(lacking - set(corrected) - set(asked.values_list("session_id", flat=True)))


def attest(*, session_id: int, person_id: int, minutes: int, version: str, by: Actor) -> AttendanceEvidence:
    """Put the statement on record with the words that were read. A second time changes nothing.

    Raises NotAllowed for anybody but the learner, Conflict where none is taken, Invalid for minutes that the session did
    not have and for words that changed meanwhile.
    """
    if by.person_id != person_id:
        raise NotAllowed("Only the learner states what they attended.")
    with transaction.atomic(durable=True):
        person = people.hold(person_id)  # two taps wait for each other
        session = Session.objects.select_related("activity").get(pk=session_id)
        before = attendance.first_hand(session, person, EvidenceMethod.SELF)
        if before is not None and not AttendanceEvidence.objects.filter(supersedes=before).exists():
            return before
        ways.require(session.activity, CheckInWay.SELF)
        if session.pk not in offered(person, session.activity, facts.load(person, session.activity)):
            raise Conflict(NOT_OFFERED)
        if not 0 < minutes <= session.minutes:
            raise Invalid(fields={"minutes": f"Between 1 and {session.minutes} minutes."})
        said, at = wording(session), clock.now()
        if version != said.version:
            raise Invalid("The sentence changed since you opened the page. Read it once more.")
        row = attendance.state(session=session, person=person, minutes=minutes, at=at, by=by)
        SelfStatement.objects.create(evidence=row, sentence=said.text, version=said.version, minutes=minutes, at=at)
        audit.record("attendance_stated", by=by, subject=session, new={"person": person.pk, "minutes": minutes})
        return row
