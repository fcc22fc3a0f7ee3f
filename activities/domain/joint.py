"""Whom an activity is planned with: joint providers, and accredited co-providers (CME-JP-1, ST-6, SII-E-5)."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.domain.organisations import find_or_create_organisation, record_answers
from accounts.models import Organisation
from activities.domain import reviewing
from activities.domain.editing import lock_editable, touch
from activities.enums import EDITABLE, ActivityStatus
from activities.models import Activity, JointProvider
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

# After it was sent, and until learners read the statement, the office puts right what the planners cannot any more.
AMENDABLE = frozenset(
    {ActivityStatus.SUBMITTED, ActivityStatus.IN_REVIEW, ActivityStatus.APPROVED, ActivityStatus.DESIGNATED}
)


def add_joint_provider(*, activity_id: int, name: str, kind: str, is_accredited: bool, by: Actor) -> JointProvider:
    """Name an organisation that plans the activity with us; one known by this name is used again."""
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        organisation = find_or_create_organisation(name=name, kind=kind, by=by)
        if activity.joint_providers.filter(organisation=organisation, removed_at=None).exists():
            raise Invalid(fields={"name": f"{organisation.name} is named already."})
        made = _create(activity, organisation, is_accredited, by)
        _written(activity)
    return made


def save_joint_providers(*, activity_id: int, rows: Mapping[int, Mapping[str, Any]], by: Actor) -> bool:
    """Store what was answered about several organisations, by row: `is_accredited` and the self-assessment.

    Returns whether anything changed. The self-assessment belongs to the organisation, so other applications that are
    being written with it lose their signature too, which stood under another text (APP-16).
    """
    with transaction.atomic(durable=True):
        wanted = JointProvider.objects.filter(activity_id=activity_id, removed_at=None, pk__in=rows)
        organisations = list(wanted.values_list("organisation_id", flat=True))
        others = _lock_with_others(activity_id, organisations)
        activity = lock_editable(activity_id, by)
        held = Organisation.objects.select_for_update(of=("self",)).filter(pk__in=organisations).order_by("pk")
        known = {o.pk: o for o in held}
        changed = answered = False
        for row in wanted.select_related("organisation"):
            given = dict(rows[row.pk])
            accredited = given.pop("is_accredited", None)
            if accredited is not None:
                changed |= _set_accredited(row, accredited, by)
            answered |= record_answers(organisation=known[row.organisation_id], answers=given, by=by)
        if changed or answered:
            touch(activity)
        for other in others if answered else ():
            touch(other)
    return changed or answered


def set_accredited(*, joint_id: int, is_accredited: bool, by: Actor) -> JointProvider:
    """The office puts right whether a partner is accredited; a designation stands on it (ST-7)."""
    with transaction.atomic(durable=True):
        row = _lock_row(joint_id, by)
        if _set_accredited(row, is_accredited, by):
            _written(row.activity)
    return row


def remove_joint_provider(*, joint_id: int, by: Actor) -> JointProvider:
    """The organisation no longer plans this activity with us; the row stays and says who removed it."""
    with transaction.atomic(durable=True):
        row = _lock_row(joint_id, by)
        row.removed_at, row.removed_by = clock.now(), by.label
        row.save(update_fields=["removed_at", "removed_by"])
        audit.record("joint_provider_removed", by=by, subject=row.activity, old=_facts(row))
        _written(row.activity)
    return row


def restore_joint_provider(*, activity_id: int, joint_id: int, by: Actor) -> JointProvider:
    """Undo a removal: a new row with the same answer, so that the history keeps both."""
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        last = activity.joint_providers.filter(pk=joint_id).select_related("organisation").first()
        if last is None:
            raise Conflict("That line is gone. Reload the page to see the list as it is now.")
        live = activity.joint_providers.filter(organisation=last.organisation, removed_at=None).first()
        if live is not None:
            return live
        made = _create(activity, last.organisation, last.is_accredited, by)
        _written(activity)
    return made


def of(activity: Activity) -> list[JointProvider]:
    """Whom it is planned with, in the order of naming."""
    found = activity.joint_providers.filter(removed_at=None)
    # Most plans have none: who judged a partner is read when there is one.
    judges = ("organisation__assessed_by", "organisation__decided_by")
    return list(found.select_related("organisation").prefetch_related(*judges).order_by("pk"))


def non_accredited(activity: Activity) -> list[str]:
    """The names that the joint statement lists (ST-2, ST-7)."""
    found = activity.joint_providers.filter(removed_at=None, is_accredited=False).order_by("pk")
    return list(found.values_list("organisation__name", flat=True))


def _create(activity: Activity, organisation: Organisation, is_accredited: bool, by: Actor) -> JointProvider:
    row = JointProvider.objects.create(
        activity=activity,
        organisation=organisation,
        is_accredited=is_accredited,
        added_at=clock.now(),
        added_by=by.label,
    )
    audit.record("joint_provider_added", by=by, subject=activity, new=_facts(row))
    return row


def _set_accredited(row: JointProvider, is_accredited: bool, by: Actor) -> bool:
    if row.is_accredited == is_accredited:
        return False
    old = _facts(row)
    row.is_accredited = is_accredited
    row.save(update_fields=["is_accredited"])
    audit.record("joint_provider_changed", by=by, subject=row.activity, old=old, new=_facts(row))
    return True


def _facts(row: JointProvider) -> dict[str, str]:
    return {"name": row.organisation.name, "as": "co-provider" if row.is_accredited else "joint provider"}


def _lock(activity_id: int, by: Actor) -> Activity:
    """The locked activity: for its planners while they write, for the office until it is published."""
    activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
    if by.kind == "user" and activity.status in AMENDABLE and by.is_office:
        reviewing.require_may_decide(by, activity)
        return activity
    if by.kind == "user" and by.is_office and activity.status not in EDITABLE:
        raise NotAllowed("Learners read the statement already, so the organizations it names stay as they are.")
    return lock_editable(activity_id, by)


def _lock_row(joint_id: int, by: Actor) -> JointProvider:
    """A live row with its activity held."""
    row = JointProvider.objects.select_related("organisation").filter(pk=joint_id).first()
    if row is None:
        raise Conflict("That line is gone. Reload the page to see the list as it is now.")
    activity = _lock(row.activity_id, by)
    row.refresh_from_db(fields=["is_accredited", "removed_at"])
    if row.removed_at is not None:
        raise Conflict(f"{row.organisation.name} was removed already.")
    row.activity = activity
    return row


def _lock_with_others(activity_id: int, organisations: list[int]) -> list[Activity]:
    """This activity and the signed drafts that name one of the organisations, held in one order; the latter are returned.

    Activities come before organisations, everywhere: two who answer about the same organisation never wait in a ring.
    """
    signed = Q(
        status__in=EDITABLE, signed_at__isnull=False,
        pk__in=JointProvider.objects.filter(organisation__in=organisations, removed_at=None).values("activity_id"),
    )  # fmt: skip
    held = Activity.objects.select_for_update(of=("self",)).filter(Q(pk=activity_id) | signed).order_by("pk")
    return [a for a in held if a.pk != activity_id]


def _written(activity: Activity) -> None:
    """A draft that changed loses its signature; what the office puts right later stands in the audit."""
    if activity.status in EDITABLE:
        touch(activity)
