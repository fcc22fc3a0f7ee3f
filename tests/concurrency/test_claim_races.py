"""Two presses at the same instant: credit is granted once. The race is shown first, without the lock."""

import threading
import time
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from common import clock
from common.errors import DomainError
from credits.domain import facts
from credits.models import Certificate, Claim, ClaimLine, ClaimTotal, Designation
from tests.integration.claim_cases import claim, designate, ready

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def together(*functions):
    """Run each in its own thread and connection, released at once; returns what each gave or raised."""
    gate, results = threading.Barrier(len(functions)), [None] * len(functions)

    def run(i, function):
        try:
            gate.wait(timeout=10)
            results[i] = function()
        except Exception as error:  # noqa: BLE001 - the refusal is the result
            results[i] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=30)
    return results


def test_two_simultaneous_claims_grant_credit_once():
    person, activity, (one,) = ready()
    results = together(*[lambda: claim(person, activity, {one: "1.00"})] * 4)
    won = [r for r in results if isinstance(r, Claim)]
    assert (len(won), sum(isinstance(r, DomainError) for r in results)) == (1, 3)
    assert (
        Claim.objects.count(),
        ClaimTotal.objects.count(),
        ClaimLine.objects.count(),
        Certificate.objects.count(),
    ) == (1, 1, 1, 1)


def test_a_double_click_is_answered_twice_with_the_same_claim():
    person, activity, (one,) = ready()
    key = uuid.uuid4()
    results = together(*[lambda: claim(person, activity, {one: "1.00"}, key=key)] * 3)
    assert {r.pk for r in results} == {Claim.objects.get().pk}


def test_without_the_lock_both_would_pass_the_check_and_the_database_still_refuses_the_second():
    """The race itself: both read "not claimed" before either writes. The unique line is the last wall."""
    person, activity, (one,) = ready()
    meet = threading.Barrier(2)

    def unlocked():
        with transaction.atomic():
            free = not ClaimLine.objects.filter(person=person, session=one, voided_at=None).exists()
            meet.wait(timeout=10)
            made = Claim.objects.create(
                person=person,
                activity=activity,
                claimed_at=one.ends_at,
                participated_on=one.ends_at.date(),
                rule_set="x",
                attestation="x",
                is_physician=True,
            )
            ClaimLine.objects.create(
                claim=made,
                person=person,
                activity=activity,
                session=one,
                credit_type_id="ama_pra_1",
                family="ama_pra_1",
                minutes=60,
                credits=Decimal("1.00"),
                facts={},
            )
            return free

    results = together(unlocked, unlocked)
    assert sorted(str(type(r).__name__) for r in results) == ["IntegrityError", "bool"]
    assert any(isinstance(r, IntegrityError) for r in results)
    assert ClaimLine.objects.count() == 1


def test_a_claim_during_a_change_of_the_designation_waits_and_is_of_the_new_one():
    """The change is not committed yet when the learner claims: no total may name a designation that has ended."""
    person, activity, (one,) = ready()
    old, ended = activity.designations.get(), threading.Event()

    def change():
        with transaction.atomic():
            row = Designation.objects.select_for_update().get(pk=old.pk)
            row.ended_at = clock.now()
            row.save(update_fields=["ended_at"])
            new = designate(activity, maximum="0.50", minutes=30)
            ended.set()
            until_somebody_waits()
            return new

    def claiming():
        ended.wait(timeout=10)
        return claim(person, activity, {one: "0.50"})

    new, made = together(change, claiming)
    total = made.totals.get()
    assert (total.designation, total.credits, total.designated) == (new, Decimal("0.50"), Decimal("0.50"))


def test_a_change_of_the_designation_waits_for_a_claim_that_began_before():
    _person, activity, (_one,) = ready()
    old, held = activity.designations.get(), threading.Event()

    def claiming():
        with transaction.atomic():
            facts.hold_designation(activity)
            held.set()
            until_somebody_waits()
            return Designation.objects.filter(pk=old.pk, ended_at=None).exists()

    def change():
        held.wait(timeout=10)
        return Designation.objects.filter(pk=old.pk).update(ended_at=clock.now())

    assert together(claiming, change) == [True, 1]


def until_somebody_waits(seconds=10):
    """Until another connection waits for a lock."""
    ends = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited")
