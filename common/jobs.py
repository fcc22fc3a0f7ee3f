"""Durable work (decision 16): the row is the job, the broker only carries the nudge, beat repeats what was lost."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import structlog
from celery import current_app, shared_task
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from common import clock, locks

log = structlog.get_logger()
LEASE = dt.timedelta(seconds=120)
MAX_ATTEMPTS = 20
TASKS: dict[str, Callable[..., None]] = {}
_loaded = False


class NotYet(Exception):
    """Raised by a task whose work cannot be done now (an engine is missing): tried again later, not an error."""


def task(function: Callable[..., None]) -> Callable[..., None]:
    """Register a function under "app.tasks.name". It takes ids only and must be safe to run twice."""
    TASKS[f"{function.__module__}.{function.__qualname__}"] = function
    return function


def later(name: str, *args: int | str, key: str | None = None, delay: dt.timedelta | None = None) -> None:
    """Write the job in the caller's transaction and nudge a worker after commit.

    `key` makes the job unique: asking twice for the same key writes one row.
    """
    locks.require_transaction()
    from common.models import Job

    _load_tasks()
    if name not in TASKS:
        raise LookupError(f"No task is registered as {name}.")
    at = clock.now()
    due_at = at + (delay or dt.timedelta())
    found: int | None
    if key is None:
        found = Job.objects.create(name=name, args=list(args), due_at=due_at, created_at=at).pk
    else:
        found = _insert_once(key, name, list(args), due_at, at)
    if found is not None and delay is None:
        transaction.on_commit(lambda: _nudge(found))


def _insert_once(key: str, name: str, args: list[int | str], due_at: dt.datetime, at: dt.datetime) -> int | None:
    """The id of the new row, None when this key has one. One statement, where get_or_create takes four."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO common_job (name, args, key, state, due_at, attempts, last_error, created_at)
               VALUES (%s, %s, %s, 'due', %s, 0, '', %s) ON CONFLICT (key) DO NOTHING RETURNING id""",
            [name, json.dumps(args), key, due_at, at],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def again(key: str) -> bool:
    """Have a job that failed, or that waits for its next try, tried now, as if it were new. False when there is none."""
    locks.require_transaction()
    from common.models import Job, JobState

    waiting = Job.objects.filter(key=key, state__in=[JobState.FAILED, JobState.DUE])
    found = waiting.values_list("pk", flat=True).first()
    if found is None or not waiting.update(state=JobState.DUE, attempts=0, due_at=clock.now(), leased_until=None):
        return False
    transaction.on_commit(lambda: _nudge(found))
    return True


def _nudge(job_id: int) -> None:
    if getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        run(job_id)
        return
    try:
        current_app.send_task("common.jobs.run", args=[job_id], retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001 - a lost broker must never fail the act; beat re-sends within 10 s
        log.warning("job_nudge_failed", job=job_id, error=type(error).__name__)


def _load_tasks() -> None:
    # A flag, not "is TASKS empty": one tasks module imported by somebody else would hide all others.
    global _loaded
    if not _loaded:
        from django.utils.module_loading import autodiscover_modules

        autodiscover_modules("tasks")
        _loaded = True


@shared_task(name="common.jobs.run", bind=True)
def nudged(self: Any, job_id: int) -> None:
    """One nudge. The broker repeats a message only after its process died: then the lease of the dead is no lease."""
    run(job_id, take_over=bool((self.request.delivery_info or {}).get("redelivered")))


def run(job_id: int, *, take_over: bool = False) -> None:
    """Lease the job, run it, mark it. Whoever finds it leased by a living worker leaves."""
    from common.models import Job, JobState

    _load_tasks()
    at = clock.now()
    free = Q(state=JobState.DUE) | (
        Q(state=JobState.RUNNING) if take_over else Q(state=JobState.RUNNING, leased_until__lt=at)
    )
    leased = Job.objects.filter(free, pk=job_id, due_at__lte=at).update(
        state=JobState.RUNNING, leased_until=at + LEASE, attempts=F("attempts") + 1
    )
    if not leased:
        return
    job = Job.objects.get(pk=job_id)
    try:
        TASKS[job.name](*job.args)
    except Exception as error:
        later_by = dt.timedelta(seconds=min(10 * 2 ** (job.attempts - 1), 3600))
        given_up = job.attempts >= MAX_ATTEMPTS and not isinstance(error, NotYet)
        Job.objects.filter(pk=job_id).update(
            state=JobState.FAILED if given_up else JobState.DUE, leased_until=None,
            due_at=clock.now() + later_by, last_error=f"{type(error).__name__}: {error}"[:2000],
        )  # fmt: skip
        log.error(
            "job_failed",
            job=job_id,
            name=job.name,
            attempts=job.attempts,
            error=type(error).__name__,
            given_up=given_up,
        )
        if getattr(settings, "CELERY_TASK_EAGER_PROPAGATES", False):
            raise
        return
    Job.objects.filter(pk=job_id).update(state=JobState.DONE, leased_until=None, finished_at=clock.now(), last_error="")


@shared_task(name="common.jobs.resend_due")
def resend_due(limit: int = 500) -> int:
    """Beat, every 10 s: nudge again what is due or whose worker died. Returns how many."""
    from common.models import Job, JobState

    at = clock.now()
    grace = at - dt.timedelta(seconds=5)
    open_jobs = Job.objects.filter(
        Q(state=JobState.DUE, due_at__lt=grace) | Q(state=JobState.RUNNING, leased_until__lt=at)
    )
    ids = list(open_jobs.order_by("due_at").values_list("pk", flat=True)[:limit])
    for job_id in ids:
        _nudge(job_id)
    return len(ids)


@shared_task(name="common.jobs.heartbeat")
def heartbeat() -> None:
    """Beat → broker → worker → database: the row proves that the whole chain lives (/readyz)."""
    from common.models import Heartbeat

    Heartbeat.objects.update_or_create(name="worker", defaults={"at": dt.datetime.now(dt.UTC)})


@shared_task(name="common.jobs.run_named")
def run_named(name: str, *args: Any) -> None:
    """Run a registered task by name, for beat's static schedule."""
    _load_tasks()
    TASKS[name](*args)
