"""Checking in: the evidence ledger gets one row per person, session and way of knowing, in its window only (decision 8)."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.actors import actor_of
from activities.domain import attendance
from activities.models import AttendanceEvidence, DisclosureDelivery, Registration
from common import clock
from common.errors import Conflict
from integrity.domain import disclosure_text
from tests.factories import (
    ActivityFactory,
    ActivityRoleFactory,
    PersonFactory,
    ProviderFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.integrity import DisclosureFactory
from tests.integration.claim_cases import ready

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def user(client):
    ProviderFactory()
    user = UserFactory()
    client.force_login(user)
    return user


def running(**more):
    return SessionFactory(starts_at=clock.now() - 5 * MINUTE, ends_at=clock.now() + 55 * MINUTE, **more)


def type_code(client, code):
    return client.post(reverse("credits:check_in"), {"code": code})


def test_a_right_code_checks_in_and_registers(user, client):
    session = running()
    response = type_code(client, session.check_in_code.lower())
    assert response.url == reverse("credits:checked_in", args=[session.pk])
    row = AttendanceEvidence.objects.get()
    assert (row.session, row.method, row.minutes, row.identity.value) == (session, "code", None, user.email)
    assert Registration.objects.get().person == user.person
    assert client.get(response.url).status_code == 200


def test_a_double_tap_is_one_row_and_the_same_page(user, client):
    session = running()
    first, second = type_code(client, session.check_in_code), type_code(client, session.check_in_code)
    assert first.url == second.url
    assert (AttendanceEvidence.objects.count(), Registration.objects.count()) == (1, 1)


def test_code_and_qr_are_two_ways_of_knowing_one_attendance(user, client):
    session = running()
    type_code(client, session.check_in_code)
    client.post(reverse("credits:check_in_by_qr", args=[session.check_in_code]))
    assert sorted(AttendanceEvidence.objects.values_list("method", flat=True)) == ["code", "qr"]
    assert attendance.present([session]) == {session.pk: 1}


def test_opening_the_qr_address_checks_nobody_in(user, client):
    """Decision 17: scanners follow links."""
    session = running()
    page = client.get(reverse("credits:check_in_by_qr", args=[session.check_in_code]))
    assert page.status_code == 200
    assert (AttendanceEvidence.objects.count(), Registration.objects.count(), DisclosureDelivery.objects.count()) == (
        0,
        0,
        0,
    )


def test_the_disclosure_counts_when_it_was_on_the_page(user, client):
    """SII-3.5e, decision 17."""
    session = running()
    DisclosureFactory(person=ActivityRoleFactory(activity=session.activity, role="director").person)
    url = reverse("credits:check_in_by_qr", args=[session.check_in_code])
    sha = client.get(url).context["disclosure"].sha256
    client.post(url, {"disclosure": "f" * 64})
    assert DisclosureDelivery.objects.count() == 0
    other = UserFactory()
    client.force_login(other)
    client.post(url, {"disclosure": sha})
    assert DisclosureDelivery.objects.get().text_hash == sha


@pytest.mark.parametrize(
    ("starts", "minutes", "sentence"),
    [(31 * MINUTE, 60, "Check-in opens at"), (-76 * MINUTE, 60, "Check-in for this session has closed")],
)
def test_outside_its_window_the_page_says_when(starts, minutes, sentence, user, client):
    at = clock.now() + starts
    session = SessionFactory(starts_at=at, ends_at=at + minutes * MINUTE)
    response = type_code(client, session.check_in_code)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert f'value="{session.check_in_code}"' in response.content.decode()
    assert (AttendanceEvidence.objects.count(), Registration.objects.count()) == (0, 0)


@pytest.mark.parametrize(("starts", "minutes"), [(29 * MINUTE, 60), (-74 * MINUTE, 60), (0 * MINUTE, 60)])
def test_within_its_window_it_stands(starts, minutes, user, client):
    at = clock.now() + starts
    session = SessionFactory(starts_at=at, ends_at=at + minutes * MINUTE)
    assert type_code(client, session.check_in_code).status_code == 302


def test_a_cancelled_session_takes_nobody(user, client):
    session = running(status="cancelled")
    response = type_code(client, session.check_in_code)
    assert "was cancelled" in response.content.decode()
    assert AttendanceEvidence.objects.count() == 0


def test_a_full_activity_takes_nobody_who_has_no_place(user, client):
    session = running(activity=ActivityFactory(published=True, capacity=1))
    Registration.objects.create(activity=session.activity, person=PersonFactory(), created_at=clock.now())
    response = type_code(client, session.check_in_code)
    assert "Every place is taken" in response.content.decode()
    assert (AttendanceEvidence.objects.count(), Registration.objects.count()) == (0, 1)


@pytest.mark.parametrize("state", ["unreleased", "draft"])
def test_codes_that_are_not_out_are_no_codes(state, user, client):
    session = running(code_released_at=None) if state == "unreleased" else running(activity=ActivityFactory())
    response = type_code(client, session.check_in_code)
    assert "No session has this code" in response.content.decode()
    assert AttendanceEvidence.objects.count() == 0


def test_ten_wrong_codes_stop_a_person_and_nobody_else(user, client):
    """Decision 9: counted per person, because a hall shares one address."""
    session = running()
    for _ in range(10):
        assert "No session has this code" in type_code(client, "ZZZZZZ").content.decode()
    stopped = type_code(client, session.check_in_code).content.decode()
    assert "Ten codes did not match" in stopped
    assert AttendanceEvidence.objects.count() == 0

    client.force_login(UserFactory())
    assert type_code(client, session.check_in_code).status_code == 302


def test_wrong_qr_addresses_count_too(user, client):
    for _ in range(10):
        client.get(reverse("credits:check_in_by_qr", args=["ZZZZZZ"]))
    session = running()
    assert client.get(reverse("credits:check_in_by_qr", args=[session.check_in_code])).status_code == 409


def test_codes_are_tried_after_signing_in_only(client):
    ProviderFactory()
    session = running()
    response = client.post(reverse("credits:check_in"), {"code": session.check_in_code})
    assert response.url.startswith(reverse("accounts:sign_in"))
    assert AttendanceEvidence.objects.count() == 0


def test_a_correction_adds_a_row_and_the_first_one_stays(user):
    """Law 1."""
    session, by, desk = running(), actor_of(user), actor_of(UserFactory())
    first = attendance.check_in(session_id=session.pk, person_id=user.person_id, method="code", by=by).evidence
    attendance.correct(evidence_id=first.pk, minutes=30, withdrawn=False, reason="Left early", by=desk)
    assert [e.minutes for e in attendance.of_person(user.person_id, session.activity)] == [30]
    assert AttendanceEvidence.objects.count() == 2
    with pytest.raises(Conflict, match="corrected already"):
        attendance.correct(evidence_id=first.pk, minutes=20, withdrawn=False, reason="Again", by=desk)


def test_the_pages_of_the_flow_show_the_disclosure_and_send_back_its_hash(client):
    """SII-3.5e, decision 17: presence or absence stands on the page, and the act carries the hash of what it showed."""
    person, activity, (session,) = ready()
    client.force_login(UserFactory(person=person))
    sha = disclosure_text.block(activity, session).sha256
    for name, args in (("check_in_by_qr", [session.check_in_code]), ("claim", [activity.number])):
        page = client.get(reverse(f"credits:{name}", args=args)).content.decode()
        assert "disclos" in page.lower()
        assert f'name="disclosure" value="{sha}"' in page
    assert disclosure_text.PENDING[:30] in client.get(reverse("credits:checked_in", args=[session.pk])).content.decode()
