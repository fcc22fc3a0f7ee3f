"""An application with partners at each step of the office's work."""

from types import SimpleNamespace

from activities.domain import gates, plan, reviews
from activities.models import Activity
from common.findings import Finding
from credits.domain import designations, publishing
from tests.factories.joint import JointProviderFactory, OrganisationFactory
from tests.integration.office_cases import office

HARBOR, ACADEMY = "Harbor Community Hospital", "State Academy of Family Physicians"
STEPS = ("submitted", "in_review", "approved", "designated", "published")
GATES = {
    "submission": gates.for_submission, "review": gates.for_review, "approval": gates.for_approval,
    "designation": gates.for_designation, "publication": gates.for_publication,
}  # fmt: skip


def joint_office(step: str = "in_review", *partners: str, **values) -> SimpleNamespace:
    """Case 1 planned with these organisations (all clear, or as `values` say), brought to a step."""
    made = office("submitted")
    made.rows = [partner(made.activity, name, **values) for name in partners]
    moves = (
        lambda: reviews.start_review(activity_id=made.pk, by=made.staff),
        lambda: reviews.approve(activity_id=made.pk, by=made.staff),
        lambda: designations.designate(activity_id=made.pk, by=made.staff),
        lambda: publishing.publish(activity_id=made.pk, by=made.staff),
    )
    for move in moves[: STEPS.index(step)]:
        move()
    return made


def partner(activity: Activity, name: str = HARBOR, *, is_accredited: bool = False, **values):
    organisation = OrganisationFactory(name=name, **(values or {"clear": True}))
    return JointProviderFactory(activity=activity, organisation=organisation, is_accredited=is_accredited)


def found(gate: str, activity: Activity, *rules: str) -> list[Finding]:
    """The findings of a gate that cite any of the rules."""
    facts = plan.load(Activity.objects.select_related("department").get(pk=activity.pk))
    return [f for f in GATES[gate](facts) if set(rules) & set(f.rules)]
