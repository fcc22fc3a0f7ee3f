"""What anybody may learn from a certificate's code: its frozen content and where it stands, nothing else."""

from dataclasses import dataclass

from common import codes
from credits.enums import ClaimStatus
from credits.models import Certificate, Claim, TranscriptDocument


@dataclass(frozen=True)
class Found:
    """A certificate and, where it was replaced, what replaced it."""

    certificate: Certificate
    replacement: Certificate | None

    @property
    def stands(self) -> bool:
        return self.certificate.status in {"issued", "preparing", "on_request"}


def written(code: str) -> str:
    """A code as it is printed: LS-26-7KQ4-MX2H-9TRW, from any way of typing it."""
    plain = codes.normalize(code)
    cut = len(plain) - 12
    if cut < 4:
        return plain or "-"
    prefix, year, secret = plain[: cut - 2], plain[cut - 2 : cut], plain[cut:]
    return f"{prefix}-{year}-{codes.grouped(secret)}"


def find(code: str) -> Found | None:
    """Look a code up, however it was typed."""
    row = Certificate.objects.filter(code=written(code)).select_related("claim__activity").first()
    if row is None:
        return None
    return Found(row, Certificate.objects.filter(supersedes=row).first())


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
