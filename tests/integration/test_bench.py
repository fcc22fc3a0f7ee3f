"""What the benches say is met, and the tables that they put around a school."""

import datetime as dt

import pytest
from django.db import connection

from accounts.models import Person
from activities.models import AttendanceEvidence, Session
from bench import __main__ as command
from bench import flow, grow
from common import clock
from credits.models import Certificate, Claim, ClaimLine
from tests.factories import ActivityFactory, SessionFactory


def load(*, learners=10, errors=0, per_hour=36_000, late=0.001, only_check_in=False):
    return flow.Load(
        "claims", 10.0, learners, only_check_in, done=[object()] * (learners - errors), errors=["no"] * errors,
        late=[late] * learners, seconds=(learners - errors) / per_hour * 3600,
    )  # fmt: skip


QUICK, SLOW = [0.02] * 100, [0.02] * 90 + [0.25] * 10


@pytest.mark.parametrize(
    ("requests", "waits", "given", "said"),
    [
        ({"open code": QUICK}, [0.1] * 10, load(), []),
        # Pooled, nine quick kinds would hide the slow one.
        ({**{f"open {n}": QUICK for n in range(9)}, "send claim": SLOW}, [0.1] * 10, load(), ["send claim took 250 ms"]),
        ({}, [0.1] * 9 + [3.0], load(), ["the certificate took 3.0 s"]),
        ({}, [0.1] * 9, load(), ["10 learners claimed and 9 certificates were made"]),
        ({}, [], load(only_check_in=True), []),
        ({}, [0.1] * 9, load(errors=1), ["claims: 1 errors"]),
        ({}, [0.1] * 10, load(per_hour=34_000), ["claims: 34000 an hour"]),
        ({}, [0.1] * 10, load(late=0.3), ["claims: the driver came 300 ms late"]),
    ],
)  # fmt: skip
def test_each_goal_of_the_flow_is_held_by_itself(requests, waits, given, said):
    assert flow.missed(requests, waits, [given]) == said


def test_learners_who_never_came_are_missed():
    given = load()
    given.learners = 12
    assert flow.missed({}, [0.1] * 10, [given]) == ["claims: 12 learners were to come"]


def test_every_part_of_the_benches_is_a_module():
    for module, *_arguments in command.PARTS.values():
        assert __import__(module, fromlist=["main"]).main


@pytest.mark.django_db
@pytest.mark.parametrize("years", [1, 2])
def test_sessions_attendances_and_claims_grow_with_the_years(years):
    SessionFactory(activity=ActivityFactory(kind="C", published=True))
    people = Person.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname")
        indexes = cursor.fetchall()
        grow.grow(cursor, share=0.01, years=years)
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname")
        assert cursor.fetchall() == indexes
    assert Person.objects.count() - people == 2_500
    grown = Session.objects.filter(activity__number__startswith="G")
    assert (grown.count(), grown.values("activity").distinct().count()) == (25 * years, 10 if years == 1 else 18)
    assert (AttendanceEvidence.objects.count(), Claim.objects.count()) == (9_000 * years, 7_000 * years)
    assert (ClaimLine.objects.count(), Certificate.objects.count()) == (7_000 * years, 7_000 * years)
    oldest = (clock.now() - grown.order_by("starts_at")[0].starts_at) / dt.timedelta(days=365.25)
    assert years <= oldest < years * 1.5
