"""A roster of 100,000 rows, 5 % of them bad: how long until the preview stands, and does the memory grow with the file?

    python -m bench.imports [--rows 100000]

The file is read by the job's own code, on a PostgreSQL of its own: as CSV, as Excel, and as a Zoom report in which everybody
joined twice. Each file is written, and each is brought and read, in a process of its own, as a worker that has done nothing
else: memory that earlier work left free would hide what this work takes. The file with ten times fewer rows goes first; by what
the peak of memory is higher with all rows is what depends on their number. Confirming and undoing are timed too, without a goal.
"""

import argparse
import datetime as dt
import itertools
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import report, seed

SECONDS = 60.0
GROWTH_MB = 32.0
PEOPLE, REGISTERED, SESSIONS = 20_000, 5_000, 10
BAD = 0.05


def prepare() -> tuple[Any, list[Any], Any]:
    """An activity with sessions that are over, people with addresses, some of them registered; its planner's actor."""
    from accounts.models import Person, PersonAddress
    from activities.models import Activity, Registration, Session
    from common import clock
    from common.actors import system

    now = clock.now()
    activity = Activity.objects.filter(kind="RSS", status="published", capacity=None).order_by("pk").first()
    assert activity
    noon = now.replace(hour=17, minute=0, second=0, microsecond=0)
    Session.objects.bulk_create(
        Session(activity=activity, title=f"Bench {n}", status="held", starts_at=noon - dt.timedelta(days=400 + n), ends_at=noon - dt.timedelta(days=400 + n, minutes=-60))
        for n in range(SESSIONS)
    )  # fmt: skip
    people = Person.objects.bulk_create(
        (Person(given_name=f"Given{n}", family_name=f"Family{n}", degrees="MD", created_at=now) for n in range(PEOPLE)),
        batch_size=2_000,
    )
    PersonAddress.objects.bulk_create(
        (PersonAddress(person=p, kind="email", value=f"bench{n}@bench.example", verified_at=now, is_primary=True, created_at=now) for n, p in enumerate(people)),
        batch_size=2_000,
    )  # fmt: skip
    Registration.objects.bulk_create(
        (Registration(activity=activity, person=p, created_at=now) for p in people[:REGISTERED]), batch_size=2_000
    )
    days = [s.starts_at for s in Session.objects.filter(title__startswith="Bench ").order_by("pk")]
    return activity, days, system("bench")


def roster(rows: int, days: list[Any], zone: Any) -> Iterator[list[Any]]:
    """Known and unknown people, hours in quarter steps; every twentieth row has something wrong with it."""
    bad = itertools.cycle(("no address", "hours", "day", "npi", "twice"))
    step = round(1 / BAD)
    for n in range(rows):
        day = days[(n // PEOPLE) % len(days)].astimezone(zone).date()
        known = n % 3 != 0
        address = f"bench{n % PEOPLE}@bench.example" if known else f"guest{n}@elsewhere.example"
        row = [f"Family{n % PEOPLE}", f"Given{n % PEOPLE}", address, (1, 0.75, 0.5, 0.25)[n % 4], day, ""]
        if n % step == 0:
            what = next(bad)
            if what == "no address":
                row[2] = ""
            elif what == "hours":
                row[3] = "about one"
            elif what == "day":
                row[4] = dt.date(2001, 1, 1)
            elif what == "npi":
                row[5] = "1234567890"
            else:
                row[2] = "bench1@bench.example"
                row[0], row[1] = "Family1", "Given1"
        yield row


def zoom(rows: int, days: list[Any], zone: Any) -> Iterator[list[Any]]:
    """Everybody leaves in the middle and comes back; every twentieth row is a phone without a name."""
    for n in range(rows):
        who = n // 2
        start = days[(who // PEOPLE) % len(days)].astimezone(zone)
        joined = start + dt.timedelta(minutes=35 * (n % 2), seconds=n % 60)
        left = joined + dt.timedelta(minutes=24)
        address = "" if n % 20 == 0 else f"bench{who % PEOPLE}@bench.example"
        name = "iPhone" if n % 20 == 0 else f"Given{who % PEOPLE} Family{who % PEOPLE}"
        yield [name, address, f"{joined:%m/%d/%Y %I:%M:%S %p}", f"{left:%m/%d/%Y %I:%M:%S %p}", 24, "No", "No"]


HEADS = {
    "roster": ["Last name", "First name", "E-mail", "Hours", "Session date", "NPI"],
    "zoom": ["Name (Original Name)", "User Email", "Join Time", "Leave Time", "Duration (Minutes)", "Guest", "In Waiting Room"],
}  # fmt: skip


def apart(act: Callable[..., Any], *given: Any) -> Any:
    """What `act` answers in a process of its own, with a connection of its own."""
    from django.db import connection

    connection.close()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as process:
        return process.submit(act, *given).result()


def write_file(path: Path, what: str, rows: int, days: list[Any], zone: Any) -> None:
    """A file of these rows, written by the portal's own writers."""
    from common import tabular, xlsx

    body = (roster if what == "roster" else zoom)(rows, days, zone)
    parts = xlsx.write(HEADS[what], body) if path.suffix == ".xlsx" else tabular.csv_parts(HEADS[what], body)
    with path.open("wb") as file:
        file.writelines(parts)


def timed(act: Callable[[], Any]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


@dataclass(frozen=True)
class Preview:
    """An import that was read to its end, and what that took of its process."""

    batch: int
    seconds: float
    peak_mb: float


def preview_of(path: Path, activity: Any, by: Any) -> Preview:
    """Bring a file as the page does, and read it as the job does; the peak is of both."""
    batch = bring(activity, path, by)
    seconds = timed(lambda: read(batch))
    return Preview(batch.pk, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def bring(activity: Any, path: Path, by: Any) -> Any:
    from django.core.files.uploadedfile import UploadedFile

    from activities.domain.imports import batches
    from common import uploads

    with path.open("rb") as file:
        upload = uploads.check(UploadedFile(file, path.name, size=path.stat().st_size), uploads.TABLES)
        batch = batches.start_import(activity_id=activity.pk, session_id=None, upload=upload, by=by).batch
    data = batch.mapping
    batches.read_import(
        batch_id=batch.pk, by=by, **{k: data[k] for k in ("columns", "source", "order", "zone", "repeated", "minimum")}
    )
    batch.refresh_from_db()
    return batch


def read(batch: Any) -> None:
    """All slices of the job, one after the other."""
    from activities.domain.imports import preview

    while batch.status == "reading":
        preview.read(batch.pk, batch.preview)
        batch.refresh_from_db()


def finish(batch: Any, act: Callable[[int], None], until: str) -> None:
    while batch.status != until:
        act(batch.pk)
        batch.refresh_from_db()


def put_and_undo(batch_id: int, by: Any) -> tuple[int, float, float]:
    """Put an import on record and take it back: the rows, and the seconds of each."""
    from activities.domain.imports import writing
    from activities.models import ImportBatch

    batch = ImportBatch.objects.get(pk=batch_id)
    writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=by)
    batch.refresh_from_db()
    wrote = timed(lambda: finish(batch, writing.write, "confirmed"))
    writing.undo_import(batch_id=batch.pk, reason="The bench is over.", by=by)
    recorded = batch.recorded
    batch.refresh_from_db()
    return recorded, wrote, timed(lambda: finish(batch, writing.undo, "undone"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    with seed.database("small"), tempfile.TemporaryDirectory() as folder:
        from zoneinfo import ZoneInfo

        from activities.models import ImportBatch
        from common.models import Job, JobState

        Job.objects.update(state=JobState.DONE)
        activity, days, by = prepare()
        zone = ZoneInfo(activity.zone)
        results, rows_out, ok = [], [], True
        for name, what in (("roster.csv", "roster"), ("roster.xlsx", "roster"), ("zoom.csv", "zoom")):
            path = Path(folder) / name
            apart(write_file, path, what, given.rows // 10, days, zone)
            small: Preview = apart(preview_of, path, activity, by)
            apart(write_file, path, what, given.rows, days, zone)
            megabytes = path.stat().st_size / 1024 / 1024
            large: Preview = apart(preview_of, path, activity, by)
            batch = ImportBatch.objects.get(pk=large.batch)
            growth = max(large.peak_mb - small.peak_mb, 0)
            good = large.seconds < SECONDS * given.rows / 100_000 and growth < GROWTH_MB and batch.status == "previewed"
            ok = ok and good
            results.append({"file": name, "megabytes": round(megabytes, 1), "seconds": round(large.seconds, 1), "peak_mb": round(large.peak_mb, 1), "growth_mb": round(growth, 1), "counts": batch.counts, "ok": good})  # fmt: skip
            rows_out.append((name, f"{megabytes:.1f}", f"{large.seconds:.1f}", f"{given.rows / large.seconds:.0f}", f"{large.peak_mb:.1f}", f"{growth:.1f}"))  # fmt: skip
            if name == "roster.csv":
                recorded, wrote, undid = apart(put_and_undo, batch.pk, by)
        print(report.table(("file", "MB", "seconds", "rows/s", "peak MB", "more than a tenth +MB"), rows_out))
        print(f"\n{recorded} rows put on record in {wrote:.0f} s, taken back in {undid:.0f} s.")
    result = {
        "ok": ok,
        "rows": given.rows,
        "files": results,
        "recorded": recorded,
        "write_seconds": round(wrote, 1),
        "undo_seconds": round(undid, 1),
    }
    path = report.keep("imports", result)
    print(
        f"Goal: a preview of 100,000 rows in less than {SECONDS:.0f} s, its memory no larger than that of 10,000. {path.name} keeps the figures."
    )
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
