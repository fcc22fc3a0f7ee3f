"""Evidence that comes twice at the same moment, and by two ways at once: one row of each, one answer, one seat."""

import datetime as dt
import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from accounts.domain import phones
from accounts.models import IdentityLink, PersonAddress
from activities.domain import attendance, kiosks, looking, ways
from activities.models import (
    Activity,
    AttendanceEvidence,
    CheckInReview,
    KioskEntry,
    Registration,
    SelfStatement,
    TextMessage,
    TextReply,
)
from common import clock
from common.errors import Conflict
from credits import eligibility
from credits.domain import attesting, facts
from tests.concurrency.test_claim_races import together
from tests.factories import PersonFactory, ProviderFactory, SessionFactory, UserFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.claim_cases import designate, ready
from tests.integration.test_evidence_texts import PHONE, TOKEN, me, post

__all__ = ["me"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


@pytest.fixture
def session(settings):
    settings.SMS_AUTH_TOKEN, settings.SMS_NUMBER = TOKEN, "202-555-0100"
    ProviderFactory()
    start = clock.now() - dt.timedelta(minutes=20)
    return SessionFactory(starts_at=start, check_in_code="SEP4K7", title="Sepsis")


@pytest.fixture
def tablet(session):
    """The address where a tablet of the session brings what it kept."""
    _kiosk, address = kiosks.open_kiosk(session_id=session.pk, by=actor_of(UserFactory(roles=["staff"])))
    return reverse("activities:kiosk_sync", args=[address.rstrip("/").split("/")[-1]])


def bring(url, person, key):
    at = clock.now().isoformat()
    entry = {"key": str(key), "kind": "person", "value": str(person.pk), "at": at}
    answer = Client().post(url, json.dumps({"now": at, "entries": [entry]}), content_type="application/json")
    return answer.status_code, answer.json()["done"]


# --- text messages -------------------------------------------------------------------------------------


def test_a_message_delivered_twice_at_once_is_one_row_and_one_answer(session, me):
    answers = together(*[lambda: post("SEP4K7").content] * 4)
    assert len(set(answers)) == 1
    assert b"checked in" in answers[0]
    rows = [model.objects.count() for model in (TextMessage, TextReply, AttendanceEvidence, Registration)]
    assert rows == [1, 1, 1, 1]


def test_a_message_of_an_unknown_phone_delivered_twice_at_once(session):
    answers = together(*[lambda: post("SEP4K7").content] * 4)
    assert len(set(answers)) == 1
    rows = [model.objects.count() for model in (TextMessage, TextReply, AttendanceEvidence)]
    assert rows == [1, 1, 1]
    assert AttendanceEvidence.objects.get().identity.value == PHONE


def test_two_messages_of_one_phone_at_once_are_one_check_in(session, me):
    answers = together(lambda: post("SEP4K7", sid="SM1").content, lambda: post("sep 4k7", sid="SM2").content)
    assert all(b"checked in" in answer for answer in answers)
    rows = [model.objects.count() for model in (TextMessage, TextReply, AttendanceEvidence, Registration)]
    assert rows == [2, 2, 1, 1]


def test_a_code_that_proves_a_phone_delivered_twice_at_once(session):
    user = UserFactory()
    phones.add(person_id=user.person_id, number=PHONE, by=actor_of(user))
    address = PersonAddress.objects.get(kind="phone")
    code = phones.ask_code(person_id=user.person_id, address_id=address.pk, by=actor_of(user))
    answers = together(*[lambda: post(code).content] * 6)
    assert len(set(answers)) == 1
    assert b"This phone is yours now" in answers[0]
    assert (TextReply.objects.count(), IdentityLink.objects.filter(identity__value=PHONE).count()) == (1, 1)
    assert b"This phone is yours now" in post(code, sid="SM2").content  # sent again by hand


# --- a tablet ------------------------------------------------------------------------------------------


def test_an_entry_brought_twice_at_once_is_one(session, tablet):
    person, key = RegistrationFactory(activity=session.activity).person, uuid.uuid4()
    results = together(*[lambda: bring(tablet, person, key)] * 4)
    assert results == [(200, [{"key": str(key), "state": "in", "problem": ""}])] * 4
    assert (KioskEntry.objects.count(), AttendanceEvidence.objects.count()) == (1, 1)


def test_two_presses_on_two_tablets_at_once_are_one_check_in(session, tablet):
    _kiosk, address = kiosks.open_kiosk(session_id=session.pk, by=actor_of(UserFactory(roles=["staff"])))
    other = reverse("activities:kiosk_sync", args=[address.rstrip("/").split("/")[-1]])
    person = RegistrationFactory(activity=session.activity).person
    results = together(lambda: bring(tablet, person, uuid.uuid4()), lambda: bring(other, person, uuid.uuid4()))
    assert [(status, done[0]["state"]) for status, done in results] == [(200, "in")] * 2
    assert {e.evidence_id for e in KioskEntry.objects.all()} == {AttendanceEvidence.objects.get().pk}
    assert KioskEntry.objects.count() == 2


@pytest.mark.parametrize("capacity", [None, 1])
def test_a_tablet_and_a_phone_at_once_are_two_facts_and_one_seat(session, capacity):
    """Nobody is registered yet: both ways want a seat for the same person, the last one where there is one."""
    Activity.objects.filter(pk=session.activity_id).update(capacity=capacity)
    designate(session.activity)
    user = UserFactory()
    kiosk, _address = kiosks.open_kiosk(session_id=session.pk, by=actor_of(UserFactory(roles=["staff"])))
    by = actor_of(user)

    def press():
        given = kiosks.Given(uuid.uuid4(), "guest", user.email, "Elena Marchetti")
        return kiosks.receive(kiosk_id=kiosk.pk, given=given, tablet_now=None, by=by)

    def scan():
        return attendance.check_in(session_id=session.pk, person_id=user.person_id, method="qr", device="one", by=by)

    entry, scanned = together(press, scan)
    assert (entry.problem, scanned.is_new) == ("", True)
    assert sorted(AttendanceEvidence.objects.values_list("method", flat=True)) == ["kiosk", "qr"]
    assert Registration.objects.get().person_id == user.person_id
    assert attendance.present([session]) == {session.pk: 1}
    (mine,) = facts.load(user.person, session.activity).sessions
    assert eligibility.supported_minutes(mine) == session.minutes  # not twice


# --- one's own word, and who looks ---------------------------------------------------------------------


def test_two_presses_of_a_statement_are_one():
    _attendee, activity, (session,) = ready(ago=dt.timedelta(hours=1))
    ways.choose_ways(activity_id=activity.pk, ways=["self"], by=actor_of(UserFactory(roles=["staff"])))
    person, version = (
        RegistrationFactory(activity=activity, created_at=session.starts_at).person,
        attesting.wording(session).version,
    )
    by = actor_of_person(person)

    def press():
        return attesting.attest(session_id=session.pk, person_id=person.pk, minutes=45, version=version, by=by).pk

    results = together(*[press] * 4)
    assert set(results) == {AttendanceEvidence.objects.get(method="self").pk}
    assert SelfStatement.objects.count() == 1


def test_two_colleagues_who_note_the_same_are_one_note(session):
    for _ in range(4):
        person = PersonFactory()
        attendance.check_in(
            session_id=session.pk, person_id=person.pk, method="qr", device="one", by=actor_of_person(person)
        )
    (signal,) = looking.open_signals()
    colleagues = [actor_of(UserFactory(roles=["staff"])) for _ in range(3)]
    results = together(
        *[
            lambda by=by: looking.review(key=signal.key, size=signal.size, outcome="nothing", words="", by=by)
            for by in colleagues
        ]
    )
    assert sum(isinstance(r, CheckInReview) for r in results) == 1
    assert sum(isinstance(r, Conflict) for r in results) == 2
    assert CheckInReview.objects.count() == 1
