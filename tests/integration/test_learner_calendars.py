"""Calendar files are read back as a calendar program reads them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from activities.domain import calendars
from tests.factories import ActivityFactory, ProviderFactory, SessionFactory

pytestmark = pytest.mark.django_db
HOSTILE = 'Sepsis; "first, hour"\r\nBEGIN:VALARM\nمرحبا 🫀 \\n'


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


def read(activity, *, online=False):
    return Calendar.from_ical(calendars.of_activity(activity, online=online))


def at(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


def test_a_course_is_one_event_a_day_in_its_zone():
    activity = ActivityFactory(published=True, number="2026-0007", zone="America/Chicago", title="Heart failure")
    for hour in (14, 15, 17):
        SessionFactory(activity=activity, room="Birch Hall B", starts_at=at(2026, 12, 3, hour))
    SessionFactory(activity=activity, room="Birch Hall B", starts_at=at(2026, 12, 4, 14), sequence=2)

    events = read(activity).walk("VEVENT")

    assert [(e["DTSTART"].dt, e["DTEND"].dt) for e in events] == [
        (
            dt.datetime(2026, 12, 3, 8, tzinfo=ZoneInfo("America/Chicago")),
            dt.datetime(2026, 12, 3, 12, tzinfo=ZoneInfo("America/Chicago")),
        ),
        (
            dt.datetime(2026, 12, 4, 8, tzinfo=ZoneInfo("America/Chicago")),
            dt.datetime(2026, 12, 4, 9, tzinfo=ZoneInfo("America/Chicago")),
        ),
    ]
    assert [str(e["UID"]) for e in events] == [f"activity-{activity.pk}-day-{n}@testserver" for n in (1, 2)]
    # A move can change which day is the first, so every change of a course raises all of its days.
    assert [e["SEQUENCE"] for e in events] == [2, 2]
    assert str(events[0]["LOCATION"]) == "Birch Hall B, Harbor Auditorium, Lakeshore"
    assert str(events[0]["URL"]) == "http://testserver/activities/2026-0007/"


def test_the_file_carries_the_zones_rules_across_daylight_saving():
    activity = ActivityFactory(published=True, kind="RSS")
    # Noon in New York before and after November 1, 2026.
    SessionFactory(activity=activity, title="Before", starts_at=at(2026, 10, 27, 16))
    SessionFactory(activity=activity, title="After", starts_at=at(2026, 11, 3, 17))

    calendar = read(activity)

    assert [e["DTSTART"].dt.hour for e in calendar.walk("VEVENT")] == [12, 12]
    zone = calendar.walk("VTIMEZONE")[0]
    assert str(zone["TZID"]) == "America/New_York"
    offsets = {part["TZOFFSETTO"].td for part in zone.subcomponents}
    assert offsets == {dt.timedelta(hours=-5), dt.timedelta(hours=-4)}
    rules = zone.to_tz(lookup_tzid=False)
    assert [e["DTSTART"].dt.replace(tzinfo=rules).utcoffset() for e in calendar.walk("VEVENT")] == [
        dt.timedelta(hours=-4),
        dt.timedelta(hours=-5),
    ]


def test_a_moved_session_keeps_its_uid_and_a_cancelled_one_says_so():
    activity = ActivityFactory(published=True, kind="RSS")
    session = SessionFactory(activity=activity, starts_at=at(2026, 12, 1, 17))
    SessionFactory(activity=activity, status="cancelled", starts_at=at(2026, 12, 8, 17))
    before = read(activity).walk("VEVENT")[0]
    session.starts_at, session.ends_at, session.sequence = at(2026, 12, 2, 17), at(2026, 12, 2, 18), 1
    session.save(update_fields=["starts_at", "ends_at", "sequence"])

    after, cancelled = read(activity).walk("VEVENT")

    assert (after["UID"], after["SEQUENCE"], after["DTSTART"].dt.day) == (before["UID"], 1, 2)
    assert (after["STATUS"], cancelled["STATUS"]) == ("CONFIRMED", "CANCELLED")


def test_a_cancelled_activity_takes_its_entries_out():
    activity = ActivityFactory(published=True, status="cancelled")
    SessionFactory(activity=activity, starts_at=at(2026, 12, 8, 17), sequence=3)
    assert [(str(e["STATUS"]), e["SEQUENCE"]) for e in read(activity).walk("VEVENT")] == [("CANCELLED", 4)]


def test_a_cancelled_day_keeps_its_place_so_that_the_others_keep_their_uid():
    activity = ActivityFactory(published=True)
    first, second = (SessionFactory(activity=activity, starts_at=at(2026, 12, day, 17)) for day in (3, 4))
    before = {e["DTSTART"].dt.day: str(e["UID"]) for e in read(activity).walk("VEVENT")}
    first.status = "cancelled"
    first.save(update_fields=["status"])

    after = read(activity).walk("VEVENT")

    assert {e["DTSTART"].dt.day: str(e["UID"]) for e in after} == before
    assert [str(e["STATUS"]) for e in after] == ["CANCELLED", "CONFIRMED"]
    assert second.starts_at.day == after[1]["DTSTART"].dt.day


def test_without_sessions_the_days_are_whole():
    activity = ActivityFactory(published=True, starts_on=dt.date(2026, 12, 3), ends_on=dt.date(2026, 12, 4))
    event = read(activity).walk("VEVENT")[0]
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (dt.date(2026, 12, 3), dt.date(2026, 12, 5))


def test_hostile_text_stays_text():
    activity = ActivityFactory(published=True, title=HOSTILE, summary=HOSTILE, location=HOSTILE)
    SessionFactory(activity=activity)
    calendar = read(activity)
    assert len(calendar.walk("VEVENT")) == 1
    assert calendar.walk("VALARM") == []
    assert "BEGIN:VALARM" in str(calendar.walk("VEVENT")[0]["SUMMARY"])


@pytest.mark.parametrize("online", [True, False])
def test_the_room_link_is_for_registered_people(online):
    activity = ActivityFactory(published=True, online_url="https://meet.example/secret")
    SessionFactory(activity=activity)
    assert ("meet.example/secret" in str(read(activity, online=online).walk("VEVENT")[0]["DESCRIPTION"])) is online
