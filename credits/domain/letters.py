"""Letters that no font can print (decision 30): noted when a certificate is made, listed for the office until mended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import ngettext

from common import clock, locks, pdf
from credits.enums import CertificateStatus
from credits.models import Certificate, UnprintedLetters

LISTED = 20


@dataclass(frozen=True)
class Line:
    """A certificate that stands with empty boxes on it. `letters` are named by number too: a browser may not have them either."""

    certificate: Certificate
    name: str
    letters: str


def note(rows: Iterable[Certificate]) -> None:
    """Remember which of these certificates, just made, have letters without a font; in the caller's transaction."""
    locks.require_transaction()
    found = [(row, "".join(sorted(missing))) for row in rows if (missing := of_snapshot(row.snapshot))]
    UnprintedLetters.objects.bulk_create(
        (UnprintedLetters(certificate=row, letters=letters[:200], found_at=clock.now()) for row, letters in found),
        ignore_conflicts=True,
    )


def of_snapshot(snapshot: dict[str, Any]) -> set[str]:
    """The letters among everything that a certificate prints."""
    return pdf.uncovered("".join(_texts(snapshot)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def findings() -> tuple[list[Line], int]:
    """The certificates to mend, the newest first, and how many there are. A corrected or revoked one is none any more."""
    rows = UnprintedLetters.objects.filter(certificate__status=CertificateStatus.ISSUED).order_by("-pk")
    listed = list(rows.select_related("certificate__claim__activity")[: LISTED + 1])
    count = len(listed) if len(listed) <= LISTED else rows.count()
    return [
        Line(r.certificate, r.certificate.snapshot["facts"]["name"], named(r.letters)) for r in listed[:LISTED]
    ], count


def named(letters: Iterable[str]) -> str:
    """ "字 (U+5B57), 𝒳 (U+1D4B3)"."""
    return ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters)


def sentence(letters: Iterable[str]) -> str:
    """What to do about them."""
    listed = sorted(letters)
    text = ngettext(
        "No font here can print %(letters)s. Install one, then issue a corrected version.",
        "No font here can print these letters: %(letters)s. Install one, then issue a corrected version.", len(listed),
    )  # fmt: skip
    return text % {"letters": named(listed)}
