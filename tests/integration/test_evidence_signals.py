"""Check-ins to look at: where they come from, who looks, and that no credit depends on them."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from activities.domain import attendance, looking, signals, texting
from activities.models import AttendanceEvidence, CheckInDevice, CheckInReview
from activities.tasks import forget_devices
from common import clock, devices
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, SeenNote
from credits.domain import facts
from reporting.domain import check_ins
from tests.factories import PersonFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import designate

pytestmark = pytest.mark.django_db


HOME, SIGNALS = 14, 6  # the page also asks now and then whether a parameter changed


def running():
    now = clock.now()
    return SessionFactory(starts_at=now - dt.timedelta(minutes=20), code_released_at=now - dt.timedelta(hours=1))


@pytest.fixture
def session():
    return running()


def staff():
    return actor_of(UserFactory(roles=["staff"]))


def tap(session, device="", person=None, method="code"):
    person = person or PersonFactory()
    attendance.check_in(
        session_id=session.pk, person_id=person.pk, method=method, device=device, by=actor_of_person(person)
    )
    return person


def shared(session, people=4, device="one"):
    return [tap(session, device) for _ in range(people)]


def only():
    (signal,) = looking.open_signals()
    return signal


# --- the browser ---------------------------------------------------------------------------------------


def test_people_who_check_in_on_one_phone_share_its_number(session):
    browser, people = Client(), [UserFactory() for _ in range(2)]
    for user in people:
        browser.force_login(user)
        answer = browser.post(reverse("credits:check_in"), {"code": session.check_in_code})
        assert answer.status_code == 302
    cookie = answer.cookies[devices.COOKIE]
    assert (bool(cookie["httponly"]), cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    first, second = CheckInDevice.objects.values_list("device", flat=True)
    assert first == second
    assert first not in cookie.value  # a digest is kept, not the cookie
    other = Client()
    other.force_login(UserFactory())
    other.post(reverse("credits:check_in_by_qr", args=[session.check_in_code]))
    assert CheckInDevice.objects.values("device").distinct().count() == 2


def test_a_cookie_that_somebody_wrote_is_not_believed(session):
    browser = Client()
    browser.force_login(UserFactory())
    browser.cookies[devices.COOKIE] = "somebody-elses"
    browser.post(reverse("credits:check_in"), {"code": session.check_in_code})
    browser.cookies[devices.COOKIE] = "somebody-elses"
    browser.force_login(UserFactory())
    browser.post(reverse("credits:check_in"), {"code": session.check_in_code})
    assert CheckInDevice.objects.values("device").distinct().count() == 2


def test_looking_at_a_page_sets_no_number(session):
    browser = Client()
    browser.force_login(UserFactory())
    browser.get(reverse("credits:check_in"))
    browser.get(reverse("credits:check_in_by_qr", args=[session.check_in_code]))
    assert devices.COOKIE not in browser.cookies


def test_the_browser_costs_one_query(session):
    counts = []
    for device in ("", "one"):
        person = PersonFactory()
        with CaptureQueriesContext(
            connection,
        ) as caught:
            tap(session, device, person)
        counts.append(len([q for q in caught if "SAVEPOINT" not in q["sql"]]))
    assert counts[1] == counts[0] + 1


def test_a_second_tap_on_another_phone_changes_nothing(session):
    person = tap(session, "one")
    tap(session, "two", person)
    assert CheckInDevice.objects.count() == 1


def test_a_number_is_never_changed_and_goes_when_its_days_are_over(session, monkeypatch):
    tap(session, "one")
    with pytest.raises(InternalError), transaction.atomic():
        CheckInDevice.objects.update(device="x")
    forget_devices()
    assert CheckInDevice.objects.count() == 1
    later = clock.now() + dt.timedelta(days=366)
    monkeypatch.setattr(clock, "now", lambda: later)
    forget_devices()
    forget_devices()
    assert (CheckInDevice.objects.count(), AttendanceEvidence.objects.count()) == (0, 1)


# --- signals -------------------------------------------------------------------------------------------


def test_four_people_on_one_phone(session):
    shared(session, 3)
    assert looking.open_signals() == []
    tap(session, "one")
    assert (only().kind, only().session, only().size) == ("device", session.pk, 4)


def test_texts_and_codes_without_a_browser_are_no_signal(session):
    for _ in range(5):
        tap(session)
    assert looking.open_signals() == []


def test_a_session_that_was_moved_after_people_checked_in(session):
    for _ in range(3):
        tap(session)
    moved = clock.now() + dt.timedelta(hours=5)
    type(session).objects.filter(pk=session.pk).update(starts_at=moved, ends_at=moved + dt.timedelta(hours=1))
    assert (only().kind, only().size) == ("time", 3)


def test_more_people_than_were_expected(session):
    type(session.activity).objects.filter(pk=session.activity_id).update(expected_learners=2)
    for _ in range(3):
        tap(session)
    assert looking.open_signals() == []
    tap(session)
    assert (only().kind, only().size) == ("crowd", 4)
    (found,) = looking.shown([only()])
    assert check_ins.words(found).title == "4 people checked in by code, 2 expected"


def test_many_at_once_long_after_the_beginning(session, monkeypatch):
    late = session.starts_at + dt.timedelta(minutes=40)
    monkeypatch.setattr(clock, "now", lambda: late)
    for _ in range(8):
        tap(session)
    assert (only().kind, only().size) == ("burst", 8)


def test_wrong_codes_are_noted_by_person_also_on_pages_that_are_only_read(client, session):
    user = UserFactory()
    client.force_login(user)
    for n in range(5):
        client.post(reverse("credits:check_in"), {"code": f"ABCD{n + 2}2"})
        client.get(reverse("credits:check_in_by_qr", args=[f"ABCD{n + 2}3"]))
    assert SeenNote.objects.filter(kind="wrong_code", person_id=user.person.pk).count() == 10
    assert (only().kind, only().size, only().who) == ("guess", 10, (f"p{user.person.pk}",))
    assert [f.names for f in looking.shown([only()])] == [(user.person.name_with_degrees,)]


def test_wrong_codes_of_a_phone_that_nobody_knows(session):
    for n in range(10):
        texting.receive(sid=f"SM{n}", sender="+14105550177", body="ABCD22")
    assert (only().kind, only().who) == ("guess", ("t+14105550177",))
    assert [f.names for f in looking.shown([only()])] == [("+14105550177",)]


def test_old_matters_are_not_shown(session, monkeypatch):
    shared(session)
    later = clock.now() + dt.timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert looking.open_signals() == []


def test_no_signal_changes_what_can_be_claimed(session):
    people = [PersonFactory() for _ in range(4)]
    designate(session.activity)
    for person in people:
        tap(session, "one", person)
    assert only().size == 4
    known = facts.load(people[0], session.activity)
    CheckInDevice.objects.all().delete()
    alone = facts.load(people[0], session.activity)
    assert (known.sessions, known.credits) == (alone.sessions, alone.credits)


def test_nothing_about_credit_knows_of_signals():
    code = [path.read_text() for path in (Path(settings.BASE_DIR) / "credits").rglob("*.py")]
    assert len(code) > 50
    assert not [
        text for text in code if re.search(r"activities\.domain(\.| import .*)(signals|looking)|CheckInReview", text)
    ]


# --- looking -------------------------------------------------------------------------------------------


def review(signal, *, by=None, outcome="nothing", words="", size=None):
    return looking.review(key=signal.key, size=size or signal.size, outcome=outcome, words=words, by=by or staff())


def test_who_looked_empties_the_list_until_more_comes_in(session):
    shared(session)
    row = review(only(), words="One tablet at the desk")
    assert looking.open_signals() == []
    assert [(s.kind, r.pk) for s, r in looking.looked_at()] == [("device", row.pk)]
    assert AuditEvent.objects.get(event="check_ins_looked_at").reason == "One tablet at the desk"
    tap(session, "one")
    assert only().size == 5


def test_asking_somebody_says_what_came_of_it(session):
    shared(session)
    with pytest.raises(Invalid):
        review(only(), outcome="asked", words=" ")
    with pytest.raises(Invalid):
        review(only(), outcome="guilty")
    assert not CheckInReview.objects.exists()
    assert review(only(), outcome="asked", words="Four residents, one phone").outcome == "asked"


def test_two_colleagues_or_more_check_ins_meanwhile(session):
    shared(session)
    signal = only()
    tap(session, "one")
    with pytest.raises(Conflict, match="More came in"):
        review(signal)
    review(only())
    with pytest.raises(Conflict, match="already"):
        review(signal, size=5)
    assert CheckInReview.objects.count() == 1


def test_only_the_office_looks_and_nobody_at_themselves(session):
    people = shared(session)
    user = UserFactory(roles=["staff"], person=people[0])
    for by in (actor_of(UserFactory(roles=["planner"])), actor_of(user)):
        with pytest.raises(NotAllowed):
            review(only(), by=by)
    assert not CheckInReview.objects.exists()


def test_what_was_found_is_never_rewritten(session):
    shared(session)
    review(only())
    for act in (CheckInReview.objects.all().delete, lambda: CheckInReview.objects.update(note="x")):
        with pytest.raises(InternalError), transaction.atomic():
            act()


# --- pages ---------------------------------------------------------------------------------------------


def test_the_page_lists_filters_and_notes(client, session):
    people, url = shared(session), reverse("check_in_desk:home")
    other = running()
    shared(other, device="two")
    client.force_login(UserFactory(roles=["staff"]))
    html = client.get(url).content.decode()
    assert html.count("4 people checked in on one browser") >= 2
    assert all(p.name_with_degrees in html for p in people)
    narrowed = client.get(url, {"activity": session.activity.number}).context["rows"]
    assert [row.session.pk for row, _said, _form in narrowed] == [session.pk]
    assert client.get(url, {"kind": "guess"}).context["rows"] == []
    key = narrowed[0][0].signal.key
    refused = client.post(url, {"key": key, "size": 4, "outcome": "asked", "note": ""})
    assert refused.context["bound"].errors["note"]
    assert refused.content.decode().count("data-error-summary") == 1
    assert client.post(url, {"key": key, "size": 4, "outcome": "nothing", "note": "One tablet"}).status_code == 302
    assert [row.session.pk for row, _said, _form in client.get(url).context["rows"]] == [other.pk]
    late = client.post(url, {"key": key, "size": 4, "outcome": "nothing", "note": ""})  # a colleague was first
    assert "A colleague looked at this already" in late.content.decode()
    assert late.content.decode().count("data-error-summary") == 1
    done = client.get(url, {"show": "done"})
    assert ([row.review.note for row, _said, _form in done.context["rows"]], "One tablet" in done.content.decode()) == (
        ["One tablet"],
        True,
    )


def test_the_file_has_the_same_lines(client, session):
    shared(session)
    client.force_login(UserFactory(roles=["staff"]))
    answer = client.get(reverse("check_in_desk:table"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert (len(lines), lines[1].startswith("4 people checked in on one browser")) == (2, True)


def test_the_queue_and_the_activity_say_that_something_waits(client, session):
    client.force_login(UserFactory(roles=["staff"]))
    at = [session.activity.number]
    assert "among check-ins to look at" not in client.get(reverse("desk:queue")).content.decode()
    assert "Nothing stands out" in client.get(reverse("desk:check_in", args=at)).content.decode()
    shared(session)
    assert "1 thing among check-ins to look at" in client.get(reverse("desk:queue")).content.decode()
    assert "1 thing stands out" in client.get(reverse("desk:check_in", args=at)).content.decode()


@pytest.mark.parametrize("role", ["planner", "reviewer"])
def test_nobody_else_sees_the_list(client, session, role):
    shared(session)
    client.force_login(UserFactory(roles=[role]))
    for name in ("home", "table"):
        assert client.get(reverse(f"check_in_desk:{name}")).status_code in {302, 403}


@pytest.mark.parametrize("items", [1, 3])
def test_pages_ask_a_constant_number_of_queries(
    client, items, django_assert_max_num_queries, django_assert_num_queries
):
    client.force_login(UserFactory(roles=["staff"]))
    for n in range(items):
        shared(running(), device=f"d{n}")
        for _ in range(10):
            attendance.note(attendance.WRONG_CODE, PersonFactory(), actor_of_person(PersonFactory()))
    client.get(reverse("check_in_desk:home"))
    with django_assert_max_num_queries(HOME):
        assert len(client.get(reverse("check_in_desk:home")).context["rows"]) == items
    with django_assert_num_queries(SIGNALS):
        assert len(looking.open_signals()) == items


@pytest.mark.parametrize("kind", check_ins.KINDS)
@pytest.mark.parametrize(("n", "many"), [(1, "1 "), (7, "7 ")])
def test_every_kind_has_its_words(session, kind, n, many):
    at = session.starts_at
    found = looking.Found(signals.Signal(kind, f"{kind}:1", session.pk, n, at, at, ("p1",)), session, ())
    said = check_ins.words(found)
    assert said.title.startswith(many)
    assert "%(" not in said.title + said.why
