"""Two presses at the same instant: one set of sessions, one transcript. The database refuses what the lock prevents."""

import datetime as dt

import pytest
from django.db import IntegrityError

from activities.domain import series
from activities.domain.series import Dates
from activities.models import Session
from common import clock
from common.models import Job
from credits.domain import transcripts
from credits.models import TranscriptDocument, TranscriptFile
from tests.concurrency.test_claim_races import together
from tests.factories import PersonFactory, ProviderFactory
from tests.integration.planning_cases import School
from tests.integration.transcript_cases import earn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def test_two_confirmations_make_each_session_once():
    school = School()
    rounds = school.draft(kind="RSS", title="Medicine Grand Rounds", starts_on=None, ends_on=None)
    start = clock.today("America/New_York") + dt.timedelta(days=30)
    asked = Dates("FREQ=DAILY", start, start + dt.timedelta(days=9), dt.time(12), 60)
    results = together(*[lambda: series.plan_series(activity_id=rounds.pk, dates=asked, by=school.by)] * 4)
    assert sorted(len(r.added) for r in results) == [0, 0, 0, 10]
    assert Session.objects.filter(activity=rounds, removed_at=None).count() == 10


def test_without_the_lock_the_database_refuses_the_second_session_of_a_date():
    rounds = School().draft(kind="RSS")
    day = clock.today("America/New_York")

    def add():
        starts = clock.local(day, dt.time(12), rounds.zone)
        return Session.objects.create(
            activity=rounds, title="A", series_on=day, starts_at=starts, ends_at=starts + dt.timedelta(hours=1)
        )

    results = together(add, add)
    assert sorted(type(r) is IntegrityError for r in results) == [False, True]


def test_two_presses_make_one_transcript_rendered_once():
    from accounts.actors import actor_of_person

    ProviderFactory()
    person = PersonFactory()
    earn(person, dt.date(2026, 1, 6))
    by = actor_of_person(person)
    results = together(*[lambda: transcripts.make(person_id=person.pk, by=by)] * 3)
    assert {r.pk for r in results} == set(TranscriptDocument.objects.values_list("pk", flat=True))
    assert TranscriptDocument.objects.count() == 1
    together(*[lambda: transcripts.render(results[0].pk)] * 2)
    assert TranscriptFile.objects.count() == 1
    assert Job.objects.filter(key=f"transcript:{results[0].pk}").count() == 1
