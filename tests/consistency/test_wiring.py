"""Names that are only strings: jobs, beat entries, checks, rules."""

import re
from pathlib import Path

from django.conf import settings

from common import findings, jobs
from tests.consistency.test_source import SOURCE

BASE = Path(settings.BASE_DIR)
CITATION = re.compile(r"^[A-Z]{2,8}(-[A-Z0-9.]+)*-?[A-Za-z0-9.]*$")


def test_every_job_that_is_asked_for_is_registered():
    jobs._load_tasks()
    text = "\n".join(p.read_text() for p in SOURCE)
    named = set(re.findall(r"[\"']((?:\w+\.)(?:tasks|jobs_\w+)\.\w+)[\"']", text))
    assert {n for n in named if n not in jobs.TASKS} == {"app.tasks.name"}  # the docstring of jobs.task
    assert named, "The pattern finds no job any more."


def test_every_registered_job_is_asked_for():
    """A task that nothing starts is dead code."""
    jobs._load_tasks()
    text = "\n".join(p.read_text() for p in SOURCE)
    assert {n for n in jobs.TASKS if n not in text} == set()


def test_every_beat_entry_is_a_task():
    from cme_portal.celery import app

    app.loader.import_default_modules()
    jobs._load_tasks()
    wrong = []
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        if entry["task"] not in app.tasks:
            wrong.append(name)
        if entry["task"] == "common.jobs.run_named" and entry["args"][0] not in jobs.TASKS:
            wrong.append(name)
    assert wrong == []


def test_tasks_are_made_by_our_decorator():
    """`shared_task` lives in common/jobs.py only: retries, leases and ids-only are decided once."""
    found = [str(p.relative_to(BASE)) for p in SOURCE if "shared_task" in p.read_text() and p.name != "jobs.py"]
    assert found == []


def test_every_check_cites_rules():
    checks = findings.registered()
    assert checks, "READINESS_CHECKS registers nothing."
    assert [c.function.__name__ for c in checks if not c.rules or not all(CITATION.match(r) for r in c.rules)] == []
    assert len({(c.function.__module__, c.function.__name__) for c in checks}) == len(checks)


def test_every_check_function_is_registered():
    """A `check_*` that nobody runs passes silently."""
    registered = {(c.function.__module__, c.function.__name__) for c in findings.registered()}
    written = {
        (".".join(p.relative_to(BASE).with_suffix("").parts), name)
        for p in SOURCE if p.name == "readiness.py" for name in re.findall(r"^def (check_\w+)", p.read_text(), re.M)
    }  # fmt: skip
    assert written - registered == set()
