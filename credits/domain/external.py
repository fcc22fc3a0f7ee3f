"""Credit that people earned elsewhere: their own words and their proof, and what the office recorded from a former system.

We never check it, issue it or add it to ours.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from accounts.models import Person
from common import audit, clock, locks, statements, uploads
from common.actors import Actor, require_self
from common.errors import Conflict, Invalid, NotAllowed
from common.models import StoredFile
from common.uploads import Upload
from credits.meters import Earning
from credits.models import CreditType, ExternalCredit, FormerCredit, Topic

ONLY_SELF = "Credit from elsewhere is entered by the person who earned it."
ZERO = Decimal("0.00")
KINDS = uploads.PROOFS
OTHER = "other:"
EARLIEST = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class External:
    """One line as the transcript lists it. `kind_code` of a type that we do not award begins with "other:".

    `origin` is the former system of a line that the office recorded; `pk` is then of another table, and nobody changes the line.
    """

    pk: int
    earned_on: dt.date
    title: str
    provider_name: str
    amount: Decimal
    kind: CreditType | None
    kind_name: str
    topics: tuple[str, ...]
    proof: StoredFile | None
    origin: str = ""
    number: str = ""
    format: str = ""
    topic_words: tuple[str, ...] = ()  # the topics by name, where a transcript shows them

    @property
    def kind_code(self) -> str:
        return self.kind.code if self.kind else f"{OTHER}{self.kind_name.casefold()}"

    @property
    def unit_runs(self) -> list[statements.Run]:
        return _unit(self.kind, self.kind_name, self.amount)


@dataclass(frozen=True)
class Sum:
    """What a person entered of one type."""

    code: str
    name: str
    value: Decimal
    label: list[statements.Run]


def of_person(person: Person) -> list[External]:
    """What a person entered, and what was recorded from former systems, newest first. Two queries."""
    rows = ExternalCredit.objects.filter(person=person, removed_at=None).select_related("credit_type", "proof")
    former = FormerCredit.objects.of(person).standing().select_related("credit_type")
    found = [line(row) for row in rows.order_by("-pk")] + [_former(row) for row in former.order_by("-pk")]
    return sorted(found, key=lambda row: row.earned_on, reverse=True)


def _former(row: FormerCredit) -> External:
    return External(
        pk=row.pk, earned_on=row.earned_on, title=row.title, provider_name=row.provider_name, amount=row.amount, kind=row.credit_type,
        kind_name=row.credit_type.name if row.credit_type else row.other_type, topics=tuple(row.topics), proof=None, origin=row.origin, number=row.number, format=row.format,
    )  # fmt: skip


def origins(rows: Sequence[External]) -> list[str]:
    """The former systems that lines were recorded from, by name."""
    return sorted({row.origin for row in rows if row.origin})


def line(row: ExternalCredit) -> External:
    return External(
        pk=row.pk, earned_on=row.earned_on, title=row.title, provider_name=row.provider_name, amount=row.amount, kind=row.credit_type,
        kind_name=row.credit_type.name if row.credit_type else row.other_type, topics=tuple(row.topics), proof=row.proof,
    )  # fmt: skip


def sums(rows: Sequence[External]) -> list[Sum]:
    """By type, the types that we award too first."""
    found: dict[str, list[External]] = {}
    for row in rows:
        found.setdefault(row.kind_code, []).append(row)
    made = []
    for code, group in sorted(found.items(), key=lambda pair: (pair[1][0].kind is None, pair[0])):
        value = sum((row.amount for row in group), ZERO)
        made.append(Sum(code, group[0].kind_name, value, _unit(group[0].kind, group[0].kind_name, value)))
    return made


def _unit(kind: CreditType | None, name: str, amount: Decimal) -> list[statements.Run]:
    if kind is None:
        return [{"text": name, "style": ""}]
    return statements.runs(kind.unit_one if amount <= 1 else kind.unit_many)


def earnings(rows: Iterable[External]) -> list[Earning]:
    """For meters: an hour for each credit, all of it on every topic that was chosen.

    Lines of one day, provider and title are one activity with several types of credit: its hours count once.
    """
    same: dict[tuple[dt.date, str, str], list[External]] = {}
    for row in rows:
        same.setdefault((row.earned_on, row.provider_name.casefold(), row.title.casefold()), []).append(row)
    return [_earning(group) for group in same.values()]


def _earning(rows: Sequence[External]) -> Earning:
    hours: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    tagged: dict[str, int] = {}
    for row in rows:
        minutes = int(row.amount * 60)
        tagged |= {topic: max(minutes, tagged.get(topic, 0)) for topic in row.topics}
        kinds[row.kind_code] += minutes
        hours[row.kind.kin if row.kind else row.kind_code] += 0 if row.kind and row.kind.follows else minutes
    return Earning(rows[0].earned_on, max(hours.values()), dict(kinds), tagged, verified=False)


def kinds() -> list[CreditType]:
    """The types of the list that people choose from."""
    return list(CreditType.objects.filter(is_attendance=False))


# --- use cases ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What somebody writes about one line. `credit_type` is a code, or empty for the type in words."""

    provider_name: str
    title: str
    earned_on: dt.date
    credit_type: str
    other_type: str
    amount: Decimal
    topics: tuple[str, ...] = ()


def add(*, person_id: int, said: Said, proof: Upload | None, form_key: uuid.UUID, by: Actor) -> ExternalCredit:
    """Add a line; a page that is sent twice adds one. Raises NotAllowed for anybody else, Invalid with the fields."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)  # a double press waits here and finds the first
        found = ExternalCredit.objects.filter(form_key=form_key).first()
        if found is not None:
            if found.person_id != person_id:
                raise NotAllowed("This form belongs to somebody else. Open the page again.")
            return found
        values, at = _values(said), clock.now()
        # Counted twice, a meter would say “met”: what is the same in every word is on the transcript already.
        named = ("provider_name", "title", "earned_on", "credit_type", "other_type", "amount")
        if ExternalCredit.objects.filter(
            person=person, removed_at=None, **{name: values[name] for name in named}
        ).exists():
            raise Invalid(
                fields={
                    "title": "You have entered this already: the same title, day, type and amount. If it is another one, say in the title which."
                }
            )
        row = ExternalCredit.objects.create(
            person=person, form_key=form_key, added_at=at, added_by=by.label, changed_at=at, **values,
            proof=uploads.store(proof, purpose="external_credit", by=by) if proof else None,
        )  # fmt: skip
        audit.record("external_credit_added", by=by, subject=row, new=_told(row))
    return row


def change(
    *, person_id: int, external_id: int, said: Said, proof: Upload | None, drop_proof: bool, by: Actor
) -> ExternalCredit:
    """Write a line anew. Without a new proof the one that is there stays, unless it is dropped."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        row = _own(person_id, external_id)
        old = _told(row)
        values: dict[str, object] = {**_values(said), "changed_at": clock.now()}
        if proof is not None:
            values["proof"] = uploads.store(proof, purpose="external_credit", by=by)
        elif drop_proof:
            values["proof"] = None
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        audit.record("external_credit_changed", by=by, subject=row, old=old, new=_told(row))
    return row


def remove(*, person_id: int, external_id: int, by: Actor) -> ExternalCredit:
    """Take a line off the transcript; it can be brought back."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        row = _own(person_id, external_id)
        row.removed_at, row.removed_by = clock.now(), by.label
        row.save(update_fields=["removed_at", "removed_by"])
        audit.record("external_credit_removed", by=by, subject=row, old=_told(row))
    return row


def restore(*, person_id: int, external_id: int, by: Actor) -> ExternalCredit:
    """Take a removal back."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        row = _own(person_id, external_id, removed=True)
        row.removed_at, row.removed_by = None, ""
        row.save(update_fields=["removed_at", "removed_by"])
        audit.record("external_credit_restored", by=by, subject=row, new=_told(row))
    return row


def _own(person_id: int, external_id: int, *, removed: bool = False) -> ExternalCredit:
    rows = ExternalCredit.objects.filter(person_id=person_id, removed_at__isnull=not removed, pk=external_id)
    row = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise Conflict("That line is not there any more. Reload the page to see the list as it is now.")
    return row


def _values(said: Said) -> dict[str, object]:
    """The columns, or every field that does not stand."""
    wrong: dict[str, str] = {}
    kind = CreditType.objects.filter(pk=said.credit_type, is_attendance=False).first() if said.credit_type else None
    other = " ".join(said.other_type.split()) if kind is None else ""
    if said.credit_type and kind is None:
        wrong["credit_type"] = "Choose a type from the list."
    elif kind is None and not other:
        wrong["other_type"] = "Write the type as it stands on the proof, for example “AMA PRA Category 2”."
    if said.amount <= 0 or said.amount > 1000:
        wrong["amount"] = "Write a number above 0 and up to 1,000, for example 1.50."
    elif kind is not None and kind.increment and said.amount % kind.increment:
        wrong["amount"] = f"{kind.name} goes in steps of {kind.increment}."
    if not EARLIEST <= said.earned_on <= clock.now().date() + dt.timedelta(days=1):
        wrong["earned_on"] = "Choose the day on which you completed it. It cannot lie ahead."
    if unknown := set(said.topics) - set(Topic.objects.values_list("pk", flat=True)):
        wrong["topics"] = f"There is no topic {min(unknown)}."
    if wrong:
        raise Invalid(fields=wrong)
    return {
        "provider_name": " ".join(said.provider_name.split()), "title": " ".join(said.title.split()), "earned_on": said.earned_on,
        "credit_type": kind, "other_type": other, "amount": said.amount, "topics": sorted(said.topics),
    }  # fmt: skip


def _told(row: ExternalCredit) -> dict[str, object]:
    return {
        "title": row.title, "provider": row.provider_name, "on": row.earned_on, "amount": row.amount, "type": row.credit_type_id or row.other_type,
        "proof": row.proof.sha256 if row.proof else "",
    }  # fmt: skip
