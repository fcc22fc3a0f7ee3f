"""Designation: credit fixed per type, before the start, with its statement as of that day (WF-4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from activities.domain import changes, gates, plan, reviewing
from activities.domain.plan import Plan
from activities.enums import ActivityStatus, AgreedHow, ChangedPart
from activities.models import Activity
from activities.workflow import ACTIVITY
from common import audit, clock, findings, locks, rulesets, statements
from common.actors import Actor
from common.errors import Conflict
from common.statements import Run
from credits.arithmetic import to_credit
from credits.documents import statements as wording
from credits.documents.certificate import unit
from credits.enums import Scope
from credits.models import CreditType, Designation

# WF-11: the agenda moved after the credit was fixed; the state stays.
DESIGNATED_BEFORE = frozenset({ActivityStatus.DESIGNATED, ActivityStatus.PUBLISHED})


@dataclass(frozen=True)
class Proposal:
    """What would be designated: the maximum, the minutes behind it, and the sentence that says how (AMA-CALC-1…4)."""

    credit_type: CreditType
    scope: str
    maximum: Decimal
    minutes: int
    sentence: str
    sessions: int

    @property
    def runs(self) -> list[Run]:
        return statements.runs(
            f"{self.maximum:.2f} {unit(self.credit_type.unit_one, self.credit_type.unit_many, self.maximum)}"
        )


def proposed(facts: Plan) -> list[Proposal]:
    """The credit that follows from the agenda, per type asked for that suits the kind of activity (IP-3).

    A course is designated as a whole, rounded once; a series states the amount of one session (AMA-DES-4).
    """
    kinds = CreditType.objects.filter(code__in=facts.activity.credit_types, is_attendance=False)
    return [
        _proposal(facts, kind)
        for kind in kinds
        if not kind.activity_kinds or facts.activity.kind in kind.activity_kinds
    ]


def designate(*, activity_id: int, by: Actor) -> list[Designation]:
    """Fix the credit. Raises Conflict at or after the start (AMA-CORE-1: never retroactive) or without education.

    Called again for a designated or published activity whose agenda changed, it ends the old rows and writes new ones, and
    the agenda counts as agreed to (WF-11). Claims keep the row they were made under.
    """
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects, pk=activity_id)
        reviewing.require_may_decide(by, activity)
        facts, at = plan.load(activity), clock.now()
        findings.require_clean(gates.for_designation(facts))
        proposals = [p for p in proposed(facts) if p.maximum > 0]
        if not proposals and "attendance" not in activity.credit_types:
            raise Conflict(
                "No credit follows from the agenda. Add education to it, or ask the planners for the credit type."
            )
        if activity.status not in DESIGNATED_BEFORE:
            ACTIVITY.apply(activity, "designate", by=by, at=at)
        activity.designated_at = at
        activity.save(update_fields=["status", "designated_at"])
        Designation.objects.filter(activity=activity, ended_at=None).update(ended_at=at)
        rows = [_row(facts, p, by) for p in proposals]
        if activity.status == ActivityStatus.PUBLISHED:
            changes.agree(activity, how=AgreedHow.DESIGNATED, by=by, only=[ChangedPart.AGENDA])
        audit.record("designated", by=by, subject=activity, new={p.credit_type.code: p.maximum for p in proposals})
        return rows


def labels(activity_ids: Iterable[int]) -> dict[int, list[Run]]:
    """The credit of each activity for lists, such as "1.00 *AMA PRA Category 1 Credit*™ per session". One query."""
    rows = Designation.objects.filter(
        activity__in=list(activity_ids), ended_at=None, credit_type__is_attendance=False
    ).select_related("credit_type")
    found: dict[int, list[Run]] = {}
    for row in rows.order_by("credit_type__position"):
        kind = row.credit_type
        text = f"{row.maximum:.2f} {unit(kind.unit_one, kind.unit_many, row.maximum)}"
        if row.scope == Scope.SESSION:
            text += " per session"
        found.setdefault(row.activity_id, statements.runs(text))
    return found


def current(activity: Activity) -> list[Designation]:
    """What is designated now."""
    return list(
        Designation.objects.filter(activity=activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )


def _proposal(facts: Plan, kind: CreditType) -> Proposal:
    if facts.activity.is_series:
        longest = max((s.session.minutes for s in facts.education), default=0)
        amount, count = to_credit(longest, kind.rounding), len(facts.education)
        sentence = f"{longest} minutes a session, {count} sessions: {amount * count:.2f} over the series (CME-RSS-3)."
        return Proposal(kind, Scope.SESSION, amount, longest, sentence, count)
    agenda = facts.agenda
    amount = to_credit(agenda.minutes, kind.rounding)
    return Proposal(
        kind,
        Scope.ACTIVITY,
        amount,
        agenda.minutes,
        f"{agenda.sentence} Rounded once: {amount:.2f}.",
        len(facts.education),
    )


def _row(facts: Plan, p: Proposal, by: Actor) -> Designation:
    activity, joint = facts.activity, [j.organisation.name for j in facts.non_accredited]
    return Designation.objects.create(
        activity=activity, credit_type=p.credit_type, scope=p.scope, maximum=p.maximum, minutes=p.minutes,
        statement=wording.designation(activity, p.credit_type, p.maximum), accreditation_statement=wording.accreditation(joint=joint),
        rule_set=rulesets.version(), designated_at=clock.now(), designated_by_id=by.person_id or 0,
    )  # fmt: skip
