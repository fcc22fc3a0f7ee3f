"""Two people confirm, read anew or take back one list at the same moment: exactly one does, and every row is on record once."""

import threading

import pytest
from django.db import transaction

from activities.domain.imports import batches, writing
from activities.models import AttendanceEvidence, ImportBatch
from common.models import AuditEvent, Job
from tests.concurrency.test_claim_races import together
from tests.integration.import_cases import Series, after_the_month, storage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
LIST = (
    "E-mail,Name\nfolake.adeyemi@northpier.example,Folake Adeyemi\nthu.tran@northpier.example,Minh Th\u01b0 Tr\u1ea7n\n"
)
__all__ = ["after_the_month", "storage"]


@pytest.fixture
def case(after_the_month):
    return Series()


@pytest.fixture
def seen(case, settings):
    """A list that somebody looks at; what is asked of workers waits."""
    batch = case.previewed("roster.csv", LIST, session=case.first)
    assert (batch.status, batch.recorded) == ("previewed", 2)
    settings.CELERY_TASK_ALWAYS_EAGER = False
    return batch


def kinds(results):
    return sorted(type(r).__name__ for r in results)


def confirm(case, batch):
    return writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)


def test_without_the_lock_both_would_confirm(seen):
    """The race is real: both read "previewed" before either writes."""
    meet = threading.Barrier(2)

    def careless():
        with transaction.atomic(durable=True):
            batch = ImportBatch.objects.get(pk=seen.pk)
            meet.wait(timeout=10)
            return batch.status == "previewed"

    assert together(careless, careless) == [True, True]


def test_two_confirmations_of_one_list_are_one(case, seen):
    results = together(lambda: confirm(case, seen), lambda: confirm(case, seen))
    assert kinds(results) == ["Conflict", "ImportBatch"]
    assert AuditEvent.objects.filter(event="import_confirmed").count() == 1
    assert Job.objects.filter(name="activities.tasks.write_import").count() == 1
    assert together(*[lambda: writing.write(seen.pk)] * 2) == [None, None]
    assert AttendanceEvidence.objects.count() == 2
    seen.refresh_from_db()
    assert (seen.status, seen.done) == ("confirmed", 2)


def test_confirming_while_a_colleague_reads_it_anew_writes_only_what_was_seen(case, seen):
    data = {key: seen.mapping[key] for key in ("columns", "source", "order", "zone", "repeated", "minimum")}
    results = together(lambda: confirm(case, seen), lambda: batches.read_import(batch_id=seen.pk, by=case.by, **data))
    assert kinds(results) == ["Conflict", "ImportBatch"]
    seen.refresh_from_db()
    assert (seen.status, seen.preview) in {("writing", 1), ("reading", 2)}


def test_confirming_and_throwing_away_at_once_is_one_of_them(case, seen):
    results = together(lambda: confirm(case, seen), lambda: batches.discard_import(batch_id=seen.pk, by=case.by))
    assert kinds(results) == ["Conflict", "ImportBatch"]
    seen.refresh_from_db()
    assert seen.status in {"writing", "discarded"}


def test_two_who_take_it_back_at_once_do_it_once(case, seen):
    confirm(case, seen)
    writing.write(seen.pk)
    results = together(*[lambda: writing.undo_import(batch_id=seen.pk, reason="The wrong file.", by=case.by)] * 2)
    assert kinds(results) == ["Conflict", "ImportBatch"]
    assert together(*[lambda: writing.undo(seen.pk)] * 2) == [None, None]
    assert AttendanceEvidence.objects.filter(withdrawn=True).count() == 2


def test_the_same_file_brought_twice_at_once_is_one_list(case):
    bring = lambda: case.bring("roster.csv", LIST, session=case.first)  # noqa: E731
    results = together(bring, bring)
    assert kinds(results) in (["Conflict", "ImportBatch"], ["ImportBatch", "ImportBatch"])
    assert ImportBatch.objects.count() == 1
