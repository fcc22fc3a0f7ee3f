"""Certificates: frozen at the claim, rendered once, replaced or revoked with a reason, never rewritten (law 4)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from common import audit, clock, jobs, locks, mail, pdf, signing
from common.actors import Actor, require_office
from common.errors import Conflict, Invalid
from common.models import Job, JobState
from credits.documents import certificate as document
from credits.documents import design
from credits.domain import designs, letters
from credits.domain.holding import hold
from credits.enums import CertificateAct, CertificateStatus, CertificateWhy, ClaimStatus
from credits.models import Certificate, CertificateEvent, CertificateFile, Claim

ONLY_OFFICE = "Only the CME office changes certificates."
LIVE = (CertificateStatus.ON_REQUEST, CertificateStatus.PREPARING, CertificateStatus.ISSUED)
UNMADE = (CertificateStatus.ON_REQUEST, CertificateStatus.PREPARING)
TEMPLATE = "pdf/certificate.html"
STUCK_AFTER = 3  # failed tries; the learner would have had it within seconds

# --- making ----------------------------------------------------------------------------------------------


def prepare(claim: Claim, *, on_request: bool = False, supersedes: Certificate | None = None) -> Certificate:
    """Freeze the content of a claim's next certificate and have it rendered; assert an open transaction."""
    locks.require_transaction()
    from accounts.models import Provider

    at = clock.now()
    number = supersedes.number + 1 if supersedes else 1
    code = document.new_code(Provider.current(), at.year)
    look = designs.current()
    row = Certificate.objects.create(
        claim=claim, number=number, code=code, supersedes=supersedes, requested_at=at, template=look,
        template_version=f"{document.VERSION}+{look.number}" if look else document.VERSION,
        status=CertificateStatus.ON_REQUEST if on_request else CertificateStatus.PREPARING,
        snapshot=design.frozen(document.snapshot(claim, code=code, number=number), look),
    )  # fmt: skip
    if not on_request:
        _have_rendered(row)
    return row


def show(*, certificate_id: int, by: Actor) -> Certificate:
    """Have a certificate rendered that waited for its first opening (decision 32); asking twice changes nothing."""
    with transaction.atomic(durable=True):
        row = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate_id)
        if row.status == CertificateStatus.ON_REQUEST:
            row.status = CertificateStatus.PREPARING
            row.save(update_fields=["status"])
            _have_rendered(row)
        return row


@dataclass(frozen=True)
class Made:
    """A certificate as a file, not yet issued."""

    certificate_id: int
    content: bytes
    signed_with: str


def make(row: Certificate, signer: signing.Signer | None = None) -> Made:
    """The file of a certificate, from its frozen content alone: slow, outside of any transaction.

    Raises pdf.PdfUnavailable while the engine is missing on this host.
    """
    content = pdf.render(
        TEMPLATE, design.context(row.snapshot, row.template), title=title_of(row), lang=row.snapshot["lang"], identifier=row.code,
        created=row.requested_at, look=design.look(row.template) if row.template else None, signer=signer,
    )  # fmt: skip
    return Made(row.pk, content, signer.fingerprint if signer else "")


def render(certificate_id: int) -> None:
    """Render a prepared certificate and issue it. Safe to run twice: the second finds it issued, or loses the lock.

    Raises NotYet while the PDF engine is missing on this host.
    """
    waiting = Certificate.objects.filter(pk=certificate_id, status=CertificateStatus.PREPARING)
    row = waiting.select_related("template").first()
    if row is None:
        return
    try:
        made = make(row, signing.current())
    except pdf.PdfUnavailable as error:
        raise jobs.NotYet(str(error)) from error
    with transaction.atomic(durable=True):
        for issued, _was_asked in _issue([made]):
            _tell(issued)


def _issue(made: Sequence[Made]) -> list[tuple[Certificate, bool]]:
    """Keep files and issue their certificates, those that still wait for one, and whether somebody waits for the mail.

    Asserts an open transaction. Whoever locks first issues; the other's file is thrown away.
    """
    locks.require_transaction()
    files = {one.certificate_id: one for one in made}
    rows = list(
        Certificate.objects.select_for_update(of=("self",)).select_related("claim__person", "claim__activity")
        .filter(pk__in=files, status__in=UNMADE).order_by("pk")
    )  # fmt: skip
    CertificateFile.objects.bulk_create(CertificateFile(certificate=row, content=files[row.pk].content) for row in rows)
    at, issued = clock.now(), []
    for row in rows:
        one = files[row.pk]
        issued.append((row, row.status == CertificateStatus.PREPARING))
        row.status, row.issued_at, row.signed_with = CertificateStatus.ISSUED, at, one.signed_with
        row.sha256 = hashlib.sha256(one.content).hexdigest()
        row.save(update_fields=["status", "issued_at", "signed_with", "sha256"])
    letters.note(rows)
    return issued


def _have_rendered(row: Certificate) -> None:
    jobs.later("credits.tasks.render_certificate", row.pk, key=_key(row.pk))


def _key(certificate_id: int) -> str:
    return f"certificate:{certificate_id}"


# --- what could not be made --------------------------------------------------------------------------------


def stuck() -> QuerySet[Certificate]:
    """Certificates that several tries could not make, with `tries` and `trouble`; the ones given up are `given_up`."""
    job = Job.objects.filter(key=Concat(Value("certificate:"), Cast(OuterRef("pk"), CharField())))
    bad = job.filter(Q(state=JobState.FAILED) | Q(attempts__gte=STUCK_AFTER, state=JobState.DUE))
    return (
        Certificate.objects.filter(Exists(bad), status=CertificateStatus.PREPARING)
        .annotate(
            tries=Subquery(job.values("attempts")[:1]),
            trouble=Subquery(job.values("last_error")[:1]),
            given_up=Exists(job.filter(state=JobState.FAILED)),
        )
        .select_related("claim__person", "claim__activity")
        .order_by("pk")
    )


def is_stuck(row: Certificate) -> bool:
    """Whether a certificate that is being made has failed several times, so that its learner need not wait for it."""
    return row.status == CertificateStatus.PREPARING and stuck().filter(pk=row.pk).exists()


def repeat(*, certificate_ids: Sequence[int], by: Actor) -> int:
    """Try again to make certificates that could not be made. How many; the others were made meanwhile."""
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        rows = Certificate.objects.select_for_update(of=("self",)).filter(
            pk__in=certificate_ids, status=CertificateStatus.PREPARING
        )
        tried = 0
        for row in rows.order_by("pk"):
            if not jobs.again(_key(row.pk)):
                _have_rendered(row)
            audit.record("certificate_tried_again", by=by, subject=row)
            tried += 1
        return tried


# --- correcting --------------------------------------------------------------------------------------------


def supersede(
    *, certificate_id: int, reason: str, why: str = CertificateWhy.ANEW, note: str = "", by: Actor
) -> Certificate:
    """Issue a corrected version of what the claim and the person's name say today. Raises Conflict unless it is live.

    `why` is public, `reason` stays in the record, `note` goes to the learner with the news.
    """
    require_office(by, ONLY_OFFICE)
    _need(reason)
    with transaction.atomic(durable=True):
        return _supersede(_live_locked(certificate_id), why=why, reason=reason, note=note, by=by)


def revoke(
    *, certificate_id: int, reason: str, why: str = CertificateWhy.ERROR, note: str = "", by: Actor
) -> Certificate:
    """Withdraw a certificate; its page then says so. Raises Conflict unless it is live."""
    require_office(by, ONLY_OFFICE)
    _need(reason)
    with transaction.atomic(durable=True):
        return _revoke(_live_locked(certificate_id), why=why, reason=reason, note=note, by=by)


def restore(*, certificate_id: int, reason: str, note: str = "", by: Actor) -> Certificate:
    """Take back a revocation: the same bytes are valid again. Raises Conflict for anything else, or after a newer version."""
    require_office(by, ONLY_OFFICE)
    _need(reason)
    with transaction.atomic(durable=True):
        row = _locked(certificate_id)
        if row.status != CertificateStatus.REVOKED:
            raise Conflict("Only a revoked certificate can be restored.")
        if Certificate.objects.filter(claim=row.claim, status__in=LIVE).exists() or _replaced(row):
            raise Conflict("A newer version was issued since; it is the one that counts.")
        return _restore(row, reason=reason, note=note, by=by)


def reissue(
    *, certificate_id: int, reason: str, why: str = CertificateWhy.ANEW, note: str = "", by: Actor
) -> Certificate:
    """A new version after a revoked one, of what the claim says today. Raises Conflict when another one is live."""
    require_office(by, ONLY_OFFICE)
    _need(reason)
    with transaction.atomic(durable=True):
        row = _locked(certificate_id)
        if row.status != CertificateStatus.REVOKED or _replaced(row):
            raise Conflict("This certificate has a newer version already.")
        if Certificate.objects.filter(claim=row.claim, status__in=LIVE).exists():
            raise Conflict("The claim has another certificate that is valid.")
        new = prepare(row.claim, supersedes=row)
        _note_event(row, CertificateAct.SUPERSEDED, why, reason, note, by)
        audit.record("certificate_reissued", by=by, subject=row, new={"code": new.code}, reason=reason)
        return new


def email_again(*, certificate_id: int, by: Actor) -> None:
    """Send the link once more because the learner asked."""
    with transaction.atomic(durable=True):
        row = Certificate.objects.select_related("claim__person", "claim__activity").get(pk=certificate_id)
        if row.status != CertificateStatus.ISSUED:
            raise Conflict("The certificate is not ready yet.")
        _tell(row, key=f"certificate-again:{row.pk}:{clock.now():%Y%m%d%H%M}")


# Steps for whoever corrects a claim, inside that transaction (docs/developer/certificates.md). The claim is locked first.


def _live_of(claim: Claim) -> Certificate | None:
    """The claim's certificate that stands, locked; None when there is none."""
    locks.require_transaction()
    return (
        Certificate.objects.select_for_update(of=("self",))
        .select_related("claim__person", "claim__activity")
        .filter(claim=claim, status__in=LIVE)
        .first()
    )


def _supersede(
    old: Certificate, *, why: str, reason: str, by: Actor, note: str = "", claim: Claim | None = None, tell: bool = True
) -> Certificate:
    """End a locked live certificate and prepare its next version, of the same claim or of the one that took its place.

    The learner gets one e-mail, when the new version is made; none with `tell=False`, where the caller writes. The old
    bytes stay, and its page says what replaced it.
    """
    locks.require_transaction()
    _end(old, CertificateStatus.SUPERSEDED, CertificateAct.SUPERSEDED, why, reason, note, by, quiet=not tell)
    new = prepare(claim or old.claim, supersedes=old)
    audit.record("certificate_superseded", by=by, subject=old, new={"code": new.code}, reason=reason)
    return new


def _revoke(old: Certificate, *, why: str, reason: str, by: Actor, note: str = "", tell: bool = True) -> Certificate:
    """End a locked live certificate without another. `tell=False` where the caller writes to the learner."""
    locks.require_transaction()
    event = _end(old, CertificateStatus.REVOKED, CertificateAct.REVOKED, why, reason, note, by)
    audit.record("certificate_revoked", by=by, subject=old, reason=reason)
    if tell and old.sha256:  # nobody ever had a certificate that was not made yet
        _tell_of(old, event)
    return old


def _restore(row: Certificate, *, reason: str, by: Actor, note: str = "", tell: bool = True) -> Certificate:
    """Make a locked revoked certificate valid again; one that was never made is made now.

    `tell=False` where the caller writes to the learner, also in place of the news that it is ready.
    """
    locks.require_transaction()
    row.status = CertificateStatus.ISSUED if row.sha256 else CertificateStatus.PREPARING
    row.ended_at, row.ended_by, row.end_why, row.end_reason = None, "", "", ""
    row.save(update_fields=["status", "ended_at", "ended_by", "end_why", "end_reason"])
    event = _note_event(row, CertificateAct.RESTORED, CertificateWhy.RESTORED, reason, note, by, quiet=not tell)
    audit.record("certificate_restored", by=by, subject=row, reason=reason)
    if not row.sha256:
        if not jobs.again(_key(row.pk)):
            jobs.later("credits.tasks.render_certificate", row.pk, key=f"{_key(row.pk)}:{event.pk}")
    elif tell:
        _tell_of(row, event)
    return row


# --- reading -----------------------------------------------------------------------------------------------


def name_stands_on(person_id: int) -> bool:
    """Whether the person's name is on a certificate that stands, so that changing it asks for a reason."""
    return Certificate.objects.filter(claim__person_id=person_id, status__in=LIVE).exists()


def title_of(row: Certificate) -> str:
    """The document's title, which screen readers announce."""
    facts = row.snapshot["facts"]
    return f"Certificate for {facts['name']}: {facts['title']}"


def unsigned() -> QuerySet[Certificate]:
    """Certificates that stand and were issued without a digital signature."""
    return Certificate.objects.filter(status=CertificateStatus.ISSUED, signed_with="")


# --- small parts -------------------------------------------------------------------------------------------


def _locked(certificate_id: int) -> Certificate:
    """A certificate of a live claim, locked after that: whoever withdraws the claim waits, or was first."""
    claim = hold(Certificate.objects.values_list("claim_id", flat=True).get(pk=certificate_id))
    row = locks.lock_row(Certificate.objects.all(), pk=certificate_id)
    if claim.status != ClaimStatus.LIVE:
        raise Conflict("The claim behind this certificate was withdrawn.")
    row.claim = claim
    return row


def _live_locked(certificate_id: int) -> Certificate:
    row = _locked(certificate_id)
    if row.status not in LIVE:
        raise Conflict("This certificate was replaced or revoked already.")
    return row


def _replaced(row: Certificate) -> bool:
    return Certificate.objects.filter(supersedes=row).exists()


def _end(
    row: Certificate, status: str, act: str, why: str, reason: str, note: str, by: Actor, quiet: bool = False
) -> CertificateEvent:
    row.status, row.ended_at, row.ended_by, row.end_why, row.end_reason = status, clock.now(), by.label, why, reason
    row.save(update_fields=["status", "ended_at", "ended_by", "end_why", "end_reason"])
    return _note_event(row, act, why, reason, note, by, quiet)


def _note_event(
    row: Certificate, act: str, why: str, reason: str, note: str, by: Actor, quiet: bool = False
) -> CertificateEvent:
    return CertificateEvent.objects.create(
        certificate=row, act=act, why=why, reason=reason, note=note.strip(), quiet=quiet, at=clock.now(), by=by.label
    )


def _need(reason: str) -> None:
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})


# --- telling the learner -----------------------------------------------------------------------------------


def _tell(row: Certificate, key: str = "") -> None:
    """That a certificate is ready; of a corrected one also why."""
    facts = row.snapshot["facts"]
    event = _event_before(row)
    quiet = (event and event.quiet) or row.events.filter(act=CertificateAct.RESTORED, quiet=True).exists()
    if quiet and not key:
        return
    heading = "Your corrected certificate is ready" if event else "Your certificate is ready"
    _send(
        row, f"{heading}: {facts['title']}", key or _key(row.pk),
        heading=heading, why=CertificateWhy(event.why).label if event else "", note=event.note if event else "",
    )  # fmt: skip


def _tell_of(row: Certificate, event: CertificateEvent) -> None:
    """That a certificate was revoked, or is valid again."""
    facts = row.snapshot["facts"]
    gone = event.act == CertificateAct.REVOKED
    heading = "Your certificate was revoked" if gone else "Your certificate is valid again"
    _send(
        row, f"{heading}: {facts['title']}", f"certificate-event:{event.pk}",
        heading=heading, why=CertificateWhy(event.why).label, note=event.note, gone=gone,
    )  # fmt: skip


def _event_before(row: Certificate) -> CertificateEvent | None:
    if row.supersedes_id is None:
        return None
    events = CertificateEvent.objects.filter(certificate=row.supersedes_id, act=CertificateAct.SUPERSEDED)
    return events.order_by("-pk").first()


def address_of(claim: Claim) -> str:
    """Where the holder of a claim reads news of it: a proved address, the main one first; "" without any."""
    found = claim.person.addresses.filter(kind="email", removed_at=None, verified_at__isnull=False)
    return found.order_by("-is_primary", "pk").values_list("value", flat=True).first() or ""


def mail_about(
    row: Certificate, *, heading: str, why: str = "", note: str = "", gone: bool = False
) -> dict[str, object]:
    """What an e-mail about a certificate says; the page that asks before many are sent shows the same."""
    facts = row.snapshot["facts"]
    page = reverse("credits:verify_code" if gone else "credits:certificate", args=[row.code])
    return {
        "heading": heading, "why": why, "note": note, "gone": gone, "credit_runs": [] if gone else facts["credit_runs"],
        "button_url": settings.PORTAL_BASE_URL + page, "button_label": "See its record" if gone else "Open the certificate",
        "facts": [("Activity", facts["title"]), ("When", facts["dates"]), ("Code", row.code)],
    }  # fmt: skip


def _send(row: Certificate, subject: str, key: str, **said: object) -> None:
    address = address_of(row.claim)
    if address:
        context = mail_about(row, **said)  # type: ignore[arg-type]
        mail.send(
            "certificate_ready",
            to=address,
            to_name=row.claim.person.full_name,
            subject=subject,
            key=key,
            context=context,
        )
