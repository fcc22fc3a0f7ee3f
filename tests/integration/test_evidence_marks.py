"""Who says that somebody was there: never of themselves, not before it could be; and what was taken back stays so."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.actors import actor_of_person
from accounts.domain import identities
from activities.domain import attendance
from activities.models import AttendanceEvidence
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from integrity.domain import disclosure_text
from tests.factories import ActivityRoleFactory, SessionFactory, UserFactory
from tests.factories.integrity import RelationshipFactory, RelevanceDecisionFactory
from tests.integration.claim_cases import ready

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def case():
    """A session that ended just now, somebody who was not there, the coordinator."""
    _person, activity, (session,) = ready()
    planner = ActivityRoleFactory(activity=activity, role="coordinator", controls_content=False).person
    return session, UserFactory().person, planner


def mark(session, person, by, minutes=None):
    return attendance.mark_present(
        session_id=session.pk, person_id=person.pk, minutes=minutes, reason="Signed the sheet", by=actor_of_person(by)
    )


def test_nobody_marks_or_corrects_themselves(case):
    session, person, planner = case
    with pytest.raises(NotAllowed, match="themselves"):
        mark(session, planner, planner)
    row = mark(session, planner, person)
    with pytest.raises(NotAllowed, match="their own"):
        attendance.correct(evidence_id=row.pk, minutes=60, withdrawn=False, reason="More", by=actor_of_person(planner))
    attendance.correct(
        evidence_id=row.pk, minutes=None, withdrawn=True, reason="I was ill", by=actor_of_person(planner)
    )
    assert not AttendanceEvidence.objects.of(planner).standing().exists()


def test_nobody_was_there_before_the_door_opens_or_where_nothing_was_held(case):
    session, person, planner = case
    ahead = SessionFactory(activity=session.activity, starts_at=clock.now() + 5 * HOUR)
    with pytest.raises(Conflict, match="Nobody can be there yet"):
        mark(ahead, person, planner)
    type(session).objects.filter(pk=session.pk).update(status="cancelled")
    with pytest.raises(Conflict, match="cancelled"):
        mark(session, person, planner)
    assert not AttendanceEvidence.objects.of(person).exists()


@pytest.mark.parametrize("minutes", [0, -5, 999])
def test_a_correction_has_no_more_minutes_than_the_session(case, client, minutes):
    session, person, planner = case
    row = mark(session, person, planner)
    with pytest.raises(Invalid):
        attendance.correct(
            evidence_id=row.pk, minutes=minutes, withdrawn=False, reason="x", by=actor_of_person(planner)
        )
    client.force_login(UserFactory(person=planner))
    page = client.post(
        reverse("activities:session_attendance", args=[session.activity.number, session.pk]),
        {"action": "correct", "evidence": row.pk, "minutes": minutes, "reason": "Typed"},
    )
    assert (page.status_code, "Typed" in page.text) == (200, True)
    assert AttendanceEvidence.objects.of(person).count() == 1


@pytest.mark.parametrize("way", ["page", "unknown"])
def test_what_was_taken_back_is_not_said_to_stand(case, way):
    """A second press said “You’re checked in” and led to a page that was not there."""
    _session, person, planner = case
    session = SessionFactory(
        activity=_session.activity,
        starts_at=clock.now() - HOUR / 2,
        status="ready",
        check_in_code="ABCD23",
        code_released_at=clock.now(),
    )

    def enter():
        if way == "page":
            return attendance.check_in(
                session_id=session.pk, person_id=person.pk, method="code", by=actor_of_person(person)
            ).evidence
        return attendance.check_in_unknown(
            session_id=session.pk, kind="phone", value="+12025550111", method="text", by=actor_of_person(person)
        )

    row = enter()
    assert enter() == row
    attendance.correct(
        evidence_id=row.pk, minutes=None, withdrawn=True, reason="Was not there", by=actor_of_person(planner)
    )
    with pytest.raises(Conflict, match="taken back"):
        enter()


def test_one_person_of_two_identities_is_counted_once(case):
    session, person, planner = case
    mark(session, person, planner)
    other = identities.link(person=person, kind="badge", value="B-77", by=actor_of_person(planner), reason="Badge")
    AttendanceEvidence.objects.create(
        session=session, identity=other, method="kiosk", at=clock.now(), recorded_by="t", recorded_at=clock.now()
    )
    before = attendance.present([session])[session.pk]
    nobody = identities.identity(kind="badge", value="B-78")
    AttendanceEvidence.objects.create(
        session=session, identity=nobody, method="kiosk", at=clock.now(), recorded_by="t", recorded_at=clock.now()
    )
    assert (before, attendance.present([session])[session.pk]) == (
        2,
        3,
    )  # who was there already, this one, the unknown badge


def test_the_screen_of_the_room_shows_its_own_people_and_no_code_once_it_is_over(client):
    """SII-3.5: what the screen says is what the phone says, of the session's people and those of the whole activity."""
    _person, activity, (_first,) = ready()
    now = clock.now()
    mine = SessionFactory(
        activity=activity, starts_at=now - HOUR / 2, status="ready", check_in_code="ABCD23", code_released_at=now
    )
    other = SessionFactory(activity=activity, starts_at=now + 50 * HOUR, status="planned")
    tie = RelationshipFactory(person=ActivityRoleFactory(activity=activity, session=other, role="speaker").person)
    RelevanceDecisionFactory(relationship=tie, activity=activity, relevant=True, rationale="x")
    planner = ActivityRoleFactory(activity=activity, role="coordinator", controls_content=False).person
    client.force_login(UserFactory(person=planner))
    address = reverse("activities:session_present", args=[activity.number, mine.pk])
    page = client.get(address).text
    assert (tie.company.name in page, "ABCD23" in page) == (False, True)
    assert disclosure_text.block(activity, mine).sentences[-1] in page
    type(mine).objects.filter(pk=mine.pk).update(starts_at=now - 3 * HOUR, ends_at=now - 2 * HOUR)
    page = client.get(address).text
    assert ("Check-in closed at" in page, "ABCD23" in page) == (True, False)
