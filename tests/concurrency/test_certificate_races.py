"""Two runs and a single claim, two corrections, two versions put to use at the same instant: one certificate stands."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from common import pdf
from common.errors import Conflict
from common.models import AuditEvent, OutboxMessage
from credits.documents import design
from credits.domain import certificates, claims, designs, holding, runs
from credits.enums import RunKind
from credits.models import Certificate, CertificateFile, CertificateRun, CertificateTemplate
from tests.concurrency.test_claim_races import together, until_somebody_waits
from tests.factories import PersonFactory
from tests.integration.certificate_cases import _quiet_claim, certificate, hall, mailbox, office
from tests.integration.claim_cases import BY, attend, claim, evaluate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
LIVE = [s.value for s in certificates.LIVE]


def confirmed(kind, activity):
    """A run that was confirmed; its jobs are called by the test."""
    run = runs.ask(kind=kind, chosen=runs.Chosen(activity), by=office())
    CertificateRun.objects.filter(pk=run.pk).update(status="running", started_at=run.asked_at, started_by="test")
    return run


def bare_claims(activity, session, count):
    made = []
    for _n in range(count):
        person = PersonFactory()
        mailbox(person)
        with transaction.atomic():
            made.append(_quiet_claim(person, activity, session))
    return made


def test_two_runs_and_a_single_claim_make_one_certificate_each():
    activity, first = hall(1)
    session = first[0].lines.get().session
    bare = bare_claims(activity, session, 5)
    late = PersonFactory()
    mailbox(late)
    attend(late, session)
    evaluate(late, activity)
    one, two = confirmed(RunKind.MAKE, activity), confirmed(RunKind.MAKE, activity)
    results = together(
        lambda: runs.work(one.pk), lambda: runs.work(two.pk), lambda: claim(late, activity, {session: "1.00"})
    )
    assert [type(r).__name__ for r in results] == ["NoneType", "NoneType", "Claim"]
    everybody = [*first, *bare, results[2]]
    live = Certificate.objects.filter(status__in=LIVE).values_list("claim_id", flat=True)
    assert sorted(live) == sorted(c.pk for c in everybody)
    assert (Certificate.objects.count(), CertificateFile.objects.count()) == (len(everybody), len(everybody))
    assert set(Certificate.objects.values_list("status", flat=True)) == {"issued"}
    for run in (one, two):
        run.refresh_from_db()
        assert (run.status, run.done, run.failed) == ("done", 5, 0)


def test_without_the_claims_lock_both_runs_would_make_one_and_the_database_still_refuses_the_second():
    activity, first = hall(1)
    (bare,) = bare_claims(activity, first[0].lines.get().session, 1)
    meet = threading.Barrier(2)

    def unlocked():
        with transaction.atomic():
            free = not Certificate.objects.filter(claim=bare).exists()
            meet.wait(timeout=10)
            certificates.prepare(bare, on_request=True)
            return free

    results = together(unlocked, unlocked)
    assert sorted(type(r).__name__ for r in results) == ["IntegrityError", "bool"]
    assert any(isinstance(r, IntegrityError) for r in results)
    assert Certificate.objects.filter(claim=bare).count() == 1


def test_two_workers_on_the_same_run_mail_nobody_twice():
    activity, _made = hall(6, on_request=True)
    run = confirmed(RunKind.MAIL, activity)
    results = together(*[lambda: runs.work(run.pk)] * 3)
    assert results == [None] * 3
    run.refresh_from_db()
    assert (run.status, run.done, run.left) == ("done", 6, 0)
    assert OutboxMessage.objects.filter(template="certificate_ready").count() == 6


def test_a_run_and_the_learners_own_job_issue_once(monkeypatch):
    """Both have rendered before either issues; the second finds it issued and throws its file away."""
    activity, (mine,) = hall(1, on_request=True)
    row = mine.certificates.get()
    Certificate.objects.filter(pk=row.pk).update(status="preparing")
    run = confirmed(RunKind.MAKE, activity)
    meet, real = threading.Barrier(2), pdf.render

    def render(*args, **kwargs):
        content = real(*args, **kwargs)
        meet.wait(timeout=20)
        return content

    monkeypatch.setattr(pdf, "render", render)
    assert together(lambda: runs.work(run.pk), lambda: certificates.render(row.pk)) == [None, None]
    row.refresh_from_db()
    assert (row.status, CertificateFile.objects.count()) == ("issued", 1)
    assert OutboxMessage.objects.filter(template="certificate_ready").count() == 1


def test_a_correction_and_a_revocation_at_once_end_it_once():
    row, staff = certificate(), office()
    results = together(
        lambda: certificates.supersede(certificate_id=row.pk, reason="Name.", by=staff),
        lambda: certificates.revoke(certificate_id=row.pk, reason="Error.", by=staff),
        lambda: certificates.supersede(certificate_id=row.pk, reason="Title.", by=staff),
    )
    assert sum(isinstance(r, Conflict) for r in results) == 2
    assert row.events.count() == 1
    assert Certificate.objects.filter(claim=row.claim, status__in=LIVE).count() <= 1


def test_restoring_and_issuing_anew_at_once_leave_one_that_stands():
    row, staff = certificate(), office()
    certificates.revoke(certificate_id=row.pk, reason="Error.", by=staff)
    results = together(
        lambda: certificates.restore(certificate_id=row.pk, reason="Back.", by=staff),
        lambda: certificates.reissue(certificate_id=row.pk, reason="Anew.", by=staff),
    )
    assert sum(isinstance(r, Conflict) for r in results) == 1
    assert Certificate.objects.filter(claim=row.claim, status__in=LIVE).count() == 1


def test_a_draft_is_put_to_use_once():
    staff = office()
    row = designs.start(by=staff)
    digest = design.digest(CertificateTemplate.objects.get(pk=row.pk))
    results = together(*[lambda: designs.put_to_use(template_id=row.pk, digest=digest, by=staff)] * 3)
    assert sum(isinstance(r, Conflict) for r in results) == 2
    assert CertificateTemplate.objects.filter(status="in_use").count() == 1


def test_two_drafts_begun_at_once_are_one():
    staff = office()
    results = together(*[lambda: designs.start(by=staff)] * 3)
    assert sum(isinstance(r, Conflict) for r in results) == 2
    assert CertificateTemplate.objects.count() == 1
    connection.close()


def test_a_run_confirmed_twice_at_once_begins_once():
    activity, _made = hall(2, on_request=True)
    run = runs.ask(kind=RunKind.MAIL, chosen=runs.Chosen(activity), by=office())
    results = together(*[lambda by=by: runs.confirm(run_id=run.pk, total=2, by=by) for by in (office(), office())])
    assert sorted(type(r).__name__ for r in results) == ["CertificateRun", "Conflict"]
    runs.work(run.pk)
    assert AuditEvent.objects.filter(event="certificates_in_bulk").count() == 1
    assert OutboxMessage.objects.filter(template="certificate_ready").count() == 2


def test_a_claim_withdrawn_while_its_certificate_is_made_in_bulk_leaves_none_that_stands(monkeypatch):
    """Withdrawn after it was rendered and before it is issued: the file is thrown away, the others are made."""
    activity, made = hall(3, on_request=True)
    run, gone = confirmed(RunKind.MAKE, activity), made[1]
    rendered, withdrawn, real = threading.Event(), threading.Event(), pdf.render

    def render(*args, **kwargs):
        content = real(*args, **kwargs)
        rendered.set()
        withdrawn.wait(timeout=20)
        return content

    def withdraw():
        rendered.wait(timeout=20)
        try:
            return claims.void(claim_id=gone.pk, reason="Was not there.", by=BY)
        finally:
            withdrawn.set()

    monkeypatch.setattr(pdf, "render", render)
    worked, voided = together(lambda: runs.work(run.pk), withdraw)
    assert worked is None
    assert not isinstance(voided, Exception)
    run.refresh_from_db()
    assert (run.status, run.left) == ("done", 0)
    assert not Certificate.objects.filter(claim=gone, status__in=LIVE).exists()
    assert set(Certificate.objects.exclude(claim=gone).values_list("status", flat=True)) == {"issued"}


def test_who_corrects_a_certificate_and_who_changes_its_claim_never_wait_in_a_circle():
    """Both lock the person, the claim, then the certificate; one that began with the certificate would be stopped by
    the database while the other holds the claim."""
    _activity, (claim,) = hall(1)
    held = threading.Event()

    def change():
        with transaction.atomic():
            row = holding.hold(claim.pk)
            held.set()
            until_somebody_waits()
            return certificates._live_of(row)

    def revoke():
        held.wait(timeout=10)
        return certificates.revoke(certificate_id=claim.certificates.get().pk, reason="Wrong room", by=office())

    assert [type(r).__name__ for r in together(change, revoke)] == ["Certificate", "Certificate"]
    assert claim.certificates.get().status == "revoked"
