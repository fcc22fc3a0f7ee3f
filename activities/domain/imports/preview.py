"""Reading a file into rows with verdicts: a job in slices, each chunk in its own transaction, that goes on where it was.

Nothing but the import's own rows is written. What is shown can be confirmed as long as nobody asked for another reading.
"""

import csv
import io
import json
import operator
import time
from collections.abc import Sequence
from typing import BinaryIO, cast

import structlog
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import Count

from activities.domain.imports import kinds, news
from activities.domain.imports.drafts import Draft
from activities.enums import ImportStatus
from activities.models import ImportBatch, ImportRow
from activities.workflow import IMPORT
from common import clock, jobs, locks, tabular
from common.actors import system

log = structlog.get_logger()
BROKEN_OFF = "Reading broke off by a fault of the portal after {done} rows."
SLICE_SECONDS = 45.0  # a worker's task is ended after 90; another slice goes on
_BY = system("import")


def read(batch_id: int, preview: int, *, slice_seconds: float = SLICE_SECONDS) -> None:
    """Read the file from where the last slice stopped. Safe to run twice, also at the same time."""
    batch = ImportBatch.objects.select_related("activity", "session", "file").get(pk=batch_id)
    if batch.status != ImportStatus.READING or batch.preview != preview:
        return
    ends = time.monotonic() + slice_seconds
    if batch.position == 0:
        _begin(batch)
    try:
        if _read_rows(batch, ends):
            _finish(batch, ends)
    except tabular.Unreadable as error:
        _refuse(batch, str(error))
    except Exception:  # a fault of ours: the job is tried again, and whoever waits for the list is told
        _note_broken_off(batch)
        raise


def _begin(batch: ImportBatch) -> None:
    """Rows of an earlier preview go; they were shown, never recorded."""
    with transaction.atomic(durable=True):
        row = hold(batch)
        if row is not None and row.position == 0:
            ImportRow.objects.filter(batch=batch)._raw_delete(using=connection.alias)


def _read_rows(batch: ImportBatch, ends: float) -> bool:
    """Chunk after chunk; False when the slice was over before the file."""
    with storages["private"].open(batch.file.key) as file:
        for rows, last in kinds.of(batch).chunks(batch, cast(BinaryIO, file.file or file)):
            more = _store(batch, rows, last, go_on=time.monotonic() > ends)
            if more is None:
                return False
            if time.monotonic() > ends:
                return False
    return True


def _store(batch: ImportBatch, rows: Sequence[Draft], last: int, *, go_on: bool) -> bool | None:
    """Write a chunk once. None when the batch is no longer ours, or somebody else is further than we are."""
    with transaction.atomic(durable=True):
        row = hold(batch)
        if row is None or row.position >= last:
            return None
        _insert([r for r in rows if r.number > row.position])
        row.position, row.done = last, row.done + len(rows)
        row.save(update_fields=["position", "done"])
        if go_on:
            jobs.later("activities.tasks.read_import", batch.pk, batch.preview)
    return True


_COLUMNS = (
    "batch_id", "number", "part", "cells", "verdict", "code", "reason", "how", "name", "name_key", "session_id", "minutes", "joined_at", "left_at", "stated",
    "who", "person_id", "candidates", "identity_kind", "identity_value", "leader", "settled_by", "fact", "said",
)  # fmt: skip
_TEXTS = ("code", "reason", "how", "name", "name_key", "who", "identity_kind", "identity_value", "settled_by", "fact")


def _insert(rows: Sequence[Draft]) -> None:
    """COPY: a quarter of the time of `bulk_create`, and most of a preview is this."""
    text = io.StringIO()
    writer = csv.writer(text)
    values_of, dumps = operator.attrgetter(*_COLUMNS), json.JSONEncoder().encode
    for row in rows:
        values = list(values_of(row))
        values[3], values[17] = dumps(row.cells), dumps(row.candidates) if row.candidates else "[]"
        values[-1] = dumps(row.said) if row.said else "{}"
        writer.writerow(values)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY activities_importrow ({', '.join(_COLUMNS)}) FROM STDIN WITH (FORMAT csv, FORCE_NOT_NULL ({', '.join(_TEXTS)}))",
            text,
        )


def hold(batch: ImportBatch) -> ImportBatch | None:
    """The batch, held, while it is still being read for this preview."""
    row = locks.lock_row(ImportBatch.objects.all(), pk=batch.pk)
    return row if row.status == ImportStatus.READING and row.preview == batch.preview else None


def _refuse(batch: ImportBatch, why: str) -> None:
    with transaction.atomic(durable=True):
        row = hold(batch)
        if row is None:
            return
        IMPORT.apply(row, "refuse", by=_BY, at=clock.now(), reason=why)
        row.problem = why[:250]
        row.save(update_fields=["status", "problem"])
    log.info("import_refused", batch=batch.pk)


def _note_broken_off(batch: ImportBatch) -> None:
    with transaction.atomic(durable=True):
        row = hold(batch)
        if row is not None:
            row.problem = BROKEN_OFF.format(done=row.done)
            row.save(update_fields=["problem"])


# --- all rows are in: settle what goes together -------------------------------------------------------------


def _finish(batch: ImportBatch, ends: float) -> None:
    if not kinds.of(batch).settle(batch, ends):
        return
    with transaction.atomic(durable=True):
        row = hold(batch)
        if row is None:
            return
        row.counts = counts(row)
        row.total = row.done = row.rows
        row.problem = ""
        IMPORT.apply(row, "show", by=_BY, at=clock.now())
        row.save(update_fields=["status", "counts", "total", "done", "problem"])
        news.tell_previewed(row)
    log.info("import_read", batch=batch.pk, rows=row.total)


def counts(batch: ImportBatch) -> dict[str, int]:
    """Verdict → rows. One query."""
    found = ImportRow.objects.filter(batch=batch).order_by().values_list("verdict").annotate(n=Count("pk"))
    return {str(verdict): n for verdict, n in found}
