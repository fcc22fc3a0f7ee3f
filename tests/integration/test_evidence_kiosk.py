"""A tablet at the door: one session, badges and names, entries that are brought later and never twice."""

import datetime as dt
import json
import uuid

import pytest
from django.db import InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import people
from activities.domain import attendance, kiosks
from activities.models import AttendanceEvidence, Kiosk, KioskEntry, Registration, Session, WalkIn
from common import clock
from common.actors import system
from common.errors import Conflict, Gone, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from tests.factories import ActivityFactory, PersonFactory, SessionFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
BY = system("test")


@pytest.fixture
def school():
    return School()


@pytest.fixture
def held(school):
    activity = ActivityFactory(kind="RSS", published=True, department=school.department, title="Grand Rounds")
    return SessionFactory(activity=activity, starts_at=clock.now() - 20 * MINUTE, ends_at=clock.now() + 40 * MINUTE)


@pytest.fixture
def opened(school, held):
    """The kiosk and the token of its link."""
    kiosk, address = kiosks.open_kiosk(session_id=held.pk, by=actor_of(school.planner))
    return kiosk, address.rstrip("/").split("/")[-1]


@pytest.fixture
def ines(held):
    person = PersonFactory(given_name="Ines", family_name="Alvarez-Ruiz")
    RegistrationFactory(activity=held.activity, person=person)
    return person


def page(token):
    return reverse("activities:kiosk", args=[token])


def entry(kind="badge", value="B-12345", name="", at=None, key=None):
    return {
        "key": str(key or uuid.uuid4()),
        "kind": kind,
        "value": str(value),
        "name": name,
        "at": (at or clock.now()).isoformat(),
    }


def sync(token, *entries, now=None, client=None):
    body = json.dumps({"now": (now or clock.now()).isoformat(), "entries": list(entries)})
    return (client or Client()).post(
        reverse("activities:kiosk_sync", args=[token]), body, content_type="application/json"
    )


def put(kiosk, kind, value, **more):
    given = kiosks.Given(more.pop("key", uuid.uuid4()), kind, str(value), more.pop("name", ""), more.pop("at", None))
    return kiosks.receive(kiosk_id=kiosk.pk, given=given, tablet_now=more.pop("tablet_now", None), by=BY)


# --- as a plain form -----------------------------------------------------------------------------------


def test_a_name_from_the_list(client, opened, ines, held):
    _kiosk, token = opened
    hits = client.get(page(token), {"q": "ine ruiz"})
    assert hits.context["found"] == [ines]
    done = client.post(page(token), {"kind": "person", "value": ines.pk, "name": ines.full_name})
    assert "You’re in, Ines Alvarez-Ruiz" in client.get(done.url).content.decode()
    row = AttendanceEvidence.objects.get()
    assert (row.method, row.minutes, row.source) == ("kiosk", None, "")
    assert [e.pk for e in attendance.of_person(ines.pk, held.activity)] == [row.pk]


def test_typing_a_name_searches_and_a_badge_checks_in(client, opened, ines):
    _kiosk, token = opened
    assert client.post(page(token), {"kind": "any", "value": "Alvarez"}).url == f"{page(token)}?q=Alvarez"
    assert KioskEntry.objects.count() == 0
    done = client.post(page(token), {"kind": "any", "value": "b-12345"})
    row = AttendanceEvidence.objects.get()
    assert (row.identity.kind, row.identity.value) == ("badge", "B-12345")
    html = client.get(done.url).content.decode()
    assert "Whose badge is this?" in html
    assert 'id="whose" aria-labelledby="whose-title">' in html


def test_a_badge_is_connected_once_and_known_from_then_on(client, opened, ines, held):
    kiosk, token = opened
    put(kiosk, "badge", "B-12345")
    client.post(page(token), {"badge": "B-12345", "email": people.email_of(ines)})
    assert len(attendance.of_person(ines.pk, held.activity)) == 1
    assert put(kiosk, "badge", "b-12345").evidence == AttendanceEvidence.objects.get()
    other = PersonFactory()
    client.post(page(token), {"badge": "B-12345", "email": people.email_of(other)})
    assert attendance.of_person(other.pk, held.activity) == []
    assert AuditEvent.objects.filter(event="badge_connected").count() == 1
    told = OutboxMessage.objects.get(template="badge_connected")
    assert (told.to, "B-12345" in told.text) == (people.email_of(ines), True)


def test_the_tablet_does_not_say_that_somebody_is_in_who_was_taken_back(opened, ines, school):
    kiosk, _token = opened
    first = put(kiosk, "person", ines.pk).evidence
    attendance.correct(
        evidence_id=first.pk, minutes=None, withdrawn=True, reason="Another Ines", by=actor_of(school.planner)
    )
    again = put(kiosk, "person", ines.pk)
    assert (again.evidence, "taken back" in again.problem) == (None, True)


def test_a_badge_that_was_not_scanned_here_is_not_connected(opened, ines):
    kiosk, _token = opened
    with pytest.raises(Conflict, match="Scan the badge first"):
        kiosks.connect_badge(kiosk_id=kiosk.pk, badge="B-999", email=people.email_of(ines), by=BY)
    put(kiosk, "badge", "B-999")
    stranger = PersonFactory(email="stranger@x.example")  # has an account, and is not of this activity
    said = []
    for address in ("nobody@x.example", "stranger@x.example"):
        with pytest.raises(Invalid) as refused:
            kiosks.connect_badge(kiosk_id=kiosk.pk, badge="B-999", email=address, by=BY)
        said.append(str(refused.value))
    assert (said[0] == said[1], "not on the list of this activity" in said[0]) == (True, True)
    assert attendance.of_person(stranger.pk, kiosk.session.activity) == []


def test_a_guest_waits_for_their_first_sign_in(opened, held):
    kiosk, _token = opened
    row = put(kiosk, "guest", "Ines@Clinic.example", name="Ines Alvarez").evidence
    assert (row.identity.value, WalkIn.objects.get().name) == ("ines@clinic.example", "Ines Alvarez")
    assert Registration.objects.count() == 0


def test_two_ways_of_one_person_at_the_tablet_are_one_row(opened, ines):
    kiosk, _token = opened
    put(kiosk, "person", ines.pk)
    put(kiosk, "guest", people.email_of(ines), name="Ines")
    assert AttendanceEvidence.objects.count() == 1
    assert KioskEntry.objects.count() == 2


def test_only_names_of_those_registered_are_on_the_tablet(client, opened, ines):
    stranger = PersonFactory(given_name="Ines", family_name="Elsewhere")
    kiosk, token = opened
    assert client.get(page(token), {"q": "ines"}).context["found"] == [ines]
    assert stranger.full_name not in client.get(page(token)).content.decode()
    assert "not on the list" in put(kiosk, "person", stranger.pk).problem
    assert AttendanceEvidence.objects.count() == 0


@pytest.mark.parametrize("form", [{}, {"kind": "any"}, {"kind": "person"}, {"kind": "x", "value": "1"}])
def test_an_empty_form_says_what_to_do(form, client, opened):
    answer = client.post(page(opened[1]), form, follow=True)
    assert answer.status_code == 200
    assert "Scan your badge, or write your name" in answer.content.decode()
    assert KioskEntry.objects.count() == 0


def test_the_tablet_leads_nowhere_else(client, opened):
    html = client.get(page(opened[1])).content.decode()
    links = [a for a in html.split("<a ")[1:] if "skip" not in a.split(">")[0]]
    assert [a for a in links if "/demo/" not in a.split(">")[0]] == []


def test_a_signed_in_tablet_warns(client, opened, school):
    client.force_login(school.planner)
    assert "Sign out first" in client.get(page(opened[1])).content.decode()


# --- brought later -------------------------------------------------------------------------------------


def test_kept_entries_are_brought_and_brought_again(opened, ines, held):
    _kiosk, token = opened
    rows = [
        entry("person", ines.pk, ines.full_name),
        entry("badge", "B-1 2".replace(" ", "3")),
        entry("guest", "g@x.example", "Gus"),
    ]
    first, second = sync(token, *rows), sync(token, *rows)
    assert first.json() == second.json()
    assert [row["state"] for row in first.json()["done"]] == ["in", "whose", "in"]
    assert first.json()["present"] == 3
    assert (KioskEntry.objects.count(), AttendanceEvidence.objects.count()) == (3, 3)


def test_one_bad_entry_does_not_hold_up_the_others(opened):
    _kiosk, token = opened
    answer = sync(token, entry("guest", "no address"), entry("badge", "B-1234")).json()
    assert [row["state"] for row in answer["done"]] == ["problem", "whose"]
    assert KioskEntry.objects.get(kind="guest").problem.startswith("Write an e-mail address")


@pytest.mark.parametrize("ahead", [-3 * HOUR, -MINUTE, 0 * MINUTE, 5 * HOUR, 400 * dt.timedelta(days=1)])
def test_a_tablet_whose_clock_is_wrong_is_set_right(ahead, opened):
    """Pressed ten minutes ago, brought now, by a clock that is off by `ahead`."""
    _kiosk, token = opened
    now = clock.now()
    sync(token, entry(at=now + ahead - 10 * MINUTE), now=now + ahead)
    row = KioskEntry.objects.get()
    assert abs(row.at - (now - 10 * MINUTE)) < dt.timedelta(seconds=30)
    assert (row.tablet_at, row.clamped) == (now + ahead - 10 * MINUTE, False)
    assert row.evidence.at == row.at
    assert row.received_at >= now


def test_times_outside_of_check_in_are_moved_to_its_edge(opened, held):
    opens, closes = attendance.window(held)
    _kiosk, token = opened
    now = clock.now()
    sync(token, entry(at=now - 9 * HOUR), now=now)
    row = KioskEntry.objects.get()
    assert (row.at, row.clamped) == (opens, True)
    Session.objects.filter(pk=held.pk).update(starts_at=now - 3 * HOUR, ends_at=now - 2 * HOUR)
    closes = now - 2 * HOUR + (closes - held.ends_at)
    sync(token, entry(value="B-777", at=now), now=now)
    late = KioskEntry.objects.get(value="B-777")
    assert (late.at, late.clamped) == (closes, True)


def test_an_entry_is_never_from_the_future(opened):
    _kiosk, token = opened
    now = clock.now()
    sync(token, entry(at=now + HOUR), now=now)
    assert KioskEntry.objects.get().at <= clock.now()


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", "nonsense", '{"now": "x", "entries": []}', '{"now": "2026-11-23T10:00:00", "entries": []}', '{"now": 3, "entries": []}']
    + [
        json.dumps({"now": "2026-11-23T10:00:00Z", "entries": entries})
        for entries in ("x", [1], [{}], [{"key": "x", "kind": "badge", "value": "1", "at": "2026-11-23T10:00:00Z"}], [entry(kind="other", at=dt.datetime.max)])
    ]
    + [json.dumps({"now": "9999-11-23T10:00:00Z", "entries": []}), json.dumps({"now": "2026-11-23T10:00:00Z", "entries": [entry(at=dt.datetime.max)] * 201})],
)  # fmt: skip
def test_what_is_not_understood_records_nothing(body, client, opened):
    answer = client.post(reverse("activities:kiosk_sync", args=[opened[1]]), body, content_type="application/json")
    assert answer.status_code == 400
    assert (KioskEntry.objects.count(), AttendanceEvidence.objects.count()) == (0, 0)


def test_a_stranger_cannot_bring_for_the_tablet_from_another_site(opened):
    strict = Client(enforce_csrf_checks=True)
    assert sync(opened[1], entry(), client=strict).status_code == 403
    assert KioskEntry.objects.count() == 0


def test_entries_are_never_rewritten(opened):
    put(opened[0], "badge", "B-1234")
    for act in (lambda: KioskEntry.objects.update(value="x"), lambda: KioskEntry.objects.all().delete()):
        with pytest.raises(InternalError), transaction.atomic():
            act()


# --- who opens and closes ------------------------------------------------------------------------------


def test_the_planner_opens_sees_the_link_once_and_closes(client, school, held):
    client.force_login(school.planner)
    url = reverse("activities:session_kiosk", args=[held.activity.number, held.pk])
    made = client.post(url, {"action": "open"})
    address = made.context["address"]
    assert client.get(address).status_code == 200
    again = client.get(url).content.decode()
    assert address not in again
    assert Kiosk.objects.get().token_hash not in again
    client.post(url, {"action": "close", "kiosk": Kiosk.objects.get().pk})
    assert client.get(address).status_code == 410
    assert sync(address.rstrip("/").split("/")[-1], entry()).status_code == 410
    assert KioskEntry.objects.count() == 0
    assert "closed by" in " ".join(client.get(url).content.decode().split())


def test_nobody_else_opens_or_closes(client, school, held, opened):
    outsider = actor_of(school.outsider)
    with pytest.raises(NotAllowed):
        kiosks.open_kiosk(session_id=held.pk, by=outsider)
    with pytest.raises(NotAllowed):
        kiosks.close_kiosk(session_id=held.pk, kiosk_id=opened[0].pk, by=outsider)
    other = SessionFactory(activity=held.activity)
    with pytest.raises(Conflict):
        kiosks.close_kiosk(session_id=other.pk, kiosk_id=opened[0].pk, by=actor_of(school.planner))
    client.force_login(school.outsider)
    assert client.get(reverse("activities:session_kiosk", args=[held.activity.number, held.pk])).status_code == 404
    assert Kiosk.objects.get().closed_at is None


def test_a_link_ends_a_day_after_check_in(opened, held, client, monkeypatch):
    kiosk, token = opened
    later = attendance.window(held)[1] + 24 * HOUR
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.get(page(token)).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: later + MINUTE)
    assert client.get(page(token)).status_code == 410
    with pytest.raises(Gone):
        put(kiosk, "badge", "B-1234")
    assert client.get(page("nonsense")).status_code == 404


def test_no_kiosk_for_what_is_over_and_no_entry_for_what_is_cancelled(school, held, opened):
    Session.objects.filter(pk=held.pk).update(status="cancelled")
    assert "cancelled" in put(opened[0], "badge", "B-1234").problem
    with pytest.raises(Conflict):
        kiosks.open_kiosk(session_id=held.pk, by=actor_of(school.planner))
    assert AttendanceEvidence.objects.count() == 0


def test_a_full_activity_still_records_who_was_there(school):
    activity = ActivityFactory(published=True, department=school.department, capacity=1)
    session = SessionFactory(activity=activity, starts_at=clock.now() - MINUTE)
    RegistrationFactory(activity=activity)
    kiosk, _address = kiosks.open_kiosk(session_id=session.pk, by=actor_of(school.planner))
    person = PersonFactory()
    assert put(kiosk, "guest", people.email_of(person)).problem == ""
    assert len(attendance.of_person(person.pk, activity)) == 1
    assert Registration.objects.filter(person=person).count() == 0


def test_an_entry_by_name_looks_for_one_person_and_not_for_the_whole_list(opened, ines, held):
    RegistrationFactory.create_batch(3, activity=held.activity)
    given = kiosks.Given(key=uuid.uuid4(), kind="person", value=str(ines.pk), name="", at=None)
    with CaptureQueriesContext(connection) as queries:
        assert kiosks._who(held, given) == (ines, "", "")
    assert [q["sql"].endswith("LIMIT 1") for q in queries] == [True]
    for value in ("", "x", "٣", "9" * 30):
        assert "not on the list" in put(opened[0], "person", value).problem


@pytest.mark.parametrize("items", [1, 3])
def test_queries_are_constant(items, client, school, held, opened, django_assert_num_queries):
    for n in range(items):
        RegistrationFactory(activity=held.activity)
        put(opened[0], "badge", f"B-{n}000")
    client.get(page(opened[1]))
    with django_assert_num_queries(3):
        client.get(page(opened[1]), {"q": "a"})
    client.force_login(school.planner)
    url = reverse("activities:session_kiosk", args=[held.activity.number, held.pk])
    client.get(url)
    with django_assert_num_queries(5):
        client.get(url)


def test_the_page_says_what_may_keep_it_and_for_how_long(client, opened):
    kiosk, token = opened
    answer = client.get(page(token))
    worker = reverse("activities:kiosk_worker")
    assert f'data-worker="{worker}" data-scope="/kiosk/" data-files="/static/"' in answer.content.decode()
    assert int(answer["X-Kiosk-Until"]) == int(kiosk.ends_at.timestamp() * 1000)
    script = client.get(worker)
    assert (script.status_code, script["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert script["Cache-Control"] == "no-cache"
    assert worker.startswith("/kiosk/")  # from there a browser lets it reach the kiosks and nothing else
