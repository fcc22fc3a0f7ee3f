"""What the rows of a confirmed list of attendance become: rows of the ledger, and rows that take them back."""

import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from psycopg2.extras import execute_values

from accounts.models import Identity
from activities.domain.imports import matching, owners
from activities.domain.imports.lines import Reading
from activities.domain.imports.matching import Tip
from activities.enums import RECORDED_VERDICTS, RowVerdict
from activities.models import AttendanceEvidence, ImportBatch, ImportRow
from common import clock, locks


def waiting(batch: ImportBatch) -> QuerySet[ImportRow]:
    """Rows that are to be recorded and are not yet."""
    rows = ImportRow.objects.filter(batch=batch, verdict__in=RECORDED_VERDICTS, evidence=None)
    return rows.select_related("session", "person")


def write_rows(batch: ImportBatch, rows: Sequence[ImportRow]) -> None:
    """Identities, links and evidence of a chunk; assert an open transaction."""
    locks.require_transaction()
    at, method = clock.now(), Reading.of(batch).method
    by_row = owners.identities_of(batch, rows)
    tips = matching.tips(
        {r.session_id for r in rows if r.session_id}, method, {r.person_id for r in rows if r.person_id},
        {(r.identity_kind, r.identity_value) for r in rows if not r.person_id},
    )  # fmt: skip
    first, again = [], []
    for row in rows:
        identity = by_row.get(row.pk)
        tip = tips.get((row.session_id or 0, owners.who(row)))
        if identity is None:
            owners.changed_hands(row)
            continue
        row.identity = identity
        if tip is not None and not (tip.withdrawn and tip.by_import):
            owners.not_written(
                row, "known", "Came on record by another way while this was written.", RowVerdict.DUPLICATE
            )
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
            owners.not_written(
                row, "known", "Came on record by another way while this was written.", RowVerdict.DUPLICATE
            )
        evidence_id, identity_id = found if found and row.verdict in RECORDED_VERDICTS else (None, row.identity_id)
        values.append((row.pk, str(row.verdict), row.code, row.reason, identity_id, evidence_id))
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE activities_importrow r SET verdict = v.verdict, code = v.code, reason = v.reason, identity_id = v.identity_id::bigint, evidence_id = v.evidence_id::bigint "
            "FROM (VALUES %s) AS v (id, verdict, code, reason, identity_id, evidence_id) WHERE r.id = v.id",
            values,
            page_size=len(values),
        )  # fmt: skip


def take_back(batch: ImportBatch, rows: Sequence[AttendanceEvidence]) -> None:
    """Supersede rows of the ledger; assert an open transaction."""
    locks.require_transaction()
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


def standing(batch: ImportBatch) -> QuerySet[AttendanceEvidence]:
    """Evidence of an import that nobody corrected since."""
    made = ImportRow.objects.filter(evidence=OuterRef("pk"), batch=batch)
    return AttendanceEvidence.objects.standing().filter(Exists(made), source=batch.source_key)


def corrected_since(batch: ImportBatch) -> int:
    """Rows of an import that somebody corrected by hand: they stay when it is undone. One query."""
    by_hand = AttendanceEvidence.objects.filter(supersedes=OuterRef("evidence")).exclude(source=batch.source_key)
    return ImportRow.objects.filter(Exists(by_hand), batch=batch, evidence__isnull=False).count()
