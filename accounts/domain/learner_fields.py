"""What credit types ask of a learner (IP-2; LRN-1 to LRN-5): which answers are missing, and keeping them.

A credit type lists keys; so may a page. The keys:

| key | answer |
| --- | --- |
| `profession`, `degrees`, `specialty` | as on the profile |
| `birthday` | month and day, never the year (LRN-3, LRN-4) |
| `licence` | a state license: state, kind, number (LRN-2) |
| `npi`, `nabp`, `abim`, `aba`, … | each `NumberKind`, checked by its format (LRN-2 to LRN-5) |
| `name` | that the person confirmed how the certificate prints it |
| `a\\|b` | one of several is enough, for example `npi\\|licence` |

To ask only for what is missing, on any page:

    asked = profile.missing(person, credit_type.required_person_fields)      # () when nothing is missing: two queries
    form = LearnerFieldsForm(request.POST or None, person=person, fields=asked)   # accounts.number_forms
    if form.is_valid():
        form.save(by=request.actor)                                         # its own transaction, before the claim's

A domain function that has to be sure calls `require(person, keys)` in its own transaction.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import validators
from accounts.domain import people
from accounts.enums import BOARDS, LicenceKind, NumberKind, Profession
from accounts.models import Licence, Person, PersonNumber
from accounts.models.person import degrees_are_physician
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

OF_PERSON = ("profession", "degrees", "specialty")
KEYS = frozenset({*OF_PERSON, "birthday", "licence", "name", *NumberKind.values})
MOST_LICENCES = 20


def missing(person: Person, fields: Iterable[str]) -> tuple[str, ...]:
    """The keys of `fields` that have no answer yet, in their order. At most two queries, none for an empty list.

    Raises LookupError for a key that nobody knows: a typing error in a credit type must not ask for nothing.
    """
    keys = list(dict.fromkeys(fields))
    parts = {part for key in keys for part in key.split("|")}
    if unknown := parts - KEYS:
        raise LookupError(f"No learner field is called {', '.join(sorted(unknown))}.")
    given = {name for name in OF_PERSON if getattr(person, name)}
    if person.birth_month:
        given.add("birthday")
    if person.name_confirmed_at:
        given.add("name")
    if parts & set(NumberKind.values):
        given |= set(person.numbers.filter(removed_at=None).values_list("kind", flat=True))
    if "licence" in parts and person.licences.filter(removed_at=None).exists():
        given.add("licence")
    return tuple(key for key in keys if not given & set(key.split("|")))


def require(person: Person, fields: Iterable[str]) -> None:
    """Raises Conflict naming what is missing."""
    found = missing(person, fields)
    if found:
        raise Conflict(f"Still missing for this credit: {', '.join(label(key) for key in found)}.")


def label(key: str) -> str:
    """The words for a key: "NPI or state license"."""
    words = {"birthday": "birthday (month and day)", "licence": "state license", "name": "your name as it is printed"}
    parts = [words.get(k) or (NumberKind(k).label if k in NumberKind.values else k) for k in key.split("|")]
    return " or ".join(parts)


def numbers(person: Person) -> list[PersonNumber]:
    """The person's numbers, the NPI first, then by name."""
    rows = list(person.numbers.filter(removed_at=None))
    order = list(NumberKind.values)
    return sorted(rows, key=lambda row: order.index(row.kind))


def licences(person: Person) -> list[Licence]:
    return list(person.licences.filter(removed_at=None).order_by("state", "kind", "number"))


def save(*, person_id: int, values: Mapping[str, Any], by: Actor) -> Person:
    """Keep answers, all or none. `values` maps keys to answers: a text; for `birthday` (month, day); for `licence` a
    mapping with state, kind, number; for a number a text or (text, may be reported). "" removes a number.

    Raises Invalid with the sentence for each key that does not fit.
    """
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        if by.person_id != person.pk and not by.is_office:
            raise NotAllowed("Only the person and the CME office change this.")
        write(person, values, by=by, at=clock.now())
    return person


def allow_board(*, person_id: int, kind: str, by: Actor) -> None:
    """The person allows telling a board of their credit (MOC-2). Raises Conflict where the number is not there."""
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        if by.person_id != person.pk:
            raise NotAllowed("Only the person allows this.")
        row = PersonNumber.objects.filter(person=person, kind=kind, removed_at=None).first()
        if row is None or kind not in BOARDS:
            raise Conflict("Write down your number at this board first.")
        if _set_number(person, kind, row.value, True, at=clock.now()):
            audit.record("learner_fields_changed", by=by, subject=person, new={"fields": [f"{kind}_report"]})


def write(person: Person, values: Mapping[str, Any], *, by: Actor, at: dt.datetime) -> None:
    """The same in the caller's transaction, on a person that is held."""
    locks.require_transaction()
    clean, problems = {}, {}
    for key, value in values.items():
        try:
            clean[key] = _checked(key, value)
        except ValidationError as error:
            problems[key] = error.messages[0]
    if problems:
        raise Invalid(fields=problems)
    changed = _set_person(person, clean)
    for key, value in clean.items():
        if key in NumberKind.values:
            changed += _set_number(person, key, *value, at=at)
        elif key == "licence":
            changed += _add_licence(person, value, at=at)
    if changed:
        audit.record("learner_fields_changed", by=by, subject=person, new={"fields": changed})


def _checked(key: str, value: Any) -> Any:
    if key in NumberKind.values:
        text, report = value if isinstance(value, tuple) else (value, None)
        return (validators.number(key, text) if text.strip() else "", report)
    if key == "birthday":
        return validators.birthday(*value)
    if key == "licence":
        if value["kind"] not in LicenceKind.values:
            raise ValidationError("Choose what the license is for.")
        found = {
            "state": validators.state(value["state"]),
            "kind": value["kind"],
            "number": validators.licence_number(value["number"]),
        }
        return {**found, "report": bool(value.get("report"))}
    if key == "profession" and value not in Profession.values:
        raise ValidationError("Choose your profession.")
    if key in OF_PERSON:
        return str(value).strip()
    raise LookupError(f"No learner field is called {key}.")


def _set_person(person: Person, clean: Mapping[str, Any]) -> list[str]:
    # Only what is empty: a degree that stands on a certificate changes on the profile, with a reason.
    new = {key: clean[key] for key in OF_PERSON if key in clean and not getattr(person, key)}
    if "degrees" in new:
        new["is_physician"] = degrees_are_physician(new["degrees"])
    if "birthday" in clean:
        new["birth_month"], new["birth_day"] = clean["birthday"]
    changed = [name for name, value in new.items() if getattr(person, name) != value]
    for name in changed:
        setattr(person, name, new[name])
    if changed:
        person.save(update_fields=changed)
    return changed


def _set_number(person: Person, kind: str, value: str, report: bool | None, *, at: dt.datetime) -> list[str]:
    row = PersonNumber.objects.filter(person=person, kind=kind, removed_at=None).first()
    allowed = (
        (row.report_ok_at if row else None)
        if report is None
        else ((row and row.report_ok_at) or at if report else None)
    )
    if kind not in BOARDS:
        allowed = None
    if row is not None and row.value == value:
        if row.report_ok_at == allowed:
            return []
        row.report_ok_at = allowed
        row.save(update_fields=["report_ok_at"])
        return [f"{kind}_report"]
    if row is not None:
        row.removed_at = at
        row.save(update_fields=["removed_at"])
    if value:
        PersonNumber.objects.create(person=person, kind=kind, value=value, report_ok_at=allowed, added_at=at)
    return [kind] if value or row is not None else []


def _add_licence(person: Person, value: Mapping[str, Any], *, at: dt.datetime) -> list[str]:
    live = list(Licence.objects.filter(person=person, removed_at=None))
    if any((row.state, row.kind, row.number) == (value["state"], value["kind"], value["number"]) for row in live):
        raise Invalid(fields={"licence": "This license is listed already."})
    if len(live) >= MOST_LICENCES:
        raise Invalid(fields={"licence": f"{MOST_LICENCES} licenses are enough. Remove one first."})
    Licence.objects.create(
        person=person, state=value["state"], kind=value["kind"], number=value["number"], added_at=at,
        report_ok_at=at if value["report"] else None,
    )  # fmt: skip
    return ["licence"]


def remove_licence(*, person_id: int, licence_id: int, by: Actor) -> Licence:
    """Stop listing a licence; the row stays for the record."""
    return _change_licence(person_id, licence_id, {"removed_at": clock.now()}, by, "licence_removed")


def restore_licence(*, person_id: int, licence_id: int, by: Actor) -> Licence:
    """Take a removal back."""
    return _change_licence(person_id, licence_id, {"removed_at": None}, by, "licence_restored")


def allow_report(*, person_id: int, licence_id: int, allowed: bool, by: Actor) -> Licence:
    """Whether the state's board may be told of credit; asked, never assumed."""
    return _change_licence(
        person_id, licence_id, {"report_ok_at": clock.now() if allowed else None}, by, "licence_report"
    )


def _change_licence(person_id: int, licence_id: int, values: dict[str, Any], by: Actor, event: str) -> Licence:
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        if by.person_id != person.pk and not by.is_office:
            raise NotAllowed("Only the person and the CME office change this.")
        row = Licence.objects.filter(person=person, pk=licence_id).first()
        if row is None:
            raise Conflict("This license is not on your list.")
        if (
            event == "licence_restored"
            and Licence.objects.filter(
                person=person, state=row.state, kind=row.kind, number=row.number, removed_at=None
            ).exists()
        ):
            raise Conflict("This license is listed again already.")
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        audit.record(event, by=by, subject=person, new={"state": row.state, "number": row.number})
    return row
