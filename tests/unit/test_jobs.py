"""Jobs are rows (decision 16): leased, repeated, taken over from the dead, and never lost with the broker."""

import datetime as dt

import pytest
import redis.exceptions
from django.db import transaction

from common import clock, jobs
from common.models import Job, JobState

pytestmark = pytest.mark.django_db
RAN: list[int] = []


def work(number: int) -> None:
    RAN.append(number)


def not_yet(number: int) -> None:
    raise jobs.NotYet("The engine is missing.")


def broken(number: int) -> None:
    raise ValueError("Broken")


@pytest.fixture(autouse=True)
def tasks(monkeypatch, settings):
    jobs._load_tasks()
    RAN.clear()
    settings.CELERY_TASK_EAGER_PROPAGATES = False
    for function in (work, not_yet, broken):
        monkeypatch.setitem(jobs.TASKS, f"test.tasks.{function.__name__}", function)


def job(name="work", **values):
    at = clock.now()
    return Job.objects.create(**({"name": f"test.tasks.{name}", "args": [7], "due_at": at, "created_at": at} | values))


def test_a_job_runs_once_however_often_it_is_nudged():
    row = job()
    for _ in range(3):
        jobs.run(row.pk)
    row.refresh_from_db()
    assert (RAN, row.state, row.attempts) == ([7], JobState.DONE, 1)


def test_a_leased_job_is_left_to_its_worker():
    row = job(state=JobState.RUNNING, leased_until=clock.now() + jobs.LEASE, attempts=1)
    jobs.run(row.pk)
    assert RAN == []


def test_a_lease_that_ran_out_is_taken_over():
    row = job(state=JobState.RUNNING, leased_until=clock.now() - dt.timedelta(seconds=1), attempts=1)
    jobs.run(row.pk)
    row.refresh_from_db()
    assert (RAN, row.state, row.attempts) == ([7], JobState.DONE, 2)


def test_a_message_that_the_broker_repeats_takes_the_lease_of_the_dead():
    """Celery delivers a message again only when the process that had it died."""
    row = job(state=JobState.RUNNING, leased_until=clock.now() + jobs.LEASE, attempts=1)
    jobs.run(row.pk, take_over=True)
    row.refresh_from_db()
    assert (RAN, row.state) == ([7], JobState.DONE)
    jobs.run(row.pk, take_over=True)
    assert RAN == [7]


@pytest.mark.parametrize(
    ("name", "attempts", "state"),
    [("broken", 0, "due"), ("broken", 19, "failed"), ("not_yet", 19, "due"), ("not_yet", 200, "due")],
)
def test_a_failing_job_waits_longer_each_time_and_is_given_up_at_last(name, attempts, state):
    row = job(name, attempts=attempts)
    jobs.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.leased_until) == (state, None)
    assert row.last_error
    assert clock.now() < row.due_at <= clock.now() + dt.timedelta(hours=1, seconds=1)


def test_a_lost_broker_never_fails_the_act(settings, monkeypatch, django_capture_on_commit_callbacks):
    settings.CELERY_TASK_ALWAYS_EAGER = False

    def away(*args, **kwargs):
        raise redis.exceptions.ConnectionError("away")

    monkeypatch.setattr(jobs.current_app, "send_task", away)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        jobs.later("test.tasks.work", 7)
    assert Job.objects.get().state == JobState.DUE
    assert RAN == []


def test_beat_repeats_what_is_due_and_what_was_abandoned(monkeypatch):
    nudged = []
    monkeypatch.setattr(jobs, "_nudge", nudged.append)
    past = clock.now() - dt.timedelta(minutes=1)
    due, abandoned = job(due_at=past), job(state=JobState.RUNNING, leased_until=past, due_at=past)
    job(due_at=clock.now() + dt.timedelta(hours=1))
    job(state=JobState.RUNNING, leased_until=clock.now() + jobs.LEASE, due_at=past)
    job(state=JobState.DONE, due_at=past)
    job(due_at=clock.now())  # its own nudge is on the way
    assert jobs.resend_due() == 2
    assert sorted(nudged) == sorted([due.pk, abandoned.pk])


def test_the_same_key_is_one_job():
    with transaction.atomic():
        jobs.later("test.tasks.work", 7, key="once")
        jobs.later("test.tasks.work", 7, key="once")
    assert Job.objects.count() == 1


def test_an_unknown_task_is_refused_at_once():
    with transaction.atomic(), pytest.raises(LookupError):
        jobs.later("test.tasks.nobody", 1)
    assert Job.objects.count() == 0


def test_a_rolled_back_act_leaves_no_job():
    with transaction.atomic():
        jobs.later("test.tasks.work", 7)
        transaction.set_rollback(True)
    assert Job.objects.count() == 0
