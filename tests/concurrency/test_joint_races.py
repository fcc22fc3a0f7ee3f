"""Partners named and answered at the same moment: one organisation, no waiting in a ring."""

import threading

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Organisation
from activities.domain import joint
from activities.models import Activity, JointProvider
from common import clock
from common.errors import Conflict
from tests.concurrency.test_planning_races import both
from tests.factories.joint import JointProviderFactory, OrganisationFactory
from tests.integration.planning_cases import School, complete, disclose, sign

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]

HARBOR = "Harbor Community Hospital"


def add(activity, by):
    return joint.add_joint_provider(activity_id=activity.pk, name=HARBOR, kind="hospital", is_accredited=False, by=by)


def test_look_then_create_without_the_constraint_s_help_fails_for_one():
    """The race is real: both look before either writes."""
    read = threading.Barrier(2)

    def careless():
        try:
            with transaction.atomic(durable=True):
                assert not Organisation.objects.filter(name__iexact=HARBOR).exists()
                read.wait()
                Organisation.objects.create(name=HARBOR, kind="hospital", created_at=clock.now())
        except IntegrityError:
            return "refused"
        return "made"

    assert sorted(both(careless, careless)) == ["made", "refused"]


def test_one_organisation_named_in_two_activities_at_once_is_one():
    school = School()
    drafts = [school.draft() for _ in range(4)]
    answers = both(*[lambda d=d: add(d, school.by) for d in drafts])
    assert [type(a) for a in answers] == [JointProvider] * 4
    assert Organisation.objects.filter(name__iexact=HARBOR).count() == 1
    assert JointProvider.objects.count() == 4


def test_one_organisation_named_twice_in_one_activity_is_named_once():
    school = School()
    draft = school.draft()
    answers = both(*[lambda: add(draft, school.by)] * 2)
    assert sum(isinstance(a, JointProvider) for a in answers) == 1
    assert "is named already" in str(next(a for a in answers if not isinstance(a, JointProvider)))
    assert JointProvider.objects.count() == 1


def test_removed_at_once_is_removed_once():
    school = School()
    row = JointProviderFactory(activity=school.draft())
    answers = both(*[lambda: joint.remove_joint_provider(joint_id=row.pk, by=school.by)] * 2)
    assert sum(isinstance(a, Conflict) for a in answers) == 1


@pytest.mark.parametrize("turn", range(4))
def test_answers_about_shared_organisations_never_wait_in_a_ring(turn):
    """Two signed drafts share two organisations; each planner answers about both, in the other's order."""
    school = School()
    first, second = complete(school), complete(school)
    organisations = [OrganisationFactory(clear=True) for _ in range(2)]
    rows = {c.activity.pk: [JointProviderFactory(activity=c.activity, organisation=o) for o in organisations] for c in (first, second)}  # fmt: skip
    for case in (first, second):
        disclose(case.activity)
        sign(case.activity, case.people.cardiologist)

    def answer(case, order, question):
        wanted = {row.pk: {question: True} for row in rows[case.activity.pk][::order]}
        return joint.save_joint_providers(activity_id=case.activity.pk, rows=wanted, by=school.by)

    found = both(
        lambda: answer(first, 1, "makes_products"),
        lambda: answer(second, -1, "sister_controls"),
    )
    assert found == [True, True]
    kept = Organisation.objects.values_list("makes_products", "sister_controls")
    assert list(kept) == [(True, True)] * 2
    assert set(Activity.objects.values_list("signed_at", flat=True)) == {None}
