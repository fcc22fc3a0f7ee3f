"""Writing an application, section by section: every act saves by itself, gaps are allowed, nothing typed is lost."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from activities.domain import people
from activities.domain.editing import lock_editable, touch
from activities.enums import Section
from activities.models import Activity, Objective, Session
from common import clock
from common.actors import Actor
from common.errors import Conflict, Invalid

# The columns that each section's form may change; everything else has a function of its own.
COLUMNS: dict[str, frozenset[str]] = {
    Section.BASICS: frozenset(
        {
            "title", "kind", "summary", "zone", "starts_on", "ends_on", "delivery", "location", "city", "online_url", "capacity",
            "expected_learners", "professions", "audience", "fee_text", "department",
        }
    ),
    Section.AGENDA: frozenset({"credit_types", "estimated_minutes", "estimate_basis", "format_note"}),
    Section.FORMAT: frozenset({"designed_to_change", "change_text", "methods", "format_reason", "competencies"}),
    Section.EVALUATION: frozenset({"evaluation_level", "evaluation_tools", "evaluation_text"}),
}  # fmt: skip


def save_section(*, activity_id: int, section: str, values: Mapping[str, Any], by: Actor) -> list[str]:
    """Store what was answered in one section; returns the names of the columns that changed."""
    unknown = set(values) - COLUMNS[section]
    if unknown:
        raise ValueError(f"{section} has no {sorted(unknown)}")
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        changed = [name for name, value in values.items() if getattr(activity, name) != value]
        if changed:
            for name in changed:
                setattr(activity, name, values[name])
            _check_dates(activity)
            activity.save(update_fields=changed)
            touch(activity)
    return changed


def _check_dates(activity: Activity) -> None:
    """Somebody else may have saved the other day meanwhile: the pair is checked under the lock."""
    if activity.starts_on and activity.ends_on and activity.ends_on < activity.starts_on:
        raise Invalid(fields={"ends_on": "The last day comes before the first day."})


# --- objectives ----------------------------------------------------------------------------------------


def add_objective(*, activity_id: int, by: Actor) -> Objective:
    """A new, empty objective at the end."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        last = (
            activity.objectives.filter(removed_at=None).order_by("-position").values_list("position", flat=True).first()
            or 0
        )
        objective = Objective.objects.create(activity=activity, position=last + 1)
        touch(activity)
    return objective


def save_objectives(*, activity_id: int, rows: Mapping[int, Mapping[str, Any]], by: Actor) -> bool:
    """Store the answers of several objectives; whether anything changed."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        changed = _save_rows(activity.objectives.filter(removed_at=None, pk__in=rows), rows)
        if changed:
            touch(activity)
    return changed


def move_objective(*, activity_id: int, objective_id: int, up: bool, by: Actor) -> None:
    """Swap an objective with its neighbor; at the end of the list nothing happens."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        ordered = list(activity.objectives.filter(removed_at=None))
        here = next((i for i, o in enumerate(ordered) if o.pk == objective_id), None)
        there = None if here is None else here - 1 if up else here + 1
        if here is None or there is None or not 0 <= there < len(ordered):
            return
        ordered[here], ordered[there] = ordered[there], ordered[here]
        for position, objective in enumerate(ordered, start=1):
            if objective.position != position:
                objective.position = position
                objective.save(update_fields=["position"])
        touch(activity)


def remove_objective(*, activity_id: int, objective_id: int, by: Actor) -> None:
    _set_removed(Objective, activity_id, objective_id, by, removed=True)


def restore_objective(*, activity_id: int, objective_id: int, by: Actor) -> None:
    _set_removed(Objective, activity_id, objective_id, by, removed=False)


# --- agenda --------------------------------------------------------------------------------------------


def add_slot(*, activity_id: int, day: dt.date | None, by: Actor) -> Session:
    """A new slot of an hour after the last one, or at 8 am of the first day.

    `day` is needed while the activity has none; it becomes the first and last day.
    """
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        last = activity.sessions.filter(removed_at=None).order_by("-ends_at").first()
        if activity.starts_on is None:
            if day is None:
                raise Invalid(fields={"day": "Choose the first day."})
            activity.starts_on, activity.ends_on = day, max(activity.ends_on or day, day)
            activity.save(update_fields=["starts_on", "ends_on"])
        start = last.ends_at if last else clock.local(activity.starts_on, dt.time(8), activity.zone)
        session = Session.objects.create(activity=activity, starts_at=start, ends_at=start + dt.timedelta(hours=1))
        touch(activity)
    return session


def save_slots(*, activity_id: int, rows: Mapping[int, Mapping[str, Any]], by: Actor) -> bool:
    """Store the answers of several slots: columns, `objectives` (ids) and `speakers` (person ids)."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        sessions = activity.sessions.filter(removed_at=None, pk__in=rows).prefetch_related("objectives")
        columns = {
            pk: {k: v for k, v in row.items() if k not in {"objectives", "speakers"}} for pk, row in rows.items()
        }
        changed = _save_rows(sessions, columns)
        allowed = set(activity.objectives.filter(removed_at=None).values_list("pk", flat=True))
        for session in sessions:
            row = rows[session.pk]
            wanted = allowed & set(row.get("objectives", allowed & _ids(session)))
            if wanted != allowed & _ids(session):
                session.objectives.set(wanted)
                changed = True
            if "speakers" in row:
                changed |= people.set_speakers(activity=activity, session=session, person_ids=row["speakers"], by=by)
        if changed:
            touch(activity)
    return changed


def _ids(session: Session) -> set[int]:
    return {o.pk for o in session.objectives.all()}


def remove_slot(*, activity_id: int, session_id: int, by: Actor) -> None:
    """Take a slot off the agenda; who speaks in it keeps their part in the activity."""
    _set_removed(Session, activity_id, session_id, by, removed=True)


def restore_slot(*, activity_id: int, session_id: int, by: Actor) -> None:
    _set_removed(Session, activity_id, session_id, by, removed=False)


# --- shared --------------------------------------------------------------------------------------------


def _save_rows(found: Iterable[Any], rows: Mapping[int, Mapping[str, Any]]) -> bool:
    changed = False
    for row in found:
        names = [name for name, value in rows[row.pk].items() if getattr(row, name) != value]
        if names:
            for name in names:
                setattr(row, name, rows[row.pk][name])
            row.save(update_fields=names)
            changed = True
    return changed


def _set_removed(
    model: type[Objective] | type[Session], activity_id: int, pk: int, by: Actor, *, removed: bool
) -> None:
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        row = model._default_manager.filter(activity=activity, pk=pk).first()
        if row is None:
            raise Conflict("That line is gone. Reload the page to see the list as it is now.")
        row.removed_at = clock.now() if removed else None
        row.save(update_fields=["removed_at"])
        touch(activity)
