"""The calendar entry that goes with an e-mail: read back as a mail program and a calendar program read it."""

import datetime as dt
import email
import email.policy

import pytest
from django.core import mail as outbox
from django.db import transaction
from django.db.utils import InternalError
from django.urls import reverse
from icalendar import Calendar

from activities.domain import notices, registrations, reviews, sessions
from activities.models import Registration
from common import clock, jobs, mail
from common.models import Job, OutboxAttachment, OutboxMessage
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.office_cases import fresh, office
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


@pytest.fixture
def school():
    return School()


def coming(activity, days=7, **values):
    """Around noon in the school's zone, so that no hour added to it begins another day."""
    at = (clock.now() + days * DAY).replace(hour=17, minute=0, second=0, microsecond=0)
    return SessionFactory(activity=activity, starts_at=at, **values)


def registered(activity, **values):
    person = PersonFactory(given_name="Ana", family_name="Łopez, the “2nd”", email="ana@lakeshore.example")
    return RegistrationFactory(activity=activity, person=person, **values)


def confirmed(registration):
    with transaction.atomic(durable=True):
        notices.confirm(registration)
    return sent("registration_confirmed")


def news():
    jobs.run(Job.objects.filter(name="activities.jobs_learner.send_news").latest("pk").pk)


def sent(template):
    """The newest message of a template, what is attached to it as a library reads it, and as it was sent."""
    message = OutboxMessage.objects.filter(template=template).latest("pk")
    mail.deliver(message.pk)
    raw = email.message_from_bytes(outbox.outbox[-1].message().as_bytes(), policy=email.policy.default)
    parts = list(raw.iter_attachments())
    read = [Calendar.from_ical(part.get_content()) for part in parts]
    assert [bytes(a.content) for a in message.attachments.all()] == [c.to_ical() for c in read], "kept as it was sent"
    return message, parts, read[0] if read else None


def entries(calendar):
    return calendar.walk("VEVENT")


def test_a_confirmation_carries_the_entry_as_a_request_addressed_to_the_person():
    activity = ActivityFactory(published=True, title="Sepsis Night", online_url="https://meet.example/room")
    session = coming(activity)

    message, (part,), calendar = confirmed(registered(activity))

    assert (part.get_filename(), part.get_content_type(), part.get_param("method"), part.get_content_charset()) == (
        "calendar.ics", "text/calendar", "REQUEST", "utf-8",
    )  # fmt: skip
    assert str(calendar["METHOD"]) == "REQUEST"
    (event,) = entries(calendar)
    assert (str(event["UID"]), event["SEQUENCE"], str(event["STATUS"])) == (
        f"activity-{activity.pk}-day-1@testserver",
        0,
        "CONFIRMED",
    )
    assert event["DTSTART"].dt == session.starts_at
    assert str(event["ATTENDEE"]) == "mailto:ana@lakeshore.example"
    assert dict(event["ATTENDEE"].params) == {
        "CN": "Ana Łopez, the “2nd”", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE",
    }  # fmt: skip
    assert (str(event["ORGANIZER"]), event["ORGANIZER"].params["CN"]) == (
        "mailto:cme-office@testserver",
        "Office of Continuing Medical Education",
    )
    assert "meet.example/room" in str(event["DESCRIPTION"])
    assert [str(z["TZID"]) for z in calendar.walk("VTIMEZONE")] == ["America/New_York"]
    assert "The calendar entry is attached" in message.text
    assert "The calendar entry is attached" in message.html


def test_several_days_are_published_because_a_request_speaks_of_one():
    activity = ActivityFactory(published=True)
    coming(activity, 7)
    coming(activity, 8)
    coming(activity, 9, status="cancelled")
    _message, (part,), calendar = confirmed(registered(activity))
    assert (str(calendar["METHOD"]), part.get_param("method")) == ("PUBLISH", "PUBLISH")
    assert [("ATTENDEE" in e, "ORGANIZER" in e, str(e["STATUS"])) for e in entries(calendar)] == [
        (False, True, "CONFIRMED")
    ] * 2


def test_a_series_brings_what_is_ahead():
    activity = ActivityFactory(published=True, series=True)
    SessionFactory(activity=activity, starts_at=clock.now() - DAY)
    coming(activity, 3, status="cancelled")
    ahead = [coming(activity, 7), coming(activity, 14)]
    _message, _parts, calendar = confirmed(registered(activity))
    assert [str(e["UID"]) for e in entries(calendar)] == [f"session-{s.pk}@testserver" for s in ahead]


@pytest.mark.parametrize("case", ["waiting", "nothing ahead", "no dates"])
def test_nothing_is_attached_where_there_is_nothing_to_enter(case):
    activity = ActivityFactory(
        published=True,
        series=case == "nothing ahead",
        **({"starts_on": None, "ends_on": None} if case == "no dates" else {}),
    )
    if case == "nothing ahead":
        SessionFactory(activity=activity, starts_at=clock.now() - DAY)
    message, parts, _calendar = confirmed(registered(activity, waiting=case == "waiting"))
    assert (parts, "is attached" in message.text) == ([], False)


def test_registering_sends_it(school):
    activity = ActivityFactory(published=True)
    coming(activity)
    registrations.register(activity_id=activity.pk, by=school.by)
    assert OutboxAttachment.objects.get().message.template == "registration_confirmed"


def test_a_move_replaces_the_entry_it_had(school):
    activity = school.draft(status="published", published_at=clock.now(), kind="RSS")
    session = coming(activity)
    coming(activity, 14)
    registration = registered(activity)
    RegistrationFactory(activity=activity, waiting=True, person__email="waits@lakeshore.example")
    _m, _p, calendar = confirmed(registration)
    before = next(e for e in entries(calendar) if str(e["UID"]).startswith(f"session-{session.pk}@"))

    sessions.move_session(
        session_id=session.pk, starts_at=session.starts_at + HOUR, minutes=45, room="Room C", told=2, by=school.by
    )
    news()

    waits, ana = OutboxMessage.objects.filter(template="activity_moved").order_by("-to")
    assert (waits.attachments.count(), "is attached" in waits.text) == (0, False)
    assert "The attached entry replaces what you have in your calendar." in ana.text
    calendar = Calendar.from_ical(bytes(ana.attachments.get().content))
    (event,) = entries(calendar)
    assert str(calendar["METHOD"]) == "REQUEST"
    assert (event["UID"], event["SEQUENCE"], before["SEQUENCE"]) == (before["UID"], 1, 0)
    assert (event["DTSTART"].dt, str(event["LOCATION"]).startswith("Room C"), str(event["ATTENDEE"])) == (
        session.starts_at + HOUR, True, "mailto:ana@lakeshore.example",
    )  # fmt: skip


def test_a_cancelled_session_of_a_series_is_taken_out(school):
    activity = school.draft(status="published", published_at=clock.now(), kind="RSS")
    session = coming(activity)
    coming(activity, 14)
    registered(activity)
    sessions.cancel_session(session_id=session.pk, reason="The speaker is ill.", told=1, by=school.by)
    news()
    message, (part,), calendar = sent("activity_cancelled")
    (event,) = entries(calendar)
    assert (str(calendar["METHOD"]), part.get_param("method"), str(event["UID"]), str(event["STATUS"]), event["SEQUENCE"]) == (
        "CANCEL", "CANCEL", f"session-{session.pk}@testserver", "CANCELLED", 1,
    )  # fmt: skip
    assert "The attached entry takes it out of your calendar." in message.text


def test_a_slot_of_a_course_that_is_cancelled_shortens_its_day(school):
    activity = school.draft(status="published", published_at=clock.now())
    first = coming(activity)
    second = SessionFactory(activity=activity, starts_at=first.ends_at)
    registered(activity)
    sessions.cancel_session(session_id=second.pk, reason="No room.", told=1, by=school.by)
    news()
    _message, _parts, calendar = sent("activity_cancelled")
    (event,) = entries(calendar)
    assert (str(calendar["METHOD"]), str(event["STATUS"]), event["DTEND"].dt, event["SEQUENCE"]) == (
        "REQUEST",
        "CONFIRMED",
        first.ends_at,
        1,
    )


def test_a_cancelled_activity_is_taken_out():
    found = office("published")
    registered(fresh(found))
    before = entries(confirmed(Registration.objects.get())[2])[0]
    reviews.cancel(activity_id=found.pk, reason="The hall burned down.", told=1, by=found.staff)
    news()
    _message, (part,), calendar = sent("activity_cancelled")
    (event,) = entries(calendar)
    assert (part.get_param("method"), event["UID"], str(event["STATUS"])) == ("CANCEL", before["UID"], "CANCELLED")
    assert event["SEQUENCE"] > before["SEQUENCE"]


def test_hostile_names_stay_in_their_line():
    activity = ActivityFactory(published=True, title="Sepsis\r\nBEGIN:VALARM")
    coming(activity)
    person = PersonFactory(
        given_name='Eve";X=1', family_name="a\r\nATTENDEE:mailto:all@x.example", email="eve@x.example"
    )
    _message, _parts, calendar = confirmed(RegistrationFactory(activity=activity, person=person))
    (event,) = entries(calendar)
    assert str(event["ATTENDEE"]) == "mailto:eve@x.example"
    assert calendar.walk("VALARM") == []


def test_three_hundred_messages_make_the_entry_once(django_assert_num_queries):
    activity = ActivityFactory(published=True)
    coming(activity)
    invitation = notices.calendars.Invitation(activity)
    with django_assert_num_queries(0):
        addressed = {
            bytes(invitation.to(email=f"p{n}@x.example", name=f"P {n}")[0].content).count(b"ATTENDEE")
            for n in range(300)
        }
    assert addressed == {1}


def test_an_attachment_is_not_rewritten():
    activity = ActivityFactory(published=True)
    coming(activity)
    confirmed(registered(activity))
    with pytest.raises(InternalError), transaction.atomic():
        OutboxAttachment.objects.update(name="other.ics")


def test_a_message_with_a_key_attaches_once():
    for _ in range(2):
        with transaction.atomic(durable=True):
            mail.send(
                "contact_message", to="a@x.example", subject="Hello", context={"text": "x"}, key="once",
                attachments=[mail.Attachment("a.txt", "text/plain; charset=utf-8", b"a")],
            )  # fmt: skip
    assert OutboxAttachment.objects.count() == 1


def test_the_demo_shows_and_gives_out_what_was_attached(client):
    activity = ActivityFactory(published=True)
    coming(activity)
    message, _parts, _calendar = confirmed(registered(activity))
    part = message.attachments.get()
    address = reverse("demo:attachment", args=[message.pk, part.pk])
    assert "1 attachment" in client.get(reverse("demo:mail")).text
    page = client.get(reverse("demo:message", args=[message.pk])).text
    assert f'href="{address}">calendar.ics</a>' in page
    answer = client.get(address)
    assert (answer.content, answer["Content-Type"]) == (
        bytes(part.content),
        "text/calendar; method=REQUEST; charset=utf-8",
    )
    assert client.get(reverse("demo:attachment", args=[message.pk + 1, part.pk])).status_code == 404
