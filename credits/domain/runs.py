"""Work over many certificates: made, put in one file, or mailed; begun by a person who saw how many, resumable, never twice.

A run keeps the list of its claims, fixed when it was asked for. A job does a slice of about a second and asks for the next,
so that a learner's own certificate never waits behind a thousand. What is done is marked in the same transaction: a killed
worker, a second job, or a single claim at the same moment change nothing.
"""

import datetime as dt
import re
import secrets
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import structlog
from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from accounts.models import PersonAddress
from activities.models import Activity
from common import audit, clock, jobs, locks, mail, pdf, signing, tabular
from common.actors import Actor
from common.binding import Binder
from common.errors import Conflict, Invalid, NotAllowed
from common.models import Job, JobState, OutboxMessage
from credits.domain import certificates
from credits.enums import CertificateStatus, ClaimStatus, ItemStatus, RunKind, RunStatus
from credits.models import Certificate, CertificateFile, CertificateRun, CertificateRunItem, Claim, ClaimLine

log = structlog.get_logger(__name__)
BATCH, SLICE = 25, 1.5  # certificates in one transaction; seconds of one job
MOST = 5000
KEPT = dt.timedelta(days=7)
DRAFTS_KEPT = dt.timedelta(days=2)
FILES = (RunKind.ZIP, RunKind.PDF)
FOLDER = "certificate-runs"
TYPICAL = 44_000  # bytes of a certificate, for the estimate before the first one is made
BOUND = 14_000  # what each adds to one PDF, where equal parts are stored once


@dataclass(frozen=True)
class Chosen:
    """Whose certificates: of an activity, or of some of its sessions, and by the last day attended. Nothing is all of it.

    `own` are claims of one person, who takes their own certificates away.
    """

    activity: Activity | None = None
    session_ids: tuple[int, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    own: tuple[int, ...] | None = None

    @property
    def as_data(self) -> dict[str, object]:
        if self.own is not None:
            return {"own": True}
        titles: list[str] = []
        if self.activity and self.session_ids:
            rows = self.activity.sessions.filter(pk__in=self.session_ids).order_by("starts_at")
            titles = list(rows.values_list("title", flat=True))
        return {"sessions": list(self.session_ids), "titles": titles, "since": self.since, "until": self.until}


def claims_of(chosen: Chosen) -> QuerySet[Claim]:
    """The live claims that were chosen."""
    found = Claim.objects.filter(status=ClaimStatus.LIVE)
    if chosen.own is not None:
        return found.filter(pk__in=chosen.own)
    if chosen.activity is not None:
        found = found.filter(activity=chosen.activity)
    if chosen.session_ids:
        lines = ClaimLine.objects.filter(claim=OuterRef("pk"), session__in=chosen.session_ids, voided_at=None)
        found = found.filter(Exists(lines))
    if chosen.since:
        found = found.filter(participated_on__gte=chosen.since)
    if chosen.until:
        found = found.filter(participated_on__lte=chosen.until)
    return found


def wanted(kind: str, chosen: Chosen, *, again: bool = False) -> QuerySet[Claim]:
    """The claims that a run of this kind is about, among those chosen.

    A claim whose certificate was revoked and not issued anew is left alone by all of them. Mail goes to those who were
    never written to about their certificate, unless `again`.
    """
    any_, live = Certificate.objects.filter(claim=OuterRef("pk")), Certificate.objects.filter(
        claim=OuterRef("pk"), status__in=certificates.LIVE
    )  # fmt: skip
    found = claims_of(chosen)
    if kind == RunKind.MAKE:
        return found.filter(~Exists(any_) | Exists(live.filter(status__in=certificates.UNMADE)))
    found = found.filter(~Exists(any_) | Exists(live))
    if kind == RunKind.MAIL and not again:
        key = Concat(Value("certificate:"), Cast(OuterRef("pk"), CharField()))
        told = live.filter(Exists(OutboxMessage.objects.filter(key=key)))
        found = found.filter(~Exists(told))
    return found


@dataclass(frozen=True)
class Facts:
    """How the certificates of an activity stand."""

    claims: int
    made: int
    unmade: int
    mailed: int


def facts(chosen: Chosen) -> Facts:
    """Counts for the page where one chooses what to do. Two queries."""
    claims = claims_of(chosen)
    key = Concat(Value("certificate:"), Cast(OuterRef("pk"), CharField()))
    found = Certificate.objects.filter(claim__in=claims.values("pk"), status__in=certificates.LIVE).aggregate(
        made=Count("pk", filter=Q(status=CertificateStatus.ISSUED)),
        mailed=Count("pk", filter=Q(Exists(OutboxMessage.objects.filter(key=key)))),
    )
    total = claims.count()
    return Facts(total, found["made"], max(0, total - found["made"]), found["mailed"])


@dataclass(frozen=True)
class Counted:
    """What a run would do, before anybody confirms it."""

    total: int
    unmade: int
    without_address: int
    size: int
    sample: Certificate | None = None

    @property
    def letters(self) -> int:
        return self.total - self.without_address


def count(run: CertificateRun) -> Counted:
    """The numbers on the page that asks for confirmation."""
    made = Certificate.objects.filter(claim=OuterRef("claim"), status=CertificateStatus.ISSUED)
    address = PersonAddress.objects.filter(
        person=OuterRef("claim__person"), kind="email", removed_at=None, verified_at__isnull=False
    )
    unmade = run.items.filter(~Exists(made)).count()
    without = run.items.filter(~Exists(address)).count() if run.kind == RunKind.MAIL else 0
    sample = (
        Certificate.objects.filter(claim__in=run.items.values("claim")[:1], status__in=certificates.LIVE)
        .select_related("claim__person", "claim__activity").first()
    )  # fmt: skip
    size = run.total * (BOUND if run.kind == RunKind.PDF else TYPICAL) if run.kind in FILES else 0
    return Counted(run.total, unmade, without, size, sample)


# --- asking and confirming -----------------------------------------------------------------------------------


def ask(*, kind: str, chosen: Chosen, again: bool = False, by: Actor) -> CertificateRun:
    """Fix the list of a run. Nothing happens before somebody who saw it confirms it. Raises Invalid for none or too many."""
    if by.person_id is None:
        raise NotAllowed("A person asks for this, so that somebody can be asked about it.")
    if chosen.own is not None:
        if Claim.objects.filter(pk__in=chosen.own).exclude(person=by.person_id).exists():
            raise NotAllowed("People take away their own certificates.")
    elif chosen.activity is None and not by.is_office:
        raise NotAllowed("Only the CME office works on all activities at once. Choose one of yours.")
    found = list(
        wanted(kind, chosen, again=again).order_by("participated_on", "pk").values_list("pk", flat=True)[: MOST + 1]
    )
    if not found:
        raise Invalid(_nothing(kind))
    if len(found) > MOST:
        raise Invalid(f"That is more than {MOST:,} certificates. Choose fewer days or sessions, and do it in parts.")
    with transaction.atomic(durable=True):
        run = CertificateRun.objects.create(
            kind=kind, activity=chosen.activity, chosen=chosen.as_data, again=again, total=len(found), asked_at=clock.now(),
            asked_by=by.label, asked_person_id=by.person_id,
        )  # fmt: skip
        items = [CertificateRunItem(run=run, claim_id=pk) for pk in found]
        CertificateRunItem.objects.bulk_create(items, batch_size=1000)
        return run


def _nothing(kind: str) -> str:
    words: dict[str, str] = {
        RunKind.MAKE: "Every certificate there is made already.",
        RunKind.MAIL: "Everybody there has had the e-mail. Tick the box below to send it once more.",
    }
    return words.get(kind, "Nobody has claimed credit there yet, so there is no certificate.")


def confirm(*, run_id: int, total: int, by: Actor) -> CertificateRun:
    """Begin a run that somebody looked at; `total` is the number on that page. Raises Conflict when it was begun already."""
    with transaction.atomic(durable=True):
        run = _locked(run_id)
        if run.status != RunStatus.DRAFT:
            raise Conflict("This was begun already.")
        if total != run.total:
            raise Conflict("The list is another than the one you saw. Look at it once more.")
        run.status, run.started_at, run.started_by = RunStatus.RUNNING, clock.now(), by.label
        run.save(update_fields=["status", "started_at", "started_by"])
        _next(run)
        new = {"kind": run.kind, "total": run.total, "activity": run.activity_id}
        audit.record("certificates_in_bulk", by=by, subject=run, new=new)
        return run


def stop(*, run_id: int, by: Actor) -> CertificateRun:
    """Stop a run, or let go of one that was not begun. What is done stays done. Raises Conflict when it is over."""
    with transaction.atomic(durable=True):
        run = _locked(run_id)
        if run.status not in {RunStatus.DRAFT, RunStatus.RUNNING}:
            raise Conflict("This is over already.")
        run.status, run.finished_at = RunStatus.STOPPED, clock.now()
        run.save(update_fields=["status", "finished_at"])
        audit.record("certificates_in_bulk_stopped", by=by, subject=run, new={"done": run.done, "left": run.left})
        return run


def resume(*, run_id: int, by: Actor) -> CertificateRun:
    """Go on with what is left: after a stop, a job that gave up, or for those that could not be done."""
    with transaction.atomic(durable=True):
        run = _locked(run_id)
        if run.status == RunStatus.DRAFT:
            raise Conflict("Confirm it first.")
        if run.status == RunStatus.RUNNING and trouble(run) is None:
            raise Conflict("This is running.")
        failed = run.items.filter(status=ItemStatus.FAILED).update(status=ItemStatus.WAITING, note="")
        if not failed and not run.left and run.status == RunStatus.DONE:
            raise Conflict("Nothing is left to do.")
        run.failed, run.status, run.finished_at = 0, RunStatus.RUNNING, None
        run.started_at, run.started_by = run.started_at or clock.now(), run.started_by or by.label
        run.save(update_fields=["failed", "status", "finished_at", "started_at", "started_by"])
        _next(run)
        audit.record("certificates_in_bulk_resumed", by=by, subject=run, new={"again": failed})
        return run


def trouble(run: CertificateRun) -> str | None:
    """Why a running run does not go on, in words; None while all is well."""
    if run.status != RunStatus.RUNNING:
        return None
    job = Job.objects.filter(key__in=[_key(run), _key(run, "file")]).order_by("-pk").first()
    if job is None or job.state == JobState.FAILED:
        return "It stopped at an error that did not go away. The operator finds it in the log."
    if job.state == JobState.DUE and job.attempts:
        return f"It waits and tries again by itself. {_said(job.last_error)}".strip()
    return None


def _said(error: str) -> str:
    """The sentence of a job's last error, if it was written for people."""
    name, _colon, text = error.partition(": ")
    return text if name == "NotYet" else ""


# --- the work ------------------------------------------------------------------------------------------------


def work(run_id: int) -> None:
    """One slice of a run, by a job. Raises NotYet while the PDF engine is missing on this host."""
    run = CertificateRun.objects.filter(pk=run_id, status=RunStatus.RUNNING).first()
    if run is None:
        return
    signer, end = signing.current(), time.monotonic() + SLICE
    while time.monotonic() < end:
        ids = list(run.items.filter(status=ItemStatus.WAITING).order_by("pk").values_list("pk", "claim_id")[:BATCH])
        if not ids:
            break
        _batch(run, dict(ids), signer)
    with transaction.atomic(durable=True):
        run = _locked(run_id)
        if run.status != RunStatus.RUNNING:
            return
        if run.items.filter(status=ItemStatus.WAITING).exists():
            _next(run)
        elif run.kind in FILES:
            jobs.later("credits.tasks.bind_certificates", run.pk, key=_key(run, "file"))
        else:
            _finish(run)


@dataclass
class Outcome:
    """What came of one claim of a batch."""

    status: str = ItemStatus.DONE
    note: str = ""
    certificate: Certificate | None = field(default=None)


def _batch(run: CertificateRun, items: dict[int, int], signer: signing.Signer | None) -> None:
    """Do some claims of a run, and mark them in the transaction that does it."""
    _make_missing(items.values())
    rows = {c.claim_id: c for c in _live(items.values())}
    made: list[certificates.Made] = []
    failed: dict[int, str] = {}
    for claim_id, row in rows.items():
        if row.status in certificates.UNMADE:
            try:
                made.append(certificates.make(row, signer))
            except pdf.PdfUnavailable as error:
                raise jobs.NotYet(str(error)) from error
            except Exception as error:  # noqa: BLE001 - one that cannot be made is marked, the others go on
                log.error("certificate_not_made", certificate=row.pk, error=type(error).__name__)
                failed[claim_id] = f"It could not be made: {type(error).__name__}."
    with transaction.atomic(durable=True):
        held = run.items.select_for_update(skip_locked=True).filter(pk__in=items, status=ItemStatus.WAITING)
        waiting = list(held.order_by("pk"))
        for issued, was_asked in certificates._issue(made):
            if was_asked:  # its learner waits for this e-mail; nobody else is written to
                certificates._tell(issued)
        fresh = {c.claim_id: c for c in _live(items.values())}
        for item in waiting:
            outcome = _outcome(run, fresh.get(item.claim_id), failed.get(item.claim_id, ""))
            item.status, item.note, item.certificate = outcome.status, outcome.note[:250], outcome.certificate
        CertificateRunItem.objects.bulk_update(waiting, ["status", "note", "certificate"])
        _count(run, waiting)


def _outcome(run: CertificateRun, row: Certificate | None, failed: str) -> Outcome:
    if row is None:
        return Outcome(ItemStatus.SKIPPED, "The claim was withdrawn, or its certificate revoked.")
    if row.status != CertificateStatus.ISSUED:
        return Outcome(ItemStatus.FAILED, failed or "It is being made just now. Try again.", row)
    if run.kind == RunKind.MAIL:
        address = certificates.address_of(row.claim)
        if not address:
            return Outcome(ItemStatus.SKIPPED, "No proved e-mail address.", row)
        _mail(run, row, address)
    return Outcome(certificate=row)


def _mail(run: CertificateRun, row: Certificate, address: str) -> None:
    """One e-mail per certificate, and only one about it for everybody who is written to for the first time."""
    subject, context = letter(row)
    key = f"certificate-run:{run.pk}:{row.pk}" if run.again else f"certificate:{row.pk}"
    mail.send(
        "certificate_ready", to=address, to_name=row.claim.person.full_name, subject=subject, key=key, context=context
    )


def letter(row: Certificate) -> tuple[str, dict[str, object]]:
    """Subject and content of the e-mail that a run sends; the page that asks for confirmation shows the same."""
    heading = "Your certificate is ready"
    return f"{heading}: {row.snapshot['facts']['title']}", certificates.mail_about(row, heading=heading)


def _make_missing(claim_ids: Iterable[int]) -> None:
    """A certificate for every live claim that never had one; the claim's lock keeps two runs from making two."""
    missing = Claim.objects.filter(pk__in=list(claim_ids), status=ClaimStatus.LIVE).filter(
        ~Exists(Certificate.objects.filter(claim=OuterRef("pk")))
    )
    if not missing.exists():
        return
    with transaction.atomic(durable=True):
        held = Claim.objects.select_for_update(of=("self",)).select_related("person", "activity")
        for claim in held.filter(pk__in=missing.values("pk")).order_by("pk"):
            if claim.status == ClaimStatus.LIVE and not Certificate.objects.filter(claim=claim).exists():
                certificates.prepare(claim, on_request=True)


def _live(claim_ids: Iterable[int]) -> QuerySet[Certificate]:
    rows = Certificate.objects.filter(
        claim__in=list(claim_ids), claim__status=ClaimStatus.LIVE, status__in=certificates.LIVE
    )
    return rows.select_related("template", "claim__person", "claim__activity").order_by("pk")


def _count(run: CertificateRun, items: Sequence[CertificateRunItem]) -> None:
    states = [item.status for item in items]
    CertificateRun.objects.filter(pk=run.pk).update(
        done=F("done") + states.count(ItemStatus.DONE),
        skipped=F("skipped") + states.count(ItemStatus.SKIPPED),
        failed=F("failed") + states.count(ItemStatus.FAILED),
    )


def _next(run: CertificateRun) -> None:
    """Ask for the next slice, in the caller's transaction, with the run locked."""
    run.step += 1
    run.save(update_fields=["step"])
    jobs.later("credits.tasks.work_on_certificates", run.pk, key=_key(run))


def _finish(run: CertificateRun) -> None:
    run.status, run.finished_at = RunStatus.DONE, clock.now()
    run.save(update_fields=["status", "finished_at", "file_key", "file_name", "file_size", "file_until"])
    _tell_asker(run)


def _tell_asker(run: CertificateRun) -> None:
    address = run.asked_person.addresses.filter(kind="email", removed_at=None, verified_at__isnull=False)
    to = address.order_by("-is_primary", "pk").values_list("value", flat=True).first()
    if not to:
        return
    from django.conf import settings

    facts = [("Done", f"{run.done:,} of {run.total:,}")]
    facts += [("Left out", f"{run.skipped:,}")] if run.skipped else []
    facts += [("Could not be done", f"{run.failed:,}")] if run.failed else []
    subject = {
        RunKind.MAKE: "The certificates are made", RunKind.MAIL: "The e-mails are on their way", RunKind.ZIP: "Your certificates are ready to download",
        RunKind.PDF: "Your certificates are ready to download",
    }[RunKind(run.kind)]  # fmt: skip
    mail.send(
        "certificate_run_done", to=to, to_name=run.asked_person.full_name, subject=subject, key=f"certificate-run-done:{run.pk}:{run.step}",
        context={
            "facts": facts, "has_file": bool(run.file_key), "days": KEPT.days, "button_label": "See what was done",
            "button_url": settings.PORTAL_BASE_URL + reverse("credits:certificate_run", args=[run.pk]),
        },
    )  # fmt: skip


def _locked(run_id: int) -> CertificateRun:
    return locks.lock_row(CertificateRun.objects.select_related("asked_person"), pk=run_id)


def _key(run: CertificateRun, what: str = "work") -> str:
    return f"certificate-run:{run.pk}:{what}:{run.step}"


# --- the file ------------------------------------------------------------------------------------------------


def bind(run_id: int) -> None:
    """Put the certificates of a run into its file, by a job; begun again from the start if the worker dies."""
    run = CertificateRun.objects.select_related("activity").filter(pk=run_id, status=RunStatus.RUNNING).first()
    if run is None or run.kind not in FILES or run.items.filter(status=ItemStatus.WAITING).exists():
        return
    old, at = run.file_key, clock.now()
    key = f"{FOLDER}/{at:%Y/%m/%d}/{secrets.token_hex(16)}"
    with tempfile.TemporaryFile() as scratch:
        (_zip if run.kind == RunKind.ZIP else _pdf)(run, scratch)
        size = scratch.tell()
        scratch.seek(0)
        key = storages["private"].save(key, File(scratch))
    with transaction.atomic(durable=True):
        run = _locked(run_id)
        if run.status != RunStatus.RUNNING or run.file_key != old:
            storages["private"].delete(key)
            return
        run.file_key, run.file_name, run.file_size, run.file_until = key, _file_name(run), size, at + KEPT
        _finish(run)
    if old:
        storages["private"].delete(old)


def _rows(run: CertificateRun) -> Iterator[tuple[Certificate, bytes]]:
    """The certificates of a run with their bytes, a few at a time."""
    done = run.items.filter(status=ItemStatus.DONE, certificate__status=CertificateStatus.ISSUED)
    ids = list(
        done.order_by("claim__person__family_name", "claim__person__given_name", "pk").values_list(
            "certificate", flat=True
        )
    )
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        rows = Certificate.objects.select_related("claim__person").in_bulk(some)
        files = CertificateFile.objects.in_bulk(some)
        for pk in some:
            yield rows[pk], bytes(files[pk].content)


def _zip(run: CertificateRun, out: BinaryIO) -> None:
    listed: list[list[str]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for row, content in _rows(run):
            name = f"{_plain(row.claim.person.family_name)}, {_plain(row.claim.person.given_name)} {row.code}.pdf"
            at = row.issued_at or row.requested_at
            archive.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), content)
            facts = row.snapshot["facts"]
            listed.append([name, row.code, str(row.number), facts["name"], facts["title"], facts["dates"], row.sha256])
        head = ["File", "Code", "Version", "Name", "Activity", "When", "SHA-256"]
        with archive.open("certificates.csv", "w") as table:
            for part in tabular.csv_parts(head, listed):
                table.write(part)


def _pdf(run: CertificateRun, out: BinaryIO) -> None:
    binder = Binder(out, title=f"Certificates: {run.activity.title if run.activity else _span(run)}")
    for row, content in _rows(run):
        binder.add(content, label=f"{row.snapshot['facts']['name']} · {row.code}")
    binder.close()


def _file_name(run: CertificateRun) -> str:
    if run.chosen.get("own"):
        return f"certificates-{_plain(run.asked_person.family_name).replace(' ', '-')}.{run.kind}"
    what = run.activity.number if run.activity else _span(run)
    return f"certificates-{_plain(what).replace(' ', '-')}.{run.kind}"


def _span(run: CertificateRun) -> str:
    return f"{run.chosen.get('since') or 'start'} to {run.chosen.get('until') or 'today'}"


def _plain(text: str) -> str:
    """A part of a file name: no path, nothing invisible, nothing that a system forbids."""
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] != "C")
    return " ".join(re.sub(r'[\\/:*?"<>|.]', " ", kept).split())[:60].strip() or "-"


def sweep() -> int:
    """Every night: delete files whose days are over, and runs that nobody confirmed. How many."""
    at, swept = clock.now(), 0
    for run in CertificateRun.objects.filter(~Q(file_key=""), file_until__lt=at):
        with transaction.atomic(durable=True):
            held = _locked(run.pk)
            key, held.file_key = held.file_key, ""
            held.save(update_fields=["file_key"])
        if key:
            storages["private"].delete(key)
            swept += 1
    for pk in CertificateRun.objects.filter(status=RunStatus.DRAFT, asked_at__lt=at - DRAFTS_KEPT).values_list(
        "pk", flat=True
    ):
        with transaction.atomic(durable=True):
            draft = CertificateRun.objects.select_for_update().filter(pk=pk, status=RunStatus.DRAFT).first()
            if draft is not None:
                draft.items.all().delete()
                draft.delete()
                swept += 1
    return swept
