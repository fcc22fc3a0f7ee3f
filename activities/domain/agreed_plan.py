"""Changing what the office has agreed to: place and objectives. It takes effect at once; the office looks again (WF-11)."""

from collections.abc import Mapping

import rules
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from activities.domain import changes, notices
from activities.enums import Delivery, SessionStatus
from activities.models import Activity
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

PLACE = ("delivery", "location", "city", "online_url")


def change_place(
    *, activity_id: int, delivery: str, location: str, city: str, online_url: str, told: int, by: Actor
) -> Activity:
    """Another place, or another way to hold it; everybody registered is told once. The same again changes nothing.

    `told` is how many e-mails the page said this sends. Raises Conflict when it would be more.
    """
    wanted = {
        "delivery": Delivery(delivery),
        "location": location.strip(),
        "city": city.strip(),
        "online_url": online_url.strip(),
    }
    _require_place(wanted)
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        old = {name: str(getattr(activity, name)) for name in PLACE}
        if old == {name: str(value) for name, value in wanted.items()}:
            return activity
        people = notices.confirmed_audience(activity, told=told)
        was = activity.place
        for name, value in wanted.items():
            setattr(activity, name, value)
        activity.save(update_fields=list(PLACE))
        coming = activity.sessions.filter(removed_at=None, ends_at__gt=clock.now())
        coming.exclude(status=SessionStatus.CANCELLED).update(sequence=F("sequence") + 1)  # calendars follow
        audit.record("place_changed", by=by, subject=activity, old=old, new=wanted | {"told": people})
        changes.after_change(activity)
        if people:
            number = int(activity.changed_at.timestamp() * 1000)  # names this change among others
            notices.tell_registrants(activity=activity, kind="moved", was_room=was, sequence=number)
    return activity


def change_objectives(*, activity_id: int, texts: Mapping[int, str], by: Actor) -> bool:
    """Put objectives in other words, by their ids; whether anything changed. Questions already asked keep their words."""
    wanted = {pk: " ".join(text.split()) for pk, text in texts.items()}
    empty = {f"o{pk}": _("Say what the learner will do.") for pk, text in wanted.items() if not text}
    if empty:
        raise Invalid(fields=empty)
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        rows = [o for o in activity.objectives.filter(removed_at=None, pk__in=wanted) if o.text != wanted[o.pk]]
        for row in rows:
            audit.record(
                "objective_changed",
                by=by,
                subject=activity,
                old={"objective": row.text},
                new={"objective": wanted[row.pk]},
            )
            row.text = wanted[row.pk]
            row.save(update_fields=["text"])
        if rows:
            changes.after_change(activity)
    return bool(rows)


def may_change(activity: Activity) -> bool:
    """Agreed to and not over."""
    return activity.status in changes.AGREED


def _require_place(wanted: Mapping[str, str]) -> None:
    """As the application asks for it: where people meet, or the link they open."""
    if wanted["delivery"] in {Delivery.IN_PERSON, Delivery.BOTH}:
        if not (wanted["location"] or wanted["city"]):
            raise Invalid(fields={"location": _("Say where it is held.")})
    elif not (wanted["online_url"] or wanted["location"]):
        raise Invalid(fields={"online_url": _("Give the link that learners open.")})


def _lock(activity_id: int, by: Actor) -> Activity:
    activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
    if by.kind != "system" and not rules.has_perm("activities.edit_plan", by, activity):
        raise NotAllowed(_("Only the planners of this activity and the CME office can change it."))
    if not may_change(activity):
        raise Conflict(_("Place and objectives are changed here from approval until the activity is over."))
    changes.before_change(activity)
    return activity
