"""Office roles: granted and revoked by the director, with who and when (decision 21)."""

from django.db import transaction

from accounts.enums import OfficeRoleKey
from accounts.models import OfficeRole, Person
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed


def grant_role(*, person_id: int, role: str, by: Actor) -> OfficeRole:
    """Give a person an office role. Raises NotAllowed unless a director does it, Conflict when they hold it."""
    _require_director(by)
    if role not in OfficeRoleKey.values:
        raise Invalid(fields={"role": "Choose one of the roles."})
    with transaction.atomic(durable=True):
        # The person is the lock: two directors granting at once find one role.
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        if person.deactivated_at is not None:
            raise Conflict(f"{person.full_name}’s account is closed. Open it again first.")
        if OfficeRole.objects.filter(person=person, role=role, department=None, revoked_at=None).exists():
            raise Conflict(f"{person.full_name} holds this role already.")
        row = OfficeRole.objects.create(person=person, role=role, granted_at=clock.now(), granted_by=by.label)
        audit.record("office_role_granted", by=by, subject=person, new={"role": role})
        return row


def revoke_role(*, role_id: int, by: Actor) -> OfficeRole:
    """Take an office role back. Raises Conflict for the last director: nobody could grant roles any more."""
    _require_director(by)
    with transaction.atomic(durable=True):
        # All live directors are held, so that two who revoke each other do not both succeed.
        directors = list(
            OfficeRole.objects.select_for_update().filter(role=OfficeRoleKey.DIRECTOR, revoked_at=None).order_by("pk")
        )
        row = OfficeRole.objects.select_for_update(of=("self",)).select_related("person").get(pk=role_id)
        if row.revoked_at is not None:
            raise Conflict("This role was taken back already.")
        if row.role == OfficeRoleKey.DIRECTOR and len({d.person_id for d in directors}) < 2:
            raise Conflict("This is the only director. Name another one first.")
        row.revoked_at, row.revoked_by = clock.now(), by.label
        row.save(update_fields=["revoked_at", "revoked_by"])
        audit.record("office_role_revoked", by=by, subject=row.person, old={"role": row.role})
        return row


def _require_director(by: Actor) -> None:
    if not by.is_director:
        raise NotAllowed("Only the CME director gives and takes office roles.")
