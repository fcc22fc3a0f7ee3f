"""Who does what in an activity: adding a part asks the person for a disclosure, removing it keeps the history."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from accounts.domain.people import find_or_create_person
from accounts.models import Person
from activities.domain.editing import lock_editable, touch
from activities.enums import CONTROLS_CONTENT, RoleKind
from activities.models import Activity, ActivityRole, Session
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid


def add_role(
    *, activity_id: int, email: str, given_name: str, family_name: str, degrees: str, profession: str, role: str,
    session_id: int | None = None, by: Actor,
) -> ActivityRole:  # fmt: skip
    """Name a person for a part; who controls content is asked for a disclosure in the same transaction (SII-3.1)."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        session = _session(activity, session_id)
        person = find_or_create_person(
            email=email, given_name=given_name, family_name=family_name, degrees=degrees, profession=profession, by=by
        )
        if activity.roles.filter(person=person, role=role, session=session, removed_at=None).exists():
            raise Invalid(fields={"email": f"{person.full_name} already has that role here."})
        made = _create(activity, person, role, session, by)
        touch(activity)
    return made


def add_person_role(
    *, activity: Activity, person: Person, role: str, by: Actor, session: Session | None = None
) -> ActivityRole:
    """The same for a known person, inside a caller's transaction (loaders, creating an application)."""
    locks.require_transaction()
    return _create(activity, person, role, session, by)


def remove_part(*, activity_id: int, person_id: int, role: str, by: Actor) -> Person:
    """Take a part from a person, in all sessions; the rows stay and say who removed them."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        rows = list(activity.roles.filter(person_id=person_id, role=role, removed_at=None).select_related("person"))
        if not rows:
            raise Conflict("That part was already removed.")
        at = clock.now()
        for row in rows:
            remove(row, by=by, at=at)
        audit.record("part_removed", by=by, subject=activity, old={"person": person_id, "role": role})
        touch(activity)
    return rows[0].person


def restore_part(*, activity_id: int, person_id: int, role: str, by: Actor) -> None:
    """Undo the last removal: new rows with the same part, so that the history keeps both."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        removed = (
            activity.roles.filter(person_id=person_id, role=role)
            .exclude(removed_at=None)
            .select_related("person", "session")
        )
        last = removed.order_by("-removed_at").values_list("removed_at", flat=True).first()
        live = {r.session_id for r in activity.roles.filter(person_id=person_id, role=role, removed_at=None)}
        for row in removed.filter(removed_at=last):
            if row.session_id not in live:
                _create(activity, row.person, role, row.session, by, controls_content=row.controls_content)
        touch(activity)


def set_controls_content(*, activity_id: int, person_id: int, role: str, controls: bool, by: Actor) -> None:
    """A coordinator who only arranges rooms does not control content; every other part does (SII-3.0)."""
    if role in CONTROLS_CONTENT:
        raise Invalid("This part always controls content.")
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        for row in activity.roles.filter(
            person_id=person_id, role=role, removed_at=None, controls_content=not controls
        ):
            row.controls_content = controls
            row.save(update_fields=["controls_content"])
            audit.record("controls_content", by=by, subject=row, old=not controls, new=controls)
            if controls:
                _ask(row, by)
            else:
                _tell_removed(row, by)
        touch(activity)


def ask_again(*, activity_id: int, person_id: int, by: Actor) -> None:
    """Send the person's disclosure link once more; the app that owns disclosures says when that is too soon."""
    import_string(settings.DISCLOSURE_REMINDER)(activity_id=activity_id, person_id=person_id, by=by)


def set_speakers(*, activity: Activity, session: Session, person_ids: Iterable[int], by: Actor) -> bool:
    """Make these the speakers of a session; whether anything changed. Inside the caller's transaction.

    A speaker without a session is moved into it; one who loses the last session stays as a speaker without one, so
    that nobody who was asked for a disclosure drops out unseen.
    """
    locks.require_transaction()
    wanted = set(person_ids)
    rows = list(activity.roles.filter(removed_at=None).select_related("person"))
    people = {r.person_id: r.person for r in rows}
    here = {r.person_id: r for r in rows if r.session_id == session.pk and r.role == RoleKind.SPEAKER}
    waiting = {r.person_id: r for r in rows if r.session_id is None and r.role == RoleKind.SPEAKER}
    for person_id in (wanted & people.keys()) - here.keys():
        if person_id in waiting:
            _move(waiting[person_id], session)
        else:
            _create(activity, people[person_id], RoleKind.SPEAKER, session, by)
    for person_id in here.keys() - wanted:
        others = [r for r in rows if r.person_id == person_id and r.pk != here[person_id].pk]
        if others:
            remove(here[person_id], by=by, at=clock.now())
        else:
            _move(here[person_id], None)
    return (wanted & people.keys()) != here.keys()


def standings(activity: Activity) -> dict[int, str]:
    """Where each role's disclosure stands, by role id; the app that owns disclosures answers."""
    found: dict[int, str] = import_string(settings.ROLE_STANDINGS)(activity)
    return found


def _session(activity: Activity, session_id: int | None) -> Session | None:
    return None if session_id is None else activity.sessions.filter(pk=session_id, removed_at=None).first()


def _create(
    activity: Activity,
    person: Person,
    role: str,
    session: Session | None,
    by: Actor,
    *,
    controls_content: bool | None = None,
) -> ActivityRole:
    controls = role in CONTROLS_CONTENT if controls_content is None else controls_content
    row = ActivityRole.objects.create(
        activity=activity,
        session=session,
        person=person,
        role=role,
        controls_content=controls,
        assumed_at=clock.now(),
        added_by=by.label,
    )
    audit.record(
        "part_added",
        by=by,
        subject=activity,
        new={"person": person.pk, "role": role, "session": session.pk if session else None},
    )
    _ask(row, by)
    return row


def _ask(row: ActivityRole, by: Actor) -> None:
    if row.controls_content:
        for path in settings.ON_ROLE_ADDED:
            import_string(path)(role=row, by=by)


def _move(row: ActivityRole, session: Session | None) -> None:
    row.session = session
    row.save(update_fields=["session"])


def remove(row: ActivityRole, *, by: Actor, at: dt.datetime) -> None:
    """Take one part from its holder, in the caller's transaction; the row stays, what hangs on the part is taken back."""
    locks.require_transaction()
    row.removed_at, row.removed_by = at, by.label
    row.save(update_fields=["removed_at", "removed_by"])
    _tell_removed(row, by)


def _tell_removed(row: ActivityRole, by: Actor) -> None:
    """For a part that is over, or controls content no longer."""
    for path in settings.ON_ROLE_REMOVED:
        import_string(path)(role=row, by=by)
