"""An activity's own time to claim, where the provider's usual one does not fit (decision 8; AMA-CLAIM-1: the provider's policy)."""

from django.db import transaction

from activities.domain import reviewing
from activities.enums import ActivityStatus
from activities.models import Activity
from common import audit, locks
from common.actors import Actor
from common.errors import Conflict, Invalid

MOST_DAYS, MOST_MINUTES = 365, 1440
OPEN = frozenset({ActivityStatus.APPROVED, ActivityStatus.DESIGNATED})
FIXED = "Learners were told until when they can claim. After publishing that is not changed."


def may_choose(activity: Activity) -> bool:
    """Whether the time to claim can still be set: from approval until learners are told of it."""
    return activity.status in OPEN


def choose(*, activity_id: int, days: int | None, minutes: int | None, by: Actor) -> Activity:
    """The office says for how many days after the end it can be claimed, and from how many minutes before. None is the rule's value.

    Raises Conflict once it is published, and before it is approved.
    """
    wrong = {}
    if days is not None and not 1 <= days <= MOST_DAYS:
        wrong["days"] = f"From 1 to {MOST_DAYS} days, or empty."
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        wrong["minutes"] = f"From 0 to {MOST_MINUTES} minutes, or empty."
    if wrong:
        raise Invalid(fields=wrong)
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
        reviewing.require_may_decide(by, activity)
        if not may_choose(activity):
            raise Conflict(
                FIXED if activity.published_at else "This activity is not approved yet, or it was cancelled."
            )
        old = {"days": activity.claim_days, "minutes": activity.claim_opens_minutes}
        new = {"days": days, "minutes": minutes}
        if old != new:
            activity.claim_days, activity.claim_opens_minutes = days, minutes
            activity.save(update_fields=["claim_days", "claim_opens_minutes"])
            audit.record("claim_window_chosen", by=by, subject=activity, old=old, new=new)
    return activity
