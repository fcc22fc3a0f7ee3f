"""At the same moment: handouts moved by two planners, one request answered by two of the office, two looks begun."""

import threading

import pytest
from django.db import transaction

from accounts.actors import actor_of
from accounts.domain import mailbox, see_as
from accounts.models import MailboxRequest, PersonAddress, SeeAs
from activities.domain import handouts
from activities.models import Handout
from common import clock
from common.models import OutboxMessage
from tests.concurrency.test_planning_races import both
from tests.factories import OfficeRoleFactory, PersonFactory, ProviderFactory, UserFactory
from tests.factories.files import HandoutFactory
from tests.integration.planning_cases import School

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def kinds(answers):
    return sorted(type(a).__name__ for a in answers)


@pytest.fixture
def asked():
    ProviderFactory()
    row = mailbox.ask(name="Elena Marchetti", old_email="", new_email="elena@new.example", text="")
    return row, [PersonFactory(), PersonFactory()], [actor_of(UserFactory(roles=["staff"])) for _ in range(2)]


def test_answering_without_the_lock_gives_the_address_to_two(asked):
    """The race is real: both read the request as open before either writes."""
    row, people, _staff = asked
    read = threading.Barrier(2)

    def careless(person):
        with transaction.atomic(durable=True):
            found = MailboxRequest.objects.get(pk=row.pk)
            read.wait()
            if found.settled_at is None:
                PersonAddress.objects.create(person=person, kind="email", value=found.new_email, created_at=clock.now())

    both(*[lambda p=p: careless(p) for p in people])

    assert PersonAddress.objects.filter(value="elena@new.example").count() == 2


def test_two_answers_at_once_are_one(asked):
    row, people, staff = asked
    answers = both(*[
        lambda p=p, by=by: mailbox.give(request_id=row.pk, person_id=p.pk, old_is_lost=False, note="Called back.", by=by)
        for p, by in zip(people, staff, strict=True)
    ])  # fmt: skip
    assert kinds(answers) == ["Conflict", "MailboxRequest"]
    assert PersonAddress.objects.filter(value="elena@new.example").count() == 1
    assert OutboxMessage.objects.filter(template="mailbox_given").count() == 1


def test_two_looks_begun_at_once_leave_one_open():
    ProviderFactory()
    staff = PersonFactory()
    OfficeRoleFactory(person=staff)
    by = actor_of(UserFactory(person=staff))
    learners = [UserFactory().person for _ in range(2)]
    answers = both(*[lambda p=p: see_as.start(person_id=p.pk, reason="They called.", by=by) for p in learners])
    assert kinds(answers) == ["SeeAs", "SeeAs"]
    assert sorted(SeeAs.objects.values_list("ended_how", flat=True)) == ["", "replaced"]


def test_two_planners_who_move_handouts_leave_each_its_place():
    school = School()
    activity = school.draft(status="approved", approved_at=clock.now())
    first, second, third = (HandoutFactory(activity=activity, position=n) for n in (1, 2, 3))
    both(
        lambda: handouts.move_handout(activity_id=activity.pk, handout_id=first.pk, up=False, by=school.by),
        lambda: handouts.move_handout(activity_id=activity.pk, handout_id=third.pk, up=True, by=school.by),
    )
    assert sorted(Handout.objects.values_list("position", flat=True)) == [1, 2, 3]
    assert second.activity_id == activity.pk
