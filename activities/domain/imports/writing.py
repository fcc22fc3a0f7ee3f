"""From a preview to the record, and back: rows of a ledger in chunks by a job that can die and go on.

Ledgers are append-only, so an import that is undone is superseded row by row. Writing the same chunk twice writes it once.
"""

import time

import structlog
from django.db import transaction

from activities.domain.imports import kinds, news, preview
from activities.enums import ImportStatus
from activities.models import ImportBatch
from activities.workflow import IMPORT
from common import audit, clock, jobs, locks
from common.actors import Actor, system
from common.errors import Conflict, Invalid

log = structlog.get_logger()
CHUNK = 500
SLICE_SECONDS = 45.0
_BY = system("import")


# --- confirming ---------------------------------------------------------------------------------------


def confirm_import(*, batch_id: int, seen: int, by: Actor) -> ImportBatch:
    """Put on record what the preview `seen` showed. A second press, or another preview since, is refused with Conflict."""
    with transaction.atomic(durable=True):
        batch = hold(batch_id)
        if batch.preview != seen:
            raise Conflict("The list was read anew since you looked at it. Look at it once more, then confirm.")
        kinds.of(batch).require_open(batch)
        at = clock.now()
        IMPORT.apply(batch, "confirm", by=by, at=at)
        batch.counts = preview.counts(batch)
        if not batch.recorded:
            raise Conflict("No row of this list adds anything to the record.")
        batch.confirmed_at, batch.confirmed_by, batch.started_at = at, by.label, at
        batch.position, batch.done, batch.total = 0, 0, batch.recorded
        batch.save(
            update_fields=[
                "status",
                "counts",
                "confirmed_at",
                "confirmed_by",
                "started_at",
                "position",
                "done",
                "total",
            ]
        )
        audit.record(
            "import_confirmed",
            by=by,
            subject=batch,
            new={"file": batch.file.name, "rows": batch.recorded, **batch.counts},
        )
        jobs.later("activities.tasks.write_import", batch.pk)
        return batch


def undo_import(*, batch_id: int, reason: str, by: Actor) -> ImportBatch:
    """Take back everything that an import put on record. Rows that somebody corrected since stay as they are."""
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record of everybody concerned."})
    with transaction.atomic(durable=True):
        batch = hold(batch_id)
        at = clock.now()
        IMPORT.apply(batch, "undo", by=by, at=at, reason=reason.strip())
        batch.undone_at, batch.undone_by, batch.undo_reason, batch.started_at = at, by.label, reason.strip()[:200], at
        batch.done, batch.total = 0, kinds.of(batch).standing(batch).count()
        batch.save(update_fields=["status", "undone_at", "undone_by", "undo_reason", "started_at", "done", "total"])
        audit.record(
            "import_undone",
            by=by,
            subject=batch,
            old={"file": batch.file.name, "rows": batch.total},
            reason=reason.strip(),
        )
        jobs.later("activities.tasks.undo_import", batch.pk)
        return batch


def hold(batch_id: int) -> ImportBatch:
    """The import with its activity and file, held until the transaction ends."""
    return locks.lock_row(ImportBatch.objects.select_related("activity", "session", "file"), pk=batch_id)


# --- the job that writes -----------------------------------------------------------------------------------


def write(batch_id: int, *, slice_seconds: float = SLICE_SECONDS) -> None:
    """Write what was confirmed, chunk by chunk; a next slice goes on when this one is over. Safe to run twice."""
    ends = time.monotonic() + slice_seconds
    while _write_chunk(batch_id):
        if time.monotonic() > ends:
            with transaction.atomic(durable=True):
                jobs.later("activities.tasks.write_import", batch_id)
            return


def _write_chunk(batch_id: int) -> bool:
    """One chunk, once; False when nothing is left or it is not ours to write."""
    with transaction.atomic(durable=True):
        batch = hold(batch_id)
        if batch.status != ImportStatus.WRITING:
            return False
        kind = kinds.of(batch)
        rows = list(kind.waiting(batch).order_by("number", "part")[:CHUNK])
        if rows:
            kind.write_rows(batch, rows)
            batch.done += len(rows)
            batch.save(update_fields=["done"])
            return True
        batch.counts = preview.counts(batch)
        IMPORT.apply(batch, "finish", by=_BY, at=clock.now())
        batch.save(update_fields=["status", "counts"])
        news.tell_recorded(batch)
        audit.record("import_recorded", by=_BY, subject=batch, new=batch.counts)
    log.info("import_recorded", batch=batch_id, rows=batch.done)
    return False


# --- the job that takes back --------------------------------------------------------------------------------


def undo(batch_id: int, *, slice_seconds: float = SLICE_SECONDS) -> None:
    """Supersede what stands of an import, chunk by chunk. Safe to run twice."""
    ends = time.monotonic() + slice_seconds
    while _undo_chunk(batch_id):
        if time.monotonic() > ends:
            with transaction.atomic(durable=True):
                jobs.later("activities.tasks.undo_import", batch_id)
            return


def _undo_chunk(batch_id: int) -> bool:
    with transaction.atomic(durable=True):
        batch = hold(batch_id)
        if batch.status != ImportStatus.UNDOING:
            return False
        kind = kinds.of(batch)
        rows = list(kind.standing(batch).order_by("pk")[:CHUNK])
        if rows:
            kind.take_back(batch, rows)
            batch.done += len(rows)
            batch.save(update_fields=["done"])
            return True
        IMPORT.apply(batch, "finish_undo", by=_BY, at=clock.now())
        batch.save(update_fields=["status"])
        audit.record("import_taken_back", by=_BY, subject=batch, new={"rows": batch.done})
    log.info("import_undone", batch=batch_id, rows=batch.done)
    return False
