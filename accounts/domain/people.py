"""Find a person by an address, or make one; whom to write to."""

from django.db.models import Exists, OuterRef

from accounts.enums import AddressKind, IdentityKind
from accounts.models import IdentityLink, Person, PersonAddress
from accounts.models.person import degrees_are_physician
from common import audit, clock, locks
from common.actors import Actor


def normalize_email(email: str) -> str:
    """As addresses are kept: lower case, without blanks around."""
    return email.strip().lower()


def live(person_id: int) -> Person:
    """The person behind an id, joined records followed to the one that stands. The one place that follows them."""
    person = Person.objects.get(pk=person_id)
    while person.merged_into_id is not None:
        person = Person.objects.get(pk=person.merged_into_id)
    return person


def hold(person_id: int) -> Person:
    """The same, held until the transaction ends: whoever joins this record waits, or was first and is followed."""
    rows = Person.objects.all()
    try:
        return locks.lock_row(rows, pk=person_id, merged_into=None)
    except Person.DoesNotExist:
        person = locks.lock_row(rows, pk=live(person_id).pk)
    while person.merged_into_id is not None:  # joined to another while we waited for the lock
        person = locks.lock_row(Person.objects.all(), pk=person.merged_into_id)
    return person


def find_by_email(email: str) -> Person | None:
    """The live person behind an address: the verified owner first, then who was entered with it first, then whose
    evidence it is. An address that its owner removed leads nowhere: it may have gone to somebody else since.
    """
    value = normalize_email(email)
    rows = PersonAddress.objects.filter(
        kind=AddressKind.EMAIL, value=value, removed_at=None, person__deactivated_at=None
    )
    row = rows.select_related("person").order_by("verified_at", "created_at", "pk").first()  # NULL comes last
    return row.person if row else _owner_of_identity(value)


def _owner_of_identity(value: str) -> Person | None:
    """Whom an import or a colleague linked this address to, without it being entered as theirs."""
    removed = PersonAddress.objects.filter(
        person=OuterRef("person"), kind=AddressKind.EMAIL, value=value, removed_at__isnull=False
    )
    link = (
        IdentityLink.objects.filter(
            identity__kind=IdentityKind.EMAIL, identity__value=value, ended_at=None, person__deactivated_at=None
        )
        .filter(~Exists(removed))
        .select_related("person")
        .first()
    )
    return link.person if link else None


def closed_by_email(email: str) -> bool:
    """Whether this address was proved by somebody whose account is closed, so that no second account is made for them."""
    return PersonAddress.objects.filter(
        kind=AddressKind.EMAIL, value=normalize_email(email), removed_at=None, verified_at__isnull=False,
        person__deactivated_at__isnull=False, person__merged_into=None,
    ).exists()  # fmt: skip


def find_or_create_person(
    *, email: str, given_name: str, family_name: str, degrees: str, profession: str, by: Actor
) -> Person:
    """The person behind an address, or a new one with that address unverified.

    A known person is never renamed by somebody else: only what is empty is filled in. Runs in the caller's
    transaction; two callers with the same address wait for each other and get the same person.
    """
    locks.require_transaction()
    value = normalize_email(email)
    locks.lock_key("identity", value)
    person = find_by_email(value)
    if person is not None:
        return _fill_in(person, degrees=degrees, profession=profession)
    at = clock.now()
    person = Person.objects.create(
        given_name=given_name.strip(), family_name=family_name.strip(), degrees=degrees.strip(), profession=profession,
        is_physician=degrees_are_physician(degrees), created_at=at,
    )  # fmt: skip
    PersonAddress.objects.create(person=person, kind=AddressKind.EMAIL, value=value, is_primary=True, created_at=at)
    audit.record("person_created", by=by, subject=person, new={"email": value})
    return person


def _fill_in(person: Person, *, degrees: str, profession: str) -> Person:
    changed = []
    if degrees.strip() and not person.degrees:
        person.degrees, person.is_physician = degrees.strip(), degrees_are_physician(degrees)
        person.name_confirmed_at = None  # it prints another name than the one they looked at
        changed += ["degrees", "is_physician", "name_confirmed_at"]
    if profession and not person.profession:
        person.profession = profession
        changed.append("profession")
    if changed:
        person.save(update_fields=changed)
    return person


def email_of(person: Person) -> str:
    """Where to write to a person: the main address, else the first one; "" when there is none."""
    rows = PersonAddress.objects.filter(person=person, kind=AddressKind.EMAIL, removed_at=None)
    return rows.order_by("-is_primary", "pk").values_list("value", flat=True).first() or ""
