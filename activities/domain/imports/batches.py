"""An import before it is confirmed: the file brought, its columns said, its rows looked at and settled by a person."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from django.core.files.storage import storages
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.domain import people
from accounts.models import Person
from activities.domain.imports import columns as col
from activities.domain.imports import kinds, matching, preview, writing
from activities.domain.imports.kinds import Sample
from activities.domain.imports.lines import WHO_CODES, Reading, Sessions
from activities.enums import ImportSource, ImportStatus, MatchedBy, RowVerdict
from activities.models import Activity, ImportBatch, ImportRow, Session
from activities.models.imports import ENDED
from activities.workflow import IMPORT
from common import audit, clock, jobs, locks, tabular, uploads
from common.actors import Actor
from common.errors import Conflict, Invalid
from common.tabular import Format, Unreadable
from common.uploads import Upload

PURPOSE = "attendance"
SAMPLE_ROWS, SAMPLE_CELL = 60, 200
# The first rows are looked for while somebody waits for the page: half a second of empty cells, no more.
SAMPLE_LIMITS = tabular.Limits(idle=500_000)
# Rows of which a person can say whose they are.
UNSURE = frozenset(
    {
        "name",
        "same_name",
        "other_name",
        "nobody_known",
        "conflict",
        "changed_hands",
        "shared",
        "left_out",
        *WHO_CODES,
    }
)
LEAVE_OUT = "out"


@dataclass(frozen=True)
class Brought:
    """What became of an upload: `is_new` is False for a file that was brought before."""

    batch: ImportBatch
    is_new: bool


# --- bringing a file ----------------------------------------------------------------------------------


def start_import(*, activity_id: int, session_id: int | None, upload: Upload, by: Actor) -> Brought:
    """Keep a file and guess its columns. The same file for the same sessions leads to the import that it was.

    Raises Invalid for a file that is no table, Conflict when the activity takes no attendance now.
    """
    file = look_into(upload)
    with transaction.atomic(durable=True):
        activity = Activity.objects.select_related("department").get(pk=activity_id)
        batch = ImportBatch(activity=activity)
        kinds.of(batch).require_may(batch, by)
        kinds.of(batch).require_open(batch)
        batch.session = _session(activity, session_id)
        return keep(batch, file, purpose=PURPOSE, by=by)


@dataclass(frozen=True)
class Given:
    """A file that is a table, looked into before anything is written."""

    upload: Upload
    sha256: str
    written: Format
    sample: Sample


def look_into(upload: Upload) -> Given:
    """What a file is, and its first rows. Raises Invalid for one that is no table."""
    file: BinaryIO = upload.file.file  # type: ignore[assignment]
    digest = _digest(upload)
    try:
        written = tabular.sniff(file)
        sample = _sample(file, written)
    except Unreadable as error:
        raise Invalid(fields={"file": str(error)}) from error
    if not sample:
        raise Invalid(fields={"file": "There is no row in this file. Choose another one."})
    upload.file.seek(0)
    return Given(upload, digest, written, sample)


def keep(batch: ImportBatch, file: Given, *, purpose: str, by: Actor) -> Brought:
    """Store a file for a list that says what it is of, with its columns guessed; or find the list it was before."""
    locks.require_transaction()
    known = _known(batch, file.sha256)
    if known is not None:
        return Brought(known, is_new=False)
    batch.file = uploads.store(file.upload, purpose=purpose, by=by)
    reading = _first_reading(batch, file.written, file.sample)
    batch.sha256, batch.source, batch.signature = batch.file.sha256, reading.source, col.signature(reading.headings)
    batch.mapping, batch.sample = reading.as_data, list(file.sample)
    batch.uploaded_at, batch.uploaded_by, batch.uploaded_by_id = clock.now(), by.label, by.person_id
    try:
        batch.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("Somebody brought the same file at this moment. Reload the page to see it.") from error
    audit.record("import_started", by=by, subject=batch, new={"file": batch.file.name, "sha256": batch.sha256})
    return Brought(batch, is_new=True)


def start_again(*, batch_id: int, by: Actor) -> ImportBatch:
    """Read a file anew that was imported: rows that had a problem then may be sound now, the others add nothing."""
    with transaction.atomic(durable=True):
        old = writing.hold(batch_id)
        if old.status not in {ImportStatus.CONFIRMED, ImportStatus.UNDONE}:
            raise Conflict("This list is not on record yet. Go on with it, there is no need to begin anew.")
        kind = kinds.of(old)
        kind.require_may(old, by)
        kind.require_open(old)
        row = ImportBatch.objects.create(
            activity=old.activity, session=old.session, origin=old.origin, again_of=old, file=old.file, sha256=old.sha256, source=old.source, signature=old.signature,
            mapping=old.mapping, sample=old.sample, uploaded_at=clock.now(), uploaded_by=by.label, uploaded_by_id=by.person_id,
        )  # fmt: skip
        audit.record("import_started", by=by, subject=row, new={"file": old.file.name, "again_of": old.pk})
        return row


def stop_reading(*, batch_id: int, by: Actor) -> ImportBatch:
    """Have a list read no further, whether its job is at work, waits for its next try, or gave up.

    A job at work sees that under the lock of its next chunk and leaves; the list can be read anew or thrown away.
    """
    with transaction.atomic(durable=True):
        row = writing.hold(batch_id)
        IMPORT.apply(row, "stop", by=by, at=clock.now(), reason=row.problem)
        row.problem = f"{row.problem} Stopped by {by.label}.".strip()[:250]
        row.save(update_fields=["status", "problem"])
        return row


def discard_import(*, batch_id: int, by: Actor) -> ImportBatch:
    """Throw a list away that was not confirmed. Nothing of it is on record."""
    with transaction.atomic(durable=True):
        row = writing.hold(batch_id)
        IMPORT.apply(row, "discard", by=by, at=clock.now())
        row.save(update_fields=["status"])
        audit.record("import_discarded", by=by, subject=row, old={"file": row.file.name})
        return row


def _digest(upload: Upload) -> str:
    digest = hashlib.sha256()
    for chunk in upload.file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _sample(file: BinaryIO, written: Format) -> list[tuple[int, list[str]]]:
    found = []
    for number, cells in tabular.rows(file, written, SAMPLE_LIMITS):
        found.append((number, [tabular.text(cell)[:SAMPLE_CELL] for cell in cells]))
        if len(found) == SAMPLE_ROWS:
            break
    return found


def _session(activity: Activity, session_id: int | None) -> Session | None:
    if session_id is None:
        return None
    sessions = Sessions(activity)
    found = sessions.by_id.get(session_id)
    if found is None:
        raise Invalid(fields={"session": "Choose a session of this activity."})
    if why := sessions.why_not(found):
        raise Invalid(fields={"session": why[1]})
    return found


def _known(batch: ImportBatch, digest: str) -> ImportBatch | None:
    """The import that this file was before, the one on record first."""
    found = ImportBatch.objects.filter(activity=batch.activity, session=batch.session, sha256=digest)
    return found.exclude(status__in=ENDED).order_by("again_of", "pk").first()


# --- its columns -------------------------------------------------------------------------------------------


def _first_reading(batch: ImportBatch, written: Format, sample: Sample) -> Reading:
    """As files with these headings were read before, in this department first; else as the headings say."""
    kind = kinds.of(batch)
    table = kind.table(batch, sample, None)
    guessed = kind.reading(batch, written, table, sample)
    old = remembered(batch, table.signature)
    if old is None:
        return guessed
    before = Reading.of(old)
    same = {h: c for h, c in before.columns.items() if h in table.headings}
    columns = {h: c for h, c in same.items() if not c.startswith(col.AT)} | {
        h: c for h, c in guessed.columns.items() if c.startswith(col.AT) and h not in same
    }
    return replace(
        guessed,
        columns=columns,
        zone=before.zone,
        repeated=before.repeated,
        minimum=before.minimum,
        source=before.source,
    )


def remembered(batch: ImportBatch, signature: str) -> ImportBatch | None:
    """The last import of its kind with the same headings that somebody looked at; the department's own goes first."""
    seen = ImportBatch.objects.filter(signature=signature, preview__gt=0, activity__isnull=batch.activity_id is None)
    seen = seen.exclude(status__in=[ImportStatus.REFUSED, ImportStatus.DISCARDED])
    own = None
    if batch.activity is not None:
        own = seen.filter(activity__department=batch.activity.department_id).order_by("-pk").first()
    return own or seen.order_by("-pk").first()


def look_elsewhere(*, batch_id: int, row: int, sheet: str, by: Actor) -> ImportBatch:
    """Take the headings from another row, or another sheet of the workbook, and guess the columns anew."""
    batch = ImportBatch.objects.select_related("activity", "session", "file").get(pk=batch_id)
    written = Reading.of(batch).written
    sample: Sample = [(number, cells) for number, cells in batch.sample]
    if sheet and sheet != written.sheet and sheet in written.sheets:
        written = replace(written, sheet=sheet)
        with storages["private"].open(batch.file.key) as file:
            sample = _sample(cast(BinaryIO, file.file or file), written)
        row = kinds.of(batch).table(batch, sample, None).row
    if row and row not in {number for number, _cells in sample}:
        raise Invalid(fields={"row": "Choose one of the first rows of the file, or 0 when it has no headings."})
    with transaction.atomic(durable=True):
        batch = _hold_open(batch_id, by)
        kind = kinds.of(batch)
        table = kind.table(batch, sample, row)
        reading = kind.reading(batch, written, table, sample)
        batch.mapping, batch.sample, batch.source = reading.as_data, list(sample), reading.source
        batch.signature = col.signature(table.headings)
        batch.save(update_fields=["mapping", "sample", "source", "signature"])
        return batch


def read_import(
    *,
    batch_id: int,
    columns: Mapping[str, str],
    source: str,
    order: str,
    zone: str,
    repeated: str,
    minimum: int,
    by: Actor,
) -> ImportBatch:
    """Say what the columns hold and have the file read for a preview. Raises Invalid when nobody could be found by them."""
    chosen = {h: c for h, c in columns.items() if c}
    with transaction.atomic(durable=True):
        batch = _hold_open(batch_id, by)
        kind = kinds.of(batch)
        if wrong := kind.unusable(chosen):
            raise Invalid(wrong)
        kind.require_open(batch)
        reading = replace(
            Reading.of(batch), columns=chosen, source=source, order=order, zone=zone, repeated=repeated,
            minimum=minimum if source != ImportSource.ROSTER else 0,
        )  # fmt: skip
        IMPORT.apply(batch, "read", by=by, at=clock.now())
        batch.mapping, batch.source, batch.preview = reading.as_data, source, batch.preview + 1
        batch.position = batch.done = batch.total = 0
        batch.counts, batch.problem, batch.started_at = {}, "", clock.now()
        batch.save(
            update_fields=[
                "status",
                "mapping",
                "source",
                "preview",
                "position",
                "done",
                "total",
                "counts",
                "problem",
                "started_at",
            ]
        )
        jobs.later("activities.tasks.read_import", batch.pk, batch.preview)
        return batch


def _hold_open(batch_id: int, by: Actor) -> ImportBatch:
    """An import that is neither confirmed nor at work, held."""
    batch = writing.hold(batch_id)
    if not IMPORT.can(batch, "read"):
        raise Conflict("This list is no longer waiting for its columns. Reload the page to see where it stands.")
    kinds.of(batch).require_may(batch, by)
    return batch


# --- its rows ------------------------------------------------------------------------------------------------


def settle_rows(*, batch_id: int, choices: Mapping[int, str], by: Actor) -> int:
    """Say whose rows are: `p12` a person, `r5` whoever row 5 is, `out` to leave it out; how many were settled.

    A name is a suggestion until somebody says so, and who said it is kept with the row.
    """
    with transaction.atomic(durable=True):
        batch = writing.hold(batch_id)
        if batch.status != ImportStatus.PREVIEWED:
            raise Conflict("This list is not waiting for you any more. Reload the page to see where it stands.")
        kinds.of(batch).require_may(batch, by)
        rows = list(ImportRow.objects.select_for_update().filter(batch=batch, pk__in=choices).order_by("pk"))
        touched: set[tuple[int, str]] = set()
        for row in rows:
            if not can_settle(row):
                raise Conflict(f"Row {row.number} cannot be settled here: {row.reason}")
            touched.add((row.session_id or 0, row.who))
            _settle(batch, row, choices[row.pk], by)
            touched.add((row.session_id or 0, row.who))
            row.save(
                update_fields=[
                    "verdict", "code", "reason", "how", "who", "person", "identity_kind", "identity_value", "minutes", "leader", "settled_by",
                ]
            )  # fmt: skip
        kinds.of(batch).resettle(batch, touched)
        batch.counts, batch.preview = preview.counts(batch), batch.preview + 1
        batch.save(update_fields=["counts", "preview"])
        audit.record("import_rows_settled", by=by, subject=batch, new={str(r.number): choices[r.pk] for r in rows})
        return len(rows)


def can_settle(row: ImportRow) -> bool:
    """Whether a person may say whose this row is: everything but that is clear."""
    return (row.session_id is not None or bool(row.fact)) and (row.code in UNSURE or row.how == MatchedBy.CHOSEN)


def _settle(batch: ImportBatch, row: ImportRow, choice: str, by: Actor) -> None:
    row.settled_by, row.leader, row.minutes = by.label, None, None
    row.identity_kind = row.identity_value = row.who = ""
    row.person = None
    if choice == LEAVE_OUT:
        row.verdict, row.code, row.reason, row.how = (
            RowVerdict.IGNORED,
            "left_out",
            f"Left out by {by.label}."[:250],
            "",
        )
        return
    row.how = MatchedBy.CHOSEN
    if choice.startswith("r"):
        same = ImportRow.objects.filter(batch=batch, number=_id(choice)).exclude(pk=row.pk).exclude(who="")
        other = same.filter(session=row.session_id).first() or same.first()
        if other is None:
            raise Conflict("That row is nobody’s any more. Reload the page.")
        row.person_id, row.who = other.person_id, other.who
        row.identity_kind, row.identity_value = other.identity_kind, other.identity_value
    else:
        person = Person.objects.filter(pk=_id(choice)).first()
        if person is None:
            raise Conflict("That person is not here any more. Reload the page.")
        row.person = people.live(person.pk)
        row.who = matching.who(row.person.pk, None)
    row.verdict, row.code, row.reason = RowVerdict.MATCHED if row.person_id else RowVerdict.NEW, "", ""


def _id(choice: str) -> int:
    return int(choice[1:]) if choice[1:].isdecimal() and len(choice) < 18 else 0


@dataclass(frozen=True)
class Shown:
    """A row of the preview; `who` names whom it is, `choices` whom it may be as (value, words)."""

    row: ImportRow
    who: str
    choices: list[tuple[str, str]]

    @property
    def address(self) -> str:
        return self.row.identity_value

    @property
    def can_settle(self) -> bool:
        return can_settle(self.row)


def find_rows(batch: ImportBatch, *, verdict: str = "", query: str = "") -> QuerySet[ImportRow]:
    """Rows in the order of the file."""
    rows = ImportRow.objects.filter(batch=batch).order_by("number", "part")
    if verdict in RowVerdict.values:
        rows = rows.filter(verdict=verdict)
    if query := query.strip():
        rows = rows.filter(
            Q(name__icontains=query) | Q(identity_value__icontains=query.lower()) | Q(reason__icontains=query)
        )
    return rows


def shown(batch: ImportBatch, rows: Iterable[ImportRow]) -> list[Shown]:
    """Rows with names. Two queries, however many rows."""
    listed = list(rows)
    wanted = {r.person_id for r in listed if r.person_id} | {
        _id(c) for r in listed for c in r.candidates if c.startswith("p")
    }
    known = matching.people({pk for pk in wanted if pk})
    numbers = {_id(c) for r in listed for c in r.candidates if c.startswith("r")}
    others: dict[int, ImportRow] = {}
    if numbers:
        for other in ImportRow.objects.filter(batch=batch, number__in=numbers).exclude(who=""):
            others.setdefault(other.number, other)

    def words(choice: str) -> str:
        if choice.startswith("p"):
            return known.get(_id(choice), "")
        other = others.get(_id(choice))
        return f"Row {other.number}: {other.name} {other.identity_value}".strip() if other else ""

    return [
        Shown(
            r, known.get(r.person_id or 0, ""),
            [(c, words(c)) for c in r.candidates if words(c)] if can_settle(r) else [],
        )
        for r in listed
    ]  # fmt: skip


def headings(batch: ImportBatch) -> list[str]:
    """The headings of its columns, for a download."""
    return list(batch.mapping.get("headings", ()))
