"""Two planners at the same moment: numbers, one submission, one objective list."""

import threading

import pytest
from django.db import connection, transaction

from accounts.actors import actor_of
from activities.domain import applications, sections
from activities.models import Activity, ActivityNumber, Submission
from common.errors import DomainError
from tests.integration.planning_cases import School, complete, disclose, sign

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def both(*acts):
    """Run each act in a connection of its own, all released at once; what they returned or raised."""
    gate, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(n, act):
        try:
            gate.wait()
            answers[n] = act()
        except DomainError as error:
            answers[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


def test_last_plus_one_without_the_lock_gives_the_same_number_twice():
    """The race is real: both read before either writes."""
    ActivityNumber.objects.create(year=2031, last=7)
    read = threading.Barrier(2)

    def careless():
        with transaction.atomic(durable=True):
            row = ActivityNumber.objects.get(year=2031)
            read.wait()
            row.last += 1
            row.save(update_fields=["last"])
            return str(row)

    assert both(careless, careless) == ["2031-0008", "2031-0008"]


def test_next_number_gives_every_caller_its_own():
    def careful():
        with transaction.atomic(durable=True):
            return applications.next_number(2032)

    assert sorted(both(*[careful] * 6)) == [f"2032-{n:04d}" for n in range(1, 7)]
    assert ActivityNumber.objects.get(year=2032).last == 6


def test_submit_application_twice_at_once_sends_it_once():
    school = School()
    case = complete(school)
    by = actor_of(school.planner)
    disclose(case.activity)
    sign(case.activity, case.people.cardiologist)

    answers = both(*[lambda: applications.submit_application(activity_id=case.activity.pk, by=by)] * 2)

    assert sorted(type(a).__name__ for a in answers) == ["NotAllowed", "Submission"]
    assert Submission.objects.filter(activity=case.activity).count() == 1
    assert Activity.objects.get(pk=case.activity.pk).status == "submitted"


def test_two_new_objectives_at_once_have_two_places():
    school = School()
    activity = school.draft()
    by = actor_of(school.planner)

    both(*[lambda: sections.add_objective(activity_id=activity.pk, by=by)] * 4)

    assert list(activity.objectives.values_list("position", flat=True)) == [1, 2, 3, 4]
