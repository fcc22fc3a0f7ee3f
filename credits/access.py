"""Own claims and certificates; a certificate's code opens only its public page."""

from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.models import Person
from activities import access as activity_access
from activities.domain import attendance
from activities.models import Activity, AttendanceEvidence, ImportBatch, Session
from common import clock
from common.actors import Actor
from credits.domain import external, requirements
from credits.domain.external import External
from credits.enums import ClaimStatus
from credits.models import (
    Certificate,
    CertificateRun,
    Claim,
    ExternalCredit,
    RecordExport,
    RequirementProfile,
    TranscriptDocument,
)


def former_list(pk: int) -> ImportBatch:
    """A list of credit of a former system; only pages of the office ask for one."""
    found = ImportBatch.objects.filter(activity=None, pk=pk).select_related("file").first()
    if found is None:
        raise Http404
    return found


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


def own_external(actor: Actor, pk: int) -> External:
    """A line of credit from elsewhere, for who entered it and for nobody else."""
    rows = ExternalCredit.objects.filter(pk=pk, person_id=actor.person_id or 0, removed_at=None)
    row = rows.select_related("credit_type", "proof").first()
    if row is None:
        raise Http404
    return external.line(row)


def removed_external(actor: Actor, pk: str) -> ExternalCredit | None:
    """A line that its owner just removed, for the bar that takes it back."""
    if not pk.isdecimal() or len(pk) > 17:
        return None
    return ExternalCredit.objects.filter(pk=pk, person_id=actor.person_id or 0, removed_at__isnull=False).first()


def profile(code: str) -> RequirementProfile:
    """What a body asks for today."""
    found = requirements.profiles(clock.now().date()).get(code)
    if found is None:
        raise Http404
    return found


def person(pk: int) -> Person:
    """Anybody, for the office."""
    found = Person.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def own_export(actor: Actor, pk: int) -> RecordExport:
    """A copy of a record, for who asked for it; the office loses what it asked for with its role."""
    row = RecordExport.objects.filter(pk=pk, asked_person_id=actor.person_id or 0).first()
    # Who looks as somebody else does not carry their whole record away.
    if row is None or actor.seen_by is not None or (row.person_id != actor.person_id and not actor.is_office):
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


def session_of_public(session_id: int) -> Session:
    """A session of an activity that everybody may see, cancelled ones included."""
    found = (
        Session.objects.select_related("activity__department")
        .filter(pk=session_id, removed_at=None, activity__published_at__isnull=False).first()
    )  # fmt: skip
    if found is None:
        raise Http404
    return found


def people_of_activity(activity: Activity) -> QuerySet[Person]:
    """Who registered, was seen or asked in this activity."""
    here = (
        Q(registrations__activity=activity)
        | Q(identity_links__ended_at=None, identity_links__identity__evidence__session__activity=activity)
        | Q(claim_requests__session__activity=activity)
    )
    return Person.objects.filter(pk__in=Person.objects.filter(here).values("pk"), deactivated_at=None)


def person_of_activity(actor: Actor, activity: Activity, person_id: int) -> Person:
    """Somebody of this activity; nobody looks up others through it, but the office answers for everybody."""
    if actor.is_office:
        return person(person_id)
    found = people_of_activity(activity).filter(pk=person_id).first()
    if found is None:
        raise Http404
    return found


def certificate_run(actor: Actor, pk: int) -> CertificateRun:
    """Work over many certificates: of an activity for who may plan it, of all of them for the office, one's own for oneself."""
    found = CertificateRun.objects.select_related("activity").filter(pk=pk).first()
    if found is None or actor.person_id is None:
        raise Http404
    if found.chosen.get("own"):
        if found.asked_person_id != actor.person_id:
            raise Http404
    elif not actor.is_office:
        if found.activity is None:
            raise Http404
        activity_access.plan(actor, found.activity.number)
    return found
