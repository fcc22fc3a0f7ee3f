"""Jobs around registrations; safe to run twice."""

import datetime as dt

import structlog

from activities.domain import notices, registrations
from activities.models import Activity, Registration, Session
from common.jobs import task

log = structlog.get_logger()


@task
def offer_free_seats(activity_id: int) -> None:
    """Offer what was given back to the waiting list."""
    registrations.offer_free_seats(activity_id=activity_id)


@task
def lapse_offer(registration_id: int) -> None:
    """End an offer whose time is over."""
    if not Registration.objects.filter(pk=registration_id).exists():
        log.info("registration_gone", registration=registration_id)
        return
    registrations.lapse_offer(registration_id=registration_id)


@task
def restore_place(registration_id: int) -> None:
    """Give back the place of somebody whose record was joined to another by mistake."""
    if not Registration.objects.filter(pk=registration_id).exists():
        log.info("registration_gone", registration=registration_id)
        return
    registrations.restore_place(registration_id=registration_id)


@task
def send_news(
    activity_id: int,
    kind: str,
    session_id: int,
    sequence: int,
    was_start: str,
    was_end: str,
    was_room: str,
    reason: str,
) -> None:
    """Tell the people of an activity that it moved or is cancelled."""
    activity = Activity.objects.filter(pk=activity_id).first()
    if activity is None:
        log.info("activity_gone", activity=activity_id)
        return
    session = Session.objects.filter(pk=session_id).first() if session_id else None
    start, end = (dt.datetime.fromisoformat(t) if t else None for t in (was_start, was_end))
    count = notices.send_news(
        activity, "moved" if kind == "moved" else "cancelled", session, sequence, (start, end, was_room), reason
    )
    log.info("news_sent", activity=activity_id, kind=kind, people=count)
