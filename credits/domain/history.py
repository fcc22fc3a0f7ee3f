"""A person's whole record as one ZIP: for themself, and for the office with a reason. Made by a job, mailed, kept for some days.

What there is about a person is read from the models (accounts.domain.person_rows), so a new table takes part by itself.
The file is read elsewhere, without this database: what a row points to and is no row of the person is named beside it.
"""

import datetime as dt
import functools
import hashlib
import json
import secrets
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.domain import person_rows
from accounts.enums import AddressKind
from accounts.models import Person, PersonAddress, Provider
from common import audit, clock, jobs, locks, mail
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage, TransitionLog
from credits.documents import exports
from credits.domain import transcripts
from credits.models import CertificateFile, ExternalCredit, RecordExport, TranscriptFile

FORMAT = "cme-person-record/2"
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
    ("activities.WalkIn", "evidence__identity__links__person", {"evidence__identity__links__ended_at": None}),
    ("credits.Achievement", "identity__links__person", {"identity__links__ended_at": None}),
    ("credits.FormerCredit", "identity__links__person", {"identity__links__ended_at": None}),
    ("credits.ClaimTotal", "claim__person", {}),
    ("credits.Certificate", "claim__person", {}),
    ("credits.CertificateEvent", "certificate__claim__person", {}),
    ("credits.ClaimReview", "line__person", {}),
    ("integrity.Relationship", "disclosure__person", {}),
    ("reporting.CreditReport", "total__claim__person", {}),
)
SECRET = ("token", "form_key", "file_key")
# What rows point to that is no row of the person: the columns that say what it is. Later ones are pointed to by earlier ones.
NAMES: dict[str, tuple[str, ...]] = {
    "accounts.Identity": ("kind", "value"),
    "accounts.Department": ("name",),
    "accounts.Organisation": ("name",),
    "integrity.Company": ("name",),
    "common.StoredFile": ("name", "sha256"),
    "evaluations.Questionnaire": ("activity_id", "version"),
    "credits.Designation": ("activity_id", "credit_type_id", "maximum"),
    "activities.Session": ("activity_id", "title", "starts_at"),
    "activities.Activity": ("number", "title"),
    "credits.CreditType": ("name",),
}
# E-mail by what it was and when. Never its text: that holds links which are keys to an account.
MAIL = ("to", "to_name", "template", "subject", "created_at", "sent_at")
# To the office's own mailbox, about others, even if somebody signs in with that address.
TO_OFFICE = ("contact_message", "mailbox_request")
# Who looked stays with accounts.SeeAs.
LOOKED = ("see_as_started", "see_as_ended")


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


@dataclass
class _Written:
    """What went by while the tables were written: rows by table, and what they point to that has to be named."""

    keys: dict[str, list[Any]] = field(default_factory=dict)
    pointed: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))

    def note(self, row: models.Model) -> None:
        self.keys[row._meta.label].append(row.pk)
        for attname, label in _pointers(type(row)):
            if getattr(row, attname) is not None:
                self.pointed[label].add(getattr(row, attname))


def _write(row: RecordExport, out: BinaryIO) -> None:
    """One member at a time, so that a long life takes no more memory than a short one: only keys of rows are kept."""
    person, own, made_at, written = row.person, row.person_id == row.asked_person_id, clock.now(), _Written()
    folders: Counter[str] = Counter()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("record.json", "w") as member:
            for part in _parts(person, made_at, written, own=own):
                member.write(part.encode())
        archive.writestr("transcript.json", exports.as_json(person, transcripts.load(person), made_at))
        for name, content in _files(person):
            archive.writestr(name, content)
            folders[name.split("/")[0]] += 1
        archive.writestr("README.txt", _readme(person, made_at, written, folders))


def _parts(person: Person, made_at: dt.datetime, written: _Written, *, own: bool) -> Iterator[str]:
    head = {"format": FORMAT, "made_at": made_at, "person": _values(person)}
    yield _json(head)[:-1] + ', "tables": {'
    for n, (label, rows) in enumerate(chain(_tables(person, own=own), _logs(person, written))):
        written.keys[label] = []
        yield f"{', ' if n else ''}\n{json.dumps(label)}: ["
        for m, found in enumerate(rows.iterator(chunk_size=BATCH)):
            written.note(found)
            yield f"{', ' if m else ''}\n {_json(_values(found))}"
        yield "]"
    yield '}, "names": {'
    for n, (label, names) in enumerate(_names(written)):
        yield f"{', ' if n else ''}\n{json.dumps(label)}: {_json(names)}"
    yield "}}\n"


def _tables(person: Person, *, own: bool) -> list[tuple[str, models.QuerySet[Any]]]:
    """Every table that is about a person, by name."""
    found = [(OutboxMessage._meta.label, _mail_to(person))]
    for column in person_rows.columns():
        if column.field == ABOUT and column.label not in LEFT_OUT and (own or column.label not in THEIRS):
            found.append((column.label, column.model._base_manager.filter(**{column.attname: person.pk})))
    for label, path, more in THROUGH:
        found.append((label, apps.get_model(label)._base_manager.filter(**{path: person.pk, **more}).distinct()))
    return [(label, rows.order_by("pk")) for label, rows in sorted(found, key=lambda pair: pair[0])]


def _mail_to(person: Person) -> models.QuerySet[Any]:
    """E-mail to an address while it was proved to be theirs, and nobody else's: mailboxes are handed on."""
    held = PersonAddress.objects.filter(
        kind=AddressKind.EMAIL, value=OuterRef("to"), verified_at__lte=OuterRef("created_at")
    )
    held = held.filter(Q(removed_at=None) | Q(removed_at__gt=OuterRef("created_at")))
    proved = person.addresses.filter(kind=AddressKind.EMAIL, verified_at__isnull=False)
    rows = OutboxMessage.objects.listed().exclude(template__in=TO_OFFICE).filter(to__in=proved.values("value"))
    return rows.filter(Exists(held.filter(person=person)), ~Exists(held.exclude(person=person))).only(*MAIL)


def _logs(person: Person, written: _Written) -> Iterator[tuple[str, models.QuerySet[Any]]]:
    """What was done to the person and to the rows that were written: by the subject, which has an index.

    Acts whose subject is something else, a session for instance, and that name the person beside it are not looked for.
    """
    about = Q(subject_type=Person._meta.label_lower, subject_id__in=[person.pk, *person_rows.joined_to(person)])
    for label, keys in written.keys.items():
        about |= Q(subject_type=label.lower(), subject_id__in=keys)
    yield AuditEvent._meta.label, AuditEvent.objects.filter(about).exclude(event__in=LOOKED).order_by("pk")
    yield TransitionLog._meta.label, TransitionLog.objects.filter(about).order_by("pk")


def _names(written: _Written) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """What the rows point to, by table and key. One query a table, however many there are."""
    for label, columns in NAMES.items():
        model: type[models.Model] = apps.get_model(label)
        rows = model._base_manager.filter(pk__in=written.pointed[label]).order_by("pk").values("pk", *columns)
        found = {row.pop("pk"): row for row in rows}
        for attname, of in _pointers(model):
            if attname in columns:
                written.pointed[of].update(row[attname] for row in found.values())
        yield label, {str(key): row for key, row in found.items()}


@functools.cache
def _pointers(model: type[models.Model]) -> tuple[tuple[str, str], ...]:
    """The columns that point to what is named."""
    keys = [f for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey)]
    return tuple((f.attname, f.related_model._meta.label) for f in keys if f.related_model._meta.label in NAMES)


def _readme(person: Person, made_at: dt.datetime, written: _Written, folders: Counter[str]) -> str:
    provider = Provider.current()
    tables = [
        (len(keys), label, apps.get_model(label)._meta.verbose_name_plural)
        for label, keys in sorted(written.keys.items())
    ]
    return render_to_string(
        "credits/record_readme.txt",
        {
            "person": person, "provider": provider, "made_at": made_at, "format": FORMAT, "transcript_format": exports.FORMAT,
            "tables": tables, "folders": folders,
        },
    )  # fmt: skip


def _values(row: models.Model) -> dict[str, Any]:
    """The columns of a row that were read, without keys and bytes."""
    unread = row.get_deferred_fields()
    fields = [f for f in row._meta.concrete_fields if not isinstance(f, models.BinaryField) and f.attname not in unread]
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
