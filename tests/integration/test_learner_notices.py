"""News about an activity reaches everybody registered, once."""

import datetime as dt

import pytest
from django.db import transaction

from activities import jobs_learner
from activities.domain import notices
from common import jobs
from common.models import Job, OutboxMessage
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


def at(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


def tell(**values):
    with transaction.atomic(durable=True):
        notices.tell_registrants(**values)
    job = Job.objects.filter(name="activities.jobs_learner.send_news").latest("pk")
    jobs.run(job.pk)
    return job


def messages(template):
    return list(OutboxMessage.objects.filter(template=template).order_by("pk"))


def test_a_moved_session_is_told_with_before_and_now():
    activity = ActivityFactory(published=True, kind="RSS", title="Medicine Grand Rounds")
    session = SessionFactory(
        activity=activity, title="Gout, Revisited", room="Room B", sequence=1, starts_at=at(2030, 11, 26, 17)
    )
    person = RegistrationFactory(
        activity=activity, person=PersonFactory(given_name="Elena", email="elena@x.example")
    ).person
    RegistrationFactory(activity=activity, waiting=True)
    RegistrationFactory(activity=activity, status="cancelled", cancelled_at=at(2026, 1, 1))

    tell(
        activity=activity,
        kind="moved",
        session=session,
        was_starts_at=at(2030, 11, 19, 17),
        was_ends_at=at(2030, 11, 19, 18),
        was_room="Room A",
        reason="The speaker is ill.",
    )

    mail, _other = messages("activity_moved")
    assert (mail.to, mail.to_name, mail.subject) == (
        "elena@x.example",
        person.full_name,
        "Moved: Medicine Grand Rounds, Gout, Revisited",
    )
    for line in (
        f"Dr. {person.full_name}, Medicine Grand Rounds, Gout, Revisited has moved. You keep your place.",
        "Now: Tue, Nov 26, 2030, 12:00 to 1:00 pm Eastern, Room B",
        "Before: Tue, Nov 19, 2030, 12:00 to 1:00 pm Eastern, Room A",
        "Why: The speaker is ill.",
        f"http://testserver/activities/{activity.number}/calendar.ics",
    ):
        assert line in mail.text


def test_a_cancelled_activity_is_told():
    activity = ActivityFactory(published=True, title="Stroke Night")
    RegistrationFactory(activity=activity)

    tell(activity=activity, kind="cancelled", reason="")

    (mail,) = messages("activity_cancelled")
    assert mail.subject == "Cancelled: Stroke Night"
    assert "Stroke Night is cancelled. You need not do anything." in mail.text


def test_the_same_news_is_sent_once_and_the_next_change_again():
    activity = ActivityFactory(published=True)
    session = SessionFactory(activity=activity, sequence=1)
    RegistrationFactory(activity=activity)
    job = tell(activity=activity, kind="moved", session=session)
    jobs_learner.send_news(*job.args)
    assert len(messages("activity_moved")) == 1

    session.sequence = 2
    tell(activity=activity, kind="moved", session=session)

    assert len(messages("activity_moved")) == 2


def test_news_outlasts_a_worker_killed_half_way(monkeypatch):
    activity = ActivityFactory(published=True)
    RegistrationFactory.create_batch(3, activity=activity)
    monkeypatch.setattr(notices, "CHUNK", 1)
    send, sent = notices._send, []

    def dies_at_the_third(*args, **values):
        if len(sent) == 2:
            raise KeyboardInterrupt
        sent.append(1)
        send(*args, **values)

    monkeypatch.setattr(notices, "_send", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        jobs_learner.send_news(activity.pk, "cancelled", 0, 0, "", "", "", "")
    monkeypatch.setattr(notices, "_send", send)

    jobs_learner.send_news(activity.pk, "cancelled", 0, 0, "", "", "", "")

    assert len({m.to for m in messages("activity_cancelled")}) == len(messages("activity_cancelled")) == 3


def test_who_has_no_address_is_left_out_and_what_is_gone_is_skipped():
    activity = ActivityFactory(published=True)
    RegistrationFactory(activity=activity).person.addresses.update(removed_at=at(2026, 1, 1))
    tell(activity=activity, kind="cancelled")
    jobs_learner.send_news(10**9, "cancelled", 0, 0, "", "", "", "")
    jobs_learner.lapse_offer(10**9)
    assert messages("activity_cancelled") == []


def test_hostile_names_are_text_in_the_mail():
    activity = ActivityFactory(published=True, title="<b>Sepsis</b>\r\nBcc: all@x.example")
    RegistrationFactory(activity=activity, person__family_name="<script>alert(1)</script>")
    tell(activity=activity, kind="cancelled", reason="<img src=x>")
    (mail,) = messages("activity_cancelled")
    assert "\n" not in mail.subject
    assert ("<script>" in mail.html, "<img src=x>" in mail.html, "&lt;script&gt;" in mail.html) == (False, False, True)
    assert "<script>alert(1)</script>" in mail.text


def test_telling_writes_one_job_whatever_the_size(django_assert_num_queries):
    activity = ActivityFactory(published=True)
    RegistrationFactory.create_batch(3, activity=activity)
    with transaction.atomic(durable=True), django_assert_num_queries(1):
        notices.tell_registrants(activity=activity, kind="cancelled")
