"""Certificates: frozen at the claim, rendered once, replaced or revoked with a reason, never rewritten (law 4)."""

import hashlib

from django.db import transaction

from common import audit, clock, jobs, locks, mail, pdf
from common.actors import Actor
from common.errors import Conflict, Invalid
from credits.documents import certificate as document
from credits.enums import CertificateStatus, ClaimStatus
from credits.models import Certificate, CertificateFile, Claim

LIVE = (CertificateStatus.ON_REQUEST, CertificateStatus.PREPARING, CertificateStatus.ISSUED)


def prepare(claim: Claim, *, on_request: bool = False, supersedes: Certificate | None = None) -> Certificate:
    """Freeze the content of a claim's next certificate and have it rendered; assert an open transaction."""
    locks.require_transaction()
    from accounts.models import Provider

    at = clock.now()
    number = supersedes.number + 1 if supersedes else 1
    code = document.new_code(Provider.current(), at.year)
    row = Certificate.objects.create(
        claim=claim, number=number, code=code, supersedes=supersedes, requested_at=at, template_version=document.VERSION,
        status=CertificateStatus.ON_REQUEST if on_request else CertificateStatus.PREPARING,
        snapshot=document.snapshot(claim, code=code, number=number),
    )  # fmt: skip
    if not on_request:
        jobs.later("credits.tasks.render_certificate", row.pk, key=f"certificate:{row.pk}")
    return row


def show(*, certificate_id: int, by: Actor) -> Certificate:
    """Have a certificate rendered that waited for its first opening (decision 32); asking twice changes nothing."""
    with transaction.atomic(durable=True):
        row = Certificate.objects.select_for_update().get(pk=certificate_id)
        if row.status == CertificateStatus.ON_REQUEST:
            row.status = CertificateStatus.PREPARING
            row.save(update_fields=["status"])
            jobs.later("credits.tasks.render_certificate", row.pk, key=f"certificate:{row.pk}")
        return row


def render(certificate_id: int) -> None:
    """Render a prepared certificate and issue it. Safe to run twice: the second finds it issued, or loses the lock.

    Raises NotYet while the PDF engine is missing on this host.
    """
    row = Certificate.objects.filter(pk=certificate_id, status=CertificateStatus.PREPARING).first()
    if row is None:
        return
    try:
        content = pdf.render(
            "pdf/certificate.html",
            row.snapshot,
            title=title_of(row),
            lang=row.snapshot["lang"],
            identifier=row.code,
            created=row.requested_at,
        )
    except pdf.PdfUnavailable as error:
        raise jobs.NotYet(str(error)) from error
    with transaction.atomic(durable=True):
        row = (
            Certificate.objects.select_for_update(of=("self",))
            .select_related("claim__person", "claim__activity")
            .get(pk=certificate_id)
        )
        if row.status != CertificateStatus.PREPARING:
            return
        CertificateFile.objects.create(certificate=row, content=content)
        row.status, row.issued_at, row.sha256 = (
            CertificateStatus.ISSUED,
            clock.now(),
            hashlib.sha256(content).hexdigest(),
        )
        row.save(update_fields=["status", "issued_at", "sha256"])
        _tell(row)


def supersede(*, certificate_id: int, reason: str, by: Actor) -> Certificate:
    """Issue a corrected version of what the claim and the person's name say today. Raises Conflict unless it is live."""
    _need(reason)
    with transaction.atomic(durable=True):
        old = _live_locked(certificate_id)
        _end(old, CertificateStatus.SUPERSEDED, reason, by)
        new = prepare(old.claim, supersedes=old)
        audit.record("certificate_superseded", by=by, subject=old, new={"code": new.code}, reason=reason)
        return new


def revoke(*, certificate_id: int, reason: str, by: Actor) -> Certificate:
    """Withdraw a certificate; its page then says so. Raises Conflict unless it is live."""
    _need(reason)
    with transaction.atomic(durable=True):
        old = _live_locked(certificate_id)
        _end(old, CertificateStatus.REVOKED, reason, by)
        audit.record("certificate_revoked", by=by, subject=old, reason=reason)
        return old


def email_again(*, certificate_id: int, by: Actor) -> None:
    """Send the link once more because the learner asked."""
    with transaction.atomic(durable=True):
        row = Certificate.objects.select_related("claim__person", "claim__activity").get(pk=certificate_id)
        if row.status != CertificateStatus.ISSUED:
            raise Conflict("The certificate is not ready yet.")
        _tell(row, key=f"certificate-again:{row.pk}:{clock.now():%Y%m%d%H%M}")


def name_stands_on(person_id: int) -> bool:
    """Whether the person's name is on a certificate that stands, so that changing it asks for a reason."""
    return Certificate.objects.filter(claim__person_id=person_id, status__in=LIVE).exists()


def title_of(row: Certificate) -> str:
    """The document's title, which screen readers announce."""
    facts = row.snapshot["facts"]
    return f"Certificate for {facts['name']}: {facts['title']}"


def _live_locked(certificate_id: int) -> Certificate:
    row = (
        Certificate.objects.select_for_update(of=("self",))
        .select_related("claim__person", "claim__activity")
        .get(pk=certificate_id)
    )
    if row.status not in LIVE:
        raise Conflict("This certificate was replaced or revoked already.")
    if row.claim.status != ClaimStatus.LIVE:
        raise Conflict("The claim behind this certificate was withdrawn.")
    return row


def _end(row: Certificate, status: str, reason: str, by: Actor) -> None:
    row.status, row.ended_at, row.ended_by, row.end_reason = status, clock.now(), by.label, reason
    row.save(update_fields=["status", "ended_at", "ended_by", "end_reason"])


def _need(reason: str) -> None:
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})


def _tell(row: Certificate, key: str = "") -> None:
    from django.conf import settings
    from django.urls import reverse

    person = row.claim.person
    address = (
        person.addresses.filter(kind="email", removed_at=None, verified_at__isnull=False)
        .order_by("-is_primary", "pk")
        .first()
    )
    if address is None:
        return
    facts = row.snapshot["facts"]
    mail.send(
        "certificate_ready", to=address.value, to_name=person.full_name, subject=f"Your certificate is ready: {facts['title']}",
        key=key or f"certificate:{row.pk}",
        context={
            "button_url": settings.PORTAL_BASE_URL + reverse("credits:certificate", args=[row.code]), "button_label": "Open the certificate",
            "facts": [("Activity", facts["title"]), ("When", facts["dates"]), ("Code", row.code)], "credit_runs": facts["credit_runs"],
        },
    )  # fmt: skip
