"""Certificates of nobody, for looking at a design: with the longest and the shortest that is on record, and longer still.

Each preview is a request of its own, so what is on record is looked for in the newest `NEWEST` claims: they are found from
the end of the primary key, while the longest name of all would be a sort of every claim there is (data set B has 700,000,
of 250,000 people). What is longer and older is made up for by the 200 letters. Activities and designations are some
thousands at most; they are read whole.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Model, Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from accounts.enums import Profession
from accounts.models import Person, Provider
from activities.enums import PUBLIC, ActivityKind
from activities.models import Activity, Session
from common import clock, statements
from credits.documents import certificate as document
from credits.documents.dates import long_date
from credits.documents.statements import accreditation
from credits.enums import Scope
from credits.models import Claim, ClaimLine, ClaimTotal, CreditType, Designation

NEWEST = 2_000
LETTERS = 200
# Invented: as many types as one physician is likely to be given at once, and a series of every week.
TYPES, WEEKS = 5, 52
CODE = "AA-00-AAAA-AAAA-AAAA"
CHECK = {"verify_url": f"https://example.org/verify/{CODE}", "verify_short": "example.org/verify"}
NOBODY = ("Maximiliana-Konstantina Wilhelmina", "Featherstonehaugh von Hohenzollern")
NAME = f"Dr. {' '.join(NOBODY)} "
TITLE = "What the last year changed in recognition, cultures, antibiotic timing and the first hour of sepsis care; "
KINDS: Mapping[str, Any] = {
    "longest": _("The longest on record"),
    "shortest": _("The shortest on record"),
    "letters": _("200 letters each"),
    "attendance": _("Attendance, not a physician"),
    "types": _("Several credit types, the most on record"),
    "series": _("A series with many sessions, its list"),
}
# The page of a specimen that shows what is meant, if it is not the first.
PAGES: Mapping[str, int] = {"series": 1}


@dataclass(frozen=True)
class Content:
    """What is filled into the sentence of a specimen."""

    name: str
    title: str
    place: str
    statement: str


def specimen(kind: str) -> dict[str, Any]:
    """The content of a specimen, made like that of a certificate."""
    if kind in ("types", "series"):
        return _composed(kind)
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
        "version": document.VERSION, "lang": "en", "code": CODE, "number": 1, **CHECK, "issued_on": long_date(today), "provider_name": provider.name,
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
        _newest()
        .select_related("person")
        .annotate(n=Length("person__family_name") + Length("person__given_name") + Length("person__degrees")),
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


def _composed(kind: str) -> dict[str, Any]:
    """With the most credit types (AMA-CERT-4) or sessions on record, or invented ones; the name is always invented."""
    claim = _most(kind)
    if claim is None:
        content = document.compose(*_invented(kind), code=CODE, number=1)
    else:
        claim.person = _nobody()
        content = document.snapshot(claim, code=CODE, number=1)
    return {**content, **CHECK}


def _most(kind: str) -> Claim | None:
    if kind == "series":
        rows = _newest().filter(activity__kind=ActivityKind.SERIES).annotate(n=Count("lines__session", distinct=True))
    else:
        rows = _newest().annotate(n=Count("totals"))
    return _first(rows.filter(n__gt=1).select_related("activity"), "-")


def _newest() -> QuerySet[Claim]:
    return Claim.objects.filter(pk__in=Claim.objects.order_by("-pk").values("pk")[:NEWEST])


def _nobody() -> Person:
    given, family = NOBODY
    return Person(given_name=given, family_name=family, degrees="MD, PhD", is_physician=True)


def _invented(kind: str) -> tuple[Claim, list[ClaimTotal], list[ClaimLine]]:
    """Rows that are never saved."""
    provider, series = Provider.current(), kind == "series"
    at, statement = clock.now(), _statement("-")
    activity = Activity(
        title=TITLE.strip("; "), zone=provider.zone, kind=ActivityKind.SERIES if series else ActivityKind.COURSE
    )
    claim = Claim(person=_nobody(), activity=activity, participated_on=clock.today(provider.zone))
    entitled = CreditType.objects.filter(Q(professions=[]) | Q(professions__contains=[Profession.PHYSICIAN]))
    kinds = entitled.filter(is_attendance=False)[: 1 if series else TYPES]
    amount = Decimal(WEEKS if series else "2.75")
    designation = Designation(
        scope=Scope.SESSION if series else Scope.ACTIVITY, accreditation_statement=statement, maximum=amount
    )
    totals = [ClaimTotal(credit_type=k, designation=designation, credits=amount, designated=amount) for k in kinds]
    starts = [at - dt.timedelta(weeks=n) for n in range(WEEKS if series else 1)]
    lines = [
        ClaimLine(session=Session(title=TITLE.strip("; "), starts_at=s), family=totals[0].credit_type.kin, credits=Decimal("1.00"))
        for s in reversed(starts)
    ]  # fmt: skip
    return claim, totals, lines


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
