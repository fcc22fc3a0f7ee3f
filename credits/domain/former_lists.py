"""Credit of a former system from files: the kind of list that the office brings when it moves here.

The steps, the people and the pages are those of every list (activities.domain.imports); this says what its rows hold and
what they become: lines of a ledger of their own, which are no claims, make no certificate and are reported to nobody.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.urls import reverse
from psycopg2.extras import execute_values

from accounts.models import Identity, Provider
from activities.domain.imports import attendance, batches, judging, matching, owners, preview, values
from activities.domain.imports import columns as col
from activities.domain.imports.drafts import AnyRow, Draft
from activities.domain.imports.kinds import Group, Kind, Sample, Sum
from activities.domain.imports.lines import WHO_CODES, Reading
from activities.enums import RECORDED_VERDICTS, ImportColumn, ImportStatus, RowVerdict
from activities.models import ImportBatch, ImportRow
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.tabular import Format
from common.uploads import Upload
from credits.domain import former_lines
from credits.domain.former_lines import Entry, Types
from credits.enums import FormerColumn
from credits.models import CreditType, FormerCredit, TypeName

CHUNK = 2_000
PURPOSE = "former_credit"
OFFICE = "Credit of a former system is recorded by the CME office."
# Verdicts that follow from what other rows and the record say.
SETTLED = frozenset({"again", "known", "other_amount"})
IN_WORDS = "words"


def require_office(by: Actor) -> None:
    if not by.is_office and by.kind != "system":
        raise NotAllowed(OFFICE)


def start(*, origin: str, upload: Upload, by: Actor) -> batches.Brought:
    """Keep a file and guess its columns; the same file leads to the list that it was. Raises Invalid for what is no table."""
    origin = " ".join(origin.split())
    if not origin:
        raise Invalid(fields={"origin": "Name the system that the file comes from."})
    file = batches.look_into(upload)
    with transaction.atomic(durable=True):
        require_office(by)
        return batches.keep(ImportBatch(activity=None, origin=origin[:120]), file, purpose=PURPOSE, by=by)


# --- names of types ----------------------------------------------------------------------------------------


def unknown_types(batch: ImportBatch) -> list[tuple[str, int]]:
    """Names of types in a list that nobody said yet, with how many rows have them, most first. One query."""
    rows = ImportRow.objects.filter(batch=batch, code="type").annotate(of=KeyTextTransform("type_name", "said"))
    found: dict[str, tuple[str, int]] = {}
    for name, n in rows.order_by().values_list("of").annotate(n=Count("pk")).order_by("-n", "of"):
        key = former_lines.type_key(name or "")
        first, before = found.get(key, (name, 0))
        found[key] = (first, before + n)
    return list(found.values())


def name_types(*, batch_id: int, said: Mapping[str, str], by: Actor) -> ImportBatch:
    """Say what names of types mean: a code of ours, or "words" to keep the name. The list is then read again."""
    with transaction.atomic(durable=True):
        require_office(by)
        batch = locks.lock_row(ImportBatch.objects.filter(activity=None), pk=batch_id)
        if batch.status != ImportStatus.PREVIEWED:
            raise Conflict("This list is not waiting for you any more. Reload the page to see where it stands.")
        kinds = CreditType.objects.filter(is_attendance=False).in_bulk()
        for name, code in said.items():
            if code != IN_WORDS and code not in kinds:
                raise Invalid(f"There is no type {code}.")
            kind = None if code == IN_WORDS else kinds[code]
            TypeName.objects.update_or_create(
                key=former_lines.type_key(name), defaults={"name": name[:80], "credit_type": kind, "said_at": clock.now(), "said_by": by.label},
            )  # fmt: skip
        audit.record("credit_types_named", by=by, subject=batch, new=dict(said))
        reading = Reading.of(batch)
    return batches.read_import(
        batch_id=batch_id, columns=reading.columns, source=reading.source, order=reading.order, zone=reading.zone, repeated=reading.repeated, minimum=0, by=by,
    )  # fmt: skip


# --- reading and judging -----------------------------------------------------------------------------------


def _table(_batch: ImportBatch, sample: Sample, row: int | None) -> col.Table:
    known = former_lines.MEANINGS
    return col.find(sample, known=known) if row is None else col.at_row(sample, row, known=known)


def _reading(_batch: ImportBatch, written: Format, table: col.Table, sample: Sample) -> Reading:
    below = [cells for number, cells in sample if number > table.row]
    order = values.order_of(col.dates_in(below, table.headings, table.columns))
    return Reading(
        written,
        table.row,
        table.headings,
        table.columns,
        source=table.source,
        order=order,
        zone=Provider.current().zone,
    )


def _unusable(columns: Mapping[str, str]) -> str:
    if wrong := col.unusable(columns, {c.value: c.label for c in FormerColumn}):
        return wrong
    chosen = set(columns.values())
    lacking = [name for column, name in former_lines.NEEDED.items() if column not in chosen]
    return f"Say which column holds {', and which '.join(lacking)}." if lacking else ""


def _judged(batch: ImportBatch, file: BinaryIO) -> Iterator[tuple[list[Draft], int]]:
    reading, today = Reading.of(batch), clock.today(Provider.current().zone)
    found = former_lines.of_file(file, reading, Types(), today, after=batch.position)
    while entries := list(islice(found, CHUNK)):
        directory = matching.directory(entries)
        rows = [_row(batch, entry, directory) for entry in entries]
        _compare(rows)
        yield rows, entries[-1].number


def _row(batch: ImportBatch, entry: Entry, directory: matching.Directory) -> Draft:
    row = judging.row_of(batch, entry, directory, None)
    row.said, row.fact = entry.said, entry.fact if not entry.code or entry.code in WHO_CODES else ""
    if row.verdict in RECORDED_VERDICTS and any("=" in text[:1] for text in (entry.name, entry.said["title"])):
        row.reason = "A cell looks like a formula. It is kept as text and never run."
    elif row.verdict in RECORDED_VERDICTS and (unknown := entry.said.get("no_topics")):
        words = ", ".join(f"“{word}”" for word in unknown[:3])
        row.reason = f"{row.reason} No topic of ours, left out: {words}.".strip()[:250]
    return row


@dataclass(frozen=True)
class Tip:
    """What the ledger says now of one credit of somebody."""

    pk: int
    identity_id: int
    amount: Decimal
    withdrawn: bool
    origin: str


def _tips(rows: Sequence[AnyRow]) -> dict[tuple[str, str], Tip]:
    """(who, fact) → what is on record. Two queries; a row that stands goes before one that was taken back."""
    live = [r for r in rows if r.who and r.fact]
    base = FormerCredit.objects.filter(superseded_by=None, fact__in={r.fact for r in live})
    columns = ("pk", "identity_id", "amount", "withdrawn", "origin", "fact")
    found: dict[tuple[str, str], Tip] = {}

    def keep(who: str, values_of: Sequence[Any]) -> None:
        *rest, fact = values_of
        if (who, fact) not in found or found[who, fact].withdrawn:
            found[who, fact] = Tip(*rest)

    if people := {r.person_id for r in live if r.person_id}:
        for *rest, person_id in base.of_any(people).values_list(*columns, "identity__links__person_id"):
            keep(matching.who(person_id, None), rest)
    if addresses := {r.identity_value for r in live if not r.person_id}:
        named = base.filter(identity__value__in=addresses)
        for *rest, kind, value in named.values_list(*columns, "identity__kind", "identity__value"):
            keep(matching.who(None, (kind, value)), rest)
    return found


def _compare(rows: Sequence[AnyRow]) -> None:
    tips = _tips(rows)
    for row in rows:
        tip = tips.get((row.who, row.fact))
        if tip is None or tip.withdrawn or row.verdict not in RECORDED_VERDICTS:
            continue  # an import that was undone leaves the place free
        if tip.amount == Decimal(row.said["amount"]):
            owners.not_written(row, "known", f"On record already, from {tip.origin}."[:250], RowVerdict.DUPLICATE)
        else:
            why = f"On record with {tip.amount}, from {tip.origin}; this row says {row.said['amount']}."
            owners.not_written(row, "other_amount", why[:250], RowVerdict.PROBLEM)


def _settle(batch: ImportBatch, _ends: float) -> bool:
    """The same credit twice in one file counts once; with two amounts it is a question. One statement for all rows."""
    with transaction.atomic(durable=True):
        if preview.hold(batch) is None:
            return False
        _once(batch)
    return True


def _once(batch: ImportBatch) -> None:
    locks.require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE activities_importrow r SET leader = f.first, verdict = CASE WHEN f.same THEN 'duplicate' ELSE 'problem' END, "
            "code = CASE WHEN f.same THEN 'again' ELSE 'other_amount' END, "
            "reason = CASE WHEN f.same THEN 'The same credit as row ' || f.first || '; counted there, once.' "
            "ELSE 'Row ' || f.first || ' says the same credit with another amount.' END "
            "FROM (SELECT id, row_number() OVER w AS n, first_value(number) OVER w AS first, first_value(said->>'amount') OVER w = said->>'amount' AS same "
            "FROM activities_importrow WHERE batch_id = %s AND fact <> '' AND who <> '' AND verdict IN ('matched', 'new') "
            "WINDOW w AS (PARTITION BY fact, who ORDER BY number, part)) f WHERE r.id = f.id AND f.n > 1",
            [batch.pk],
        )  # fmt: skip


def _resettle(batch: ImportBatch, groups: Collection[Group]) -> None:
    people = {who for _session, who in groups if who}
    rows = ImportRow.objects.filter(batch=batch, who__in=people).exclude(fact="")
    changed = list(rows.filter(Q(verdict__in=RECORDED_VERDICTS) | Q(code__in=SETTLED)).order_by("number"))
    for row in changed:
        row.verdict, row.leader = RowVerdict.MATCHED if row.person_id else RowVerdict.NEW, None
        row.code = row.reason = ""
    _compare(changed)
    attendance.save(changed)
    _once(batch)


# --- the ledger --------------------------------------------------------------------------------------------


def _waiting(batch: ImportBatch) -> QuerySet[ImportRow]:
    rows = ImportRow.objects.filter(batch=batch, verdict__in=RECORDED_VERDICTS, former=None)
    return rows.select_related("person")


def _write_rows(batch: ImportBatch, rows: Sequence[ImportRow]) -> None:
    """Identities, links and lines of a chunk; assert an open transaction."""
    locks.require_transaction()
    # Two lists at once may name one person by different identities: the second sees what the first wrote.
    locks.lock_key("former_credit", "ledger")
    at, by_row, made = clock.now(), owners.identities_of(batch, rows), []
    for row in rows:  # records may have been joined since the preview
        row.who = owners.who(row)
    tips = _tips(rows)
    for row in rows:
        identity, tip = by_row.get(row.pk), tips.get((row.who, row.fact))
        if identity is None:
            owners.changed_hands(row)
        elif tip is not None and not tip.withdrawn:
            owners.not_written(
                row, "known", "Came on record by another way while this was written.", RowVerdict.DUPLICATE
            )
        else:
            made.append(_credit(batch, row, identity, at, tip))
    FormerCredit.objects.bulk_create(made, ignore_conflicts=True)
    _note_written(rows)


def _credit(batch: ImportBatch, row: ImportRow, identity: Identity, at: dt.datetime, tip: Tip | None) -> FormerCredit:
    said = row.said
    row_of = FormerCredit(
        identity=identity, fact=row.fact, title=said["title"], provider_name=said["provider"], earned_on=dt.date.fromisoformat(said["on"]),
        credit_type_id=said["type"] or None, other_type="" if said["type"] else said["type_name"], amount=Decimal(said["amount"]), minutes=said.get("minutes"),
        format=said["format"], number=said["number"], topics=said.get("topics", []), origin=batch.origin, batch=batch, row=row, recorded_by=batch.confirmed_by, recorded_at=at,
    )  # fmt: skip
    if tip is not None:  # an import that was undone: its place in the chain is taken, so this row supersedes it
        row_of.supersedes_id, row_of.identity_id = tip.pk, tip.identity_id
        row_of.reason = f"{batch.file.name}, row {row.number}"[:250]
    return row_of


def _note_written(rows: Sequence[ImportRow]) -> None:
    """Whose each row became; a row whose place was taken meanwhile adds nothing."""
    made = dict(FormerCredit.objects.filter(row__in=rows).values_list("row_id", "identity_id"))
    for row in rows:
        if row.verdict in RECORDED_VERDICTS and row.pk not in made:
            owners.not_written(
                row, "known", "Came on record by another way while this was written.", RowVerdict.DUPLICATE
            )
    told = [(r.pk, str(r.verdict), r.code, r.reason, made.get(r.pk)) for r in rows]
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE activities_importrow r SET verdict = v.verdict, code = v.code, reason = v.reason, identity_id = v.identity_id::bigint "
            "FROM (VALUES %s) AS v (id, verdict, code, reason, identity_id) WHERE r.id = v.id",
            told,
            page_size=len(told),
        )  # fmt: skip


def _standing(batch: ImportBatch) -> QuerySet[FormerCredit]:
    return FormerCredit.objects.standing().filter(batch=batch)


def _take_back(batch: ImportBatch, rows: Sequence[FormerCredit]) -> None:
    locks.require_transaction()
    at, names = clock.now(), [f.attname for f in FormerCredit._meta.concrete_fields if not f.primary_key]
    changed = {"row_id", "supersedes_id", "withdrawn", "reason", "recorded_by", "recorded_at"}
    FormerCredit.objects.bulk_create(
        [
            FormerCredit(
                **{name: getattr(old, name) for name in names if name not in changed}, supersedes=old, withdrawn=True, recorded_by=batch.undone_by,
                recorded_at=at, reason=f"Import undone: {batch.undo_reason}"[:250],
            )
            for old in rows
        ],
        ignore_conflicts=True,
    )  # fmt: skip


# --- pages -------------------------------------------------------------------------------------------------


def _choices(_batch: ImportBatch) -> list[Any]:
    columns = [*FormerColumn, ImportColumn.MINUTES, ImportColumn.HOURS]
    earned = [(FormerColumn.TITLE.value, FormerColumn.TITLE.label), (ImportColumn.DATE.value, "Day of completion")]
    earned += [(c.value, str(c.label)) for c in columns if c != FormerColumn.TITLE]
    return [("Who", [(c.value, c.label) for c in attendance.WHO_COLUMNS]), ("What was earned", earned)]


def _sums(batch: ImportBatch) -> list[Sum]:
    """By type of credit. One query."""
    rows = ImportRow.objects.filter(batch=batch, verdict__in=RECORDED_VERDICTS)
    if batch.status != ImportStatus.PREVIEWED:
        rows = rows.filter(former__isnull=False)
    found = rows.annotate(of=KeyTextTransform("type_name", "said")).order_by().values_list("of").annotate(
        matched=Count("pk", filter=Q(verdict=RowVerdict.MATCHED)), new=Count("pk", filter=Q(verdict=RowVerdict.NEW))
    )  # fmt: skip
    return [Sum(name, "", "", matched, new) for name, matched, new in found.order_by("of")]


def of_office() -> list[ImportBatch]:
    """The lists of former systems, newest first; thrown away ones are left out. One query."""
    rows = ImportBatch.objects.filter(activity=None).exclude(status=ImportStatus.DISCARDED)
    return list(rows.select_related("file").order_by("-pk")[:100])


KIND = Kind(
    require_may=lambda _batch, by: require_office(by),
    require_open=lambda _batch: None,
    table=_table,
    reading=_reading,
    unusable=_unusable,
    chunks=_judged,
    settle=_settle,
    resettle=_resettle,
    waiting=_waiting,
    write_rows=_write_rows,
    standing=_standing,
    take_back=_take_back,
    home=lambda _batch: reverse("former:list"),
    url=lambda batch: reverse("former:detail", args=[batch.pk]),
    choices=_choices,
    zone=lambda _batch: Provider.current().zone,
    sums=_sums,
    corrected=lambda _batch: 0,
)
