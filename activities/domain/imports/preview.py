"""Reading a file into rows with verdicts: a job in slices, each chunk in its own transaction, that goes on where it was.

Nothing but the import's own rows is written. What is shown can be confirmed as long as nobody asked for another reading.
"""

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO, cast

import structlog
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import Count
from psycopg2.extras import execute_values

from activities.domain.imports import judging
from activities.domain.imports.lines import Line, Reading, Sessions, of_file
from activities.domain.imports.matching import Registered
from activities.enums import ImportStatus, RowVerdict
from activities.models import ImportBatch, ImportRow, Session
from activities.workflow import IMPORT
from common import clock, jobs, locks, tabular
from common.actors import system

log = structlog.get_logger()
CHUNK = 2_000
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
        finished = _read_rows(batch, ends)
    except tabular.Unreadable as error:
        _refuse(batch, str(error))
        return
    if finished:
        _finish(batch, ends)


def _begin(batch: ImportBatch) -> None:
    """Rows of an earlier preview go; they were shown, never recorded."""
    with transaction.atomic(durable=True):
        row = _hold(batch)
        if row is not None and row.position == 0:
            ImportRow.objects.filter(batch=batch)._raw_delete(using=connection.alias)


def _read_rows(batch: ImportBatch, ends: float) -> bool:
    """Chunk after chunk; False when the slice was over before the file."""
    reading = Reading.of(batch)
    sessions = Sessions(batch.activity, batch.session)
    registered = Registered(batch.activity)
    with storages["private"].open(batch.file.key) as file:
        found = of_file(cast(BinaryIO, file.file or file), reading, sessions, after=batch.position)
        for lines in _chunks(found):
            rows = judging.judge(batch, lines, reading=reading, sessions=sessions, registered=registered)
            more = _store(batch, rows, lines[-1].number, go_on=time.monotonic() > ends)
            if more is None:
                return False
            if time.monotonic() > ends:
                return False
    return True


def _chunks(found: Iterator[Line]) -> Iterator[list[Line]]:
    """Chunks that end with a whole row of the file, so that "row 1000 is done" is true of all its sessions."""
    ahead: Line | None = None
    while True:
        chunk = [ahead] if ahead else []
        chunk += islice(found, CHUNK - len(chunk))
        if not chunk:
            return
        ahead = next(found, None)
        while ahead is not None and ahead.number == chunk[-1].number:
            chunk.append(ahead)
            ahead = next(found, None)
        yield chunk


def _store(batch: ImportBatch, rows: Sequence[ImportRow], last: int, *, go_on: bool) -> bool | None:
    """Write a chunk once. None when the batch is no longer ours, or somebody else is further than we are."""
    with transaction.atomic(durable=True):
        row = _hold(batch)
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
    "who", "person_id", "candidates", "identity_kind", "identity_value", "leader", "settled_by",
)  # fmt: skip
_TEXTS = ("code", "reason", "how", "name", "name_key", "who", "identity_kind", "identity_value", "settled_by")


def _insert(rows: Sequence[ImportRow]) -> None:
    """COPY: a quarter of the time of `bulk_create`, and most of a preview is this."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        values = [getattr(row, name) for name in _COLUMNS]
        values[3], values[17] = json.dumps(row.cells), json.dumps(row.candidates)
        writer.writerow(values)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY activities_importrow ({', '.join(_COLUMNS)}) FROM STDIN WITH (FORMAT csv, FORCE_NOT_NULL ({', '.join(_TEXTS)}))",
            text,
        )


def _hold(batch: ImportBatch) -> ImportBatch | None:
    """The batch, held, while it is still being read for this preview."""
    row = locks.lock_row(ImportBatch.objects.all(), pk=batch.pk)
    return row if row.status == ImportStatus.READING and row.preview == batch.preview else None


def _refuse(batch: ImportBatch, why: str) -> None:
    with transaction.atomic(durable=True):
        row = _hold(batch)
        if row is None:
            return
        IMPORT.apply(row, "refuse", by=_BY, at=clock.now(), reason=why)
        row.problem = why[:250]
        row.save(update_fields=["status", "problem"])
    log.info("import_refused", batch=batch.pk)


# --- all rows are in: settle what goes together -------------------------------------------------------------


def _finish(batch: ImportBatch, ends: float) -> None:
    if not _settle_groups(batch, Reading.of(batch), ends):
        return
    _suggest_by_name(batch)
    with transaction.atomic(durable=True):
        row = _hold(batch)
        if row is None:
            return
        row.counts = counts(row)
        row.total = row.done = row.rows
        IMPORT.apply(row, "show", by=_BY, at=clock.now())
        row.save(update_fields=["status", "counts", "total", "done"])
    log.info("import_read", batch=batch.pk, rows=row.total)


def counts(batch: ImportBatch) -> dict[str, int]:
    """Verdict → rows. One query."""
    found = ImportRow.objects.filter(batch=batch).order_by().values_list("verdict").annotate(n=Count("pk"))
    return {str(verdict): n for verdict, n in found}


def _settle_groups(batch: ImportBatch, reading: Reading, ends: float) -> bool:
    """Rows of one person in one session, wherever in the file they stand; False when the slice was over before that.

    A settled group has one row that leads, so what is still to do can be asked for, however often a slice ends.
    """
    sessions = Session.objects.filter(activity=batch.activity_id).in_bulk()
    leading = (
        ImportRow.objects.filter(batch=batch, session__isnull=False, leader=None).exclude(who="").exclude(code="shared")
    )
    repeated = leading.order_by().values_list("session_id", "who").annotate(n=Count("pk")).filter(n__gt=1)
    while True:
        keys = [(session_id, who) for session_id, who, _n in repeated[:CHUNK] if session_id]
        if not keys:
            return True
        with transaction.atomic(durable=True):
            if _hold(batch) is None:
                return False
            changed = judging.resettle(of_groups(batch, keys), reading=reading, sessions=sessions)
            assert changed, "A group that settles to itself would be asked for again and again."
            save(changed)
            if time.monotonic() > ends:
                jobs.later("activities.tasks.read_import", batch.pk, batch.preview)
                return False


def of_groups(batch: ImportBatch, keys: Sequence[tuple[int, str]]) -> list[ImportRow]:
    """All rows of some (session, who). One query."""
    if not keys:
        return []
    wanted = set(keys)
    rows = ImportRow.objects.filter(
        batch=batch, session__in={s for s, _who in keys}, who__in={w for _session, w in keys}
    )
    light = rows.defer("cells", "candidates").order_by("number", "part")  # what the file said is long and not asked for
    return [r for r in light if (r.session_id, r.who) in wanted]


def save(rows: Sequence[ImportRow]) -> None:
    """Write back what settling changed: one statement, a tenth of the time of Django's `bulk_update`."""
    if not rows:
        return
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE activities_importrow r SET verdict = v.verdict, code = v.code, reason = v.reason, minutes = v.minutes::smallint, leader = v.leader::int "
            "FROM (VALUES %s) AS v (id, verdict, code, reason, minutes, leader) WHERE r.id = v.id",
            [(r.pk, str(r.verdict), r.code, r.reason, r.minutes, r.leader) for r in rows],
            page_size=CHUNK,
        )  # fmt: skip


def _suggest_by_name(batch: ImportBatch) -> None:
    """A second device without an address, by the name of somebody who is in the same file with one."""
    lost = ImportRow.objects.filter(batch=batch, code="nobody_known").exclude(name_key="").order_by("pk")
    after = 0
    while rows := list(lost.filter(pk__gt=after)[:CHUNK]):
        after = rows[-1].pk
        known: dict[tuple[int | None, str], list[int]] = {}
        same = ImportRow.objects.filter(batch=batch, name_key__in={r.name_key for r in rows}).exclude(who="")
        for session_id, key, number in same.order_by("number").values_list("session_id", "name_key", "number"):
            known.setdefault((session_id, key), []).append(number)
        changed = []
        for row in rows:
            found = known.get((row.session_id, row.name_key), [])[: judging.MOST_CANDIDATES]
            if found:
                row.verdict, row.code, row.candidates = RowVerdict.SUGGESTED, "same_name", [f"r{n}" for n in found]
                row.reason = f"No e-mail. Row {found[0]} has the same name: perhaps a second device."
                changed.append(row)
        if changed:
            with transaction.atomic(durable=True):
                if _hold(batch) is None:
                    return
                ImportRow.objects.bulk_update(changed, ["verdict", "code", "candidates", "reason"])
