"""A list that took long is told to whoever brought it, once; a short one is not."""

import datetime as dt

import pytest

from activities.domain.imports import batches, preview, writing
from common import clock
from common.models import OutboxMessage
from tests.integration.import_cases import Series
from tests.integration.import_cases import after_the_month as after_the_month
from tests.integration.import_cases import storage as storage

pytestmark = pytest.mark.django_db
ROSTER = "roster_semicolon_bom.csv"


def begun(case, batch, seconds):
    """The columns are said; the job begins when `seconds` have gone by."""
    keys = ("columns", "source", "order", "zone", "repeated", "minimum")
    batches.read_import(batch_id=batch.pk, by=case.by, **{key: batch.mapping[key] for key in keys})
    later(seconds)
    batch.refresh_from_db()
    preview.read(batch.pk, batch.preview)
    batch.refresh_from_db()


def later(seconds):
    clock.move(clock.now() + dt.timedelta(seconds=seconds) - dt.datetime.now(dt.UTC))


def sent():
    return list(OutboxMessage.objects.filter(template="import_done").order_by("pk").values_list("to", "subject"))


def test_a_long_reading_and_a_long_recording_are_told_once_each(after_the_month):
    case = Series()
    batch = case.bring(ROSTER)
    begun(case, batch, 61)
    to = case.planner.person.addresses.get().value
    assert sent() == [(to, "Your list of 10 rows is ready to confirm")]
    message = OutboxMessage.objects.get(template="import_done")
    assert "3 of people we know, 2 wait for their owner, 3 need somebody, 1 add nothing." in message.text
    assert f"/plan/{case.activity.number}/imports/{batch.pk}/" in message.text
    preview.read(batch.pk, batch.preview)
    assert len(sent()) == 1
    writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)
    later(61)
    writing.write(batch.pk)
    writing.write(batch.pk)
    assert sent()[1:] == [(to, "Your list of 10 rows is on record")]


def test_a_short_one_is_not(after_the_month):
    case = Series()
    batch = case.bring(ROSTER)
    begun(case, batch, 50)
    case.confirm(batch)
    assert sent() == []
