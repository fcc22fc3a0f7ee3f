"""Certificates of nobody, for looking at a design: with the longest and the shortest that is on record, and longer still."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from accounts.models import Provider
from activities.enums import PUBLIC
from activities.models import Activity
from common import clock, statements
from credits.documents import certificate as document
from credits.documents.dates import long_date
from credits.documents.statements import accreditation
from credits.models import Claim, Designation

LETTERS = 200
CODE = "AA-00-AAAA-AAAA-AAAA"
NAME = "Dr. Maximiliana-Konstantina Wilhelmina Featherstonehaugh von Hohenzollern "
TITLE = "What the last year changed in recognition, cultures, antibiotic timing and the first hour of sepsis care; "
KINDS: Mapping[str, Any] = {
    "longest": _("The longest on record"),
    "shortest": _("The shortest on record"),
    "letters": _("200 letters each"),
    "attendance": _("Attendance, not a physician"),
}


@dataclass(frozen=True)
class Content:
    """What is filled into the sentence of a specimen."""

    name: str
    title: str
    place: str
    statement: str


def specimen(kind: str) -> dict[str, Any]:
    """The content of a specimen, made like that of a certificate."""
    provider = Provider.current()
    found = _content(kind)
    code = "AMA-CERT-2" if kind == "attendance" else "AMA-CERT-1"
    today = clock.today(provider.zone)
    values = {
        "provider": provider.name, "name": found.name, "learning_format": "live activity", "title": found.title,
        "place": f"at {found.place}, " if found.place else "", "date": long_date(today), "credits": "2.75",
        "unit": "*AMA PRA Category 1 Credits*™",
    }  # fmt: skip
    parts = statements.body(code, on=today).split("|")
    sentence = [
        {"kind": kind_of, "runs": statements.runs(statements.fill(part, **values))}
        for kind_of, part in zip(document.KINDS[code], parts, strict=True)
    ]
    return {
        "version": document.VERSION, "lang": "en", "code": CODE, "number": 1, "verify_url": f"https://example.org/verify/{CODE}",
        "verify_short": "example.org/verify", "issued_on": long_date(today), "provider_name": provider.name,
        "office_name": provider.office_name, "office_address": provider.office_address, "signer_name": provider.signer_name,
        "signer_title": provider.signer_title, **({"signature": provider.signature} if provider.signature else {}),
        "heading": "", "sentence": sentence, "statements": [statements.runs(found.statement)], "sessions": [],
    }  # fmt: skip


def _content(kind: str) -> Content:
    if kind == "letters":
        return Content(
            (NAME * 3)[:LETTERS].strip(), (TITLE * 2)[:LETTERS].strip(), (TITLE * 2)[:LETTERS].strip(), _statement("-")
        )
    order = "" if kind == "shortest" else "-"
    # Names and titles that are printed: of who claimed, and of what was published.
    claim = _first(
        Claim.objects.select_related("person").annotate(
            n=Length("person__family_name") + Length("person__given_name") + Length("person__degrees")
        ),
        order,
    )
    published = Activity.objects.filter(status__in=PUBLIC)
    title = _first(published.annotate(n=Length("title")), order)
    place = _first(published.exclude(location="").annotate(n=Length("location")), order)
    return Content(
        claim.person.name_with_degrees if claim else ("Li Wu, MD" if not order else NAME.strip()),
        title.title if title else ("Sepsis" if not order else TITLE.strip("; ")),
        place.place if place else "",
        _statement(order),
    )


def _statement(order: str) -> str:
    row = _first(Designation.objects.annotate(n=Length("accreditation_statement")), order)
    if row is not None:
        return row.accreditation_statement
    try:
        return accreditation()
    except LookupError:  # a new installation, before its first term is entered
        return ""


def _first(rows: QuerySet[Any], order: str) -> Any | None:
    found: Model | None = rows.order_by(f"{order}n", "pk").first()
    return found
