"""Two people of the office at the same moment: exactly one approval, designation, publishing; the last director stays."""

import threading

import pytest
from django.db import transaction

from accounts.actors import actor_of
from accounts.domain import roles
from accounts.models import OfficeRole
from activities.domain import reviews
from activities.enums import ActivityStatus, DecisionKind
from activities.models import Activity, Decision, Session
from common import clock
from common.models import OutboxMessage, TransitionLog
from credits.domain import designations, publishing
from credits.models import Designation
from evaluations.models import Questionnaire
from tests.concurrency.test_planning_races import both
from tests.factories import UserFactory
from tests.integration.office_cases import fresh, office

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def two_of(made):
    return made.staff, made.director


def kinds(answers):
    return sorted(type(a).__name__ for a in answers)


def test_approving_without_the_lock_decides_twice():
    """The race is real: both read "in review" before either writes, and the trigger sees nothing wrong."""
    made = office("in_review")
    read = threading.Barrier(2)

    def careless(by):
        with transaction.atomic(durable=True):
            activity = Activity.objects.get(pk=made.pk)
            read.wait()
            if activity.status != ActivityStatus.IN_REVIEW:
                return None
            activity.status, activity.approved_at = ActivityStatus.APPROVED, clock.now()
            activity.save(update_fields=["status", "approved_at"])
            return Decision.objects.create(
                activity=activity,
                submission=activity.submissions.get(),
                kind=DecisionKind.APPROVE,
                decided_at=clock.now(),
                decided_by_id=by.person_id,
            )

    both(*[lambda by=by: careless(by) for by in two_of(made)])

    assert Decision.objects.count() == 2


def test_two_approvals_at_once_are_one():
    made = office("in_review")
    answers = both(*[lambda by=by: reviews.approve(activity_id=made.pk, by=by) for by in two_of(made)])
    assert kinds(answers) == ["Activity", "Conflict"]
    assert (fresh(made).status, Decision.objects.count(), TransitionLog.objects.filter(verb="approve").count()) == (
        "approved",
        1,
        1,
    )
    mails = OutboxMessage.objects.filter(template="application_approved")
    assert mails.count() == mails.values("to").distinct().count()


def test_approving_and_returning_at_once_is_one_of_them():
    made = office("in_review")
    ask = reviews.Ask("format", "Say who owns titration.")
    answers = both(
        lambda: reviews.approve(activity_id=made.pk, by=made.staff),
        lambda: reviews.return_with_requests(activity_id=made.pk, asks=[ask], by=made.director),
    )
    assert kinds(answers) == ["Activity", "Conflict"]
    assert Decision.objects.count() == 1
    assert {"approve": "approved", "return": "returned"}[Decision.objects.get().kind] == fresh(made).status


def test_two_designations_at_once_leave_one_in_force():
    """Designating again is allowed (WF-11), so both succeed, one after the other."""
    made = office("approved")
    answers = both(*[lambda by=by: designations.designate(activity_id=made.pk, by=by) for by in two_of(made)])
    assert kinds(answers) == ["list", "list"]
    assert Designation.objects.filter(ended_at=None).count() == 1
    assert TransitionLog.objects.filter(verb="designate").count() == 1


def test_publishing_twice_at_once_opens_it_once():
    made = office("designated")
    answers = both(*[lambda by=by: publishing.publish(activity_id=made.pk, by=by) for by in two_of(made)])
    assert kinds(answers) == ["Activity", "Conflict"]
    assert (fresh(made).status, Questionnaire.objects.count()) == ("published", 1)


def test_two_activities_published_at_once_have_different_codes():
    first, second = office("designated"), office("designated")
    both(*[lambda m=m: publishing.publish(activity_id=m.pk, by=m.staff) for m in (first, second)])
    codes = list(Session.objects.exclude(check_in_code="").values_list("check_in_code", flat=True))
    assert (len(codes), len(set(codes))) == (12, 12)


def test_two_directors_who_revoke_each_other_leave_one():
    users = [UserFactory(roles=["director"]) for _ in range(2)]
    by = [actor_of(u) for u in users]
    rows = [OfficeRole.objects.get(person=u.person) for u in users]
    answers = both(
        lambda: roles.revoke_role(role_id=rows[1].pk, by=by[0]), lambda: roles.revoke_role(role_id=rows[0].pk, by=by[1])
    )
    assert kinds(answers) == ["Conflict", "OfficeRole"]
    assert OfficeRole.objects.filter(revoked_at=None).count() == 1
