"""A person's own details, addresses and e-mail settings (decision 38: change of e-mail, name correction).

What a credit type asks of a learner is in `accounts.domain.learner_fields`; `missing` here is its first question.
"""

from collections.abc import Collection
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from accounts.domain import identities, learner_fields, people, sign_in
from accounts.enums import AddressKind, OptionalMail
from accounts.models import NameChange, Person, PersonAddress, User
from accounts.models.person import degrees_are_physician
from common import audit, clock, locks, mail
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

TAKEN = "This address already belongs to another account. Sign in with it, or ask the CME office to join the accounts."
# (person, keys) → the keys whose answers a person has not given yet; for a credit type's required fields (IP-2).
missing = learner_fields.missing


class BelongsToAnother(Conflict):
    """A proved address stands in another record: `person_id`. `is_proved` is False where somebody else entered it."""

    def __init__(self, person_id: int, *, is_proved: bool) -> None:
        super().__init__(TAKEN)
        self.person_id, self.is_proved = person_id, is_proved


def main_emails(person_ids: Collection[int]) -> dict[int, str]:
    """Where to write to each person: the main address, else the first one. One query."""
    found: dict[int, str] = {}
    for person_id, value in (
        _written_to(person_ids).order_by("person_id", "-is_primary", "pk").values_list("person_id", "value")
    ):
        found.setdefault(person_id, value)
    return found


def count_reachable(person_ids: QuerySet[Any] | Collection[int]) -> int:
    """How many of these people `main_emails` has an address for. One query, however many they are."""
    return _written_to(person_ids).values("person_id").distinct().count()


def _written_to(person_ids: QuerySet[Any] | Collection[int]) -> QuerySet[PersonAddress]:
    return PersonAddress.objects.filter(
        person__in=person_ids, kind=AddressKind.EMAIL, removed_at=None, person__deactivated_at=None
    )


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
    wants_certificates: bool = False,
    by: Actor,
) -> Person:
    """Correct name, degrees, profession. Physician follows from the degrees (AMA-CORE-4); what was issued stays as it is.

    `wants_certificates` asks the office to issue what was issued anew with the new name; the office decides. Raises
    Invalid when the name stands on a certificate and no reason is given.
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
        stands = bool({"given_name", "family_name", "degrees"} & set(changed)) and name_needs_reason(person_id)
        if stands and not reason.strip():
            raise Invalid(
                fields={"reason": "Say why, for example “married name”. Your name stands on a certificate already."}
            )
        printed = person.name_with_degrees
        for name in changed:
            setattr(person, name, new[name])
        person.save(update_fields=changed)
        if stands:
            NameChange.objects.create(
                person=person, old_name=printed, new_name=person.name_with_degrees, reason=reason.strip()[:250],
                changed_at=clock.now(), changed_by=by.label, wants_certificates=wants_certificates,
            )  # fmt: skip
        audit.record(
            "details_changed",
            by=by,
            subject=person,
            old={n: old[n] for n in changed},
            new={n: new[n] for n in changed},
            reason=reason.strip(),
        )
    return person


def confirm_name(*, person_id: int, printed: str, by: Actor) -> Person:
    """The person looked at the name as a certificate prints it and says that it is right; asked once.

    `printed` is what was on the page. Raises Conflict when the name is another by now: then it was not looked at.
    """
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        if by.person_id != person.pk:
            raise NotAllowed("Only the person confirms their own name.")
        if printed != person.name_with_degrees:
            raise Conflict("Your name has changed meanwhile. Look at it once more.")
        if person.name_confirmed_at is None:
            person.name_confirmed_at = clock.now()
            person.save(update_fields=["name_confirmed_at"])
            audit.record("name_confirmed", by=by, subject=person, new={"name": printed})
    return person


def settle_name_change(*, change_id: int, note: str, by: Actor) -> NameChange:
    """The office has dealt with a request for certificates in a new name: issued anew, or not, as the note says."""
    if by.kind == "user" and not by.is_office:
        raise NotAllowed("The CME office settles such requests.")
    if not note.strip():
        raise Invalid(fields={"note": "Say what was done, in a sentence."})
    with transaction.atomic(durable=True):
        return _settle_name_change(change_id, note=note, by=by)


def _settle_name_change(change_id: int, *, note: str, by: Actor) -> NameChange:
    """The step itself, for whoever issues certificates anew in the same transaction."""
    row = locks.lock_row(NameChange.objects.all(), pk=change_id)
    if row.settled_at is not None:
        raise Conflict("This request was settled already.")
    row.settled_at, row.settled_by, row.note = clock.now(), by.label, note.strip()[:250]
    row.save(update_fields=["settled_at", "settled_by", "note"])
    audit.record("name_change_settled", by=by, subject=row, reason=note.strip())
    return row


def set_mail(*, person_id: int, wanted: Collection[str], by: Actor) -> Person:
    """Which optional e-mail the person wants; receipts, codes, offers and news of a change are not optional."""
    off = [kind for kind in OptionalMail.values if kind not in wanted]
    with transaction.atomic(durable=True):
        person = people.hold(person_id)
        if person.mail_off != off:
            old, person.mail_off = person.mail_off, off
            person.save(update_fields=["mail_off"])
            audit.record("mail_settings_changed", by=by, subject=person, old={"off": old}, new={"off": off})
    return person


def wants_mail(email: str, kind: str) -> bool:
    """Whether optional mail of a kind may go to an address (settings.MAIL_WANTED); strangers said nothing against it."""
    owners = PersonAddress.objects.filter(kind=AddressKind.EMAIL, value=email, removed_at=None)
    return not owners.filter(person__mail_off__contains=[OptionalMail(kind)]).exists()


def ask_for_address(*, person_id: int, email: str) -> str:
    """Send a code to a new address; the key of the asking browser. Whose address it may be is not told here."""
    value = sign_in.normalize_email(email)
    if PersonAddress.objects.filter(
        person=person_id, kind=AddressKind.EMAIL, value=value, removed_at=None, verified_at__isnull=False
    ).exists():
        raise Invalid(fields={"email": "This address is yours already."})
    return sign_in.request_code(email=value)


def add_address(*, person_id: int, email: str, not_person: int | None = None, by: Actor) -> PersonAddress:
    """Give a proved address to a person, who may sign in with it from now on.

    Raises BelongsToAnother when it stands in another record, which is offered to be joined. `not_person` is the record
    that the person said is somebody else's: then an address that nobody proved there is theirs all the same.
    """
    value, at = people.normalize_email(email), clock.now()
    with transaction.atomic(durable=True):
        locks.lock_key("identity", value)
        person = people.hold(person_id)
        _require_free(person, value, not_person)
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


def _require_free(person: Person, value: str, not_person: int | None) -> None:
    """An address of another record is never taken away from it by proving it; joining the two is a choice."""
    owner = people.find_by_email(value)
    if owner is None:
        taken = EmailAddress.objects.filter(email=value).exclude(user__person=person).exists()
        if taken or people.closed_by_email(value):
            raise Conflict(TAKEN)
        return
    if owner.pk == person.pk:
        return
    proved = PersonAddress.objects.filter(
        person=owner, kind=AddressKind.EMAIL, value=value, removed_at=None, verified_at__isnull=False
    ).exists()
    if proved or not_person != owner.pk:
        raise BelongsToAnother(owner.pk, is_proved=proved)


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
    """Stop using an address or a phone; the row stays for the record. Raises Conflict for the main one."""
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        row = _own(person, address_id, *AddressKind.values)
        if row.is_primary:
            raise Conflict("This is your main address. Make another one the main address first.")
        row.removed_at = clock.now()
        row.save(update_fields=["removed_at"])
        if row.kind == AddressKind.EMAIL:
            EmailAddress.objects.filter(user__person=person, email=row.value).delete()
        elif row.verified_at is None:  # paired by a text and never confirmed: "not my phone"
            identities.unlink(person=person, kind=row.kind, value=row.value, by=by)
        audit.record("address_removed", by=by, subject=person, old={row.kind: row.value})
    return row


def restore_address(*, person_id: int, address_id: int, by: Actor) -> PersonAddress:
    """Take a removal back. Raises Conflict when another account proved the address meanwhile."""
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        row = PersonAddress.objects.filter(person=person, pk=address_id, removed_at__isnull=False).first()
        if row is None:
            raise Conflict("This address is in use already.")
        if PersonAddress.objects.filter(person=person, kind=row.kind, value=row.value, removed_at=None).exists():
            raise Conflict("This address is listed again already.")
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
        if row.verified_at is not None and row.kind == AddressKind.EMAIL:
            EmailAddress.objects.get_or_create(
                user=User.objects.get(person=person), email=row.value, defaults={"verified": True, "primary": False}
            )
        audit.record("address_restored", by=by, subject=person, new={row.kind: row.value})
    return row


def _own(person: Person, address_id: int, *kinds: str) -> PersonAddress:
    rows = PersonAddress.objects.filter(person=person, kind__in=kinds or [AddressKind.EMAIL], removed_at=None)
    row = rows.filter(pk=address_id).first()
    if row is None:
        raise Conflict("This address is not in use any more.")
    return row
