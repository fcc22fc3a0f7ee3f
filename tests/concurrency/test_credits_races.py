"""The office and the learner at the same instant: what stands is coherent, whoever was first."""

import threading
from decimal import Decimal

import pytest

from accounts.actors import actor_of
from accounts.domain import merging
from activities.domain import attendance
from activities.models import AttendanceEvidence
from common import audit
from common.actors import system
from common.errors import DomainError
from credits.domain import adjusting, claims, facts, support
from credits.models import Certificate, Claim, ClaimLine, ClaimTotal
from tests.concurrency.test_claim_races import together
from tests.factories import PersonFactory, UserFactory
from tests.integration.claim_cases import claim, ready

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
BY = system("test")


def coherent(person_ids):
    """Live lines belong to live claims, no session twice, totals within the designation, one certificate that stands for each."""
    lines = list(
        ClaimLine.objects.filter(person__in=person_ids, voided_at=None).values_list("session", "claim__status")
    )
    assert len({s for s, _status in lines}) == len(lines)
    assert {status for _s, status in lines} <= {"live"}
    for row in Claim.objects.filter(person__in=person_ids):
        standing = row.certificates.exclude(status__in=["superseded", "revoked"]).count()
        assert standing == (1 if row.status == "live" else 0)
    total = sum(
        (t.credits for t in ClaimTotal.objects.filter(claim__person__in=person_ids, claim__status="live")), Decimal(0)
    )
    assert total <= Decimal("2.00")
    return total


def test_a_withdrawal_and_a_claim_of_the_rest_both_stand():
    person, activity, (one, two) = ready(sessions=2)
    first = claim(person, activity, {one: "1.00", two: "0.00"})
    results = together(
        lambda: claims.void(claim_id=first.pk, reason="Wrong person.", by=BY),
        lambda: claim(person, activity, {one: "1.00", two: "1.00"}),
    )
    first.refresh_from_db()
    assert first.status == "void"
    assert isinstance(results[0], Claim)
    # The learner either came second and has both, or came first and was told that the one is claimed already.
    assert coherent([person.pk]) == (Decimal("2.00") if isinstance(results[1], Claim) else Decimal("0.00"))
    assert isinstance(results[1], Claim | DomainError)


def test_two_adjustments_leave_one_claim_in_place():
    person, activity, (one, two) = ready(sessions=2)
    first = claim(person, activity, {one: "1.00", two: "1.00"})
    results = together(
        *[
            lambda value=value: adjusting.adjust(claim_id=first.pk, choices={one.pk: Decimal(value)}, reason="x", by=BY)
            for value in ("0.25", "0.50", "0.75")
        ]
    )
    assert sum(isinstance(r, Claim) for r in results) == 1
    assert all(isinstance(r, Claim | DomainError) for r in results)
    assert Claim.objects.filter(status="live").count() == 1
    assert coherent([person.pk]) in {Decimal("0.25"), Decimal("0.50"), Decimal("0.75")}
    assert Certificate.objects.count() == 2


def test_an_adjustment_and_a_withdrawal_end_it_once():
    person, activity, (one, two) = ready(sessions=2)
    first = claim(person, activity, {one: "1.00", two: "1.00"})
    results = together(
        lambda: adjusting.adjust(claim_id=first.pk, choices={one.pk: Decimal("0.50")}, reason="x", by=BY),
        lambda: claims.void(claim_id=first.pk, reason="x", by=BY),
    )
    assert sorted(isinstance(r, Claim) for r in results) == [False, True]
    coherent([person.pk])


def test_an_adjustment_and_the_joining_of_its_person():
    away, activity, (one, two) = ready(sessions=2)
    kept = PersonFactory()
    first = claim(away, activity, {one: "1.00", two: "1.00"})
    office = UserFactory(roles=["director"])
    results = together(
        lambda: merging.merge(
            kept_id=kept.pk, away_id=away.pk, choices={}, reason="The same person.", by=actor_of(office)
        ),
        lambda: adjusting.adjust(claim_id=first.pk, choices={one.pk: Decimal("0.50")}, reason="x", by=BY),
    )
    assert not isinstance(results[0], Exception), results[0]
    assert isinstance(results[1], Claim), results[1]
    # Whoever was first: both claims, the ended one and the one in its place, are the kept person's.
    assert set(Claim.objects.values_list("person", flat=True)) == {kept.pk}
    assert set(ClaimLine.objects.filter(voided_at=None).values_list("person", flat=True)) == {kept.pk}
    assert coherent([kept.pk]) == Decimal("0.50")


def test_a_correction_stamped_before_a_claim_read_the_record_and_committed_after_lists_the_claim(monkeypatch):
    """The claim rests on what the correction, already under way, is about to take; whose clock was first decides nothing."""
    person, activity, (one,) = ready()
    row = AttendanceEvidence.objects.get(session=one)
    stamped, read = threading.Event(), threading.Event()
    write, gather = audit.record, facts.gather

    def record(event, **values):
        if event == "evidence_corrected":
            stamped.set()
            assert read.wait(timeout=10)
        return write(event, **values)

    def gathered(*args, **values):
        assert stamped.wait(timeout=10)
        known = gather(*args, **values)
        read.set()
        return known

    monkeypatch.setattr(audit, "record", record)
    monkeypatch.setattr(facts, "gather", gathered)
    correction, made = together(
        lambda: attendance.correct(evidence_id=row.pk, minutes=None, withdrawn=True, reason="Was not there.", by=BY),
        lambda: claim(person, activity, {one: "1.00"}),
    )
    assert correction.recorded_at < made.claimed_at
    assert [(weak.line.claim_id, weak.supported) for weak in support.open_lines()] == [(made.pk, 0)]
