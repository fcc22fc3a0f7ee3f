"""iCalendar files: an event per session of a series, per day of a course, with the zone's own rules in the file."""

import datetime as dt
from collections.abc import Sequence
from email.utils import parseaddr
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event, vCalAddress

from accounts.models import Provider
from activities.domain import when
from activities.enums import ActivityStatus, SessionStatus
from activities.models import Activity, Session
from common import clock
from common.mail import Attachment

CONTENT_TYPE = "text/calendar; charset=utf-8"
ATTACHED_AS = "calendar.ics"


def of_activity(activity: Activity, *, online: bool) -> bytes:
    """The activity for a calendar program; `online` adds the room's link, which only registered people get.

    Times are wall-clock times of the activity's zone, so that a daylight-saving change moves nothing. An entry's uid
    stays when it moves and SEQUENCE grows, so that programs replace what they have.
    """
    sessions = _sessions(activity)
    events = _per_session(activity, sessions) if activity.is_series else _per_day(activity, sessions)
    for event in events:
        _describe(event, activity, online=online)
    return bytes(_calendar(activity, sessions, events, "PUBLISH").to_ical())


class Invitation:
    """What goes with an e-mail to somebody who has a place: made once for an activity, addressed to each person.

    One entry is a REQUEST or a CANCEL, which programs follow by themselves. Several are a PUBLISH, because the other
    two may speak of one entry only (RFC 5546, 3.2). Without a session the entries that are still ahead.
    """

    def __init__(self, activity: Activity, session: Session | None = None) -> None:
        sessions = _sessions(activity)
        at = clock.now()
        if activity.is_series:
            events = _per_session(activity, [s for s in sessions if (s.pk == session.pk if session else _ahead(s, at))])
        else:
            events = _per_day(activity, sessions)
        # What was called off before is news to nobody who only now comes to it.
        news = session is not None or activity.status == ActivityStatus.CANCELLED
        events = [e for e in events if news or str(e["STATUS"]) != "CANCELLED"]
        for event in events:
            event.add("organizer", _address(parseaddr(settings.DEFAULT_FROM_EMAIL)[1], Provider.current().office_name))
            _describe(event, activity, online=True)
        gone = len(events) == 1 and str(events[0]["STATUS"]) == "CANCELLED"
        self.method = "PUBLISH" if len(events) != 1 else "CANCEL" if gone else "REQUEST"
        self._calendar = _calendar(activity, sessions, events, self.method)
        self._events = events

    def to(self, *, email: str, name: str) -> list[Attachment]:
        """The attachment for one person; none where nothing has a date."""
        if not self._events:
            return []
        if self.method != "PUBLISH":
            guest = _address(email, name)
            guest.params |= {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
            self._events[0].pop("attendee", None)
            self._events[0].add("attendee", guest)
        kind = f"text/calendar; method={self.method}; charset=utf-8"
        return [Attachment(ATTACHED_AS, kind, bytes(self._calendar.to_ical()))]


def _sessions(activity: Activity) -> list[Session]:
    return list(Session.objects.filter(activity=activity, removed_at=None).order_by("starts_at", "pk"))


def _ahead(session: Session, at: dt.datetime) -> bool:
    return session.ends_at > at and session.status != SessionStatus.CANCELLED


def _address(email: str, name: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{email}")
    found.params["CN"] = _line(name.replace('"', "”"))
    return found


def _calendar(activity: Activity, sessions: Sequence[Session], events: Sequence[Event], method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", f"-//{Provider.current().short_name}//CME Portal//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add("x-wr-calname", _line(activity.title))
    for event in events:
        calendar.add_component(event)
    if sessions and events:
        first, last = sessions[0].starts_at.date(), max(s.ends_at for s in sessions).date()
        # A year on both sides: the change into the zone's current offset must be in the file.
        calendar.add_missing_timezones(first - dt.timedelta(days=366), last + dt.timedelta(days=366))
    return calendar


def _per_session(activity: Activity, sessions: Sequence[Session]) -> list[Event]:
    return [_event(activity, f"session-{s.pk}", f"{s.title} ({activity.title})", [s], s.sequence) for s in sessions]


def _per_day(activity: Activity, sessions: Sequence[Session]) -> list[Event]:
    """One entry a day. Days are counted with those that were cancelled, so that the others keep their uid; and as a
    move can change which day is the first, every change of the course raises all of them."""
    changed = max((s.sequence for s in sessions), default=0)
    found = []
    for number, (_day, slots) in enumerate(when.days(sessions, activity.zone), start=1):
        live = [s for s in slots if s.status != SessionStatus.CANCELLED] or slots
        found.append(_event(activity, f"activity-{activity.pk}-day-{number}", activity.title, live, changed))
    if found or activity.starts_on is None:
        return found
    whole = _event(activity, f"activity-{activity.pk}-day-1", activity.title, [], changed)
    whole.add("dtstart", activity.starts_on)
    whole.add("dtend", (activity.ends_on or activity.starts_on) + dt.timedelta(days=1))
    return [whole]


def _event(activity: Activity, uid: str, title: str, slots: Sequence[Session], changed: int) -> Event:
    event, zone = Event(), ZoneInfo(activity.zone)
    called_off = activity.status == ActivityStatus.CANCELLED
    event.add("uid", f"{uid}@{urlsplit(settings.PORTAL_BASE_URL).hostname}")
    event.add("summary", _line(title))
    event.add("dtstamp", clock.now())
    # Calling an activity off touches no session, and still is a change of every entry.
    event.add("sequence", changed + called_off)
    if slots:
        event.add("dtstart", slots[0].starts_at.astimezone(zone))
        event.add("dtend", max(s.ends_at for s in slots).astimezone(zone))
    gone = called_off or (slots and all(s.status == SessionStatus.CANCELLED for s in slots))
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
