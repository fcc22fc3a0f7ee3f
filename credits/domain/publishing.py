"""Publishing (WF-5): the page, the questions, the codes of sessions that are ready, in one transaction."""

from django.db import transaction

from activities.domain import changes, gates, plan, reviewing, sessions
from activities.enums import AgreedHow
from activities.models import Activity
from activities.workflow import ACTIVITY
from common import audit, clock, findings, locks
from common.actors import Actor
from evaluations.domain import questionnaires


def publish(*, activity_id: int, by: Actor) -> Activity:
    """Open a designated activity to learners. Raises Conflict while a finding of WF-5 is open."""
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects, pk=activity_id)
        reviewing.require_may_decide(by, activity)
        facts, at = plan.load(activity), clock.now()
        findings.require_clean(gates.for_publication(facts))
        ACTIVITY.apply(activity, "publish", by=by, at=at)
        activity.published_at = at
        activity.save(update_fields=["status", "published_at"])
        if questionnaires.current(activity) is None:
            questionnaires.create_for(activity, by=by)
        sessions.release(activity, by=by, facts=facts)
        changes.agree(activity, how=AgreedHow.PUBLISHED, by=by)
        audit.record("published", by=by, subject=activity)
        return activity
