"""What happened, by whom, why: one append-only row per act that a person would ask about later."""

from django.db import models

from common import clock, locks
from common.actors import Actor


def record(
    event: str, *, by: Actor, subject: models.Model, old: object = None, new: object = None, reason: str = ""
) -> None:
    """Write the event in the caller's transaction, so that it exists exactly when the change does."""
    locks.require_transaction()
    if by.seen_by is not None:
        raise RuntimeError("Who looks as somebody else does nothing.")
    from common.models import AuditEvent

    AuditEvent.objects.create(
        event=event, subject_type=subject._meta.label_lower, subject_id=str(subject.pk), actor_kind=by.kind,
        actor_id=by.person_id, actor_label=by.label, old=old, new=new, reason=reason, at=clock.now(),
    )  # fmt: skip
