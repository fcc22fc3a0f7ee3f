"""Registering: seats, queue, offers, undo, consent, check-in (decision 8, LRN-6, LRN-7)."""

import datetime as dt

import pytest
from django.db import transaction

from accounts.actors import actor_of_person
from activities.domain import registrations
from activities.domain.registrations import Answers
from activities.models import Registration
from common import clock, jobs
from common.errors import Conflict, Invalid
from common.models import AuditEvent, Job, OutboxMessage, Statement
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


@pytest.fixture
def still(monkeypatch):
    """A clock that the test moves."""
    state = {"at": dt.datetime(2026, 11, 3, 15, 0, tzinfo=dt.UTC)}
    monkeypatch.setattr(clock, "now", lambda: state["at"])
    return state


def course(*, capacity=None, starts_in=dt.timedelta(days=7), **values):
    activity = ActivityFactory(published=True, capacity=capacity, **values)
    SessionFactory(activity=activity, starts_at=clock.now() + starts_in)
    return activity


def register(activity, person, **answers):
    return registrations.register(activity_id=activity.pk, by=actor_of_person(person), answers=Answers(**answers))


def statuses(activity):
    rows = Registration.objects.filter(activity=activity).exclude(status="cancelled")
    return sorted(rows.values_list("person__family_name", "status"))


def run_jobs(name):
    for job in Job.objects.filter(name=f"activities.jobs_learner.{name}", state="due", due_at__lte=clock.now()):
        jobs.run(job.pk)


def test_register_takes_a_seat_and_confirms_by_mail():
    activity, person = course(capacity=2, title="Sepsis in the First Hour"), PersonFactory(given_name="Elena")

    row = register(activity, person)

    assert (row.status, row.share_consent, row.consent_wording, row.accommodation, row.source) == (
        "registered",
        False,
        "",
        "",
        "web",
    )
    mail = OutboxMessage.objects.get()
    assert mail.subject == "You are registered: Sepsis in the First Hour"
    assert f"http://testserver/activities/{activity.number}/calendar.ics" in mail.text
    assert f"http://testserver/activities/{activity.number}/calendar.ics" in mail.html


def test_register_twice_changes_nothing():
    activity, person = course(capacity=1), PersonFactory()
    first = register(activity, person)

    again = register(activity, person)

    assert again.pk == first.pk
    assert (Registration.objects.count(), OutboxMessage.objects.count()) == (1, 1)


def test_full_activity_puts_on_the_waiting_list():
    activity = course(capacity=1)
    register(activity, PersonFactory(family_name="A"))

    row = register(activity, PersonFactory(family_name="B"))

    assert row.status == "waiting"
    assert registrations.queue_position(row) == 1
    assert OutboxMessage.objects.order_by("-pk")[0].subject.startswith("You are on the waiting list: ")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"status": "cancelled"}, "This activity is cancelled."),
        ({"status": "ended"}, "This activity takes no registrations now."),
        ({"status": "draft", "published_at": None}, "This activity takes no registrations now."),
    ],
)
def test_register_refuses_what_is_not_open(values, sentence):
    activity = course(**values)
    with pytest.raises(Conflict, match=sentence):
        register(activity, PersonFactory())
    assert (Registration.objects.count(), OutboxMessage.objects.count(), AuditEvent.objects.count()) == (0, 0, 0)


def test_registration_closes_when_a_course_begins_and_a_series_ends(still):
    begun = course(starts_in=-dt.timedelta(minutes=1))
    series = course(kind="RSS", starts_in=-dt.timedelta(minutes=1))
    over = course(kind="RSS", starts_in=-dt.timedelta(hours=2))

    for closed in (begun, over):
        with pytest.raises(Conflict, match="Registration closed"):
            register(closed, PersonFactory())
    assert register(series, PersonFactory()).status == "registered"
    assert Registration.objects.count() == 1


def test_without_sessions_the_date_in_the_activitys_zone_decides(still):
    # 15:00 UTC on Nov 3 is still Nov 3 in Honolulu and already Nov 4 in Auckland.
    day = dt.date(2026, 11, 4)
    open_one = ActivityFactory(published=True, zone="Pacific/Honolulu", starts_on=day, ends_on=day)
    begun = ActivityFactory(published=True, zone="Pacific/Auckland", starts_on=day, ends_on=day)

    assert register(open_one, PersonFactory()).status == "registered"
    with pytest.raises(Conflict, match="Registration closed"):
        register(begun, PersonFactory())


def test_a_cancelled_place_is_offered_to_the_longest_waiting(still):
    activity = course(capacity=1)
    first, second, third = (PersonFactory(family_name=n) for n in "ABC")
    for person in (first, second, third):
        register(activity, person)
        still["at"] += dt.timedelta(minutes=1)

    registrations.cancel(activity_id=activity.pk, by=actor_of_person(first))
    assert statuses(activity) == [("B", "waiting"), ("C", "waiting")]  # the undo bar still stands
    still["at"] += dt.timedelta(seconds=20)
    run_jobs("offer_free_seats")

    assert statuses(activity) == [("B", "offered"), ("C", "waiting")]
    offered = Registration.objects.get(person=second)
    assert offered.offered_until == still["at"] + dt.timedelta(hours=24)
    mail = OutboxMessage.objects.order_by("-pk")[0]
    assert mail.subject == f"A place is free for you: {activity.title}"
    assert "We hold it for you until Wed, Nov 4, 10:03 am" in mail.text
    assert f"http://testserver/activities/{activity.number}/registration/" in mail.text


def test_an_offer_is_accepted_once(still):
    activity, person = course(capacity=1), PersonFactory()
    row = RegistrationFactory(activity=activity, person=person, waiting=True)
    registrations.offer_free_seats(activity_id=activity.pk)

    registrations.accept_offer(activity_id=activity.pk, by=actor_of_person(person))
    registrations.accept_offer(activity_id=activity.pk, by=actor_of_person(person))

    row.refresh_from_db()
    assert row.status == "registered"
    assert list(OutboxMessage.objects.order_by("pk").values_list("template", flat=True)) == [
        "registration_offered",
        "registration_confirmed",
    ]


def test_an_offer_lapses_and_goes_to_the_next_but_not_in_circles(still):
    activity = course(capacity=1)
    b, c = (
        RegistrationFactory(
            activity=activity, person__family_name=n, waiting=True, created_at=still["at"] + dt.timedelta(seconds=i)
        )
        for i, n in enumerate("BC")
    )
    registrations.offer_free_seats(activity_id=activity.pk)
    still["at"] += dt.timedelta(hours=23)
    run_jobs("lapse_offer")
    assert statuses(activity) == [("B", "offered"), ("C", "waiting")]

    still["at"] += dt.timedelta(hours=1)
    run_jobs("lapse_offer")
    assert statuses(activity) == [("B", "waiting"), ("C", "offered")]
    registrations.lapse_offer(registration_id=b.pk)  # a second delivery of the job
    assert statuses(activity) == [("B", "waiting"), ("C", "offered")]

    still["at"] += dt.timedelta(hours=24)
    run_jobs("lapse_offer")
    assert statuses(activity) == [("B", "waiting"), ("C", "waiting")]
    with pytest.raises(Conflict, match="This offer has ended"):
        registrations.accept_offer(activity_id=activity.pk, by=actor_of_person(b.person))
    # Nobody is asked twice, but a free place is theirs for the asking.
    assert register(activity, c.person).status == "registered"


def test_an_offer_never_outlives_the_start(still):
    activity = course(capacity=1, starts_in=dt.timedelta(hours=3))
    row = RegistrationFactory(activity=activity, waiting=True)

    registrations.offer_free_seats(activity_id=activity.pk)

    row.refresh_from_db()
    assert row.offered_until == still["at"] + dt.timedelta(hours=3)


def test_nothing_is_offered_after_the_start(still):
    activity = course(capacity=1, starts_in=-dt.timedelta(hours=1))
    row = RegistrationFactory(activity=activity, waiting=True)

    registrations.offer_free_seats(activity_id=activity.pk)

    row.refresh_from_db()
    assert (row.status, OutboxMessage.objects.count()) == ("waiting", 0)


def test_a_newcomer_does_not_overtake_the_queue():
    activity = course(capacity=1)
    RegistrationFactory(activity=activity, person__family_name="B", waiting=True)

    assert register(activity, PersonFactory(family_name="N")).status == "waiting"

    assert statuses(activity) == [("B", "offered"), ("N", "waiting")]


def test_undo_gives_the_same_place_and_answers_back(still):
    activity, person = course(capacity=1), PersonFactory()
    version, _text = registrations.consent_wording()
    old = register(activity, person, share_consent=True, consent_wording=version, accommodation="Captions")
    by = actor_of_person(person)
    registrations.cancel(activity_id=activity.pk, by=by)
    still["at"] += dt.timedelta(seconds=9)

    row = registrations.undo_cancel(activity_id=activity.pk, by=by)

    assert (row.status, row.created_at, row.share_consent, row.consent_wording, row.accommodation) == (
        "registered",
        old.created_at,
        True,
        version,
        "Captions",
    )
    still["at"] += dt.timedelta(seconds=20)
    run_jobs("offer_free_seats")
    assert [s for _n, s in statuses(activity)] == ["registered"]


def test_undo_keeps_the_turn_in_the_queue(still):
    activity = course(capacity=1)
    register(activity, PersonFactory(family_name="A"))
    b, c = PersonFactory(family_name="B"), PersonFactory(family_name="C")
    for person in (b, c):
        still["at"] += dt.timedelta(seconds=1)
        register(activity, person)
    registrations.cancel(activity_id=activity.pk, by=actor_of_person(b))

    row = registrations.undo_cancel(activity_id=activity.pk, by=actor_of_person(b))

    assert (row.status, registrations.queue_position(row)) == ("waiting", 1)


def test_undo_is_refused_when_late_or_taken(still):
    activity, person = course(capacity=1), PersonFactory()
    register(activity, person)
    by = actor_of_person(person)
    registrations.cancel(activity_id=activity.pk, by=by)
    register(activity, PersonFactory(family_name="New"))
    with pytest.raises(Conflict, match="Somebody else has the place now"):
        registrations.undo_cancel(activity_id=activity.pk, by=by)
    still["at"] += dt.timedelta(minutes=5)
    with pytest.raises(Conflict, match="can no longer be undone"):
        registrations.undo_cancel(activity_id=activity.pk, by=by)
    assert statuses(activity) == [("New", "registered")]


def test_cancelling_nothing_is_a_sentence():
    activity = course()
    with pytest.raises(Conflict, match="You are not registered"):
        registrations.cancel(activity_id=activity.pk, by=actor_of_person(PersonFactory()))


def test_consent_is_kept_with_the_wording_it_was_given_to():
    activity, person = course(), PersonFactory()
    version, _text = registrations.consent_wording()
    Statement.objects.create(
        code="LRN-6",
        body="New words",
        effective_from=dt.date(2099, 1, 1),
        source="test",
        checked_on=dt.date(2026, 1, 1),
    )

    row = register(activity, person, share_consent=True, consent_wording=version)
    registrations.change_answers(
        activity_id=activity.pk, by=actor_of_person(person), answers=Answers(False, version, "")
    )

    assert version == "LRN-6 2022-01-01"
    row.refresh_from_db()
    assert (row.share_consent, row.consent_wording) == (False, version)
    given, taken_back = AuditEvent.objects.order_by("pk")
    assert given.new == {"status": "registered", "source": "web", "share_consent": True, "consent_wording": version}
    assert (taken_back.old["share_consent"], taken_back.new["share_consent"]) == (True, False)


@pytest.mark.parametrize("wording", ["", "LRN-6 1999-01-01", "something"])
def test_consent_without_a_known_wording_is_refused(wording):
    with pytest.raises(Invalid):
        register(course(), PersonFactory(), share_consent=True, consent_wording=wording)
    assert Registration.objects.count() == 0


def test_receipts_and_offers_come_to_who_turned_off_what_is_optional():
    activity, person = course(capacity=1), PersonFactory(mail_off=["reminders"])
    register(activity, person)
    other = RegistrationFactory(activity=course(capacity=1), person=person, waiting=True)
    registrations.offer_free_seats(activity_id=other.activity_id)

    templates = list(OutboxMessage.objects.order_by("pk").values_list("template", flat=True))
    assert templates == ["registration_confirmed", "registration_offered"]


# --- check-in -----------------------------------------------------------------------------------------


def ensure(activity, person):
    with transaction.atomic(durable=True):
        return registrations.ensure_registered(activity=activity, person=person, at=clock.now())


@pytest.mark.parametrize("capacity", [None, 1])
def test_check_in_registers_after_the_start(capacity):
    activity, person = course(capacity=capacity, starts_in=-dt.timedelta(minutes=20)), PersonFactory()

    row = ensure(activity, person)

    assert (row.status, row.source, row.share_consent) == ("registered", "checkin", False)
    assert ensure(activity, person).pk == row.pk
    assert (Registration.objects.count(), OutboxMessage.objects.count()) == (1, 0)


@pytest.mark.parametrize("status", ["waiting", "offered"])
def test_check_in_takes_a_free_place_from_the_queue(status):
    activity = course(capacity=1, starts_in=-dt.timedelta(minutes=20))
    row = RegistrationFactory(
        activity=activity, status=status, offered_until=clock.now() if status == "offered" else None
    )

    assert ensure(activity, row.person).status == "registered"


@pytest.mark.parametrize("waits", [True, False])
def test_check_in_is_refused_when_full(waits):
    activity = course(capacity=1, starts_in=-dt.timedelta(minutes=20))
    RegistrationFactory(activity=activity)
    person = RegistrationFactory(activity=activity, waiting=True).person if waits else PersonFactory()
    before = Registration.objects.count()

    with pytest.raises(Conflict, match="Every place is taken"):
        ensure(activity, person)

    assert Registration.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_ensure_registered_wants_a_transaction():
    activity, person = course(), PersonFactory()
    with pytest.raises(RuntimeError, match="needs an open transaction"):
        registrations.ensure_registered(activity=activity, person=person, at=clock.now())


# --- coming up ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("items", [1, 3])
def test_coming_up_is_two_queries(items, django_assert_num_queries):
    person = PersonFactory()
    for n in range(items):
        RegistrationFactory(activity=course(starts_in=dt.timedelta(days=n + 1)), person=person)
    RegistrationFactory(activity=course(starts_in=-dt.timedelta(days=1)), person=person)  # over
    RegistrationFactory(activity=course(), person=person, status="cancelled", cancelled_at=clock.now())

    with django_assert_num_queries(2):
        found = registrations.coming_up(person)
        assert [c.activity.department.name for c in found if c.session_title] != []

    assert len(found) == items
    assert [c.starts_at for c in found] == sorted(c.starts_at for c in found)


def test_coming_up_shows_a_cancelled_activity():
    person = PersonFactory()
    RegistrationFactory(activity=course(status="cancelled"), person=person)

    assert [c.is_cancelled for c in registrations.coming_up(person)] == [True]
