"""Identities and whose they are (decision 4): the link is a version, the identity never changes."""

from accounts.models import Identity, IdentityLink, Person
from common import clock, locks
from common.actors import Actor


def identity(*, kind: str, value: str) -> Identity:
    """The one row of this identity, made when first named; assert an open transaction."""
    locks.require_transaction()
    found = Identity.objects.filter(kind=kind, value=value).first()
    if found is None:
        Identity.objects.bulk_create([Identity(kind=kind, value=value)], ignore_conflicts=True)
        found = Identity.objects.get(kind=kind, value=value)
    return found


def link(*, person: Person, kind: str, value: str, by: Actor, reason: str) -> Identity:
    """Say that an identity is this person's; a live link to somebody else stays, it is a duplicate to be looked at."""
    row = identity(kind=kind, value=value)
    IdentityLink.objects.bulk_create(
        [IdentityLink(identity=row, person=person, linked_at=clock.now(), linked_by=by.label, reason=reason)],
        ignore_conflicts=True,
    )
    return row


def of_person(person: Person) -> Identity:
    """The identity that a signed-in person's own acts are recorded under: their main address."""
    locks.require_transaction()
    live = (
        IdentityLink.objects.filter(person=person, ended_at=None, identity__kind="email")
        .select_related("identity")
        .order_by("pk")
        .first()
    )
    if live is not None:
        return live.identity
    address = (
        person.addresses.filter(kind="email", removed_at=None)
        .order_by("-is_primary", "pk")
        .values_list("value", flat=True)
        .first()
    )
    by = Actor(kind="system", label="accounts")
    return link(
        person=person,
        kind="email",
        value=address or f"person-{person.pk}@nowhere.invalid",
        by=by,
        reason="main address",
    )
