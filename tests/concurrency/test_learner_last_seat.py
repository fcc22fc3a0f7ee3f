"""Two people, one seat (issue: the race proven first without the lock)."""

import contextlib
import threading

import pytest
from django.db import connection, transaction

from accounts.actors import actor_of_person
from activities.domain import registrations
from activities.models import Activity, Registration
from common import clock
from common.errors import Conflict
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


@pytest.fixture
def last_seat():
    ProviderFactory()
    return ActivityFactory(published=True, capacity=1, starts_on=None, ends_on=None)


def at_once(*acts):
    """Run each in its own thread and connection; what they returned or raised."""
    results = [None] * len(acts)

    def run(number, act):
        try:
            results[number] = act()
        except Exception as error:  # noqa: BLE001 - a refusal is one of the answers
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def meet_after_counting(monkeypatch):
    """Both count the seats before either takes one; whoever is alone goes on after a second."""
    barrier, count = threading.Barrier(2), registrations.seats_left

    def seats_left(activity):
        found = count(activity)
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(1)
        return found

    monkeypatch.setattr(registrations, "seats_left", seats_left)


def without_lock(activity_id):
    return Activity.objects.get(pk=activity_id)


def registering(activity, person):
    by = actor_of_person(person)
    return lambda: registrations.register(activity_id=activity.pk, by=by).status


def test_without_the_lock_the_last_seat_is_given_twice(last_seat, monkeypatch):
    meet_after_counting(monkeypatch)
    monkeypatch.setattr(registrations, "_lock", without_lock)

    results = at_once(*(registering(last_seat, PersonFactory()) for _ in range(2)))

    assert results == ["registered", "registered"]


def test_with_the_lock_exactly_one_gets_the_last_seat(last_seat, monkeypatch):
    meet_after_counting(monkeypatch)

    results = at_once(*(registering(last_seat, PersonFactory()) for _ in range(2)))

    assert sorted(results) == ["registered", "waiting"]
    assert Registration.objects.filter(activity=last_seat, status="registered").count() == 1


def test_registering_and_checking_in_share_the_lock(last_seat, monkeypatch):
    meet_after_counting(monkeypatch)
    at_the_door = PersonFactory()

    def check_in():
        with transaction.atomic(durable=True):
            return registrations.ensure_registered(activity=last_seat, person=at_the_door, at=clock.now()).status

    results = at_once(registering(last_seat, PersonFactory()), check_in)

    kinds = sorted("full" if isinstance(r, Conflict) else str(r) for r in results)
    assert kinds in (["registered", "waiting"], ["full", "registered"])
    assert Registration.objects.filter(activity=last_seat, status="registered").count() == 1


def test_one_person_pressing_twice_is_registered_once(last_seat):
    person = PersonFactory()

    results = at_once(*(registering(last_seat, person) for _ in range(4)))

    assert results == ["registered"] * 4
    assert Registration.objects.count() == 1


def test_one_freed_seat_is_offered_once():
    ProviderFactory()
    activity = ActivityFactory(published=True, capacity=1, starts_on=None, ends_on=None)
    for _ in range(3):
        Registration.objects.create(activity=activity, person=PersonFactory(), status="waiting", created_at=clock.now())

    at_once(*([lambda: registrations.offer_free_seats(activity_id=activity.pk)] * 4))

    assert sorted(Registration.objects.values_list("status", flat=True)) == ["offered", "waiting", "waiting"]


def test_three_hundred_check_ins_without_a_limit_do_not_wait_for_each_other():
    """A lock held elsewhere on the activity must not stop a check-in where seats are not counted."""
    activity = ActivityFactory(published=True, capacity=None)
    person, done = PersonFactory(), threading.Event()

    def check_in():
        with transaction.atomic(durable=True):
            registrations.ensure_registered(activity=activity, person=person, at=clock.now())
        done.set()

    def hold():
        with transaction.atomic(durable=True):
            registrations._lock(activity.pk)
            return done.wait(10)

    assert at_once(hold, check_in)[0] is True
