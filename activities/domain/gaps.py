"""The library of gaps in practice: describe, show, link (VOC-GAP, VOC-SOURCE, CORE-4)."""

from collections.abc import Mapping
from typing import Any

import rules
from django.db import transaction

from accounts.models import Department, Person
from activities.domain.editing import lock_editable, touch
from activities.enums import EDITABLE
from activities.models import Activity, ActivityGap, GapEvidence, Need, PracticeGap
from common import clock, locks, uploads
from common.actors import Actor
from common.errors import Conflict, NotAllowed
from common.uploads import Upload

COLUMNS = ("title", "audience", "current_practice", "desired_practice")


def create_gap(*, department: Department, title: str, by: Actor) -> PracticeGap:
    """A new gap in the library of a department."""
    with transaction.atomic(durable=True):
        if not (by.is_office or department.pk in by.departments):
            raise NotAllowed("You can record gaps for your own department.")
        gap = create(department=department, title=title, by=by)
    return gap


def create(*, department: Department, title: str, by: Actor) -> PracticeGap:
    """The same inside a caller's transaction."""
    locks.require_transaction()
    at = clock.now()
    author = Person.objects.get(pk=by.person_id or 0)
    return PracticeGap.objects.create(
        department=department, title=title.strip(), created_at=at, changed_at=at, created_by=author
    )


def save_gap(*, gap_id: int, values: Mapping[str, Any], needs: Mapping[str, str | None], by: Actor) -> bool:
    """Store what was answered about a gap; whether anything changed.

    `needs` maps a kind to its line, "" when it was ticked without one, None when it does not apply.
    """
    with transaction.atomic(durable=True):
        gap = _lock(gap_id, by)
        names = [name for name in COLUMNS if name in values and getattr(gap, name) != values[name]]
        for name in names:
            setattr(gap, name, values[name])
        changed = _save_needs(gap, needs) or bool(names)
        if changed:
            _changed(gap, names)
    return changed


def _save_needs(gap: PracticeGap, needs: Mapping[str, str | None]) -> bool:
    changed = False
    live = {n.kind: n for n in gap.needs.filter(removed_at=None)}
    for kind, text in needs.items():
        need = live.get(kind)
        if text is None and need is not None:
            need.removed_at = clock.now()
            need.save(update_fields=["removed_at"])
        elif text is not None and need is None:
            # Ticked again: the same row comes back, so that objectives keep their thread.
            again = gap.needs.filter(kind=kind).order_by("-removed_at").first() or Need(gap=gap, kind=kind)
            again.removed_at, again.text = None, text or again.text
            again.save()
        elif text is not None and need is not None and need.text != text:
            need.text = text
            need.save(update_fields=["text"])
        else:
            continue
        changed = True
    return changed


def add_source(
    *, gap_id: int, kind: str, citation: str, finding: str, url: str, upload: Upload | None = None, by: Actor
) -> GapEvidence:
    """One more source that shows the gap, with the file that proves it if there is one."""
    with transaction.atomic(durable=True):
        gap = _lock(gap_id, by)
        stored = uploads.store(upload, purpose="gap evidence", by=by) if upload else None
        source = GapEvidence.objects.create(
            gap=gap, kind=kind, citation=citation, finding=finding, url=url, file=stored, created_at=clock.now()
        )
        _changed(gap)
    return source


def remove_source(*, gap_id: int, source_id: int, by: Actor) -> None:
    _set_source(gap_id, source_id, by, removed=True)


def restore_source(*, gap_id: int, source_id: int, by: Actor) -> None:
    _set_source(gap_id, source_id, by, removed=False)


def _set_source(gap_id: int, source_id: int, by: Actor, *, removed: bool) -> None:
    with transaction.atomic(durable=True):
        gap = _lock(gap_id, by)
        source = gap.evidence.filter(pk=source_id).first()
        if source is None:
            raise Conflict("That source is gone. Reload the page to see the list as it is now.")
        source.removed_at = clock.now() if removed else None
        source.save(update_fields=["removed_at"])
        _changed(gap)


def link_gap(*, activity_id: int, gap: PracticeGap, by: Actor) -> ActivityGap:
    """The activity sets out to close this gap."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        found = link(activity=activity, gap=gap)
        touch(activity)
    return found


def describe_new(*, activity_id: int, title: str, by: Actor) -> PracticeGap:
    """A new gap of the activity's department, linked at once."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        gap = create(department=activity.department, title=title, by=by)
        link(activity=activity, gap=gap)
        touch(activity)
    return gap


def relink_gap(*, activity_id: int, gap_id: int, by: Actor) -> None:
    """Take back `unlink_gap`."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        found = activity.gap_links.filter(gap_id=gap_id).select_related("gap").first()
        if found is None:
            raise Conflict("That gap was never part of this application.")
        link(activity=activity, gap=found.gap)
        touch(activity)


def link(*, activity: Activity, gap: PracticeGap) -> ActivityGap:
    """The same inside a caller's transaction; a link that was removed comes back with its text."""
    locks.require_transaction()
    found = activity.gap_links.filter(gap=gap).order_by("-pk").first()
    if found is None:
        return ActivityGap.objects.create(activity=activity, gap=gap)
    if found.removed_at is not None:
        found.removed_at = None
        found.save(update_fields=["removed_at"])
    return found


def unlink_gap(*, activity_id: int, gap_id: int, by: Actor) -> None:
    """The activity leaves this gap to others; the gap stays in the library."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        found = activity.gap_links.filter(gap_id=gap_id, removed_at=None).first()
        if found is None:
            raise Conflict("That gap was already taken off.")
        found.removed_at = clock.now()
        found.save(update_fields=["removed_at"])
        touch(activity)


def save_own_learners(*, activity_id: int, texts: Mapping[int, str], by: Actor) -> bool:
    """How each linked gap (by gap id) shows among the activity's own learners; whether anything changed."""
    with transaction.atomic(durable=True):
        activity = lock_editable(activity_id, by)
        changed = False
        for found in activity.gap_links.filter(removed_at=None, gap_id__in=texts):
            if found.own_learners != texts[found.gap_id]:
                found.own_learners = texts[found.gap_id]
                found.save(update_fields=["own_learners"])
                changed = True
        if changed:
            touch(activity)
    return changed


def may_write(gap: PracticeGap, by: Actor) -> bool:
    """Members of its department, the office, and whoever writes an application of that department on it."""
    if by.is_office or gap.department_id in by.departments:
        return True
    activities = Activity.objects.filter(
        gap_links__gap=gap, gap_links__removed_at=None, status__in=EDITABLE, department_id=gap.department_id
    )
    return any(rules.has_perm("activities.edit_plan", by, a) for a in activities)


def _lock(gap_id: int, by: Actor) -> PracticeGap:
    gap = locks.lock_row(PracticeGap.objects.filter(removed_at=None), pk=gap_id)
    if by.kind == "user" and not may_write(gap, by):
        raise NotAllowed("This gap belongs to another department. Record your own, or ask them to change it.")
    return gap


def _changed(gap: PracticeGap, names: list[str] | None = None) -> None:
    """Applications still being written lose their signature when the gap under them changes (APP-16)."""
    gap.changed_at = clock.now()
    gap.save(update_fields=["changed_at", *(names or [])])
    signed = Activity.objects.select_for_update(of=("self",)).filter(
        gap_links__gap=gap, gap_links__removed_at=None, status__in=EDITABLE, signed_at__isnull=False
    )
    for activity in signed:
        touch(activity)
