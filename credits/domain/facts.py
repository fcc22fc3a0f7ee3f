"""Gathers the facts that eligibility reads, in a constant number of queries."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import connection
from django.db.models import Q, Sum

from accounts.enums import Profession
from accounts.models import Person
from activities.domain import attendance
from activities.enums import ANY_TIME, BY_ASSESSMENT, BY_WORK, ActivityKind, SessionStatus, SlotKind
from activities.models import Activity, Session
from common import clock, locks, rulesets, statements
from credits.arithmetic import ZERO
from credits.domain import achievements, types
from credits.entitlement import STAGES, Busy, CreditFacts, Evidence, Facts, SessionFacts, WorkFacts, WorkKind, WorkRule
from credits.enums import ClaimStatus, RequestStatus, Scope
from credits.models import Achievement, ClaimLine, ClaimRequest, ClaimTotal, CreditType, Designation, Presentation
from evaluations.domain import questionnaires, responses

WANTED: dict[str, WorkKind] = {
    ActivityKind.IMPROVEMENT: "stage_a", ActivityKind.REVIEW: "review", ActivityKind.TEST_ITEMS: "items", ActivityKind.POINT_OF_CARE: "cycle",
}  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A credit type that a person may claim in an activity, and the designation behind it."""

    kind: CreditType
    designation: Designation


@dataclass(frozen=True)
class Known:
    """The facts, and the rows behind them that a claim writes."""

    facts: Facts
    offers: tuple[Offer, ...]
    choices: tuple[Offer, ...]
    achievements: dict[int, Achievement]
    presentations: dict[int, Presentation]
    evaluated_at: dt.datetime | None = None

    def offer(self, code: str) -> Offer:
        return next(o for o in self.offers if o.kind.code == code)


def load(person: Person, activity: Activity, codes: Collection[str] | None = None) -> Facts:
    """What decides what this person may claim in this activity now."""
    return gather(person, activity, codes).facts


def gather(
    person: Person, activity: Activity, codes: Collection[str] | None = None, *, given: Sequence[Offer] | None = None
) -> Known:
    """The same with the rows. `codes` are the credit types chosen; without them those that nobody has to ask for.

    `given` are the types and designations of an earlier claim, which an adjustment keeps.
    """
    live = designated(activity) if given is None else []
    found = _offers(live, person, codes) if given is None else list(given)
    sessions = list(
        Session.objects.filter(activity=activity, removed_at=None, kind=SlotKind.EDUCATION).order_by("starts_at", "pk")
    )
    lines = _lines(person, activity, sessions)
    here = [line for line in lines if line.activity_id == activity.pk]
    done = achievements.of_person(person.pk, activity) if activity.kind in ANY_TIME else []
    taught = _presentations(person, activity) if any(o.kind.teaching for o in found) else []
    known = _sessions(person, activity, sessions, here)
    evaluated_at = responses.done_at(person.pk, activity.pk)
    day, at = clock.now().date(), clock.now()
    facts = Facts(
        now=at,
        activity_status=activity.status,
        claim_opens=opens_before(activity, day),
        claim_days=activity.claim_days or rulesets.value_on("claim.window_days", day),
        evaluation_required=activity.evaluation_required and questionnaires.current(activity) is not None,
        evaluation_done=evaluated_at is not None,
        sessions=known,
        credits=_credits(person, activity, found),
        works=(*_works(activity, found, done, here), *_taught(taught, known)),
        busy=_busy(lines),
        work_wanted=_wanted(activity, sessions),
        passed=any(a.kind == "assessment" and a.accepted for a in done),
        expires_at=_expires(activity),
        grace=dt.timedelta(days=rulesets.value_on("claim.grace_days", day)),
    )  # fmt: skip
    return Known(
        facts, tuple(found), tuple(_choices(live, person)), {a.pk: a for a in done}, {-p.pk: p for p in taught}, evaluated_at,
    )  # fmt: skip


def opens_before(activity: Activity, day: dt.date | None = None) -> dt.timedelta:
    """How long before its end a session can be claimed: the activity's own number, which may be 0, else the rule's."""
    own = activity.claim_opens_minutes
    return dt.timedelta(minutes=rulesets.value_on("claim.opens_minutes_before_end", day) if own is None else own)


def designated(activity: Activity) -> list[Designation]:
    """What is designated now, in the order of the types. One query."""
    rows = list(
        Designation.objects.filter(activity=activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )
    settled = types.settings_in_force()
    for row in rows:
        row.credit_type.settle(settled.get(row.credit_type_id, {}))
    return rows


def offers(person: Person, activity: Activity, codes: Collection[str] | None = None) -> list[Offer]:
    """The credit types of this person here (law 6, IP-1): what was designated, met with the person's profession.

    Physicians are awarded what was designated; who has none of it, or wants none, gets attendance documentation that names
    the designated maximum (AMA-CERT-2).
    """
    return _offers(designated(activity), person, codes)


def _offers(live: Sequence[Designation], person: Person, codes: Collection[str] | None) -> list[Offer]:
    mine = _choices(live, person)
    found = [o for o in mine if (not o.kind.elective if codes is None else o.kind.code in codes)]
    if [o for o in found if not o.kind.teaching] or not live or (codes and found):
        return found
    named = next((d for d in live if not d.credit_type.is_attendance and not d.credit_type.elective), live[0])
    return [Offer(CreditType.objects.get(code="attendance"), named), *found]


def _choices(live: Sequence[Designation], person: Person) -> list[Offer]:
    """Every type that this person could choose here, electives included."""
    return [Offer(d.credit_type, d) for d in live if fits(d, person)]


def fits(designation: Designation, person: Person) -> bool:
    """Whether a designation is for this person; technicians need a UAN of their own (ACPE-2)."""
    kind = designation.credit_type
    if kind.is_attendance or not suits(kind, person):
        return False
    return "uan" not in designation.details or bool(uan(designation, person))


def uan(designation: Designation, person: Person) -> str:
    """The Universal Activity Number under which this person's credit is reported; empty where there is none."""
    technician = person.profession == Profession.PHARMACY_TECHNICIAN
    return str(designation.details.get("uan_technician" if technician else "uan", ""))


def suits(kind: CreditType, person: Person) -> bool:
    """IP-1: whether a credit type is one of this person's professions; physician is a fact of the degree (law 6)."""
    if kind.physicians_only and not person.is_physician:
        return False
    return not kind.professions or person.profession in kind.professions


def hold_designation(activity: Activity) -> None:
    """Keep the designation as it is until the claim commits: whoever changes it waits (a claim during a change)."""
    locks.require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM credits_designation WHERE activity_id = %s AND ended_at IS NULL FOR SHARE", [activity.pk]
        )


# --- sessions ---------------------------------------------------------------------------------------


def _lines(person: Person, activity: Activity, sessions: Sequence[Session]) -> list[ClaimLine]:
    """Live lines of this person in this activity, and elsewhere at the time of its sessions. One query."""
    wanted = Q(activity=activity)
    if sessions:
        wanted |= Q(
            session__starts_at__lt=max(s.ends_at for s in sessions),
            session__ends_at__gt=min(s.starts_at for s in sessions),
        )
    rows = ClaimLine.objects.filter(wanted, person=person, voided_at=None).select_related("session").order_by("pk")
    return sorted(rows, key=lambda line: line.activity_id != activity.pk)


def _sessions(
    person: Person, activity: Activity, sessions: Sequence[Session], lines: Sequence[ClaimLine]
) -> tuple[SessionFacts, ...]:
    if not sessions:
        return ()
    evidence: dict[int, list[Evidence]] = {}
    for row in attendance.of_person(person.pk, activity):
        evidence.setdefault(row.session_id, []).append(Evidence(row.method, row.minutes, row.at, row.recorded_by))
    late = dict(
        ClaimRequest.objects.filter(
            person=person, session__activity=activity, status=RequestStatus.GRANTED, granted_until__isnull=False
        )
        .order_by("granted_until")
        .values_list("session", "granted_until")
    )
    by_session: dict[int | None, list[ClaimLine]] = {}
    for line in lines:
        by_session.setdefault(line.session_id, []).append(line)
    return tuple(
        SessionFacts(
            id=s.pk, title=s.title, starts_at=s.starts_at, ends_at=s.ends_at, cancelled=s.status == SessionStatus.CANCELLED,
            evidence=tuple(evidence.get(s.pk, ())), late_until=late.get(s.pk),
            claimed=frozenset(line.family for line in by_session.get(s.pk, ())),
            held={line.credit_type_id: line.minutes for line in by_session.get(s.pk, ())},
        )
        for s in sessions
    )  # fmt: skip


def _busy(lines: Iterable[ClaimLine]) -> tuple[Busy, ...]:
    """The time that claims took (AMA-CALC-4); several credit types of one session take it once."""
    taken: dict[int, Busy] = {}
    for line in lines:
        session = line.session
        if session is None:
            continue
        before = taken.get(session.pk)
        minutes = max(line.minutes, before.minutes if before else 0)
        taken[session.pk] = Busy(session.title, session.starts_at, session.ends_at, minutes, session.pk)
    return tuple(taken.values())


# --- work -------------------------------------------------------------------------------------------


def _works(
    activity: Activity, found: Sequence[Offer], done: Sequence[Achievement], lines: Sequence[ClaimLine]
) -> tuple[WorkFacts, ...]:
    """What is on record, one row per piece: of several tries at the assessment the best, of a repeated stage the first."""
    claimed: dict[str, set[str]] = {}
    for line in lines:
        if line.unit:
            claimed.setdefault(line.unit, set()).add(line.family)
    minutes = max((o.designation.minutes for o in found), default=0)
    best: dict[str, WorkFacts] = {}
    for row in done:
        unit = achievements.unit_of(row)
        kind: WorkKind = row.kind  # type: ignore[assignment]
        facts = WorkFacts(
            id=row.pk, kind=kind, title=achievements.title_of(row, activity), at=row.completed_at, noted=row.recorded_at, accepted=row.accepted,
            minutes=minutes if kind in {"assessment", "completion"} else 0, score=row.score, needed=row.needed,
            claimed=frozenset(claimed.get(unit, ())),
        )  # fmt: skip
        before = best.get(unit)
        if before is None or (
            not before.accepted and (facts.accepted or (facts.score or ZERO) >= (before.score or ZERO))
        ):
            best[unit] = facts
    return tuple(best.values())


def _presentations(person: Person, activity: Activity) -> list[Presentation]:
    return list(Presentation.objects.filter(person=person, session__activity=activity, ended_at=None).order_by("pk"))


def _taught(rows: Iterable[Presentation], sessions: Sequence[SessionFacts]) -> tuple[WorkFacts, ...]:
    """Sessions this person presented in (AMA-FMT-1T); negative ids, so that they never meet those of achievements."""
    by_id = {s.id: s for s in sessions}
    return tuple(
        WorkFacts(
            id=-row.pk, kind="teaching", title=by_id[row.session_id].title, at=by_id[row.session_id].ends_at, minutes=row.minutes,
            repeated=not row.original, session=by_id[row.session_id],
        )
        for row in rows if row.session_id in by_id
    )  # fmt: skip


def _wanted(activity: Activity, sessions: Sequence[Session]) -> WorkKind | None:
    if activity.kind in BY_WORK:
        return WANTED[activity.kind]
    if activity.kind in BY_ASSESSMENT:
        return "assessment"
    return "completion" if activity.kind in ANY_TIME and not sessions else None


def _expires(activity: Activity) -> dt.datetime | None:
    """CME-EM-2: an enduring material is not claimed after its last day."""
    if activity.kind not in BY_ASSESSMENT or activity.ends_on is None:
        return None
    return clock.local(activity.ends_on + dt.timedelta(days=1), dt.time(), activity.zone)


# --- credit types -----------------------------------------------------------------------------------


def _credits(person: Person, activity: Activity, found: Sequence[Offer]) -> tuple[CreditFacts, ...]:
    rows = ClaimTotal.objects.filter(claim__person=person, claim__activity=activity, claim__status=ClaimStatus.LIVE)
    sums = rows.values_list("credit_type").annotate(Sum("credits"), Sum("minutes")).order_by()
    held = {code: (credits, minutes) for code, credits, minutes in sums}
    return tuple(_credit(o, activity, held) for o in found)


def _credit(offer: Offer, activity: Activity, held: dict[str, tuple[Decimal, int]]) -> CreditFacts:
    kind, row = offer.kind, offer.designation
    facts = CreditFacts(
        code=kind.code,
        rounding=row.rounding,
        maximum=row.maximum,
        per_session=row.scope == Scope.SESSION,
        already=held.get(kind.code, (ZERO, 0))[0],
        already_minutes=held.get(kind.code, (ZERO, 0))[1],
        awards=not kind.is_attendance,
        name=statements.plain(statements.runs(kind.unit_many)),
        family=kind.family,
    )
    if kind.is_attendance:
        return replace(facts, work=_work_rule(activity, row))
    return replace(
        facts,
        hour=row.hour,
        increment=row.increment,
        minimum=row.minimum,
        partial=row.partial,  # type: ignore[arg-type]
        needs=row.needs,  # type: ignore[arg-type]
        covers=frozenset(row.covers),
        follows=kind.follows,
        followed=held.get(kind.follows, (ZERO, 0))[0],
        teaching=kind.teaching,
        work=_work_rule(activity, row),
    )


def _work_rule(activity: Activity, row: Designation) -> WorkRule | None:
    if row.each is None:
        return None
    if activity.kind == ActivityKind.IMPROVEMENT:
        return WorkRule(row.each, STAGES, row.maximum)
    return WorkRule(row.each)
