"""The last late claim of the year, asked for from two phones: granted once. The race is shown first, without the lock."""

import datetime as dt
import threading

import pytest
from django.db import transaction

from accounts.actors import actor_of_person
from common import clock
from credits.domain import requests
from credits.models import ClaimRequest
from tests.concurrency.test_claim_races import together
from tests.factories import SessionFactory
from tests.integration.claim_cases import attend, ready

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def late_sessions(activity, person, n):
    found = [
        SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(days=40 + i, hours=1)) for i in range(n)
    ]
    for session in found:
        attend(person, session)
    return found


def ask(person, session):
    return requests.ask(person_id=person.pk, session_id=session.pk, note="", by=actor_of_person(person))


def test_two_phones_cannot_use_the_same_last_late_claim():
    person, activity, _sessions = ready()
    first, second, *two = late_sessions(activity, person, 4)
    ask(person, first)
    ask(person, second)
    together(*[lambda s=s: ask(person, s) for s in two])
    assert sorted(ClaimRequest.objects.values_list("status", flat=True)) == ["asked", "granted", "granted", "granted"]


def test_without_the_lock_both_would_count_the_same_allowance():
    person, activity, _sessions = ready()
    first, second, *two = late_sessions(activity, person, 4)
    ask(person, first)
    ask(person, second)
    meet, left = threading.Barrier(2), []

    def unlocked(session):
        with transaction.atomic():
            left.append(requests.policy(person.pk, session, activity.zone).left)
            meet.wait(timeout=10)

    together(*[lambda s=s: unlocked(s) for s in two])
    assert left == [1, 1]
