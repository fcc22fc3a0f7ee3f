"""Check-out: the minutes between count, every change is a row in the place of the one before, and credit follows."""

import datetime as dt
import uuid

import pytest
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from activities.domain import attendance, checkout, door, kiosks, texting
from activities.models import AttendanceEvidence
from common import clock
from common.actors import system
from common.errors import Conflict
from credits import eligibility
from credits.domain import facts
from tests.factories import ActivityRoleFactory, PersonFactory, ProviderFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import attend, designate
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 17, 17, 0, tzinfo=dt.UTC)
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


@pytest.fixture
def at(monkeypatch):
    def move(minutes, seconds=0):
        monkeypatch.setattr(clock, "now", lambda: NOON + minutes * MINUTE + seconds * SECOND)

    move(0)
    return move


@pytest.fixture
def user(at, client):
    ProviderFactory()
    user = UserFactory()
    client.force_login(user)
    return user


@pytest.fixture
def workshop(at):
    return SessionFactory(starts_at=NOON, ends_at=NOON + 60 * MINUTE, check_out=True)


def enter(user, session, method="code"):
    return attendance.check_in(
        session_id=session.pk, person_id=user.person_id, method=method, by=actor_of(user)
    ).evidence


def leave(user, session):
    return checkout.check_out(session_id=session.pk, person_id=user.person_id, by=actor_of(user))


def back(user, session):
    return checkout.come_back(session_id=session.pk, person_id=user.person_id, by=actor_of(user))


def minutes_of(user, session):
    known = facts.load(user.person, session.activity)
    return eligibility.supported_minutes(next(s for s in known.sessions if s.id == session.pk))


@pytest.mark.parametrize(
    ("came", "seconds", "left", "counts"),
    [(-20, 0, 36, 36), (0, 0, 36, 36), (12, 0, 42, 30), (12, 30, 42, 30), (12, 0, 12, 0), (-10, 0, -5, 0), (59, 0, 59, 0)],
)  # fmt: skip
def test_the_minutes_between_count(came, seconds, left, counts, user, workshop, at):
    at(came, seconds)
    enter(user, workshop)
    at(left, seconds)
    assert leave(user, workshop).minutes == counts
    assert minutes_of(user, workshop) == counts


@pytest.mark.parametrize(("came", "counts"), [(-20, 60), (0, 60), (15, 45), (59, 1)])
def test_who_stays_need_not_check_out(came, counts, user, workshop, at):
    at(came)
    enter(user, workshop)
    at(61)
    assert minutes_of(user, workshop) == counts


def test_out_and_back_and_out_adds_up(user, workshop, at):
    at(5)
    enter(user, workshop)
    at(20)
    leave(user, workshop)
    at(40)
    assert back(user, workshop).left is False
    assert minutes_of(user, workshop) == 15 + 20
    at(50)
    assert leave(user, workshop).minutes == 15 + 10
    rows = list(AttendanceEvidence.objects.order_by("pk"))
    assert [(r.minutes, r.reason) for r in rows] == [
        (55, ""),
        (15, "Checked out"),
        (35, "Came back"),
        (25, "Checked out"),
    ]
    assert attendance.present([workshop]) == {workshop.pk: 1}


def test_another_way_of_checking_in_adds_nothing_to_what_was_left(user, workshop, at):
    enter(user, workshop, "code")
    enter(user, workshop, "qr")
    at(30)
    assert leave(user, workshop).minutes == 30
    assert minutes_of(user, workshop) == 30


def test_a_session_without_check_out_is_as_it_was(user, at):
    session = SessionFactory(starts_at=NOON, ends_at=NOON + 60 * MINUTE)
    at(20)
    assert enter(user, session).minutes is None
    with pytest.raises(Conflict, match="Nobody checks out"):
        leave(user, session)
    assert checkout.presence(session, user.person) is None
    assert AttendanceEvidence.objects.count() == 1


def test_nothing_is_recorded_once_it_is_over(user, workshop, at):
    at(61)
    with pytest.raises(Conflict, match="it is over"):
        enter(user, workshop)
    assert AttendanceEvidence.objects.count() == 0
    at(10)
    enter(user, workshop)
    at(60)
    assert (
        attendance.check_in(session_id=workshop.pk, person_id=user.person_id, method="code", by=actor_of(user)).is_new
        is False
    )
    with pytest.raises(Conflict, match="This session is over"):
        leave(user, workshop)
    assert AttendanceEvidence.objects.count() == 1


def test_twice_out_twice_back_and_without_coming(user, workshop, at):
    with pytest.raises(Conflict, match="Check in first"):
        leave(user, workshop)
    enter(user, workshop)
    with pytest.raises(Conflict, match="You are in"):
        back(user, workshop)
    leave(user, workshop)
    with pytest.raises(Conflict, match="already"):
        leave(user, workshop)
    assert AttendanceEvidence.objects.count() == 2


def test_what_a_coordinator_corrected_is_not_the_learners_to_change(user, workshop, at):
    row = enter(user, workshop)
    attendance.correct(evidence_id=row.pk, minutes=10, withdrawn=False, reason="Left after ten minutes", by=system("x"))
    with pytest.raises(Conflict, match="corrected your record"):
        leave(user, workshop)
    assert minutes_of(user, workshop) == 10


def test_rows_of_others_are_not_touched(user, workshop, at):
    attend(user.person, workshop, method="staff", minutes=None)
    with pytest.raises(Conflict, match="Check in first"):
        leave(user, workshop)
    assert AttendanceEvidence.objects.count() == 1


def test_texts_and_tablets_count_minutes_too(workshop, at, user):
    at(15)
    texting.receive(sid="SM1", sender="202-555-0123", body=workshop.check_in_code)
    school = School()
    type(workshop.activity).objects.filter(pk=workshop.activity_id).update(department=school.department)
    kiosk, _address = kiosks.open_kiosk(session_id=workshop.pk, by=actor_of(school.planner))
    given = kiosks.Given(uuid.uuid4(), "badge", "B-1234", at=NOON + 10 * MINUTE)
    kiosks.receive(kiosk_id=kiosk.pk, given=given, tablet_now=clock.now(), by=system("x"))
    assert list(AttendanceEvidence.objects.order_by("pk").values_list("method", "minutes")) == [
        ("text", 45),
        ("kiosk", 50),
    ]


def test_the_page_has_the_one_button_that_fits(user, workshop, at, client):
    designate(workshop.activity)
    enter(user, workshop)
    page = reverse("credits:checked_in", args=[workshop.pk])
    url = reverse("credits:check_out", args=[workshop.pk])
    at(20)
    assert "Check out now" in client.get(page).content.decode()
    assert client.get(url).url == page
    assert AttendanceEvidence.objects.count() == 1  # decision 17: a link is not an act
    assert client.post(url, {"action": "out"}).url == page
    html = " ".join(client.get(page).content.decode().split())
    assert "You checked out at 12:20 pm" in html
    assert "20 of 60 minutes count" in html
    at(30)
    client.post(url, {"action": "back"})
    assert "If you stay to the end, 50 count" in " ".join(client.get(page).content.decode().split())
    at(61)
    html = " ".join(client.get(page).content.decode().split())
    assert "You stayed to the end" in html
    assert "Check out now" not in html


def test_somebody_else_finds_nothing(workshop, at, client):
    ProviderFactory()
    attend(PersonFactory(), workshop)
    client.force_login(UserFactory())
    assert client.post(reverse("credits:check_out", args=[workshop.pk])).status_code == 404
    assert AttendanceEvidence.objects.count() == 1


def test_the_planner_chooses_it(client, at):
    school = School()
    session = SessionFactory(starts_at=NOON, ends_at=NOON + 60 * MINUTE)
    type(session.activity).objects.filter(pk=session.activity_id).update(department=school.department)
    client.force_login(school.planner)
    url = reverse("activities:session_change", args=[session.activity.number, session.pk])
    client.post(url, {"action": "code", "check_in_by": "same", "check_out": "on"})
    session.refresh_from_db()
    assert (session.check_in_by, session.check_out) == ("same", True)
    client.post(url, {"action": "code", "check_in_by": "same"})
    session.refresh_from_db()
    assert session.check_out is False


def test_checking_in_by_another_way_after_leaving_is_coming_back(user, workshop, at):
    """In by the code, out at 20, back by the poster at 30: 20 and 30 minutes, not the longer of both."""
    enter(user, workshop, "code")
    at(20)
    leave(user, workshop)
    at(30)
    again = attendance.check_in(session_id=workshop.pk, person_id=user.person_id, method="qr", by=actor_of(user))
    assert (again.is_new, again.evidence.reason) == (True, "Came back")
    assert minutes_of(user, workshop) == 50


def test_who_is_marked_at_the_door_late_counts_from_then(user, workshop, at):
    planner = ActivityRoleFactory(activity=workshop.activity, role="coordinator", controls_content=False).person
    at(50)
    door.add(session_id=workshop.pk, person_id=user.person_id, by=actor_of_person(planner))
    assert minutes_of(user, workshop) == 10


@pytest.mark.parametrize(("said", "counts"), [(30, 50), (10, 20)])
def test_the_tablet_takes_who_left_back_in_and_no_entry_of_before(said, counts, user, workshop, at):
    """In by the code, out at 20; the tablet says 30, or brings an entry of minute 10 that it had kept."""
    school = School()
    type(workshop.activity).objects.filter(pk=workshop.activity_id).update(department=school.department)
    enter(user, workshop, "code")
    at(20)
    leave(user, workshop)
    kiosk, _address = kiosks.open_kiosk(session_id=workshop.pk, by=actor_of(school.planner))
    at(30)
    given = kiosks.Given(uuid.uuid4(), "person", str(user.person_id), at=NOON + said * MINUTE)
    kiosks.receive(kiosk_id=kiosk.pk, given=given, tablet_now=NOON + 30 * MINUTE, by=system("kiosk"))
    assert minutes_of(user, workshop) == counts
    reasons = set(AttendanceEvidence.objects.filter(superseded_by=None).values_list("reason", flat=True))
    assert ("Came back" in reasons) == (said == 30)
