"""Case 1 at each step of the office's work, made by the domain functions that people use."""

from types import SimpleNamespace
from typing import Any

from accounts.actors import actor_of
from activities.domain import applications, reviews
from activities.models import Activity
from credits.domain import designations, publishing
from tests.factories import UserFactory
from tests.integration.planning_cases import School, complete, disclose, sign

STEPS = ("submitted", "in_review", "approved", "designated", "published")


def office(step: str = "submitted", *, cleared: bool = True, **values: Any) -> SimpleNamespace:
    """An application at a step: `staff` and `director` have no part in it, `case` is what planning_cases made."""
    school = School()
    case = complete(school, **values)
    found = SimpleNamespace(
        school=school, case=case, activity=case.activity, staff=actor_of(school.staff), planner=school.by,
        director=actor_of(UserFactory(roles=["director"])), pk=case.activity.pk,
    )  # fmt: skip
    if cleared:
        disclose(case.activity)
    sign(case.activity, case.people.cardiologist)
    applications.submit_application(activity_id=found.pk, by=found.planner)
    moves = (
        lambda: None,
        lambda: reviews.start_review(activity_id=found.pk, by=found.staff),
        lambda: reviews.approve(activity_id=found.pk, by=found.staff),
        lambda: designations.designate(activity_id=found.pk, by=found.staff),
        lambda: publishing.publish(activity_id=found.pk, by=found.staff),
    )
    for move in moves[: STEPS.index(step) + 1]:
        move()
    found.activity = fresh(found)
    return found


def fresh(found: SimpleNamespace) -> Activity:
    return Activity.objects.get(pk=found.pk)
