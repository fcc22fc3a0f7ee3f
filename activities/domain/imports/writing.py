"""From a preview to the record, and back: evidence rows in chunks by a job that can die and go on.

The ledger is append-only, so an import that is undone is superseded row by row. Writing the same chunk twice writes it once.
"""

import datetime as dt
import time
from collections.abc import Collection, Mapping, Sequence

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from psycopg2.extras import execute_values

from accounts.domain import identities
from accounts.models import Identity, IdentityLink
from activities.domain.imports import matching, preview
from activities.domain.imports.lines import Reading
from activities.domain.imports.matching import Key, Tip
from activities.enums import CLAIMABLE, RECORDED_VERDICTS, ImportStatus, RowVerdict
from activities.models import Activity, AttendanceEvidence, ImportBatch, ImportRow
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
        require_open(batch.activity)
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
        batch.done, batch.total = 0, _standing(batch).count()
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


def require_open(activity: Activity) -> None:
    """Attendance is added while it can still be claimed."""
    if activity.status not in CLAIMABLE:
        raise Conflict(
            "Attendance is imported from the day the activity is open until it is closed. The CME office can help with the rest."
        )


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
        rows = list(
            ImportRow.objects.filter(batch=batch, verdict__in=RECORDED_VERDICTS, evidence=None)
            .select_related("session", "person").order_by("number", "part")[:CHUNK]
        )  # fmt: skip
        if rows:
            _write_rows(batch, rows)
            batch.done += len(rows)
            batch.save(update_fields=["done"])
            return True
        batch.counts = preview.counts(batch)
        IMPORT.apply(batch, "finish", by=_BY, at=clock.now())
        batch.save(update_fields=["status", "counts"])
        audit.record("import_recorded", by=_BY, subject=batch, new=batch.counts)
    log.info("import_recorded", batch=batch_id, rows=batch.done)
    return False


def _write_rows(batch: ImportBatch, rows: Sequence[ImportRow]) -> None:
    """Identities, links and evidence of a chunk; assert an open transaction."""
    locks.require_transaction()
    at, method = clock.now(), Reading.of(batch).method
    by_row = _identities(batch, rows)
    tips = matching.tips(
        {r.session_id for r in rows if r.session_id}, method, {r.person_id for r in rows if r.person_id},
        {(r.identity_kind, r.identity_value) for r in rows if not r.person_id},
    )  # fmt: skip
    first, again = [], []
    for row in rows:
        identity = by_row.get(row.pk)
        tip = tips.get((row.session_id or 0, _who(row)))
        if identity is None:
            _not_written(
                row,
                "changed_hands",
                "The address belongs to somebody else since the preview. Ask the CME office.",
                RowVerdict.PROBLEM,
            )
            continue
        row.identity = identity
        if tip is not None and not (tip.withdrawn and tip.by_import):
            _not_written(row, "known", "Came on record by another way while this was written.", RowVerdict.DUPLICATE)
            continue
        made = _evidence(batch, row, identity, method, at)
        if tip is not None:  # an import that was undone: its place in the chain is taken, so this row supersedes it
            made.supersedes_id, made.identity_id = tip.pk, _identity_of(tip)
            again.append(made)
        else:
            first.append(made)
    # Somebody who checks in by the same method at this moment keeps their row; ours is then none.
    AttendanceEvidence.objects.bulk_create(first, ignore_conflicts=True)
    AttendanceEvidence.objects.bulk_create(again, ignore_conflicts=True)
    _note_written(batch, rows)


def _who(row: ImportRow) -> str:
    """As it is now: records may have been joined since the preview."""
    return matching.who(row.person_id, (row.identity_kind, row.identity_value))


def _identity_of(tip: Tip) -> int:
    return AttendanceEvidence.objects.values_list("identity_id", flat=True).get(pk=tip.pk)


def _evidence(
    batch: ImportBatch, row: ImportRow, identity: Identity, method: str, at: dt.datetime
) -> AttendanceEvidence:
    session = row.session
    assert session is not None
    came = max(row.joined_at, session.starts_at) if row.joined_at else session.starts_at
    return AttendanceEvidence(
        session=session, identity=identity, method=method, at=came, minutes=row.minutes, recorded_by=batch.confirmed_by, recorded_at=at,
        source=batch.source_key, reason=f"{batch.file.name}, row {row.number}"[:250],
    )  # fmt: skip


def _not_written(row: ImportRow, code: str, reason: str, verdict: RowVerdict) -> None:
    row.verdict, row.code, row.reason = verdict, code, reason


def _note_written(batch: ImportBatch, rows: Sequence[ImportRow]) -> None:
    """Which evidence each row became; a row whose place was taken meanwhile adds nothing."""
    ours = AttendanceEvidence.objects.filter(
        source=batch.source_key, withdrawn=False, superseded_by=None, session__in={r.session_id for r in rows},
        reason__in=[f"{batch.file.name}, row {r.number}"[:250] for r in rows],
    )  # fmt: skip
    made = {
        (session_id, reason): (pk, identity_id)
        for pk, session_id, reason, identity_id in ours.values_list("pk", "session_id", "reason", "identity_id")
    }
    values = []
    for row in rows:
        found = made.get((row.session_id or 0, f"{batch.file.name}, row {row.number}"[:250]))
        if row.verdict in RECORDED_VERDICTS and found is None:
            _not_written(row, "known", "Came on record by another way while this was written.", RowVerdict.DUPLICATE)
        evidence_id, identity_id = found if found and row.verdict in RECORDED_VERDICTS else (None, row.identity_id)
        values.append((row.pk, str(row.verdict), row.code, row.reason, identity_id, evidence_id))
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE activities_importrow r SET verdict = v.verdict, code = v.code, reason = v.reason, identity_id = v.identity_id::bigint, evidence_id = v.evidence_id::bigint "
            "FROM (VALUES %s) AS v (id, verdict, code, reason, identity_id, evidence_id) WHERE r.id = v.id",
            values,
            page_size=CHUNK,
        )  # fmt: skip


def _identities(batch: ImportBatch, rows: Sequence[ImportRow]) -> dict[int, Identity]:
    """The identity each row is recorded under; none for a row whose address has become somebody else's."""
    by_key = _named({(r.identity_kind, r.identity_value) for r in rows if r.identity_kind})
    live = dict(
        IdentityLink.objects.filter(identity__in=by_key.values(), ended_at=None).values_list("identity_id", "person_id")
    )
    _link(batch, rows, by_key, live)
    found: dict[int, Identity] = {}
    own: dict[int, Identity] = {}
    for row in rows:
        if row.identity_kind:
            identity = by_key[row.identity_kind, row.identity_value]
            if live.get(identity.pk, row.person_id) == row.person_id or row.person_id is None:
                found[row.pk] = identity
        elif row.person_id is not None:
            if row.person_id not in own:
                assert row.person is not None
                own[row.person_id] = identities.of_person(row.person)
            found[row.pk] = own[row.person_id]
    return found


def _named(keys: Collection[Key]) -> dict[Key, Identity]:
    if not keys:
        return {}
    Identity.objects.bulk_create(
        [Identity(kind=kind, value=value) for kind, value in sorted(keys)], ignore_conflicts=True
    )
    known = Identity.objects.filter(value__in={value for _kind, value in keys})
    return {(i.kind, i.value): i for i in known if (i.kind, i.value) in keys}


def _link(batch: ImportBatch, rows: Sequence[ImportRow], by_key: Mapping[Key, Identity], live: dict[int, int]) -> None:
    """Addresses that a person has proved become theirs in the record, as when they check in themselves."""
    new = {
        by_key[r.identity_kind, r.identity_value].pk: r.person_id
        for r in rows if r.person_id and r.identity_kind and by_key[r.identity_kind, r.identity_value].pk not in live
    }  # fmt: skip
    at, proved = clock.now(), "proved address, by an import"
    IdentityLink.objects.bulk_create(
        [IdentityLink(identity_id=pk, person_id=person_id, linked_at=at, linked_by=batch.confirmed_by, reason=proved) for pk, person_id in sorted(new.items())],
        ignore_conflicts=True,
    )  # fmt: skip
    live.update(
        IdentityLink.objects.filter(identity__in=list(new), ended_at=None).values_list("identity_id", "person_id")
    )


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
        rows = list(_standing(batch).order_by("pk")[:CHUNK])
        if rows:
            at = clock.now()
            AttendanceEvidence.objects.bulk_create(
                [
                    AttendanceEvidence(
                        session_id=old.session_id, identity_id=old.identity_id, method=old.method, at=old.at, minutes=old.minutes, recorded_by=batch.undone_by,
                        recorded_at=at, source=batch.source_key, supersedes=old, withdrawn=True, reason=f"Import undone: {batch.undo_reason}"[:250],
                    )
                    for old in rows
                ],
                ignore_conflicts=True,  # somebody corrects such a row at this moment: theirs stands
            )  # fmt: skip
            batch.done += len(rows)
            batch.save(update_fields=["done"])
            return True
        IMPORT.apply(batch, "finish_undo", by=_BY, at=clock.now())
        batch.save(update_fields=["status"])
        audit.record("import_taken_back", by=_BY, subject=batch, new={"rows": batch.done})
    log.info("import_undone", batch=batch_id, rows=batch.done)
    return False


def _standing(batch: ImportBatch) -> QuerySet[AttendanceEvidence]:
    """Evidence of an import that nobody corrected since."""
    made = ImportRow.objects.filter(evidence=OuterRef("pk"), batch=batch)
    return AttendanceEvidence.objects.standing().filter(Exists(made), source=batch.source_key)


def corrected_since(batch: ImportBatch) -> int:
    """Rows of an import that somebody corrected by hand: they stay when it is undone. One query."""
    by_hand = AttendanceEvidence.objects.filter(supersedes=OuterRef("evidence")).exclude(source=batch.source_key)
    return ImportRow.objects.filter(Exists(by_hand), batch=batch, evidence__isnull=False).count()
