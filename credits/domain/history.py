"""A person's whole record as one ZIP: for themself, and for the office with a reason. Made by a job, mailed, kept for some days.

What there is about a person is read from the models (accounts.domain.person_rows), so a new table takes part by itself.
"""

import datetime as dt
import hashlib
import json
import secrets
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.urls import reverse

from accounts.domain import person_rows
from accounts.models import Person
from common import audit, clock, jobs, locks, mail
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from credits.models import CertificateFile, ExternalCredit, RecordExport, TranscriptFile

FORMAT = "cme-person-record/1"
KEPT = dt.timedelta(days=7)
A_DAY = 3
FOLDER = "record-exports"
BATCH = 500
# About the person in a column called so; other columns say what somebody did to others.
ABOUT = "person"
LEFT_OUT = frozenset(
    {
        "accounts.LinkGrant",  # keys
        "accounts.SeeAs",  # about who looked, and under "Seen as a person"
        "activities.ImportRow",  # rows of a file, with others whom they may be about; what came of them is attendance
        "credits.RecordExport",
    }
)
# What a person answered in an evaluation is theirs: nobody of the office reads it (decision 19).
THEIRS = frozenset({"evaluations.Draft", "evaluations.Commitment"})
# Rows that hang on a person by another row.
THROUGH: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("activities.AttendanceEvidence", "identity__links__person", {"identity__links__ended_at": None}),
    ("activities.SelfStatement", "evidence__identity__links__person", {"evidence__identity__links__ended_at": None}),
    ("activities.CheckInDevice", "evidence__identity__links__person", {"evidence__identity__links__ended_at": None}),
    ("credits.FormerCredit", "identity__links__person", {"identity__links__ended_at": None}),
    ("credits.ClaimTotal", "claim__person", {}),
    ("credits.Certificate", "claim__person", {}),
    ("integrity.Relationship", "disclosure__person", {}),
    ("reporting.CreditReport", "total__claim__person", {}),
)
SECRET = ("token", "form_key", "file_key")


def ask(*, person_id: int, reason: str = "", by: Actor) -> RecordExport:
    """Have a copy made; one that is being made is found. Raises NotAllowed, Invalid for an office without a reason."""
    if by.person_id is None or (by.person_id != person_id and not by.is_office):
        raise NotAllowed("A record is given to the person it is about, and to the CME office.")
    if by.person_id != person_id and not reason.strip():
        raise Invalid(fields={"reason": "Say why, in a sentence."})
    with transaction.atomic(durable=True):
        person, at = locks.lock_row(Person.objects.all(), pk=person_id), clock.now()
        mine = RecordExport.objects.filter(person=person, asked_person=by.person_id)
        waiting = mine.filter(ready_at=None).first()
        if waiting is not None:
            return waiting
        if mine.filter(asked_at__gt=at - dt.timedelta(days=1)).count() >= A_DAY:
            raise Conflict("Three copies a day are enough. Take one of those that are there.")
        row = RecordExport.objects.create(
            person=person, asked_at=at, asked_by=by.label, asked_person_id=by.person_id, reason=reason.strip() if by.person_id != person_id else "",
        )  # fmt: skip
        audit.record("record_asked_for", by=by, subject=row, new={"person": person_id}, reason=row.reason)
        jobs.later("credits.tasks.make_record", row.pk, key=f"record:{row.pk}")
        return row


def make(export_id: int) -> None:
    """Write the file and tell who asked, by a job. Safe to run twice: the second finds it ready, or throws its file away."""
    row = RecordExport.objects.select_related("person", "asked_person").filter(pk=export_id, ready_at=None).first()
    if row is None:
        return
    with tempfile.TemporaryFile() as scratch:
        _write(row, scratch)
        size = scratch.tell()
        scratch.seek(0)
        digest = hashlib.file_digest(scratch, "sha256").hexdigest()
        scratch.seek(0)
        key = storages["private"].save(f"{FOLDER}/{clock.now():%Y/%m/%d}/{secrets.token_hex(16)}", File(scratch))
    with transaction.atomic(durable=True):
        held = locks.lock_row(RecordExport.objects.select_related("person", "asked_person"), pk=export_id)
        if held.ready_at is not None:
            storages["private"].delete(key)
            return
        held.ready_at = clock.now()
        held.file_key, held.file_size, held.sha256, held.file_until = key, size, digest, held.ready_at + KEPT
        held.save(update_fields=["ready_at", "file_key", "file_size", "sha256", "file_until"])
        _tell(held)


def sweep() -> int:
    """Every night: delete files whose days are over. How many."""
    swept = 0
    for pk in RecordExport.objects.filter(file_until__lt=clock.now()).exclude(file_key="").values_list("pk", flat=True):
        with transaction.atomic(durable=True):
            row = locks.lock_row(RecordExport.objects.all(), pk=pk)
            key, row.file_key = row.file_key, ""
            row.save(update_fields=["file_key"])
        if key:
            storages["private"].delete(key)
            swept += 1
    return swept


def _tell(row: RecordExport) -> None:
    address = row.asked_person.addresses.filter(kind="email", removed_at=None, verified_at__isnull=False)
    to = address.order_by("-is_primary", "pk").values_list("value", flat=True).first()
    if not to:
        return
    own = row.person_id == row.asked_person_id
    view = reverse("credits:record") if own else reverse("credits:record_of", args=[row.person_id])
    mail.send(
        "record_ready", to=to, to_name=row.asked_person.full_name, subject="The copy of the record is ready", key=f"record:{row.pk}",
        context={"days": KEPT.days, "own": own, "button_label": "Take the file", "button_url": settings.PORTAL_BASE_URL + view},
    )  # fmt: skip


# --- what is in it ------------------------------------------------------------------------------------------


def _write(row: RecordExport, out: BinaryIO) -> None:
    """One member at a time, so that a long life takes no more memory than a short one."""
    person, own = row.person, row.person_id == row.asked_person_id
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("record.json", "w") as member:
            for part in _parts(person, own=own):
                member.write(part.encode())
        for name, content in _files(person):
            archive.writestr(name, content)


def _parts(person: Person, *, own: bool) -> Iterator[str]:
    head = {"format": FORMAT, "made_at": clock.now(), "person": _values(person)}
    yield _json(head)[:-1] + ', "tables": {'
    for n, (label, rows) in enumerate(_tables(person, own=own)):
        yield f"{', ' if n else ''}\n{json.dumps(label)}: ["
        for m, found in enumerate(rows.iterator(chunk_size=BATCH)):
            yield f"{', ' if m else ''}\n {_json(_values(found))}"
        yield "]"
    yield "}}\n"


def _tables(person: Person, *, own: bool) -> list[tuple[str, models.QuerySet[Any]]]:
    """Every table that is about a person, by name."""
    found = []
    for column in person_rows.columns():
        if column.field == ABOUT and column.label not in LEFT_OUT and (own or column.label not in THEIRS):
            found.append((column.label, column.model._base_manager.filter(**{column.attname: person.pk})))
    for label, path, more in THROUGH:
        found.append((label, apps.get_model(label)._base_manager.filter(**{path: person.pk, **more}).distinct()))
    return [(label, rows.order_by("pk")) for label, rows in sorted(found, key=lambda pair: pair[0])]


def _values(row: models.Model) -> dict[str, Any]:
    """The columns of a row, without keys and bytes."""
    fields = [f for f in row._meta.concrete_fields if not isinstance(f, models.BinaryField)]
    return {f.attname: getattr(row, f.attname) for f in fields if not any(word in f.name for word in SECRET)}


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _files(person: Person) -> Iterator[tuple[str, bytes]]:
    """Certificates and transcripts as they were issued, and the proofs that the person gave."""
    certificates = CertificateFile.objects.filter(certificate__claim__person=person).select_related("certificate")
    for paper in certificates.defer("certificate__snapshot").order_by("pk").iterator(chunk_size=5):
        yield f"certificates/{paper.certificate.code}.pdf", bytes(paper.content)
    transcripts = TranscriptFile.objects.filter(document__person=person).select_related("document")
    for copy in transcripts.defer("document__snapshot").order_by("pk").iterator(chunk_size=5):
        yield f"transcripts/{copy.document.code}.pdf", bytes(copy.content)
    for line in ExternalCredit.objects.filter(person=person, proof__removed_at=None, proof__isnull=False).select_related("proof").order_by("pk"):  # fmt: skip
        assert line.proof is not None
        try:
            with storages["private"].open(line.proof.key) as file:
                yield f"proofs/{line.pk}-{line.proof.name}", file.read()
        except FileNotFoundError:  # the row says what it was
            continue
