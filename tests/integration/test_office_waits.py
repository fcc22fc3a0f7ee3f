"""The review queue says how many requests for credit and weak claims wait, and leads to exactly those."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import actor_of
from activities.domain import attendance
from activities.models import AttendanceEvidence
from common import clock
from credits.models import ClaimRequest
from tests.factories import PersonFactory, UserFactory
from tests.integration.claim_cases import claim, ready

pytestmark = pytest.mark.django_db
QUEUE = reverse("desk:queue")


@pytest.fixture
def staff(client):
    user = UserFactory(roles=["staff"])
    client.force_login(user)
    return actor_of(user)


def asked(*, status="asked", needs_attendance=False):
    person, _activity, (session,) = ready()
    decided = {} if status == "asked" else {"decided_at": clock.now(), "decided_by": "test", "decision_reason": "No."}
    return ClaimRequest.objects.create(
        person=person, session=session, is_late=True, needs_attendance=needs_attendance, status=status, asked_at=clock.now(), **decided
    )  # fmt: skip


def weakened(staff, *, sessions=1):
    """A claim of one activity; then everything it rests on is taken off the record."""
    person, activity, made = ready(sessions=sessions, person=PersonFactory())
    row = claim(person, activity, dict.fromkeys(made, "1.00"))
    for evidence in AttendanceEvidence.objects.filter(session__in=made, superseded_by=None):
        attendance.correct(evidence_id=evidence.pk, minutes=None, withdrawn=True, reason="Was not there.", by=staff)
    return row


def shown(client, tab="office"):
    return html.unescape(client.get(QUEUE, {"tab": tab}).content.decode())


def test_nothing_is_said_when_nothing_waits(client, staff):
    page = shown(client)
    assert ("for credit wait" in page, "no longer support" in page) == (False, False)


@pytest.mark.parametrize(("n", "said"), [(1, "1 request for credit waits for the office"), (3, "3 requests for credit wait for the office")])  # fmt: skip
def test_requests_with_the_attendance_on_record_are_counted_and_listed(client, staff, n, said):
    rows = [asked() for _n in range(n)]
    others = [asked(needs_attendance=True), asked(status="refused")]
    page = shown(client)
    assert said in page
    link = re.search(r'href="(/admin/credits/claimrequest/\?[^"]+)"', page)
    listed = client.get(link[1]).context["cl"].queryset
    assert set(listed) == set(rows)
    assert not set(listed) & set(others)
    assert said not in shown(client, "waiting")


@pytest.mark.parametrize(("n", "said"), [(1, "1 claim the record no longer supports"), (3, "3 claims the record no longer supports")])  # fmt: skip
def test_claims_the_record_no_longer_supports_are_counted_each_once(client, staff, n, said):
    for _n in range(n):
        weakened(staff, sessions=2)
    page = shown(client)
    assert said in page
    assert f'href="{reverse("claim_desk:home")}"' in page
    assert said not in shown(client, "decided")


def test_three_of_each_take_as_many_queries_as_one(client, staff):
    counted = []
    for _n in range(3):
        asked()
        weakened(staff)
        client.get(QUEUE)
        with CaptureQueriesContext(connection) as captured:
            client.get(QUEUE)
        counted.append(sum("common_clockoffset" not in q["sql"] for q in captured))
    assert counted == [counted[0]] * 3
