"""A series on Tuesdays at noon in New York, people whom we know and whom we do not, and files as offices bring them."""

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actors import actor_of
from activities.domain.imports import batches, preview, writing
from activities.models import AttendanceEvidence, ImportBatch, ImportRow
from common import clock, uploads
from tests.factories import (
    ActivityFactory,
    DepartmentFactory,
    PersonFactory,
    ProviderFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.registrations import RegistrationFactory

FILES = Path(__file__).parent.parent / "fixtures" / "attendance"
NEW_YORK = ZoneInfo("America/New_York")
AFTER = dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC)


def file_bytes(name: str) -> bytes:
    return (FILES / name).read_bytes()


def given(name: str, content: bytes | str) -> uploads.Upload:
    data = content.encode() if isinstance(content, str) else content
    return uploads.check(SimpleUploadedFile(name, data), uploads.TABLES)


def noon(day: int) -> dt.datetime:
    return dt.datetime(2026, 11, day, 12, tzinfo=NEW_YORK)


class Series:
    """Grand rounds on November 17 and 24, noon to one; the 24th has another title."""

    def __init__(self) -> None:
        ProviderFactory()
        self.department = DepartmentFactory()
        self.planner = UserFactory(departments=[self.department])
        self.by = actor_of(self.planner)
        self.activity = ActivityFactory(published=True, series=True, department=self.department, title="Grand Rounds")
        self.first = self.session(17, "Sepsis bundles")
        self.second = self.session(24, "Fluids and pressors")
        self.folake = self.person("Folake", "Adeyemi", "folake.adeyemi@northpier.example")
        self.thu = self.person("Minh Thư", "Trần", "thu.tran@northpier.example")
        self.reka = self.person("Réka", "Kovács", "reka.kovacs@northpier.example")

    def session(self, day: int, title: str, *, hour: int = 12, **values: Any) -> Any:
        starts = dt.datetime(2026, 11, day, hour, tzinfo=NEW_YORK)
        return SessionFactory(activity=self.activity, title=title, starts_at=starts, **{"status": "held", **values})

    def person(self, given: str, family: str, email: str, *, registered: bool = False, **values: Any) -> Any:
        person = PersonFactory(given_name=given, family_name=family, email=email, **values)
        if registered:
            RegistrationFactory(activity=self.activity, person=person)
        return person

    def bring(self, name: str, content: bytes | str | None = None, *, session: Any = None) -> ImportBatch:
        upload = given(name, file_bytes(name) if content is None else content)
        return batches.start_import(
            activity_id=self.activity.pk, session_id=session.pk if session else None, upload=upload, by=self.by
        ).batch

    def read(self, batch: ImportBatch, **changes: Any) -> ImportBatch:
        """As the page of the columns sends it, then the job."""
        data = {**batch.mapping, **changes}
        keys = ("columns", "source", "order", "zone", "repeated", "minimum")
        batches.read_import(batch_id=batch.pk, by=self.by, **{key: data[key] for key in keys})
        batch.refresh_from_db()
        preview.read(batch.pk, batch.preview)
        batch.refresh_from_db()
        return batch

    def previewed(
        self, name: str, content: bytes | str | None = None, *, session: Any = None, **changes: Any
    ) -> ImportBatch:
        return self.read(self.bring(name, content, session=session), **changes)

    def confirm(self, batch: ImportBatch) -> ImportBatch:
        writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=self.by)
        writing.write(batch.pk)
        batch.refresh_from_db()
        return batch

    def undo(self, batch: ImportBatch, reason: str = "The wrong file.") -> ImportBatch:
        writing.undo_import(batch_id=batch.pk, reason=reason, by=self.by)
        writing.undo(batch.pk)
        batch.refresh_from_db()
        return batch


def rows(batch: ImportBatch) -> list[tuple[Any, ...]]:
    """(number, verdict, code, minutes) of every row."""
    found = ImportRow.objects.filter(batch=batch).order_by("number", "part")
    return [(r.number, str(r.verdict), r.code, r.minutes) for r in found]


def row(batch: ImportBatch, number: int, part: int = 0) -> ImportRow:
    return ImportRow.objects.get(batch=batch, number=number, part=part)


def standing() -> list[tuple[str, str, int | None]]:
    """(identity, method, minutes) of everything that the ledger holds as true."""
    live = AttendanceEvidence.objects.filter(superseded_by=None, withdrawn=False).order_by(
        "identity__value", "session_id"
    )
    return list(live.values_list("identity__value", "method", "minutes"))


@pytest.fixture
def storage(settings, tmp_path):
    """Files of a test go with it."""
    private = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "private": private}


@pytest.fixture
def after_the_month(db, storage):
    """The last day of November 2026, whatever day it is."""
    clock.move(AFTER - dt.datetime.now(dt.UTC))
    yield
    clock.move(dt.timedelta())
    clock.forget()


__all__ = [
    "AFTER",
    "Series",
    "actor_of",
    "after_the_month",
    "file_bytes",
    "given",
    "noon",
    "row",
    "rows",
    "standing",
    "storage",
]
