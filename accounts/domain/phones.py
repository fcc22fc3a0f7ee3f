"""Phones of a person: several each, proved by a text message from the phone itself.

For the webhook that reads text messages: `person_of` says whose a number is, `verify` takes the code that somebody
texted from it, `ask_mailbox` takes the e-mail address that an unknown phone answered with, and `pair` is what a press
in that mailbox does. None of them sends a text message.
"""

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts import validators
from accounts.domain import identities, people
from accounts.enums import AddressKind, IdentityKind
from accounts.models import Person, PersonAddress, PhoneCode
from common import audit, clock, codes, locks, mail, ratelimit
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

LIFE, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
AGAIN = dt.timedelta(minutes=5)  # for a carrier that brings a message twice
MAIL_LIFE, MAIL_SALT = dt.timedelta(days=3), "accounts.phone-by-mail"
ATTEMPTS = 5
CODE_LENGTH = 6
MOST = 8  # phones of one person; nobody has more, and a list of strangers' numbers is not what this is for
TAKEN = "This phone is proved for another account. If both are yours, the CME office can join them."

Outcome = Literal["paired", "known", "unknown_address", "taken"]


@dataclass(frozen=True)
class Pairing:
    """What came of an answer with an e-mail address.

    "paired": the phone is the person's from now on, and they were told by e-mail. "known": it was theirs before.
    "unknown_address": nobody has this address; sign in at the portal first. "taken": it is proved for somebody else.
    `proved` is True when the person themselves had listed the number, so that both ends say the same.
    """

    outcome: Outcome
    person: Person | None = None
    proved: bool = False


def normalize(number: str) -> str:
    """A number as it is kept, +12025550123. Raises Invalid with the sentence for the field `phone`."""
    try:
        return validators.phone(number)
    except ValidationError as error:
        raise Invalid(fields={"phone": str(error.message)}) from error


def person_of(number: str) -> Person | None:
    """Whose phone this is: who proved it, else the one person it was paired with. Nobody when that is not certain."""
    rows = PersonAddress.objects.filter(
        kind=AddressKind.PHONE, value=normalize(number), removed_at=None, person__deactivated_at=None
    )
    found = list(rows.select_related("person").order_by("verified_at", "pk"))
    if not found:
        return None
    if found[0].verified_at is not None:
        return found[0].person
    linked = identities.owner(kind=IdentityKind.PHONE, value=found[0].value)
    return next((row.person for row in found if linked is not None and row.person_id == linked.pk), None)


def of_person(person: Person) -> list[PersonAddress]:
    """The person's phones, the proved ones first."""
    rows = person.addresses.filter(kind=AddressKind.PHONE, removed_at=None)
    return list(rows.order_by("verified_at", "pk"))


def add(*, person_id: int, number: str, by: Actor) -> PersonAddress:
    """List a phone; it counts once it is proved. Raises Invalid for what is no phone or is listed already."""
    _require_own(person_id, by)
    value = normalize(number)
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        live = list(PersonAddress.objects.filter(person=person, kind=AddressKind.PHONE, removed_at=None))
        if any(row.value == value for row in live):
            raise Invalid(fields={"phone": "This phone is listed already."})
        if len(live) >= MOST:
            raise Conflict(f"{MOST} phones are enough. Remove one first.")
        row = PersonAddress.objects.create(person=person, kind=AddressKind.PHONE, value=value, created_at=clock.now())
        audit.record("phone_added", by=by, subject=person, new={"phone": value})
    return row


def ask_code(*, person_id: int, address_id: int, by: Actor) -> str:
    """A code to text from the phone within the hour; the page shows it once. Raises Conflict for a proved phone."""
    _require_own(person_id, by)
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        row = PersonAddress.objects.filter(
            person=person, pk=address_id, kind=AddressKind.PHONE, removed_at=None
        ).first()
        if row is None:
            raise Conflict("This phone is not listed any more.")
        if row.verified_at is not None:
            raise Conflict("This phone is proved already.")
        code, at = codes.make(CODE_LENGTH), clock.now()
        PhoneCode.objects.filter(address=row, used_at=None).update(used_at=at)
        PhoneCode.objects.create(address=row, code_hash=_hash(code, row.pk), created_at=at, expires_at=at + LIFE)
    return code


def verify(*, number: str, code: str, by: Actor) -> PersonAddress:
    """A code came by text from this number: the phone is proved, and what waited under it is the person's.

    Raises Invalid (field `code`) for a wrong or late code, Conflict when the phone is proved for somebody else. Wrong
    tries are counted per number.
    """
    value, typed = normalize(number), codes.normalize(code)
    if not ratelimit.hit("phone_code", value, limit=4 * ATTEMPTS, per=LIFE):
        raise Conflict("Too many codes from this phone. Wait an hour.")
    with transaction.atomic(durable=True):
        at = clock.now()
        waiting = (
            PhoneCode.objects.select_for_update(of=("self",)).select_related("address")
            .filter(address__value=value, address__kind=AddressKind.PHONE, address__removed_at=None, used_at=None, expires_at__gte=at, attempts__lt=ATTEMPTS)
            .order_by("-pk")
        )  # fmt: skip
        open_codes = list(waiting)
        found = next((c for c in open_codes if hmac.compare_digest(c.code_hash, _hash(typed, c.address_id))), None)
        if found is None:
            for row in open_codes:
                row.attempts += 1
                row.save(update_fields=["attempts"])
        else:
            found.used_at = at
            found.save(update_fields=["used_at"])
            return _prove(found.address, by, at)
    # Outside of the transaction, so that the wrong try stays counted.
    raise Invalid(
        fields={"code": "This is not the code on your profile, or its hour is over. Ask for a new one there."}
    )


def proved_just_now(*, number: str, code: str) -> bool:
    """Whether this very code proved the phone minutes ago: a message that comes twice gets the same answer. One query."""
    value, typed = normalize(number), codes.normalize(code)
    used = PhoneCode.objects.filter(address__value=value, used_at__gte=clock.now() - AGAIN)
    return any(hmac.compare_digest(c.code_hash, _hash(typed, c.address_id)) for c in used)


def ask_mailbox(*, number: str, email: str, key: str, by: Actor) -> None:
    """An unknown phone named an address: ask that mailbox whether the phone is its owner's. Known or not, the same happens.

    The same `key` asks once. Raises Conflict after too many, Invalid for what is no address.
    """
    value, address = normalize(number), people.normalize_email(email)
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(fields={"email": "This is no e-mail address. Write it in full."}) from error
    asked = [
        ratelimit.hit("phone_mail", of, limit=limit, per=per)
        for of, limit, per in ((value, 5, DAY), (address, 5, DAY), ("all", 300, LIFE))
    ]
    if not all(asked):
        raise Conflict("Too many tries to connect this phone. Sign in and add it to your profile instead.")
    token = signing.dumps({"p": value, "e": address, "t": int(clock.now().timestamp())}, salt=MAIL_SALT)
    with transaction.atomic(durable=True):
        person = people.find_by_email(address)
        mail.send(
            "phone_confirm", to=address, to_name=person.full_name if person else "", subject="Is this your phone?",
            context={
                "ending": value[-4:], "button_label": "Yes, it is mine", "button_url": settings.PORTAL_BASE_URL + reverse("accounts:phone_by_mail", args=[token]),
            },
            key=f"phone:{key}",
        )  # fmt: skip


def read_mail_token(token: str) -> tuple[str, str] | None:
    """The number and the address that a link in our e-mail names; None once it is over or was never ours."""
    try:
        found = signing.loads(token, salt=MAIL_SALT)
    except signing.BadSignature:
        return None
    age = clock.now().timestamp() - found["t"]
    return (found["p"], found["e"]) if 0 <= age <= MAIL_LIFE.total_seconds() else None


def pair(*, number: str, email: str, by: Actor, confirmed: bool = False) -> Pairing:
    """A phone that texted us is the person's at this address; `confirmed` when their mailbox said so.

    Without that the phone stays unproved, counts as theirs, they are told by e-mail and can take it back on their profile,
    unless they had listed it themselves: then both ends say the same.
    """
    value = normalize(number)
    with transaction.atomic(durable=True):
        locks.lock_key("identity", value)
        person = people.find_by_email(email)
        if person is None:
            return Pairing("unknown_address")
        person = people.hold(person.pk)
        rows = PersonAddress.objects.filter(kind=AddressKind.PHONE, value=value, removed_at=None)
        if rows.filter(verified_at__isnull=False).exclude(person=person).exists():
            return Pairing("taken")
        linked = identities.owner(kind=IdentityKind.PHONE, value=value)
        if linked is not None and linked.pk != person.pk:
            return Pairing("taken")
        own, at = rows.filter(person=person).first(), clock.now()
        if own is not None and (own.verified_at or (linked is not None and not confirmed)):
            return Pairing("known", person, proved=own.verified_at is not None)
        if own is None and confirmed:
            if len(of_person(person)) >= MOST:
                raise Conflict(f"{MOST} phones are enough. Remove one on your profile first.")
            own = PersonAddress.objects.create(person=person, kind=AddressKind.PHONE, value=value, created_at=at)
        if own is not None:  # they listed it or their mailbox said yes, and it texted us
            _prove(own, by, at)
            return Pairing("paired", person, proved=True)
        PersonAddress.objects.create(person=person, kind=AddressKind.PHONE, value=value, created_at=at)
        identities.link(person=person, kind=IdentityKind.PHONE, value=value, by=by, reason="answered with an address")
        audit.record("phone_paired", by=by, subject=person, new={"phone": value})
        _tell(person, value)
        return Pairing("paired", person)


def confirm(*, person_id: int, address_id: int, by: Actor) -> PersonAddress:
    """The person says that a paired phone is theirs: the text proved the phone, signing in proves them."""
    _require_own(person_id, by)
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        row = PersonAddress.objects.filter(
            person=person, pk=address_id, kind=AddressKind.PHONE, removed_at=None
        ).first()
        linked = identities.owner(kind=IdentityKind.PHONE, value=row.value) if row else None
        if row is None or linked is None or linked.pk != person.pk:
            raise Conflict("This phone has not sent us a text yet. Text the code from it first.")
        return row if row.verified_at else _prove(row, by, clock.now())


def paired(rows: list[PersonAddress]) -> set[int]:
    """Of unproved phones those that texted and answered with the person's address, so that only a yes is missing."""
    waiting = {row.value: row for row in rows if row.verified_at is None}
    owners = identities.owners(kind=IdentityKind.PHONE, values=list(waiting))
    return {row.pk for value, row in waiting.items() if owners.get(value) == row.person_id}


def _prove(row: PersonAddress, by: Actor, at: dt.datetime) -> PersonAddress:
    locks.require_transaction()
    row.verified_at = at
    try:
        with transaction.atomic(savepoint=True):  # the database refuses a phone that is proved for another person
            row.save(update_fields=["verified_at"])
    except IntegrityError:
        raise Conflict(TAKEN) from None
    identities.link(
        person=row.person, kind=IdentityKind.PHONE, value=row.value, by=by, reason="proved by a text message"
    )
    audit.record("phone_proved", by=by, subject=row.person, new={"phone": row.value})
    return row


def _require_own(person_id: int, by: Actor) -> None:
    if by.person_id != person_id and not by.is_office:
        raise NotAllowed("Only the person and the CME office change phones.")


def _tell(person: Person, number: str) -> None:
    email = people.email_of(person)
    if email:
        mail.send(
            "phone_paired", to=email, to_name=person.full_name, subject="A phone was added to your record",
            context={"ending": number[-4:], "person": person},
        )  # fmt: skip


def _hash(code: str, address_id: int) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"phone:{address_id}:{code}".encode(), hashlib.sha256).hexdigest()
