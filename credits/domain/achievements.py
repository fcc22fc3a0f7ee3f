"""Work that carries credit though nobody sat in a session for it (AMA-FMT-2 to AMA-FMT-8): a ledger, as attendance is.

An assessment, a PI stage, a review, test items, a point-of-care cycle. The office writes down what it knows from a
journal, a registry or a learning platform; code does so by `write`, inside its own transaction, with the person's
identity, the kind, whether it was accepted, and for an assessment the score and the mark that was told beforehand.
"""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.domain import identities
from accounts.models import Identity, Person
from activities.domain import reviewing
from activities.enums import BY_ASSESSMENT, ActivityKind
from activities.models import Activity
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid
from credits.enums import Work
from credits.models import Achievement, ClaimLine, Designation

# What each kind of activity has on record. Pieces of one sort count one by one; the rest once for the activity.
KINDS: dict[str, tuple[Work, ...]] = {
    ActivityKind.ENDURING: (Work.ASSESSMENT,), ActivityKind.JOURNAL: (Work.ASSESSMENT,),
    ActivityKind.IMPROVEMENT: (Work.STAGE_A, Work.STAGE_B, Work.STAGE_C), ActivityKind.REVIEW: (Work.REVIEW,),
    ActivityKind.TEST_ITEMS: (Work.ITEMS,), ActivityKind.POINT_OF_CARE: (Work.CYCLE,), ActivityKind.COMMITTEE: (Work.COMPLETION,),
    ActivityKind.FROM_TEACHING: (Work.COMPLETION,), ActivityKind.OTHER: (Work.COMPLETION, Work.ASSESSMENT),
}  # fmt: skip
ONE_BY_ONE = frozenset({Work.REVIEW, Work.ITEMS, Work.CYCLE})
ONCE = frozenset({Work.ASSESSMENT, Work.COMPLETION})


def of_person(person_id: int, activity: Activity) -> list[Achievement]:
    """What the ledger says now: superseded and withdrawn rows left out, oldest first. One query."""
    rows = Achievement.objects.of(person_id).standing().filter(activity=activity)
    return list(rows.order_by("completed_at", "pk"))


def unit_of(row: Achievement) -> str:
    """What can be claimed once: the activity, a stage of it, or one review."""
    if row.kind in ONCE:
        return "activity"
    return f"{row.kind}:{row.origin_id or row.pk}" if row.kind in ONE_BY_ONE else row.kind


def title_of(row: Achievement, activity: Activity) -> str:
    """How the learner knows it: "Manuscript review: JH-2026-114"."""
    return f"{row.get_kind_display()}: {row.label}" if row.label else row.get_kind_display()


def of_activity(activity: Activity) -> list[Achievement]:
    """Everything on record now, newest first, with who it is. Two queries."""
    rows = Achievement.objects.standing().filter(activity=activity)
    return list(rows.select_related("identity").order_by("-completed_at", "-pk"))


def pass_mark(activity: Activity) -> Decimal | None:
    """The percentage that was told beforehand with the designation (AMA-FMT-2). One query."""
    rows = Designation.objects.filter(activity=activity, ended_at=None, details__has_key="pass_mark")
    mark = rows.values_list("details__pass_mark", flat=True).first()
    return Decimal(mark) if mark else None


def record(
    *,
    activity_id: int,
    person_id: int,
    kind: str,
    label: str = "",
    accepted: bool = True,
    score: Decimal | None = None,
    completed_at: dt.datetime,
    source: str,
    by: Actor,
) -> Achievement:
    """The office writes down that somebody completed something. Raises Invalid for what this kind of activity has not.

    An assessment is passed when its score reaches the mark that was told beforehand, not when somebody says so.
    """
    if not source.strip():
        raise Invalid(
            fields={"source": "Say where you know it from: the journal’s letter, the registry, the platform’s report."}
        )
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects, pk=activity_id)
        reviewing.require_may_decide(by, activity)
        person = Person.objects.get(pk=person_id)
        row = write(
            activity=activity, identity=identities.of_person(person), kind=kind, label=label, accepted=accepted, score=score,
            completed_at=completed_at, source=source, by=by,
        )  # fmt: skip
        audit.record(
            "achievement_recorded",
            by=by,
            subject=row,
            new={"person": person.pk, "kind": kind, "accepted": row.accepted},
        )
        return row


def write(
    *,
    activity: Activity,
    identity: Identity,
    kind: str,
    label: str = "",
    accepted: bool = True,
    score: Decimal | None = None,
    completed_at: dt.datetime,
    source: str,
    by: Actor,
) -> Achievement:
    """Add a row to the ledger inside the caller's transaction, which holds the activity; the same of one day twice is one.

    Of reviews, test items and cycles each counts (AMA-FMT-4, -5, -7), so each has a name that tells it from the others.
    """
    locks.require_transaction()
    _require_kind(activity, kind)
    at = clock.now()
    if completed_at > at:
        raise Invalid(fields={"completed_on": "This day is still to come."})
    if kind in ONE_BY_ONE and not label.strip():
        raise Invalid(
            fields={"label": "Name the piece, for instance by its number; another one of that day has another name."}
        )
    needed = None
    if kind == Work.ASSESSMENT:
        needed = pass_mark(activity)
        if needed is None:
            raise Conflict("No mark was set for this assessment. Designate again and say what passes (AMA-FMT-2).")
        if score is None or not 0 <= score <= 100:
            raise Invalid(fields={"score": "Write the result in percent, from 0 to 100."})
        accepted = score >= needed
    elif score is not None:
        raise Invalid(fields={"score": "Only an assessment has a result."})
    named = {"activity": activity, "identity": identity, "kind": kind, "label": label.strip()[:120]}
    zone = ZoneInfo(activity.zone)
    day = completed_at.astimezone(zone).date()
    tips = Achievement.objects.filter(**named, superseded_by=None).order_by("pk")
    # An assessment may be tried again on the same day, and the best try counts; of all else a day has each name once.
    once_a_day = kind != Work.ASSESSMENT
    same = [
        r
        for r in tips
        if r.completed_at == completed_at or (once_a_day and r.completed_at.astimezone(zone).date() == day)
    ]
    for row in same:
        if not row.withdrawn and (row.accepted, row.score) == (accepted, score):
            return row
        if not row.withdrawn:
            raise Conflict(
                "Another result of this day is on record. Take it back first, then write the right one down."
            )
    gone = same[-1] if same else None  # taken back: the right one stands in its place
    return Achievement.objects.create(
        **named, completed_at=gone.completed_at if gone else completed_at, accepted=accepted, score=score, needed=needed, recorded_at=at,
        recorded_by=by.label[:250], source=source.strip()[:120], supersedes=gone, origin_id=(gone.origin_id or gone.pk) if gone else None,
        reason="Written down anew after it was taken back" if gone else "",
    )  # fmt: skip


def correct(*, achievement_id: int, accepted: bool, withdrawn: bool, reason: str, by: Actor) -> Achievement:
    """Supersede a row: the old one stays, the new one says why (law 1). Raises Conflict while a claim rests on it."""
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})
    with transaction.atomic(durable=True):
        old = Achievement.objects.select_for_update(of=("self",)).select_related("activity").get(pk=achievement_id)
        reviewing.require_may_decide(by, old.activity)
        if Achievement.objects.filter(supersedes=old).exists():
            raise Conflict("This was corrected already. Correct the newest one.")
        if ClaimLine.objects.filter(achievement=old, voided_at=None).exists():
            raise Conflict("Credit was claimed for it. Withdraw that claim first.")
        if old.kind == Work.ASSESSMENT and accepted != old.accepted and not withdrawn:
            raise Invalid(
                fields={
                    "accepted": "The score decides whether an assessment is passed. Take the result back and write the right one down."
                }
            )
        row = Achievement.objects.create(
            activity=old.activity, identity_id=old.identity_id, kind=old.kind, label=old.label, accepted=accepted, score=old.score,
            needed=old.needed, completed_at=old.completed_at, recorded_at=clock.now(), recorded_by=by.label[:250], source=old.source,
            supersedes=old, origin_id=old.origin_id or old.pk, withdrawn=withdrawn, reason=reason.strip()[:250],
        )  # fmt: skip
        audit.record(
            "achievement_corrected",
            by=by,
            subject=old,
            new={"accepted": accepted, "withdrawn": withdrawn},
            reason=reason.strip(),
        )
        return row


def _require_kind(activity: Activity, kind: str) -> None:
    allowed = KINDS.get(activity.kind, ())
    if kind not in allowed:
        what = activity.get_kind_display().lower()
        raise Invalid(fields={"kind": f"A {what} has no such work on record."})
    if activity.kind in BY_ASSESSMENT and activity.published_at is None:
        raise Conflict("Nobody can have taken it yet: it is not published.")
