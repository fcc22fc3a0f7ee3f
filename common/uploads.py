"""Files that people give us: checked before they are kept, kept under a name that says nothing, given out as downloads.

The whole interface (docs/developer/uploads.md): `FileField` in a form, `store` in the domain function, `response` in a
view that has checked who asks. The view is declared with `@page(…, files=True)`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django import forms
from django.conf import settings
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.files import File
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.db import transaction
from django.http import FileResponse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import audit, clock, locks, sniffing
from common.actors import Actor
from common.errors import Conflict, Gone, Invalid, NotAllowed
from common.models import StoredFile
from common.sniffing import CSV, DOCX, JPEG, PDF, PNG, PPTX, TSV, XLSX, Kind

log = structlog.get_logger()
DOCUMENTS = (PDF, PPTX, DOCX, XLSX, PNG, JPEG)
PROOFS = (PDF, PNG, JPEG)
TABLES = (CSV, TSV, XLSX)
ALL = (*DOCUMENTS, CSV, TSV)
NAME_LENGTH = 120
FOLDER = "uploads"
_TOO_LARGE = format_lazy(
    gettext_lazy("This file is larger than {most} MB. Choose a smaller one."), most=settings.UPLOAD_MAX_MB
)


def limit() -> int:
    """The most bytes of one file."""
    return int(settings.UPLOAD_MAX_MB) * 1024 * 1024


# --- in a form --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Upload:
    """A file that passed: what `FileField` returns and `store` takes."""

    file: UploadedFile[Any]
    name: str
    kind: Kind
    size: int


class FileField(forms.FileField):
    """One file of the given kinds. The sentence of a refusal stands at the field; what else was typed stays."""

    widget = forms.FileInput

    def __init__(self, *, kinds: Sequence[Kind] = ALL, **kwargs: Any) -> None:
        self.kinds = tuple(kinds)
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        accept = ",".join(f".{ending}" for kind in self.kinds for ending in kind.extensions)
        return {
            **super().widget_attrs(widget),
            "accept": accept,
            "data-max-bytes": limit(),
            "data-too-large": _TOO_LARGE,
            "data-without": gettext_lazy("Press again to go on without a file."),
        }

    def to_python(self, data: Any) -> Upload | None:  # type: ignore[override]
        return None if data in self.empty_values else check(data, self.kinds)


def check(data: UploadedFile[Any], kinds: Sequence[Kind] = ALL) -> Upload:
    """Accept a file, or say what is wrong with it and what to do. Raises ValidationError."""
    size = data.size or 0
    if size > limit():
        raise ValidationError(
            _(
                "The file is larger than %(most)s MB. Save it smaller, for example with smaller pictures, and choose it again."
            )
            % {"most": settings.UPLOAD_MAX_MB}
        )
    if size == 0:
        raise ValidationError(_("The file is empty. Choose another one."))
    ending = str(data.name).rpartition(".")[2].lower()
    if not any(ending in kind.extensions for kind in kinds):
        raise ValidationError(
            _("This kind of file is not kept here. Save it as %(kinds)s, and choose it again.")
            % {"kinds": in_words(kinds)}
        )
    try:
        found = sniffing.sniff(data.file, size)  # type: ignore[arg-type]
    except sniffing.HasMacros:
        raise ValidationError(_("The file has macros in it. Save it without them, and choose it again.")) from None
    finally:
        data.seek(0)
    agreed = [k for k in (found if isinstance(found, tuple) else (found,)) if k is not None and ending in k.extensions]
    if not agreed or agreed[0] not in kinds:
        raise ValidationError(
            _("The name ends in .%(ending)s, but what is inside is not a whole file of that kind. Open it, save it again, and choose it again.")
            % {"ending": ending}
        )  # fmt: skip
    return Upload(data, clean_name(str(data.name), agreed[0]), agreed[0], size)


def in_words(kinds: Sequence[Kind]) -> str:
    """ "PDF, Word or PNG"."""
    words = [kind.word for kind in kinds]
    return (
        words[0]
        if len(words) == 1
        else _("%(first)s or %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}
    )


def clean_name(name: str, kind: Kind) -> str:
    """The name for people: no folders, nothing invisible or turned around, one ending."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    stem, _dot, ending = name.rpartition(".")
    # Cc, Cf, Co, Cs: controls and what turns the reading direction; Z: any blank is a blank.
    shown = "".join(" " if unicodedata.category(c)[0] == "Z" else c for c in stem if unicodedata.category(c)[0] != "C")
    shown = " ".join(shown.split()).strip(". ")[: NAME_LENGTH - 6].strip() or "file"
    return f"{shown}.{ending.lower() if ending.lower() in kind.extensions else kind.extensions[0]}"


# --- in a domain function ------------------------------------------------------------------------------


def store(upload: Upload, *, purpose: str, by: Actor) -> StoredFile:
    """Keep the bytes and write the row, in the caller's transaction. What a rollback leaves behind is swept at night."""
    locks.require_transaction()
    at = clock.now()
    digest = hashlib.sha256()
    for chunk in upload.file.chunks():
        digest.update(chunk)
    upload.file.seek(0)
    key = storages["private"].save(f"{FOLDER}/{at:%Y/%m/%d}/{secrets.token_hex(20)}", File(upload.file))
    return StoredFile.objects.create(
        key=key, name=upload.name, kind=upload.kind.key, size=upload.size, sha256=digest.hexdigest(), purpose=purpose,
        created_at=at, created_by_id=by.person_id, created_by=by.label,
    )  # fmt: skip


def take_down(*, file_id: int, reason: str, by: Actor) -> StoredFile:
    """The office takes a file out of reach of everybody, whatever it hangs on; the record of it stays."""
    if not by.is_office:
        raise NotAllowed(_("Only the CME office takes files down."))
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why, in a sentence.")})
    with transaction.atomic(durable=True):
        row = locks.lock_row(StoredFile.objects.all(), pk=file_id)
        if row.removed_at is not None:
            raise Conflict(_("This file was taken down already."))
        row.removed_at, row.removed_by, row.removed_reason = clock.now(), by.label, reason.strip()
        row.save(update_fields=["removed_at", "removed_by", "removed_reason"])
        audit.record(
            "file_taken_down", by=by, subject=row, old={"name": row.name, "sha256": row.sha256}, reason=reason.strip()
        )
    return row


def sweep(days: int = 3) -> int:
    """Delete what a rolled-back transaction left: files of the last finished days without a row. How many."""
    store_, today, swept = storages["private"], clock.now().date(), 0
    for back in range(1, days + 1):
        folder = f"{FOLDER}/{today - dt.timedelta(days=back):%Y/%m/%d}"
        try:
            names = [f"{folder}/{name}" for name in store_.listdir(folder)[1]]
        except FileNotFoundError:
            continue
        kept = set(StoredFile.objects.filter(key__in=names).values_list("key", flat=True))
        for name in names:
            if name not in kept:
                store_.delete(name)
                swept += 1
    return swept


# --- in a view -------------------------------------------------------------------------------------------


def response(stored: StoredFile) -> FileResponse:
    """The file as a download, for whom the caller has checked: never opened in our pages, never sniffed, never run."""
    if stored.removed_at is not None:
        raise Gone(_("This file was taken down"), _("The CME office took it down. Ask them if you need it."))
    try:
        content = storages["private"].open(stored.key)
    except FileNotFoundError:
        log.error("stored_file_missing", file=stored.pk)
        raise Gone(
            _("This file is not here now"), _("The record of it is. The CME office can bring it back.")
        ) from None
    found = FileResponse(content, as_attachment=True, filename=stored.name, content_type=stored.content_type)
    found["Content-Security-Policy"] = "default-src 'none'; sandbox"
    found["X-Content-Type-Options"] = "nosniff"
    found["Cross-Origin-Resource-Policy"] = "same-origin"
    found["Cache-Control"] = "private, no-store"
    return found


# --- while it arrives: common.middleware.UploadMiddleware puts one of these in front --------------------------


class PageTakesNoFiles(SuspiciousOperation):
    """A file came to a page that has no field for one."""


class DropFiles(FileUploadHandler):
    """For who must sign in first: the form is read, its files go by."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class RefuseFiles(DropFiles):
    """For pages without `files=True`: the first file ends the request."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise PageTakesNoFiles("This page takes no files; a view that does says @page(files=True).")


class StopAtLimit(FileUploadHandler):
    """Counts a file as it comes; past the limit the rest is let go by, and the form is told how large it was."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.seen += len(raw_data)
        return raw_data if self.seen <= limit() else None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        if self.seen <= limit():
            return None
        assert self.request is not None
        for handler in self.request.upload_handlers:  # what the others kept of it goes at once
            handler.upload_interrupted()
        return UploadedFile(io.BytesIO(), name=self.file_name, content_type=self.content_type, size=self.seen)
