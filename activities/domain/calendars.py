"""iCalendar files: an event per session of a series, per day of a course, with the zone's own rules in the file."""

import datetime as dt
from collections.abc import Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event

from accounts.models import Provider
from activities.domain import when
from activities.enums import ActivityStatus, SessionStatus
from activities.models import Activity, Session
from common import clock

CONTENT_TYPE = "text/calendar; charset=utf-8"


def of_activity(activity: Activity, *, online: bool) -> bytes:
    """The activity for a calendar program; `online` adds the room's link, which only registered people get.

    Times are wall-clock times of the activity's zone, so that a daylight-saving change moves nothing. A session's uid
    stays when it moves and SEQUENCE grows, so that programs replace what they have.
    """
    sessions = list(Session.objects.filter(activity=activity, removed_at=None).order_by("starts_at", "pk"))
    calendar = Calendar()
    calendar.add("prodid", f"-//{Provider.current().short_name}//CME Portal//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _line(activity.title))
    events = _per_session(activity, sessions) if activity.is_series else _per_day(activity, sessions)
    for event in events:
        _describe(event, activity, online=online)
        calendar.add_component(event)
    if sessions:
        first, last = sessions[0].starts_at.date(), max(s.ends_at for s in sessions).date()
        # A year on both sides: the change into the zone's current offset must be in the file.
        calendar.add_missing_timezones(first - dt.timedelta(days=366), last + dt.timedelta(days=366))
    return bytes(calendar.to_ical())


def _per_session(activity: Activity, sessions: Sequence[Session]) -> list[Event]:
    return [_event(activity, f"session-{s.pk}", f"{s.title} ({activity.title})", [s]) for s in sessions]


def _per_day(activity: Activity, sessions: Sequence[Session]) -> list[Event]:
    live = [s for s in sessions if s.status != SessionStatus.CANCELLED] or sessions
    found = [
        _event(activity, f"activity-{activity.pk}-day-{number}", activity.title, slots)
        for number, (_day, slots) in enumerate(when.days(live, activity.zone), start=1)
    ]
    if found or activity.starts_on is None:
        return found
    whole = _event(activity, f"activity-{activity.pk}-day-1", activity.title, [])
    whole.add("dtstart", activity.starts_on)
    whole.add("dtend", (activity.ends_on or activity.starts_on) + dt.timedelta(days=1))
    return [whole]


def _event(activity: Activity, uid: str, title: str, slots: Sequence[Session]) -> Event:
    event, zone = Event(), ZoneInfo(activity.zone)
    event.add("uid", f"{uid}@{urlsplit(settings.PORTAL_BASE_URL).hostname}")
    event.add("summary", _line(title))
    event.add("dtstamp", clock.now())
    event.add("sequence", max((s.sequence for s in slots), default=0))
    if slots:
        event.add("dtstart", slots[0].starts_at.astimezone(zone))
        event.add("dtend", max(s.ends_at for s in slots).astimezone(zone))
    gone = activity.status == ActivityStatus.CANCELLED or (
        slots and all(s.status == SessionStatus.CANCELLED for s in slots)
    )
    event.add("status", "CANCELLED" if gone else "CONFIRMED")
    rooms = list(dict.fromkeys(s.room for s in slots if s.room))
    place = ", ".join(
        dict.fromkeys([*(rooms if len(rooms) == 1 else []), *filter(None, [activity.location, activity.city])])
    )
    if place:
        event.add("location", _line(place))
    return event


def _describe(event: Event, activity: Activity, *, online: bool) -> None:
    page = settings.PORTAL_BASE_URL + reverse("activities:activity_detail", args=[activity.number])
    event.add("url", page)
    lines = [activity.summary, page]
    if online and activity.online_url:
        lines.insert(1, activity.online_url)
    event.add("description", "\n".join("\n\n".join(filter(None, lines)).splitlines()))


def _line(text: str) -> str:
    """A line break in a title would begin a new line of the file."""
    return " ".join(text.split())
