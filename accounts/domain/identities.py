"""Identities and whose they are (decision 4): the link is a version, the identity never changes."""

import datetime as dt
from collections.abc import Collection

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
    """Say that an identity is this person's, with all evidence that waited under it.

    A live link to somebody else stays: it is a duplicate to be looked at.
    """
    row = identity(kind=kind, value=value)
    IdentityLink.objects.bulk_create(
        [IdentityLink(identity=row, person=person, linked_at=clock.now(), linked_by=by.label, reason=reason)],
        ignore_conflicts=True,
    )
    return row


def owner(*, kind: str, value: str) -> Person | None:
    """Whose identity this is believed to be."""
    row = IdentityLink.objects.filter(identity__kind=kind, identity__value=value, ended_at=None).select_related(
        "person"
    )
    found = row.first()
    return found.person if found else None


def owners(*, kind: str, values: Collection[str]) -> dict[str, int]:
    """The same for several values of a kind: value → person's id. One query."""
    rows = IdentityLink.objects.filter(identity__kind=kind, identity__value__in=values, ended_at=None)
    return dict(rows.values_list("identity__value", "person_id"))


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
    if address:
        row = link(person=person, kind="email", value=address, by=by, reason="main address")
        if IdentityLink.objects.filter(identity=row, person=person, ended_at=None).exists():
            return row
    # No address, or one that evidence of somebody else stands under: a colleague's of old, given out again.
    return link(
        person=person,
        kind="email",
        value=f"person-{person.pk}@nowhere.invalid",
        by=by,
        reason="has no address of their own",
    )


def unlink(*, person: Person, kind: str, value: str, by: Actor) -> None:
    """Say that an identity is not this person's after all; its evidence waits for its owner again."""
    locks.require_transaction()
    live = IdentityLink.objects.filter(person=person, identity__kind=kind, identity__value=value, ended_at=None)
    live.update(ended_at=clock.now(), ended_by=by.label)


def move(*, away: Person, kept: Person, by: Actor, reason: str) -> list[int]:
    """End every live link of one person and begin one to another; the ids of the identities. Assert an open transaction."""
    locks.require_transaction()
    at = clock.now()
    live = IdentityLink.objects.select_for_update().filter(person=away, ended_at=None)
    moved = list(live.order_by("identity_id").values_list("identity_id", flat=True))
    _relink(moved, kept, by, reason, at)
    return moved


def give_back(
    *, identity_ids: Collection[int], holders: Collection[int], to: Person, by: Actor, reason: str
) -> list[int]:
    """Link identities to a person again, where one of `holders` has them now; the ids of those that went back."""
    locks.require_transaction()
    at = clock.now()
    live = IdentityLink.objects.select_for_update().filter(identity__in=identity_ids, person__in=holders, ended_at=None)
    found = list(live.order_by("identity_id").values_list("identity_id", flat=True))
    _relink(found, to, by, reason, at)
    return found


def _relink(identity_ids: Collection[int], person: Person, by: Actor, reason: str, at: dt.datetime) -> None:
    IdentityLink.objects.filter(identity__in=identity_ids, ended_at=None).update(ended_at=at, ended_by=by.label)
    IdentityLink.objects.bulk_create(
        IdentityLink(identity_id=pk, person=person, linked_at=at, linked_by=by.label, reason=reason)
        for pk in identity_ids
    )
