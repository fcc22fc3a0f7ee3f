"""Which ways of getting on record an activity takes: the office chooses, and every entrance asks here."""

from collections.abc import Collection

from django.db import transaction

from activities.domain import reviewing
from activities.enums import CLAIMABLE, ActivityStatus, CheckInWay, EvidenceMethod
from activities.models import Activity
from common import audit, locks
from common.actors import Actor
from common.errors import Conflict, Invalid

OF_METHOD = {
    EvidenceMethod.CODE: CheckInWay.CODE, EvidenceMethod.QR: CheckInWay.CODE, EvidenceMethod.TEXT: CheckInWay.TEXT,
    EvidenceMethod.KIOSK: CheckInWay.TABLET, EvidenceMethod.SELF: CheckInWay.SELF,
}  # fmt: skip
_OFF = {
    CheckInWay.CODE: "This activity takes no codes.",
    CheckInWay.TEXT: "This activity takes no text messages.",
    CheckInWay.TABLET: "This activity has no tablet at the door.",
    CheckInWay.DOOR: "In this activity nobody is added at the door.",
    CheckInWay.SELF: "This activity takes no statements of one’s own.",
}
_INSTEAD = {
    CheckInWay.CODE: "Type the code from the screen after signing in.",
    CheckInWay.TABLET: "Use the tablet at the door.",
    CheckInWay.TEXT: "Text the code from the screen.",
    CheckInWay.DOOR: "Give your name at the desk.",
    CheckInWay.SELF: "After the session you can state yourself that you attended.",
}
OPEN = CLAIMABLE | {ActivityStatus.APPROVED, ActivityStatus.DESIGNATED}


def takes(activity: Activity, way: str) -> bool:
    return way in activity.check_in_ways


def require(activity: Activity, way: str) -> None:
    """Raise Conflict, with another way in, where the office switched this one off."""
    if not takes(activity, way):
        raise Conflict(_refusal(activity, CheckInWay(way)))


def require_method(activity: Activity, method: str) -> None:
    """The same for a way of knowing; lists and what staff recorded are always taken."""
    way = OF_METHOD.get(EvidenceMethod(method))
    if way is not None:
        require(activity, way)


def _refusal(activity: Activity, way: CheckInWay) -> str:
    other = next((text for each, text in _INSTEAD.items() if each in activity.check_in_ways), "")
    return f"{_OFF[way]} {other or 'Ask whoever runs the session how to get on record.'}"


def may_choose(activity: Activity) -> bool:
    """Whether the ways still matter: from approval until the record is closed."""
    return activity.status in OPEN


def choose_ways(*, activity_id: int, ways: Collection[str], by: Actor) -> Activity:
    """The office says how people get on record here. What is on record stays. Raises NotAllowed for anybody else."""
    if not set(ways) <= set(CheckInWay.values):
        raise Invalid(fields={"ways": "Choose from the list."})
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
        reviewing.require_may_decide(by, activity)
        if not may_choose(activity):
            raise Conflict("This activity is not approved yet, or its record is closed.")
        old, new = activity.check_in_ways, [way for way in CheckInWay.values if way in ways]
        if old != new:
            activity.check_in_ways = new
            activity.save(update_fields=["check_in_ways"])
            audit.record("check_in_ways_chosen", by=by, subject=activity, old={"ways": old}, new={"ways": new})
    return activity
