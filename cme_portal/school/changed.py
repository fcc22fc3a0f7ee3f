"""One published course that changed since: the office finds it in its queue, with what was and what is (WF-11)."""

import datetime as dt
from collections.abc import Sequence

from accounts.actors import actor_of_person
from accounts.models import Person
from activities.domain import changes
from activities.enums import AgreedHow
from activities.models import Activity, Objective, Session

AHEAD = dt.timedelta(days=4)


def change_one(activities: Sequence[Activity], *, now: dt.datetime, staff: Person) -> Activity | None:
    """A course some days ahead: its last session shorter, another place, an objective in other words. None where none fits."""
    for activity in activities[:0:-1]:  # the first is a planning case of its own and stays as it is
        if activity.kind != "C" or activity.status != "published":
            continue
        slots = list(Session.objects.filter(activity=activity, kind="education", removed_at=None).order_by("starts_at"))
        if len(slots) > 1 and slots[0].starts_at > now + AHEAD and slots[-1].minutes >= 60:
            changes.agree(activity, how=AgreedHow.PUBLISHED, by=actor_of_person(staff))
            _change(activity, slots[-1], now)
            return activity
    return None


def _change(activity: Activity, last: Session, now: dt.datetime) -> None:
    last.ends_at -= dt.timedelta(minutes=30)
    last.save(update_fields=["ends_at"])
    activity.location, activity.changed_at = "Birch Hall", now
    activity.save(update_fields=["location", "changed_at"])
    objective = Objective.objects.filter(activity=activity, removed_at=None).first()
    if objective is not None:
        objective.text = f"{objective.text}, with a plan for the next visit"[:300]
        objective.save(update_fields=["text"])
