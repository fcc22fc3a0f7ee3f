"""A person's own details, addresses and e-mail settings (decision 38: change of e-mail, name correction)."""

from collections.abc import Collection

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from accounts.domain import identities, people, sign_in
from accounts.enums import AddressKind
from accounts.models import Person, PersonAddress, User
from accounts.models.person import degrees_are_physician
from common import audit, clock, locks, mail
from common.actors import Actor
from common.errors import Conflict, Invalid

TAKEN = "This address already belongs to another account. Sign in with it, or ask the CME office to join the accounts."


def main_emails(person_ids: Collection[int]) -> dict[int, str]:
    """Where to write to each person: the main address, else the first one. One query."""
    rows = PersonAddress.objects.filter(
        person__in=person_ids, kind=AddressKind.EMAIL, removed_at=None, person__deactivated_at=None
    )
    found: dict[int, str] = {}
    for person_id, value in rows.order_by("person_id", "-is_primary", "pk").values_list("person_id", "value"):
        found.setdefault(person_id, value)
    return found


def addresses(person: Person) -> list[PersonAddress]:
    """The person's e-mail addresses, the main one first."""
    return list(person.addresses.filter(kind=AddressKind.EMAIL, removed_at=None).order_by("-is_primary", "pk"))


def name_needs_reason(person_id: int) -> bool:
    """Whether the name stands on something issued, so that changing it says why (NAME_STANDS_ON: dotted paths)."""
    return any(import_string(path)(person_id) for path in settings.NAME_STANDS_ON)


def change_details(
    *,
    person_id: int,
    given_name: str,
    family_name: str,
    degrees: str,
    profession: str,
    specialty: str,
    reason: str = "",
    by: Actor,
) -> Person:
    """Correct name, degrees, profession. Physician follows from the degrees (AMA-CORE-4); what was issued stays as it is.

    Raises Invalid when the name stands on a certificate and no reason is given.
    """
    new = {
        "given_name": given_name.strip(), "family_name": family_name.strip(), "degrees": degrees.strip(), "profession": profession,
        "specialty": specialty.strip(), "is_physician": degrees_are_physician(degrees),
    }  # fmt: skip
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        old = {name: getattr(person, name) for name in new}
        changed = [name for name in new if old[name] != new[name]]
        if not changed:
            return person
        on_paper = {"given_name", "family_name", "degrees"} & set(changed)
        if on_paper and not reason.strip() and name_needs_reason(person_id):
            raise Invalid(
                fields={"reason": "Say why, for example “married name”. Your name stands on a certificate already."}
            )
        for name in changed:
            setattr(person, name, new[name])
        person.save(update_fields=changed)
        audit.record(
            "details_changed",
            by=by,
            subject=person,
            old={n: old[n] for n in changed},
            new={n: new[n] for n in changed},
            reason=reason.strip(),
        )
    return person


def set_confirmations(*, person_id: int, wanted: bool, by: Actor) -> Person:
    """Whether the portal confirms by e-mail what the person did; offers, moves and cancellations always come."""
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        if person.mail_confirmations != wanted:
            person.mail_confirmations = wanted
            person.save(update_fields=["mail_confirmations"])
            audit.record("confirmations_changed", by=by, subject=person, new={"wanted": wanted})
    return person


def ask_for_address(*, person_id: int, email: str) -> str:
    """Send a code to a new address; the key of the asking browser. Whose address it may be is not told here."""
    value = sign_in.normalize_email(email)
    if PersonAddress.objects.filter(
        person=person_id, kind=AddressKind.EMAIL, value=value, removed_at=None, verified_at__isnull=False
    ).exists():
        raise Invalid(fields={"email": "This address is yours already."})
    return sign_in.request_code(email=value)


def add_address(*, person_id: int, email: str, by: Actor) -> PersonAddress:
    """Give a proved address to a person, who may sign in with it from now on. Raises Conflict when it is somebody else's."""
    value, at = people.normalize_email(email), clock.now()
    with transaction.atomic(durable=True):
        locks.lock_key("identity", value)
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        if EmailAddress.objects.filter(email=value).exclude(user__person=person).exists():
            raise Conflict(TAKEN)
        row = PersonAddress.objects.filter(person=person, kind=AddressKind.EMAIL, value=value, removed_at=None).first()
        try:
            with transaction.atomic(
                savepoint=True
            ):  # the database refuses an address that is proved for another person
                if row is None:
                    row = PersonAddress.objects.create(
                        person=person, kind=AddressKind.EMAIL, value=value, verified_at=at, created_at=at
                    )
                else:
                    row.verified_at = row.verified_at or at
                    row.save(update_fields=["verified_at"])
        except IntegrityError:
            raise Conflict(TAKEN) from None
        user = User.objects.get(person=person)
        EmailAddress.objects.get_or_create(user=user, email=value, defaults={"verified": True, "primary": False})
        identities.link(person=person, kind="email", value=value, by=by, reason="proved by a code")
        audit.record("address_added", by=by, subject=person, new={"email": value})
    return row


def make_main(*, person_id: int, address_id: int, by: Actor) -> PersonAddress:
    """Write to this address from now on; both addresses are told."""
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        row = _own(person, address_id)
        if row.verified_at is None:
            raise Conflict("Prove this address with a code first.")
        if row.is_primary:
            return row
        before = PersonAddress.objects.filter(person=person, kind=row.kind, is_primary=True, removed_at=None).first()
        if before is not None:
            before.is_primary = False
            before.save(update_fields=["is_primary"])
        row.is_primary = True
        row.save(update_fields=["is_primary"])
        user = User.objects.get(person=person)
        user.email = row.value
        user.save(update_fields=["email"])
        EmailAddress.objects.filter(user=user, primary=True).update(primary=False)
        EmailAddress.objects.filter(user=user, email=row.value).update(primary=True)
        audit.record(
            "main_address_changed",
            by=by,
            subject=person,
            old={"email": before.value if before else ""},
            new={"email": row.value},
        )
        # Whoever reads the old mailbox learns of the change, so that a stolen session cannot move the account silently.
        for value in filter(None, (row.value, before.value if before else "")):
            mail.send(
                "address_changed",
                to=value,
                to_name=person.full_name,
                subject="Your main e-mail address has changed",
                context={"new": row.value, "person": person},
            )
    return row


def remove_address(*, person_id: int, address_id: int, by: Actor) -> PersonAddress:
    """Stop using an address; the row stays for the record. Raises Conflict for the main one."""
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        row = _own(person, address_id)
        if row.is_primary:
            raise Conflict("This is your main address. Make another one the main address first.")
        row.removed_at = clock.now()
        row.save(update_fields=["removed_at"])
        EmailAddress.objects.filter(user__person=person, email=row.value).delete()
        audit.record("address_removed", by=by, subject=person, old={"email": row.value})
    return row


def restore_address(*, person_id: int, address_id: int, by: Actor) -> PersonAddress:
    """Take a removal back. Raises Conflict when another account proved the address meanwhile."""
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        row = PersonAddress.objects.filter(
            person=person, pk=address_id, kind=AddressKind.EMAIL, removed_at__isnull=False
        ).first()
        if row is None:
            raise Conflict("This address is in use already.")
        if EmailAddress.objects.filter(email=row.value).exclude(user__person=person).exists():
            raise Conflict(TAKEN)
        row.removed_at = None
        try:
            with transaction.atomic(
                savepoint=True
            ):  # the database refuses an address that is proved for another person
                row.save(update_fields=["removed_at"])
        except IntegrityError:
            raise Conflict(TAKEN) from None
        if row.verified_at is not None:
            EmailAddress.objects.get_or_create(
                user=User.objects.get(person=person), email=row.value, defaults={"verified": True, "primary": False}
            )
        audit.record("address_restored", by=by, subject=person, new={"email": row.value})
    return row


def _own(person: Person, address_id: int) -> PersonAddress:
    row = PersonAddress.objects.filter(person=person, pk=address_id, kind=AddressKind.EMAIL, removed_at=None).first()
    if row is None:
        raise Conflict("This address is not in use any more.")
    return row
