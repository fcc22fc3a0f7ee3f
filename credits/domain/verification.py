"""What anybody may learn with the code of a certificate: its frozen content, where it stands and why, nothing else."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from common import codes
from credits.enums import CertificateAct, CertificateStatus, CertificateWhy, ClaimStatus
from credits.models import Certificate, CertificateEvent, Claim, TranscriptDocument

STANDS = frozenset({CertificateStatus.ISSUED, CertificateStatus.PREPARING, CertificateStatus.ON_REQUEST})


@dataclass(frozen=True)
class Step:
    """What happened to a version after it was issued, in neutral words."""

    act: str
    at: dt.datetime | None
    why: str

    @property
    def word(self) -> str:
        return CertificateAct(self.act).label


@dataclass(frozen=True)
class Version:
    """One version in the history. Its code is given only where it is the one asked for, or the one that stands.

    The others are named by their number alone: they may show a name that their holder has left behind.
    """

    number: int
    status: str
    issued_at: dt.datetime | None
    steps: tuple[Step, ...]
    code: str = ""
    is_asked: bool = False


@dataclass(frozen=True)
class Found:
    """A certificate, all versions of it, and the one that stands now."""

    certificate: Certificate
    current: Certificate | None
    versions: tuple[Version, ...]

    @property
    def stands(self) -> bool:
        return self.certificate.status in STANDS

    @property
    def replacement(self) -> Certificate | None:
        """The version that took its place, if the one asked for does not stand any more."""
        return None if self.stands or self.current == self.certificate else self.current

    @property
    def why(self) -> str:
        """Why it ended, in the public words; empty for one that stands, or that ended before there were such words."""
        return CertificateWhy(self.certificate.end_why).label if self.certificate.end_why else ""


def written(code: str) -> str:
    """A code as it is printed: LS-26-7KQ4-MX2H-9TRW, from any way of typing it."""
    plain = codes.normalize(code)
    cut = len(plain) - 12
    if cut < 4:
        return plain or "-"
    prefix, year, secret = plain[: cut - 2], plain[cut - 2 : cut], plain[cut:]
    return f"{prefix}-{year}-{codes.grouped(secret)}"


def find(code: str) -> Found | None:
    """Look a code up, however it was typed. Four queries, however often the certificate was replaced."""
    row = Certificate.objects.filter(code=written(code)).select_related("claim__activity", "template").first()
    if row is None:
        return None
    rows = _versions(row)
    events: dict[int, list[CertificateEvent]] = {}
    for event in CertificateEvent.objects.filter(certificate__in=rows).order_by("pk"):
        events.setdefault(event.certificate_id, []).append(event)
    current = next((v for v in reversed(rows) if v.status in STANDS), None)
    return Found(row, current, tuple(_version(v, events.get(v.pk, []), row, current) for v in reversed(rows)))


def _versions(row: Certificate) -> list[Certificate]:
    """All versions of a certificate, oldest first: what it replaced, and what replaced it. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE older AS (
                 SELECT id, supersedes_id FROM credits_certificate WHERE id = %s
                 UNION SELECT c.id, c.supersedes_id FROM credits_certificate c JOIN older o ON c.id = o.supersedes_id),
               newer AS (
                 SELECT id FROM credits_certificate WHERE id = %s
                 UNION SELECT c.id FROM credits_certificate c JOIN newer n ON c.supersedes_id = n.id)
               SELECT id FROM older UNION SELECT id FROM newer""",
            [row.pk, row.pk],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return sorted(Certificate.objects.filter(pk__in=ids).defer("snapshot"), key=lambda v: v.number)


def _version(
    row: Certificate, events: Iterable[CertificateEvent], asked: Certificate, current: Certificate | None
) -> Version:
    steps = [Step(e.act, e.at, CertificateWhy(e.why).label) for e in events]
    if row.status not in STANDS and not steps:  # ended before such steps were noted
        steps.append(Step(row.status, row.ended_at, ""))
    shown = row.code if row in (asked, current) else ""
    return Version(row.number, row.status, row.issued_at, tuple(steps), shown, row == asked)


# --- is this file unchanged? -----------------------------------------------------------------------------


@dataclass(frozen=True)
class FileCheck:
    """What the bytes of a file say about it; `code` is of the document that it is, if it is one of ours."""

    sha256: str
    code: str
    kind: str


def check_file(chunks: Iterable[bytes]) -> FileCheck:
    """Whether a file is one that we issued, byte for byte. Nothing of it is kept."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    found = digest.hexdigest()
    certificate = Certificate.objects.filter(sha256=found).values_list("code", flat=True).first()
    if certificate:
        return FileCheck(found, certificate, "certificate")
    transcript = TranscriptDocument.objects.filter(sha256=found).values_list("code", flat=True).first()
    return FileCheck(found, transcript or "", "transcript" if transcript else "")


@dataclass(frozen=True)
class FoundTranscript:
    """A transcript as it was issued, and how many of its claims were withdrawn since."""

    document: TranscriptDocument
    withdrawn: int


def find_transcript(code: str) -> FoundTranscript | None:
    """Look a transcript's code up, however it was typed."""
    row = TranscriptDocument.objects.filter(code=written(code)).first()
    if row is None:
        return None
    return FoundTranscript(
        row, Claim.objects.filter(pk__in=row.snapshot["claims"]).exclude(status=ClaimStatus.LIVE).count()
    )
