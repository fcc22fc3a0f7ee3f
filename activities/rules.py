"""Who may plan, edit, decide (design.md section 5). Composition in one place."""

import rules

from accounts.rules import is_office, is_planner, is_signed_in
from activities.enums import EDITING_ROLES
from common.actors import Actor


@rules.predicate
def plans_activity(actor: Actor, activity: object) -> bool:
    """Member of its department, or holder of a planning role in it."""
    activity = getattr(activity, "activity", activity)  # a session stands for its activity
    if activity is None or actor.person_id is None:
        return False
    if activity.department_id in actor.departments:  # type: ignore[attr-defined]
        return True
    return holds_planning_role(actor, activity)


def holds_planning_role(actor: Actor, activity: object) -> bool:
    roles = activity.roles.filter(person_id=actor.person_id, role__in=EDITING_ROLES, removed_at=None)  # type: ignore[attr-defined]
    return bool(roles.exists())


@rules.predicate
def has_part_in(actor: Actor, activity: object) -> bool:
    """Controls content of it or submitted it: may never decide about it (law 7)."""
    if activity is None or actor.person_id is None:
        return False
    if actor.person_id in {activity.created_by_id, activity.signed_by_id}:  # type: ignore[attr-defined]
        return True
    return bool(activity.roles.filter(person_id=actor.person_id, controls_content=True, removed_at=None).exists())  # type: ignore[attr-defined]


rules.add_perm("activities.plan", is_planner)
rules.add_perm("activities.edit_plan", plans_activity | is_office)
rules.add_perm("activities.decide", is_office & ~has_part_in)
rules.add_perm("activities.register", is_signed_in)
