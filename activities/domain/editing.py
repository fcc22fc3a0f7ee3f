"""What every act of writing shares: the locked activity, if it may be written now, and the trace a change leaves."""

import rules

from activities.enums import EDITABLE
from activities.models import Activity
from common import clock, locks
from common.actors import Actor
from common.errors import NotAllowed

ATTESTATIONS = ("attest_independent", "attest_no_marketing", "attest_valid_content", "attest_privacy")


def lock_editable(activity_id: int, by: Actor) -> Activity:
    """The locked activity, if this actor may write its plan now. Raises NotAllowed once it left their hands."""
    activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
    if by.kind == "user" and not rules.has_perm("activities.edit_plan", by, activity):
        raise NotAllowed("Only the planners of this activity can change its application.")
    if activity.status not in EDITABLE:
        raise NotAllowed("This application is with the CME office. It can be changed again when the office returns it.")
    return activity


def touch(activity: Activity) -> None:
    """The plan changed: say when, and take the signature off, which stood under another text (APP-16)."""
    activity.changed_at = clock.now()
    activity.signed_at, activity.signed_by, activity.signed_name = None, None, ""
    for name in ATTESTATIONS:
        setattr(activity, name, False)
    activity.save(update_fields=["changed_at", "signed_at", "signed_by", "signed_name", *ATTESTATIONS])
