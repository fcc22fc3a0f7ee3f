"""Designation: credit fixed per type, before the start, with its arithmetic and its statement as of that day (WF-4)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db import transaction

from accounts.enums import Profession
from activities.domain import agenda as agendas
from activities.domain import changes, gates, plan, reviewing
from activities.domain.plan import Plan
from activities.enums import BY_ASSESSMENT, BY_WORK, ActivityKind, ActivityStatus, AgreedHow, ChangedPart
from activities.models import Activity
from activities.workflow import ACTIVITY
from common import audit, clock, findings, locks, rulesets, statements
from common.actors import Actor
from common.errors import Conflict, Invalid
from common.statements import Run
from credits import details
from credits.arithmetic import QUARTER, ZERO, to_credit
from credits.documents import statements as wording
from credits.documents.certificate import unit
from credits.domain import types
from credits.domain.types import LABELS, Permit
from credits.enums import Need, Scope
from credits.models import CreditType, Designation

# WF-11: the agenda moved after the credit was fixed; the state stays.
DESIGNATED_BEFORE = frozenset({ActivityStatus.DESIGNATED, ActivityStatus.PUBLISHED})
# Credit of one piece of work, where the format sets it: parameters, each unconfirmed in the rulebook.
EACH = {
    ActivityKind.REVIEW: ("credit.manuscript_review", "AMA-FMT-5", "for each review that the editor approved"),
    ActivityKind.TEST_ITEMS: ("credit.test_items", "AMA-FMT-4", "for each completed process"),
    ActivityKind.IMPROVEMENT: ("credit.pi_stage", "AMA-FMT-6", "for each stage, %s for all three in sequence"),
    ActivityKind.POINT_OF_CARE: ("credit.poc_cycle", "AMA-FMT-7", "for each completed cycle"),
}
IPEC = "ipec_"
TEAM = 2


@dataclass(frozen=True)
class Award:
    """A type that the office chose, with what it needs: details by name, the sessions it covers (none: all)."""

    code: str
    details: Mapping[str, str] = field(default_factory=dict)
    covers: Collection[int] = ()


@dataclass(frozen=True)
class Proposal:
    """What would be designated: the maximum, the minutes behind it, and the sentence that says how (AMA-CALC-1…6)."""

    credit_type: CreditType
    scope: str
    maximum: Decimal
    minutes: int
    sentence: str
    sessions: int
    award: Award
    rules: tuple[str, ...] = ("AMA-CALC-1", "AMA-CALC-3")
    each: Decimal | None = None

    @property
    def runs(self) -> list[Run]:
        return statements.runs(
            f"{self.maximum:.2f} {unit(self.credit_type.unit_one, self.credit_type.unit_many, self.maximum)}"
        )

    @property
    def per(self) -> str:
        """What the amount is for, where it is not the whole activity."""
        if self.scope != Scope.SESSION:
            return ""
        return "per session" if self.each is None else "each"


@dataclass(frozen=True)
class Option:
    """A type on the designation page: what it would come to, what it needs, and why it cannot be chosen."""

    kind: CreditType
    proposal: Proposal
    needed: tuple[str, ...]
    asked: bool
    designated: Designation | None
    blocked: tuple[str, ...]


# --- what would be designated -----------------------------------------------------------------------


def proposed(facts: Plan) -> list[Proposal]:
    """The credit that follows from the plan, per type designated or else asked for that suits the kind (IP-3).

    A course is designated as a whole, rounded once; a series states the amount of one session (AMA-DES-4).
    """
    kinds = _kinds(facts)
    chosen = [kinds[a.code] for a in _awards(facts) if a.code in kinds]
    by_code = {a.code: a for a in _awards(facts)}
    return [
        _proposal(facts, kind, by_code[kind.code])
        for kind in sorted(chosen, key=lambda k: k.position)
        if not kind.is_attendance and types.suits(kind, facts.activity) and not {"rounding", "hour"} & set(kind.unknown)
    ]


def options(facts: Plan) -> list[Option]:
    """Every type that the office may choose for this activity, and those that were asked for and cannot be had."""
    asked, allowed = set(facts.activity.credit_types), _permits(facts)
    designated = {r.credit_type_id: r for r in _current(facts)}
    found = []
    for kind in _kinds(facts).values():
        wanted = kind.code in asked or kind.code in designated
        if kind.is_attendance or not (wanted or (kind.code in allowed and types.suits(kind, facts.activity))):
            continue
        row = designated.get(kind.code)
        award = _award_of(row) if row else Award(kind.code)
        blocked = why_not(facts, kind)
        unknown = {"rounding", "hour"} & set(kind.unknown)
        proposal = (
            _proposal(facts, kind, award) if not unknown else Proposal(kind, Scope.ACTIVITY, ZERO, 0, "", 0, award)
        )
        found.append(Option(kind, proposal, tuple(needed(facts, kind)), kind.code in asked, row, tuple(blocked)))
    return found


def why_not(facts: Plan, kind: CreditType) -> list[str]:
    """Why a type cannot be designated here, in sentences; empty when it can."""
    activity = facts.activity
    found = []
    if kind.code not in _permits(facts):
        found.append(f"The provider has no accreditation on record for {kind.name} on that day.")
    if not types.suits(kind, activity):
        found.append(
            f"{kind.name} does not go with this kind of activity: {activity.get_kind_display().lower()} (IP-3)."
        )
    unknown = [LABELS[name].lower() for name in kind.unknown]
    if unknown:
        found.append(
            f"Not settled yet: {', '.join(unknown)}. The rulebook has no value; the CME director writes down the accreditor’s."
        )
    if kind.planner_professions and not {r.person.profession for r in facts.planners} & set(kind.planner_professions):
        who = " or ".join(str(Profession(p).label).lower() for p in kind.planner_professions)
        found.append(f"Nobody among the planners is a {who} ({kind.rule}).")
    if kind.code == "ipce":
        found += _not_interprofessional(facts)
    permit = _permits(facts).get(kind.code)
    if permit and permit.term and not permit.statement and not kind.follows:
        found.append("The accreditation on record has no statement. Copy it from the letter.")
    if kind.follows and kind.follows not in {a.code for a in _awards(facts)} | set(activity.credit_types):
        found.append("These points follow AMA PRA credit, which is not asked for here (MOC-5).")
    if kind.needs == Need.EVALUATION:
        found += _not_evaluated(facts)
    return found


def _not_evaluated(facts: Plan) -> list[str]:
    """MOC-3: points rest on an evaluation that asks what will change; taking part, or being satisfied, is not enough."""
    if not facts.activity.evaluation_required:
        return ["No evaluation is asked for here, and points rest on one (MOC-3)."]
    if not any(o.commitment for o in facts.objectives):
        return ["No objective names a change to make, so the evaluation would not show one (MOC-3)."]
    return []


def needed(facts: Plan, kind: CreditType) -> list[str]:
    """The details that a type needs for this kind of activity, by name (credits/details.py)."""
    found = list(kind.designation_fields)
    if facts.activity.kind in BY_ASSESSMENT:
        found.append("pass_mark")
    if facts.activity.kind == ActivityKind.JOURNAL and kind.code == "ama_pra_1":
        found.append("articles")
    if facts.activity.kind in BY_WORK:
        found.append("each")
    if facts.activity.kind == ActivityKind.POINT_OF_CARE:
        found.append("most")
    return found


def usual(facts: Plan, kind: CreditType) -> dict[str, str]:
    """What to fill in beforehand: the amounts that the format usually has."""
    found = {"articles": "1"}
    if facts.activity.kind in EACH:
        found["each"] = f"{_usual_each(ActivityKind(facts.activity.kind)):.2f}"
    return {name: value for name, value in found.items() if name in needed(facts, kind)}


def _usual_each(kind: ActivityKind) -> Decimal:
    """What one piece of work usually brings; a point-of-care cycle is counted in quarters."""
    value = Decimal(str(rulesets.value_on(EACH[kind][0])))
    return value * QUARTER if kind == ActivityKind.POINT_OF_CARE else value


def _not_interprofessional(facts: Plan) -> list[str]:
    """JA-3, as far as the plan shows it; the rest is ticked by whoever designates."""
    found = []
    planning = {r.person.profession for r in facts.planners if r.controls_content and r.person.profession}
    if len(planning) < TEAM or len(set(facts.activity.professions)) < TEAM:
        found.append("Two or more professions plan it, and it is for two or more (JA-3).")
    if not facts.activity.designed_to_change:
        found.append("It says what will change in the team’s skills, strategy or performance, or for patients (JA-3).")
    if not any(c.startswith(IPEC) for c in facts.activity.competencies):
        found.append("At least one competency is interprofessional, of IPEC (JA-3).")
    return found


def _proposal(facts: Plan, kind: CreditType, award: Award) -> Proposal:
    activity = facts.activity
    hour = kind.hour or 60
    if activity.kind in BY_WORK:
        return _by_work(facts, kind, award)
    slots = [s for s in facts.education if not award.covers or s.session.pk in award.covers]
    part = "" if len(slots) == len(facts.education) else f"{len(slots)} of {len(facts.education)} sessions qualify. "
    if activity.is_series or kind.teaching:
        longest = max((s.session.minutes for s in slots), default=0)
        amount, count = to_credit(longest, kind.rounding, hour), len(slots)
        if kind.teaching:
            sentence = f"Two credits for an hour presented, at most {amount:.2f} in a session."
            return Proposal(kind, Scope.SESSION, amount, longest, sentence, count, award, ("AMA-FMT-1T",))
        sentence = (
            f"{part}{longest} minutes a session, {count} sessions: {amount * count:.2f} over the series (CME-RSS-3)."
        )
        return Proposal(kind, Scope.SESSION, amount, longest, sentence, count, award)
    if activity.is_any_time and not slots:
        return _estimated(facts, kind, award)
    counted = agendas.compute(s.slot for s in slots) if part else facts.agenda
    amount = to_credit(counted.minutes, kind.rounding, hour)
    sentence = f"{part}{counted.sentence} Rounded once: {amount:.2f}."
    return Proposal(kind, Scope.ACTIVITY, amount, counted.minutes, sentence, len(slots), award)


def _estimated(facts: Plan, kind: CreditType, award: Award) -> Proposal:
    """AMA-CALC-6: a reasonable estimate of the time a typical physician takes; an article has a credit of its own."""
    minutes = facts.activity.estimated_minutes or 0
    amount = to_credit(minutes, kind.rounding, kind.hour or 60)
    sentence = f"{minutes} minutes by estimate: {amount:.2f}." if minutes else "Nobody has estimated how long it takes."
    rules = ("AMA-CALC-6",)
    if facts.activity.kind == ActivityKind.JOURNAL and kind.code == "ama_pra_1":
        each, count = Decimal(str(rulesets.value_on("credit.article"))), int(award.details.get("articles", "1") or 1)
        amount, rules = each * count, ("AMA-FMT-3",)
        minutes = int(amount * 60)
        sentence = f"{each:.2f} for each of {count} articles." if count > 1 else f"{each:.2f} for an article."
    return Proposal(kind, Scope.ACTIVITY, amount, minutes, sentence, 0, award, rules)


def _by_work(facts: Plan, kind: CreditType, award: Award) -> Proposal:
    """Amounts that the format sets (AMA-FMT-4 to AMA-FMT-7)."""
    activity_kind = ActivityKind(facts.activity.kind)
    _code, rule, text = EACH[activity_kind]
    each = Decimal(award.details.get("each") or usual(facts, kind)["each"])
    maximum, scope = each, Scope.SESSION
    if activity_kind == ActivityKind.IMPROVEMENT:
        maximum, scope = Decimal(str(rulesets.value_on("credit.pi_whole"))), Scope.ACTIVITY
        text %= f"{maximum:.2f}"
    elif activity_kind == ActivityKind.POINT_OF_CARE:
        maximum, scope = Decimal(award.details.get("most") or each), Scope.ACTIVITY
    return Proposal(kind, scope, maximum, 0, f"{each:.2f} {text}.", 0, award, (rule,), each)


# --- designating ------------------------------------------------------------------------------------


def designate(*, activity_id: int, awards: Sequence[Award] | None = None, by: Actor) -> list[Designation]:
    """Fix the credit. Raises Conflict at or after the start (AMA-CORE-1: never retroactive) or without education.

    `awards` are the types that the office chose; without them what is designated now, else what was asked for. Raises
    Invalid with `<code>-<detail>` fields for details that are missing or wrong (WF-4: UAN and the like).

    Called again for a designated or published activity whose agenda changed, it ends the old rows and writes new ones, and
    the agenda counts as agreed to (WF-11). Claims keep the row they were made under.
    """
    with transaction.atomic(durable=True):
        activity = locks.lock_row(Activity.objects, pk=activity_id)
        reviewing.require_may_decide(by, activity)
        facts, at = plan.load(activity), clock.now()
        findings.require_clean(gates.for_designation(facts))
        proposals = _chosen(facts, awards)
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


def _chosen(facts: Plan, awards: Sequence[Award] | None) -> list[Proposal]:
    """What was chosen, checked: every type may be awarded here, and has what it needs."""
    wanted = {a.code: a for a in (_awards(facts) if awards is None else awards)}
    problems: dict[str, str] = {}
    found: list[Proposal] = []
    about = context(facts)
    sessions = {s.session.pk for s in facts.education}
    for kind in _kinds(facts).values():
        award = wanted.get(kind.code)
        if award is None or kind.is_attendance:
            continue
        blocked = why_not(facts, kind)
        if kind.follows and kind.follows not in wanted:
            blocked.append("These points follow AMA PRA credit, which is not designated here (MOC-5).")
        if blocked and awards is None and kind.code not in _permits(facts):
            continue  # asked for when it could be had; the page says so
        of_type = replace(about, kinds=tuple(kind.kinds))
        kept, wrong = details.clean(needed(facts, kind), {**usual(facts, kind), **award.details}, of_type)
        problems |= {f"{kind.code}-{name}": text for name, text in wrong.items()}
        if blocked:
            problems[kind.code] = " ".join(blocked)
        covers = tuple(sorted(set(award.covers) & sessions))
        covers = () if len(covers) == len(sessions) else covers
        if not problems:
            proposal = _proposal(facts, kind, Award(kind.code, kept, covers))
            if proposal.maximum > 0 and proposal.maximum >= kind.minimum:
                found.append(proposal)
            elif awards is not None:
                problems[kind.code] = f"{proposal.sentence} That is too little for {kind.name}."
    if problems:
        raise Invalid(fields=problems)
    return found


def context(facts: Plan) -> details.Context:
    """What checks of details ask of the activity."""
    return details.Context(
        any_time=facts.activity.is_any_time, joint=bool(facts.non_accredited), today=clock.today(facts.activity.zone),
        ends_on=facts.activity.ends_on,
    )  # fmt: skip


def _row(facts: Plan, p: Proposal, by: Actor) -> Designation:
    kind, activity = p.credit_type, facts.activity
    needs = Need.PASSED if activity.kind in BY_ASSESSMENT and not kind.needs else kind.needs
    return Designation.objects.create(
        activity=activity, credit_type=kind, scope=p.scope, maximum=p.maximum, minutes=p.minutes, rounding=kind.rounding, hour=kind.hour or 60,
        increment=kind.increment or QUARTER, minimum=kind.minimum, partial=kind.partial or "none", needs=needs, each=p.each,
        covers=sorted(p.award.covers), details=dict(p.award.details),
        statement=wording.designation(activity, kind, p.maximum, details=p.award.details), accreditation_statement=accreditation(facts, kind),
        rule_set=rulesets.version(), designated_at=clock.now(), designated_by_id=by.person_id or 0,
    )  # fmt: skip


def accreditation(facts: Plan, kind: CreditType) -> str:
    """The statement of the accreditation under which a type is awarded here: the provider's, or that of its own term."""
    permit = _permits(facts).get(kind.code)
    if permit and permit.statement:
        return permit.statement
    return wording.accreditation(joint=[j.organisation.name for j in facts.non_accredited])


def has_own_term(facts: Plan, kind: CreditType) -> bool:
    """Whether a type is awarded under an accreditation of its own, with a statement of its own."""
    permit = _permits(facts).get(kind.code)
    return permit is not None and bool(permit.statement)


# --- reading ----------------------------------------------------------------------------------------


def labels(activity_ids: Iterable[int]) -> dict[int, list[Run]]:
    """The credit of each activity for lists, such as "1.00 *AMA PRA Category 1 Credit*™ per session". One query."""
    rows = Designation.objects.filter(
        activity__in=list(activity_ids), ended_at=None, credit_type__is_attendance=False, credit_type__elective=False, credit_type__teaching=False,
    ).select_related("credit_type")  # fmt: skip
    found: dict[int, list[Run]] = {}
    for row in rows.order_by("credit_type__position"):
        found.setdefault(row.activity_id, amount(row))
    return found


def amount(row: Designation) -> list[Run]:
    """ "1.00 *AMA PRA Category 1 Credit*™ per session"."""
    kind = row.credit_type
    text = f"{row.maximum:.2f} {unit(kind.unit_one, kind.unit_many, row.maximum)}"
    if row.scope == Scope.SESSION:
        text += " per session" if row.each is None else " each"
    return statements.runs(text)


def current(activity: Activity) -> list[Designation]:
    """What is designated now."""
    return list(
        Designation.objects.filter(activity=activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )


def of_plan(facts: Plan) -> list[Designation]:
    """What is designated now, once per plan, with the types as they are settled today."""
    rows = _current(facts)
    for row in rows:
        row.credit_type = _kinds(facts)[row.credit_type_id]
    return rows


def _current(facts: Plan) -> list[Designation]:
    if "credits.current" not in facts.cache:
        facts.cache["credits.current"] = current(facts.activity)
    found: list[Designation] = facts.cache["credits.current"]
    return found


def _kinds(facts: Plan) -> dict[str, CreditType]:
    if "credits.kinds" not in facts.cache:
        facts.cache["credits.kinds"] = {kind.code: kind for kind in types.settled()}
    found: dict[str, CreditType] = facts.cache["credits.kinds"]
    return found


def _permits(facts: Plan) -> dict[str, Permit]:
    """By the day the activity begins; without one, today."""
    if "credits.permits" not in facts.cache:
        starts = facts.starts_at
        day = facts.local(starts).date() if starts else None
        facts.cache["credits.permits"] = types.permits(day, kinds=_kinds(facts).values())
    found: dict[str, Permit] = facts.cache["credits.permits"]
    return found


def _awards(facts: Plan) -> list[Award]:
    """What counts as chosen: what is designated, else what the planners asked for."""
    return [_award_of(r) for r in _current(facts)] or [Award(code) for code in facts.activity.credit_types]


def _award_of(row: Designation) -> Award:
    return Award(row.credit_type_id, row.details, tuple(row.covers))
