"""Two people of the office at the same relationship: one decides, the other is told who did."""

import contextlib
import threading

import pytest
from django.db import connection

from accounts.actors import actor_of
from common import locks
from common.errors import Conflict
from integrity.domain import disclosures, mitigation, standing
from integrity.domain.disclosures import Declared
from integrity.models import Company, MitigationAction, RelevanceDecision
from tests.factories.accounts import PersonFactory, UserFactory
from tests.factories.activities import ActivityFactory, ActivityRoleFactory
from tests.factories.integrity import RelationshipFactory, RelevanceDecisionFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def race(*acts):
    """Run each act in a thread of its own, on a connection of its own; what each raised or returned."""
    results = [None] * len(acts)

    def run(n, act):
        try:
            results[n] = act()
        except Conflict as error:
            results[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    return results


@pytest.fixture
def meet(monkeypatch):
    """Hold whoever has read the standings until the other has read them too, or it is clear that they wait for a lock."""
    barrier = threading.Barrier(2)
    read = standing.for_activity

    def reading(*args, **kwargs):
        found = read(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=1.5)
        return found

    monkeypatch.setattr(standing, "for_activity", reading)


@pytest.fixture
def unlocked(monkeypatch):
    """The same rows without the lock, to prove that the race is real."""
    monkeypatch.setattr(locks, "lock_row", lambda queryset, **lookup: queryset.get(**lookup))


@pytest.fixture
def case():
    role = ActivityRoleFactory(activity=ActivityFactory(status="in_review"))
    return RelationshipFactory(person=role.person), role.activity


def decide(case, user, relevant):
    tie, activity = case
    by = actor_of(user)
    return lambda: mitigation.decide_relevance(
        relationship_id=tie.pk, activity_id=activity.pk, relevant=relevant, rationale="Because.", by=by
    )


def mitigate(case, user):
    tie, activity = case
    by = actor_of(user)
    return lambda: mitigation.record_mitigation(
        relationship_id=tie.pk, activity_id=activity.pk, strategy="attest", performed_by="", note="", by=by
    )


def staff():
    return UserFactory(roles=["staff"])


def test_two_staff_deciding_at_once_without_the_lock_both_decide(case, meet, unlocked):
    race(decide(case, staff(), True), decide(case, staff(), False))

    assert sorted(d.relevant for d in RelevanceDecision.objects.all()) == [False, True]


def test_two_staff_deciding_at_once_one_wins_and_the_other_hears_who(case, meet):
    results = race(decide(case, staff(), True), decide(case, staff(), False))

    winner = RelevanceDecision.objects.get()
    refused = [r for r in results if isinstance(r, Conflict)]
    assert len(refused) == 1
    assert str(refused[0]).startswith(f"{winner.decided_by.display_name} decided this on")


def test_mitigation_recorded_twice_at_once_stands_once(case, meet):
    RelevanceDecisionFactory(relationship=case[0], activity=case[1])

    results = race(mitigate(case, staff()), mitigate(case, staff()))

    assert MitigationAction.objects.count() == 1
    assert [type(r).__name__ for r in results].count("Conflict") == 1


def test_two_people_naming_the_same_new_company_at_once_share_it():
    users = [UserFactory(person=PersonFactory()) for _n in range(2)]
    start = threading.Barrier(2)

    def send(user, name):
        by = actor_of(user)

        def act():
            start.wait(timeout=5)
            return disclosures.submit(
                person_id=user.person_id,
                answer="some",
                relationships=[Declared(name, "consultant")],
                attested_name="x",
                method="web",
                by=by,
            )

        return act

    results = race(send(users[0], "Tarn Medical Devices"), send(users[1], "tarn medical DEVICES"))

    assert [r.relationships.get().company for r in results] == [Company.objects.get()] * 2
