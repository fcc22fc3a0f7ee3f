"""The reminder of the day before: to whom, when, once, and not to who turned it off."""

import datetime as dt

import pytest
from django.conf import settings
from django.db import transaction

from accounts.domain import profile
from activities import tasks
from activities.domain import reminders
from common import clock, jobs, mail
from common.models import Job, OutboxMessage
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
NOON = dt.datetime(2030, 3, 12, 16, tzinfo=dt.UTC)  # in New York


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    ProviderFactory()
    monkeypatch.setattr(clock, "now", lambda: NOON)


def begins(after, **values):
    activity = values.pop("activity", None) or ActivityFactory(published=True, online_url="https://meet.example/room")
    return SessionFactory(activity=activity, starts_at=NOON + after, **values)


def run():
    """What beat starts, and the jobs it asked for."""
    tasks.ask_for_reminders()
    for job in Job.objects.filter(name="activities.tasks.remind", state="due").order_by("pk"):
        jobs.run(job.pk)


def sent():
    return list(OutboxMessage.objects.filter(template="session_reminder").order_by("pk"))


def test_who_is_registered_is_reminded_the_day_before_once():
    session = begins(
        20 * HOUR,
        title="Gout",
        activity=ActivityFactory(
            published=True, series=True, title="Grand Rounds", online_url="https://meet.example/room"
        ),
    )
    person = RegistrationFactory(activity=session.activity).person
    RegistrationFactory(activity=session.activity, waiting=True)
    RegistrationFactory(activity=session.activity, status="cancelled", cancelled_at=NOON)

    run()
    run()

    (message,) = sent()
    assert (message.to, message.subject) == (person.addresses.get().value, "Tomorrow: Grand Rounds")
    for line in (
        "the next session of Grand Rounds is “Gout”.", "When: Wed, Mar 13, 8:00 to 9:00 am Eastern", "Where: Harbor Auditorium, Harbor Auditorium, Lakeshore",
        "Online: https://meet.example/room", "You can turn reminders off in your e-mail settings.", "E-mail settings: http://testserver/profile/",
    ):  # fmt: skip
        assert line in message.text


def test_a_course_is_one_reminder_a_day():
    first = begins(18 * HOUR)
    begins(19 * HOUR, activity=first.activity)
    begins(42 * HOUR, activity=first.activity)
    RegistrationFactory(activity=first.activity)
    run()
    assert len(sent()) == 1
    assert "Wed, Mar 13, 6:00 to 8:00 am Eastern" in sent()[0].text


@pytest.mark.parametrize("case", ["too far", "too late", "cancelled session", "cancelled activity", "a break", "draft"])
def test_what_does_not_begin_within_a_day_is_not_told(case):
    values = {
        "too far": {}, "too late": {}, "cancelled session": {"status": "cancelled"}, "a break": {"kind": "break"},
        "cancelled activity": {"activity": ActivityFactory(published=True, status="cancelled")}, "draft": {"activity": ActivityFactory()},
    }[case]  # fmt: skip
    session = begins({"too far": 25 * HOUR, "too late": HOUR}.get(case, 20 * HOUR), **values)
    RegistrationFactory(activity=session.activity)
    run()
    assert sent() == []


def test_who_turned_reminders_off_gets_none():
    session = begins(20 * HOUR)
    off, on = (
        RegistrationFactory(activity=session.activity, person=PersonFactory(mail_off=o)).person
        for o in (["reminders"], [])
    )
    run()
    assert [m.to for m in sent()] == [on.addresses.get().value]
    assert not profile.wants_mail(off.addresses.get().value, "reminders")


def test_a_session_moved_to_another_day_is_told_of_again():
    session = begins(20 * HOUR)
    RegistrationFactory(activity=session.activity)
    run()
    session.starts_at, session.ends_at = NOON + 8 * HOUR, NOON + 9 * HOUR
    session.save(update_fields=["starts_at", "ends_at"])
    run()
    assert [m.subject.split(":")[0] for m in sent()] == ["Tomorrow", "Today"]


def test_what_is_gone_or_began_meanwhile_is_skipped():
    assert reminders.send(activity_id=2_000_000_000, day=NOON.date()) == 0
    session = begins(-HOUR)
    RegistrationFactory(activity=session.activity)
    assert reminders.send(activity_id=session.activity_id, day=NOON.date()) == 0
    assert sent() == []


# --- the gate every sender of optional mail goes through ------------------------------------------------


def note(to, **values):
    with transaction.atomic(durable=True):
        mail.send("contact_message", to=to, subject="Hello", context={"text": "x"}, **values)
    return OutboxMessage.objects.filter(to=to).count()


def test_optional_mail_is_kept_back_and_all_other_is_not():
    person = PersonFactory(email="quiet@x.example", mail_off=["reminders"])
    assert note("quiet@x.example", optional="reminders") == 0
    assert note("quiet@x.example") == 1
    assert note("stranger@x.example", optional="reminders") == 1
    person.addresses.update(removed_at=NOON)
    assert note("quiet@x.example", optional="reminders") == 2, "the address is not theirs any more"


def test_a_kind_that_nobody_can_turn_off_is_a_mistake():
    with pytest.raises(ValueError, match="receipts"):
        note("a@x.example", optional="receipts")


def test_no_receipt_and_no_news_is_optional():
    """Only reminders pass the gate; whoever adds another kind of optional mail adds its switch on the profile."""
    import re
    from pathlib import Path

    found = {}
    for path in Path(settings.BASE_DIR).glob("*/**/*.py"):
        if (
            path.parts[len(Path(settings.BASE_DIR).parts)] not in {"tests", ".venv", "bench"}
            and "optional=OptionalMail" in path.read_text()
        ):
            found[path.name] = re.findall(r'"(\w+)", to=.*optional=OptionalMail\.(\w+)', path.read_text())
    assert found == {"reminders.py": [("session_reminder", "REMINDERS")]}
