"""Lists of attendance: how they are read, judged, recorded and taken back, for the door that all kinds of lists share."""

import time
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import rules
from django.db import connection, transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import execute_values

from activities.domain.imports import columns as col
from activities.domain.imports import evidence, judging, values
from activities.domain.imports.drafts import AnyRow, Draft
from activities.domain.imports.kinds import Group, Kind, Sample, Sum
from activities.domain.imports.lines import Line, Reading, Sessions, of_file
from activities.domain.imports.matching import Registered
from activities.domain.imports.preview import hold
from activities.enums import CLAIMABLE, RECORDED_VERDICTS, ImportColumn, ImportSource, ImportStatus, RowVerdict
from activities.models import Activity, ImportBatch, ImportRow, Session
from common import clock, jobs, rulesets
from common.actors import Actor
from common.errors import Conflict, NotAllowed
from common.tabular import Format
from common.templatetags.cme import local, local_date

CHUNK = 2_000
MINIMUM = "webinar.minimum_minutes"
WHO_COLUMNS = (
    ImportColumn.EMAIL, ImportColumn.NAME, ImportColumn.GIVEN, ImportColumn.FAMILY, ImportColumn.PHONE, ImportColumn.NPI, ImportColumn.LICENCE,
    ImportColumn.STATE, ImportColumn.CREDENTIALS,
)  # fmt: skip
_GROUPS: tuple[tuple[Any, tuple[ImportColumn, ...]], ...] = (
    (_("Who"), WHO_COLUMNS),
    (_("Which session"), (ImportColumn.DATE, ImportColumn.SESSION)),
    (_("How long"), (ImportColumn.MINUTES, ImportColumn.HOURS, ImportColumn.JOINED, ImportColumn.LEFT, ImportColumn.FIRST, ImportColumn.LAST, ImportColumn.ATTENDED, ImportColumn.WAITING)),
)  # fmt: skip


def activity_of(batch: ImportBatch) -> Activity:
    assert batch.activity is not None
    return batch.activity


def require_may(batch: ImportBatch, by: Actor) -> None:
    if by.kind != "system" and not rules.has_perm("activities.edit_plan", by, batch):
        raise NotAllowed("Only the planners of this activity and the CME office import attendance.")


def require_open(batch: ImportBatch) -> None:
    """Attendance is added while it can still be claimed."""
    if activity_of(batch).status not in CLAIMABLE:
        raise Conflict(
            "Attendance is imported from the day the activity is open until it is closed. The CME office can help with the rest."
        )


# --- its columns -------------------------------------------------------------------------------------------


def _table(batch: ImportBatch, sample: Sample, row: int | None) -> col.Table:
    titles = Sessions(activity_of(batch), batch.session).titles
    return col.find(sample, titles) if row is None else col.at_row(sample, row, titles)


def _reading(batch: ImportBatch, written: Format, table: col.Table, sample: Sample) -> Reading:
    activity = activity_of(batch)
    below = [cells for number, cells in sample if number > table.row]
    dates = col.dates_in(below, table.headings, table.columns)
    return Reading(
        written, table.row, table.headings, table.columns, source=table.source, order=values.order_of(dates, Sessions(activity, batch.session).days), zone=activity.zone,
        minimum=usual_minimum() if table.source != ImportSource.ROSTER else 0,
    )  # fmt: skip


def usual_minimum() -> int:
    return int(rulesets.value_on(MINIMUM))


def _choices(batch: ImportBatch) -> list[Any]:
    activity = activity_of(batch)
    zone = ZoneInfo(activity.zone)
    listed: list[Any] = [(label, [(c.value, c.label) for c in columns]) for label, columns in _GROUPS]
    if batch.session_id is None:
        sessions = [s for s in Sessions(activity).all if s.starts_at <= clock.now()]
        day = [(f"{col.AT}{s.pk}", f"{local_date(s.starts_at, zone)}: {s.title}"[:80]) for s in reversed(sessions)]
        listed += [(_("Who was at this session"), day)] if day else []
    return listed


# --- its rows ----------------------------------------------------------------------------------------------


def _judged(batch: ImportBatch, file: BinaryIO) -> Iterator[tuple[list[Draft], int]]:
    reading, activity = Reading.of(batch), activity_of(batch)
    sessions = Sessions(activity, batch.session)
    registered = Registered(activity)
    for lines in _chunks(of_file(file, reading, sessions, after=batch.position)):
        yield judging.judge(batch, lines, reading=reading, sessions=sessions, registered=registered), lines[-1].number


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


def _settle(batch: ImportBatch, ends: float) -> bool:
    """What goes together, once all rows are in; False when the slice was over before that."""
    if not _settle_groups(batch, Reading.of(batch), ends):
        return False
    _suggest_by_name(batch)
    return True


def _resettle(batch: ImportBatch, groups: Collection[Group]) -> None:
    keys = [(session_id, who) for session_id, who in groups if session_id and who]
    sessions = Session.objects.filter(activity=batch.activity_id).in_bulk()
    save(judging.resettle(of_groups(batch, keys), reading=Reading.of(batch), sessions=sessions))


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
            if hold(batch) is None:
                return False
            changed = judging.resettle(of_groups(batch, keys), reading=reading, sessions=sessions)
            assert changed, "A group that settles to itself would be asked for again and again."
            save(changed)
            if time.monotonic() > ends:
                jobs.later("activities.tasks.read_import", batch.pk, batch.preview)
                return False


_READ = (
    "pk", "number", "part", "verdict", "code", "reason", "how", "name", "name_key", "session_id", "minutes", "joined_at", "left_at", "stated", "who",
    "person_id", "identity_kind", "identity_value", "leader",
)  # fmt: skip


def of_groups(batch: ImportBatch, keys: Sequence[tuple[int, str]]) -> list[Draft]:
    """All rows of some (session, who), without what the file said, which is long and not asked for. One query."""
    if not keys:
        return []
    wanted = set(keys)
    rows = ImportRow.objects.filter(
        batch=batch, session__in={s for s, _who in keys}, who__in={w for _session, w in keys}
    )
    found = (Draft(batch.pk, **row) for row in rows.order_by("number", "part").values(*_READ))
    return [r for r in found if (r.session_id, r.who) in wanted]


def save(rows: Sequence[AnyRow]) -> None:
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
                if hold(batch) is None:
                    return
                ImportRow.objects.bulk_update(changed, ["verdict", "code", "candidates", "reason"])


def _sums(batch: ImportBatch) -> list[Sum]:
    """Per session how many are recorded as there; one query for the rows, one for the sessions."""
    rows = ImportRow.objects.filter(batch=batch, verdict__in=RECORDED_VERDICTS, session__isnull=False)
    if batch.status != ImportStatus.PREVIEWED:
        rows = rows.filter(evidence__isnull=False)
    found = rows.order_by().values_list("session_id").annotate(
        matched=Count("pk", filter=Q(verdict=RowVerdict.MATCHED)), new=Count("pk", filter=Q(verdict=RowVerdict.NEW))
    )  # fmt: skip
    by_id = {pk: (matched, new) for pk, matched, new in found}
    activity, sessions = activity_of(batch), Session.objects.filter(pk__in=by_id).order_by("starts_at", "pk")
    return [
        Sum(
            s.title, str(local(s.starts_at, activity.zone)), reverse("activities:session_attendance", args=[activity.number, s.pk]), *by_id[s.pk],
        )
        for s in sessions
    ]  # fmt: skip


KIND = Kind(
    require_may=require_may,
    require_open=require_open,
    table=_table,
    reading=_reading,
    unusable=col.unusable,
    chunks=_judged,
    settle=_settle,
    resettle=_resettle,
    waiting=evidence.waiting,
    write_rows=evidence.write_rows,
    standing=evidence.standing,
    take_back=evidence.take_back,
    home=lambda batch: reverse("activities:import_list", args=[activity_of(batch).number]),
    url=lambda batch: reverse("activities:import_detail", args=[activity_of(batch).number, batch.pk]),
    choices=_choices,
    zone=lambda batch: activity_of(batch).zone,
    sums=_sums,
    corrected=evidence.corrected_since,
)
