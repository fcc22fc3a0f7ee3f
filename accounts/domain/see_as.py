"""See the portal as a learner or planner does (decision 38): read-only, for half an hour, with a reason, all of it noted.

Nobody acts as somebody else here: the actor of the request carries who looks (`Actor.seen_by`), and every way to write
refuses it (accounts/middleware.py).
"""

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.enums import SeeAsEnd
from accounts.models import OfficeRole, Person, SeeAs, SeeAsPage, User
from common import audit, clock, jobs, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

LIFE = dt.timedelta(minutes=30)


def start(*, person_id: int, reason: str, by: Actor) -> SeeAs:
    """Begin to see the portal as a person; what the same member of the office began before ends.

    Raises NotAllowed for anybody but the office and for a person with an office role, Conflict for who has no account.
    """
    if not by.is_office or by.person_id is None:
        raise NotAllowed("Only the CME office sees the portal as somebody else.")
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why, in a sentence. The person may read it."})
    with transaction.atomic(durable=True):
        locks.lock_row(Person.objects.all(), pk=by.person_id)  # two browsers of one person begin one after the other
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        if person.pk == by.person_id:
            raise Conflict("You see the portal as yourself already.")
        if OfficeRole.objects.filter(person=person, revoked_at=None).exists():
            raise NotAllowed(
                f"{person.full_name} holds an office role. Nobody looks at the portal as a colleague of the office."
            )
        if person.deactivated_at is not None or not User.objects.filter(person=person, is_active=True).exists():
            raise Conflict(f"{person.full_name} never signed in, so there is nothing to see.")
        at = clock.now()
        for open_one in SeeAs.objects.select_for_update(of=("self",)).filter(staff=by.person_id, ended_at=None):
            _end(open_one, SeeAsEnd.REPLACED, by)
        row = SeeAs.objects.create(
            staff_id=by.person_id, person=person, reason=reason.strip(), started_at=at, expires_at=at + LIFE
        )
        audit.record("see_as_started", by=by, subject=person, new={"until": row.expires_at}, reason=row.reason)
        jobs.later("accounts.tasks.end_see_as", row.pk, delay=LIFE)
    return row


def end(*, see_as_id: int, how: SeeAsEnd, by: Actor) -> SeeAs | None:
    """End it; what has ended already stays as it ended."""
    with transaction.atomic(durable=True):
        row = SeeAs.objects.select_for_update(of=("self",)).filter(pk=see_as_id).first()
        if row is not None and row.ended_at is None:
            _end(row, how, by)
    return row


def current(see_as_id: int, staff_id: int) -> SeeAs | None:
    """What this member of the office sees now; None once it is over, or either of the two is no longer who they were."""
    office = OfficeRole.objects.filter(revoked_at=None)
    return (
        SeeAs.objects.filter(pk=see_as_id, staff=staff_id, ended_at=None, expires_at__gt=clock.now())
        .filter(Exists(office.filter(person=OuterRef("staff"), role__in=["staff", "director"])))
        .filter(
            ~Exists(office.filter(person=OuterRef("person"))), person__deactivated_at=None, person__user__is_active=True
        )
        .select_related("staff")
        .first()
    )


def note_page(*, see_as_id: int, path: str) -> None:
    """One line for a page that was seen."""
    SeeAsPage.objects.create(see_as_id=see_as_id, path=path[:300], at=clock.now())


def _end(row: SeeAs, how: SeeAsEnd, by: Actor) -> None:
    locks.require_transaction()
    row.ended_at, row.ended_how = clock.now(), how
    row.save(update_fields=["ended_at", "ended_how"])
    audit.record("see_as_ended", by=by, subject=row.person, new={"how": str(how), "pages": row.pages.count()})
