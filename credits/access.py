"""Own claims and certificates; a certificate's code opens only its public page."""

from django.http import Http404

from activities import access as activity_access
from activities.domain import attendance
from activities.models import Activity, AttendanceEvidence, Session
from common.actors import Actor
from credits.enums import ClaimStatus
from credits.models import Certificate, Claim, TranscriptDocument


def claimable(number: str) -> Activity:
    """A public activity, whatever the person may claim in it."""
    return activity_access.public(number)


def own_claim(actor: Actor, pk: int) -> Claim:
    found = (
        Claim.objects.select_related("activity", "person")
        .filter(pk=pk, person_id=actor.person_id or 0, status=ClaimStatus.LIVE)
        .first()
    )
    if found is None or actor.person_id is None:
        raise Http404
    return found


def own_certificate(actor: Actor, code: str) -> Certificate:
    """A person's own certificate; the office sees everybody's."""
    found = Certificate.objects.select_related("claim__activity", "claim__person").filter(code=code)
    if not actor.is_office:
        found = found.filter(claim__person_id=actor.person_id or 0)
    row = found.first()
    if row is None or actor.person_id is None:
        raise Http404
    return row


def own_transcript(actor: Actor, code: str) -> TranscriptDocument:
    """A person's own transcript document; the office sees everybody's."""
    found = TranscriptDocument.objects.select_related("person").filter(code=code)
    if not actor.is_office:
        found = found.filter(person_id=actor.person_id or 0)
    row = found.first()
    if row is None or actor.person_id is None:
        raise Http404
    return row


def attended(actor: Actor, session_id: int) -> tuple[Session, AttendanceEvidence]:
    """A session and the actor's own evidence of it; somebody who is not in it finds nothing."""
    session = Session.objects.select_related("activity").filter(pk=session_id, removed_at=None).first()
    if session is None or actor.person_id is None:
        raise Http404
    rows = [e for e in attendance.of_person(actor.person_id, session.activity) if e.session_id == session.pk]
    if not rows:
        raise Http404
    return session, rows[0]
